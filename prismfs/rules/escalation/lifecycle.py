"""The life of an open escalation: acknowledged, closed, and raised while unanswered (R-004)."""

from datetime import datetime, timedelta

from prismfs.errors import RefusedError
from prismfs.kinds.core.audit import Level
from prismfs.kinds.escalation.escalation import Escalation
from prismfs.kinds.response.incident import Incident
from prismfs.records.api import Id, JsonValue, Nothing, raised
from prismfs.rules.core.api import Draft, IncidentAnswered, IncidentOver
from prismfs.rules.escalation import groups, notices, tiers
from prismfs.rules.escalation.opening import announce

_LATE = timedelta(minutes=1)
"""A raise that comes so much after its time is marked as late (R-004-24)."""


def acknowledge_escalation(draft: Draft) -> Nothing | None:
    """Acknowledge an escalation: it is not raised any more (R-004-15)."""
    bead = tiers.open_escalation(draft)
    if bead.status == "acknowledged":
        return Nothing(f"acknowledged already by {bead.acknowledged_by}", bead.id)
    note = draft.event.document.get("note")
    draft.subject = _acknowledge(draft, bead, str(note) if note else None)
    draft.because("acknowledge", f"{draft.event.actor} has it")
    draft.row("escalation.acknowledged", draft.subject, level="warn")
    return None


def unacknowledge(draft: Draft) -> Nothing | None:
    """Withdraw an acknowledgement: the escalation is open again and its clock begins anew (R-004-15)."""
    bead = tiers.open_escalation(draft)
    if bead.status == "open":
        return Nothing("nobody has acknowledged it", bead.id)
    opened = draft.put(tiers.timed(draft, tiers.reopened(bead), since=draft.now))
    draft.subject = opened
    groups.wake(draft, opened)
    draft.because("take_back", f"{draft.event.actor} does not have it any more")
    draft.row("escalation.unacknowledged", draft.subject, level="warn")
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
    if bead is not None and bead.status == "open":
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
    """Raise an escalation that was not acknowledged in time, and take the hops that are due (R-004-21 to R-004-25)."""
    bead = draft.need(Escalation, str(draft.event.document["id"]))
    if bead.reescalation_count >= draft.escalation_policy.max_reescalations:
        bead = bead.changed(raise_at=None)  # the maximum may be lower now than when the time was set
    if bead.raise_at is not None and draft.now > bead.raise_at:
        _raise(draft, bead, bead.raise_at)
    elif tiers.due_hop(draft, bead) is not None:
        draft.because("climb", "a hop of its chain is due")
        draft.subject = draft.put(bead)
        draft.follow(tiers.Climb(bead.id))
    else:
        # What made the due time is gone, such as a hop that a new setting does not have.
        draft.because("retime", "what it waited for is no more")
        draft.subject = draft.put(tiers.due(draft, bead))
        draft.row("escalation.retimed", draft.subject)


def _raise(draft: Draft, bead: Escalation, due: datetime) -> None:
    count = bead.reescalation_count + 1
    severity = raised(draft.policy.scales, bead.severity)
    stale = bead.changed(
        severity=severity, original_severity=bead.original_severity or bead.severity, reescalation_count=count,
        last_reescalated_at=draft.now,
    )  # fmt: skip
    draft.subject = stale = draft.put(tiers.timed(draft, stale, since=draft.now))
    waited = draft.escalation_policy.stale_threshold
    draft.because("raise", f"nobody answered for {waited}: {bead.severity.label} to {severity.label}")
    meta: dict[str, JsonValue] = {"severity": severity.label, "count": count}
    meta["actions"] = [*notices.actions_of(draft, stale)]
    if draft.now - due > _LATE:
        meta["late_seconds"] = int((draft.now - due).total_seconds())
    level: Level = "error" if severity.rank <= 1 else "warn"
    draft.row("escalation.raised", stale, level=level, meta=meta)
    announce(draft, stale)


def _of_incident(draft: Draft, identifier: Id) -> Escalation | None:
    name = draft.need(Incident, identifier).escalation
    return None if name is None else draft.get(Escalation, name)


def _acknowledge(draft: Draft, bead: Escalation, note: str | None) -> Escalation:
    done = bead.changed(
        status="acknowledged", acknowledged_by=draft.event.actor, acknowledged_at=draft.now, acknowledged_note=note
    )
    done = draft.put(tiers.untimed(done))
    notices.answered(draft, done)
    return done


def close(draft: Draft, bead: Escalation, reason: str) -> Escalation:
    """Close an escalation, and all that waited for it; return it as it is then."""
    done = bead.changed(status="closed", closed_by=draft.event.actor, closed_at=draft.now, closed_reason=reason)
    done = draft.put(tiers.untimed(done))
    notices.answered(draft, done)
    return done
