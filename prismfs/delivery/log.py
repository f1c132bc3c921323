"""A line in the escalation log, `run/escalation.log` (R-004-29)."""

import os
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

from prismfs.delivery import ChannelType
from prismfs.records.api import ChannelForm, Message, Receipt, format_instant

_TAIL = 64 * 1024


@dataclass(frozen=True, slots=True)
class LogChannel:
    """Appends one line a message. The line names the delivery; one that is there already is not repeated."""

    local: ClassVar[bool] = True

    path: Path

    def send(self, message: Message) -> Receipt:
        """Append the message's line, flushed to the disk."""
        subject = message.subject
        if not subject.isprintable():
            subject = subject.encode("unicode_escape").decode()
        line = f"{format_instant(message.created_at)} {message.id} {message.about} {subject}\n"
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            flags = os.O_RDWR | os.O_CREAT | os.O_APPEND | os.O_NOFOLLOW | os.O_CLOEXEC
            with os.fdopen(os.open(self.path, flags, 0o644), "r+b", buffering=0) as log:
                log.seek(max(0, os.fstat(log.fileno()).st_size - _TAIL))
                if f" {message.id} ".encode() not in log.read():
                    log.write(line.encode())
                    os.fsync(log.fileno())
        except OSError as error:
            return Receipt(outcome="temporary", detail=f"run/escalation.log: {error.strerror}")
        return Receipt(outcome="sent", detail="run/escalation.log")


CHANNEL = ChannelType(
    form=ChannelForm(word="log", reaches="place"),
    make=lambda site: LogChannel(site.root / "run" / "escalation.log"),
)
