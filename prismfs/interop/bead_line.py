"""One line of the public beads program's `issues.jsonl`, as a bead and back (R-004-36).

Reading a line and writing it again gives an equal object. Where a record writes a value otherwise (a time with
microseconds, a name with a blank), or knows no field for it, the peer's own member is kept in `Bead.peer` and
given back for as long as the record still means the same. The labels of an escalation's line carry what has no
member there.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import get_args

from prismfs.errors import RecordError
from prismfs.interop.bead_fields import Line, identity, instant, merged, one_line, one_of, time_of
from prismfs.kinds.core.bead import Bead, Peer
from prismfs.kinds.escalation.escalation import Escalation
from prismfs.kinds.work.bead import WorkItem, WorkStatus, WorkType
from prismfs.records.api import Document, Scales, Severity, format_instant, read_label, same, with_rank

ESCALATION = "escalation"
"""`issue_type` of an escalation."""

_WORD = re.compile(r"[a-z][a-z0-9_-]{0,63}")
_SOURCE = re.compile(r"[a-z][a-z0-9_-]*(:[A-Za-z0-9._/-]+){1,2}")
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._/-]{0,63}")
_DERIVED = ("severity", "source", "acknowledged", "reescalated", "reescalation_count", "original_severity")

_SAME_IN_WORK = ("design", "acceptance_criteria", "notes", "status", "priority", "estimated_minutes", "close_reason")
"""Members that mean in a line what they mean in a work item."""


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
    theirs = {name: value for name, value in (plain | bead.peer.said).items() if name not in bead.peer.left_out}
    again = _plain(_read(theirs, project), project)
    line: Document = {}
    for name in dict.fromkeys((*plain, *theirs)):
        source = theirs if name not in Line.model_fields or same(again.get(name), plain.get(name)) else plain
        if name in source:
            line[name] = source[name]
    for name in ("dependencies", "comments"):
        own, said = plain.get(name, []), bead.peer.said.get(name)
        if isinstance(own, list) and isinstance(said, list) and (own or said):
            line[name] = merged(name, own, said)
    return line


def changed_at(bead: Bead) -> datetime:
    """Return when `bead` was last changed, as far as it says so: what decides which of two writings is the newer."""
    if isinstance(bead, WorkItem):
        return bead.updated_at
    assert isinstance(bead, Escalation)
    times = (bead.acknowledged_at, bead.closed_at, bead.last_reescalated_at, *(note.at for note in bead.comments))
    return max([bead.last_seen_at, *(at for at in times if at is not None)])


def name_of(bead: Bead) -> str:
    """Return the id that `bead` has in a line: the peer's where it came from there."""
    return bead.external_id or bead.id


def _read(line: Document, project: Project) -> Bead:
    if line.get("_type", "issue") != "issue":
        hint = "only issues are taken in; export them without memories"
        raise RecordError("not_an_issue", "the line is no issue", field="/_type", hint=hint)
    form = Line.from_document({name: line[name] for name in Line.model_fields if line.get(name) is not None})
    created = instant(form.created_at, "/created_at")
    updated = created if form.updated_at is None else instant(form.updated_at, "/updated_at")
    document: Document = {
        "kind": "bead",
        "version": 1,
        **form.names(created),
        "pid": project.pid,
        "type": form.issue_type,
        "title": one_line(form.title),
        "body": form.description,
        "created_at": format_instant(created),
        "comments": form.remarks(),
        "dependencies": form.links(),
        "closed_at": None if form.closed_at is None else format_instant(instant(form.closed_at, "/closed_at")),
    }
    model: type[Bead] = WorkItem
    if form.issue_type == ESCALATION:
        model = Escalation
        document |= _escalation_fields(form, project, updated=format_instant(updated))
    else:
        document |= _work_fields(form, updated=format_instant(updated))
    return model.from_document({name: value for name, value in document.items() if value is not None})


