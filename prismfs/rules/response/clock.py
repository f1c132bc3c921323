"""The clock of an incident: what it waits for, and what happens when one of its timers lapses.

Each timer is a time in the record; the earliest of them is its due time. One that lapses is taken out, or set anew
by the rule that answers it.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from prismfs.kinds.response.incident import Incident
from prismfs.rules.core.draft import Draft
from prismfs.rules.response import owners, status_updates, targets, update_sla
from prismfs.rules.response.facts import meta_of, with_timers
from prismfs.rules.response.postmortem import duty

_LAPSED: dict[str, Callable[[Draft, Incident, datetime], None]] = {
    "respond": targets.respond_missed,
    "resolve": targets.resolve_missed,
    "hop": owners.hop_due,
    "update": status_updates.update_due,
    "promised": update_sla.promise_due,
    "review": duty.review_due,
}
"""The rule that answers each timer, in the order in which those of one instant are answered."""


def incident_due(draft: Draft) -> None:
    """Answer every timer of an incident that has lapsed, earliest first; each leaves a row (R-002-06, C-67)."""
    identifier = str(draft.event.document["id"])
    incident = draft.need(Incident, identifier)
    lapsed = [(at, name) for name in _LAPSED if (at := getattr(incident.timers, name)) is not None and at < draft.now]
    for at, name in sorted(lapsed, key=lambda timer: timer[0]):
        incident = draft.need(Incident, identifier)
        if getattr(incident.timers, name) != at:  # a rule before it answered it, or set it anew
            continue
        draft.put(with_timers(incident, **{name: None}))
        _LAPSED[name](draft, draft.need(Incident, identifier), at)
    incident = draft.need(Incident, identifier)
    if not draft.has_rows:  # such as a due time that somebody set by hand
        draft.because("retime", "what it waited for is no more")
        retimed = draft.put(with_timers(incident))
        draft.row("incident.retimed", retimed, level="warn", reason=draft.reason, meta=meta_of(retimed))
    draft.subject = draft.need(Incident, identifier)
