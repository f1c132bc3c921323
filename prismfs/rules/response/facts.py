"""What several rules about an incident need: the meta of its rows, the words of its mails, its times."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from itertools import combinations, product
from typing import NamedTuple

from prismfs.errors import RefusedError
from prismfs.kinds.care.signal import Signal
from prismfs.kinds.care.triage_record import TriageRecord
from prismfs.kinds.core.audit import INCIDENT_META, Level
from prismfs.kinds.response.incident import TIMES_IN_ORDER, Incident
from prismfs.records.api import MAX_TEXT, Id, Instant, JsonValue, Known, Severity, Value, format_instant
from prismfs.rules.core.draft import Draft

ENGINE_KEY = "watchdog:engine"
"""The key of incidents that say that the engine's loop stopped."""

ENDED = ("closed", "duplicate", "false_positive")
"""States that an incident never leaves."""


class TimeOfFact(Value):
    """When what a command tells of happened, where that was before the command."""

    at: Instant | None = None


@dataclass(frozen=True, slots=True)
class SetTargets:
    """Give an incident that was opened the targets of its severity."""

    incident: Id


@dataclass(frozen=True, slots=True)
class TellReporter:
    """Answer the reporter of a signal that was counted on an incident, or whose triage waits."""

    signal: Id


@dataclass(frozen=True, slots=True)
class TellReopened:
    """Tell everybody who reported an incident that it is open again."""

    incident: Id


@dataclass(frozen=True, slots=True)
class TellMerged:
    """Tell everybody who reported one of two incidents that they are one."""

    member: Id
    into: Id


@dataclass(frozen=True, slots=True)
class PauseLifted:
    """Release what waited for the pause `name`."""

    name: str


class Lapse(NamedTuple):
    """What a timer of an incident came to when it lapsed: the rule that answered it, and why."""

    rule: str
    reason: str


def meta_of(incident: Incident) -> dict[str, JsonValue]:
    """Return the meta that every row of an incident carries, null where unknown (R-002-41)."""
    affected = incident.affected
    known: dict[str, JsonValue] = {
        "severity": incident.severity.label,
        "affected_workflow": _names(incident.affected_workflow, affected.workflows),
        "affected_agent": _names(incident.affected_agent, affected.agents) or incident.reporter,
        "retry_attempts": incident.retry_attempts,
        "auto_resolved": incident.auto_resolved,
        "escalation_target": None,
    }
    return {name: known[name] for name in INCIDENT_META}


def _names(first: str | None, others: Iterable[str]) -> str | None:
    """Return all names in one text, each once; None without any."""
    named = {name.casefold(): name for name in (*([] if first is None else [first]), *others)}
    return ", ".join(named.values()) or None


def add_row(
    draft: Draft,
    action: str,
    incident: Incident,
    *,
    level: Level = "warn",
    reason: str | None = None,
    meta: Mapping[str, JsonValue] | None = None,
) -> None:
    """Add the row of `action` on an incident: its meta, and `meta`; the reason is the decision's unless given."""
    said = draft.reason if reason is None else reason
    draft.row(action, incident, level=level, reason=said, meta={**meta_of(incident), **(meta or {})})


def incident_of(draft: Draft) -> Incident:
    """Return the incident that the event names by its `id`.

    Raises:
        RefusedError: `not_found`.
    """
    return draft.need(Incident, str(draft.event.document["id"]))


def priority_of(severity: Severity) -> str:
    """Return the priority of a mail about an incident of this severity."""
    return ("urgent", "high", "normal", "low")[severity.rank]


def in_charge(incident: Incident) -> tuple[str, ...]:
    """Return who answers for the incident: its owner, and before it whom it was handed over to, each once."""
    lead = incident.lead
    return (incident.owner,) if lead is None or lead.casefold() == incident.owner.casefold() else (lead, incident.owner)


def subject_of(incident: Incident) -> str:
    """Return the subject of a mail about the incident; the title of a drill says itself that it is one."""
    return f"{incident.severity.label} {incident.title}"


def mail(
    draft: Draft,
    incident: Incident,
    to: str | Iterable[str],
    role: str,
    *,
    subject: str,
    body: str,
    type: str = "task",
    sender: str | None = None,
    known: Known = "engine",
    priority: str | None = None,
) -> None:
    """Send a mail about an incident to one, or to each of several once; as urgent as the incident unless it says so.

    `role` is as for `Draft.mail`; of several each has one of their own.
    """
    names = {role: to} if isinstance(to, str) else {f"{role}:{name.casefold()}": name for name in to}
    urgency = priority or priority_of(incident.severity)
    for own, name in names.items():
        draft.mail(
            name, role=own, type=type, subject=subject, body=body, about=incident, sender=sender, known=known,
            priority=urgency,
        )  # fmt: skip


