"""Taking secrets out of one text, however it is read."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from prismfs.intake.detector import Detector
from prismfs.intake.pack import Pack, narrowed
from prismfs.intake.spans import Hit, claim, find, masked, nothing, placeholders_in, replaced
from prismfs.intake.views import DEPTH, views_of

_MAX_PASSES = 8  # taking one secret out may lay the next one bare; text that needs more is made to be hard
_SURROGATES = re.compile("[\ud800-\udfff]")


@dataclass(frozen=True, slots=True)
class Scrubber:
    """The detectors of `pack`, and what is called before each step; it stops the scan by raising."""

    pack: Pack
    check: Callable[[], None] = nothing

    def scrub(self, text: str, rows: Sequence[Detector]) -> tuple[str, list[Hit]]:
        """Return `text` without its secrets, and what was found, suspects among them.

        `rows` are the candidates for the document that the text is of; each other reading is asked for its own.
        """
        data = encoded(text)
        found: list[Hit] = []
        near = narrowed(rows, text.casefold())
        sure = [row for row in near if row.level == "redact"]
        unsure = [row for row in near if row.level == "suspect"]
        for _ in range(_MAX_PASSES):
            bare = masked(data)
            hits = find(bare, sure, self.check)
            if not hits:
                seen = self._hidden(bare)
                hits = [hit for hit in seen if hit.level == "redact"]
                if not hits:
                    seen += find(bare, unsure, self.check)
                    return (data.decode() if found else text), [*found, *(_claimed(seen, bare) if seen else ())]
            found += hits
            data = replaced(data, hits)
        return "[redacted:entangled]", [Hit(0, len(data), "entangled", "redact", encoded(text))]

    def _hidden(self, data: bytes) -> list[Hit]:
        """Return what only another reading of `data` shows, as it stands in `data`; what is sure comes first."""
        hits = self._seen(data, DEPTH)
        return sorted(_claimed(hits, data), key=lambda hit: hit.start) if hits else []

    def _seen(self, data: bytes, depth: int) -> list[Hit]:
        hits: list[Hit] = []
        for view in views_of(data):
            self.check()
            rows = self.pack.candidates(view.data.decode(errors="replace"), strong=not view.around)
            seen = find(view.data, rows, self.check) if rows else []
            if depth > 1:
                seen += self._seen(view.data, depth - 1)
            hits += [hit.moved(*view.span(hit.start, hit.end)) for hit in seen]
        return hits


def encoded(text: str) -> bytes:
    """Return `text` in UTF-8; lone surrogates, which no file can hold, as U+FFFD."""
    try:
        return text.encode()
    except UnicodeEncodeError:
        return _SURROGATES.sub("\ufffd", text).encode()


def _claimed(hits: Sequence[Hit], data: bytes) -> list[Hit]:
    placeholders, taken = placeholders_in(data), bytearray(len(data))
    ordered = sorted(hits, key=lambda hit: hit.level != "redact")
    return [one for hit in ordered for one in claim(hit, data, placeholders, taken)]
