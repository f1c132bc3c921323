"""What people say of an incident (facts, who works on it, when it will be over, remarks), and who hears of it.

Each fact is a field of the record. One that fulfils a condition of the chain makes the incident climb in the same
decision; a workaround ends nothing (R-002-26 to R-002-32). Everybody is told once of what is new to them.
"""

from datetime import datetime
from typing import Annotated, Any

from pydantic import Field

from prismfs.errors import RefusedError
from prismfs.kinds.core.values import Note
from prismfs.kinds.response.incident import MOST_NOTES, Affected, Incident, Usd
from prismfs.records.api import Identity, Instant, Line, Nothing, Text, Value, format_instant
from prismfs.rules.core.api import Attend, Draft, ReplyToReporters, authority
from prismfs.rules.response import facts
from prismfs.rules.response.severity import responded

_AFFECTED = ("workflows", "services", "customers", "agents")
_YES_OR_NO = ("several_agents", "needs_change", "customer_data", "needs_decision", "developer_needed")
_NO_FIELDS = {"status_text", "assign", "unassign", "unaffected", *_AFFECTED}
"""Members of the form that are no field of the record by themselves."""


Names = Annotated[tuple[Line, ...], Field(max_length=200)]
Identities = Annotated[tuple[Identity, ...], Field(max_length=200)]


class IncidentChange(Value):
    """What `incident update` may say: only the members that are named change.

    `assign`, `workflows`, `services`, `customers` and `agents` add to what is there, `unassign` and `unaffected`
    take away. Null takes a value away where one may be missing. `status_text` is told to stakeholders.
    """

    status_text: Text | None = None
    assign: Identities = ()
    unassign: Identities = ()
    developer_needed: bool = False
    workflows: Names = ()
    services: Names = ()
    customers: Names = ()
    agents: Identities = ()
    unaffected: Names = ()
    workaround: Text | None = None
    expected_at: Instant | None = None
    several_agents: bool = False
    needs_change: bool = False
    customer_data: bool = False
    needs_decision: bool = False
    financial_impact_usd: Usd | None = None
    root_cause_id: Line | None = None
    started_at: Instant | None = None


def update(draft: Draft) -> Nothing | None:
    """Change what is known of an incident, and tell those whom it concerns.

    Raises:
        RefusedError: `not_found`, `already_closed`, `expected_in_the_past`, `times_out_of_order`, `too_many_notes`.
        RecordError: what the form refuses; with the field.
    """
    before = facts.incident_of(draft)
    if before.status in facts.ENDED:
        raise RefusedError("already_closed", f"the incident is {before.status}", field="/id", hint="incident note ID")
    said = {name: value for name, value in draft.event.document.items() if name not in ("id", "redactions")}
    form = IncidentChange.from_document(said)
    changes = _changes(before, form)
    if not changes and form.status_text is None:
        return Nothing("it says so already", before.id)
    if "expected_at" in changes and form.expected_at is not None and form.expected_at <= draft.now:
        raise RefusedError("expected_in_the_past", "that is over already", field="/expected_at", hint="--expected +2h")
    incident = (responded(draft, before) if before.is_open else before).changed(**changes)
    facts.check_times(incident)
    fields = _names(before, incident, changes)
    if form.status_text is not None:
        incident = with_note(draft, incident, form.status_text)
        fields = [*fields, "status_text"]
    incident = draft.put(incident)
    draft.because("update", f"{draft.event.actor} says {', '.join(fields)}")
    facts.add_row(draft, "incident.updated", incident, meta={"fields": [*fields]})
    _tell(draft, before, incident, status_text=form.status_text)
    if form.status_text is not None:  # the time to the next one counts from now
        incident = draft.put(facts.with_timers(incident, update=None))
    draft.follow(Attend(incident.id, escalate=False))
    draft.subject = incident
    return None


def note(draft: Draft) -> None:
    """Add a remark to an incident, also to one that is closed; anybody may.

    Raises:
        RefusedError: `not_found`, `text_missing`, `too_many_notes`, `in_the_future`.
    """
    incident = facts.incident_of(draft)
    text = str(draft.event.document.get("text") or "")
    if not text:
        raise RefusedError("text_missing", "a remark says something", field="/text")
    draft.subject = draft.put(with_note(draft, incident, text, at=facts.time_of_fact(draft)))
    draft.because("note", f"a remark of {draft.event.actor}")
    facts.add_row(draft, "incident.noted", draft.subject)


def with_note(draft: Draft, incident: Incident, text: str, *, at: datetime | None = None) -> Incident:
    """Return `incident` with a remark of the actor, of now or of the time that it tells of.

    Raises:
        RefusedError: `too_many_notes`.
    """
    if len(incident.notes) >= MOST_NOTES:
        raise RefusedError("too_many_notes", f"it has {MOST_NOTES} remarks already", field="/text", hint="journal add")
    return incident.changed(notes=(*incident.notes, Note(by=draft.event.actor, at=at or draft.now, text=text)))


