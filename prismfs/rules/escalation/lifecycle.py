"""Escalations: opened, counted, acknowledged, closed, and raised while nobody answers (R-004)."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from pydantic import JsonValue

from prismfs.errors import RefusedError
from prismfs.kinds.core.audit import Level
from prismfs.kinds.core.outbox import Outbox
from prismfs.kinds.core.settings.fingerprint import Fingerprint
from prismfs.kinds.work.bead import Escalation, EscalationDrop
from prismfs.records.plan import Nothing
from prismfs.records.severity import Severity, raised, read_label
from prismfs.rules.core.draft import Draft
from prismfs.rules.core.fingerprint import fingerprint
from prismfs.rules.core.follow_ups import Attention, MakeLouder
from prismfs.rules.core.form import form_of, redactions_of
from prismfs.rules.escalation import groups, hold, tiers, timers, undeliverable
from prismfs.rules.escalation import notices as notify

_LATE = timedelta(minutes=1)
"""A raise that comes so much after its time is marked as late (R-004-24)."""


def escalate(draft: Draft) -> None:
    """Open an escalation that an agent or person asks for, or count a repeat of it (R-004-14, R-004-26).

    A repeat of one that was closed within the window is counted on it, unless it is louder.
    """
    form = form_of(draft)
    assert isinstance(form, EscalationDrop)
    wanted = _wanted(draft, form)
    assert wanted.signature is not None
    known = draft.view.latest_with_key(Escalation, wanted.signature)
    if known is None:
        draft.subject = call_attention(draft, wanted)
        return
    window = draft.policy.dedup_window if form.dedup_window is None else form.dedup_window
    louder = wanted.severity.rank < known.severity.rank
    recent = known.closed_at is not None and draft.now - known.closed_at <= window
    if known.status != "closed" or (recent and not louder):
        _count(draft, known, wanted)
    else:
        draft.subject = call_attention(draft, wanted, recurrence_of=known)


def call_attention(draft: Draft, wanted: Attention, *, recurrence_of: Escalation | None = None) -> Escalation:
    """Open an escalation, put its first notices into the outbox, and say when it is raised if unanswered."""
    identifier = draft.new_id("bea")
    bead = Escalation(
        id=identifier,
        pid=draft.project.pid,
        type="escalation",
        title=wanted.title,
        body=wanted.body,
        severity=wanted.severity,
        category=wanted.category,
        source=wanted.source,
        reporter=wanted.reporter,
        tier=wanted.tier or draft.routing.chain_of(wanted.category)[0],
        labels=wanted.labels,
        related=wanted.related,
        signature=wanted.signature or f"id:{identifier}",
        recurrence_of=None if recurrence_of is None else recurrence_of.id,
        created_at=draft.now,
        last_seen_at=draft.now,
        status="open",
        redactions=wanted.redactions,
    )
    bead = draft.put(timers.timed(draft, bead, since=draft.now))
    hold.begin_inhibiting(draft, bead)
    notices = notify.notify(draft, bead)
    said = f"severity {bead.severity.label} begins at tier {bead.tier}"
    if draft.subject is None:
        draft.because("escalate", said)
    draft.row(
        "escalation.created",
        bead,
        level="warn",
        reason=said,
        meta={"severity": bead.severity.label, "tier": bead.tier, "actions": _actions(notices)},
    )
    bead = undeliverable.check_notices(draft, bead, notices)
    return tiers.climb(draft, bead)


def make_louder(draft: Draft, bead: Escalation, severity: Severity) -> Escalation:
    """Let an open escalation go the way of `severity` at once: what it is about is worse than was known."""
    first = bead.original_severity or bead.severity
    louder = draft.put(timers.due(draft, bead.changed(severity=severity, original_severity=first)))
    hold.begin_inhibiting(draft, louder)
    notices = notify.notify(draft, louder)
    draft.row(
        "escalation.louder",
        louder,
        level="error" if severity.rank <= 1 else "warn",
        reason=f"{bead.severity.label} to {severity.label}: it was judged worse",
        meta={"severity": severity.label, "actions": _actions(notices)},
    )
    return tiers.climb(draft, undeliverable.check_notices(draft, louder, notices))


def open_for(draft: Draft, wanted: Attention) -> None:
    """The step that answers `Attention`: it is no repeat, so an escalation of its own is opened."""
    call_attention(draft, wanted)


def louder_for(draft: Draft, asked: MakeLouder) -> None:
    """The step that answers `MakeLouder`."""
    make_louder(draft, draft.need(Escalation, asked.escalation), asked.severity)


def acknowledge_escalation(draft: Draft) -> Nothing | None:
    """Somebody has it: it is not raised any more (R-004-15)."""
    bead = tiers.open_escalation(draft)
    if bead.status == "acknowledged":
        return Nothing(f"acknowledged already by {bead.acknowledged_by}", bead.id)
    note = draft.event.document.get("note")
    draft.subject = _acknowledge(draft, bead, str(note) if note else None)
    draft.because("acknowledge", f"{draft.event.actor} has it")
    draft.row("escalation.acknowledged", draft.subject, level="warn", reason=draft.reason)
    return None


def take_back(draft: Draft) -> Nothing | None:
    """Take an acknowledgement back: the escalation is open again and its clock begins anew (R-004-15)."""
    bead = tiers.open_escalation(draft)
    if bead.status == "open":
        return Nothing("nobody has acknowledged it", bead.id)
    opened = draft.put(timers.timed(draft, opened_again(bead), since=draft.now))
    draft.subject = opened
    groups.wake(draft, opened)
    draft.because("take_back", f"{draft.event.actor} does not have it any more")
    draft.row("escalation.unacknowledged", draft.subject, level="warn", reason=draft.reason)
    return None


def opened_again(bead: Escalation) -> Escalation:
    """Return `bead` as nobody has it any more; without due times yet."""
    return bead.changed(status="open", acknowledged_by=None, acknowledged_at=None, acknowledged_note=None)


def close_escalation(draft: Draft) -> Nothing | None:
    """The matter is settled, with the reason (R-004-18)."""
    bead = tiers.escalation_named(draft)
    if bead.status == "closed":
        return Nothing(f"closed already by {bead.closed_by}", bead.id)
    reason = str(draft.event.document.get("reason") or "")
    if not reason:
        raise RefusedError(
            "reason_missing", "an escalation is closed with a reason", field="/reason", hint="--reason TEXT"
        )
    draft.subject = _close(draft, bead, reason)
    draft.because("close", f"{draft.event.actor} says that it is settled")
    draft.row("escalation.closed", draft.subject, level="warn", reason=draft.reason)
    return None


def follow_incident(draft: Draft) -> None:
    """Let an incident's own escalation be answered and closed with it."""
    incident = draft.subject
    name = getattr(incident, "escalation", None)
    bead = None if name is None else draft.get(Escalation, name)
    if bead is None or bead.status == "closed":
        return
    if not getattr(incident, "is_open", True):
        status = str(getattr(incident, "status", ""))
        closed = _close(draft, bead, f"the incident is {status}")
        draft.row("escalation.closed", closed, level="warn", reason=f"its incident is {status}")
    elif bead.status == "open":
        acknowledged = _acknowledge(draft, bead, None)
        draft.row("escalation.acknowledged", acknowledged, level="warn", reason="its incident is acknowledged")


