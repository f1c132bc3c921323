"""Taking secrets out of one text and all its decodings."""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from prismfs.intake.decodings import DEPTH, decodings_of
from prismfs.intake.detector import Detector
from prismfs.intake.pack import Pack, narrowed
from prismfs.intake.spans import Hit, claim, find, masked, nothing, placeholders_in, replaced

_MAX_PASSES = 8  # taking one secret out may lay the next one bare; text that needs more is made to be hard
_SURROGATES = re.compile("[\ud800-\udfff]")


@dataclass(frozen=True, slots=True)
class Scrubber:
    """The detectors of `pack`, and what is called before each step; it stops the scan by raising."""

    pack: Pack
    check: Callable[[], None] = nothing

    def scrub(self, text: str, rows: Sequence[Detector]) -> tuple[str, list[Hit]]:
        """Return `text` without its secrets, and what was found, suspects among them.

        `rows` are the candidates for the document that the text is of; each other decoding is asked for its own.
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
        """Return what only a decoding of `data` shows, as spans of `data`; certain hits come first."""
        hits = self._seen(data, DEPTH)
        return sorted(_claimed(hits, data), key=lambda hit: hit.start) if hits else []

    def _seen(self, data: bytes, depth: int) -> list[Hit]:
        hits: list[Hit] = []
        for decoding in decodings_of(data):
            self.check()
            rows = self.pack.candidates(decoding.data.decode(errors="replace"), strong=not decoding.around)
            seen = find(decoding.data, rows, self.check) if rows else []
            if depth > 1:
                seen += self._seen(decoding.data, depth - 1)
            hits += [hit.moved(*decoding.span(hit.start, hit.end)) for hit in seen]
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
