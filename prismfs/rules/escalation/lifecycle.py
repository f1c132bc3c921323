"""The life of an open escalation: acknowledged, closed, raised while unanswered, open again unsettled (R-004, C-69)."""

from datetime import datetime, timedelta

from prismfs.errors import RefusedError
from prismfs.kinds.core.audit import Level
from prismfs.kinds.core.values import Note
from prismfs.kinds.escalation.escalation import Escalation
from prismfs.kinds.escalation.group import Group
from prismfs.kinds.response.incident import Incident
from prismfs.records.api import Id, JsonValue, Nothing, format_duration, format_instant, raised
from prismfs.rules.core.api import Draft, IncidentAnswered, IncidentOver, authority
from prismfs.rules.escalation import notices, tiers
from prismfs.rules.escalation.opening import announce

_LATE = timedelta(minutes=1)
"""A raise that comes so much after its time is marked as late (R-004-24)."""


def acknowledge_escalation(draft: Draft) -> Nothing | None:
    """Acknowledge an escalation: it is not raised any more (R-004-15).

    The document names one by `id` or by the `signature` that it was given (C-05), or by the `id` of a group all that
    are in it (C-81); each has a row of its own.
    """
    found = _named(draft)
    waiting = [bead for bead in found if bead.status == "open" and draft.event.actor not in tiers.answered_by(bead)]
    if not waiting:
        bead = next((each for each in found if each.status == "open"), found[0]) if found else None
        if bead is None:
            return Nothing("nothing that is not settled has this name")
        return Nothing(f"acknowledged already by {', '.join(tiers.answered_by(bead))}", bead.id)
    note = str(draft.event.document.get("note") or "") or None
    draft.because("acknowledge", f"{draft.event.actor} has it" if len(waiting) == 1 else f"{len(waiting)} of a group")
    for bead in waiting:
        draft.subject = answered = _acknowledge(draft, bead, note)
        wanted = tiers.acks_wanted(draft, bead)
        meta: dict[str, JsonValue] = {"acks": len(answered.acks), "wanted": wanted} if wanted > 1 else {}
        reason = f"{draft.event.actor} has it, {len(answered.acks)} of {wanted}" if wanted > 1 else None
        draft.row("escalation.acknowledged", answered, level="warn", reason=reason, meta=meta)
    return None


def _named(draft: Draft) -> list[Escalation]:
    """Return what an acknowledgement names and is not closed.

    Raises:
        RefusedError: `not_found`, `not_an_escalation`, `already_closed`.
    """
    document = draft.event.document
    if "id" not in document:
        found = draft.view.open_with_key(Escalation, f"key:{document['signature']}")
        return [] if found is None else [found]
    if not str(document["id"]).startswith("grp-"):
        return [tiers.open_escalation(draft)]
    group = draft.need(Group, str(document["id"]))
    members = [draft.need(Escalation, name) for name in dict.fromkeys(member.bead for member in group.members)]
    return [bead for bead in members if bead.status != "closed"]


def unacknowledge(draft: Draft) -> Nothing | None:
    """Withdraw an acknowledgement: the escalation is open again and its clock begins anew (R-004-15)."""
    bead = tiers.open_escalation(draft)
    if not tiers.answered_by(bead):
        return Nothing("nobody has acknowledged it", bead.id)
    draft.subject = opened = tiers.open_again(draft, bead)
    draft.because("take_back", f"{draft.event.actor} does not have it any more")
    draft.row("escalation.unacknowledged", draft.subject, level="warn")
    tiers.tell_tier(draft, opened, f"{draft.event.actor} does not have it any more", role="unack")
    return None


def close_escalation(draft: Draft) -> Nothing | None:
    """Close an escalation with the reason (R-004-18)."""
    bead = tiers.escalation_named(draft)
    if bead.status == "closed":
        return Nothing(f"closed already by {bead.closed_by}", bead.id)
    reason = str(draft.event.document.get("reason") or "")
    if not reason:
        raise RefusedError(
            "reason_missing", "an escalation is closed with a reason", field="/reason", hint="--reason TEXT"
        )
    draft.subject = close(draft, bead, reason)
    draft.because("close", f"{draft.event.actor} says that it is settled")
    draft.row("escalation.closed", draft.subject, level="warn")
    return None


def answer_with_incident(draft: Draft, asked: IncidentAnswered) -> None:
    """The step that answers `IncidentAnswered`: the incident's escalation is acknowledged with it."""
    bead = _of_incident(draft, asked.incident)
    if bead is not None and bead.status == "open" and draft.event.actor not in tiers.answered_by(bead):
        acknowledged = _acknowledge(draft, bead, None)
        draft.row("escalation.acknowledged", acknowledged, level="warn", reason="its incident is acknowledged")


def close_with_incident(draft: Draft, asked: IncidentOver) -> None:
    """The step that answers `IncidentOver`: the incident's escalation is closed with it."""
    bead = _of_incident(draft, asked.incident)
    if bead is not None and bead.status != "closed":
        status = draft.need(Incident, asked.incident).status
        closed = close(draft, bead, f"the incident is {status}")
        draft.row("escalation.closed", closed, level="warn", reason=f"its incident is {status}")