def with_tail(text: str, tail: str) -> str:
    """Return `text` and `tail` as paragraphs, an empty one left out; so much of `text` that both fit into a mail."""
    room = MAX_TEXT - len(tail.encode()) - 2
    return "\n\n".join(part for part in (text.encode()[:room].decode(errors="ignore"), tail) if part)


def is_judged(draft: Draft, incident: Incident) -> bool:
    """Tell whether the severity was judged; one that is only proposed waits in the triage record.

    An approved assessment is a judgement, too: its label is the severity's source. So is what was taken over
    from an incident that was merged, or said by a person who reported it again: it is in the history.
    """
    record = None if incident.triage is None else draft.get(TriageRecord, incident.triage)
    said = incident.severity.source is not None or bool(incident.severity_history)
    return said or record is None or record.status != "waiting"


def signal_of(draft: Draft, incident: Incident) -> Signal | None:
    """Return the signal that opened the incident, None where the desk opened it by itself."""
    return None if incident.opened_by is None else draft.get(Signal, incident.opened_by)


def with_timers(incident: Incident, **set_to: datetime | None) -> Incident:
    """Return `incident` with these timers set, or taken out, and the due time that follows from all of them."""
    timers = incident.timers.changed(**set_to)
    times = [at for name in type(timers).model_fields if (at := getattr(timers, name)) is not None]
    return incident.changed(timers=timers, due_at=min(times, default=None))


def merged_into(draft: Draft, incident: Incident | None) -> Incident | None:
    """Return what `incident` was merged into, however often; itself where it was not."""
    while incident is not None and incident.duplicate_of is not None:
        incident = draft.get(Incident, incident.duplicate_of)
    return incident


def who_has(draft: Draft, incident: Incident) -> str:
    """Return the sentence that says who has an acknowledged incident, and to another one how to take over (FD-34)."""
    actor, has_it = draft.event.actor, incident.responder
    said = f"acknowledged already by {incident.acknowledged_by}"
    if has_it.casefold() == actor.casefold():
        return f"{said}; you have it"
    return f"{said}; {has_it} has it. To take over: prismfs incident hand-over {incident.id} --to {actor}"


def who_updates(draft: Draft, incident: Incident) -> tuple[str, ...]:
    """Return who is to give status updates: who has that role, else who answers for the incident."""
    names = {each.role for each in draft.response.roles if each.updates}
    found = tuple(each.identity for each in incident.roles if each.role in names)
    return found or in_charge(incident)


def without_lead(incident: Incident) -> Incident:
    """Return `incident` as nobody's by a hand-over: whoever acknowledges it has it."""
    kept = tuple(each for each in incident.roles if not each.leads)
    return incident if len(kept) == len(incident.roles) else incident.changed(roles=kept)


def time_of_fact(draft: Draft) -> datetime | None:
    """Return when what the command tells of happened, None where it says nothing of it: now (FD-32).

    Raises:
        RefusedError: `in_the_future`.
        RecordError: it is no instant.
    """
    at = TimeOfFact.from_document({"at": draft.event.document.get("at")}).at
    check_past(draft, at=at)
    return at


def check_past(draft: Draft, **times: datetime | None) -> None:
    """Accept times of what has happened: none of them is in the future.

    Raises:
        RefusedError: `in_the_future`, naming all that are.
    """
    ahead = [name for name, at in times.items() if at is not None and at > draft.now]
    if ahead:
        said = f"{' and '.join(ahead)} of what has happened is in the future"
        raise RefusedError("in_the_future", said, field=f"/{ahead[0]}", hint=f"it is {format_instant(draft.now)}")


def as_told(incident: Incident, *names: str) -> Incident:
    """Return `incident` with a mark at these times: a person told them afterwards."""
    return incident.changed(corrected=tuple(sorted({*incident.corrected, *names})))


def check_times(incident: Incident) -> None:
    """Accept an incident whose times are in order (`TIMES_IN_ORDER`); those that are known.

    Raises:
        RefusedError: `times_out_of_order`, naming each pair that is not.
    """
    known = [[(name, at) for name in place if (at := getattr(incident, name)) is not None] for place in TIMES_IN_ORDER]
    found = [
        (before, after)
        for earlier, later in combinations(known, 2)
        for (before, first), (after, second) in product(earlier, later)
        if first > second
    ]
    if found:
        said = "; ".join(f"{before} is later than {after}" for before, after in found)
        hint = "the order is: started, detected, responded, acknowledged or mitigated, resolved, closed"
        raise RefusedError("times_out_of_order", said, field=f"/{found[0][0]}", hint=hint)
