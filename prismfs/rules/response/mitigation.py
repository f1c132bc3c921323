"""Mitigation: work on the impact begins, and the impact is gone or bearable while its cause is not known yet.

A command says so, or the gates of an incident's phases do (R-003-11).
"""

from prismfs.errors import RefusedError
from prismfs.kinds.response.incident import Incident
from prismfs.records.api import Nothing
from prismfs.rules.core.draft import Draft
from prismfs.rules.response.facts import meta_of
from prismfs.rules.response.status import with_note
from prismfs.rules.response.targets import responded

_WORKED_ON = ("triage", "mitigating", "mitigated")


def mitigate_incident(draft: Draft) -> Nothing | None:
    """Mark an incident as mitigated, or, with `begin`, as being mitigated.

    Raises:
        RefusedError: `not_found`, `retrying`, `not_open`, `too_many_notes`.
    """
    document = draft.event.document
    incident = draft.need(Incident, str(document["id"]))
    if not incident.is_open:
        raise RefusedError("not_open", f"it is {incident.status}", field="/id", hint="prismfs incident reopen ID")
    if incident.status == "retrying":
        raise RefusedError(
            "retrying",
            "its job is still tried again",
            field="/id",
            hint="prismfs incident resolve ID",
        )
    step = "mitigating" if document.get("begin") else "mitigated"
    if incident.status == step:
        return Nothing(f"it is {step} already", incident.id)
    note = str(document.get("note") or "")
    incident = with_note(draft, incident, note) if note else incident
    draft.because("mitigate", f"{draft.event.actor} says that it is {step}")
    draft.subject = begin(draft, incident) if step == "mitigating" else finish(draft, incident)
    return None


def begin(draft: Draft, incident: Incident) -> Incident:
    """Return `incident` as mitigating, with a row; unchanged where its state does not allow it."""
    if incident.status not in _WORKED_ON or incident.status == "mitigating":
        return incident
    changed = draft.put(responded(draft, incident).changed(status="mitigating"))
    draft.row(
        "incident.mitigating",
        changed,
        level="warn",
        reason=f"{draft.event.actor} works on its impact",
        meta=meta_of(changed),
    )
    return changed


def finish(draft: Draft, incident: Incident) -> Incident:
    """Return `incident` as mitigated, with a row; unchanged where its state does not allow it."""
    if incident.status not in _WORKED_ON or incident.status == "mitigated":
        return incident
    changed = draft.put(responded(draft, incident).changed(status="mitigated", mitigated_at=draft.now))
    draft.row(
        "incident.mitigated",
        changed,
        level="warn",
        reason=f"its impact is gone or bearable, says {draft.event.actor}",
        meta=meta_of(changed),
    )
    return changed
