"""The people's commands at the command line: what is known of an incident, remarks, pauses, go and no-go."""

from __future__ import annotations

import pytest

from tests.support.command_line import CommandLine


def test_update_says_facts_and_takes_the_incident_on(busy: CommandLine) -> None:
    """R-002-28, R-002-30: names, flags, texts and times become fields; a condition that holds is a hop at once."""
    incident = busy.newest("incident")
    facts = ("--service", "search", "--service", "export", "--customer", "acme", "--assign", "onyx", "--needs-change")
    told = ("--workaround", "use the copy", "--financial-impact", "12.50", "--root-cause", "RC-7", "--expected", "+2h")
    done = busy.call("incident", "update", incident[:20], *facts, *told, "--json", actor="Clara").data
    assert (done["decided"], done["dry_run"]) == ("update", False)
    shown = busy.call("incident", "show", incident, "--json").data
    assert shown["affected"] == {"services": ["search", "export"], "customers": ["acme"]}
    assert (shown["assignees"], shown["workaround"], shown["needs_change"]) == (["onyx"], "use the copy", True)
    assert (shown["financial_impact_usd"], shown["root_cause_id"], shown["level"]) == ("12.50", "RC-7", "coordination")
    busy.call("incident", "update", incident, "--no-needs-change", "--workaround", "", "--expected", "", actor="Clara")
    shown = busy.call("incident", "show", incident, "--json").data
    assert {"needs_change", "workaround", "expected_at"} & shown.keys() == set()
    assert shown["level"] == "coordination"  # nothing takes it back down


def test_update_of_nothing_changes_no_byte(busy: CommandLine) -> None:
    """C-94: what stands there already is no commit; what changes leaves every other line as it was."""
    incident = busy.newest("incident")
    busy.call("incident", "update", incident, "--service", "search", actor="Clara")
    path = next(busy.root.glob(f"incidents/**/{incident}.yaml"))
    before, head = path.read_text(), busy.git("rev-parse", "HEAD")
    again = busy.call("incident", "update", incident, "--service", "Search", actor="Clara")
    assert (again.code, "it says so already" in again.out) == (0, True)
    assert (path.read_text(), busy.git("rev-parse", "HEAD")) == (before, head)
    busy.call("incident", "update", incident, "--root-cause", "RC-7", actor="Clara")
    lines = path.read_text().splitlines()
    assert [line for line in before.splitlines() if line not in lines] == []


def test_update_reads_a_status_text_from_standard_input(busy: CommandLine) -> None:
    incident = busy.newest("incident")
    words = ("--as", "Clara", "incident", "update", incident, "--status-text", "-")
    said = busy.spawn("-C", str(busy.root), *words, input="reads\nwork\n")
    assert said.code == 0
    (note,) = busy.call("incident", "show", incident, "--json").data["notes"]
    assert (note["by"], note["text"]) == ("Clara", "reads\nwork\n")
    inbox = busy.call("mail", "inbox", "--json", actor="jade").data["items"]
    assert [mail["body"] for mail in inbox if mail["subject"].startswith("Status: ")] == ["reads\nwork\n"]


@pytest.mark.parametrize(
    ("words", "exit_code", "error"),
    [
        ((), 2, "usage"),
        (("--expected", "soon"), 2, "bad_instant"),
        (("--expected", "2020-01-01T00:00:00Z"), 4, "expected_in_the_past"),
        (("--started", "2999-01-01T00:00:00Z"), 4, "times_out_of_order"),
        (("--financial-impact", "much"), 3, "bad_field"),
    ],
)
def test_update_that_cannot_be_is_refused(
    busy: CommandLine, words: tuple[str, ...], exit_code: int, error: str
) -> None:
    refused = busy.call("incident", "update", busy.newest("incident"), *words, "--json", actor="Clara")
    assert (refused.code, refused.error["code"]) == (exit_code, error)


