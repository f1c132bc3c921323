"""What the template of a phase can be filled with: facts of the incident, and what earlier artifacts say.

Facts of an incident, by name: `severity` (in the scale of triage), `status`, `users`, `services`, `timeline` (its audit
rows, R-002-45), `review`, and what panels `findings` and `remedies` are (R-003-29). A
workflow names them where a section takes its value from.
"""

from collections.abc import Mapping, Sequence
from typing import cast

from prismfs.errors import PrismfsError
from prismfs.kinds.core.audit import Audit
from prismfs.kinds.core.settings.policy import Policy
from prismfs.kinds.gates.artifact import Artifact
from prismfs.kinds.gates.settings import sections
from prismfs.kinds.gates.settings.workflow import Phase
from prismfs.kinds.response.incident import Incident
from prismfs.records.api import JsonValue, View, format_instant, with_rank
from prismfs.rules.core.draft import one_line
from prismfs.rules.gates import findings, progress, reading
from prismfs.rules.gates.template import plain, skeleton

TRIAGE_SCALE = "triage"
_MOST_ROWS = 150
"""Rows of an incident that a timeline begins with; the oldest and the newest where there are more."""

_STATUS = {"retrying": "Ongoing", "triage": "Ongoing", "mitigating": "Ongoing", "mitigated": "Mitigated"}


def template_of(view: View, phase: Phase, about: str) -> str:
    """Return the template of `phase` about the record, with everything that is known of it."""
    facts = facts_of(view, about)
    found = {section.name: _known(view, section, about, facts) for section in phase.sections}
    for section in phase.sections:
        if isinstance(section, sections.TimelineSection) and section.sourced:
            found[section.name] = _with_told(view, phase, about, found[section.name])
    return skeleton(phase, {name: value for name, value in found.items() if value})


def facts_of(view: View, about: str) -> dict[str, JsonValue]:
    """Return the facts of the record by name; none where it is no incident."""
    incident = view.get(Incident, about)
    if incident is None:
        return {}
    scales = view.single(Policy).scales
    facts: dict[str, JsonValue] = {
        "severity": with_rank(scales, incident.severity.rank, scale=TRIAGE_SCALE).label,
        "status": _STATUS.get(incident.status, "Resolved"),
        "users": ", ".join(map(plain, incident.affected.customers)),
        "services": [plain(name).replace(",", " ") for name in incident.affected.services],
        "timeline": list(_timeline(view, incident)), "review": plain(incident.review) if incident.review else "",
    }  # fmt: skip
    return facts | findings.facts(view, about)


def _timeline(view: View, incident: Incident) -> list[JsonValue]:
    rows = [row for row in view.with_ref(Audit, incident.id) if row.action != "incident.phase"]
    rows.sort(key=lambda row: row.number)
    if len(rows) > _MOST_ROWS:
        rows = [*rows[: _MOST_ROWS // 2], *rows[-_MOST_ROWS // 2 :]]
    found = [(row.at, row.number, f"{row.action}: {row.reason}", f"audit row {row.number}") for row in rows]
    if incident.started_at is not None:
        found.append((incident.started_at, 0, "the impact began", f"incident {incident.id}"))
    return [
        {"at": format_instant(at), "event": plain(_without_dashes(event)), "source": source}
        for at, _, event, source in sorted(found)
    ]


def _known(view: View, section: sections.AnySection, about: str, facts: Mapping[str, JsonValue]) -> JsonValue:
    value = _from(view, section.source, about, facts)
    if isinstance(section, sections.FieldsSection | sections.SubsectionsSection):
        parts: Sequence[sections.FieldSpec | sections.AnySection] = (
            section.fields if isinstance(section, sections.FieldsSection) else section.sections
        )
        held = dict(value) if isinstance(value, dict) else {}
        held |= {each.name: found for each in parts if (found := _shaped(each, _from(view, each.source, about, facts)))}
        return held
    if isinstance(section, sections.ChecklistSection) and isinstance(value, list):
        return [_task(cast(dict[str, JsonValue], row)) for row in value]
    return _shaped(section, value)


def _shaped(section: sections.FieldSpec | sections.AnySection, value: JsonValue) -> JsonValue:
    """Return what another section says in the shape of `section`; None where it cannot be said there."""
    if isinstance(section, sections.EnumSection):
        return value if value in section.values else None
    items = value if isinstance(value, list) and all(isinstance(item, str) for item in value) else []
    if isinstance(section, sections.NumberedSection) and items:
        return [{section.parts[0]: _without_dashes(str(item))} for item in items]
    return value


def _with_told(view: View, phase: Phase, about: str, rows: JsonValue) -> JsonValue:
    """Return the rows of a timeline with the lines that the artifacts tell which `phase` reads, by time, each once.

    Where a line was seen is still to be said: an assessment is no evidence.
    """
    told = [value for named in phase.reads for value in _said(view, about, named).values()]
    lines = [line for value in (rows, *told) if isinstance(value, list) for line in value]
    known: dict[tuple[str, str], JsonValue] = {}
    for line in lines:
        if isinstance(line, dict) and "at" in line and "event" in line:
            known.setdefault((str(line["at"]), str(line["event"])), line)
    return [known[key] for key in sorted(known)]


def _from(view: View, origin: sections.Origin | None, about: str, facts: Mapping[str, JsonValue]) -> JsonValue:
    if origin is None:
        return None
    if origin.fact is not None:
        return facts.get(origin.fact)
    parsed = _said(view, about, str(origin.phase))
    value = parsed.get(str(origin.section))
    if origin.field is not None:
        return value.get(origin.field) if isinstance(value, dict) else None
    return value


def _said(view: View, about: str, phase: str) -> reading.Parsed:
    """Return what the newest artifact of an earlier phase says; nothing where there is none that fits."""
    try:
        _, found = progress.phase_of(view, phase)
        artifact: Artifact | None = progress.latest_done(view, about, phase)
        return {} if artifact is None else reading.parse(found, artifact.body)
    except PrismfsError:
        return {}


def _task(row: dict[str, JsonValue]) -> dict[str, JsonValue]:
    """Return an action as a task; its owner is left open unless the one suggested is a single word."""
    owner = str(row.get("owner") or "").removeprefix("@")
    return {"action": row.get("action"), "owner": owner if owner.isalnum() and owner.isascii() else "", "done": False}


def _without_dashes(text: str) -> str:
    return one_line(text).replace(" — ", ", ")