def escalation_due(draft: Draft) -> None:
    """Raise an escalation that nobody acknowledged in time, and take the hops that are due (R-004-21 to R-004-25)."""
    bead = draft.need(Escalation, str(draft.event.document["id"]))
    if bead.reescalation_count >= draft.escalation_policy.max_reescalations:
        bead = bead.changed(raise_at=None)  # the maximum may be lower now than when the time was set
    if bead.raise_at is not None and draft.now > bead.raise_at:
        bead = _raise(draft, bead, bead.raise_at)
    else:
        draft.because("climb", "a hop of its chain is due")
    draft.subject = tiers.climb(draft, bead)
    if not draft.has_rows:
        # What made the due time is gone, such as a hop that a new setting does not have.
        draft.because("retime", "what it waited for is no more")
        draft.subject = draft.put(timers.due(draft, bead))
        draft.row("escalation.retimed", draft.subject, reason=draft.reason)


def _wanted(draft: Draft, form: EscalationDrop) -> Attention:
    policy, routing = draft.policy, draft.routing
    if form.category is not None and form.category not in routing.categories:
        hint = f"one of {', '.join(routing.categories)}"
        raise RefusedError("unknown_category", "no such category", field="/category", hint=hint)
    if form.to is not None and form.to not in routing.known_tiers:
        hint = f"one of {', '.join(routing.known_tiers)}"
        raise RefusedError("unknown_tier", "no such tier", field="/to", hint=hint)
    source = form.source or f"agent:{form.sender}"
    parts = {"source": source, "category": form.category or "", "title": form.title, "body": form.body}
    own = fingerprint(
        draft.view.single(Fingerprint), "escalation", {name: text for name, text in parts.items() if text}
    )
    return Attention(
        severity=read_label(policy.scales, form.severity, scale=policy.escalation_scale),
        title=form.title,
        body=form.body,
        source=source,
        reporter=form.sender,
        category=form.category,
        tier=form.to,
        related=form.related,
        signature=own if form.signature is None else f"key:{form.signature}",
        labels=dict(form.labels),
        redactions=redactions_of(draft),
    )


