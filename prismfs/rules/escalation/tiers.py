"""The chain of tiers: handing an escalation on, by hand or on a condition, and remarks (R-004-11, R-004-12)."""

from __future__ import annotations

from prismfs.errors import RefusedError
from prismfs.kinds.core.forms import CommentDrop
from prismfs.kinds.work.bead import Bead, Escalation, Note
from prismfs.records.plan import Nothing
from prismfs.rules.core.draft import ENGINE, Draft
from prismfs.rules.core.form import form_of
from prismfs.rules.escalation import messages, timers


def forward(draft: Draft) -> Nothing | None:
    """Hand an escalation to the next tier, or to the one named, with the reason; the hop stays on it as a remark.

    `from` is the tier that the caller takes it to be with: of two who hand on the same at once the second is told
    so, and it goes no tier too far (C-63).
    """
    bead = open_escalation(draft)
    reason = str(draft.event.document.get("reason") or "")
    if not reason:
        raise RefusedError("reason_missing", "an escalation is handed on with a reason", field="/reason")
    expected = str(draft.event.document.get("from") or bead.tier)
    wanted = draft.event.document.get("to")
    tier = next_tier(draft, bead.changed(tier=expected)) if wanted is None else str(wanted)
    if tier is None:
        raise RefusedError("last_tier", f"{bead.tier} is the last tier", field="/id", hint="resolve it: escalate close")
    if tier not in draft.routing.known_tiers:
        hint = f"one of {', '.join(draft.routing.known_tiers)}"
        raise RefusedError("unknown_tier", "no such tier", field="/to", hint=hint)
    if tier == bead.tier:
        return Nothing(f"it is with {tier} already", bead.id)
    if bead.tier != expected:
        raise RefusedError(
            "forwarded_already",
            f"it was handed on meanwhile: {bead.tier} has it, not {expected}",
            field="/from",
            hint="look at it again: escalate show",
        )
    draft.because("forward", f"handed on from {bead.tier} to {tier}")
    draft.subject = hand_on(draft, bead, tier, by=draft.event.actor, because=reason)
    return None


def hand_on(draft: Draft, bead: Escalation, tier: str, *, by: str, because: str) -> Escalation:
    """Give `bead` to `tier`, tell it there, and leave the hop on it as a remark and as a row of its own."""
    said = f"forwarded from {bead.tier} to {tier}: {because}"
    note = Note(by=by, at=draft.now, text=said)
    moved = timers.due(draft, bead.changed(tier=tier, comments=(*bead.comments, note)))
    draft.put(moved)
    draft.mail(
        tier,
        role=f"forward:{tier}",
        type="escalation",
        subject=f"[{bead.severity.label}] {bead.title}",
        body=f"{said}\n\n{bead.body}"[:60_000] + f"\n\nAnswer: prismfs escalate ack {bead.id}",
        about=bead,
        priority=messages.PRIORITIES[bead.severity.rank],
    )
    reason = f"handed on from {bead.tier} to {tier}"
    draft.row("escalation.forwarded", moved, level="warn", reason=reason, meta={"from": bead.tier, "tier": tier})
    return moved


def climb(draft: Draft, bead: Escalation) -> Escalation:
    """Take every conditional hop that is due, one tier at a time and none left out, each with a row of its own."""
    while bead.status == "open":
        hop = next(
            (
                hop
                for hop in timers.hops_of(draft, bead)
                if hop.after is None or draft.now - bead.created_at > hop.after
            ),
            None,
        )
        tier = next_tier(draft, bead)
        if hop is None or tier is None:
            break
        bead = hand_on(draft, bead, tier, by=ENGINE, because=f"{hop.reason} ({hop.name})")
    return bead


def next_tier(draft: Draft, bead: Escalation) -> str | None:
    """Return the tier after the bead's own in its category's chain, None after the last one (R-004-13)."""
    chain = draft.routing.chain_of(bead.category)
    if bead.tier not in chain:
        return chain[0]
    place = chain.index(bead.tier) + 1
    return chain[place] if place < len(chain) else None


def remark(draft: Draft) -> None:
    """Add a remark to a bead, also to a closed one; dropped as a form or given as a command."""
    form = form_of(draft) if draft.event.type == "drop" else None
    if isinstance(form, CommentDrop):
        identifier, text, by = str(form.id), form.text, form.sender
    else:
        document = draft.event.document
        identifier, text, by = str(document["id"]), str(document.get("text") or ""), draft.event.actor
    bead = draft.need(Bead, identifier)
    if not text:
        raise RefusedError("text_missing", "a remark says something", field="/text")
    note = Note(by=by, at=draft.now, text=text)
    draft.subject = draft.put(bead.changed(comments=(*bead.comments, note)))
    draft.because("comment", f"a remark of {by}")
    draft.row(f"{_family(bead)}.commented", draft.subject, reason=draft.reason)


def open_escalation(draft: Draft) -> Escalation:
    """Return the escalation that a command names.

    Raises:
        RefusedError: `not_found`, `not_an_escalation`, or `already_closed`: a closed one is not opened again.
    """
    bead = escalation_named(draft)
    if bead.status == "closed":
        hint = "escalate again: the new one names it"
        raise RefusedError("already_closed", "the escalation is closed and stays so", field="/id", hint=hint)
    return bead


def escalation_named(draft: Draft) -> Escalation:
    """Return the escalation that a command names, closed or not.

    Raises:
        RefusedError: `not_found`, or `not_an_escalation`.
    """
    bead = draft.need(Bead, str(draft.event.document["id"]))
    if not isinstance(bead, Escalation):
        hint = "prismfs bead --help"
        raise RefusedError("not_an_escalation", f"that bead is a work item ({bead.type})", field="/id", hint=hint)
    return bead


def _family(bead: Bead) -> str:
    return "escalation" if isinstance(bead, Escalation) else "bead"
