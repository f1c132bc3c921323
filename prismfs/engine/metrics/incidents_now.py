"""The incidents that are open now, the most urgent first (R-002-51, R-002-53).

Read from the projection without the models: `prismfs status` is called often, and from prompts.
"""

import json
import sqlite3
from typing import Any, TypeAlias

from prismfs.engine.metrics.facts import Rules, instant_of
from prismfs.engine.metrics.source import array_of, read_rules
from prismfs.errors import ConfigError

Active: TypeAlias = dict[str, Any]

_MEMBERS = (
    "id", "title", "severity.label", "severity.rank", "status", "level", "owner", "acknowledged_by", "detected_at",
    "responded_at", "timers.respond", "timers.resolve", "drill", "roles",
)  # fmt: skip
_OPEN = f"SELECT {array_of(_MEMBERS)} FROM record WHERE kind = 'incident' AND open = 1"  # noqa: S608
_FIRST_LEVEL = "agent"
_NEVER = float("inf")


def read_active(connection: sqlite3.Connection, *, at: int | None) -> list[Active]:
    """Return every open incident with its responder and the time left to its target, as of `at` (ms since 1970).

    `responder` is to whom it was handed over, else who acknowledged it, else its owner.
    `target` is what it waits for, `respond` until somebody has
    acted and `resolve` after; `left_seconds` is 0 or less where that is overdue, and null where there is no target.
    Settings that are there but invalid leave out what is overdue: this is read most when something is wrong.
    """
    found = connection.execute(_OPEN).fetchall()
    if not found:
        return []
    try:
        rules: Rules | None = read_rules(connection)
    except ConfigError:
        rules = None
    items = []
    for (text,) in found:
        case = dict(zip(_MEMBERS, json.loads(text), strict=True))
        target = "respond" if case["responded_at"] is None else "resolve"
        due = _due(case, target, rules)
        left = None if due is None or at is None else (due - at) / 1000
        items.append(
            {
                "id": case["id"],
                "title": case["title"],
                "severity": case["severity.label"],
                "rank": case["severity.rank"],
                "status": case["status"],
                "level": case["level"] or _FIRST_LEVEL,
                "responder": _lead(case["roles"]) or case["acknowledged_by"] or case["owner"],
                "acknowledged": case["acknowledged_by"] is not None,
                "drill": bool(case["drill"]),
                "target": None if left is None else target,
                "left_seconds": left,
            }
        )
    return sorted(items, key=_urgency)


def _lead(roles: list[dict[str, Any]] | None) -> str | None:
    return next((str(each["identity"]) for each in roles or () if each.get("leads")), None)


def _due(case: dict[str, Any], target: str, rules: Rules | None) -> int | None:
    """Return when the target is over: by its timer, or by the rules, as one that has lapsed is taken out."""
    timer = case[f"timers.{target}"]
    if timer is not None:
        return instant_of(timer)
    if rules is None:
        return None
    of_rank = rules.respond_due if target == "respond" else rules.resolve_due
    return of_rank(case["severity.rank"], instant_of(case["detected_at"]))


def _urgency(item: Active) -> tuple[int, float, str]:
    left = item["left_seconds"]
    return item["rank"], _NEVER if left is None else left, item["id"]