def test_update_is_for_those_who_may_and_a_remark_for_everybody(busy: CommandLine) -> None:
    incident = busy.newest("incident")
    refused = busy.call("incident", "update", incident, "--needs-change", "--json", actor="jade")
    assert (refused.code, refused.error["code"]) == (7, "not_allowed")
    assert busy.call("incident", "note", incident, "since the restart", actor="jade").code == 0
    (note,) = busy.call("incident", "show", incident, "--json").data["notes"]
    assert (note["by"], note["text"]) == ("jade", "since the restart")


def test_pause_writes_the_file_that_the_agent_reads(busy: CommandLine) -> None:
    """R-002-22: for P0 and P1; the file says paused, and lifted afterwards."""
    incident = busy.newest("incident")
    pause = ("incident", "pause", incident, "--agent", "Jade", "--reason", "wrong amounts")
    refused = busy.call(*pause, "--json", actor="Clara")
    assert (refused.code, refused.error["code"]) == (4, "not_severe_enough")
    assert not (busy.root / "pauses").exists()
    busy.call("incident", "triage", incident, "--severity", "P1", "--reason", "wrong amounts", actor="Clara")
    assert busy.call(*pause, actor="Clara").code == 0
    file = busy.root / "pauses" / "agent-jade.yaml"
    assert "status: paused\n" in file.read_text()
    assert busy.call("list", "pause", "--open", "--json").data["total"] == 1
    assert "agent-jade" in busy.call("list", "pause").out
    assert busy.call("incident", "unpause", incident, "--agent", "jade", actor="Clara").code == 0
    assert "status: lifted\n" in file.read_text()
    for words in ((), ("--agent", "jade", "--workflow", "nightly")):
        assert busy.call("incident", "unpause", incident, *words, actor="Clara").code == 2


def test_decide_is_the_executives(busy: CommandLine) -> None:
    """R-002-33: exit 7 for whoever coordinates; a decision says go or no-go."""
    incident = busy.newest("incident")
    said = ("incident", "decide", incident, "--action", "roll back", "--reason", "it is quick")
    assert busy.call(*said, actor="Atlas").code == 2
    for actor in ("Petra", "Clara", "jade"):
        assert busy.call(*said, "--go", actor=actor).code == 7
    assert busy.call(*said, "--no-go", "--draft", "We are back soon.", actor="Atlas").code == 0
    shown = busy.call("incident", "show", incident, "--json").data
    assert [(made["by"], made["go"]) for made in shown["decisions"]] == [("Atlas", False)]
    assert shown["notes"][0]["text"] == "We are back soon."


def test_hand_over_shows_who_has_it_now(busy: CommandLine) -> None:
    """FD-34: banner and `show` say who has it; a second acknowledgement says that, and how to take over."""
    incident = busy.newest("incident")
    busy.call("incident", "ack", incident, actor="Clara")
    again = busy.call("incident", "ack", incident, actor="Petra")
    assert (
        again.code,
        f"Clara has it. To take over: prismfs incident hand-over {incident} --to Petra" in again.out,
    ) == (
        0,
        True,
    )
    assert "you have it" in busy.call("incident", "ack", incident, actor="Clara").out
    answered = busy.call("incident", "show", incident, "--json").data["responded_at"]
    busy.call("incident", "hand-over", incident, "--to", "Petra", "--note", "see the graph", actor="Petra")
    shown = busy.call("incident", "show", incident)
    assert "with Petra (level support, owner Clara)" in shown.out
    assert "commander" in shown.out
    (banner,) = busy.call("status", "--json").data["active_incidents"]["items"]
    assert banner["responder"] == "Petra"
    assert busy.call("incident", "show", incident, "--json").data["responded_at"] == answered
    refused = busy.call("incident", "hand-over", incident, "--to", "nobody-here", "--json", actor="Clara")
    assert (refused.code, refused.error["code"]) == (4, "unknown_identity")
    assert busy.call("incident", "hand-over", incident, actor="Clara").code == 2
