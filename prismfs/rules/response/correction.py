"""Correcting what an incident says: the time of a fact is not that of its commit, and a cause is found late (FD-32)."""

from prismfs.errors import RefusedError
from prismfs.records.api import Instant, JsonValue, Line, Nothing, Text, Value
from prismfs.rules.core.api import Attend, Draft
from prismfs.rules.core.road import Row, Table
from prismfs.rules.response import facts, owners, severity
from prismfs.rules.response.status import with_note

_NEW, _CAUSE = "started_at", "root_cause_id"
"""The one time that may be said for the first time, as others are of what has happened; and what is no time."""


class Correction(Value):
    """What `incident correct` says: the times that were otherwise, each of what has happened, the
    root cause as it is known now; and why."""

    started_at: Instant | None = None
    detected_at: Instant | None = None
    responded_at: Instant | None = None
    acknowledged_at: Instant | None = None
    mitigated_at: Instant | None = None
    resolved_at: Instant | None = None
    root_cause_id: Line | None = None
    reason: Text


def correct(draft: Draft) -> Nothing | None:
    """Put other times, or a root cause, in place of what an incident has, also of one that is over; the row keeps both.

    Raises:
        RefusedError: `not_found`, `is_duplicate`, `not_happened`, `in_the_future`, `times_out_of_order`,
            `too_many_notes`.
        RecordError: what the form refuses; with the field.
    """
    incident, document = facts.incident_of(draft), draft.event.document
    if incident.duplicate_of is not None:
        why, hint = f"it was merged into {incident.duplicate_of}", f"name {incident.duplicate_of} instead"
        raise RefusedError("is_duplicate", why, field="/id", hint=hint)
    form = Correction.from_document({name: document[name] for name in Correction.model_fields if name in document})
    said = {name: getattr(form, name) for name in Correction.model_fields if name != "reason"}
    said = {name: value for name, value in said.items() if value is not None and value != getattr(incident, name)}
    times = {name: at for name, at in said.items() if name != _CAUSE}
    if not said:
        return Nothing("it says so already", incident.id)
    missing = [name for name in times if name != _NEW and getattr(incident, name) is None]
    if missing:
        told = f"{' and '.join(missing)} has not happened, by what is known"
        raise RefusedError("not_happened", told, field=f"/{missing[0]}", hint=f"prismfs incident show {incident.id}")
    facts.check_past(draft, **times)
    changed = facts.as_told(with_note(draft, incident, form.reason).changed(**said), *times)
    facts.check_times(changed)
    draft.because("correct", f"{draft.event.actor} corrects {', '.join(said)}")
    if times:
        changed = severity.judge_targets(draft, owners.with_times(draft, changed) if changed.is_open else changed)
    draft.subject = draft.put(changed)
    before, after = incident.to_document(), changed.to_document()
    meta: dict[str, JsonValue] = {
        "before": {name: before.get(name) for name in said},
        "after": {name: after.get(name) for name in said},
    }
    facts.add_row(draft, "incident.corrected", draft.subject, meta=meta)
    if changed.is_open:
        draft.follow(Attend(changed.id, escalate=False))
    return None


TABLE: Table = {("command", "incident.correct"): Row((correct,))}
