"""Escalations: opened, counted when they repeat, and made louder when what they are about becomes worse (R-004)."""

from datetime import datetime

from prismfs.errors import RefusedError
from prismfs.kinds import kind_of_id
from prismfs.kinds.core.settings.fingerprint import Fingerprint
from prismfs.kinds.escalation.escalation import Escalation, EscalationDrop
from prismfs.records.api import ENGINE, JsonValue, Known, Severity, raised, read_label
from prismfs.rules.core.api import (
    Attention,
    Draft,
    MakeLouder,
    fingerprint,
    form_of,
    one_line,
    redactions_of,
)
from prismfs.rules.escalation import hold, notices, routes, tiers


def escalate(draft: Draft) -> None:
    """Open an escalation that an agent or person asks for, or count a repeat of it (R-004-14, R-004-26).

    A repeat has the same key, or the same words and labels. It is counted on what is open. What was closed within the
    window is open again, and later a new one names it; nothing is counted on what is over (FD-02). One that is only
    alike is told as another of the open one (FD-01).
    """
    form = form_of(draft)
    assert isinstance(form, EscalationDrop)
    wanted = _wanted(draft, form)
    assert wanted.signature is not None
    from prismfs.rules.core.identity import find_repeated

    known, like = find_repeated(draft, Escalation, wanted.signature, wanted.identity)
    window = draft.policy.dedup_window if form.dedup_window is None else form.dedup_window
    if known is not None and known.closed_at is not None and draft.now - known.closed_at <= window:
        draft.subject = bead = _reopen(draft, known, wanted)
        draft.because("reopen", f"it is back, {bead.occurrence_count} in all: {_begins(bead)}")
    elif known is not None and known.status != "closed":
        draft.subject = counted = _count(draft, known, wanted)
        said = f", louder: {counted.severity.label}" if counted.severity.rank < known.severity.rank else ""
        draft.because("count_repeat", f"{_why_counted(counted, wanted)}, {counted.occurrence_count} in all{said}")
    else:
        draft.subject = bead = _open(
            draft, wanted, recurrence_of=known, another_of=like, named=bool(form.category or form.to)
        )
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
    announce(draft, louder, f"From {before.severity.label} to {louder.severity.label}: it was judged worse")


def announce(draft: Draft, bead: Escalation, why: str, *, named: bool = False) -> None:
    """Ask for what the present severity of `bead` calls for: inhibition, notices, and the hops that are due.

    `why` is the sentence that says what happened now (FD-17); `named` tells that its reporter named the tier, or the
    category that says which one it is.
    """
    hold.begin_inhibiting(draft, bead)
    draft.follow(notices.Notify(bead.id, why, named))
    draft.follow(tiers.Climb(bead.id))


def _why_counted(bead: Escalation, wanted: Attention) -> str:
    if wanted.identity is None:
        return "the same signature"
    return "the same words" if bead.identity == wanted.identity else "alike, and as many are open as may be"


def _open(
    draft: Draft, wanted: Attention, *, recurrence_of: Escalation | None = None, another_of: Escalation | None = None,
    named: bool = False,
) -> Escalation:  # fmt: skip
    identifier = draft.new_id("bea")
    bead = Escalation(
        id=identifier, pid=draft.project.pid, type="escalation", title=wanted.title, body=wanted.body,
        severity=wanted.severity, category=wanted.category, source=wanted.source, reporter=wanted.reporter,
        from_pid=wanted.reporter_pid, sender_known=_known(draft, wanted),
        tier=wanted.tier or draft.routing.chain_of(wanted.category)[0], labels=wanted.labels, related=wanted.related,
        holds_while=wanted.holds_while,
        signature=wanted.signature or f"id:{identifier}", identity=wanted.identity,
        another_of=None if another_of is None else another_of.id,
        differs=None if another_of is None else _differs(wanted, another_of),
        recurrence_of=None if recurrence_of is None else recurrence_of.id, created_at=draft.now,
        last_seen_at=draft.now, arrivals=_arrivals(draft, None), status="open", redactions=wanted.redactions,
    )  # fmt: skip
    assert wanted.holds_while is None or (bead.related and kind_of_id(bead.related).awaited), "nothing would close it"
    bead = draft.put(tiers.timed(draft, bead, since=draft.now))
    meta: dict[str, JsonValue] = {"severity": bead.severity.label, "tier": bead.tier}
    meta["actions"] = [*notices.actions_of(draft, bead, named=named)]
    draft.row("escalation.created", bead, level="warn", reason=_begins(bead), meta=meta)
    announce(draft, bead, f"New: {_begins(bead)}", named=named)
    return bead


