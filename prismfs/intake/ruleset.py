"""Rule sets that are data: files in the format of gitleaks' configuration, in the folder `rules` of the package.

Of a rule are honoured: `id`, `regex`, `keywords`, `secretGroup`, `entropy`, and `allowlists` (also the file's own) with
`regexes`, `stopwords`, `regexTarget` and `condition`. What an allow-list says of paths and commits cannot hold here. A
rule without an expression, or with one that RE2 refuses, is left out and counted. `rules/SOURCES.toml` says where a
file comes from, and which of its rules only suspect.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache, partial
from importlib import resources
from typing import Any

from prismfs.intake import values
from prismfs.intake.detector import Detector, compiled

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
        detector = _detector(rule, shared, suspected=rule["id"] in suspect)
        if detector is None:
            left_out.append(rule["id"])
        else:
            detectors.append(detector)
    return RuleSet(version, tuple(detectors), tuple(left_out))


def _detector(rule: Mapping[str, Any], shared: list[Mapping[str, Any]], *, suspected: bool) -> Detector | None:
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
        excuse=_Excuse(tuple(allowed), group) if allowed else None,
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


class _Excuse:
    """The allow-lists that hold for a rule: called with a match, it says whether one of them lets it pass."""

    def __init__(self, allowed: tuple[Mapping[str, Any], ...], group: int) -> None:
        self.allowed = allowed
        self.group = group
        self._checks: list[Callable[[Any], bool]] | None = None

    def __call__(self, match: Any) -> bool:
        if self._checks is None:
            self._checks = [check for one in self.allowed if (check := self._check(one)) is not None]
        return any(check(match) for check in self._checks)

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
