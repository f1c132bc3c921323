"""`prismfs incident phase` and `prismfs gate`: what is printed, exit codes, and files for a pull request."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.support.command_line import CommandLine

EXAMPLES = Path(__file__).parents[2] / "examples" / "phases"


def submit(place: CommandLine, phase: str, *more: str, actor: str = "gwen") -> Any:
    file = str(EXAMPLES / f"{phase}.md")
    return place.call("incident", "phase", "submit", place.incident, phase, file, *more, actor=actor)


def phases(place: CommandLine) -> dict[str, str]:
    rows = place.call("incident", "phase", "list", place.incident, "--json").data["phases"]
    return {row["phase"]: row["state"] for row in rows}


def test_phases_are_listed_with_what_comes_next(busy: CommandLine) -> None:
    data = busy.call("incident", "phase", "list", busy.incident[:9], "--json").data
    assert (data["about"], data["workflow"]) == (busy.incident, "incident")
    first, second = data["phases"][:2]
    assert (first["state"], first["next"]) == (
        "ready",
        f"prismfs incident phase template {busy.newest('incident')} INC-1",
    )
    assert (second["state"], second["missing"]) == ("blocked", ["INC-1 is not there"])
    assert submit(busy, "INC-1").code == 0
    waiting = busy.call("incident", "phase", "list", busy.incident, "--json").data["phases"][0]
    assert (waiting["state"], waiting["author"]) == ("presented", "gwen")
    assert waiting["next"] == f"prismfs gate show {waiting['artifact']}"
    text = busy.call("incident", "phase", "list", busy.incident).out
    assert "INC-1" in text
    assert "presented" in text
    unknown = busy.call("incident", "phase", "list", busy.incident, "--workflow", "nope", "--json")
    assert (unknown.code, unknown.error["code"]) == (4, "no_workflow")


def test_template_has_what_is_known_and_is_refused_as_it_is(busy: CommandLine, tmp_path: Path) -> None:
    """R-003-06: severity, status and times come from the incident."""
    file = tmp_path / "inc-1.md"
    answer = busy.call("incident", "phase", "template", busy.incident, "inc-1", "--output", str(file))
    assert (answer.code, f"submit {busy.newest('incident')} INC-1" in answer.out) == (0, True)
    text = file.read_text()
    assert "## Severity\n\nMajor\n" in text
    assert "## Status\n\nOngoing\n" in text
    assert " — incident.detected: reported by sig-" in text
    assert "<which users and how many>" in text
    printed = busy.call("incident", "phase", "template", busy.incident, "INC-1")
    assert printed.out.startswith("# INC-1: Triage Assessment\n")
    refused = busy.call("incident", "phase", "submit", busy.incident, "INC-1", str(file), "--json")
    assert (refused.code, refused.error["code"]) == (3, "placeholder_left")
    assert "Impact <which users and how many>" in refused.error["message"]
    again = busy.call("incident", "phase", "template", busy.incident, "INC-1", "--output", str(file), "--json")
    assert (again.code, again.error["code"]) == (69, "write_failed")  # it never writes over what somebody filled in


def test_template_of_a_later_phase_takes_from_the_earlier_ones(busy: CommandLine) -> None:
    def template(phase: str) -> str:
        text: str = busy.call("incident", "phase", "template", busy.incident, phase).out
        return text

    for phase in ("INC-1", "INC-2", "INC-3", "INC-4", "INC-5"):
        assert submit(busy, phase).code == 0
        busy.call("gate", "approve", busy.incident, phase)
    assert "1. roll the release back — <result>" in template("INC-2")
    assert "### Current Status\n\nMitigated\n" in template("INC-3")
    analysis = template("INC-4")
    assert "2026-03-01 10:05:00Z — jade reports it — <where that is seen>" in analysis
    assert analysis.count("incident.detected: ") == 1
    text = busy.call("incident", "phase", "template", busy.incident, "INC-6").out
    assert "- [ ] alert on an export of zero rows — @gwen" in text
    assert "- [ ] test the queries of jobs in the release pipeline — @hugo" in text


def test_submitted_shown_approved_and_told(busy: CommandLine) -> None:
    answer = submit(busy, "INC-1", "--json")
    assert answer.data["actions"][:2] == ["phase.submitted", "incident.phase"]
    artifact = answer.data["subject"]
    listed = busy.call("gate", "list", "--waiting", "--json").data
    assert [item["id"] for item in listed["items"]] == [artifact]
    assert busy.call("status", "--json").data["gates_waiting"] == 1
    shown = busy.call("gate", "show", busy.incident, "INC-1")
    assert "## Initial Hypothesis" in shown.out
    assert "criterion 3: Immediate actions are identified." in shown.out
    assert f"prismfs gate approve {artifact}" in shown.out
    data = busy.call("gate", "show", artifact[:9], "--json").data
    assert data["against"] == []
    assert "Petra" in data["may_decide"]
    assert data["content_hash"] in shown.out
    assert busy.call("gate", "approve", artifact, "--hash", "0000", "--json").error["code"] == "approval_stale"
    done = busy.call(
        "gate", "approve", busy.incident, "inc-1", "--hash", data["content_hash"][:8], "--criterion", "2=all of it",
        "--notes", "fine", actor="Petra",
    )  # fmt: skip
    assert done.code == 0, done.err
    decision = busy.call("list", "decision", "--json").data["items"][0]
    assert (decision["criteria"]["Impact scope is understood."], decision["reason"]) == ("all of it", "fine")
    assert phases(busy)["INC-1"] == "approved"
    assert busy.call("gate", "list", "--waiting", "--json").data["total"] == 0


def test_author_and_stranger_are_told_no_with_exit_code_7(busy: CommandLine) -> None:
    submit(busy, "INC-1", actor="olga")
    own = busy.call("gate", "approve", busy.incident, "INC-1", "--json")
    assert (own.code, own.error["code"]) == (7, "self_approval")
    other = busy.call("gate", "approve", busy.incident, "INC-1", "--json", actor="jade")
    assert (other.code, other.error["code"]) == (7, "not_allowed")


def test_what_keeps_an_artifact_from_passing_is_shown(busy: CommandLine, tmp_path: Path) -> None:
    submit(busy, "INC-1")
    busy.call("gate", "approve", busy.incident, "INC-1")
    file = tmp_path / "inc-2.md"
    file.write_text((EXAMPLES / "INC-2.md").read_text().replace("\nMitigated\n", "\nMitigation failed\n"))
    busy.call("incident", "phase", "submit", busy.incident, "INC-2", str(file), actor="gwen")
    assert "cannot pass: Current Status says Mitigation failed" in busy.call("gate", "show", busy.incident, "INC-2").out
    refused = busy.call("gate", "approve", busy.incident, "INC-2", "--json")
    assert (refused.code, refused.error["code"]) == (4, "gate_not_passable")
    sent = busy.call("gate", "revise", busy.incident, "INC-2", "--reason", "fail over", "--criterion", "1=no")
    assert sent.code == 0, sent.err
    assert phases(busy)["INC-2"] == "revise"


def test_decision_for_a_pull_request_is_a_file_and_decides_nothing_yet(busy: CommandLine) -> None:
    artifact = submit(busy, "INC-1", "--json").data["subject"]
    options = ("gate", "approve", artifact, "--pull-request", "--criterion", "1=seen", "--json")
    rehearsed = busy.call(*options, "--dry-run").data
    assert not (busy.root / rehearsed["path"]).exists()
    data = busy.call(*options).data
    written = yaml.safe_load((busy.root / data["path"]).read_text())
    assert (written["about"], written["surface"], written["answer"]) == (artifact, "pull_request", "approved")
    assert written["criteria"]["Severity is assessed."] == "seen"
    assert data["commands"][1] == f"git add {data['path']}"
    assert phases(busy)["INC-1"] == "presented"
    own = busy.call("gate", "approve", artifact, "--pull-request", "--json", actor="gwen")
    assert own.error["code"] == "self_approval"  # told at once, not after the merge


def test_findings_come_with_the_artifact_and_are_part_of_what_is_approved(busy: CommandLine, tmp_path: Path) -> None:
    found = {
        "member": "sre",
        "finding": "no alert",
        "severity": "High",
        "evidence": "none rang",
        "remediation": "add one",
    }
    file = tmp_path / "findings.yaml"
    file.write_text(yaml.safe_dump({"findings": [found]}))
    plain = submit(busy, "INC-1", "--json").data["subject"]
    artifact = submit(busy, "INC-1", "--findings", str(file), "--json").data["subject"]
    first, second = (busy.call("show", name, "--json").data for name in (plain, artifact))
    assert (second["revision"], second["findings"]) == (2, [found])
    assert first["content_hash"] != second["content_hash"]
    assert "no alert" in busy.call("gate", "show", artifact).out
    file.write_text(yaml.safe_dump({"findings": [found | {"evidence": " "}]}))
    refused = submit(busy, "INC-1", "--findings", str(file), "--json")
    assert (refused.code, refused.error["field"]) == (3, "/findings/0/evidence")


@pytest.mark.parametrize("text", ["1", "=yes", "1="])
def test_criterion_that_is_not_written_as_one_is_a_wrong_call(busy: CommandLine, text: str) -> None:
    submit(busy, "INC-1")
    answer = busy.call("gate", "approve", busy.incident, "INC-1", "--criterion", text, "--json")
    assert (answer.code, answer.error["field"]) == (2, "--criterion")


def test_gate_of_what_is_none_is_not_found(busy: CommandLine) -> None:
    for words in (
        ("show", busy.incident),
        ("show", busy.incident, "INC-1"),
        ("approve", busy.incident, "INC-9"),
    ):
        answer = busy.call("gate", *words, "--json")
        assert (answer.code, answer.error["code"]) == (4, "not_found")


def test_text_that_steers_a_terminal_is_shown_escaped(busy: CommandLine, tmp_path: Path) -> None:
    file = tmp_path / "inc-1.md"
    file.write_text((EXAMPLES / "INC-1.md").read_text().replace("The release", "\x1b[31mThe release"))
    assert busy.call("incident", "phase", "submit", busy.incident, "INC-1", str(file), actor="gwen").code == 0
    assert "\x1b[31m" not in busy.call("gate", "show", busy.incident, "INC-1").out


def test_text_that_is_no_utf8_is_refused(busy: CommandLine, tmp_path: Path) -> None:
    file = tmp_path / "inc-1.md"
    file.write_bytes(b"## Severity\n\n\xff\n")
    answer = busy.call("incident", "phase", "submit", busy.incident, "INC-1", str(file), "--json")
    assert (answer.code, answer.error["code"]) == (2, "not_utf8")
