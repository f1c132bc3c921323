"""What is due: records whose time has come, messages that may leave, and when something is due next."""

import hashlib
from collections.abc import Sequence
from datetime import datetime, timedelta

from prismfs.engine.event import engine_event
from prismfs.engine.turn.deliver import Capacity, is_routed
from prismfs.kinds import kind_of
from prismfs.kinds.core.outbox import Outbox
from prismfs.records.api import Document, Event, Record, View, canonical_json, format_instant

GROUP = 100
"""Events decided and committed together: where the cost of a commit stops falling."""

PATIENCE = timedelta(seconds=1)
"""When to look again at what is due and cannot be acted on now."""

_BACKLOG, _SHARE = 500, 100
"""Messages read together, and how many of one action: each receiver gets its share (C-82)."""

_MAY_LEAVE = ("pending", "unknown")
"""States in which a message waits for its due time to be sent."""


def due_event(record: Record) -> Event:
    """Return the event that a record's due time has come; its ids follow from that time.

    The cause names the record's whole state: a record that was changed and falls due at the same time again is
    another cause, one that is read again after a crash is the same.
    """
    name, identifier = kind_of(record).name, kind_of(record).name_of(record)
    due_at: datetime = getattr(record, "due_at")  # noqa: B009
    when = format_instant(due_at)
    state = hashlib.sha256(canonical_json(record.document)).hexdigest()[:16]
    document: Document = {"id": identifier, "due_at": when}
    return engine_event("due", name, cause=f"due:{identifier}:{when}:{state}", at=due_at, document=document)


def due_records(view: View, now: datetime) -> list[Record]:
    """Return a group of what is due, one instant after its time (R-004-22), and deliveries without a receipt."""
    overdue = [message for message in _due_messages(view, now) if message.status == "sending"]
    due: Sequence[Record] = view.due_before(now, GROUP)
    if any(awaits_command(record) for record in due):  # many that wait for a slow command hide no other
        due = view.due_before(now, GROUP, share=GROUP // 2)
    return [*due, *overdue]


def awaits_command(record: Record) -> bool:
    """Tell whether `record` is a triage whose command has not been asked yet."""
    if record.kind != "triage_record":
        return False
    from prismfs.kinds.care.triage_record import TriageRecord

    return isinstance(record, TriageRecord) and record.mode == "command" and record.asked_at is None


def outgoing_messages(view: View, now: datetime) -> list[Outbox]:
    """Return the messages that may leave by a channel now, those due first before others."""
    return [message for message in _leaving(view, now) if not is_routed(message)]


def crossing_messages(view: View, now: datetime) -> list[Outbox]:
    """Return the messages that go to another project now."""
    return [message for message in _leaving(view, now) if is_routed(message)]


def next_due(view: View, now: datetime, capacity: Capacity | None = None) -> datetime | None:
    """Return when something is due next; a message that has to wait for capacity is due again after `PATIENCE`."""
    message = view.next_due(of=Outbox)
    if message is not None and capacity is not None and min(capacity.messages, capacity.jobs) <= 0:
        soon = _due_messages(view, now + PATIENCE)
        fit = [
            one.due_at for one in soon if one.due_at is not None and (one.status == "sending" or capacity.allows(one))
        ]
        message = max(message, min(fit, default=now + PATIENCE))
    return min((at for at in (view.next_due(), message) if at is not None), default=None)


def _leaving(view: View, now: datetime) -> list[Outbox]:
    due = _due_messages(view, now + timedelta(milliseconds=1))
    return [message for message in due if message.status in _MAY_LEAVE]


def _due_messages(view: View, before: datetime) -> Sequence[Outbox]:
    return view.due_before(before, _BACKLOG, of=Outbox, share=_SHARE)
