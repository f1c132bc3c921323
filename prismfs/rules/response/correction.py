"""Correcting the times of an incident: the time of a fact is not the time of its commit (FD-32)."""

from prismfs.errors import RefusedError
from prismfs.kinds.response.incident_forms import Correction
from prismfs.records.api import JsonValue, Nothing, format_instant
from prismfs.rules.core.api import Attend, Draft
from prismfs.rules.response import facts, owners, severity
from prismfs.rules.response.status import with_note

_NEW = "started_at"
"""The one time that may be said for the first time; others are of what has happened."""


def correct(draft: Draft) -> Nothing | None:
    """Put other times in place of those that an incident has, also of one that is over; the row keeps both.

    Raises:
        RefusedError: `not_found`, `is_duplicate`, `not_happened`, `in_the_future`, `times_out_of_order`,
            `too_many_notes`.
        RecordError: what the form refuses; with the field.
    """
    incident, document = facts.incident_of(draft), draft.event.document
    if incident.duplicate_of is not None:
        said, hint = f"it was merged into {incident.duplicate_of}", f"name {incident.duplicate_of} instead"
        raise RefusedError("is_duplicate", said, field="/id", hint=hint)
    form = Correction.from_document({name: document[name] for name in Correction.model_fields if name in document})
    wanted = {name: getattr(form, name) for name in Correction.model_fields if name != "reason"}
    times = {name: at for name, at in wanted.items() if at is not None and at != getattr(incident, name)}
    if not times:
        return Nothing("it says so already", incident.id)
    missing = [name for name in times if name != _NEW and getattr(incident, name) is None]
    if missing:
        told = f"{' and '.join(missing)} has not happened, by what is known"
        raise RefusedError("not_happened", told, field=f"/{missing[0]}", hint=f"prismfs incident show {incident.id}")
    facts.check_past(draft, **times)
    before = {name: getattr(incident, name) for name in times}
    changed = facts.as_told(with_note(draft, incident, form.reason).changed(**times), *times)
    facts.check_times(changed)
    draft.because("correct", f"{draft.event.actor} corrects {', '.join(times)}")
    changed = severity.judge_targets(draft, owners.with_times(draft, changed) if changed.is_open else changed)
    draft.subject = draft.put(changed)
    meta: dict[str, JsonValue] = {
        "before": {name: None if at is None else format_instant(at) for name, at in before.items()},
        "after": {name: format_instant(at) for name, at in times.items()},
    }
    facts.add_row(draft, "incident.corrected", draft.subject, meta=meta)
    if changed.is_open:
        draft.follow(Attend(changed.id, escalate=False))
    return None
