"""Claims: of many who try to take a work item exactly one gets it, and may give it back (R-004-19)."""

from prismfs.errors import ConflictError, RefusedError
from prismfs.records.api import Nothing
from prismfs.rules.core.draft import Draft
from prismfs.rules.work import items

_INSTEAD = "escalate ack ID"


def claim(draft: Draft) -> Nothing | None:
    """Claim a work item that is open, unassigned and not blocked; a second claim by its owner changes nothing.

    Raises:
        ConflictError: `claimed`, naming who has it.
        RefusedError: `already_closed`, `not_open`, `blocked` naming by what.
    """
    item = items.need_work(draft, _INSTEAD)
    actor = draft.event.actor
    if item.status == "closed":
        said = f"closed{items.by(item.closed_by)}"
        raise RefusedError("already_closed", said, field="/id", hint="prismfs bead reopen ID")
    if item.assignee is not None and item.assignee.casefold() != actor.casefold():
        raise ConflictError("claimed", f"{item.assignee} has it", field="/id", hint="prismfs bead ready lists others")
    if item.status == "in_progress" and item.assignee is not None:
        return Nothing(f"{item.assignee} has it already", item.id)
    if item.status not in ("open", "in_progress"):
        hint = "prismfs bead update ID --status open"
        raise RefusedError("not_open", f"it is {item.status}", field="/id", hint=hint)
    blocked = items.blockers_of(draft, item)
    if blocked:
        raise RefusedError("blocked", "something else comes first", field="/id", hint=f"first: {', '.join(blocked)}")
    draft.subject = draft.put(item.changed(status="in_progress", assignee=actor, updated_at=draft.now))
    draft.because("claim", f"{actor} has it")
    draft.row("bead.claimed", draft.subject, reason=draft.reason)
    return None


def release(draft: Draft) -> Nothing | None:
    """Give a work item back: it is open and unassigned again.

    Raises:
        RefusedError: `already_closed`.
        ForbiddenError: `not_allowed`; it is somebody else's.
    """
    item = items.need_work(draft, "escalate unack ID")
    if item.status == "closed":
        raise RefusedError("already_closed", f"closed{items.by(item.closed_by)}", field="/id")
    if item.assignee is None and item.status != "in_progress":
        return Nothing("nobody has it", item.id)
    items.check_may(draft, item, "bead.update")
    before = item.assignee
    status = "open" if item.status == "in_progress" else item.status
    draft.subject = draft.put(item.changed(status=status, assignee=None, updated_at=draft.now))
    draft.because("release", f"{before or 'nobody'} does not have it any more")
    draft.row("bead.released", draft.subject, reason=draft.reason, meta={"before": before})
    return None
