"""The life of an incident at the command line: opened, shown, mitigated, reopened, merged, closed."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import click
import pytest

from prismfs.cli.response.incident import head_of
from tests.support.command_line import CommandLine


def opened(place: CommandLine, title: str = "Payments answer with errors", *options: str) -> str:
    """Open an incident, whose notices need not arrive, and return its id."""
    answer = place.call("incident", "open", title, *options, "--json")
    assert answer.code in (0, 6), answer.out
    found: str = place.newest("incident")
    return found


def test_open_mitigate_resolve_reopen_close_tell_what_came_of_it(place: CommandLine) -> None:
    incident = opened(place, "The export fails", "--severity", "P2", "--nature", "defect", "--workflow", "export")
    shown = place.call("incident", "show", incident, "--json").data
    assert (shown["severity"]["label"], shown["nature"], shown["affected_workflow"]) == ("P2", "defect", "export")
    for verb, options, status in (
        ("mitigate", ("--begin",), "mitigating"),
        ("mitigate", ("--note", "rolled back"), "mitigated"),
        ("resolve", ("--note", "mended"), "resolved"),
        ("reopen", ("--reason", "it fails again"), "triage"),
        ("resolve", ("--note", "mended"), "resolved"),
        ("close", (), "closed"),
    ):
        done = place.call("incident", verb, incident[:24], *options, "--json", actor="Clara")
        assert done.code in (0, 6), done.out
        assert place.call("incident", "show", incident, "--json").data["status"] == status


def test_show_begins_with_what_one_asks_first(place: CommandLine) -> None:
    incident = opened(place, "Payments answer with errors", "--severity", "P2")
    place.call("incident", "triage", incident, "--severity", "P1", "--reason", "data is wrong")
    place.call("incident", "mitigate", incident, "--note", "rolled back", actor="Clara")
    lines = place.call("incident", "show", incident).out.splitlines()
    assert lines[0].split() == [incident, "P1", "mitigated"]
    assert lines[1:3] == ["Payments answer with errors", "with Petra (level coordination), reports 1, reopened 0"]
    assert any("due       to be resolved" in line and "left" in line for line in lines)
    assert any("judged    P2 to P1 by olga" in line and "data is wrong" in line for line in lines)
    assert any("remark    Clara" in line and "rolled back" in line for line in lines)
    assert not [line for line in lines if line.startswith(("timers", "severity_history", "notes"))]


def test_head_of_an_incident_tells_what_is_left_and_what_is_late() -> None:
    at = datetime(2026, 3, 1, 10, 30, tzinfo=UTC)
    incident = {
        "id": "inc-1", "title": "a\nb", "severity": {"rank": 0, "label": "P0"}, "status": "triage", "owner": "Petra",
        "detected_at": "2026-03-01T10:00:00.000Z", "started_at": "2026-03-01T09:59:00.000Z",
        "responded_at": "2026-03-01T10:04:05.000Z", "missed": ["resolve"], "drill": True,
        "timers": {"resolve": "2026-03-01T11:00:00.000Z", "update": "2026-03-01T10:29:00.000Z"},
    }  # fmt: skip
    lines = [click.unstyle(line) for line in head_of(incident, at)]
    assert lines[0].split() == ["inc-1", "P0", "triage", "drill"]
    assert lines[1] == "a\\nb"
    assert [line.split()[-2:] for line in lines if "  due  " in line] == [["1m", "late"], ["30m", "left"]]
    assert [line for line in lines if "missed" in line] == ["  missed    to be resolved"]
    assert next(line for line in lines if "answered" in line).endswith("4m 5s after its detection")
    assert head_of(incident, at + timedelta(days=2))[5].endswith("1d 23h late")


@pytest.mark.parametrize(
    ("options", "code", "exit_code", "says"),
    [
        (("--severity", "SEV-1"), "unknown_severity", 3, "P0, P1, P2, P3"),
        (("--nature", "bananas"), "unknown_nature", 4, "security"),
        (("--started", "2126-03-01T10:00:00Z"), "times_out_of_order", 4, "detected"),
        (("--started", "tomorrow"), "bad_instant", 2, "2026"),
    ],
)
def test_open_with_what_is_wrong_says_it_and_keeps_nothing(
    place: CommandLine, options: tuple[str, ...], code: str, exit_code: int, says: str
) -> None:
    before = place.kept()
    answer = place.call("incident", "open", "it fails", *options, "--json")
    assert (answer.code, answer.error["code"]) == (exit_code, code)
    assert says in f"{answer.error.get('hint')} {answer.error['message']}"
    assert place.kept() == before


def test_open_reads_its_body_and_takes_secrets_out(place: CommandLine) -> None:
    secret = "AKIA" + "Q7XMPL2RTVWZ9K4B"
    place.spawn(
        "-C", str(place.root), "--as", "olga", "incident", "open", "it fails", "--body", "-",
        input=f"it says\naws_access_key_id = {secret}\n",
    )  # fmt: skip
    signal = place.call("signal", "show", place.newest("signal"), "--json").data
    assert signal["body"].startswith("it says\n")
    assert secret not in signal["body"]
    assert [found["pointer"] for found in signal["redactions"]] == ["/body"]
    assert secret not in place.git("log", "-p", "--all")


def test_close_of_what_was_severe_is_refused_with_the_command_to_review_it(place: CommandLine) -> None:
    """C-117."""
    incident = opened(place, "Payments answer with errors", "--severity", "P1")
    place.call("incident", "resolve", incident, "--note", "mended")
    answer = place.call("incident", "close", incident, "--json")
    assert (answer.code, answer.error["code"]) == (4, "review_missing")
    assert answer.error["hint"] == f"prismfs review new {incident}"


def test_merge_takes_the_beginning_of_either_id(place: CommandLine) -> None:
    one = opened(place, "Payments answer with errors", "--severity", "P3")
    other = opened(place, "The shop is slow", "--severity", "P3")
    assert place.call("incident", "merge", one, "--into", other, "--dry-run").code == 0
    assert place.call("incident", "show", one, "--json").data["status"] == "triage"
    assert place.call("incident", "merge", one, "--into", other, actor="Clara").code == 0
    shown = place.call("incident", "show", one, "--json").data
    assert (shown["status"], shown["duplicate_of"]) == ("duplicate", other)
    assert "already" in place.call("incident", "merge", one, "--into", other).out
    answer = place.call("incident", "merge", one, "--into", "inc-nothing", "--json")
    assert answer.code != 0


def test_list_is_cut_to_level_owner_and_severity(place: CommandLine) -> None:
    severe = opened(place, "Payments answer with errors", "--severity", "P1")
    mild = opened(place, "The page is slow", "--severity", "P3")

    def listed(*options: str) -> list[str]:
        return [item["id"] for item in place.call("incident", "list", *options, "--json").data["items"]]

    assert listed("--level", "coordination") == [severe]
    assert listed("--level", "support") == [mild]
    assert listed("--owner", "petra") == [severe]
    assert listed("--severity", "P3", "--open") == [mild]
    place.call("incident", "close", mild, "--false-positive", "--reason", "it is not")
    assert listed("--status", "false_positive") == [mild]
    assert listed("--open") == [severe]


def test_show_of_what_is_no_incident_is_refused(place: CommandLine) -> None:
    opened(place)
    answer = place.call("incident", "show", place.newest("signal"), "--json")
    assert (answer.code, answer.error["code"]) == (4, "not_found")


def test_incident_named_by_its_key_or_by_its_id_but_not_by_both(place: CommandLine) -> None:
    """C-04, C-05: what a monitor opened by its own key it can answer and end by that key."""
    incident = opened(place, "The export fails", "--key", "export")
    assert place.call("incident", "ack", "--key", "export", "--json", actor="Clara").data["decided"] == "acknowledge"
    resolve = ("incident", "resolve", "--note", "gone", "--json")
    assert place.call(*resolve, "--key", "export", actor="Clara").data["decided"] == "resolve"
    again = place.call(*resolve, "--key", "export", actor="Clara")
    assert (again.code, again.data["reason"]) == (0, "no open incident has this key")
    assert place.call(*resolve, "--key", "export", incident, actor="Clara").code == 2
    assert place.call(*resolve, actor="Clara").code == 2
