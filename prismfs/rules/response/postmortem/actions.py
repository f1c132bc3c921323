"""Action items: the lines of an incident's tracker become work items with owner and deadline (R-003-24, R-003-29).

A later revision of the tracker updates them: the same action of the same owner is the same item, one that is
not listed any more is closed, and one that changes hands stays the item that it is.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from prismfs.errors import RefusedError
from prismfs.kinds.response.incident import Incident
from prismfs.kinds.work.bead import WorkItem
from prismfs.records.api import Nothing, format_instant
from prismfs.rules.core.api import Draft, authority, one_line
from prismfs.rules.response.facts import add_row, mail
from prismfs.rules.work import api as work

LABEL = "action-item"
DROPPED = "not in the tracker any more"
"""Why an item is closed that a later revision leaves out; one that comes back is opened again."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """One line of a tracker: what, whose, and in which bucket of `action_due`; priority 0 (most urgent) to 4."""

    action: str
    owner: str
    bucket: str
    priority: int = 2
    done: bool = False

    @property
    def key(self) -> tuple[str, str]:
        """What tells it from others: the action, but for case, blanks and the punctuation at its end, and the owner."""
        return _plain(self.action), self.owner.casefold()


def track(draft: Draft, incident: Incident, wanted: Sequence[Wanted], *, author: str) -> None:
    """Make the action items of `incident` what a tracker of `author` says, with a row for each that changes.

    Raises:
        RefusedError: `owner_missing`, `unknown_bucket`.
    """
    _check(draft, wanted)
    lines: dict[tuple[str, str], Wanted] = {}
    for line in wanted:
        lines.setdefault(line.key, line)  # of two that say the same, the first bucket counts
    found, left = _match(lines, [item for item in draft.view.with_ref(WorkItem, incident.id) if LABEL in item.labels])
    counts = {"created": 0, "updated": 0, "closed": 0}
    new: dict[str, list[WorkItem]] = {}
    for number, (key, line) in enumerate(lines.items()):
        if key in found:
            counts["updated"] += _update(draft, found[key], line)
        else:
            counts["created"] += 1
            item = _create(draft, incident, line, author=author, role=f"action:{number}")
            new.setdefault(line.owner, []).append(item)
    for item in left:
        if item.status != "closed":
            counts["closed"] += 1
            _close(draft, item, DROPPED)
    _tell(draft, incident, new)
    reason = ", ".join(f"{number} {what}" for what, number in counts.items())
    add_row(draft, "incident.actions_tracked", incident, reason=reason, meta=counts)


def finish(draft: Draft) -> Nothing | None:
    """Close an action item as done, by its owner or an identity with the right.

    Raises:
        RefusedError: `not_found`, `is_escalation`, `not_an_action_item`.
        ForbiddenError: `not_allowed`.
    """
    item = work.need_work(draft, "escalate close ID --reason TEXT")
    if LABEL not in item.labels:
        hint = "prismfs bead close ID --reason TEXT"
        raise RefusedError("not_an_action_item", "it is no action item of an incident", field="/id", hint=hint)
    if item.status == "closed":
        return Nothing(f"closed already{work.by(item.closed_by)}", item.id)
    if item.assignee is None or draft.event.actor.casefold() != item.assignee.casefold():
        authority.check(draft, "action.done")
    blockers = work.blockers_of(draft, item)
    left = f"; blocked until the end by {', '.join(blockers[:5])}" if blockers else ""
    draft.because("close", f"{draft.event.actor} says that it is done{left}")
    draft.subject = draft.put(work.ended(draft, item, str(draft.event.document.get("note") or "done")))
    draft.row("bead.closed", draft.subject, reason=draft.reason, meta={"blockers": [*blockers]} if blockers else {})
    return None


def item_due(draft: Draft) -> None:
    """Remind the owner of an action item that is late (R-003-29), and remind again until it is done."""
    item = draft.need(WorkItem, str(draft.event.document["id"]))
    deadline = item.deadline
    if item.status == "closed" or deadline is None:  # such as a due time set by hand
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


def with_priorities(wanted: Sequence[Wanted], known: Mapping[str, int]) -> tuple[Wanted, ...]:
    """Return `wanted` with the priority that `known` has for the same action; the others keep their own."""
    ranks = {_plain(action): priority for action, priority in known.items()}
    return tuple(replace(line, priority=ranks.get(_plain(line.action), line.priority)) for line in wanted)


def _check(draft: Draft, wanted: Sequence[Wanted]) -> None:
    due = draft.response.action_due
    for number, line in enumerate(wanted):
        if not line.owner:
            said = "an action item has an owner"
            raise RefusedError("owner_missing", said, field=f"/{line.bucket}/{number}", hint="… — @NAME")
        if line.bucket not in due:
            hint = f"action_due of settings/response.yaml has {', '.join(due)}"
            raise RefusedError("unknown_bucket", "no deadline is set for it", field=f"/{line.bucket}", hint=hint)


def _match(
    keys: Iterable[tuple[str, str]], items: Iterable[WorkItem]
) -> tuple[dict[tuple[str, str], WorkItem], Iterable[WorkItem]]:
    """Return the item of each line that has one, by the line's key, and the items that no line is about.

    Items with the same action and owner are taken first, then those that are not closed and only change hands.
    """
    left = {item.id: item for item in items}
    found: dict[tuple[str, str], WorkItem] = {}
    for moved in (False, True):
        for key in (key for key in keys if key not in found):
            for item in left.values():
                action, owner = _plain(item.title), (item.assignee or "").casefold()
                if action == key[0] and (item.status != "closed" if moved else owner == key[1]):
                    found[key] = left.pop(item.id)
                    break
    return found, left.values()


def _create(draft: Draft, incident: Incident, line: Wanted, *, author: str, role: str) -> WorkItem:
    deadline = draft.now + draft.response.action_due[line.bucket]
    item = work.new_item(
        draft,
        role=role,
        type="task",
        title=one_line(line.action),
        body=line.action if len(line.action) > len(one_line(line.action)) else "",
        priority=line.priority,
        labels=(LABEL, line.bucket, f"incident:{incident.id}"),
        assignee=line.owner,
        related=incident.id,
        created_by=author,
        deadline=deadline,
        due_at=deadline,
    )
    draft.put(item)
    meta = {"type": item.type, "priority": item.priority, "incident": incident.id, "deadline": format_instant(deadline)}
    draft.row("bead.created", item, reason=f"an action item of {incident.id}", meta={**meta})
    if line.done:
        _close(draft, item, "done before it was tracked")
    return item


def _update(draft: Draft, item: WorkItem, line: Wanted) -> bool:
    """Update `item` to what `line` says of it; tell whether that changed anything."""
    if item.status == "closed" and item.close_reason != DROPPED:
        return False
    changed = item
    if item.status == "closed":
        changed = work.reopened(draft, changed)
    if line.bucket not in item.labels:
        deadline = draft.now + draft.response.action_due[line.bucket]
        kept = (label for label in item.labels if label not in draft.response.action_due)
        changed = changed.changed(labels=(*kept, line.bucket), deadline=deadline, due_at=deadline)
    changed = changed.changed(assignee=line.owner, priority=line.priority)
    if changed != item:
        draft.put(changed.changed(updated_at=draft.now))
        draft.row("bead.updated", changed, reason="as the tracker says now", meta={"before": item.assignee})
    if line.done:
        _close(draft, draft.need(WorkItem, item.id), "done, says the tracker")
    return changed != item or line.done


def _close(draft: Draft, item: WorkItem, reason: str) -> None:
    draft.row("bead.closed", draft.put(work.ended(draft, item, reason)), reason=reason)


def _tell(draft: Draft, incident: Incident, new: Mapping[str, Sequence[WorkItem]]) -> None:
    """Tell each owner of all that is newly theirs, in one message."""
    for owner in sorted(new, key=str.casefold):
        items = [item for item in new[owner] if draft.need(WorkItem, item.id).status != "closed"]
        if not items:
            continue
        days = ("no date" if item.deadline is None else f"{item.deadline:%Y-%m-%d}" for item in items)
        lines = [f"- {item.title} ({item.id}), by {day}" for item, day in zip(items, days, strict=True)]
        subject, body = f"Action items of {incident.id}", "\n".join([*lines, "", "prismfs action done ID"])
        mail(draft, incident, [owner], "actions", subject=subject, body=body, priority="normal")


def _whom(draft: Draft, item: WorkItem) -> tuple[str, ...]:
    """Return who is reminded: its owner; where they are not in the roster, the owner of its incident, too."""
    names = [] if item.assignee is None else [item.assignee]
    if item.assignee is None or not authority.is_identity(draft.view, item.assignee):
        incident = None if item.related is None else draft.get(Incident, item.related)
        names.append(item.created_by if incident is None else incident.owner)
    return tuple({name.casefold(): name for name in names}.values())


def _plain(action: str) -> str:
    """Return the words of an action by which two lines are the same: case, blanks and a last full stop do not count."""
    return one_line(action).casefold().rstrip(" .!;,:")
