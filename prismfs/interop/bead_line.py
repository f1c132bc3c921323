"""One line of the public beads program's `issues.jsonl`, as a bead and back (R-004-36).

Reading a line and writing it again gives an equal object. Where a record writes a value otherwise (a time with
microseconds, a name with a blank), or knows no field for it, the peer's own member is kept in `Bead.peer` and
given back for as long as the record still means the same.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import get_args

from prismfs.errors import RecordError
from prismfs.interop import escalation_labels
from prismfs.interop.bead_fields import Line, Link, Remark, identity, instant, one_line, one_of, time_of
from prismfs.kinds.core.bead import Bead, LinkType, Peer
from prismfs.kinds.escalation.escalation import Escalation
from prismfs.kinds.work.work_item import WorkItem, WorkStatus, WorkType
from prismfs.records.api import (
    Document,
    Id,
    JsonValue,
    Scales,
    canonical_json,
    derive_id,
    format_instant,
    parse_id,
    same,
)

ESCALATION = "escalation"
"""`issue_type` of an escalation."""


@dataclass(frozen=True, slots=True)
class Project:
    """What a bead takes from its project; `name` gives the peer's id of the bead that a link is on."""

    pid: str
    scales: Scales
    scale: str
    tier: str
    name: Callable[[str], str] = str


def read_line(line: Document, project: Project) -> Bead:
    """Return the bead that `line` means.

    Raises:
        RecordError: `missing_field`, `bad_field`, `unknown_status`, `unknown_type`; with the member of the line.
    """
    bead = _read(line, project)
    plain = _plain(bead, project)
    said = {name: value for name, value in line.items() if name not in plain or not same(plain[name], value)}
    left_out = tuple(name for name in plain if name not in line)
    return bead.changed(peer=Peer(said=said, left_out=left_out)) if said or left_out else bead


def write_line(bead: Bead, project: Project) -> Document:
    """Return the line that says `bead`: the peer's own members where they still mean what the record says."""
    plain = _plain(bead, project)
    if bead.peer == Peer():
        return plain
    theirs = plain | bead.peer.said
    for name in bead.peer.left_out:
        theirs.pop(name, None)
    again = _plain(_read(theirs, project), project)
    line: Document = {}
    for name in dict.fromkeys((*plain, *theirs)):
        source = theirs if name not in Line.model_fields or same(again.get(name), plain.get(name)) else plain
        if name in source:
            line[name] = source[name]
    for name, key in (("dependencies", _link_key), ("comments", _remark_key)):
        own, said = plain.get(name, []), bead.peer.said.get(name)
        if isinstance(own, list) and isinstance(said, list) and (own or said):
            line[name] = _merged(own, said, key)
    return line


def changed_at(bead: Bead) -> datetime:
    """Return when `bead` was last changed: what decides which of two writings is the newer."""
    if isinstance(bead, WorkItem):
        return bead.updated_at
    assert isinstance(bead, Escalation)
    return escalation_labels.changed_at(bead)


def name_of(bead: Bead) -> str:
    """Return the id that `bead` has in a line: the peer's where it came from there."""
    return bead.external_id or bead.id


def _read(line: Document, project: Project) -> Bead:
    if line.get("_type", "issue") != "issue":
        hint = "only issues are taken in; export them without memories"
        raise RecordError("not_an_issue", "the line is no issue", field="/_type", hint=hint)
    known: Document = {name: value for name, value in line.items() if name in Line.model_fields and value is not None}
    form = Line.from_document(known)
    created = instant(form.created_at, "/created_at")
    updated = created if form.updated_at is None else instant(form.updated_at, "/updated_at")
    own = _own_id(form.id)
    document: Document = {
        "kind": "bead",
        "version": 1,
        "id": own or derive_id("bea", created, cause=f"peer:{form.id}"),
        "pid": project.pid,
        "type": form.issue_type,
        "title": one_line(form.title),
        "body": form.description,
        "created_at": format_instant(created),
        "comments": [_note(number, remark) for number, remark in enumerate(form.comments)],
        "dependencies": [
            _dependency(number, link, form) for number, link in enumerate(form.dependencies) if _is_known(link)
        ],
    }
    if own is None:
        document["external_id"] = form.id
    closed = None if form.closed_at is None else instant(form.closed_at, "/closed_at")
    author = identity(form.created_by)
    if form.issue_type == ESCALATION:
        document |= escalation_labels.fields(
            form.labels,
            name=form.id,
            status=one_of(form.status, ("open", "in_progress", "closed"), "/status"),
            rank=min(form.priority, 3),
            author=author,
            assignee=identity(form.assignee) if form.assignee else None,
            updated=updated,
            closed=closed,
            reason=form.close_reason,
            scales=project.scales,
            scale=project.scale,
            tier=project.tier,
        )
        return Escalation.from_document(document)
    document |= {
        "type": one_of(form.issue_type, (*get_args(WorkType), ESCALATION), "/issue_type"),
        "status": one_of(form.status, get_args(WorkStatus), "/status"),
        "priority": form.priority,
        "labels": list(form.labels),
        "design": form.design,
        "acceptance_criteria": form.acceptance_criteria,
        "notes": form.notes,
        "estimated_minutes": form.estimated_minutes,
        "assignee": identity(form.assignee) if form.assignee else None,
        "external_ref": one_line(form.external_ref) if form.external_ref else None,
        "created_by": author,
        "updated_at": format_instant(updated),
        "closed_at": None if closed is None else format_instant(closed),
        "close_reason": form.close_reason,
    }
    return WorkItem.from_document({name: value for name, value in document.items() if value is not None})


