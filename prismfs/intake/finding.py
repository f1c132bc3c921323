"""What a scan found: where, of what kind, how often; never the value."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from prismfs.intake.detector import Level
from prismfs.intake.mac import mac_of
from prismfs.intake.spans import Hit

_MOST_CODES = 32
"""Different values of one kind at one place that are told apart; the others are counted in one row."""


@dataclass(frozen=True, slots=True)
class Finding:
    """`count` secrets of `kind` are in the string at `pointer` (RFC 6901; "" is the document).

    At level `redact` they were taken out, at `suspect` they were left. `mac` tells equal values, where there is a key.
    """

    pointer: str
    kind: str
    count: int
    level: Level = "redact"
    mac: str | None = None


@dataclass(frozen=True, slots=True)
class Scanned:
    """The scrubbed document, and what was found in it, in the document's order and then by kind.

    `rules` names the rule sets that looked.
    """

    document: dict[str, Any]
    findings: tuple[Finding, ...]
    rules: str

    @property
    def taken_out(self) -> tuple[Finding, ...]:
        """The findings without those that are only suspected."""
        return tuple(finding for finding in self.findings if finding.level == "redact")

    @property
    def redactions(self) -> list[Any]:
        """The findings as JSON objects, as an event carries them."""
        return [as_document(finding, self.rules) for finding in self.findings]


def as_document(finding: Finding, rules: str) -> dict[str, Any]:
    """Return `finding` as a JSON object; members that are as usual are left out."""
    said: dict[str, Any] = {"pointer": finding.pointer, "kind": finding.kind, "count": finding.count}
    if finding.level != "redact":
        said["level"] = finding.level
    said["rules"] = rules
    return said if finding.mac is None else said | {"mac": finding.mac}


@dataclass
class Tally:
    """Counts hits by place, kind, level and value. `key` makes the codes of the values."""

    rules: str
    key: bytes | None = None
    _counts: dict[str, dict[tuple[str, Level, str | None], int]] = field(default_factory=dict)

    def note(self, pointer: str, hits: Iterable[Hit]) -> None:
        """Count what was found at `pointer`."""
        for hit in hits:
            counts = self._counts.setdefault(pointer, {})
            row = (hit.kind, hit.level, mac_of(hit.value, self.key))
            if row not in counts and sum(kind == hit.kind for kind, _, _ in counts) >= _MOST_CODES:
                row = (hit.kind, hit.level, None)
            counts[row] = counts.get(row, 0) + 1

    def findings(self) -> tuple[Finding, ...]:
        """Return what was counted."""
        return tuple(
            Finding(pointer, kind, count, level, mac)
            for pointer, counts in self._counts.items()
            for (kind, level, mac), count in sorted(counts.items(), key=lambda row: (row[0][0], row[0][2] or ""))
        )
