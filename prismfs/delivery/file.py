"""One JSON file a message in `run/outbox/<name>/`, for a program that picks files up there."""

import json
import os
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

from prismfs.delivery import ChannelType
from prismfs.records.api import ChannelForm, Message, Receipt


@dataclass(frozen=True, slots=True)
class FileChannel:
    """Writes `<delivery id>.json`; sending again writes the same file again."""

    local: ClassVar[bool] = True

    folder: Path

    def send(self, message: Message) -> Receipt:
        """Write the message's file by a rename, flushed to the disk."""
        folder = self.folder / message.target
        temporary = folder / f".{message.id}.new"
        try:
            folder.mkdir(parents=True, exist_ok=True)
            with temporary.open("w", encoding="utf-8") as file:
                json.dump(message.payload(), file, ensure_ascii=False, indent=2)
                file.flush()
                os.fsync(file.fileno())
            temporary.replace(folder / f"{message.id}.json")
        except OSError as error:
            return Receipt(outcome="temporary", detail=f"run/outbox/{message.target}: {error.strerror}")
        return Receipt(outcome="sent", detail=f"run/outbox/{message.target}/{message.id}.json")


CHANNEL = ChannelType(
    form=ChannelForm(word="file", reaches="place", target="[a-z0-9-]{1,32}", shown="<name>"),
    make=lambda site: FileChannel(site.root / "run" / "outbox"),
)
