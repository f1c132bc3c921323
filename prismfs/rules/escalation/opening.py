"""Escalations: opened, counted when they repeat, and made louder when what they are about becomes worse (R-004)."""

from prismfs.errors import RefusedError
from prismfs.kinds.core.settings.fingerprint import Fingerprint
from prismfs.kinds.escalation.escalation import Escalation, EscalationDrop
from prismfs.records.api import ENGINE, JsonValue, Known, Severity, read_label
from prismfs.rules.core.api import Attention, Draft, MakeLouder, fingerprint, form_of, redactions_of
from prismfs.rules.escalation import groups, hold, notices, tiers


def escalate(draft: Draft) -> None:
    """Open an escalation that an agent or person asks for, or count a repeat of it (R-004-14, R-004-26).

    A repeat of one that was closed within the window is counted on it, unless it is more urgent.
    """
    form = form_of(draft)
    assert isinstance(form, EscalationDrop)
    wanted = _wanted(draft, form)
    assert wanted.signature is not None
    known = draft.view.latest_with_key(Escalation, wanted.signature)
    if known is not None:
        window = draft.policy.dedup_window if form.dedup_window is None else form.dedup_window
        louder = wanted.severity.rank < known.severity.rank
        recent = known.closed_at is not None and draft.now - known.closed_at <= window
        if known.status != "closed" or (recent and not louder):
            draft.subject = counted = _count(draft, known, wanted)
            said = f", louder: {counted.severity.label}" if counted.severity.rank < known.severity.rank else ""
            draft.because("count_repeat", f"the same signature, {counted.occurrence_count} in all{said}")
            return
    draft.subject = bead = _open(draft, wanted, recurrence_of=known)
    draft.because("escalate", _begins(bead))


def open_for(draft: Draft, wanted: Attention) -> None:
    """The step that answers `Attention`: opens an escalation, or counts one more on the one with its signature."""
    known = None if wanted.signature is None else draft.view.open_with_key(Escalation, wanted.signature)
    if known is None:
        _open(draft, wanted)
    else:
        _count(draft, known, wanted)


def make_louder(draft: Draft, asked: MakeLouder) -> None:
    """The step that answers `MakeLouder`: it goes the way of its new severity at once."""
    before = draft.need(Escalation, asked.escalation)
    louder = _with_severity(draft, before, asked.severity)
    draft.put(louder)
    draft.row(
        "escalation.louder", louder, level="error" if louder.severity.rank <= 1 else "warn",
        reason=f"{before.severity.label} to {louder.severity.label}: it was judged worse",
        meta={"severity": louder.severity.label, "actions": [*notices.actions_of(draft, louder)]},
    )  # fmt: skip
    announce(draft, louder)


def announce(draft: Draft, bead: Escalation) -> None:
    """Ask for what the present severity of `bead` calls for: inhibition, notices, and the hops that are due."""
    hold.begin_inhibiting(draft, bead)
    draft.follow(notices.Notify(bead.id))
    draft.follow(tiers.Climb(bead.id))


def _open(draft: Draft, wanted: Attention, *, recurrence_of: Escalation | None = None) -> Escalation:
    identifier = draft.new_id("bea")
    bead = Escalation(
        id=identifier, pid=draft.project.pid, type="escalation", title=wanted.title, body=wanted.body,
        severity=wanted.severity, category=wanted.category, source=wanted.source, reporter=wanted.reporter,
        from_pid=wanted.reporter_pid, sender_known=_known(draft, wanted),
        tier=wanted.tier or draft.routing.chain_of(wanted.category)[0], labels=wanted.labels, related=wanted.related,
        signature=wanted.signature or f"id:{identifier}",
        recurrence_of=None if recurrence_of is None else recurrence_of.id, created_at=draft.now,
        last_seen_at=draft.now, status="open", redactions=wanted.redactions,
    )  # fmt: skip
    bead = draft.put(tiers.timed(draft, bead, since=draft.now))
    meta: dict[str, JsonValue] = {"severity": bead.severity.label, "tier": bead.tier}
    meta["actions"] = [*notices.actions_of(draft, bead)]
    draft.row("escalation.created", bead, level="warn", reason=_begins(bead), meta=meta)
    announce(draft, bead)
    return bead


def _known(draft: Draft, wanted: Attention) -> Known:
    """Return how the reporter is known: never better than by what told of it."""
    if wanted.reporter == ENGINE:
        return "engine"
    return draft.event.known(wanted.reporter) if wanted.reporter_pid is None else "bridge"


def _begins(bead: Escalation) -> str:
    return f"severity {bead.severity.label} begins at tier {bead.tier}"


def _count(draft: Draft, bead: Escalation, wanted: Attention) -> Escalation:
    """Count one more of the same and return it; a louder one raises it at once, unless it is settled.

    Who acknowledged it did so for less, so it is open again.
    """
    louder = bead.status != "closed" and wanted.severity.rank < bead.severity.rank
    too_little = louder and bead.status == "acknowledged"
    counted = bead.changed(occurrence_count=bead.occurrence_count + 1, last_seen_at=draft.now)
    if louder:
        counted = _with_severity(draft, counted, wanted.severity)
    if too_little:
        counted = tiers.timed(draft, tiers.reopened(counted), since=draft.now)
    draft.put(counted)
    said = f", louder: {counted.severity.label}" if louder else ""
    reason = f"the same signature, {counted.occurrence_count} in all{said}"
    draft.row("escalation.repeated", counted, reason=reason, meta={"count": counted.occurrence_count})
    if too_little:
        groups.wake(draft, counted)
        draft.row("escalation.unacknowledged", counted, level="warn", reason="it was acknowledged for something less")
    if louder:
        announce(draft, draft.need(Escalation, counted.id))
    return counted


def _with_severity(draft: Draft, bead: Escalation, severity: Severity) -> Escalation:
    """Return `bead` as one of `severity`, with the one that it began with, and the due times that follow."""
    first = bead.original_severity or bead.severity
    return tiers.due(draft, bead.changed(severity=severity, original_severity=first))


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
    given = {name: text for name, text in parts.items() if text}
    own = fingerprint(draft.view.single(Fingerprint), "escalation", given)
    return Attention(
        severity=read_label(policy.scales, form.severity, scale=policy.escalation_scale), title=form.title,
        body=form.body, source=source, reporter=form.sender, category=form.category, tier=form.to,
        related=form.related, signature=own if form.signature is None else f"key:{form.signature}",
        labels=dict(form.labels), redactions=redactions_of(draft),
    )  # fmt: skip