def _plain(bead: Bead, project: Project) -> Document:
    """Return the line that the record alone gives, without what the peer wrote."""
    line: Document = {
        "id": name_of(bead),
        "title": bead.title,
        "description": bead.body,
        "created_at": time_of(bead.created_at),
        "updated_at": time_of(changed_at(bead)),
        "dependencies": [
            {
                "issue_id": name_of(bead),
                "depends_on_id": project.name(link.on),
                "type": link.type,
                "created_at": time_of(link.at),
                "created_by": link.by,
            }
            for link in bead.dependencies
        ],
        "comments": [
            {
                "id": number,
                "issue_id": name_of(bead),
                "author": note.by,
                "text": note.text,
                "created_at": time_of(note.at),
            }
            for number, note in enumerate(bead.comments, start=1)
        ],
    }
    if isinstance(bead, WorkItem):
        line |= {
            "design": bead.design,
            "acceptance_criteria": bead.acceptance_criteria,
            "notes": bead.notes,
            "status": bead.status,
            "priority": bead.priority,
            "issue_type": bead.type,
            "assignee": bead.assignee,
            "estimated_minutes": bead.estimated_minutes,
            "created_by": bead.created_by,
            "closed_at": None if bead.closed_at is None else time_of(bead.closed_at),
            "close_reason": bead.close_reason,
            "external_ref": bead.external_ref,
            "labels": list(bead.labels),
        }
    else:
        assert isinstance(bead, Escalation)
        line |= escalation_labels.members(bead, time_of)
    return {name: line[name] for name in Line.model_fields if line.get(name) not in (None, "", [])}


def _own_id(text: str) -> Id | None:
    try:
        return parse_id(text, prefix="bea")
    except RecordError:
        return None


def _is_known(link: Link) -> bool:
    return link.type in get_args(LinkType)


def _dependency(number: int, link: Link, form: Line) -> Document:
    at = instant(link.created_at or form.created_at, f"/dependencies/{number}/created_at")
    who = link.created_by or form.created_by
    return {"type": link.type, "on": link.depends_on_id, "by": identity(who), "at": format_instant(at)}


def _note(number: int, remark: Remark) -> Document:
    at = instant(remark.created_at, f"/comments/{number}/created_at")
    return {"by": identity(remark.author), "at": format_instant(at), "text": remark.text}


def _link_key(entry: Document) -> JsonValue:
    return [entry.get("depends_on_id"), entry.get("type")]


def _remark_key(entry: Document) -> JsonValue:
    at = entry.get("created_at")
    moment = format_instant(instant(at, "/comments")) if isinstance(at, str) else ""
    author = entry.get("author")
    return [identity(author if isinstance(author, str) else ""), moment, entry.get("text")]


def _merged(
    own: Sequence[JsonValue], theirs: Sequence[JsonValue], key: Callable[[Document], JsonValue]
) -> list[JsonValue]:
    """Return the peer's entries that the record still has or never knew, in their order, then those of its own."""
    left = [(canonical_json(key(entry)), entry) for entry in own if isinstance(entry, dict)]
    merged: list[JsonValue] = []
    for entry in theirs:
        if not isinstance(entry, dict):
            continue
        wanted = canonical_json(key(entry))
        found = next((pair for pair in left if pair[0] == wanted), None)
        if found is not None:
            left.remove(found)
            merged.append(entry)
        elif key is _link_key and entry.get("type") not in get_args(LinkType):
            merged.append(entry)
    return merged + [entry for _, entry in left]
