"""The timeline of a review: minute by minute from an incident's audit rows, with its analysis merged (R-002-45)."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby

from prismfs.kinds.core.audit import Audit
from prismfs.kinds.response.incident import Incident
from prismfs.rules.core.draft import one_line

OWN = "audit row"
"""How the source begins of what an audit row tells, here and in the templates of phases."""

_RESOLVED = "incident.resolved"
_SPANS = (60, 600, 3600, 86400, 604800)
"""Seconds of a span that is told as one moment; the first that is long enough is taken."""

_MOST_MOMENTS = 100
_MOST_REASONS = 5
_LONGEST = 1500
"""Characters of one moment."""


@dataclass(frozen=True, slots=True)
class Moment:
    """What happened at an instant, and where that is known from."""

    at: datetime
    event: str
    source: str


def moments_of(incident: Incident, rows: Iterable[Audit], analysed: Sequence[Moment] = ()) -> tuple[Moment, ...]:
    """Return what happened from detection to resolution, one moment for each minute in which something did.

    What an analysis tells (`analysed`) may lie before the detection, and stands beside the rows, in order of time.
    Where that comes to more moments than one can read, they are of longer spans.
    """
    within = _until_resolved(incident, rows)
    told: list[Moment] = []
    for span in _SPANS:
        told = [_moment(list(found)) for _, found in groupby(within, key=lambda row: row.at.timestamp() // span)]
        if len(told) <= _MOST_MOMENTS:
            break
    return tuple(sorted([*analysed, *told], key=lambda moment: moment.at))


def _until_resolved(incident: Incident, rows: Iterable[Audit]) -> list[Audit]:
    """Return the rows in order, without those that follow the last resolution."""
    found = sorted((row for row in rows if row.at >= incident.detected_at), key=lambda row: row.number)
    end = max((row.number for row in found if row.action == _RESOLVED), default=None)
    return [row for row in found if end is None or row.number <= end]


def _moment(rows: Sequence[Audit]) -> Moment:
    """Return the rows of one minute as one moment: each action once, with the reasons that it had."""
    reasons: dict[str, dict[str, None]] = {}
    for row in rows:
        reasons.setdefault(row.action.removeprefix("incident."), {})[_plain(row.reason)] = None
    said = [f"{action}: {_listed(list(why))}" for action, why in reasons.items()]
    first, last = rows[0].number, rows[-1].number
    source = f"{OWN} {first}" if first == last else f"{OWN}s {first} to {last}"
    return Moment(rows[0].at.replace(microsecond=0), one_line("; ".join(said), _LONGEST), source)


def _listed(reasons: Sequence[str]) -> str:
    more = len(reasons) - _MOST_REASONS
    return ", ".join(reasons[:_MOST_REASONS]) + (f" and {more} more" if more > 0 else "")


def _plain(text: str) -> str:
    """Return `text` without the dashes and brackets that a timeline or Markdown reads otherwise."""
    table = str.maketrans({"—": "-", "<": "(", ">": ")", "`": "'", "*": "", "[": "(", "]": ")"})
    return " ".join(text.translate(table).replace(" - ", ", ").split())