def facts_of_both(one: Incident, other: Incident) -> dict[str, Any]:
    """Return the facts that hold of two incidents which are one fault: what is true of either is true of it."""
    costs = [cost for cost in (one.financial_impact_usd, other.financial_impact_usd) if cost is not None]
    known: dict[str, Any] = {name: getattr(one, name) or getattr(other, name) for name in _YES_OR_NO}
    known["financial_impact_usd"] = max(costs, default=None)
    known["assignees"] = _listed(one.assignees, other.assignees, ())
    known["affected"] = Affected(
        **{name: _listed(getattr(one.affected, name), getattr(other.affected, name), ()) for name in _AFFECTED}
    )
    return known


def _changes(incident: Incident, form: IncidentChange) -> dict[str, Any]:
    """Return the fields of the record that are to be otherwise than they are."""
    wanted: dict[str, Any] = {name: getattr(form, name) for name in form.model_fields_set - _NO_FIELDS}
    wanted["assignees"] = _listed(incident.assignees, form.assign, form.unassign)
    wanted["affected"] = Affected(
        **{name: _listed(getattr(incident.affected, name), getattr(form, name), form.unaffected) for name in _AFFECTED}
    )
    if (incident.affected_workflow or "").casefold() in {name.casefold() for name in form.unaffected}:
        wanted["affected_workflow"] = None
    return {name: value for name, value in wanted.items() if value != getattr(incident, name)}


def _listed(there: tuple[str, ...], added: tuple[str, ...], removed: tuple[str, ...]) -> tuple[str, ...]:
    """Return the names without those removed, then those added that are new, without regard to case."""
    gone = {name.casefold() for name in removed}
    kept = {name.casefold(): name for name in there if name.casefold() not in gone}
    for name in added:
        kept.setdefault(name.casefold(), name)
    return tuple(kept.values())


def _names(before: Incident, after: Incident, changes: dict[str, Any]) -> list[str]:
    """Return what changed, by name and in order; of what is affected, the lists."""
    names = sorted(name for name in changes if name != "affected")
    return names + [name for name in _AFFECTED if getattr(before.affected, name) != getattr(after.affected, name)]


def _tell(draft: Draft, before: Incident, after: Incident, *, status_text: str | None) -> None:
    """Tell everybody whom a difference between `before` and `after` concerns."""
    developers = draft.project.operators if after.developer_needed and not before.developer_needed else ()
    touched = _customers_affected(after) and not _customers_affected(before)
    admins = (authority.holder_of(draft, draft.response.tenant_admin),) if touched else ()
    told = (
        (_new(before.assignees, after.assignees), "assigned", "task", "You are asked to work on it."),
        (developers, "developer", "task", "It needs a human developer."),
        (_new(before.affected.agents, after.affected.agents), "affected", "notification", "It touches your work."),
        (admins, "customers", "notification", "It touches customers."),
    )
    for names, role, type_, why in told:
        body = (
            f"Incident {after.id}, severity {after.severity.label}, is with {after.responder}. {why}\n\n"
            f"prismfs incident show {after.id}\n"
        )
        facts.mail(draft, after, names, role, type=type_, subject=facts.subject_of(after), body=body)
    expected = after.expected_at if after.expected_at != before.expected_at else None
    if status_text is not None or expected is not None:
        time = "" if after.expected_at is None else f"Expected to be over by {format_instant(after.expected_at)}."
        subject = "Expected time" if status_text is None else "Status"
        _communicate(draft, after, facts.with_tail(status_text or "", time), subject=subject)


def _new(before: tuple[str, ...], after: tuple[str, ...]) -> tuple[str, ...]:
    known = {name.casefold() for name in before}
    return tuple(name for name in after if name.casefold() not in known)


def _customers_affected(incident: Incident) -> bool:
    return bool(incident.affected.customers) or incident.customer_data


def _communicate(draft: Draft, incident: Incident, text: str, *, subject: str) -> None:
    """Tell the executive, who works on it, and everybody who reported it; each once."""
    facts.mail(
        draft,
        incident,
        _readers(draft, incident),
        "status",
        type="notification",
        sender=draft.event.actor,
        known=draft.event.known(draft.event.actor),
        subject=f"{subject}: {facts.subject_of(incident)}",
        body=text,
    )
    title = f"{subject}: {incident.title}"
    draft.follow(ReplyToReporters(incident, role="status", stage="updated", body=text, subject=title))


def _readers(draft: Draft, incident: Incident) -> list[str]:
    """Return who hears of it by a mail, each once; not who says it, nor who reported it: that one is answered."""
    executive = authority.holder_of(draft, draft.response.chain[-1].role)
    readers = {name.casefold(): name for name in (executive, *facts.in_charge(incident), *incident.assignees)}
    readers.pop(draft.event.actor.casefold(), None)
    if incident.opened_by is not None and incident.reporter_pid is None:
        readers.pop(incident.reporter.casefold(), None)
    return list(readers.values())
