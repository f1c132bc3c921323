"""The engine's loop stopped: an incident of the highest severity, one at a time (R-002-07).

What was overdue is not handled here: the turn that tells of it handles it as always, late (C-67).
"""

from datetime import datetime

from pydantic import JsonValue

from prismfs.kinds.core.bead import Bead
from prismfs.kinds.response.incident import Incident
from prismfs.records.api import MOST_URGENT, Nothing, format_instant, parse_instant, with_rank
from prismfs.rules.core.draft import ENGINE, Draft
from prismfs.rules.core.follow_ups import Attend
from prismfs.rules.response import opening

KEY = "watchdog:engine"
TITLE = "Engine loop stopped"
NATURE = "outage"


def engine_stopped(draft: Draft) -> Nothing | None:
    """Open the incident, or count one more stop on the one that is open.

    The event's document holds `heartbeat` (the last one of a watcher that is missing, or null), `overdue` (id and
    due_at of at most 20 records) and `count` (of all of them). Nothing, where another clone has handled all of it.
    """
    document = draft.event.document
    heartbeat = document.get("heartbeat")
    silent_since = parse_instant(str(heartbeat)) if heartbeat is not None else None
    overdue = _still_overdue(draft, document.get("overdue"))
    if silent_since is None and not overdue:
        return Nothing("what was overdue has been handled meanwhile")
    since = min(at for at in (silent_since, *overdue) if at is not None)
    because = _because(silent_since, overdue, int(str(document.get("count", 0))))
    known = draft.view.open_with_key(Incident, KEY)
    draft.because("watchdog", because)
    if known is not None:
        draft.subject = opening.count(draft, known, because)
        return None
    draft.subject = incident = _open(draft, since, because)
    draft.follow(Attend(incident.id))
    return None


def _open(draft: Draft, since: datetime, because: str) -> Incident:
    policy = draft.policy
    earlier = draft.view.latest_with_key(Incident, KEY)
    return opening.open_incident(
        draft,
        title=TITLE,
        nature=NATURE,
        severity=with_rank(policy.scales, MOST_URGENT, scale=policy.incident_scale),
        because=because,
        reporter=ENGINE,
        opened_by=None,
        key=KEY,
        started_at=min(since, draft.now),
        recurrence_of=None if earlier is None else earlier.id,
        meta={"heartbeat": draft.event.document["heartbeat"], "overdue": draft.event.document["count"]},
    )


def _still_overdue(draft: Draft, named: JsonValue) -> list[datetime]:
    """Return the due times of the records named that still wait for them: another clone may have been at work."""
    found = []
    for entry in named if isinstance(named, list) else ():
        assert isinstance(entry, dict)
        identifier, due_at = str(entry["id"]), parse_instant(str(entry["due_at"]))
        record = draft.get(Incident, identifier) or draft.get(Bead, identifier)
        if record is not None and record.due_at == due_at:
            found.append(due_at)
    return found


def _because(silent_since: datetime | None, overdue: list[datetime], count: int) -> str:
    """Return the reason in one line; nothing in it comes from a file that an agent may write but an instant."""
    said = [] if silent_since is None else [f"the watcher was last heard of at {format_instant(silent_since)}"]
    if overdue:
        many = "1 deadline is" if count == 1 else f"{max(count, len(overdue))} deadlines are"
        said.append(f"{many} overdue, the oldest since {format_instant(min(overdue))}")
    return "; ".join(said)
