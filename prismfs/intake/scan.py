"""Taking secrets and personal data out of a parsed document before any of it becomes part of history.

Each one found in a string becomes `[redacted:<kind>]`, which is inert: a scrubbed document comes through
unchanged. What was found is told by place, kind and count, never by value.
"""

from __future__ import annotations

import re
import sys
from bisect import bisect_right
from collections import Counter
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from typing import Any

from prismfs.errors import RecordError
from prismfs.intake.detectors import DETECTORS, SCAN_VERSION, SECRET_KEY, Detector
from prismfs.intake.values import PLACEHOLDER, is_harmless

__all__ = ["SCAN_VERSION", "Finding", "Scanned", "redact", "redact_text"]

MAX_DEPTH = 32
"""Mappings and lists inside each other; the strict parser allows no more."""

_MAX_PASSES = 8  # taking one secret out may lay the next one bare; text that needs more is made to be hard
_SURROGATES = re.compile("[\ud800-\udfff]")
_PASS = re.compile(r"(?i)pass|pwd")
_CARD = next(detector for detector in DETECTORS if detector.kind == "payment_card")


@dataclass(frozen=True, slots=True)
class Finding:
    """`count` secrets of `kind` were taken out of the string at `pointer` (RFC 6901; "" is the document)."""

    pointer: str
    kind: str
    count: int


@dataclass(frozen=True, slots=True)
class Scanned:
    """The scrubbed document, and what was taken out of it, in the document's order and then by kind."""

    document: dict[str, Any]
    findings: tuple[Finding, ...]

    @property
    def redactions(self) -> list[Any]:
        """The findings as JSON objects, as an event carries them."""
        return [asdict(finding) for finding in self.findings]


def redact(document: dict[str, Any]) -> Scanned:
    """Return `document` without its secrets; the one given stays unchanged, key order is kept.

    A string under a key such as `password` is taken out whole, and so is one in a list under such a key. An
    integer that is a payment card number becomes text. Lone surrogates, which no file can hold, become
    U+FFFD in the strings that are scanned.

    Raises:
        RecordError: `secret_in_key`, a mapping key holds a secret; `too_deep`, more than 32 levels.
    """
    texts: list[str] = []
    _collect(document, "", texts, 0)
    walk = _Walk(_candidates("\n".join(texts)))
    scrubbed = walk.mapping(document, "")
    return Scanned(scrubbed, tuple(walk.findings))


def redact_text(text: str) -> str:
    """Return `text` without its secrets, for text outside a document: a file name, an error message."""
    return _scrub(text, _candidates(text))[0]


def _collect(value: Any, pointer: str, texts: list[str], depth: int) -> None:
    if depth > MAX_DEPTH:
        raise RecordError(
            "too_deep",
            f"more than {MAX_DEPTH} mappings and lists inside each other",
            field=pointer,
            hint="flatten it, or put the inner part into a text field",
        )
    if isinstance(value, str):
        texts.append(value)
    elif isinstance(value, dict):
        for key, member in value.items():
            texts.append(key)
            _collect(member, pointer, texts, depth + 1)
    elif isinstance(value, list):
        for member in value:
            _collect(member, pointer, texts, depth + 1)


def _candidates(text: str) -> tuple[Detector, ...]:
    """Return the rows of which `text` holds a literal: most texts hold few, and looking is cheap."""
    # Folded, not lowered: RE2's (?i) takes the long s for an s and the Kelvin sign for a k.
    folded = text.casefold()
    return tuple(row for row in DETECTORS if not row.literals or any(one in folded for one in row.literals))


class _Walk:
    """One walk through one document, collecting findings."""

    def __init__(self, rows: tuple[Detector, ...]) -> None:
        self.rows = rows
        self.findings: list[Finding] = []

    def mapping(self, members: dict[str, Any], pointer: str) -> dict[str, Any]:
        scrubbed = {}
        for key, member in members.items():
            self._check_key(key, pointer)
            below = f"{pointer}/{key.replace('~', '~0').replace('/', '~1')}"
            scrubbed[key] = self.value(member, below, whole=_kind_under(key))
        return scrubbed

    def value(self, value: Any, pointer: str, *, whole: str | None) -> Any:
        if isinstance(value, str):
            return self._string(value, pointer, whole=whole)
        if isinstance(value, dict):
            return self.mapping(value, pointer)
        if isinstance(value, list):
            return [self.value(member, f"{pointer}/{at}", whole=whole) for at, member in enumerate(value)]
        if type(value) is int and 10**12 <= value < 10**19:
            text, found = _scrub(str(value), (_CARD,))
            self._note(pointer, found)
            return text if found else value
        return value

    def _string(self, text: str, pointer: str, *, whole: str | None) -> str:
        if whole and not is_harmless(_encoded(text)):
            self._note(pointer, Counter({whole: 1}))
            return f"[redacted:{whole}]"
        scrubbed, found = _scrub(text, self.rows)
        self._note(pointer, found)
        return scrubbed

    def _check_key(self, key: str, pointer: str) -> None:
        kinds = _scrub(key, self.rows)[1]
        if kinds:
            raise RecordError(
                "secret_in_key",
                f"a key of this mapping holds a secret ({', '.join(sorted(kinds))})",
                field=pointer,
                hint="move it into a value, where it is taken out, or leave it away",
            )

    def _note(self, pointer: str, found: Counter[str]) -> None:
        self.findings.extend(Finding(pointer, kind, found[kind]) for kind in sorted(found))


def _kind_under(key: str) -> str | None:
    """Return the kind as which a string under `key` is taken out whole, or None when it is only scanned."""
    if not SECRET_KEY.search(key):
        return None
    return "password" if _PASS.search(key) else "secret"


def _scrub(text: str, rows: Iterable[Detector]) -> tuple[str, Counter[str]]:
    """Return `text` without its secrets, and how many of each kind were taken out."""
    found: Counter[str] = Counter()
    data = _encoded(text)
    for _ in range(_MAX_PASSES):
        spans = _spans(data, rows)
        if not spans:
            return (data.decode() if found else text), found
        found.update(kind for _, _, kind in spans)
        data = _replaced(data, spans)
    return "[redacted:entangled]", Counter({"entangled": 1})


def _encoded(text: str) -> bytes:
    try:
        return text.encode()
    except UnicodeEncodeError:
        return _SURROGATES.sub("\ufffd", text).encode()


def _spans(data: bytes, rows: Iterable[Detector]) -> list[tuple[int, int, str]]:
    """Return what to take out of `data`, in order and without overlap; the upper row of the table wins.

    What a lower row caught across it is left: the next pass sees it in its new surroundings.
    """
    placeholders = [found.span() for found in PLACEHOLDER.finditer(data)]
    taken = bytearray(len(data))
    spans = []
    for row in rows:
        for match in row.regex.finditer(data):
            offset = match.start(row.group)
            for part in row.judge(match.group(row.group)):
                start, end = _widened(offset + part[0], offset + part[1], placeholders)
                bare = PLACEHOLDER.sub(b"", data[start:end])
                if bare.strip() and taken.find(1, start, end) < 0:
                    taken[start:end] = b"\x01" * (end - start)
                    spans.append((start, end, row.kind))
    return sorted(spans)


def _widened(start: int, end: int, placeholders: list[tuple[int, int]]) -> tuple[int, int]:
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


def _replaced(data: bytes, spans: list[tuple[int, int, str]]) -> bytes:
    pieces: list[bytes] = []
    last = 0
    for start, end, kind in spans:
        pieces += (data[last:start], f"[redacted:{kind}]".encode())
        last = end
    return b"".join((*pieces, data[last:]))
