"""What whoever cares for an incident says of it: facts, who works on it, when it will be over, remarks.

Each fact is a field of the record. One that fulfils a condition of the chain makes the incident climb in the same
decision; a workaround ends nothing (R-002-26 to R-002-32).
"""

from __future__ import annotations

from typing import Any

from pydantic import JsonValue

from prismfs.errors import RefusedError
from prismfs.kinds.response.forms import IncidentChange
from prismfs.kinds.response.incident import MOST_NOTES, Affected, Incident
from prismfs.kinds.work.bead import Note
from prismfs.records.plan import Nothing
from prismfs.rules.core.draft import Draft
from prismfs.rules.response import audience, lifecycle, owners, status_updates
from prismfs.rules.response.facts import meta_of
from prismfs.rules.response.targets import responded

_ENDED = ("closed", "duplicate", "false_positive")
_AFFECTED = ("workflows", "services", "customers", "agents")
_YES_OR_NO = ("several_agents", "needs_change", "customer_data", "needs_decision", "developer_needed")
_NO_FIELDS = {"status_text", "assign", "unassign", "unaffected", *_AFFECTED}
"""Members of the form that are no field of the record by themselves."""


def update(draft: Draft) -> Nothing | None:
    """Change what is known of an incident, and tell those whom it concerns.

    Raises:
        RefusedError: `not_found`, `already_closed`, `expected_in_the_past`, `times_out_of_order`, `too_many_notes`.
        RecordError: what the form refuses; with the field.
    """
    before = draft.need(Incident, str(draft.event.document["id"]))
    if before.status in _ENDED:
        raise RefusedError("already_closed", f"the incident is {before.status}", field="/id", hint="incident note ID")
    form = IncidentChange.from_document(_members(draft))
    changes = _changes(before, form)
    if not changes and form.status_text is None:
        return Nothing("it says so already", before.id)
    if "expected_at" in changes and form.expected_at is not None and form.expected_at <= draft.now:
        raise RefusedError("expected_in_the_past", "that is over already", field="/expected_at", hint="--expected +2h")
    incident = (responded(draft, before) if before.is_open else before).changed(**changes)
    lifecycle.check_times(incident)
    fields = _names(before, incident, changes)
    if form.status_text is not None:
        incident = with_note(draft, incident, form.status_text)
        fields = [*fields, "status_text"]
    incident = draft.put(incident)
    draft.because("update", f"{draft.event.actor} says {', '.join(fields)}")
    meta: dict[str, JsonValue] = {"fields": [*fields]}
    draft.row("incident.updated", incident, level="warn", reason=draft.reason, meta=meta_of(incident) | meta)
    audience.tell(draft, before, incident, status_text=form.status_text)
    if form.status_text is not None:
        incident = status_updates.begin_anew(draft, incident)
    owners.climb(draft, incident)
    draft.subject = draft.need(Incident, before.id)
    return None


def note(draft: Draft) -> None:
    """Add a remark to an incident, also to one that is closed; anybody may.

    Raises:
        RefusedError: `not_found`, `text_missing`, `too_many_notes`.
    """
    incident = draft.need(Incident, str(draft.event.document["id"]))
    text = str(draft.event.document.get("text") or "")
    if not text:
        raise RefusedError("text_missing", "a remark says something", field="/text")
    draft.subject = draft.put(with_note(draft, incident, text))
    draft.because("note", f"a remark of {draft.event.actor}")
    draft.row("incident.noted", draft.subject, level="warn", reason=draft.reason, meta=meta_of(incident))


def with_note(draft: Draft, incident: Incident, text: str) -> Incident:
    """Return `incident` with a remark of whoever acts.

    Raises:
        RefusedError: `too_many_notes`.
    """
    if len(incident.notes) >= MOST_NOTES:
        raise RefusedError("too_many_notes", f"it has {MOST_NOTES} remarks already", field="/text", hint="journal add")
    return incident.changed(notes=(*incident.notes, Note(by=draft.event.actor, at=draft.now, text=text)))


def facts_of_both(one: Incident, other: Incident) -> dict[str, Any]:
    """Return the facts that hold of two incidents which are one fault: what is true of either is true of it."""
    costs = [cost for cost in (one.financial_impact_usd, other.financial_impact_usd) if cost is not None]
    facts: dict[str, Any] = {name: getattr(one, name) or getattr(other, name) for name in _YES_OR_NO}
    facts["financial_impact_usd"] = max(costs, default=None)
    facts["assignees"] = _listed(one.assignees, other.assignees, ())
    facts["affected"] = Affected(
        **{name: _listed(getattr(one.affected, name), getattr(other.affected, name), ()) for name in _AFFECTED}
    )
    return facts


def _members(draft: Draft) -> dict[str, JsonValue]:
    return {name: value for name, value in draft.event.document.items() if name not in ("id", "redactions")}


def _changes(incident: Incident, form: IncidentChange) -> dict[str, Any]:
    """Return the fields of the record that are to be otherwise than they are."""
    wanted: dict[str, Any] = {name: getattr(form, name) for name in form.model_fields_set - _NO_FIELDS}
    wanted["assignees"] = _listed(incident.assignees, form.assign, form.unassign)
    wanted["affected"] = Affected(
        **{name: _listed(getattr(incident.affected, name), getattr(form, name), form.unaffected) for name in _AFFECTED}
    )
    return {name: value for name, value in wanted.items() if value != getattr(incident, name)}


def _listed(there: tuple[str, ...], added: tuple[str, ...], removed: tuple[str, ...]) -> tuple[str, ...]:
    """Return the names without those removed, then those added that are new, in whatever case."""
    gone = {name.casefold() for name in removed}
    kept = {name.casefold(): name for name in there if name.casefold() not in gone}
    for name in added:
        kept.setdefault(name.casefold(), name)
    return tuple(kept.values())


def _names(before: Incident, after: Incident, changes: dict[str, Any]) -> list[str]:
    """Return what changed, by name and in order; of what is affected, the lists."""
    names = sorted(name for name in changes if name != "affected")
    return names + [name for name in _AFFECTED if getattr(before.affected, name) != getattr(after.affected, name)]
