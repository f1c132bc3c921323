"""Tiers: an escalation is handed on, by hand or on a condition, and is looked at again in time (R-004-11, R-004-12)."""

from dataclasses import dataclass
from datetime import datetime

from prismfs.errors import RefusedError
from prismfs.kinds.core.bead import Bead
from prismfs.kinds.core.values import Note
from prismfs.kinds.escalation.escalation import Escalation
from prismfs.kinds.escalation.settings.routing import Hop
from prismfs.records.api import ENGINE, Id, Nothing, first_mismatch
from prismfs.rules.core.draft import Draft
from prismfs.rules.escalation.messages import PRIORITIES


@dataclass(frozen=True, slots=True)
class Climb:
    """Hand an escalation on by every conditional hop that is due."""

    escalation: Id


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
            "forwarded_already", f"it was handed on meanwhile: {bead.tier} has it, not {expected}", field="/from",
            hint="look at it again: escalate show",
        )  # fmt: skip
    draft.because("forward", f"handed on from {bead.tier} to {tier}")
    draft.subject = hand_on(draft, bead, tier, by=draft.event.actor, because=reason)
    return None


def hand_on(draft: Draft, bead: Escalation, tier: str, *, by: str, because: str) -> Escalation:
    """Give `bead` to `tier`, tell it there, and leave the hop on it as a remark and as a row of its own."""
    said = f"forwarded from {bead.tier} to {tier}: {because}"
    note = Note(by=by, at=draft.now, text=said)
    moved = due(draft, bead.changed(tier=tier, comments=(*bead.comments, note)))
    draft.put(moved)
    draft.mail(
        tier, role=f"forward:{tier}", type="escalation", subject=f"[{bead.severity.label}] {bead.title}",
        body=f"{said}\n\n{bead.body}"[:60_000] + f"\n\nAnswer: prismfs escalate ack {bead.id}", about=bead,
        priority=PRIORITIES[bead.severity.rank],
    )  # fmt: skip
    reason = f"handed on from {bead.tier} to {tier}"
    draft.row("escalation.forwarded", moved, level="warn", reason=reason, meta={"from": bead.tier, "tier": tier})
    return moved


def climb(draft: Draft, asked: Climb) -> None:
    """The step that answers `Climb`: one tier at a time and none left out, each with a row of its own."""
    bead = draft.need(Escalation, asked.escalation)
    while (hop := due_hop(draft, bead)) is not None:
        tier = next_tier(draft, bead)
        assert tier is not None
        bead = hand_on(draft, bead, tier, by=ENGINE, because=f"{hop.reason} ({hop.name})")


def due_hop(draft: Draft, bead: Escalation) -> Hop | None:
    """Return the conditional hop that takes an open `bead` to its next tier now, None where none is due."""
    if bead.status != "open" or next_tier(draft, bead) is None:
        return None
    age = draft.now - bead.began_at
    return next((hop for hop in _hops_of(draft, bead) if hop.after is None or age > hop.after), None)


def next_tier(draft: Draft, bead: Escalation) -> str | None:
    """Return the tier after the bead's own in its category's chain, None after the last one (R-004-13)."""
    chain = draft.routing.chain_of(bead.category)
    if bead.tier not in chain:
        return chain[0]
    place = chain.index(bead.tier) + 1
    return chain[place] if place < len(chain) else None


def reopened(bead: Escalation) -> Escalation:
    """Return `bead` as open again and not acknowledged; without due times yet."""
    return bead.changed(status="open", acknowledged_by=None, acknowledged_at=None, acknowledged_note=None)


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


def timed(draft: Draft, bead: Escalation, *, since: datetime) -> Escalation:
    """Return `bead` with its due times, the raise one threshold after `since`; without any unless it is open.

    Age counts from the later of creation and last raise (R-004-22); after the last raise there is no other
    (R-004-05, R-004-21).
    """
    settings = draft.escalation_policy
    raise_at = since + settings.stale_threshold if bead.reescalation_count < settings.max_reescalations else None
    return due(draft, bead.changed(raise_at=raise_at if bead.status == "open" else None))


def due(draft: Draft, bead: Escalation) -> Escalation:
    """Return `bead` with the due time that follows from its raise and from the hops of its tier."""
    times = [bead.began_at + hop.after for hop in _hops_of(draft, bead) if hop.after is not None]
    hop_at = min(times, default=None) if bead.status == "open" else None
    both = [at for at in (bead.raise_at, hop_at) if at is not None]
    return bead.changed(hop_at=hop_at, due_at=min(both, default=None))


def untimed(bead: Escalation) -> Escalation:
    """Return an acknowledged or closed `bead` without due times."""
    return bead.changed(raise_at=None, hop_at=None, due_at=None)


def _hops_of(draft: Draft, bead: Escalation) -> list[Hop]:
    """Return the conditional hops that concern `bead` at its tier, whether or not their time has come."""
    chain = draft.routing.chain_of(bead.category)
    if bead.tier == chain[-1]:
        return []
    labels = bead.match_labels
    return [hop for hop in draft.routing.hops if hop.tier == bead.tier and first_mismatch(hop.matchers, labels) is None]
