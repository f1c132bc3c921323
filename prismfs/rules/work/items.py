"""Work items: noted, changed, claimed, closed and opened again, and remarks on any bead (R-004-35).

Anyone may create one and change one that is unassigned; an assigned one is changed by its assignee, its author, and
identities with the right. Of many who try to claim one exactly one gets it, and may give it back (R-004-19).
"""

from prismfs.errors import ConflictError, RefusedError
from prismfs.kinds.core.bead import Bead, Dependency
from prismfs.kinds.core.values import CommentDrop, Note
from prismfs.kinds.escalation.escalation import Escalation
from prismfs.kinds.work.bead import WorkChange, WorkDrop, WorkItem
from prismfs.records.api import JsonValue, Nothing
from prismfs.rules.core.draft import Draft, form_of, redactions_of
from prismfs.rules.work.links import blockers_of, check_may, need, need_work

_LISTS = ("labels", "add_labels", "remove_labels")


def create(draft: Draft) -> None:
    """Create a work item that was dropped as a form or given as a command.

    Raises:
        RefusedError: `not_found`, a bead that it names is not here.
    """
    form = form_of(draft)
    assert isinstance(form, WorkDrop)
    links = tuple(
        Dependency(type=link.type, on=need(draft, link.on, field="/dependencies").id, by=form.sender, at=draft.now)
        for link in form.dependencies
    )
    said = form.model_dump(exclude={"kind", "version", "sender", "dependencies"}) | {
        "labels": tuple(dict.fromkeys(form.labels)),
        "created_by": form.sender,
        "dependencies": tuple(dict.fromkeys(links)),
        "redactions": redactions_of(draft),
    }
    draft.subject = item = draft.put(new_item(draft, **said))
    draft.because("create", f"noted by {form.sender}")
    draft.row("bead.created", item, reason=draft.reason, meta={"type": item.type, "priority": item.priority})


def update(draft: Draft) -> Nothing | None:
    """Change a work item: its text, priority, assignee, labels, or its status but for closing.

    Raises:
        RefusedError: `close_with_reason` and `reopen_first` where another verb is meant, `is_escalation`.
    """
    item = need_work(draft, "escalate ack, forward, comment or close")
    check_may(draft, item, "bead.update")
    said = {name: value for name, value in draft.event.document.items() if name not in ("id", "redactions")}
    form = WorkChange.from_document(said)
    wanted = {name: getattr(form, name) for name in form.model_fields_set - set(_LISTS)}
    if form.model_fields_set & set(_LISTS):
        labels = form.labels if "labels" in form.model_fields_set else item.labels
        kept = (label for label in (*labels, *form.add_labels) if label not in form.remove_labels)
        wanted["labels"] = tuple(dict.fromkeys(kept))
    changes = {name: value for name, value in wanted.items() if value != getattr(item, name)}
    if not changes:
        return Nothing("it says so already", item.id)
    if "status" in changes and "closed" in (changes["status"], item.status):
        if item.status == "closed":
            raise RefusedError("reopen_first", "it is closed", field="/status", hint="prismfs bead reopen ID")
        hint = "prismfs bead close ID --reason TEXT"
        raise RefusedError("close_with_reason", "it is closed with a reason", field="/status", hint=hint)
    draft.subject = changed = draft.put(item.changed(**changes, updated_at=draft.now))
    draft.because("update", f"{draft.event.actor} changed {', '.join(sorted(changes))}")
    fields: list[JsonValue] = [*sorted(changes)]
    meta: dict[str, JsonValue] = {"fields": fields}
    if "status" in changes:
        meta |= {"status": changed.status, "before": item.status}
    draft.row("bead.updated", changed, reason=draft.reason, meta=meta)
    return None


def close(draft: Draft) -> Nothing | None:
    """Close a work item with the reason; open blockers do not stop that, and are named."""
    item = need_work(draft, "escalate close ID --reason TEXT")
    if item.status == "closed":
        return Nothing(f"closed already{by(item.closed_by)}", item.id)
    check_may(draft, item, "bead.close")
    reason = str(draft.event.document.get("reason") or "")
    if not reason:
        hint = "--reason TEXT"
        raise RefusedError("reason_missing", "a work item is closed with a reason", field="/reason", hint=hint)
    draft.subject = closed = draft.put(ended(draft, item, reason))
    open_ones = blockers_of(draft, item)
    left = f"; blocked until the end by {', '.join(open_ones[:5])}" if open_ones else ""
    draft.because("close", f"{draft.event.actor} says that it is done{left}")
    meta: dict[str, JsonValue] = {"blockers": list(open_ones)} if open_ones else {}
    draft.row("bead.closed", closed, reason=draft.reason, meta=meta)
    return None