def escalation_due(draft: Draft) -> None:
    """Do what is due for an escalation by the present settings (R-004-21 to R-004-25, C-69).

    One that was not acknowledged in time is raised, one that was and is not settled is open again, hops are taken.
    """
    before = draft.need(Escalation, str(draft.event.document["id"]))
    bead = tiers.due(draft, before)
    if bead.raise_at is not None and draft.now > bead.raise_at:
        _raise(draft, bead, bead.raise_at)
    elif bead.lapse_at is not None and draft.now > bead.lapse_at:
        _lapse(draft, bead, bead.lapse_at)
    elif tiers.due_hop(draft, bead) is not None:
        draft.because("climb", "a hop of its chain is due")
        draft.subject = draft.put(bead)
        draft.follow(tiers.Climb(bead.id))
    else:
        # What made the due time is gone, such as a hop that a new setting does not have.
        draft.because("retime", "what it waited for is no more")
        draft.subject = draft.put(bead)
        draft.row("escalation.retimed", draft.subject)


def retime_open(draft: Draft) -> Nothing | None:
    """Give what is not settled the due times that follow from settings that were changed; each has a row (FD-18)."""
    changed = []
    for bead in draft.view.open_of(Escalation):
        retimed = tiers.due(draft, bead)
        if retimed != bead:
            changed.append(draft.put(retimed))
    if not changed:
        return Nothing("no deadline is another by these settings")
    draft.because("retime_open", f"the settings are others: {len(changed)} that are open have other deadlines")
    for bead in changed:
        told = None if bead.due_at is None else format_instant(bead.due_at)
        draft.row("escalation.retimed", bead, reason="the settings of escalation were changed", meta={"due_at": told})
    return None


def _lapse(draft: Draft, bead: Escalation, due: datetime) -> None:
    """Open an acknowledged escalation again that nobody settled: it begins at its first tier, and people are told."""
    who, holds = bead.acknowledged_by, tiers.ack_timeout(draft, bead)
    assert who is not None
    assert holds is not None
    anew = bead.changed(lapsed=bead.lapsed + 1, **tiers.anew(draft, bead))
    draft.subject = opened = tiers.open_again(draft, anew)
    said = f"{who} acknowledged it, and for {format_duration(holds)} nothing was heard of it"
    draft.because("lapse", said)
    meta: dict[str, JsonValue] = {"acknowledged_by": who}
    draft.row("escalation.lapsed", opened, level="warn", meta=meta | _late(draft, due))
    if authority.is_identity(draft.view, who) and who != opened.tier:
        tiers.tell(draft, opened, who, f"Your acknowledgement has lapsed: {said}", role="lapse")
    announce(draft, opened, f"Open again: {said}")


def _late(draft: Draft, due: datetime) -> dict[str, JsonValue]:
    late = draft.now - due
    return {"late_seconds": int(late.total_seconds())} if late > _LATE else {}


def _raise(draft: Draft, bead: Escalation, due: datetime) -> None:
    count = bead.reescalation_count + 1
    severity = raised(draft.policy.scales, bead.severity)
    stale = bead.changed(
        severity=severity, original_severity=bead.original_severity or bead.severity, reescalation_count=count,
        last_reescalated_at=draft.now,
    )  # fmt: skip
    draft.subject = stale = draft.put(tiers.timed(draft, stale, since=draft.now))
    settings = draft.escalation_policy
    waited = format_duration(draft.now - (bead.waiting_since or bead.began_at))
    said = f"nobody answered for {waited}, {count} of {settings.max_reescalations}"
    draft.because("raise", f"{said}: {bead.severity.label} to {severity.label}")
    meta: dict[str, JsonValue] = {"severity": severity.label, "count": count}
    meta["actions"] = [*notices.actions_of(draft, stale)]
    level: Level = "error" if severity.rank <= 1 else "warn"
    draft.row("escalation.raised", stale, level=level, meta=meta | _late(draft, due))
    announce(draft, stale, f"Raised from {bead.severity.label} to {severity.label}: {said}")


def _of_incident(draft: Draft, identifier: Id) -> Escalation | None:
    name = draft.need(Incident, identifier).escalation
    return None if name is None else draft.get(Escalation, name)


def _acknowledge(draft: Draft, bead: Escalation, note: str | None) -> Escalation:
    """Acknowledge `bead`, or count one more of the acknowledgements that it needs; return it (C-70)."""
    wanted, who = tiers.acks_wanted(draft, bead), draft.event.actor
    if wanted > 1:
        bead = bead.changed(acks=(*bead.acks, Note(by=who, at=draft.now, text=note or "")))
        if len(bead.acks) < wanted:
            return draft.put(bead)
    done = bead.changed(status="acknowledged", acknowledged_by=who, acknowledged_at=draft.now, acknowledged_note=note)
    done = draft.put(tiers.timed(draft, done, since=draft.now))
    notices.answered(draft, done)
    return done


def close(draft: Draft, bead: Escalation, reason: str) -> Escalation:
    """Close an escalation, and all that waited for it; return it as it is then."""
    done = bead.changed(status="closed", closed_by=draft.event.actor, closed_at=draft.now, closed_reason=reason)
    done = draft.put(tiers.untimed(done))
    notices.answered(draft, done)
    return done