def _work_fields(form: Line, *, updated: str) -> Document:
    one_of(form.issue_type, (*get_args(WorkType), ESCALATION), "type")
    one_of(form.status, get_args(WorkStatus), "status")
    return {name: getattr(form, name) for name in _SAME_IN_WORK} | {
        "labels": list(form.labels),
        "assignee": form.assigned,
        "external_ref": one_line(form.external_ref) if form.external_ref else None,
        "created_by": identity(form.created_by),
        "updated_at": updated,
    }


def _escalation_fields(form: Line, project: Project, *, updated: str) -> Document:
    """Return the fields that are an escalation's own; without a due time, so that it pages no one."""
    one_of(form.status, ("open", "in_progress", "closed"), "status")
    said = dict(label.split(":", 1) for label in form.labels if ":" in label)
    ranked = with_rank(project.scales, min(form.priority, 3), scale=project.scale)
    severity = _severity(said.get("severity"), project) or ranked
    first = _severity(said.get("original_severity"), project) or severity
    source, count = said.get("source", ""), said.get("reescalation_count", "")
    return {
        "severity": severity.model_dump(mode="json"),
        "category": next((label for label in form.labels if _WORD.fullmatch(label) and label != ESCALATION), None),
        "source": source if _SOURCE.fullmatch(source) and len(source) <= 200 else "import:beads",
        "reporter": identity(form.created_by),
        "tier": project.tier,
        "labels": _own_labels(said),
        "signature": f"peer:{form.id}",
        "last_seen_at": updated,
        "closed_reason": form.close_reason or None,
        "original_severity": None if first == severity else first.model_dump(mode="json"),
        "reescalation_count": int(count) if count.isdecimal() and len(count) < 6 else 0,
        **_acknowledged(form, updated, taken=form.status == "in_progress" or said.get("acknowledged") == "true"),
    }


def _own_labels(said: dict[str, str]) -> Document:
    first = list(said.items())[:64]
    return {key: value[:500] for key, value in first if key not in _DERIVED and _NAME.fullmatch(key)}


def _acknowledged(form: Line, updated: str, *, taken: bool) -> Document:
    """Return the status, and who acknowledged it when; the line does not say when it was `taken`."""
    if not taken:
        return {"status": form.status, "acknowledged_by": form.assigned}
    return {
        "status": "closed" if form.status == "closed" else "acknowledged",
        "acknowledged_by": form.assigned or identity(form.created_by),
        "acknowledged_at": updated,
    }


def _severity(label: str | None, project: Project) -> Severity | None:
    try:
        return None if label is None else read_label(project.scales, label, scale=project.scale)
    except RecordError:
        return None


def _plain(bead: Bead, project: Project) -> Document:
    """Return the line that the record alone gives, without what the peer wrote."""
    assert isinstance(bead, WorkItem | Escalation)
    name = name_of(bead)
    line: Document = {
        "id": name,
        "title": bead.title,
        "description": bead.body,
        "created_at": time_of(bead.created_at),
        "updated_at": time_of(changed_at(bead)),
        "closed_at": None if bead.closed_at is None else time_of(bead.closed_at),
        "dependencies": [
            {
                "issue_id": name,
                "depends_on_id": project.name(link.on),
                "type": link.type,
                "created_at": time_of(link.at),
                "created_by": link.by,
            }
            for link in bead.dependencies
        ],
        "comments": [
            {"id": number, "issue_id": name, "author": note.by, "text": note.text, "created_at": time_of(note.at)}
            for number, note in enumerate(bead.comments, start=1)
        ],
    }
    if isinstance(bead, WorkItem):
        line |= {each: getattr(bead, each) for each in (*_SAME_IN_WORK, "assignee", "created_by", "external_ref")}
        line |= {"issue_type": bead.type, "labels": list(bead.labels)}
    else:
        line |= {
            "status": "closed" if bead.status == "closed" else "open",
            "priority": bead.severity.rank,
            "issue_type": ESCALATION,
            "assignee": bead.acknowledged_by,
            "created_by": bead.reporter,
            "close_reason": bead.closed_reason,
            "labels": list(bead.tags),
        }
    return {each: line[each] for each in Line.model_fields if line.get(each) not in (None, "", [])}
