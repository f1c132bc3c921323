"""Escalations: opened, counted, acknowledged, closed, and raised while nobody answers (R-004)."""

from __future__ import annotations

from dataclasses import dataclass, replace

from prismfs.decide import accept, route
from prismfs.decide.draft import ENGINE, Draft
from prismfs.errors import RefusedError
from prismfs.kinds.bead import Bead, EscalationDrop
from prismfs.kinds.escalation import EscalationSettings
from prismfs.kinds.signal import Redaction, Signal
from prismfs.records.ids import Id
from prismfs.records.plan import Nothing
from prismfs.records.severity import Severity, raised, read_label


@dataclass(frozen=True, slots=True)
class Attention:
    """What somebody is asked to look at."""

    severity: Severity
    title: str
    source: str
    reporter: str
    body: str = ""
    category: str | None = None
    tier: str | None = None
    related: Id | None = None
    signature: str | None = None
    redactions: tuple[Redaction, ...] = ()


def escalate(draft: Draft) -> None:
    """Open an escalation that an agent or person asks for, or count a repeat of it (R-004-14, R-004-26)."""
    form = accept.form_of(draft)
    assert isinstance(form, EscalationDrop)
    policy = draft.policy
    if form.category is not None and form.category not in policy.categories:
        raise RefusedError(
            "unknown_category",
            "no such category",
            field="/category",
            hint=f"one of {', '.join(policy.categories)}",
        )
    if form.to is not None and form.to not in policy.tiers:
        raise RefusedError("unknown_tier", "no such tier", field="/to", hint=f"one of {', '.join(policy.tiers)}")
    wanted = Attention(
        severity=read_label(policy.scales, form.severity, scale=policy.escalation_scale),
        title=form.title,
        body=form.body,
        source=form.source or f"agent:{form.sender}",
        reporter=form.sender,
        category=form.category,
        tier=form.to,
        related=form.related,
        signature=form.signature,
        redactions=accept.redactions_of(draft),
    )
    known = None if form.signature is None else draft.view.latest_with_key(Bead, form.signature)
    if known is None:
        draft.subject = call_attention(draft, wanted)
    elif known.status != "closed":
        _count(draft, known, wanted)
    elif known.closed_at is not None and draft.now - known.closed_at <= policy.dedup_window:
        _count(draft, known, replace(wanted, severity=known.severity))
    else:
        draft.subject = call_attention(draft, wanted, recurrence_of=known)


def call_attention(draft: Draft, wanted: Attention, *, recurrence_of: Bead | None = None) -> Bead:
    """Open an escalation, put its first notices into the outbox, and say when it is raised if unanswered."""
    policy, settings = draft.policy, draft.view.single(EscalationSettings)
    bead = draft.put(
        Bead(
            id=draft.new_id("bea"),
            pid=draft.project.pid,
            type="escalation",
            title=wanted.title,
            body=wanted.body,
            severity=wanted.severity,
            category=wanted.category,
            source=wanted.source,
            reporter=wanted.reporter,
            tier=wanted.tier or policy.categories.get(wanted.category or "", policy.tiers[0]),
            related=wanted.related,
            signature=wanted.signature,
            recurrence_of=None if recurrence_of is None else recurrence_of.id,
            created_at=draft.now,
            last_seen_at=draft.now,
            status="open",
            redactions=wanted.redactions,
            due_at=draft.now + settings.stale_threshold if settings.max_reescalations else None,
        )
    )
    notices = route.notify(draft, bead)
    if draft.subject is None:
        draft.settle("escalate", f"severity {bead.severity.label} begins at tier {bead.tier}")
    draft.row(
        "escalation.created",
        bead,
        level="warn",
        reason=f"severity {bead.severity.label} begins at tier {bead.tier}",
        meta={
            "severity": bead.severity.label,
            "tier": bead.tier,
            "actions": [notice.action for notice in notices],
        },
    )
    return bead


def acknowledge_escalation(draft: Draft) -> Nothing | None:
    """Somebody has it: it is not raised any more (R-004-15)."""
    bead = draft.need(Bead, str(draft.event.document["id"]))
    if bead.status == "closed":
        raise RefusedError("already_closed", "the escalation is closed", field="/id", hint="prismfs show ID")
    if bead.status == "acknowledged":
        return Nothing(f"acknowledged already by {bead.acknowledged_by}", bead.id)
    note = draft.event.document.get("note")
    draft.subject = draft.put(
        bead.changed(
            status="acknowledged",
            acknowledged_by=draft.event.actor,
            acknowledged_at=draft.now,
            acknowledged_note=str(note) if note else None,
            due_at=None,
        )
    )
    draft.settle("acknowledge", f"{draft.event.actor} has it")
    draft.row("escalation.acknowledged", draft.subject, level="warn", reason=draft.reason)
    return None


