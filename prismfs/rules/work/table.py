"""The rows of the family `work`: which stages answer what, and who may cause it."""

from prismfs.rules.core.road import Row, Step, Table
from prismfs.rules.work import bead_import, items, links, todos

TABLE: Table = {
    ("drop", "task"): Row((items.create,)),
    ("drop", "todo"): Row((todos.accept_todo,)),
    ("drop", "journal"): Row((todos.accept_journal,)),
    ("command", "bead.create"): Row((items.create,), right="anyone"),
    ("command", "bead.claim"): Row((items.claim,), right="anyone"),
    ("command", "bead.release"): Row((items.release,), right="anyone"),
    ("command", "bead.update"): Row((items.update,), right="anyone"),
    ("command", "bead.close"): Row((items.close,), right="anyone"),
    ("command", "bead.reopen"): Row((items.reopen,), right="anyone"),
    ("command", "bead.dep"): Row((links.link,), right="anyone"),
    ("command", "bead.comment"): Row((items.comment,), right="anyone"),
    ("command", "escalate.comment"): Row((items.comment,), right="anyone", dropped_as=("comment", "bead")),
    ("command", "bead.import"): Row((bead_import.import_bead,)),
    ("command", "todo.add"): Row((todos.accept_todo,), right="anyone"),
    ("command", "todo.done"): Row((todos.finish_todo,), right="anyone"),
    ("command", "journal.add"): Row((todos.accept_journal,), right="anyone"),
}

STEPS: tuple[Step, ...] = ()
