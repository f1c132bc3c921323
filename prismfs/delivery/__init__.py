"""Channels: one file each, with the one method that carries a message out and says how it went."""

from __future__ import annotations

from pathlib import Path
from typing import Protocol

from prismfs.delivery.file import FileChannel
from prismfs.delivery.log import LogChannel
from prismfs.delivery.mail import MailChannel
from prismfs.records.message import Message, Receipt


class Channel(Protocol):
    """Carries messages to one kind of place.

    `send` never raises for what a place can do wrong: the receipt says it. It may be called again with the
    same message after a crash, and must then not do twice what cannot be told apart.
    """

    def send(self, message: Message) -> Receipt:
        """Carry one message out and say how it ended."""


def channels(root: Path) -> dict[str, Channel]:
    """Return the channels of the project at `root`, by the word that an action begins with."""
    return {
        "file": FileChannel(root / "run" / "outbox"),
        "log": LogChannel(root / "run" / "escalation.log"),
        "mail": MailChannel(),
    }
