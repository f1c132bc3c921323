"""What is particular to an escalation in a line of `issues.jsonl`: its labels carry what has no member there."""

import re
from collections.abc import Callable, Sequence
from datetime import datetime

from prismfs.errors import RecordError
from prismfs.kinds.escalation.escalation import Escalation
from prismfs.records.api import Document, Scales, Severity, format_instant, read_label, with_rank

_WORD = re.compile(r"[a-z][a-z0-9_-]{0,63}")
_SOURCE = re.compile(r"[a-z][a-z0-9_-]*(:[A-Za-z0-9._/-]+){1,2}")
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._/-]{0,63}")
_DERIVED = ("severity", "source", "acknowledged", "reescalated", "reescalation_count", "original_severity")


def members(bead: Escalation, time_of: Callable[[datetime], str]) -> Document:
    """Return the members of the line that `bead` gives; its labels are `tags`."""
    return {
        "status": "closed" if bead.status == "closed" else "open",
        "priority": bead.severity.rank,
        "issue_type": "escalation",
        "assignee": bead.acknowledged_by,
        "created_by": bead.reporter,
        "closed_at": None if bead.closed_at is None else time_of(bead.closed_at),
        "close_reason": bead.closed_reason,
        "labels": list(bead.tags),
    }


def fields(
    labels: Sequence[str],
    *,
    name: str,
    status: str,
    rank: int,
    author: str,
    assignee: str | None,
    updated: datetime,
    closed: datetime | None,
    reason: str,
    scales: Scales,
    scale: str,
    tier: str,
) -> Document:
    """Return the fields of the escalation that a line means; without a due time, so that it pages no one."""
    said = {key: value for key, mark, value in (label.partition(":") for label in labels) if mark}
    severity = _severity(said.get("severity"), scales, scale) or with_rank(scales, rank, scale=scale)
    first = _severity(said.get("original_severity"), scales, scale) or severity
    category = next((label for label in labels if _WORD.fullmatch(label) and label != "escalation"), None)
    source, count = said.get("source", ""), said.get("reescalation_count", "")
    taken = status == "in_progress" or said.get("acknowledged") == "true"
    document: Document = {
        "type": "escalation",
        "status": "closed" if status == "closed" else "acknowledged" if taken else "open",
        "severity": severity.model_dump(mode="json"),
        "category": category,
        "source": source if _SOURCE.fullmatch(source) and len(source) <= 200 else "import:beads",
        "reporter": author,
        "tier": tier,
        "labels": {
            key: value[:500] for key, value in list(said.items())[:64] if key not in _DERIVED and _NAME.fullmatch(key)
        },
        "signature": f"peer:{name}",
        "last_seen_at": format_instant(updated),
        "acknowledged_by": (assignee or author) if taken else assignee,
        "acknowledged_at": format_instant(updated) if taken else None,
        "closed_at": None if closed is None else format_instant(closed),
        "closed_reason": reason or None,
        "original_severity": None if first == severity else first.model_dump(mode="json"),
        "reescalation_count": int(count) if count.isdecimal() and len(count) < 6 else 0,
    }
    return {key: value for key, value in document.items() if value is not None}


def changed_at(bead: Escalation) -> datetime:
    """Return when `bead` was last changed, as far as it says so."""
    times = (bead.acknowledged_at, bead.closed_at, bead.last_reescalated_at, *(note.at for note in bead.comments))
    return max([bead.last_seen_at, *(at for at in times if at is not None)])


def _severity(label: str | None, scales: Scales, scale: str) -> Severity | None:
    try:
        return None if label is None else read_label(scales, label, scale=scale)
    except RecordError:
        return None