def reopen(draft: Draft) -> Nothing | None:
    """Open a closed work item again; its assignee stays.

    Raises:
        RefusedError: `escalation_stays_closed`.
    """
    bead = need(draft, str(draft.event.document["id"]))
    if isinstance(bead, Escalation):
        hint = "escalate anew: the same signature makes it a recurrence"
        raise RefusedError("escalation_stays_closed", "an escalation is not opened again", field="/id", hint=hint)
    item = need_work(draft, "")
    if item.status != "closed":
        return Nothing(f"it is {item.status}", item.id)
    check_may(draft, item, "bead.update")
    draft.subject = draft.put(reopened(draft, item))
    draft.because("reopen", f"{draft.event.actor} opens it again")
    draft.row("bead.reopened", draft.subject, reason=draft.reason)
    return None


def claim(draft: Draft) -> Nothing | None:
    """Claim a work item that is open, unassigned and not blocked; a second claim by its owner changes nothing.

    Raises:
        ConflictError: `claimed`, naming who has it.
        RefusedError: `already_closed`, `not_open`, `blocked` naming by what.
    """
    item = need_work(draft, "escalate ack ID")
    actor = draft.event.actor
    if item.status == "closed":
        said = f"closed{by(item.closed_by)}"
        raise RefusedError("already_closed", said, field="/id", hint="prismfs bead reopen ID")
    if item.assignee is not None and item.assignee.casefold() != actor.casefold():
        raise ConflictError("claimed", f"{item.assignee} has it", field="/id", hint="prismfs bead ready lists others")
    if item.status == "in_progress" and item.assignee is not None:
        return Nothing(f"{item.assignee} has it already", item.id)
    if item.status not in ("open", "in_progress"):
        hint = "prismfs bead update ID --status open"
        raise RefusedError("not_open", f"it is {item.status}", field="/id", hint=hint)
    blocked = blockers_of(draft, item)
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
    item = need_work(draft, "escalate unack ID")
    if item.status == "closed":
        raise RefusedError("already_closed", f"closed{by(item.closed_by)}", field="/id")
    if item.assignee is None and item.status != "in_progress":
        return Nothing("nobody has it", item.id)
    check_may(draft, item, "bead.update")
    before = item.assignee
    status = "open" if item.status == "in_progress" else item.status
    draft.subject = draft.put(item.changed(status=status, assignee=None, updated_at=draft.now))
    draft.because("release", f"{before or 'nobody'} does not have it any more")
    draft.row("bead.released", draft.subject, reason=draft.reason, meta={"before": before})
    return None


def comment(draft: Draft) -> None:
    """Add a remark to a bead, also to an escalation or to one that is closed; a form or a command.

    Raises:
        RefusedError: `not_found`, `text_missing`.
    """
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
    remarked = bead.changed(comments=(*bead.comments, note))
    draft.subject = draft.put(remarked.changed(updated_at=draft.now) if isinstance(bead, WorkItem) else remarked)
    draft.because("comment", f"a remark of {by}")
    action = "bead.commented" if isinstance(bead, WorkItem) else "escalation.commented"
    draft.row(action, draft.subject, reason=draft.reason)


def new_item(draft: Draft, *, role: str = "", **fields: object) -> WorkItem:
    """Return an open work item of this project; `role` tells several of one decision apart."""
    return WorkItem.model_validate(
        fields
        | {
            "id": draft.new_id("bea", role),
            "pid": draft.project.pid,
            "status": "open",
            "created_at": draft.now,
            "updated_at": draft.now,
        }
    )


def reopened(draft: Draft, item: WorkItem) -> WorkItem:
    """Return `item` open again; its owner is reminded of it at its deadline."""
    opened = item.changed(status="open", closed_at=None, closed_by=None, close_reason="", due_at=item.deadline)
    return opened.changed(updated_at=draft.now)


def ended(draft: Draft, item: WorkItem, reason: str) -> WorkItem:
    """Return `item` as closed by the actor; no reminder follows."""
    closed = item.changed(status="closed", closed_at=draft.now, closed_by=draft.event.actor, close_reason=reason)
    return closed.changed(due_at=None, updated_at=draft.now)


def by(who: str | None) -> str:
    """Return ` by NAME`, an empty text without a name."""
    return "" if who is None else f" by {who}"
