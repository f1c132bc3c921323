"""Channels: one file each, with the one method that carries a message out and says how it went."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from threading import Event
from typing import TYPE_CHECKING, ClassVar, Protocol

from prismfs.records.message import Message, Receipt

if TYPE_CHECKING:
    from prismfs.kinds.care.settings.tracker import Tracker
    from prismfs.kinds.escalation.settings.escalation_policy import EscalationSettings
    from prismfs.kinds.escalation.settings.routing import Routing

_WORDS = ("apprise", "command", "email", "file", "job", "log", "mail", "nudge", "slack", "sms", "tracker", "webhook")


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


def channels(
    root: Path,
    settings: EscalationSettings,
    routing: Routing,
    tracker: Tracker | None = None,
    *,
    stopping: Event | None = None,
) -> Mapping[str, Channel]:
    """Return the channels of the project at `root`, by the word that an action begins with (R-004-06, R-004-29).

    A channel is made, and what it needs imported, when it is first asked for. A word that is none of
    `prismfs` is looked up among the entry points of the group `prismfs.channels`; a lookup of one that
    nobody provides raises KeyError. Setting `stopping` ends what takes long.
    """
    return _Channels(root, settings, routing, tracker, stopping or Event())


class _Channels(Mapping[str, Channel]):
    """Iterating gives the channels of prismfs itself; those of other packages are found by their word only."""

    def __init__(
        self, root: Path, settings: EscalationSettings, routing: Routing, tracker: Tracker | None, stopping: Event
    ) -> None:
        self._root = root
        self._contacts = settings.contacts
        self._targets = routing.targets
        self._tracker = tracker
        self._stopping = stopping
        self._made: dict[str, Channel] = {}

    def __getitem__(self, word: str) -> Channel:
        if word not in self._made:
            self._made[word] = self._make(word)
        return self._made[word]

    def __iter__(self) -> Iterator[str]:
        return iter(_WORDS)

    def __len__(self) -> int:
        return len(_WORDS)

    def _make(self, word: str) -> Channel:
        match word:
            case "file":
                from prismfs.delivery.file import FileChannel

                return FileChannel(self._root / "run" / "outbox")
            case "job":
                from prismfs.delivery.job import JobChannel

                return JobChannel(self._root, stopping=self._stopping)
            case "log":
                from prismfs.delivery.log import LogChannel

                return LogChannel(self._root / "run" / "escalation.log")
            case "mail":
                from prismfs.delivery.mail import MailChannel

                return MailChannel()
            case "nudge":
                from prismfs.delivery.nudge import NudgeChannel

                return NudgeChannel(self._root)
            case "email":
                from prismfs.delivery.email import EmailChannel

                return EmailChannel(self._root, self._contacts)
            case "sms" | "slack":
                from prismfs.delivery.webhook import SlackChannel, SmsChannel

                return (SmsChannel if word == "sms" else SlackChannel)(self._root, self._contacts)
            case "webhook":
                from prismfs.delivery.webhook import WebhookChannel

                return WebhookChannel(self._root, self._targets)
            case "command":
                from prismfs.delivery.program import CommandChannel

                return CommandChannel(self._root, self._targets)
            case "tracker":
                from prismfs.delivery.tracker import TrackerChannel
                from prismfs.kinds.care.settings.tracker import Tracker

                return TrackerChannel(self._root, self._tracker or Tracker())
            case "apprise":
                from prismfs.delivery.apprise import AppriseChannel

                return AppriseChannel(self._root, self._targets)
            case _:
                from prismfs.delivery.plugin import PluginChannel

                return PluginChannel(word, self._root, self._targets)