def close_escalation(draft: Draft) -> Nothing | None:
    """The matter is settled, with the reason (R-004-18)."""
    bead = draft.need(Bead, str(draft.event.document["id"]))
    if bead.status == "closed":
        return Nothing(f"closed already by {bead.closed_by}", bead.id)
    reason = str(draft.event.document.get("reason") or "")
    if not reason:
        raise RefusedError(
            "reason_missing", "an escalation is closed with a reason", field="/reason", hint="--reason TEXT"
        )
    draft.subject = draft.put(_closed(draft, bead, reason))
    draft.settle("close", f"{draft.event.actor} says that it is settled")
    draft.row("escalation.closed", draft.subject, level="warn", reason=draft.reason)
    return None


def follow_incident(draft: Draft) -> None:
    """Let an incident's own escalation be answered and closed with it."""
    incident = draft.subject
    name = getattr(incident, "escalation", None)
    bead = None if name is None else draft.get(Bead, name)
    if bead is None or bead.status == "closed":
        return
    if getattr(incident, "status", "") == "resolved":
        closed = draft.put(_closed(draft, bead, "the incident is resolved"))
        draft.row("escalation.closed", closed, level="warn", reason="its incident is resolved")
    elif bead.status == "open":
        acknowledged = draft.put(
            bead.changed(
                status="acknowledged",
                acknowledged_by=draft.event.actor,
                acknowledged_at=draft.now,
                due_at=None,
            )
        )
        draft.row("escalation.acknowledged", acknowledged, level="warn", reason="its incident is acknowledged")


def raise_stale(draft: Draft) -> None:
    """Raise an escalation that nobody acknowledged in time, and go its new route (R-004-21 to R-004-25)."""
    bead = draft.need(Bead, str(draft.event.document["id"]))
    settings = draft.view.single(EscalationSettings)
    count = bead.reescalation_count + 1
    severity = raised(draft.policy.scales, bead.severity)
    stale = bead.changed(
        severity=severity,
        original_severity=bead.original_severity or bead.severity,
        reescalation_count=count,
        last_reescalated_at=draft.now,
        due_at=draft.now + settings.stale_threshold if count < settings.max_reescalations else None,
    )
    draft.subject = draft.put(stale)
    notices = route.notify(draft, stale)
    draft.settle("raise", f"nobody answered for {settings.stale_threshold}: {bead.severity.label} to {severity.label}")
    draft.row(
        "escalation.raised",
        stale,
        level="error" if severity.rank <= 1 else "warn",
        reason=draft.reason,
        meta={"severity": severity.label, "count": count, "actions": [notice.action for notice in notices]},
    )


def remind_of_signal(draft: Draft) -> None:
    """A signal waited past its deadline: its reporter hears of it and its owner is escalated to (R-000-80)."""
    signal = draft.need(Signal, str(draft.event.document["id"]))
    policy = draft.policy
    draft.subject = draft.put(signal.changed(due_at=None))
    draft.settle("overdue", f"still {signal.status} at its deadline")
    draft.row("signal.overdue", draft.subject, level="warn", reason=draft.reason)
    if signal.status == "unclassified":
        call_attention(
            draft,
            Attention(
                severity=read_label(policy.scales, "MEDIUM", scale="gastown"),
                title=f"Unclassified for too long: {signal.subject}"[:500],
                source="desk:classify",
                reporter=ENGINE,
                category="gate_timeout",
                related=signal.id,
            ),
        )
        body = "Nobody has said yet what this is about. The delay was escalated."
    else:
        body = "Your question is still open: an answer to what was asked back would help."
    draft.mail(
        signal.sender,
        role="overdue",
        type="notification",
        sender=signal.to,
        subject=f"Re: {signal.subject}",
        body=body,
        about=signal,
    )


def _count(draft: Draft, bead: Bead, wanted: Attention) -> None:
    louder = wanted.severity.rank < bead.severity.rank
    counted = bead.changed(
        occurrence_count=bead.occurrence_count + 1,
        last_seen_at=draft.now,
        severity=wanted.severity if louder else bead.severity,
        original_severity=(bead.original_severity or bead.severity) if louder else bead.original_severity,
    )
    draft.subject = draft.put(counted)
    if louder:
        route.notify(draft, counted)
    said = f", louder: {counted.severity.label}" if louder else ""
    draft.settle("count_repeat", f"the same signature, {counted.occurrence_count} in all{said}")
    draft.row("escalation.repeated", counted, reason=draft.reason, meta={"count": counted.occurrence_count})


def _closed(draft: Draft, bead: Bead, reason: str) -> Bead:
    return bead.changed(
        status="closed", closed_by=draft.event.actor, closed_at=draft.now, closed_reason=reason, due_at=None
    )
