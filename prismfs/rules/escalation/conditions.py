"""What the desk opened because of a condition is closed when the condition ends (FD-10): one rule for all of them."""

from prismfs.kinds import kind_of
from prismfs.kinds.escalation.escalation import Escalation
from prismfs.records.api import Record
from prismfs.rules.core.api import Draft, Moved
from prismfs.rules.core.road import Step
from prismfs.rules.escalation.lifecycle import close


def close_ended(draft: Draft, asked: Moved) -> None:
    """The step that answers `Moved`: closes each escalation whose condition has ended, with a row that says so."""
    for record in asked.records:
        name = kind_of(record).name_of(record)
        for found in draft.view.with_ref(Escalation, name):
            bead = draft.need(Escalation, found.id)
            if bead.status != "closed" and not _holds(record, bead):
                closed = close(draft, bead, f"what it waited for has ended: {name}")
                draft.row("escalation.closed", closed, level="warn", reason=closed.closed_reason)


def _holds(record: Record, bead: Escalation) -> bool:
    if bead.holds_while is None:
        return True
    document = record.to_document()
    return all(document.get(member) in values for member, values in bead.holds_while.items())


STEPS = (Step("settle", Moved, close_ended),)
