"""What the figures are measured on, read from the projection: incidents, action items and the settings.

The projection is made from commits alone, so two clones at one commit measure the same. Imports neither models nor
GitPython while the projection is up to date and no setting is left out.
"""

import json
import re
import sqlite3
from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime
from typing import Any

from prismfs.engine.metrics.facts import Case, Facts, Item, Rules, instant_of
from prismfs.store.reading import read_head


def array_of(members: Iterable[str]) -> str:
    """Return the SQL of one JSON array with these members of a record, each such as `severity.rank`; null where none.

    SQLite reads the document once for all of them, where it would read it again for each column.
    """
    places = [f"'$.{name}'" for name in members]
    return f"json_extract(document, {', '.join(places)})"


_MEMBERS = {
    "id": "id",
    "status": "status",
    "rank": "severity.rank",
    "worst": "sev_max.rank",
    "drill": "drill",
    "started": "started_at",
    "detected": "detected_at",
    "responded": "responded_at",
    "resolved": "resolved_at",
    "escalations": "escalations",
    "auto_resolved": "auto_resolved",
    "root_cause": "root_cause_id",
    "corrected": "corrected",
    "review_stored": "review_stored_at",
}
"""What a case takes from the record of its incident."""

_TIMES = ("started", "detected", "responded", "resolved", "review_stored")
_CASES = f"SELECT {array_of(_MEMBERS.values())}, open FROM record WHERE kind = 'incident' ORDER BY id"  # noqa: S608
_ITEMS = """
SELECT substr(label.value, 10), record.open FROM record, json_each(record.document, '$.labels') AS label
WHERE record.kind = 'bead' AND record.type = 'task' AND label.value LIKE 'incident:%'
AND EXISTS (SELECT 1 FROM json_each(record.document, '$.labels') AS other WHERE other.value = 'action-item')
ORDER BY record.id
"""
_PART = re.compile(r"([0-9]+)([dhms])")
_UNITS = {"d": 24 * 60 * 60 * 1000, "h": 60 * 60 * 1000, "m": 60 * 1000, "s": 1000}


def read_facts(connection: sqlite3.Connection) -> Facts:
    """Return what is measured, as of the commit that the projection shows.

    Raises:
        ConfigError: `invalid_setting`; the policy or the response settings are there and say nothing valid.
    """
    return Facts(
        commit=read_head(connection) or "",
        pid=str(_single(connection, "project").get("pid", "")),
        as_of=_newest_row(connection),
        cases=[_case(json.loads(text), bool(is_open)) for text, is_open in connection.execute(_CASES)],
        items=[Item(incident, not is_open) for incident, is_open in connection.execute(_ITEMS)],
        rules=read_rules(connection),
    )


def read_rules(connection: sqlite3.Connection) -> Rules:
    """Return the targets, the repeat window and the review duty by the settings.

    Raises:
        ConfigError: `invalid_setting`.
    """
    policy, response = _setting(connection, "policy"), _setting(connection, "response")
    review = response.get("review") or {}
    if "targets" not in policy:
        policy = _complete("policy", policy)
    if "repeat_window" not in response or not {"required_rank", "due_days"} <= review.keys():
        response = _complete("response", response)
        review = response["review"]
    targets = policy["targets"]
    window_end = None
    if windows := response.get("windows"):
        window_end = window_ends((window["rule"], milliseconds(window["lasts"])) for window in windows)
    return Rules(
        respond=[milliseconds(target["respond"]) for target in targets],
        resolve=[milliseconds(target["resolve"]) if target.get("resolve") else None for target in targets],
        repeat_window=milliseconds(response["repeat_window"]),
        review_rank=int(review["required_rank"]),
        review_days=list(review["due_days"]),
        window_end=window_end,
    )


def milliseconds(duration: str) -> int:
    """Return a duration that the settings hold, such as `1h30m`; it was checked when it was taken in."""
    return sum(int(count) * _UNITS[unit] for count, unit in _PART.findall(duration))


def _case(members: list[Any], is_open: bool) -> Case:
    said = dict(zip(_MEMBERS, members, strict=True))
    for name in _TIMES:
        said[name] = None if said[name] is None else instant_of(said[name])
    if is_open:  # opened again: it was resolved, and is not any more
        said["resolved"] = None
    said["corrected"] = bool(said["corrected"])
    for name, absent in (("drill", False), ("auto_resolved", False), ("escalations", 0)):
        said[name] = said[name] or absent
    return Case(open=is_open, **said)


def _newest_row(connection: sqlite3.Connection) -> int | None:
    row = connection.execute(
        "SELECT json_extract(document, '$.at') FROM record WHERE number IS NOT NULL "
        "ORDER BY number DESC, digest DESC LIMIT 1"
    ).fetchone()
    return None if row is None else instant_of(row[0])


def _setting(connection: sqlite3.Connection, kind: str) -> dict[str, Any]:
    found = _single(connection, kind)
    if "invalid" in found:
        from prismfs.store.defaults import invalid_setting

        raise invalid_setting(f"settings/{kind}.yaml", str(found["code"]), str(found["invalid"]))
    return found


def _single(connection: sqlite3.Connection, kind: str) -> dict[str, Any]:
    row = connection.execute("SELECT document FROM record WHERE kind = ?", (kind,)).fetchone()
    found: dict[str, Any] = {} if row is None else json.loads(row[0])
    return found


def _complete(kind: str, document: dict[str, Any]) -> dict[str, Any]:
    """Return a setting with the members that it leaves out; of a missing file what ships with the package."""
    from prismfs.kinds import KINDS
    from prismfs.store.defaults import default_record

    record = KINDS[kind].record(document) if document else default_record(kind)
    return record.model_dump(mode="json", by_alias=True)


def window_ends(windows: Iterable[tuple[str, int]]) -> Callable[[int], int | None]:
    """Return the function from a detection to the end of the first window that begins then or later.

    Each window is its rule (RFC 5545) and how long it lasts. The function gives None where no window comes.
    """
    found: Mapping[tuple[str, int], list[tuple[int, int]]] = {window: [] for window in windows}

    def end(detected: int) -> int | None:
        begun = [
            (begin, begin + lasts)
            for (rule, lasts), known in found.items()
            if (begin := _begin(rule, detected, known)) is not None
        ]
        return min(begun)[1] if begun else None

    return end


def _begin(rule: str, since: int, known: list[tuple[int, int]]) -> int | None:
    """Return when the window begins next; `known` holds the last answer, which holds for all times up to it."""
    if known and known[0][0] <= since <= known[0][1]:
        return known[0][1]
    from prismfs.records.recurrence import next_begin

    begin = next_begin(rule, since=datetime.fromtimestamp(since / 1000, UTC))
    if begin is None:
        return None
    at = round(begin.timestamp() * 1000)
    known[:] = [(since, at)]
    return at
