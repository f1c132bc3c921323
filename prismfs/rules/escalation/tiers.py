"""Tiers: who has an escalation, and by when something is to happen (R-004-11, R-004-12, FD-11).

Whoever gets one, by hand or on a condition, is told, and where it is a person's act the clock starts anew. What is
acknowledged waits, too: for a remark or an end, as long as the policy says.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from prismfs.errors import RefusedError
from prismfs.kinds.core.bead import Bead
from prismfs.kinds.core.values import Note
from prismfs.kinds.escalation.escalation import Escalation
from prismfs.kinds.escalation.settings.routing import Hop
from prismfs.kinds.response.incident import Incident
from prismfs.records.api import ENGINE, Id, JsonValue, Nothing, first_mismatch
from prismfs.rules.core.draft import Draft
from prismfs.rules.escalation import groups, routes
from prismfs.rules.escalation.messages import PRIORITIES, of_escalation


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
    """Give `bead` to `tier`, tell it there, and leave the hop on it as a remark and as a row of its own.

    A person's act starts the clock anew, and takes an acknowledgement back: the tier before had it (C-62). From the
    last tier to the first it is another cycle, whose hops are taken again.
    """
    said = f"forwarded from {bead.tier} to {tier}: {because}"
    moved = bead.changed(
        tier=tier, original_tier=bead.original_tier or bead.tier,
        comments=(*bead.comments, Note(by=by, at=draft.now, text=said)),
    )  # fmt: skip
    chain = draft.routing.chain_of(bead.category)
    if (bead.tier, tier) == (chain[-1], chain[0]):
        moved = moved.changed(cycle=bead.cycle + 1, begun_at=draft.now, acks=())
    if by == ENGINE:
        moved = draft.put(due(draft, moved))
    else:
        moved = open_again(draft, moved)
    tell_tier(draft, moved, said, role=f"forward:{tier}")
    reason = f"handed on from {bead.tier} to {tier}"
    meta: dict[str, JsonValue] = {"from": bead.tier, "tier": tier}
    if bead.status == "acknowledged":
        meta["acknowledged_by"] = bead.acknowledged_by
    draft.row("escalation.forwarded", moved, level="warn", reason=reason, meta=meta)
    return moved


def tell_tier(draft: Draft, bead: Escalation, said: str, *, role: str) -> None:
    """Tell the tier that has `bead`; as in `tell`."""
    tell(draft, bead, bead.tier, said, role=role)


def tell(draft: Draft, bead: Escalation, to: str, said: str, *, role: str) -> None:
    """Tell `to` of `bead` in the mailbox; `said` is why now, and `role` as in `draft.mail`."""
    subject, body = of_escalation(draft, bead, "mail", said)
    draft.mail(
        to, role=role, type="escalation", subject=subject, body=body, about=bead,
        priority=PRIORITIES[bead.severity.rank],
    )  # fmt: skip


def open_again(draft: Draft, bead: Escalation) -> Escalation:
    """Put `bead` as open, acknowledged by nobody, its clock begun anew; return it."""
    opened = draft.put(timed(draft, reopened(bead), since=draft.now))
    if bead.status != "open":
        groups.wake(draft, opened)
    return opened


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
    """Return the tier after the bead's own in its category's chain (R-004-13).

    After the last one it is the first again where the settings have cycles left (C-61), otherwise None.
    """
    chain = draft.routing.chain_of(bead.category)
    if bead.tier not in chain:
        return chain[0]
    place = chain.index(bead.tier) + 1
    if place < len(chain):
        return chain[place]
    cycles = draft.routing.cycles
    return chain[0] if len(chain) > 1 and (cycles == "endless" or bead.cycle < cycles) else None


def reopened(bead: Escalation) -> Escalation:
    """Return `bead` as open again and not acknowledged; without due times yet."""
    return bead.changed(status="open", acks=(), acknowledged_by=None, acknowledged_at=None, acknowledged_note=None)


def anew(draft: Draft, bead: Escalation) -> dict[str, Any]:
    """Return the members of `bead` that begin anew with it: raises, tiers and their times (FD-02, C-69)."""
    return {
        "tier": bead.original_tier or bead.tier, "original_tier": None, "reescalation_count": 0, "cycle": 0,
        "last_reescalated_at": None, "begun_at": draft.now,
    }  # fmt: skip


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
    """Return `bead` as one that waits since `since`, with its due times; without any unless it is open.

    Age counts from the later of creation and last raise (R-004-22), or from when a person handed it on or took an
    acknowledgement back.
    """
    return due(draft, bead.changed(waiting_since=since if bead.status == "open" else None))


def due(draft: Draft, bead: Escalation) -> Escalation:
    """Return `bead` with the due times that follow from its state by the present settings.

    After the last raise there is no other (R-004-05, R-004-21).
    """
    raise_at = hop_at = lapse_at = None
    if bead.status == "open":
        settings = draft.escalation_policy
        if bead.waiting_since is not None and bead.reescalation_count < settings.max_reescalations:
            raise_at = bead.waiting_since + settings.stale_threshold
        times = [bead.began_at + hop.after for hop in _hops_of(draft, bead) if hop.after is not None]
        hop_at = min(times, default=None)
    elif (holds := ack_timeout(draft, bead)) is not None:
        lapse_at = _last_act(bead) + holds
    at = min((each for each in (raise_at, hop_at, lapse_at) if each is not None), default=None)
    return bead.changed(raise_at=raise_at, hop_at=hop_at, lapse_at=lapse_at, due_at=at)


def untimed(bead: Escalation) -> Escalation:
    """Return a closed `bead` without due times."""
    return bead.changed(waiting_since=None, raise_at=None, hop_at=None, lapse_at=None, due_at=None)


def ack_timeout(draft: Draft, bead: Escalation) -> timedelta | None:
    """Return for how long the acknowledgement of `bead` holds, None where it does for ever.

    That of an incident holds as long as the incident's own clock waits for its resolution.
    """
    if bead.status != "acknowledged" or is_of_incident(draft, bead):
        return None
    return routes.of_rank(draft.escalation_policy.ack_timeouts, bead.severity.rank) or None


def acks_wanted(draft: Draft, bead: Escalation) -> int:
    """Return how many different people must acknowledge `bead` before its clock stops."""
    labels = bead.match_labels
    found = (entry.acks for entry in draft.routing.needs_acks if first_mismatch(entry.matchers, labels) is None)
    return next(found, 1)


def is_of_incident(draft: Draft, bead: Escalation) -> bool:
    """Tell whether `bead` is the escalation of an incident: it is answered and ends with it."""
    if bead.related is None or not bead.related.startswith("inc-"):
        return False
    incident = draft.get(Incident, bead.related)
    return incident is not None and incident.escalation == bead.id


def _last_act(bead: Escalation) -> datetime:
    """Return when one of those who acknowledged `bead` last said something of it: who works at it needs no reminder.

    Anybody may remark, and nobody may keep it silent by that who does not have it.
    """
    assert bead.acknowledged_at is not None
    return max([bead.acknowledged_at, *(note.at for note in bead.comments if note.by in answered_by(bead))])


def answered_by(bead: Escalation) -> list[str]:
    """Return who has acknowledged `bead` since it was opened last, also where it needs more."""
    return [note.by for note in bead.acks] or ([bead.acknowledged_by] if bead.acknowledged_by else [])


def _hops_of(draft: Draft, bead: Escalation) -> list[Hop]:
    """Return the conditional hops that concern `bead` at its tier, whether or not their time has come.

    What begins a cycle anew waits at least a time: the first tier would have it again in the same moment.
    """
    if next_tier(draft, bead) is None:
        return []
    is_last = bead.tier == draft.routing.chain_of(bead.category)[-1]
    labels = bead.match_labels
    return [
        hop
        for hop in draft.routing.hops
        if hop.tier == bead.tier and first_mismatch(hop.matchers, labels) is None and (hop.after or not is_last)
    ]
