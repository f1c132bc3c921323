"""What the panels about an incident found, as a template and a reader are shown it: each thing once (R-003-29)."""

from __future__ import annotations

from collections.abc import Iterable

from pydantic import JsonValue

from prismfs.errors import RecordError
from prismfs.kinds.core.settings.policy import Policy
from prismfs.kinds.gates.artifact import LIVE, Artifact
from prismfs.records.view import View
from prismfs.rules.gates.sections import panel
from prismfs.rules.gates.sections.template import plain

_SPEAKING = (*LIVE, "revise", "stale")
"""States of an artifact whose findings nothing newer has taken the place of."""

_PRIORITIES = ("P0", "P1", "P2", "P2")
"""Of an action, by the rank of what it mends."""


def points_about(view: View, about: str) -> tuple[panel.Point, ...]:
    """Return what the panels of the artifacts about a record came to, worst first."""
    found = [artifact for artifact in view.with_ref(Artifact, about) if artifact.status in _SPEAKING]
    return points_in(view, found)


def points_in(view: View, artifacts: Iterable[Artifact]) -> tuple[panel.Point, ...]:
    """Return what the findings of these artifacts come to; none where a commit wrote a severity that is none."""
    findings = [finding for artifact in artifacts for finding in artifact.findings]
    try:
        return panel.points_of(findings, view.single(Policy).scales)
    except RecordError:
        return ()


def facts(view: View, about: str) -> dict[str, JsonValue]:
    """Return the facts `findings` (a list) and `remedies` (actions without an owner) for templates."""
    points = points_about(view, about)
    remedies: list[JsonValue] = [
        {"priority": _PRIORITIES[point.severity.rank], "action": _words("; ".join(point.remediation)), "owner": None}
        for point in points
    ]
    return {"findings": [line_of(point) for point in points], "remedies": remedies}


def line_of(point: panel.Point) -> str:
    """Return a point in one line: severity, finding, what shows it, who found it."""
    shown = "; ".join(point.evidence)
    return plain(f"{point.severity.label}: {point.finding} ({shown}; {', '.join(point.members)})")


def _words(text: str) -> str:
    """Return `text` without the dashes that part an action from its owner."""
    return plain(text.replace(" — ", ", ").replace(" – ", ", ").replace(" -- ", ", ").replace(" - ", ", "))
