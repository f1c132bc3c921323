"""FT-08 at the command line: what a refusal leaves behind, who hears of it, and what `audit --refused` shows."""

from __future__ import annotations

import json
from typing import Any

from tests.support.command_line import CommandLine

SIXTEEN = "sixteen tons"


def refused(place: CommandLine, *more: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = place.call("audit", "--refused", *more, "--json").data["items"]
    return found


def test_seven_privileged_tries_leave_rows_and_reach_a_person(busy: CommandLine) -> None:
    """They left nothing at all."""
    incident = busy.newest("incident")
    said = {"resolve": "--note", "mitigate": "--note", "close": "--reason", "reopen": "--reason"}
    for verb in ("ack", "resolve", "mitigate", "close", "reopen", "ack", "close"):
        more = [said[verb], SIXTEEN] if verb in said else []
        answer = busy.call("incident", verb, incident, *more, "--json", actor="jade")
        assert (answer.code, answer.error["code"]) == (7, "not_allowed"), verb
    rows = refused(busy)
    assert [row["meta"]["verb"] for row in reversed(rows)] == [
        "incident.ack", "incident.resolve", "incident.mitigate", "incident.close", "incident.reopen", "incident.ack",
        "incident.close",
    ]  # fmt: skip
    assert {(row["meta"]["by"], row["meta"]["how"], row["meta"]["code"]) for row in rows} == {
        ("jade", "local", "not_allowed")
    }
    assert all(row["meta"]["named"] == [incident] for row in rows)
    assert SIXTEEN not in busy.git("log", "-p")
    found = [each for each in busy.call("escalate", "list", "--json").data["items"] if "was refused" in each["title"]]
    (bead,) = [busy.call("show", each["id"], "--json").data for each in found]
    assert (bead["occurrence_count"], bead["severity"]["label"], bead["tier"]) == (5, "HIGH", "overseer")
    assert busy.call("verify").code == 0
    assert refused(busy, "--actor", "olga") == []
    assert len(refused(busy, "--actor", "jade")) == 7
    table = busy.call("audit", "--refused", "--limit", "1").out
    assert "incident.close" in table
    assert "jade may not give incident.close" in table
    assert "6 more" in table


def test_rehearsal_wrong_usage_and_wrong_form_leave_no_row(busy: CommandLine) -> None:
    incident, head = busy.newest("incident"), busy.git("rev-parse", "HEAD")
    assert busy.call("incident", "ack", incident, "--dry-run", actor="jade").code == 7
    assert busy.call("incident", "ack", actor="jade").code == 2
    assert busy.call("incident", "open", "two\nlines").code == 3
    assert busy.call("incident", "ack", "inc-0000").code == 4, "found wrong before it is given as a command"
    assert busy.git("rev-parse", "HEAD") == head


def test_more_of_the_same_are_counted_and_told_by_the_next_row(busy: CommandLine) -> None:
    incident = busy.newest("incident")
    for _ in range(8):
        busy.call("incident", "ack", incident, actor="jade")
    assert len(refused(busy)) == 5
    (counted,) = json.loads((busy.root / "run" / "refused.json").read_text())
    assert (counted["by"], counted["verb"], counted["count"]) == ("jade", "incident.ack", 3)
    policy = busy.root / "settings" / "policy.yaml"
    policy.write_text(policy.read_text().replace("rows: 5", "rows: 6"))
    busy.git("commit", "--quiet", "-am", "more rows")
    busy.call("incident", "ack", incident, actor="jade")
    newest, *_ = refused(busy)
    assert newest["meta"]["more"] == 3
    assert json.loads((busy.root / "run" / "refused.json").read_text()) == []
    assert busy.call("verify").code == 0


def test_commit_of_which_something_was_refused_is_listed_with_its_author(busy: CommandLine) -> None:
    assert refused(busy) == []
    (busy.root / "NOTES").write_text("mine\n")
    busy.git("add", "NOTES")
    busy.git("commit", "--quiet", "-m", "notes")
    assert refused(busy) == []
    path = next((busy.root / "incidents").rglob("*.yaml"))
    path.write_text(path.read_text().replace("status: ", "status: not_", 1))
    busy.git("commit", "--quiet", "-am", "an incident by hand")
    (row,) = refused(busy)
    assert list(row["meta"]["refused"]) == [str(path.relative_to(busy.root))]
    assert [refused(busy, "--actor", name) for name in ("jade", row["meta"]["author"])] == [[], [row]]
    table = busy.call("audit", "--refused").out
    assert f"commit {row['meta']['commit'][:12]}" in table
    assert "engine_record_changed" in table


def test_refused_file_is_listed_with_whom_it_claims(busy: CommandLine) -> None:
    busy.drop({"kind": "ack", "from": "olga", "id": busy.newest("bead")}, name="claim.json")
    busy.turn()
    (row,) = refused(busy, "--actor", "olga")
    assert (row["action"], row["meta"]["code"], row["meta"]["how"]) == ("inbox.refused", "unproven_identity", "claimed")
    assert "claim.json" in busy.call("audit", "--refused").out
    assert busy.call("audit", "--refused", "--bridge").code == 2
