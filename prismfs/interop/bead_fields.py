"""The members that a line of `issues.jsonl` has, and how the peer writes times, names and lists (R-004-36).

Names of members: internal/types/types.go, `Issue`, of github.com/steveyegge/beads.
"""

import re
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import get_args

from pydantic import ConfigDict, JsonValue

from prismfs.errors import RecordError
from prismfs.kinds.core.bead import LinkType, PeerId
from prismfs.kinds.work.bead import Label, Minutes, Priority
from prismfs.records.api import Document, Text, Value, canonical_json, derive_id, format_instant, parse_id

_TIME = re.compile(r"(\d{4}-\d\d-\d\d)[Tt ](\d\d:\d\d:\d\d)(?:\.(\d{1,9}))?([Zz]|[+-]\d\d:\d\d)")
_YEARS = range(1970, 9000)
"""Times that ids can carry, and every calendar knows."""


class Link(Value):
    """One entry of `dependencies`; members unknown here stand in the peer's own entry."""

    model_config = ConfigDict(extra="ignore")

    depends_on_id: PeerId
    type: str
    created_at: str | None = None
    created_by: str | None = None


class Remark(Value):
    """One entry of `comments`."""

    model_config = ConfigDict(extra="ignore")

    author: str = ""
    text: Text
    created_at: str


class Line(Value):
    """The members of a line that have a field here."""

    id: PeerId
    title: str
    description: Text = ""
    design: Text = ""
    acceptance_criteria: Text = ""
    notes: Text = ""
    status: str = "open"
    priority: Priority = 2
    issue_type: str = "task"
    assignee: str = ""
    estimated_minutes: Minutes | None = None
    created_at: str
    created_by: str = ""
    updated_at: str | None = None
    closed_at: str | None = None
    close_reason: Text = ""
    external_ref: str = ""
    labels: tuple[Label, ...] = ()
    dependencies: tuple[Link, ...] = ()
    comments: tuple[Remark, ...] = ()

    @property
    def assigned(self) -> str | None:
        """The name by which the line calls the assignee, None without one."""
        return identity(self.assignee) if self.assignee else None

    def names(self, created: datetime) -> Document:
        """Return the ids of its record: its own where it is one of ours, else one that is derived of the peer's."""
        try:
            return {"id": parse_id(self.id, prefix="bea")}
        except RecordError:
            return {"id": derive_id("bea", created, cause=f"peer:{self.id}"), "external_id": self.id}

    def links(self) -> list[JsonValue]:
        """Return the dependencies that a record can have, as it has them; what one leaves out is the line's own."""
        return [
            {
                "type": link.type,
                "on": link.depends_on_id,
                "by": identity(link.created_by or self.created_by),
                "at": _moment(link.created_at or self.created_at, f"/dependencies/{number}/created_at"),
            }
            for number, link in enumerate(self.dependencies)
            if link.type in get_args(LinkType)
        ]

    def remarks(self) -> list[JsonValue]:
        """Return the comments as a record has them."""
        return [
            {
                "by": identity(remark.author),
                "at": _moment(remark.created_at, f"/comments/{number}/created_at"),
                "text": remark.text,
            }
            for number, remark in enumerate(self.comments)
        ]


def time_of(at: datetime) -> str:
    """Return `at` in the peer's writing: RFC 3339 in UTC without zeros at the end of the fraction."""
    text = format_instant(at)[:-1].rstrip("0").rstrip(".") if at.microsecond else format_instant(at)[:-5]
    return f"{text}Z"


def identity(text: str) -> str:
    """Return the name that stands for `text` here: what no identity may hold becomes a dash."""
    name = re.sub(r"[^A-Za-z0-9._-]+", "-", text).strip("-").lstrip("._-")[:64] or "unknown"
    return f"peer-{name}" if name.casefold() == "prismfs" else name


def instant(text: str, field: str) -> datetime:
    """Return the time that the peer's `text` names, in UTC.

    Raises:
        RecordError: `bad_field`, with `field`.
    """
    match = _TIME.fullmatch(text)
    try:
        if match is not None:
            day, clock, fraction, zone = match.groups()
            shown = f"{day}T{clock}.{(fraction or '').ljust(6, '0')[:6]}{'+00:00' if zone in 'Zz' else zone}"
            at = datetime.fromisoformat(shown).astimezone(UTC)
            if at.year in _YEARS:
                return at
    except (ValueError, OverflowError):
        pass
    raise RecordError("bad_field", "is no time known here", field=field, hint="write it as 2026-03-01T10:00:00Z")


def one_of(value: str, known: Sequence[str], what: str) -> str:
    """Return `value`, the `status` or `type` of a line, if it is one of `known`.

    Raises:
        RecordError: `unknown_status` or `unknown_type`.
    """
    if value not in known:
        field = "/status" if what == "status" else "/issue_type"
        hint = f"known here: {', '.join(known)}"
        raise RecordError(f"unknown_{what}", f"no such {what} here: {value[:40]!r}", field=field, hint=hint)
    return value


def one_line(text: str) -> str:
    """Return `text` as the one line that a title may be here."""
    return re.sub(r"[\x00-\x1f\x7f]", " ", text).lstrip("-")[:500] or "(no title)"


def merged(name: str, own: Sequence[JsonValue], theirs: Sequence[JsonValue]) -> list[JsonValue]:
    """Return the peer's entries that the record still has or never knew, in their order, then those of its own.

    Both are what lines have in member `name`, `dependencies` or `comments`.
    """
    links = name == "dependencies"
    key_of = _link_key if links else _remark_key
    left = [(key_of(entry), entry) for entry in own if isinstance(entry, dict)]
    kept: list[JsonValue] = []
    for entry in theirs:
        if not isinstance(entry, dict):
            continue
        key = key_of(entry)
        found = next((pair for pair in left if pair[0] == key), None)
        if found is not None:
            left.remove(found)
        if found is not None or (links and entry.get("type") not in get_args(LinkType)):
            kept.append(entry)
    return kept + [entry for _, entry in left]


def _link_key(entry: Document) -> bytes:
    return canonical_json([entry.get("depends_on_id"), entry.get("type")])


def _remark_key(entry: Document) -> bytes:
    at, author = entry.get("created_at"), entry.get("author")
    moment = _moment(at, "/comments") if isinstance(at, str) else ""
    return canonical_json([identity(author if isinstance(author, str) else ""), moment, entry.get("text")])


def _moment(text: str, field: str) -> str:
    return format_instant(instant(text, field))
