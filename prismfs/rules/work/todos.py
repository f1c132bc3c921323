"""Todos and journal entries: kept as they are dropped or given; a todo is done by its owner (R-000-16)."""

from prismfs.kinds.work.journal import Journal, JournalDrop
from prismfs.kinds.work.todo import Todo, TodoDrop
from prismfs.records.api import Nothing
from prismfs.rules.core import authority
from prismfs.rules.core.draft import Draft, form_of
from prismfs.rules.core.road import Row, Table


def accept_todo(draft: Draft) -> None:
    """Keep a dropped todo."""
    form = form_of(draft)
    assert isinstance(form, TodoDrop)
    draft.subject = draft.put(
        Todo(
            id=draft.new_id("tod"),
            title=form.title,
            body=form.body,
            owner=form.owner or form.sender,
            created_at=draft.now,
            status="open",
        )
    )
    draft.because("accept", "put on a list")
    draft.row("todo.created", draft.subject, reason=draft.reason)


def accept_journal(draft: Draft) -> None:
    """Keep a dropped journal entry."""
    form = form_of(draft)
    assert isinstance(form, JournalDrop)
    draft.subject = draft.put(
        Journal.model_validate(
            form.model_dump(exclude={"kind", "version"}) | {"id": draft.new_id("jou"), "created_at": draft.now}
        )
    )
    draft.because("accept", "noted")
    draft.row("journal.noted", draft.subject, reason=draft.reason)


def finish_todo(draft: Draft) -> Nothing | None:
    """Mark a todo as done; its owner may, or an operator. It stays where it is.

    Raises:
        ForbiddenError: `not_yours`.
    """
    todo = draft.need(Todo, str(draft.event.document["id"]))
    authority.check_own(draft, todo.owner)
    if todo.status == "done":
        return Nothing("the todo is done already", todo.id)
    draft.subject = draft.put(todo.changed(status="done"))
    draft.because("finish", f"{draft.event.actor} has done it")
    draft.row("todo.done", draft.subject, reason=draft.reason)
    return None


TABLE: Table = {
    ("drop", "todo"): Row((accept_todo,)),
    ("drop", "journal"): Row((accept_journal,)),
    ("command", "todo.add"): Row((accept_todo,), right="anyone"),
    ("command", "todo.done"): Row((finish_todo,), right="anyone"),
    ("command", "journal.add"): Row((accept_journal,), right="anyone"),
}
