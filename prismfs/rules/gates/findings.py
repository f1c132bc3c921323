"""What the members of a review panel found, made one: the same finding by several stands once (R-003-29).

Merging is a function of the set of findings: their order does not matter, and doing it again changes nothing.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from prismfs.errors import RecordError
from prismfs.kinds.core.settings.policy import Policy
from prismfs.kinds.gates.artifact import LIVE, Artifact, Finding
from prismfs.records.api import JsonValue, Scales, Severity, View, read_label
from prismfs.rules.gates.template import plain

SCALE = "finding"
"""The policy's scale in which members write severity."""

_SPEAKING = (*LIVE, "revise", "stale")
"""States of an artifact whose findings nothing newer has taken the place of."""

_PRIORITIES = ("P0", "P1", "P2", "P2")
"""Of an action, by the rank of what it mends."""


@dataclass(frozen=True, slots=True)
class MergedFinding:
    """A finding with its worst severity, and who made it: members, their evidence and remediations, each once."""

    finding: str
    severity: Severity
    members: tuple[str, ...]
    evidence: tuple[str, ...]
    remediation: tuple[str, ...]


def read_findings(findings: Sequence[Finding], scales: Scales) -> tuple[MergedFinding, ...]:
    """Return `findings` merged, worst first.

    Raises:
        RecordError: `unknown_severity`, with the place of the finding in `field`, naming the labels there are.
    """
    return merge(_read(number, finding, scales) for number, finding in enumerate(findings))


def merge(findings: Iterable[MergedFinding]) -> tuple[MergedFinding, ...]:
    """Return `findings` with those that say the same made one, worst first, then by their words.

    Two say the same when their words are equal but for case, blanks and the punctuation at the end.
    """
    groups: dict[str, list[MergedFinding]] = {}
    for finding in findings:
        groups.setdefault(_words(finding.finding), []).append(finding)
    merged = [_merged(group) for group in groups.values()]
    return tuple(sorted(merged, key=lambda each: (each.severity.rank, _words(each.finding))))


def findings_in(view: View, artifacts: Iterable[Artifact]) -> tuple[MergedFinding, ...]:
    """Return the findings of these artifacts, merged; none where a commit wrote a severity that is none."""
    findings = [finding for artifact in artifacts for finding in artifact.findings]
    try:
        return read_findings(findings, view.single(Policy).scales)
    except RecordError:
        return ()


def facts(view: View, about: str) -> dict[str, JsonValue]:
    """Return the facts `findings` (a list) and `remedies` (actions without an owner) about a record, for templates."""
    speaking = [artifact for artifact in view.with_ref(Artifact, about) if artifact.status in _SPEAKING]
    merged = findings_in(view, speaking)
    remedies: list[JsonValue] = [
        {"priority": _PRIORITIES[each.severity.rank], "action": _action("; ".join(each.remediation)), "owner": None}
        for each in merged
    ]
    return {"findings": [line_of(each) for each in merged], "remedies": remedies}


def line_of(finding: MergedFinding) -> str:
    """Return a finding in one line: severity, words, evidence, members."""
    shown = "; ".join(finding.evidence)
    return plain(f"{finding.severity.label}: {finding.finding} ({shown}; {', '.join(finding.members)})")


def _read(number: int, finding: Finding, scales: Scales) -> MergedFinding:
    try:
        severity = read_label(scales, finding.severity, scale=SCALE)
    except RecordError as error:
        problem = error.problem
        field = f"/findings/{number}/severity"
        raise RecordError(problem.code, problem.message, field=field, hint=problem.hint) from None
    return MergedFinding(
        finding=finding.finding, severity=severity, members=(finding.member,), evidence=(finding.evidence.strip(),),
        remediation=(finding.remediation.strip(),),
    )  # fmt: skip


def _merged(group: Sequence[MergedFinding]) -> MergedFinding:
    return MergedFinding(
        finding=min(each.finding for each in group),
        severity=min((each.severity for each in group), key=lambda severity: (severity.rank, severity.label)),
        members=_all(each.members for each in group), evidence=_all(each.evidence for each in group),
        remediation=_all(each.remediation for each in group),
    )  # fmt: skip


def _all(parts: Iterable[tuple[str, ...]]) -> tuple[str, ...]:
    return tuple(sorted({text for part in parts for text in part}))


def _words(text: str) -> str:
    """Return what is equal for two writings of the same finding."""
    return " ".join(text.split()).casefold().rstrip(" .!;,:")


def _action(text: str) -> str:
    """Return `text` without the dashes that part an action from its owner."""
    return plain(text.replace(" — ", ", ").replace(" – ", ", ").replace(" -- ", ", ").replace(" - ", ", "))
