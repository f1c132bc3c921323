"""A nudge to an agent that is at work now (action `nudge:<identity>`), beside the mail that stays (R-004-34)."""

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import ClassVar

from prismfs.delivery import ChannelType
from prismfs.delivery.nudges.forms import MOST_TEXT, Nudge
from prismfs.delivery.nudges.queue import SENDER, TTL, NudgeQueue, is_identity
from prismfs.errors import PrismfsError, RecordError
from prismfs.records.api import IDENTITY_TARGET, ChannelForm, Message, Receipt, cut_to_milliseconds, format_instant


def _system_time() -> datetime:
    return cut_to_milliseconds(datetime.now(UTC))


class NudgeChannel:
    """Puts a message into the queue of nudges of its target; the delivery's id is the nudge's.

    Sent again it stays one, also after it was done. It lives for an hour from when it is sent, however old the
    message is; `now` tells the time.
    """

    local: ClassVar[bool] = True

    def __init__(self, root: Path, *, now: Callable[[], datetime] = _system_time) -> None:
        self._queue = NudgeQueue(root)
        self._now = now

    def send(self, message: Message) -> Receipt:
        """Queue the nudge; `permanent` for a target that is no identity, `temporary` for what the disk refuses."""
        if not is_identity(message.target):
            return Receipt(outcome="permanent", detail="the target is no identity")
        now = self._now()
        text = f"{message.subject}\n\n{message.body}".strip()
        try:
            nudge = Nudge.from_document(
                {
                    "id": message.id,
                    "from": SENDER,
                    "to": message.target,
                    "text": text if len(text) <= MOST_TEXT else text[: MOST_TEXT - 1] + "…",
                    "about": message.about or None,
                    "at": format_instant(message.created_at),
                    "expires_at": format_instant(now + TTL),
                }
            )
            self._queue.send(nudge, now)
        except RecordError as error:
            return Receipt(outcome="permanent", detail=error.problem.message)
        except PrismfsError as error:
            return Receipt(outcome="temporary", detail=f"run/nudges: {error.problem.message}")
        return Receipt(outcome="sent", detail=f"run/nudges/{message.target.lower()}/{message.id}.json")


CHANNEL = ChannelType(
    form=ChannelForm(word="nudge", reaches="persona", target=IDENTITY_TARGET, shown="<identity>"),
    make=lambda site: NudgeChannel(site.root),
)
