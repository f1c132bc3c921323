"""A greeting becomes a todo of its addressee. A toy rule: a stage and its row, made by one file."""

from __future__ import annotations

from prismfs.errors import RefusedError
from prismfs.kinds.work.todo import Todo
from prismfs.rules.core.authority import check_addressee
from prismfs.rules.core.draft import Draft
from prismfs.rules.core.road import Row, Table


def greet(draft: Draft) -> None:
    """Put a greeting on the list of `to`.

    Raises:
        RefusedError: `unknown_identity`, `greets_itself`.
    """
    to, actor = str(draft.event.document["to"]), draft.event.actor
    check_addressee(draft, to)
    if to.casefold() == actor.casefold():
        raise RefusedError("greets_itself", "an identity does not greet itself", field="/to", hint="greet another one")
    todo = Todo(id=draft.new_id("tod"), title=f"{actor} says hello", owner=to, created_at=draft.now, status="open")
    draft.subject = draft.put(todo)
    draft.because("greet", f"{actor} greets {to}")
    draft.row("todo.created", todo, reason=draft.reason)


TABLE: Table = {("command", "greet"): Row((greet,), right="anyone")}