def _known(draft: Draft, wanted: Attention) -> Known:
    """Return how the reporter is known: never better than by what told of it."""
    if wanted.reporter == ENGINE:
        return "engine"
    return draft.event.known(wanted.reporter) if wanted.reporter_pid is None else "bridge"


def _differs(wanted: Attention, other: Escalation) -> str:
    from prismfs.rules.core.identity import differences

    texts, before = ({"title": one.title, "body": one.body} for one in (wanted, other))
    return one_line(differences(texts, wanted.labels, before, dict(other.labels)))


def _begins(bead: Escalation) -> str:
    another = f"; another of {bead.another_of}, differs in {bead.differs}" if bead.another_of else ""
    return f"severity {bead.severity.label} begins at tier {bead.tier}{another}"


def _reopen(draft: Draft, bead: Escalation, wanted: Attention) -> Escalation:
    """Open a closed escalation again: it is back, and whoever has it is told and waited for as at first (FD-02)."""
    severity = min(bead.severity, wanted.severity, key=lambda one: one.rank)
    again = bead.changed(
        severity=severity, occurrence_count=bead.occurrence_count + 1, last_seen_at=draft.now,
        arrivals=_arrivals(draft, bead), reopened=bead.reopened + 1,
        closed_by=None, closed_at=None, closed_reason=None, **tiers.anew(draft, bead),
    )  # fmt: skip
    again = tiers.open_again(draft, again)
    meta: dict[str, JsonValue] = {"severity": severity.label, "tier": again.tier, "count": again.occurrence_count}
    meta["actions"] = [*notices.actions_of(draft, again)]
    draft.row("escalation.reopened", again, level="warn", reason=_begins(again), meta=meta)
    announce(draft, again, f"It is back, {again.occurrence_count} times in all: {_begins(again)}")
    return again


def _count(draft: Draft, bead: Escalation, wanted: Attention) -> Escalation:
    """Count one more of the same and return it; a louder one raises it at once, and so does one too many (C-14).

    Who acknowledged it did so for less, so it is open again.
    """
    counted = bead.changed(
        occurrence_count=bead.occurrence_count + 1, last_seen_at=draft.now, arrivals=_arrivals(draft, bead)
    )
    severity = min(wanted.severity, _by_count(draft, counted), key=lambda each: each.rank)
    louder = severity.rank < bead.severity.rank
    too_little = louder and bead.status == "acknowledged"
    if louder:
        counted = _with_severity(draft, counted, severity)
    counted = tiers.open_again(draft, counted) if too_little else draft.put(counted)
    said = f", louder: {counted.severity.label}" if louder else ""
    reason = f"{_why_counted(counted, wanted)}, {counted.occurrence_count} in all{said}"
    draft.row("escalation.repeated", counted, reason=reason, meta={"count": counted.occurrence_count})
    if too_little:
        draft.row("escalation.unacknowledged", counted, level="warn", reason="it was acknowledged for something less")
    if louder:
        announce(draft, draft.need(Escalation, counted.id), f"From {bead.severity.label}: {reason}")
    elif counted.arrivals:
        notices.release(draft, counted.id)
    return counted


def _arrivals(draft: Draft, bead: Escalation | None) -> tuple[datetime, ...]:
    """Return when it was reported lately, now included; nothing where no route asks how often."""
    limits = [route.more_than for route in draft.routing.route.walk() if route.more_than is not None]
    if not limits:
        return ()
    most = max(routes.parse_limit(limit)[0] for limit in limits)
    return (*(() if bead is None else bead.arrivals), draft.now)[-most - 1 :]


def _by_count(draft: Draft, counted: Escalation) -> Severity:
    """Return how bad so many of the same are, by `loud_after` of the policy."""
    if counted.severity.rank == 0:
        return counted.severity
    most = routes.of_rank(draft.escalation_policy.loud_after, counted.severity.rank)
    return raised(draft.policy.scales, counted.severity) if counted.occurrence_count == most else counted.severity


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
    labels = dict(form.labels)
    identity = None
    if form.signature is None:
        from prismfs.rules.core.identity import identity_of

        identity = identity_of(draft, given, labels)
    return Attention(
        severity=read_label(policy.scales, form.severity, scale=policy.escalation_scale), title=form.title,
        body=form.body, source=source, reporter=form.sender, category=form.category, tier=form.to,
        related=form.related, signature=own if form.signature is None else f"key:{form.signature}",
        identity=identity, labels=labels, redactions=redactions_of(draft),
    )  # fmt: skip
