"""Channels: one module each, with the one method that carries a message out and says how it went.

The module is called as its channel's word and declares it as `CHANNEL`. What the rules and the settings need of all
channels is written from these into `prismfs.kinds.core.channels` (`make channels`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from threading import Event
from typing import TYPE_CHECKING, ClassVar, Protocol

if TYPE_CHECKING:  # nudges are sent often, and need none of the models
    from prismfs.kinds.care.settings.tracker import Tracker
    from prismfs.kinds.escalation.settings.escalation_policy import Contacts, EscalationPolicy
    from prismfs.kinds.escalation.settings.routing import Routing, Target
    from prismfs.records.api import ChannelForm, Message, Receipt


class Channel(Protocol):
    """Carries messages to one kind of place.

    `send` never raises for what a place can do wrong: the receipt says it. It may be called again with the
    same message after a crash or an unknown end, and must then not do twice what can be told apart; what
    goes out over a network carries the message's id for that.

    `local` channels show a message once by its id and use no network: sending again is harmless.
    """

    local: ClassVar[bool]

    def send(self, message: Message) -> Receipt:
        """Carry one message out and say how it ended."""


@dataclass(frozen=True, slots=True)
class Site:
    """What a channel may be made of: the project's folder and its settings. Setting `stopping` ends what takes long."""

    root: Path
    contacts: Contacts
    targets: Mapping[str, Target]
    tracker: Tracker | None
    stopping: Event


@dataclass(frozen=True, slots=True)
class ChannelType:
    """A channel as its module declares it: the form of its actions, and how it is made for a project."""

    form: ChannelForm
    make: Callable[[Site], Channel]


def channels(
    root: Path,
    policy: EscalationPolicy,
    routing: Routing,
    tracker: Tracker | None = None,
    *,
    stopping: Event | None = None,
) -> Mapping[str, Channel]:
    """Return the channels of the project at `root`, by the word that an action begins with (R-004-06, R-004-29).

    A channel is made, and its module imported, when it is first asked for. A word that is none of `prismfs` is
    looked up among the entry points of the group `prismfs.channels`; one that no package provides raises KeyError.
    Setting `stopping` ends what takes long.
    """
    return _Channels(Site(root, policy.contacts, routing.targets, tracker, stopping or Event()))


class _Channels(Mapping[str, Channel]):
    """Iterating gives the channels of prismfs itself; those of other packages are found by their word only."""

    def __init__(self, site: Site) -> None:
        from prismfs.kinds.core.channels import CHANNELS

        self._site = site
        self._words = tuple(CHANNELS)
        self._made: dict[str, Channel] = {}

    def __getitem__(self, word: str) -> Channel:
        if word not in self._made:
            self._made[word] = self._make(word)
        return self._made[word]

    def __iter__(self) -> Iterator[str]:
        return iter(self._words)

    def __len__(self) -> int:
        return len(self._words)

    def _make(self, word: str) -> Channel:
        if word in self._words:
            declared: ChannelType = import_module(f"{__name__}.{word}").CHANNEL
            return declared.make(self._site)
        from prismfs.delivery.plugin import PluginChannel

        return PluginChannel(word, self._site.root, self._site.targets)
