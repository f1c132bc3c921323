"""Todos that are done. How they come about stands where that happens: a drop, a command, a lane (R-000-16)."""

from __future__ import annotations

from prismfs.kinds.work.todo import Todo
from prismfs.records.plan import Nothing
from prismfs.rules.core import authority
from prismfs.rules.core.draft import Draft


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
    draft.settle("finish", f"{draft.event.actor} has done it")
    draft.row("todo.done", draft.subject, reason=draft.reason)
    return None
