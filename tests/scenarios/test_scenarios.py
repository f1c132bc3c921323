"""Every folder beside this file is one scenario: what is given, what happens when, and what is true then.

`given/` holds files that a person commits before anything happens, `given.yaml` fields of files that stand
there already. `when.yaml` lists the steps, each taken by a new desk: `at` (from the start; a turn then and none
in between, as if the desk had been down), `until` (from the start; with a turn whenever something was due) or
`advance`; `write` (files that are no records, such as in `run/`); `drop` (a file beside it, or the form itself) or
`command` (verb, document, actor, and `nothing: true` where it must change nothing) or `commit` (`by` whom, `subject`,
and `edits`: the id of a `record`, and the fields that are `set` in its file). `$incident` stands for the
newest incident's id, `$incident#1` for the first one's.
`then.yaml` says what must be true: `records` by kind (each with some of its fields, all of them there and no
others), `actions` of the audit rows in order, `mails`, `refused` codes, and texts that are `never` in history;
`rows`: some fields of the audit rows of an action, all of that action and in order; `log`: lines of the escalation
log; `lines`: by file, what each of its lines holds. A text that begins with `~` must be part of the field.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from prismfs.kinds.core import audit
from prismfs.records import codec
from tests.support.stage import Stage

FOLDERS = sorted(path.parent for path in Path(__file__).parent.glob("*/then.yaml"))
INCIDENT_META = set(audit.INCIDENT_META)
EXPECTATIONS = {"title", "records", "actions", "mails", "refused", "never", "log", "rows", "lines"}


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda folder: folder.name)
def test_scenario_played_ends_as_expected(folder: Path, tmp_path: Path) -> None:
    then: dict[str, Any] = dict(codec.parse((folder / "then.yaml").read_bytes(), format="yaml"))
    when: dict[str, Any] = dict(codec.parse((folder / "when.yaml").read_bytes(), format="yaml"))
    assert then.keys() <= EXPECTATIONS

    stage = Stage(folder, tmp_path / "desk")
    stage.play(when["steps"])

    records = stage.records()
    for kind, wanted in then.get("records", {}).items():
        assert_found(wanted, records[kind], kind)
    if "mails" in then:
        assert_found(then["mails"], records["mail"], "mail")
    if "actions" in then:
        assert stage.actions() == then["actions"]
    assert stage.refused == then.get("refused", [])
    for action, wanted in then.get("rows", {}).items():
        rows = sorted((row for row in records["audit"] if row["action"] == action), key=lambda row: row["number"])
        assert len(rows) == len(wanted), f"{len(rows)} rows {action}"
        assert [(want, row) for want, row in zip(wanted, rows, strict=True) if not is_like(want, row)] == []
    for path, parts in then.get("lines", {}).items():
        found = (stage.root / path).read_text().splitlines()
        assert len(found) == len(parts), found
        assert [(part, line) for part, line in zip(parts, found, strict=True) if part not in line] == []
    for line in then.get("log", []):
        assert line in (stage.root / "run" / "escalation.log").read_text()
    assert_nothing_waits_in_vain(records)
    about = [row for row in records["audit"] if row["entity_type"] == "incident"]
    # C-116: at warn or error, with all six members
    assert [row["action"] for row in about if row["level"] == "info" or INCIDENT_META - row["meta"].keys()] == []
    assert stage.problems() == ()
    assert stage.git("status", "--porcelain") == ""
    assert list((stage.root / "inbox").iterdir()) == []
    if "never" in then:
        history = stage.history()
        assert [text for text in then["never"] if text in history] == []


def assert_found(wanted: list[dict[str, Any]], found: list[dict[str, Any]], kind: str) -> None:
    """Check that each wanted record is a found one of its own, and that none is left over."""
    left = list(found)
    # The most particular first, so that a vague expectation does not take what another one needs.
    for expected in sorted(wanted, key=lambda entry: -len(str(entry))):
        match = next((record for record in left if is_like(expected, record)), None)
        assert match is not None, f"no {kind} like {expected} in {left}"
        left.remove(match)
    assert left == [], f"more of {kind} than expected"


def is_like(expected: Any, value: Any) -> bool:
    """Tell whether `value` has all that is expected of it."""
    if isinstance(expected, dict):
        return isinstance(value, dict) and all(is_like(part, value.get(name)) for name, part in expected.items())
    if isinstance(expected, list):
        return (
            isinstance(value, list)
            and len(expected) == len(value)
            and all(is_like(part, entry) for part, entry in zip(expected, value, strict=True))
        )
    if isinstance(expected, str) and expected.startswith("~"):
        return isinstance(value, str) and expected[1:] in value
    return bool(expected == value)


ENDED_BY_PEOPLE = {"desk:refusals", "desk:sharing"}
"""What has no record that it waits for: what was tried without a right, and a clone that says itself that it shares."""


def assert_nothing_waits_in_vain(records: dict[str, list[dict[str, Any]]]) -> None:
    """What the desk opened by itself is open while its condition holds, and says which that is (FD-10)."""
    known = {record["id"]: record for found in records.values() for record in found if "id" in record}
    for bead in records["bead"]:
        if bead.get("status") == "closed" or not str(bead.get("source")).startswith("desk:"):
            continue
        if bead["source"] not in ENDED_BY_PEOPLE:
            waits_for = known[bead["related"]]
            assert all(waits_for.get(name) in values for name, values in bead["holds_while"].items()), bead
