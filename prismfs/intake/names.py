"""A project's own names as detectors: whole words, in any case."""

from __future__ import annotations

import re

from prismfs.intake.detector import Detector
from prismfs.kinds.core.settings.redaction import KeptName

_WORD = rb"[\pL\pN_]"


def detectors_of(names: tuple[KeptName, ...]) -> tuple[Detector, ...]:
    """Return one detector for each kind of `names`; blanks in a name stand for any blanks between its words."""
    by_kind: dict[str, list[str]] = {}
    for one in names:
        by_kind.setdefault(one.kind, []).append(one.name)
    return tuple(_detector(kind, sorted(group, key=len, reverse=True)) for kind, group in by_kind.items())


def _detector(kind: str, names: list[str]) -> Detector:
    # A literal must stand in the folded text as it is: of several words, the longest will do.
    literals = tuple(max(name.casefold().split(), key=len) for name in names)
    patterns = [r"\s+".join(_quoted(word) for word in name.split()).encode() for name in names]
    return Detector(
        kind,
        literals,
        rb"(?i)(?:^|[^\pL\pN_])(?P<secret>" + b"|".join(patterns) + rb")(?:[^\pL\pN_]|\z)",
    )


def _quoted(word: str) -> str:
    # Only ASCII signs: RE2 refuses a backslash before any other.
    return re.sub(r"([!-/:-@\[-`{-~])", r"\\\1", word)