def _count(draft: Draft, bead: Escalation, wanted: Attention) -> None:
    """Count one more of the same; a louder one raises it at once, unless somebody has settled it.

    Who acknowledged it did so for less, so it is open again.
    """
    louder = bead.status != "closed" and wanted.severity.rank < bead.severity.rank
    counted = bead.changed(occurrence_count=bead.occurrence_count + 1, last_seen_at=draft.now)
    if louder:
        first = bead.original_severity or bead.severity
        counted = timers.due(draft, counted.changed(severity=wanted.severity, original_severity=first))
    if louder and bead.status == "acknowledged":
        counted = timers.timed(draft, opened_again(counted), since=draft.now)
    draft.subject = draft.put(counted)
    said = f", louder: {counted.severity.label}" if louder else ""
    draft.because("count_repeat", f"the same signature, {counted.occurrence_count} in all{said}")
    draft.row("escalation.repeated", counted, reason=draft.reason, meta={"count": counted.occurrence_count})
    if louder and bead.status == "acknowledged":
        groups.wake(draft, counted)
        draft.row("escalation.unacknowledged", counted, level="warn", reason="it was acknowledged for something less")
    if louder:
        hold.begin_inhibiting(draft, counted)
        notices = notify.notify(draft, counted)
        draft.subject = tiers.climb(draft, undeliverable.check_notices(draft, counted, notices))


def _raise(draft: Draft, bead: Escalation, due: datetime) -> Escalation:
    count = bead.reescalation_count + 1
    severity = raised(draft.policy.scales, bead.severity)
    stale = bead.changed(
        severity=severity,
        original_severity=bead.original_severity or bead.severity,
        reescalation_count=count,
        last_reescalated_at=draft.now,
    )
    stale = draft.put(timers.timed(draft, stale, since=draft.now))
    hold.begin_inhibiting(draft, stale)
    notices = notify.notify(draft, stale)
    waited = draft.escalation_policy.stale_threshold
    draft.because("raise", f"nobody answered for {waited}: {bead.severity.label} to {severity.label}")
    meta: dict[str, JsonValue] = {"severity": severity.label, "count": count, "actions": _actions(notices)}
    if draft.now - due > _LATE:
        meta["late_seconds"] = int((draft.now - due).total_seconds())
    level: Level = "error" if severity.rank <= 1 else "warn"
    draft.row("escalation.raised", stale, level=level, reason=draft.reason, meta=meta)
    return undeliverable.check_notices(draft, stale, notices)


def _acknowledge(draft: Draft, bead: Escalation, note: str | None) -> Escalation:
    done = bead.changed(
        status="acknowledged", acknowledged_by=draft.event.actor, acknowledged_at=draft.now, acknowledged_note=note
    )
    done = draft.put(timers.untimed(done))
    notify.answered(draft, done)
    return done


def _close(draft: Draft, bead: Escalation, reason: str) -> Escalation:
    done = bead.changed(status="closed", closed_by=draft.event.actor, closed_at=draft.now, closed_reason=reason)
    done = draft.put(timers.untimed(done))
    notify.answered(draft, done)
    return done


def _actions(notices: Sequence[Outbox]) -> list[JsonValue]:
    return [notice.action for notice in notices]
