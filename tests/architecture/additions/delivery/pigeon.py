"""A pigeon that carries a message to a loft on this machine. A toy channel, made by one file."""

from __future__ import annotations

from pathlib import Path
from typing import ClassVar

from prismfs.delivery import ChannelType
from prismfs.records.api import NAME_TARGET, ChannelForm, Message, Receipt


class PigeonChannel:
    """Leaves `<delivery id>.txt` in the loft; sent again it leaves the same."""

    local: ClassVar[bool] = True

    def __init__(self, lofts: Path) -> None:
        self._lofts = lofts

    def send(self, message: Message) -> Receipt:
        """Write the subject into the loft that the target names."""
        note = self._lofts / message.target / f"{message.id}.txt"
        try:
            note.parent.mkdir(parents=True, exist_ok=True)
            note.write_text(message.subject)
        except OSError as error:
            return Receipt(outcome="temporary", detail=f"run/lofts: {error.strerror}")
        return Receipt(outcome="sent", detail=f"run/lofts/{message.target}/{note.name}")


CHANNEL = ChannelType(
    form=ChannelForm(word="pigeon", reaches="place", target=NAME_TARGET, shown="<loft>"),
    make=lambda site: PigeonChannel(site.root / "run" / "lofts"),
)
