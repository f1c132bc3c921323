"""The active detectors, and the candidates among them for one text: the table's, those of rule sets, a project's names.

Rule sets are data: files in the format of gitleaks' configuration, in the folder `rules` of the package. Of a rule are
honoured: `id`, `regex`, `keywords`, `secretGroup`, `entropy`, and `allowlists` (also the file's own) with `regexes`,
`stopwords`, `regexTarget` and `condition`. What an allow-list says of paths and commits cannot hold here. A rule
without an expression, or with one that RE2 refuses, is left out and counted. `rules/SOURCES.toml` says where a file
comes from, and which of its rules only suspect.
"""

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache, cached_property, partial
from importlib import resources
from typing import Any

from prismfs.intake import values
from prismfs.intake.detector import Detector, Level, compiled
from prismfs.intake.detectors import DETECTORS, SCAN_VERSION
from prismfs.kinds.core.settings.redaction import KeptName, RedactionRules

_SEVERAL = re.compile(r"[^a-z0-9_]+")


@dataclass(frozen=True, slots=True)
class RuleSet:
    """The detectors of one file; `version` names it in reports, `left_out` are the ids of the rules not used."""

    version: str
    detectors: tuple[Detector, ...]
    left_out: tuple[str, ...]


@cache
def packaged() -> tuple[RuleSet, ...]:
    """Return the rule sets that ship with the package, read once a process, in the order of `SOURCES.toml`."""
    import tomllib

    folder = resources.files("prismfs") / "intake" / "rules"
    sources = tomllib.loads((folder / "SOURCES.toml").read_text())
    return tuple(
        parsed((folder / f"{name}.toml").read_text(), version=f"{name}-{source['version']}", suspect=source["suspect"])
        for name, source in sources.items()
    )


def parsed(text: str, *, version: str, suspect: Sequence[str] = ()) -> RuleSet:
    """Return the rule set that `text` holds; the rules whose ids are in `suspect` take nothing out.

    Raises:
        ValueError: `text` is no TOML.
        KeyError: a rule has no id.
    """
    import tomllib

    document = tomllib.loads(text)
    shared = _allowlists(document)
    detectors, left_out = [], []
    for rule in document.get("rules", ()):
        detector = _detector_of(rule, shared, suspected=rule["id"] in suspect)
        if detector is None:
            left_out.append(rule["id"])
        else:
            detectors.append(detector)
    return RuleSet(version, tuple(detectors), tuple(left_out))


def _detector_of(rule: Mapping[str, Any], shared: list[Mapping[str, Any]], *, suspected: bool) -> Detector | None:
    pattern = str(rule.get("regex", "")).encode()
    literals = tuple(str(word).casefold() for word in rule.get("keywords", ()))
    allowed = [*shared, *_allowlists(rule)]
    # Patterns are compiled when they are needed. Only those with what RE2 is known to lack are tried at once.
    if not pattern or (re.search(rb"\(\?[=!<>]|\\[1-9]", pattern) and not _is_of_re2(pattern)):
        return None
    group = rule.get("secretGroup", 1 if re.search(rb"(?<!\\)\((?!\?)", pattern) else 0)
    return Detector(
        kind=_SEVERAL.sub("_", str(rule["id"]).lower()),
        literals=literals,
        pattern=pattern,
        judge=partial(_judged, float(rule.get("entropy", 0))),
        level="suspect" if suspected else "redact",
        strong=group == 0 and b"(?i" not in pattern,
        named_group=group,
        excuse=_Excuse(allowed, group) if allowed else None,
    )


def _is_of_re2(pattern: bytes) -> bool:
    try:
        compiled(pattern)
    except ValueError:
        return False
    return True


def _judged(least: float, value: bytes) -> values.Parts:
    random = not least or values.entropy(value) > least
    return () if not random or values.is_harmless(value) else values.whole(value)


def _allowlists(rule: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    return [*rule.get("allowlists", ()), *([rule["allowlist"]] if "allowlist" in rule else [])]


@dataclass(frozen=True)
class _Excuse:
    """The allow-lists that hold for a rule: called with a match, it says whether one of them lets it pass."""

    allowed: Sequence[Mapping[str, Any]]
    group: int

    def __call__(self, match: Any) -> bool:
        return any(check(match) for check in self._checks)

    @cached_property
    def _checks(self) -> list[Callable[[Any], bool]]:
        return [check for one in self.allowed if (check := self._check(one)) is not None]

    def _check(self, one: Mapping[str, Any]) -> Callable[[Any], bool] | None:
        every = str(one.get("condition", "OR")).upper() in ("AND", "&&")
        if every and (one.get("paths") or one.get("commits")):
            return None
        target = one.get("regexTarget", "secret")
        patterns = [compiled(str(text).encode()) for text in one.get("regexes", ())]
        words = [str(word).casefold().encode() for word in one.get("stopwords", ())]
        if not patterns and not words:
            return None

        def holds(match: Any) -> bool:
            secret = match.group(self.group)
            text = {"match": match.group(0), "line": _line_of(match)}.get(target, secret)
            found = []
            if patterns:
                found.append(any(pattern.search(text) for pattern in patterns))
            if words:
                folded = secret.lower()
                found.append(any(word in folded for word in words))
            return all(found) if every else any(found)

        return holds


def _line_of(match: Any) -> bytes:
    text: bytes = match.string
    start, end = match.span()
    stop = text.find(b"\n", end)
    return text[text.rfind(b"\n", 0, start) + 1 : len(text) if stop < 0 else stop]


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
        self._rare = tuple(row for row in self.detectors if row.literals and min(map(len, row.literals)) > _SHORT)
        self._usual = tuple(row for row in self.detectors if row not in set(self._rare))
        self._usual_strong = tuple(row for row in self._usual if row.strong)
        self._any_rare = _any_of(self._rare)
        groups = [self._rare[at : at + _GROUP] for at in range(0, len(self._rare), _GROUP)]
        self._groups = tuple((_any_of(group), group) for group in groups)

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


def _any_of(rows: Iterable[Detector]) -> Any:
    return compiled("|".join(sorted({_quoted(one) for row in rows for one in row.literals})).encode())


@cache
def default_pack() -> Pack:
    """Return the package's own detectors with the rule sets that ship with it, at their own levels."""
    sets = packaged()
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
    default, rows = default_pack(), []
    for row in (*default.detectors, *_name_detectors(rules.names)):
        level = rules.levels.get(row.kind, row.level)
        if level != "ignore":
            rows.append(row.at_level(level))
    return Pack(rows, default.version, rules.levels)


def _name_detectors(names: tuple[KeptName, ...]) -> tuple[Detector, ...]:
    """Return one detector for each kind of `names`; blanks in a name stand for any blanks between its words."""
    by_kind: dict[str, list[str]] = {}
    for one in names:
        by_kind.setdefault(one.kind, []).append(one.name)
    return tuple(_detector(kind, sorted(group, key=len, reverse=True)) for kind, group in by_kind.items())


def _detector(kind: str, names: list[str]) -> Detector:
    # A literal must occur in the folded text as it is: of several words, the longest will do.
    literals = tuple(max(name.casefold().split(), key=len) for name in names)
    patterns = [r"\s+".join(_quoted(word) for word in name.split()).encode() for name in names]
    return Detector(kind, literals, rb"(?i)(?:^|[^\pL\pN_])(?P<secret>" + b"|".join(patterns) + rb")(?:[^\pL\pN_]|\z)")


def _quoted(word: str) -> str:
    # Only ASCII signs: RE2 refuses a backslash before any other.
    return re.sub(r"([!-/:-@\[-`{-~])", r"\\\1", word)
