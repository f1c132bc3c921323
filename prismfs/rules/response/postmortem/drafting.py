"""A review as it can be written from what is known: the history of the incident and the artifacts about it (R-002-45).

Its timeline is told minute by minute from the incident's audit rows, with its analysis merged. What is not written
down yet stays a placeholder, which a review may not keep when it is stored.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import groupby
from typing import cast

from prismfs.errors import RecordError, RefusedError
from prismfs.kinds.core.audit import Audit
from prismfs.kinds.gates.artifact import Artifact
from prismfs.kinds.gates.settings.sections import ActionsSection, ChainSection, TimelineSection
from prismfs.kinds.gates.settings.workflow import Phase
from prismfs.kinds.response.incident import Incident
from prismfs.records.api import JsonValue, View, format_instant, parse_instant
from prismfs.rules.core.draft import one_line
from prismfs.rules.gates.api import Parsed, findings_in, is_done, parse, phase_of, plain, skeleton
from prismfs.rules.response.postmortem.storing import PHASE, WHYS

_ROOT_CAUSE = "Root Cause"

OWN = "audit row"
"""How the source begins of what an audit row tells, here and in the templates of phases."""

_RESOLVED = "incident.resolved"
_SPANS = (60, 600, 3600, 86400, 604800)
"""Seconds of a span that is told as one moment; the first that is long enough is taken."""

_MOST_MOMENTS = 100
_MOST_REASONS = 5
_LONGEST = 1500
"""Characters of one moment."""

Written = tuple[Phase, Parsed, Artifact]
"""What the newest artifact of a phase says: the phase, its sections, the artifact."""


@dataclass(frozen=True, slots=True)
class Moment:
    """What happened at an instant, and where that is known from; `said` is a rough time as its author writes it."""

    at: datetime
    event: str
    source: str
    said: str | None = None


def draft_of(view: View, incident: Incident) -> str:
    """Return the Markdown of a review of `incident`, filled in as far as the project knows.

    Raises:
        RefusedError: `no_workflow`; the project has no `workflows/post-incident-review.yaml`.
    """
    phase = phase_of(view, PHASE)[1]
    written = tuple(_written(view, incident))
    return skeleton(phase, _known(view, incident, phase, written))


def moments_of(incident: Incident, rows: Iterable[Audit], analysed: Sequence[Moment] = ()) -> tuple[Moment, ...]:
    """Return what happened from detection to resolution, one moment for each minute in which something did.

    What an analysis tells (`analysed`) may lie before the detection, and comes between the rows, in order of time.
    Where that comes to more moments than one can read, they are of longer spans.
    """
    within = _until_resolved(incident, rows)
    told: list[Moment] = []
    for span in _SPANS:
        told = [_moment(list(found)) for _, found in groupby(within, key=lambda row: row.at.timestamp() // span)]
        if len(told) <= _MOST_MOMENTS:
            break
    return tuple(sorted([*analysed, *told], key=lambda moment: moment.at))


def _known(view: View, incident: Incident, phase: Phase, written: Sequence[Written]) -> Mapping[str, JsonValue]:
    rows = view.with_ref(Audit, incident.id)
    moments = moments_of(incident, rows, tuple(_analysed(written)))
    timeline: list[JsonValue] = [
        {"at": format_instant(moment.at), "event": moment.event, "source": moment.source, "said": moment.said}
        for moment in moments
    ]
    root = phase.section(_ROOT_CAUSE)
    hint = str(getattr(root, "hint", "why"))
    return {
        "Timeline": timeline,
        _ROOT_CAUSE: _whys(written, hint),
        "Impact": _impact(incident),
        "Corrective Actions": [*_rows(written, ActionsSection)],
        "Process Improvements": [*_points(view, written)],
    }


def _written(view: View, incident: Incident) -> Iterator[Written]:
    """Yield what the artifacts that speak for their phases say, in the order of the phases."""
    newest: dict[str, Artifact] = {}
    for artifact in view.with_ref(Artifact, incident.id):
        if is_done(view, artifact):
            newest[artifact.phase] = artifact
    for name in sorted(newest):
        try:
            phase = phase_of(view, name)[1]
            yield phase, parse(phase, newest[name].body), newest[name]
        except (RecordError, RefusedError):  # its workflow is another one now, or gone
            continue


def _analysed(written: Sequence[Written]) -> Iterator[Moment]:
    """Yield what an analysis with sources tells, but for the audit rows that it was begun with."""
    for phase, parsed, artifact in written:
        for section in phase.sections:
            if isinstance(section, TimelineSection) and section.sourced:
                rows = cast(list[dict[str, str]], parsed[section.name])
                for row in (each for each in rows if not each["source"].startswith(OWN)):
                    yield Moment(
                        parse_instant(row["at"]), row["event"], f"{row['source']} ({artifact.label})", row.get("said")
                    )


def _rows(written: Sequence[Written], kind: type[ActionsSection | ChainSection]) -> list[dict[str, JsonValue]]:
    for phase, parsed, _ in reversed(written):
        for section in phase.sections:
            if isinstance(section, kind):
                return cast(list[dict[str, JsonValue]], parsed[section.name])
    return []


def _whys(written: Sequence[Written], hint: str) -> str:
    """Return the questions that a causal chain answers, from its last effect back, and room for those that lack."""
    chain = [(str(row["cause"]), str(row["effect"])) for row in reversed(_rows(written, ChainSection))]
    lines = [f"Why: {_end(effect)}? — {cause}" for cause, effect in chain]
    root = next((str(parsed[_ROOT_CAUSE]) for _, parsed, _ in reversed(written) if _ROOT_CAUSE in parsed), None)
    if chain and root is not None:
        lines.append(f"Why: {_end(chain[-1][0])}? — {plain(root)}")
    lines += [f"Why <{hint}>"] * (WHYS - len(lines))
    return "\n".join(f"{number}. {line}" for number, line in enumerate(lines, start=1))


def _end(text: str) -> str:
    return text.rstrip(" .,;:!?")


def _impact(incident: Incident) -> dict[str, JsonValue]:
    """Return what the record says in numbers; what it does not say is left open."""
    affected, found = incident.affected, {}
    if affected.customers:
        found["Customers"] = f"{len(affected.customers)}: {plain(', '.join(affected.customers))}"
    if incident.financial_impact_usd is not None:
        found["Revenue"] = f"{incident.financial_impact_usd} USD"
    if incident.resolved_at is not None:
        minutes = (incident.resolved_at - incident.detected_at) // timedelta(minutes=1)
        parts = [f"{minutes} minutes from detection to resolution"]
        for name, things in (("workflows", affected.workflows), ("services", affected.services)):
            parts += [f"{name}: {len(things)} ({plain(', '.join(things))})"] if things else []
        parts += [f"agents: {len(affected.agents)}"] if affected.agents else []
        found["Operations"] = "; ".join(parts)
    return {**found}


def _points(view: View, written: Sequence[Written]) -> Iterator[str]:
    """Yield what would mend each thing that a panel found, worst first (R-003-29)."""
    for point in findings_in(view, [artifact for _, _, artifact in written]):
        remedy = "; ".join(point.remediation)
        yield plain(f"{point.severity.label}: {point.finding}: {remedy} ({', '.join(point.members)})")


def _until_resolved(incident: Incident, rows: Iterable[Audit]) -> list[Audit]:
    """Return the rows in order, without those that follow the last resolution."""
    found = sorted((row for row in rows if row.at >= incident.detected_at), key=lambda row: row.number)
    end = max((row.number for row in found if row.action == _RESOLVED), default=None)
    return [row for row in found if end is None or row.number <= end]


def _moment(rows: Sequence[Audit]) -> Moment:
    """Return the rows of one minute as one moment: each action once, with the reasons that it had."""
    reasons: dict[str, dict[str, None]] = {}
    for row in rows:
        reasons.setdefault(row.action.removeprefix("incident."), {})[_plain(row.reason)] = None
    said = [f"{action}: {_listed(list(why))}" for action, why in reasons.items()]
    first, last = rows[0].number, rows[-1].number
    source = f"{OWN} {first}" if first == last else f"{OWN}s {first} to {last}"
    return Moment(rows[0].at.replace(microsecond=0), one_line("; ".join(said), _LONGEST), source)


def _listed(reasons: Sequence[str]) -> str:
    more = len(reasons) - _MOST_REASONS
    return ", ".join(reasons[:_MOST_REASONS]) + (f" and {more} more" if more > 0 else "")


def _plain(text: str) -> str:
    """Return `text` without the dashes and brackets that a timeline or Markdown reads otherwise."""
    table = str.maketrans({"—": "-", "<": "(", ">": ")", "`": "'", "*": "", "[": "(", "]": ")"})
    return " ".join(text.translate(table).replace(" - ", ", ").split())
