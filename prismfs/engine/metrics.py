"""How fast incidents were answered and resolved, from their records."""

from __future__ import annotations

import json
import statistics
from collections import Counter
from collections.abc import Iterable
from typing import Any

from prismfs.records.base import parse_instant


def measure(documents: Iterable[str], *, start: str | None, end: str | None) -> dict[str, Any]:
    """Return the counts and times of the incidents (JSON texts) detected in [start, end).

    Times are seconds from detection (R-002-56, R-002-57); an empty set has null, never 0.
    """
    incidents = [json.loads(text) for text in documents]
    incidents = [
        one
        for one in incidents
        if (start is None or one["detected_at"] >= start) and (end is None or one["detected_at"] < end)
    ]
    return {
        "incidents": len(incidents),
        "by_severity": dict(sorted(Counter(one["severity"]["label"] for one in incidents).items())),
        "times": {
            "respond": _summary(incidents, "acknowledged_at"),
            "resolve": _summary(incidents, "resolved_at"),
        },
    }


def _summary(incidents: list[dict[str, Any]], member: str) -> dict[str, float | int | None]:
    values = sorted(
        (parse_instant(one[member]) - parse_instant(one["detected_at"])).total_seconds()
        for one in incidents
        if one.get(member)
    )
    if not values:
        return {"n": 0, "mean": None, "median": None, "p90": None}
    rank = -(-len(values) * 9 // 10)  # nearest rank: the smallest value that nine tenths do not exceed
    return {
        "n": len(values),
        "mean": round(statistics.fmean(values), 3),
        "median": round(statistics.median(values), 3),
        "p90": values[rank - 1],
    }
