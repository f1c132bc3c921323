"""The active detectors, and the candidates among them for one text."""

import re
from collections.abc import Iterable, Mapping, Sequence
from functools import cache
from typing import Any

from prismfs.intake import ruleset
from prismfs.intake.detector import Detector, Level, compiled
from prismfs.intake.detectors import DETECTORS, SCAN_VERSION
from prismfs.kinds.core.settings.redaction import KeptName, RedactionRules

_MOST_KEYS = 4096
_GROUP = 10
_SHORT = 3  # characters; a literal as short is in most texts


class Pack:
    """Detectors in the order of their rank, those that only suspect last; `version` names their rule sets.

    `levels` are those that the project's settings give to kinds. `clean_keys` are mapping keys that were looked at
    before and hold nothing: the same ones come again and again.
    """

    def __init__(self, detectors: Iterable[Detector], version: str, levels: Mapping[str, str]) -> None:
        self.detectors = tuple(sorted(detectors, key=lambda row: row.level != "redact"))
        self.version = version
        self.levels = levels
        self.clean_keys: set[str] = set()
        self._rank = {row: at for at, row in enumerate(self.detectors)}
        # Most texts hold few of the longer literals: one search says so for all of them, or for a group.
        self._rare = tuple(row for row in self.detectors if row.literals and _is_rare(row))
        self._usual = tuple(row for row in self.detectors if row not in set(self._rare))
        self._usual_strong = tuple(row for row in self._usual if row.strong)
        self._any_rare = _any_of(self._rare)
        self._groups = tuple((_any_of(group), group) for group in _groups(self._rare))

    def candidates(self, text: str, *, strong: bool = False) -> tuple[Detector, ...]:
        """Return the detectors of which `text` holds a literal: most texts hold few, and looking is cheap."""
        # Folded, not lowered: RE2's (?i) takes the long s for an s and the Kelvin sign for a k.
        folded = text.casefold()
        data = folded.encode(errors="replace")
        found = narrowed(self._usual_strong if strong else self._usual, folded)
        if self._any_rare.search(data) is not None:
            for any_of, group in self._groups:
                if any_of.search(data) is not None:
                    found += [row for row in narrowed(group, folded) if row.strong or not strong]
            found.sort(key=self._rank.__getitem__)
        return tuple(found)

    def level_of(self, kind: str) -> Level | None:
        """Return the level of `kind` where no detector gives one; None if the settings say to ignore it."""
        level = self.levels.get(kind, "redact")
        return None if level == "ignore" else "suspect" if level == "suspect" else "redact"

    def remember_clean(self, key: str) -> None:
        """Remember that `key` holds nothing."""
        if len(self.clean_keys) < _MOST_KEYS:
            self.clean_keys.add(key)


def narrowed(rows: Iterable[Detector], folded: str) -> list[Detector]:
    """Return those of `rows` of which `folded`, a case-folded text, holds a literal."""
    found = []
    for row in rows:
        if not row.literals:
            found.append(row)
            continue
        for one in row.literals:
            if one in folded:
                found.append(row)
                break
    return found


def _groups(rows: Sequence[Detector]) -> Iterable[tuple[Detector, ...]]:
    for at in range(0, len(rows), _GROUP):
        yield tuple(rows[at : at + _GROUP])


def _any_of(rows: Iterable[Detector]) -> Any:
    return compiled(b"|".join(sorted({_quoted(one) for row in rows for one in row.literals})))


def _is_rare(row: Detector) -> bool:
    return min(map(len, row.literals)) > _SHORT


def _quoted(literal: str) -> bytes:
    return re.sub(rb"([!-/:-@\[-`{-~])", rb"\\\1", literal.encode())


@cache
def default_pack() -> Pack:
    """Return the package's own detectors with the rule sets that ship with it, at their own levels."""
    sets = ruleset.packaged()
    # The table's rows for keys of a shape first: they name what both know. Those that go by the words around come last.
    at = next(at for at, row in enumerate(DETECTORS) if row.kind == "http_authorization")
    rows = (*DETECTORS[:at], *(row for one in sets for row in one.detectors), *DETECTORS[at:])
    return Pack(rows, "+".join((f"own-{SCAN_VERSION}", *(one.version for one in sets))), {})


def pack_for(rules: RedactionRules | None) -> Pack:
    """Return the detectors that `rules` ask for; the last ones asked for are kept."""
    if rules is None or not (rules.names or rules.levels):
        return default_pack()
    if not _LAST or _LAST[0][0] != rules:
        _LAST[:] = [(rules, _made(rules))]
    return _LAST[0][1]


_LAST: list[tuple[RedactionRules, Pack]] = []


def _made(rules: RedactionRules) -> Pack:
    default = default_pack()
    rows = (*default.detectors, *_name_detectors(rules.names))
    return Pack(_levelled(rows, rules), default.version, rules.levels)


def _levelled(rows: Iterable[Detector], rules: RedactionRules) -> Iterable[Detector]:
    for row in rows:
        level = rules.levels.get(row.kind, row.level)
        if level != "ignore":
            yield row.at_level(level)


def _name_detectors(names: tuple[KeptName, ...]) -> tuple[Detector, ...]:
    """Return one detector for each kind of `names`; blanks in a name stand for any blanks between its words."""
    by_kind: dict[str, list[str]] = {}
    for one in names:
        by_kind.setdefault(one.kind, []).append(one.name)
    return tuple(_detector(kind, sorted(group, key=len, reverse=True)) for kind, group in by_kind.items())


def _detector(kind: str, names: list[str]) -> Detector:
    # A literal must occur in the folded text as it is: of several words, the longest will do.
    literals = tuple(max(name.casefold().split(), key=len) for name in names)
    patterns = [r"\s+".join(_escaped(word) for word in name.split()).encode() for name in names]
    return Detector(
        kind,
        literals,
        rb"(?i)(?:^|[^\pL\pN_])(?P<secret>" + b"|".join(patterns) + rb")(?:[^\pL\pN_]|\z)",
    )


def _escaped(word: str) -> str:
    # Only ASCII signs: RE2 refuses a backslash before any other.
    return re.sub(r"([!-/:-@\[-`{-~])", r"\\\1", word)
