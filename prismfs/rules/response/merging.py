"""Merging an incident into another one: two reports of one fault (C-15, section on consolidation).

The worst severity of the two holds, and the worst that either ever had; the earliest start is kept, the newest words
are not. The merged one ends as a duplicate and names the other; what repeats it is counted there.
"""

from collections.abc import Callable
from datetime import datetime

from prismfs.errors import RefusedError
from prismfs.kinds.care.signal import Signal
from prismfs.kinds.response.incident import MOST_NOTES, BeforeMerge, Incident
from prismfs.records.api import Nothing
from prismfs.rules.core.api import AskForTriage, Attend, Draft, Reply
from prismfs.rules.response import facts, lifecycle, owners, severity, status


def merge_incident(draft: Draft) -> Nothing | None:
    """Merge the incident `id` into the incident `into`, which is both from then on.

    Raises:
        RefusedError: `not_found`, `merge_self`, `merge_circle`, `is_duplicate`, `closed`, `not_open`, `other_project`,
            `is_drill`.
    """
    member, into = facts.incident_of(draft), draft.need(Incident, str(draft.event.document["into"]))
    if member.duplicate_of == into.id:
        return Nothing(f"merged into {into.id} already", member.id)
    _check(draft, member, into)
    draft.because("merge", f"{draft.event.actor} says that it is {into.id}")
    if member.is_open:
        member, into = severity.responded(draft, member), severity.responded(draft, into)
    before = BeforeMerge(
        status=member.status,
        signals=tuple(signal.id for signal in draft.view.with_ref(Signal, member.id))[:MOST_NOTES],
        **{name: getattr(into, name) for name in _JOINED},
    )
    merged = member.changed(duplicate_of=into.id, before_merge=before)
    draft.subject = ended = lifecycle.end(draft, merged, "duplicate", None)
    facts.add_row(draft, "incident.merged", ended, reason=f"merged into {into.id}", meta={"into": into.id})
    _join(draft, member, into)
    draft.follow(facts.TellMerged(member.id, into.id))
    return None


def unmerge_incident(draft: Draft) -> Nothing | None:
    """Take a merge back: the incident is one of its own again, as it stood, with the reports that it had (FD-36).

    It is open as after a reopening, so that people hear of it. The other one has the times that it had, where it has
    that of the merged one, and counts its reports no more; how bad it is a person judges anew.

    Raises:
        RefusedError: `not_found`, `not_merged`, `is_duplicate`, `reason_missing`, `too_many_notes`.
    """
    member, reason = facts.incident_of(draft), str(draft.event.document.get("reason") or "")
    before = member.before_merge
    if member.duplicate_of is None or before is None:
        raise RefusedError("not_merged", f"it is {member.status}, and of its own", field="/id")
    if not reason:
        raise RefusedError(
            "reason_missing", "a merge is taken back with a reason", field="/reason", hint="--reason TEXT"
        )
    into = draft.need(Incident, member.duplicate_of)
    if into.duplicate_of is not None:
        hint = f"prismfs incident unmerge {into.id} --reason TEXT"
        raise RefusedError(
            "is_duplicate", f"{into.id} was merged, too, into {into.duplicate_of}", field="/id", hint=hint
        )
    draft.because("unmerge", f"{draft.event.actor} says that it is not {into.id}")
    again = status.with_note(draft, member, reason).changed(
        duplicate_of=None, before_merge=None, closed_at=None, closed_by=None, closed_reason=None
    )
    if before.status == "resolved":
        again = draft.put(again.changed(status="resolved"))
    else:
        again = lifecycle.as_open(draft, again, "triage" if before.status == "retrying" else before.status)
    draft.subject = again
    facts.add_row(draft, "incident.unmerged", again, reason=f"it is not {into.id}", meta={"into": into.id})
    _part(draft, member, into, before)
    for name in before.signals:
        signal = draft.get(Signal, name)
        if signal is not None and signal.incident == into.id:
            draft.put(signal.changed(incident=again.id))
    if again.is_open:
        draft.follow(AskForTriage(again.id, reason="its merge was taken back"))
        draft.follow(Attend(again.id))
        draft.follow(facts.TellReopened(again.id))
    return None


def _part(draft: Draft, member: Incident, into: Incident, before: BeforeMerge) -> None:
    """Put `into` without the reports and the times that it has of `member`."""
    times = {name: getattr(before, name) for name in _JOINED if getattr(into, name) == getattr(member, name)}
    parted = into.changed(count=max(1, into.count - member.count), **times)
    facts.check_times(parted)
    parted = draft.put(owners.with_times(draft, parted) if parted.is_open else parted)
    reason = f"{member.id} is none of it, {parted.count} reports are left"
    facts.add_row(draft, "incident.parted", parted, reason=reason, meta={"member": member.id, "count": parted.count})


def tell_merged(draft: Draft, asked: facts.TellMerged) -> None:
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


_JOINED = ("started_at", "detected_at", "responded_at", "resolved_at")
"""The times that a merge takes from either."""


def _check(draft: Draft, member: Incident, into: Incident) -> None:
    if member.id == into.id:
        raise RefusedError("merge_self", "an incident is not merged into itself", field="/into", hint="--into OTHER")
    last = facts.merged_into(draft, into)
    if last is not None and last.id == member.id:
        said = f"{into.id} was merged into this one"
        raise RefusedError("merge_circle", said, field="/into", hint="they are one already")
    for one, field in ((member, "/id"), (into, "/into")):
        if one.duplicate_of is not None:
            said = f"it was merged already, into {one.duplicate_of}"
            raise RefusedError("is_duplicate", said, field=field, hint=f"name {one.duplicate_of} instead")
        if one.status in (*facts.ENDED, "in_review", "auto_resolved"):
            raise RefusedError("closed", f"it is {one.status}", field=field, hint="prismfs incident show ID")
    if member.is_open and not into.is_open:
        said = f"an open incident is not merged into one that is {into.status}"
        raise RefusedError("not_open", said, field="/into", hint=f"prismfs incident reopen {into.id} --reason TEXT")
    if member.reporter_pid != into.reporter_pid:
        said = "two projects reported them, and neither may read of the other's"
        raise RefusedError("other_project", said, field="/into", hint="resolve each by itself")
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
        sev_max=severity.worst(into.sev_max, member.sev_max),
        missed=tuple(target for target in severity.TARGETS if target in (*into.missed, *member.missed)),
        **status.facts_of_both(into, member),
    )
    facts.check_times(joined)
    joined = draft.put(owners.with_times(draft, joined) if joined.is_open else joined)
    reason = f"{member.id} was merged into it, {joined.count} reports in all"
    facts.add_row(draft, "incident.joined", joined, reason=reason, meta={"member": member.id, "count": joined.count})
    if member.severity.rank < joined.severity.rank:
        severity.make_worse(draft, joined, member.severity, f"{member.id} was merged into it")
    else:
        draft.follow(Attend(joined.id))


def _of_both(
    choose: Callable[[list[datetime]], datetime], one: datetime | None, other: datetime | None
) -> datetime | None:
    known = [at for at in (one, other) if at is not None]
    return choose(known) if known else None


def _reports(draft: Draft, incident: Incident) -> list[Signal]:
    opened = facts.signal_of(draft, incident)
    found = [] if opened is None else [opened]
    return found + [signal for signal in draft.view.with_ref(Signal, incident.id) if signal.to_pid is None]
