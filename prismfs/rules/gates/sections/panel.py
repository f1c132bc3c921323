"""What a panel found, made one: the same finding by several members stands once, with its worst severity.

Consolidating is a function of the set of findings: their order does not matter, and doing it again changes nothing.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from prismfs.errors import RecordError
from prismfs.kinds.gates.finding import Finding
from prismfs.records.severity import Scales, Severity, read_label

SCALE = "finding"
"""The policy's scale in which members write severity."""


@dataclass(frozen=True, slots=True)
class Point:
    """A finding and everybody who made it: members, their evidence and remediations, each once and sorted."""

    finding: str
    severity: Severity
    members: tuple[str, ...]
    evidence: tuple[str, ...]
    remediation: tuple[str, ...]


def points_of(findings: Sequence[Finding], scales: Scales) -> tuple[Point, ...]:
    """Return what the panel's `findings` come to, worst first (R-003-29).

    Raises:
        RecordError: `unknown_severity`, with the place of the finding in `field`, naming the labels there are.
    """
    return consolidate(_point(number, finding, scales) for number, finding in enumerate(findings))


def consolidate(points: Iterable[Point]) -> tuple[Point, ...]:
    """Return `points` with those that say the same made one, worst first, then by their words.

    Two say the same when their words are equal but for case, blanks and the punctuation at the end.
    """
    groups: dict[str, list[Point]] = {}
    for point in points:
        groups.setdefault(_sameness(point.finding), []).append(point)
    merged = [_merge(group) for group in groups.values()]
    return tuple(sorted(merged, key=lambda point: (point.severity.rank, _sameness(point.finding))))


def _point(number: int, finding: Finding, scales: Scales) -> Point:
    try:
        severity = read_label(scales, finding.severity, scale=SCALE)
    except RecordError as error:
        problem = error.problem
        field = f"/findings/{number}/severity"
        raise RecordError(problem.code, problem.message, field=field, hint=problem.hint) from None
    return Point(
        finding=finding.finding,
        severity=severity,
        members=(finding.member,),
        evidence=(finding.evidence.strip(),),
        remediation=(finding.remediation.strip(),),
    )


def _merge(group: Sequence[Point]) -> Point:
    return Point(
        finding=min(point.finding for point in group),
        severity=min((point.severity for point in group), key=lambda severity: (severity.rank, severity.label)),
        members=_all(point.members for point in group),
        evidence=_all(point.evidence for point in group),
        remediation=_all(point.remediation for point in group),
    )


def _all(parts: Iterable[tuple[str, ...]]) -> tuple[str, ...]:
    return tuple(sorted({text for part in parts for text in part}))


def _sameness(text: str) -> str:
    return " ".join(text.split()).casefold().rstrip(" .!;,:")
