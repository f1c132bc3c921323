"""Beads as commands name them, and the links between them: what blocks what; never in a circle (R-004-35)."""

from prismfs.errors import RefusedError
from prismfs.kinds.core.bead import Bead, Dependency
from prismfs.kinds.escalation.escalation import Escalation
from prismfs.kinds.work.bead import NewLink, WorkItem
from prismfs.records.api import JsonValue, Nothing
from prismfs.records.links import ORDERING, Node, blockers, find_cycle
from prismfs.rules.core import authority
from prismfs.rules.core.draft import Draft


def link(draft: Draft) -> Nothing | None:
    """Add a link from bead `id` to bead `on`, or take it away with `remove`; a link that is there is Nothing.

    Raises:
        RefusedError: `not_found`, `depends_on_itself`, `cycle` naming the circle.
    """
    document = draft.event.document
    bead = need(draft, str(document["id"]))
    check_may(draft, bead, "bead.update")
    if document.get("remove"):
        return _remove(draft, bead)
    form = NewLink.from_document({name: document[name] for name in ("type", "on") if name in document})
    other = need(draft, form.on, field="/on")
    if other.id == bead.id:
        raise RefusedError("depends_on_itself", "a bead cannot depend on itself", field="/on")
    names = (other.id, other.external_id)
    if any(known.type == form.type and known.on in names for known in bead.dependencies):
        return Nothing("that link is there already", bead.id)
    if form.type in ORDERING:
        circle = find_cycle(bead.id, _node_of(other), lambda name: _find_node(draft, name))
        if circle:
            hint = f"the circle: {' > '.join(circle)}"
            raise RefusedError("cycle", "each would wait for the other for ever", field="/on", hint=hint)
    new = Dependency(type=form.type, on=other.id, by=draft.event.actor, at=draft.now)
    draft.subject = draft.put(_relinked(draft, bead, (*bead.dependencies, new)))
    draft.because("link", f"{form.type} {other.id}")
    draft.row("bead.linked", draft.subject, reason=draft.reason, meta={"type": form.type, "on": other.id})
    return None


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
    return blockers(_node_of(bead), lambda name: _find_node(draft, name))


def _remove(draft: Draft, bead: Bead) -> Nothing | None:
    document = draft.event.document
    named, kind = str(document["on"]), document.get("type")
    other = find(draft, named)
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


def _find_node(draft: Draft, name: str) -> Node | None:
    found = find(draft, name)
    return None if found is None else _node_of(found)


def _node_of(bead: Bead) -> Node:
    """Return `bead` as a node of the graph of links."""
    links = tuple((link.type, link.on) for link in bead.dependencies)
    return Node(id=bead.id, open=bead.status != "closed", held=bead.status == "blocked", on=links)
