"""The watchdog: the next watcher or `react` reports that the engine's loop stood still, and since when.

Two things say so: a deadline of an unanswered incident or escalation that lies further back than `late` in
`settings/response.yaml`, and a watcher that was at work and was not heard of for that long (R-002-07). A watcher that
said that it stops is not missing; what fell due meanwhile counts all the same.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from prismfs.delivery.folder import opened
from prismfs.engine.event import engine_event
from prismfs.engine.turn.commit_group import Outcome, commit_group
from prismfs.engine.turn.desk import Desk
from prismfs.errors import Problem, RecordError, StoreError
from prismfs.kinds.core.audit import Audit
from prismfs.kinds.core.bead import Bead
from prismfs.kinds.escalation.escalation import Escalation
from prismfs.kinds.response.incident import Incident
from prismfs.kinds.response.settings.response import Response
from prismfs.records.api import Document, Event, Record, View, codec, format_instant, parse_instant
from prismfs.rules.response.api import ENGINE_KEY

FILE = "health.json"
"""In `run/`: the last state that the watcher wrote."""

STOPPED = "stopped"
"""The state of a watcher that was stopped in order."""

MOST_NAMED = 20
"""Overdue records that an event names; all of them are counted."""

_MOST_READ = 1000
"""Overdue records of one kind looked at; normally there is none."""

_MOST_FILE = 64 * 1024  # bytes


@dataclass(frozen=True, slots=True)
class Heartbeat:
    """The last heartbeat of a watcher: its time and state, `watching`, `failing` or `stopped`.

    `sharing` is the problem that kept it from sharing the project, with `since`, None where nothing did.
    """

    at: datetime
    state: str
    sharing: Document | None = None


def read_heartbeat(root: Path) -> Heartbeat | None:
    """Return the last watcher's heartbeat of the project at `root`; None without a valid file."""
    try:
        with opened(root, "run", create=False) as folder:
            data = None if folder is None else folder.read(FILE, most=_MOST_FILE)
        told = {} if data is None else codec.parse(data, format="json")
        sharing = told.get("sharing")
        if sharing is not None:
            assert isinstance(sharing, dict)
            Problem.from_document(sharing)
            parse_instant(str(sharing["since"]))
        return Heartbeat(parse_instant(str(told["at"])), str(told["state"]), sharing)
    except (StoreError, RecordError, LookupError, ValueError, TypeError, AssertionError):
        return None


def report_standstill(desk: Desk, now: datetime, heartbeat: Heartbeat | None) -> list[Outcome]:
    """Commit that the engine's loop stood still, if it did and that is not reported yet.

    What is overdue stays due: the turn that follows handles it as always (C-67).

    Raises:
        ConfigError: `invalid_setting`.
        ConflictError, StoreError: nothing was committed; the next look finds the same.
    """
    found = standstill_events(desk, now, heartbeat)
    if not found:
        return []
    with desk.repo.writer():
        return commit_group(desk, found, now)


def standstill_events(desk: Desk, now: datetime, heartbeat: Heartbeat | None) -> list[Event]:
    """Return the event that the loop stood still; none where it did not, or where that is reported already.

    Its cause is the heartbeat, or else the oldest deadline, so that the same standstill is reported once. What was
    overdue at the last report is known, and hides nothing that is overdue since, whether or not it can be handled.
    """
    view = desk.view()
    late = late_of(view)
    incident = view.latest_with_key(Incident, ENGINE_KEY)
    told = None if incident is None or incident.last_seen_at > now else incident.last_seen_at
    found = [(due_at, name) for due_at, name in overdue(view, now, late) if told is None or due_at >= told - late]
    since = heartbeat.at if heartbeat is not None and is_silent(heartbeat, now, late) else None
    causes = [] if since is None else [f"watchdog:heartbeat:{format_instant(since)}"]
    causes += [f"watchdog:overdue:{name}:{format_instant(due_at)}" for due_at, name in found[:1]]
    cause = next((cause for cause in causes if not view.handled(cause)), None)
    if cause is None:
        return []
    document: Document = {
        "heartbeat": None if since is None else format_instant(since),
        "overdue": [{"id": name, "due_at": format_instant(due_at)} for due_at, name in found[:MOST_NAMED]],
        "count": len(found),
    }
    return [engine_event("watchdog", "engine", cause=cause, at=now, document=document)]


def late_of(view: View) -> timedelta:
    """Return how far past its time something must be before the engine counts as stopped.

    Raises:
        ConfigError: `invalid_setting`.
    """
    return view.single(Response).late


def is_silent(heartbeat: Heartbeat, now: datetime, late: timedelta) -> bool:
    """Tell whether a watcher that was not stopped has sent no heartbeat for longer than `late`."""
    return heartbeat.state != STOPPED and now - heartbeat.at > late


def overdue(view: View, now: datetime, late: timedelta) -> list[tuple[datetime, str]]:
    """Return deadline and id of the open, unanswered incidents and escalations that are overdue by more than `late`.

    The one due first comes first. One that the engine wrote a row about since was looked after until then: a deadline
    may have been set when it had passed already, such as by a severity that became worse.
    """
    before = now - late
    waiting: list[Record] = [
        *view.due_before(before, _MOST_READ, of=Incident),
        *view.due_before(before, _MOST_READ, of=Bead),
    ]
    return sorted(
        (record.due_at, record.id)
        for record in waiting
        if isinstance(record, Incident | Escalation)
        and record.due_at is not None
        and is_unanswered(record)
        and not _was_looked_after(view, record.id, before)
    )


def is_unanswered(record: Incident | Escalation) -> bool:
    """Tell whether an incident or escalation is open and not acknowledged."""
    if isinstance(record, Incident):
        return record.is_open and record.acknowledged_at is None
    return record.status == "open"


def _was_looked_after(view: View, identifier: str, since: datetime) -> bool:
    return any(row.at >= since for row in view.with_ref(Audit, identifier))
