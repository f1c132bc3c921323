"""When an open escalation is looked at again: its raise, its conditional hop, the earlier of both."""

from __future__ import annotations

from datetime import datetime

from prismfs.kinds.escalation.settings.routing import Hop
from prismfs.kinds.work.bead import Escalation
from prismfs.records.matcher import first_mismatch
from prismfs.rules.core.draft import Draft


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
    times = [bead.created_at + hop.after for hop in hops_of(draft, bead) if hop.after is not None]
    hop_at = min(times, default=None) if bead.status == "open" else None
    both = [at for at in (bead.raise_at, hop_at) if at is not None]
    return bead.changed(hop_at=hop_at, due_at=min(both, default=None))


def untimed(bead: Escalation) -> Escalation:
    """Return `bead` without due times: somebody has it, or it is closed."""
    return bead.changed(raise_at=None, hop_at=None, due_at=None)


def hops_of(draft: Draft, bead: Escalation) -> list[Hop]:
    """Return the conditional hops that concern `bead` at its tier, whether or not their time has come."""
    chain = draft.routing.chain_of(bead.category)
    if bead.tier == chain[-1]:
        return []
    labels = bead.match_labels
    return [hop for hop in draft.routing.hops if hop.tier == bead.tier and first_mismatch(hop.matchers, labels) is None]
