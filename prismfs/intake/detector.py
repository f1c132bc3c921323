"""Detectors, each of one kind of secret or personal datum, and finding in bytes what they catch.

All patterns are matched by RE2, so that no text, however made, takes more than linear time. RE2 has no look-around;
hence the named group `secret` where context is needed to find what to take out.
"""

import sys
from bisect import bisect_right
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, Literal

from prismfs.intake.values import PLACEHOLDER, Parts, whole

Level = Literal["redact", "suspect"]
"""`redact`: taken out. `suspect`: left where it is, but reported, and a reason not to let the text leave."""

_MOST_MEMORY = 32 << 20  # bytes; below it RE2 leaves its fast automaton for the slow one


@dataclass(frozen=True, eq=False)
class Detector:
    """The kind it names, the literals of which a text must hold one, the pattern, the judgement, the level.

    `literals` are in lower case and looked for in the case-folded text; none means that every text is searched.
    `judge` is given the bytes of the group `secret` (`group` names another one by number; 0 is the whole match) and
    returns the parts of them to take out. `excuse` says of a whole match that it is none, whatever `judge` says.
    `strong`: the shape alone is proof, whatever stands around it, so that it counts in text joined from several
    places, too.
    """

    kind: str
    literals: tuple[str, ...]
    pattern: bytes
    judge: Callable[[bytes], Parts] = whole
    level: Level = "redact"
    strong: bool = False
    named_group: int | None = None
    excuse: Callable[[Any], bool] | None = None

    @cached_property
    def regex(self) -> Any:
        """The pattern, compiled when it is first needed: most texts need none."""
        return compiled(self.pattern)

    @cached_property
    def group(self) -> int:
        """The number of the group to judge; 0 is the whole match."""
        return int(self.regex.groupindex.get(b"secret", 0)) if self.named_group is None else self.named_group

    def at_level(self, level: Level) -> "Detector":
        """Return the same detector at `level`."""
        return self if level == self.level else replace(self, level=level)


def compiled(pattern: bytes) -> Any:
    """Return `pattern`, compiled by RE2.

    Raises:
        ValueError: RE2 refuses it.
    """
    import re2

    options = re2.Options()
    options.max_mem = _MOST_MEMORY
    options.log_errors = False
    try:
        return re2.compile(pattern, options)
    except re2.error as error:
        raise ValueError(str(error)) from error


_OPEN = len(b"[redacted:")


@dataclass(frozen=True, slots=True)
class Hit:
    """Bytes `start` to `end` are a datum of `kind`; `value` is the datum itself, which may have been decoded."""

    start: int
    end: int
    kind: str
    level: Level
    value: bytes

    def moved(self, start: int, end: int) -> "Hit":
        """Return the same hit at another place."""
        return Hit(start, end, self.kind, self.level, self.value)


def masked(data: bytes) -> bytes:
    """Return `data`, each placeholder's kind made unreadable: the word `password` in one announces no value."""
    if b"[redacted:" not in data:
        return data
    return PLACEHOLDER.sub(lambda found: found[0][:_OPEN] + b"x" * (len(found[0]) - _OPEN - 1) + b"]", data)


def placeholders_in(data: bytes) -> list[tuple[int, int]]:
    """Return the spans of the placeholders in `data`, in order."""
    return [found.span() for found in PLACEHOLDER.finditer(data)] if b"[redacted:" in data else []


def nothing() -> None:
    """Check nothing: what `find` calls between two detectors when no time limit holds."""


def find(data: bytes, rows: Iterable[Detector], check: Callable[[], None] = nothing) -> list[Hit]:
    """Return what `rows` catch in `data`, in order and without overlap.

    The upper row wins; what a lower row caught across it is left: the next pass sees it in its new surroundings.
    `check` is called before each row, and stops the search by raising.
    """
    placeholders = placeholders_in(data)
    taken = bytearray(len(data))
    hits = []
    for row in rows:
        check()
        for match in row.regex.finditer(data):
            offset, value = match.start(row.group), match.group(row.group)
            if value is None or (row.excuse is not None and row.excuse(match)):
                continue
            for part in row.judge(value):
                hit = Hit(offset + part[0], offset + part[1], row.kind, row.level, value[part[0] : part[1]])
                hits += claim(hit, data, placeholders, taken)
    return sorted(hits, key=lambda hit: hit.start)


def claim(hit: Hit, data: bytes, placeholders: Sequence[tuple[int, int]], taken: bytearray) -> list[Hit]:
    """Return `hit`, widened over the placeholders that it touches, and mark it in `taken`.

    Nothing is returned when another hit stands there already, or nothing but placeholders.
    """
    start, end = _widened(hit.start, hit.end, placeholders)
    if not PLACEHOLDER.sub(b"", data[start:end]).strip() or taken.find(1, start, end) >= 0:
        return []
    taken[start:end] = b"\x01" * (end - start)
    return [hit.moved(start, end)]


def replaced(data: bytes, hits: Iterable[Hit]) -> bytes:
    """Return `data` with a placeholder for each hit; they are in order and do not overlap."""
    pieces: list[bytes] = []
    last = 0
    for hit in hits:
        pieces += (data[last : hit.start], b"[redacted:%s]" % hit.kind.encode())
        last = hit.end
    return b"".join((*pieces, data[last:]))


def _widened(start: int, end: int, placeholders: Sequence[tuple[int, int]]) -> tuple[int, int]:
    """Return the span grown over each placeholder that it touches: one is never cut in two."""
    if placeholders:
        at = bisect_right(placeholders, (start, sys.maxsize)) - 1
        if at >= 0 and placeholders[at][1] > start:
            start = placeholders[at][0]
            end = max(end, placeholders[at][1])
        at = bisect_right(placeholders, (end - 1, sys.maxsize)) - 1
        if at >= 0 and placeholders[at][0] < end:
            end = max(end, placeholders[at][1])
    return start, end
