"""Merging an incident into another one: two reports of one fault (C-15, section on consolidation).

The worst severity of the two holds, and the worst that either ever had; the earliest start is kept, the newest words
are not. The merged one ends as a duplicate and names the other; what repeats it is counted there.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from prismfs.errors import RefusedError
from prismfs.kinds.care.signal import Signal
from prismfs.kinds.response.incident import AGENT, Incident
from prismfs.records.api import Id, Nothing
from prismfs.rules.core.draft import Draft
from prismfs.rules.core.follow_ups import Attend, Reply
from prismfs.rules.response import closing, owners, severity_change, targets
from prismfs.rules.response.facts import ENDED, check_times, merged_into, meta_of, signal_of
from prismfs.rules.response.status import facts_of_both


@dataclass(frozen=True, slots=True)
class TellMerged:
    """Tell everybody who reported one of two incidents that they are one."""

    member: Id
    into: Id


def merge_incident(draft: Draft) -> Nothing | None:
    """Merge the incident `id` into the incident `into`, which is both from then on.

    Raises:
        RefusedError: `not_found`, `merge_self`, `merge_circle`, `is_duplicate`, `closed`, `not_open`, `other_project`,
            `is_drill`.
    """
    document = draft.event.document
    member = draft.need(Incident, str(document["id"]))
    into = draft.need(Incident, str(document["into"]))
    if member.duplicate_of == into.id:
        return Nothing(f"merged into {into.id} already", member.id)
    _check(draft, member, into)
    draft.because("merge", f"{draft.event.actor} says that it is {into.id}")
    if member.is_open:
        member, into = targets.responded(draft, member), targets.responded(draft, into)
    ended = closing.end(draft, member.changed(duplicate_of=into.id), "duplicate", None)
    draft.subject = ended
    draft.row(
        "incident.merged", ended, level="warn", reason=f"merged into {into.id}", meta=meta_of(ended) | {"into": into.id}
    )
    _join(draft, member, into)
    draft.follow(TellMerged(member.id, into.id))
    return None


def tell_merged(draft: Draft, asked: TellMerged) -> None:
    """Tell everybody who reported one of two incidents where both are answered now; each once, in an own thread.

    The reports of the merged one are reports of the other from now on: their authors hear of its end.
    """
    member, into = draft.need(Incident, asked.member), draft.need(Incident, asked.into)
    told: set[tuple[str | None, str]] = set()
    for incident in (member, into):
        for signal in _reports(draft, incident):
            reporter = (signal.from_pid, signal.sender.casefold())
            if reporter in told:
                continue
            told.add(reporter)
            draft.follow(
                Reply(
                    signal,
                    role=f"merged:{signal.id}",
                    stage="duplicate",
                    body=f"{member.id} and {into.id} are one fault. It is answered as {into.id}, severity "
                    f"{into.severity.label}, and {into.owner} has it.",
                    subject=f"Merged: {incident.title}",
                    sender=into.owner,
                    type="IncidentUpdate",
                    incident=into,
                )
            )
    for signal in draft.view.with_ref(Signal, member.id):
        draft.put(draft.need(Signal, signal.id).changed(incident=into.id))


def _check(draft: Draft, member: Incident, into: Incident) -> None:
    if member.id == into.id:
        raise RefusedError("merge_self", "an incident is not merged into itself", field="/into", hint="--into OTHER")
    last = merged_into(draft, into)
    if last is not None and last.id == member.id:
        raise RefusedError(
            "merge_circle", f"{into.id} was merged into this one", field="/into", hint="they are one already"
        )
    for one, field in ((member, "/id"), (into, "/into")):
        if one.duplicate_of is not None:
            raise RefusedError(
                "is_duplicate", f"it was merged already, into {one.duplicate_of}", field=field,
                hint=f"name {one.duplicate_of} instead",
            )  # fmt: skip
        if one.status in (*ENDED, "in_review", "auto_resolved"):
            raise RefusedError("closed", f"it is {one.status}", field=field, hint="prismfs incident show ID")
    if member.is_open and not into.is_open:
        raise RefusedError(
            "not_open", f"an open incident is not merged into one that is {into.status}", field="/into",
            hint=f"prismfs incident reopen {into.id} --reason TEXT",
        )  # fmt: skip
    if member.reporter_pid != into.reporter_pid:
        raise RefusedError(
            "other_project", "two projects reported them, and neither may read of the other's", field="/into",
            hint="resolve each by itself",
        )  # fmt: skip
    if member.drill != into.drill:
        raise RefusedError("is_drill", "a drill and what is real are never one", field="/into")


def _join(draft: Draft, member: Incident, into: Incident) -> None:
    """Put `into` as the incident of both: reports added up, the earliest times, the worst severities."""
    joined = into.changed(
        count=into.count + member.count,
        last_seen_at=max(member.last_seen_at, into.last_seen_at),
        started_at=_of_both(min, member.started_at, into.started_at),
        detected_at=min(member.detected_at, into.detected_at),
        responded_at=_of_both(min, member.responded_at, into.responded_at),
        resolved_at=None if into.resolved_at is None else _of_both(max, member.resolved_at, into.resolved_at),
        sev_max=severity_change.worst(into.sev_max, member.sev_max),
        missed=tuple(target for target in targets.TARGETS if target in (*into.missed, *member.missed)),
        **facts_of_both(into, member),
    )
    check_times(joined)
    joined = draft.put(_timed(draft, joined))
    draft.row(
        "incident.joined",
        joined,
        level="warn",
        reason=f"{member.id} was merged into it, {joined.count} reports in all",
        meta=meta_of(joined) | {"member": member.id, "count": joined.count},
    )
    if member.severity.rank < joined.severity.rank:
        severity_change.make_worse(draft, joined, member.severity, f"{member.id} was merged into it")
    else:
        draft.follow(Attend(joined.id))


def _timed(draft: Draft, incident: Incident) -> Incident:
    """Return an open incident with the times that follow from a detection that is earlier now."""
    if not incident.is_open:
        return incident
    incident = targets.retarget(draft, incident)
    return incident if incident.level == AGENT else owners.with_hop_time(draft, incident)


def _of_both(
    choose: Callable[[list[datetime]], datetime], one: datetime | None, other: datetime | None
) -> datetime | None:
    known = [at for at in (one, other) if at is not None]
    return choose(known) if known else None


def _reports(draft: Draft, incident: Incident) -> list[Signal]:
    opened = signal_of(draft, incident)
    found = [] if opened is None else [opened]
    return found + [signal for signal in draft.view.with_ref(Signal, incident.id) if signal.to_pid is None]
