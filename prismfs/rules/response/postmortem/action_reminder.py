"""Beads that fall due: an escalation climbs, and the owner of an action item that is late is reminded (R-003-29)."""

from __future__ import annotations

from prismfs.kinds.response.incident import Incident
from prismfs.kinds.work.bead import Bead, WorkItem
from prismfs.records.base import format_instant
from prismfs.rules.core import authority
from prismfs.rules.core.draft import Draft
from prismfs.rules.escalation import lifecycle


def bead_due(draft: Draft) -> None:
    """Answer the due time of a bead as its type wants."""
    bead = draft.need(Bead, str(draft.event.document["id"]))
    if isinstance(bead, WorkItem):
        _item_due(draft, bead)
    else:
        lifecycle.escalation_due(draft)


def _item_due(draft: Draft, item: WorkItem) -> None:
    deadline = item.deadline
    if item.status == "closed" or deadline is None:  # such as a due time that somebody set by hand
        draft.because("retime", "what it waited for is no more")
        draft.subject = draft.put(item.changed(due_at=None))
        draft.row("bead.retimed", draft.subject, reason=draft.reason)
        return
    draft.subject = item = draft.put(item.changed(due_at=draft.now + draft.response.action_reminder))
    draft.because("remind", "the action item is late")
    for name in _whom(draft, item):
        draft.mail(
            name,
            role=f"overdue:{name.casefold()}",
            type="task",
            subject=f"Late: {item.title}",
            body=f"It was to be done by {format_instant(deadline)}.\n\nprismfs action done {item.id}\n",
            about=item,
            priority="high",
        )
    meta = {"deadline": format_instant(deadline), "assignee": item.assignee, "incident": item.related}
    draft.row("bead.overdue", item, level="warn", reason=draft.reason, meta={**meta})


def _whom(draft: Draft, item: WorkItem) -> tuple[str, ...]:
    """Return who is reminded: its owner; where that is nobody here, the owner of its incident, too."""
    names = [] if item.assignee is None else [item.assignee]
    if item.assignee is None or not authority.is_somebody(draft.view, item.assignee):
        incident = None if item.related is None else draft.get(Incident, item.related)
        names.append(item.created_by if incident is None else incident.owner)
    return tuple({name.casefold(): name for name in names}.values())
