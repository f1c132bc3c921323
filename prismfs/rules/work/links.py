"""Links between beads: what blocks what, what is a part of what; never in a circle (R-004-35)."""

from pydantic import JsonValue

from prismfs.errors import RefusedError
from prismfs.kinds.core.bead import Bead, Dependency
from prismfs.kinds.work.work_item import NewLink, WorkItem
from prismfs.records.api import ORDERING, Nothing, find_cycle
from prismfs.rules.core.draft import Draft
from prismfs.rules.work import items


def link(draft: Draft) -> Nothing | None:
    """Add a link from bead `id` to bead `on`, or take it away with `remove`; a link that is there is Nothing.

    Raises:
        RefusedError: `not_found`, `depends_on_itself`, `cycle` naming the circle.
    """
    document = draft.event.document
    bead = items.need(draft, str(document["id"]))
    items.check_may(draft, bead, "bead.update")
    if document.get("remove"):
        return _remove(draft, bead)
    form = NewLink.from_document({name: document[name] for name in ("type", "on") if name in document})
    other = items.need(draft, form.on, field="/on")
    if other.id == bead.id:
        raise RefusedError("depends_on_itself", "a bead cannot depend on itself", field="/on")
    names = (other.id, other.external_id)
    if any(known.type == form.type and known.on in names for known in bead.dependencies):
        return Nothing("that link is there already", bead.id)
    if form.type in ORDERING:
        circle = find_cycle(bead.id, items.node_of(other), lambda name: items.find_node(draft, name))
        if circle:
            hint = f"the circle: {' > '.join(circle)}"
            raise RefusedError("cycle", "each would wait for the other for ever", field="/on", hint=hint)
    new = Dependency(type=form.type, on=other.id, by=draft.event.actor, at=draft.now)
    draft.subject = draft.put(_relinked(draft, bead, (*bead.dependencies, new)))
    draft.because("link", f"{form.type} {other.id}")
    draft.row("bead.linked", draft.subject, reason=draft.reason, meta={"type": form.type, "on": other.id})
    return None


def _remove(draft: Draft, bead: Bead) -> Nothing | None:
    document = draft.event.document
    named, kind = str(document["on"]), document.get("type")
    other = items.find(draft, named)
    names = {named} if other is None else {named, other.id, other.external_id}
    gone = [known for known in bead.dependencies if known.on in names and kind in (None, known.type)]
    if not gone:
        return Nothing("there is no such link", bead.id)
    left = tuple(known for known in bead.dependencies if known not in gone)
    draft.subject = draft.put(_relinked(draft, bead, left))
    draft.because("unlink", f"{', '.join(known.type for known in gone)} taken away")
    types: list[JsonValue] = [known.type for known in gone]
    draft.row("bead.unlinked", draft.subject, reason=draft.reason, meta={"types": types, "on": gone[0].on})
    return None


def _relinked(draft: Draft, bead: Bead, dependencies: tuple[Dependency, ...]) -> Bead:
    """Return `bead` with these links; a work item also with the time of the change."""
    linked = bead.changed(dependencies=dependencies)
    return linked.changed(updated_at=draft.now) if isinstance(bead, WorkItem) else linked
