"""The members that a line of `issues.jsonl` has, and how the peer writes times and names (R-004-36).

Names of members: internal/types/types.go, `Issue`, of github.com/steveyegge/beads.
"""

import re
from collections.abc import Sequence
from datetime import UTC, datetime

from pydantic import ConfigDict

from prismfs.errors import RecordError
from prismfs.kinds.core.bead import PeerId
from prismfs.kinds.work.work_item import Label, Minutes, Priority
from prismfs.records.api import Text, Value, format_instant

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


def one_of(value: str, known: Sequence[str], field: str) -> str:
    """Return `value` if it is one of `known`.

    Raises:
        RecordError: `unknown_status` or `unknown_type`, with `field`.
    """
    if value not in known:
        what = "status" if field == "/status" else "type"
        hint = f"known here: {', '.join(known)}"
        raise RecordError(f"unknown_{what}", f"no such {what} here: {value[:40]!r}", field=field, hint=hint)
    return value


def one_line(text: str) -> str:
    """Return `text` as the one line that a title may be here."""
    return re.sub(r"[\x00-\x1f\x7f]", " ", text).lstrip("-")[:500] or "(no title)"
