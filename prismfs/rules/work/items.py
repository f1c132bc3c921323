"""Work items: noted, changed, closed and opened again, and remarks on any bead (R-004-35).

Anyone may create one and change one that is unassigned; an assigned one is changed by its assignee, its author, and
identities with the right.
"""

from pydantic import JsonValue

from prismfs.errors import RefusedError
from prismfs.kinds.core.bead import Bead, Dependency
from prismfs.kinds.core.forms import CommentDrop
from prismfs.kinds.core.values import Note
from prismfs.kinds.escalation.escalation import Escalation
from prismfs.kinds.work.work_item import WorkChange, WorkDrop, WorkItem
from prismfs.records.api import Node, Nothing, blockers
from prismfs.rules.core import authority
from prismfs.rules.core.draft import Draft
from prismfs.rules.core.form import form_of, redactions_of

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
        raise RefusedError(
            "escalation_stays_closed",
            "an escalation is not opened again",
            field="/id",
            hint="escalate anew: the same signature makes it a recurrence",
        )
    item = need_work(draft, "")
    if item.status != "closed":
        return Nothing(f"it is {item.status}", item.id)
    check_may(draft, item, "bead.update")
    draft.subject = draft.put(reopened(draft, item))
    draft.because("reopen", f"{draft.event.actor} opens it again")
    draft.row("bead.reopened", draft.subject, reason=draft.reason)
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


def find(draft: Draft, name: str) -> Bead | None:
    """Return the bead that `name` names: its id, or the id that an imported one has elsewhere."""
    found = draft.get(Bead, name)
    if found is not None:
        return found
    return next((bead for bead in draft.view.with_ref(Bead, name) if bead.external_id == name), None)


def need(draft: Draft, name: str, *, field: str = "/id") -> Bead:
    """Return the bead that `name` names.

    Raises:
        RefusedError: `not_found`.
    """
    found = find(draft, name)
    if found is None:
        raise RefusedError("not_found", f"no bead {name[:60]}", field=field, hint="prismfs bead list --all")
    return found


def need_work(draft: Draft, instead: str) -> WorkItem:
    """Return the work item that the command names; `instead` are the verbs that answer an escalation.

    Raises:
        RefusedError: `not_found`, `is_escalation`.
    """
    bead = need(draft, str(draft.event.document["id"]))
    if not isinstance(bead, WorkItem):
        hint = f"prismfs {instead}"
        raise RefusedError("is_escalation", "it is an escalation and not a work item", field="/id", hint=hint)
    return bead


def check_may(draft: Draft, bead: Bead, verb: str) -> None:
    """Accept a change of an unassigned bead, by its owner or its author, or with the right `verb`.

    Raises:
        ForbiddenError: `not_allowed`.
    """
    if isinstance(bead, WorkItem):
        owner, author = bead.assignee, bead.created_by
    else:
        assert isinstance(bead, Escalation)
        owner, author = bead.acknowledged_by, bead.reporter
    actor = draft.event.actor.casefold()
    if owner is not None and actor not in (owner.casefold(), author.casefold()):
        authority.check(draft, verb)


def blockers_of(draft: Draft, bead: Bead) -> tuple[str, ...]:
    """Return the ids of what keeps `bead` from being started."""
    return blockers(node_of(bead), lambda name: find_node(draft, name))


def find_node(draft: Draft, name: str) -> Node | None:
    """Return the bead that `name` names as a node of the graph of links."""
    found = find(draft, name)
    return None if found is None else node_of(found)


def node_of(bead: Bead) -> Node:
    """Return `bead` as a node of the graph of links."""
    links = tuple((link.type, link.on) for link in bead.dependencies)
    return Node(id=bead.id, open=bead.status != "closed", held=bead.status == "blocked", on=links)


def by(who: str | None) -> str:
    """Return ` by NAME`, an empty text without a name."""
    return "" if who is None else f" by {who}"
