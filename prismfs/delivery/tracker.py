"""The channel `tracker`: carries an approved issue to the transport that the settings name (R-000-04)."""

import re
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

from prismfs.delivery import ChannelType
from prismfs.delivery.issues import CREATE_FAILED, refused, transport_of
from prismfs.kinds.care.settings.tracker import Tracker
from prismfs.records.api import ChannelForm, IssueDraft, Message, Receipt, marker_of

_MARKER = re.compile(re.escape(marker_of("0" * 64)).replace("0" * 64, "([0-9a-f]{64})"))


@dataclass(frozen=True, slots=True)
class TrackerChannel:
    """Files what it is given, byte for byte; the key is in the body's own marker.

    Whether it may leave was decided before: the rules ask again ahead of each attempt.
    """

    local: ClassVar[bool] = False

    root: Path
    tracker: Tracker

    def send(self, message: Message) -> Receipt:
        """File the issue, unless the settings name another place by now."""
        keys = _MARKER.findall(message.body)
        if len(keys) != 1:
            return refused(CREATE_FAILED, "the body does not hold exactly one marker")
        if message.target != self.tracker.destination:
            where = self.tracker.destination
            return refused(CREATE_FAILED, f"approved for {message.target}, but issues go to {where} now")
        draft = IssueDraft(key=keys[0], title=message.subject, body=message.body, expected=message.expected)
        return transport_of(self.root, self.tracker).file(draft)


CHANNEL = ChannelType(
    form=ChannelForm(word="tracker", reaches="engine"),
    make=lambda site: TrackerChannel(site.root, site.tracker or Tracker()),
)
