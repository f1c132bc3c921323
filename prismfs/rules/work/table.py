"""The rows of work items: which stages answer what, and who may cause it; `todos` and `bead_import` have their own."""

from prismfs.rules.core.road import Row, Step, Table
from prismfs.rules.work import items, links

TABLE: Table = {
    ("drop", "task"): Row((items.create,)),
    ("command", "bead.create"): Row((items.create,), right="anyone"),
    ("command", "bead.claim"): Row((items.claim,), right="anyone"),
    ("command", "bead.release"): Row((items.release,), right="anyone"),
    ("command", "bead.update"): Row((items.update,), right="anyone"),
    ("command", "bead.close"): Row((items.close,), right="anyone"),
    ("command", "bead.reopen"): Row((items.reopen,), right="anyone"),
    ("command", "bead.dep"): Row((links.link,), right="anyone"),
    ("command", "bead.comment"): Row((items.comment,), right="anyone"),
    ("command", "escalate.comment"): Row((items.comment,), right="anyone", dropped_as=("comment", "bead")),
}

STEPS: tuple[Step, ...] = ()
