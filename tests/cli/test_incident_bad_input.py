"""What is wrong about an incident is refused by name, changes nothing else, and is never lost.

A dropped file lies in quarantine byte for byte, beside its reason, and its refusal is a row; a command says why.
"""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.support.command_line import CommandLine
from tests.support.owner import Owner

ARTIFACTS = Path(__file__).parents[2] / "examples" / "incidents" / "cloudflare-2019"
DONE = (0, 6)
"""Exit codes of what was done; with 6 nobody was told by mail, as no contact is configured."""

LOCKED = "kb incidents artifacts decisions beads mail".split()


def text(phase: str, old: str = "", new: str = "") -> str:
    """Return the artifact of a phase, with one thing in it made otherwise."""
    found = (ARTIFACTS / f"{phase.lower()}.md").read_text()
    assert old in found
    return found.replace(old, new, 1)


class Responding:
    """A project with one open incident: gwen writes artifacts, olga decides."""

    def __init__(self, place: CommandLine) -> None:
        self.place = place
        self.incident: str = place.newest("incident")
        self._dropped = 0

    def artifact(self, phase: str, body: str) -> dict[str, Any]:
        return {"kind": "artifact", "from": "gwen", "incident": self.incident, "phase": phase, "body": body}

    def drop(self, document: dict[str, Any]) -> bytes:
        """Drop a form, let the desk take it, and return its bytes."""
        self._dropped += 1
        name = f"drop-{self._dropped}.json"
        self.place.drop(document, name)
        data = (self.place.root / "inbox" / name).read_bytes()
        self.place.turn()
        assert list((self.place.root / "inbox").iterdir()) == []
        return data

    def pass_gate(self, *phases: str) -> None:
        for phase in phases:
            self.drop(self.artifact(phase, text(phase)))
            assert self.place.call("gate", "approve", self.incident, phase).code in DONE

    def newest(self, phase: str) -> dict[str, Any]:
        items = self.place.call("list", "artifact", "--json").data["items"]
        found: dict[str, Any] = next(item for item in items if item["phase"] == phase)
        return found

    def refused(self, document: dict[str, Any]) -> dict[str, Any]:
        """Drop what must be refused, see that nothing is lost and nothing else changed, and return the reason."""
        before = self.records()
        data = self.drop(document)
        (path,) = (self.place.root / "quarantine").glob(f"*-drop-{self._dropped}.json")
        assert path.read_bytes() == data
        reason: dict[str, Any] = yaml.safe_load(path.with_name(f"{path.name}.reason.yaml").read_text())
        row = self.place.call("audit", "--action", "inbox.refused", "--limit", "1", "--json").data["items"][0]
        assert (row["level"], row["meta"]["code"]) == ("warn", reason["code"])
        assert self.records() == before
        return reason

    def records(self) -> str:
        """Return what git keeps of everything that a refusal must leave alone."""
        return str(self.place.git("ls-tree", "-r", "HEAD", *LOCKED))


@pytest.fixture
def responding(busy: CommandLine) -> Responding:
    return Responding(busy)


def test_phase_out_of_order_is_refused(responding: Responding) -> None:
    """C-120: nothing is opened before what it is written against is approved."""
    assert responding.refused(responding.artifact("INC-2", text("INC-2")))["code"] == "phase_out_of_order"
    responding.drop(responding.artifact("INC-1", text("INC-1")))
    assert responding.refused(responding.artifact("INC-2", text("INC-2")))["code"] == "phase_out_of_order"
    assert responding.refused(responding.artifact("INC-6", text("INC-6")))["code"] == "phase_out_of_order"


def test_root_cause_without_an_approved_mitigation_is_refused(responding: Responding) -> None:
    """C-120"""
    responding.pass_gate("INC-1")
    responding.drop(responding.artifact("INC-2", text("INC-2")))
    reason = responding.refused(responding.artifact("INC-4", text("INC-4")))
    assert reason["code"] == "phase_out_of_order"
    assert "INC-2" in reason["message"]


@pytest.mark.parametrize(
    ("old", "new", "code", "named"),
    [
        ("## Status", "## Mood\n\nbad\n\n## Status", "unknown_section", "Mood"),
        ("Critical", "Catastrophic", "bad_section_value", "Critical"),
        ("Critical", "SEV-1", "bad_section_value", "Major"),
        ("Critical", "P0", "bad_section_value", "Minor"),
        ("**Data impact:** None", "**Data impact:** Some", "bad_section_value", "Read degraded"),
        ("## Initial Hypothesis", "## Severity\n\nMinor\n\n## Initial Hypothesis", "duplicate_section", "Severity"),
        ("- 2019-07-02T13:45:00Z", "- 2019-07-02T13:40:00Z", "bad_section_value", "Timeline"),
        ("- 2019-07-02T13:45:00Z", "- quarter to two", "bad_section_value", "Timeline"),
        ("Ongoing", "<Ongoing / Mitigated / Resolved>", "placeholder_left", "Status"),
    ],
)
def test_artifact_that_does_not_fit_its_sections_is_refused(
    responding: Responding, old: str, new: str, code: str, named: str
) -> None:
    """R-003-08: an unknown section, a value that is none, times out of order, a template left as it was."""
    reason = responding.refused(responding.artifact("INC-1", text("INC-1", old, new)))
    assert reason["code"] == code
    assert named in json.dumps(reason)


def test_artifact_without_sections_names_all_that_lack(responding: Responding) -> None:
    reason = responding.refused(responding.artifact("INC-1", "It burns.\n"))
    assert "Severity" in json.dumps(reason)
    body = "## Severity\n\nCritical\n"
    reason = responding.refused(responding.artifact("INC-1", body))
    assert reason["code"] == "section_missing"
    for name in ("Impact", "Status", "Timeline", "Initial Hypothesis", "Immediate Actions Needed"):
        assert name in reason["message"]


def test_template_as_it_comes_is_refused(responding: Responding) -> None:
    body = responding.place.call("incident", "phase", "template", responding.incident, "INC-1").out
    assert "<" in body
    assert responding.refused(responding.artifact("INC-1", body))["code"] == "placeholder_left"


def test_approval_by_the_author_is_refused(responding: Responding) -> None:
    """R-003-27: in whatever case the name is written, and though an operator."""
    entry = responding.place.root / "roster" / "olga.yaml"
    entry.write_text(f"kind: persona\nversion: 1\nidentity: olga\nrole: operator\ntitle: O\nlogins: [{Owner.login}]\n")
    responding.place.git("add", "roster")
    responding.place.git("commit", "--quiet", "--message", "olga's own files")
    responding.drop(responding.artifact("INC-1", text("INC-1")) | {"from": "olga"})
    before = responding.records()
    for name in ("olga", "OLGA"):
        refused = responding.place.call("gate", "approve", responding.incident, "INC-1", "--json", actor=name)
        assert (refused.code, refused.error["code"]) == (7, "self_approval")
    assert responding.records() == before


def test_approval_of_an_old_revision_is_refused(responding: Responding) -> None:
    """R-003-27: an approval holds for the bytes that were looked at."""
    responding.drop(responding.artifact("INC-1", text("INC-1")))
    old = responding.newest("INC-1")
    responding.drop(responding.artifact("INC-1", text("INC-1", "an attack is ruled out", "it is no attack")))
    before = responding.records()
    by_id = responding.place.call("gate", "approve", old["id"], "--json")
    by_hash = responding.place.call(
        "gate", "approve", responding.incident, "INC-1", "--hash", old["content_hash"], "--json"
    )
    assert (by_hash.code, by_hash.error["code"]) == (4, "approval_stale")
    assert (by_id.code, by_id.error["code"]) in [(4, "approval_stale"), (4, "not_at_gate")]
    assert responding.records() == before


@pytest.mark.parametrize("label", ["SEV-1", "Critical", "HIGH", "P4", "0", ""])
def test_severity_of_another_scale_is_refused_and_nothing_is_guessed(responding: Responding, label: str) -> None:
    before = responding.records()
    for words in (
        ("incident", "triage", responding.incident, "--severity", label, "--reason", "x"),
        ("incident", "open", "another fault", "--severity", label),
    ):
        refused = responding.place.call(*words, "--json")
        assert (refused.code, refused.error["code"]) == (3, "unknown_severity"), words
        assert "P0, P1, P2, P3" in refused.error["hint"]
    assert responding.records() == before


def test_times_out_of_order_are_refused_and_both_are_named(responding: Responding) -> None:
    before = responding.records()
    refused = responding.place.call(
        "incident", "update", responding.incident, "--started", "2999-01-01T00:00:00Z", "--json"
    )
    assert (refused.code, refused.error["code"]) == (4, "times_out_of_order")
    assert "started_at" in refused.error["message"]
    assert "detected_at" in refused.error["message"]
    assert responding.records() == before


@pytest.mark.parametrize("part", ["Timeline", "Root Cause", "Impact", "Corrective Actions", "Process Improvements"])
def test_review_without_one_of_its_five_parts_is_refused(responding: Responding, tmp_path: Path, part: str) -> None:
    """C-117: by the command and by a drop."""
    assert responding.place.call("incident", "resolve", responding.incident, "--note", "gone").code in DONE
    parts = (ARTIFACTS / "review.md").read_text().split("## ")
    body = "## ".join(each for each in parts if not each.startswith(part))
    (tmp_path / "review.md").write_text(body)
    before = responding.records()
    refused = responding.place.call("review", "submit", responding.incident, str(tmp_path / "review.md"), "--json")
    assert (refused.code, refused.error["code"]) == (3, "section_missing")
    assert part in refused.error["message"]
    assert responding.records() == before
    assert responding.refused(responding.artifact("PIR-1", body))["code"] == "section_missing"


def test_close_without_a_review_is_refused_with_the_command_to_make_one(responding: Responding) -> None:
    """C-117"""
    said = ("--severity", "P1", "--reason", "worse than it looked")
    assert responding.place.call("incident", "triage", responding.incident, *said, actor="Clara").code in DONE
    assert responding.place.call("incident", "resolve", responding.incident, "--note", "gone").code in DONE
    before = responding.records()
    refused = responding.place.call("incident", "close", responding.incident, "--json")
    assert (refused.code, refused.error["code"]) == (4, "review_missing")
    assert "prismfs review new" in refused.error["hint"]
    assert responding.records() == before


def test_job_that_no_setting_allows_is_not_run(responding: Responding, tmp_path: Path) -> None:
    mark = tmp_path / "was-run"
    before = responding.records()
    refused = responding.place.call("run", "nightly", "--json", "--", sys.executable, "-c", f"open({str(mark)!r}, 'w')")
    assert refused.code in (4, 7)
    assert refused.error["code"] == "job_not_allowed"
    assert not mark.exists()
    assert responding.records() == before


def test_command_in_a_dropped_failure_is_refused(responding: Responding) -> None:
    form = {"kind": "job_failure", "from": "jade", "job": "nightly", "error": "it broke", "command": ["rm", "-r", "/"]}
    assert responding.refused(form)["code"] == "command_in_drop"


@pytest.mark.slow
def test_job_that_never_ends_is_ended_with_what_it_started_and_becomes_an_incident(
    place: CommandLine, tmp_path: Path
) -> None:
    """R-002-13: each attempt has its time; what holds on to its child is ended, too."""
    mark = tmp_path / "child"
    script = tmp_path / "forever.py"
    script.write_text(
        "import subprocess, sys, time, pathlib\n"
        f"child = subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(600)'])\n"
        f"pathlib.Path({str(mark)!r}).write_text(str(child.pid))\n"
        "time.sleep(600)\n"
    )
    path = place.root / "settings" / "retry.yaml"
    settings = yaml.safe_load(path.read_text())
    settings |= {"delays": ["0s"], "jobs": {"forever": {"command": [sys.executable, str(script)], "timeout": "1s"}}}
    path.write_text(yaml.safe_dump(settings))
    place.git("commit", "--quiet", "-am", "a job that never ends")
    place.turn()
    answer = place.call("run", "forever", "--json")
    assert answer.code == 1
    words = ["ps", "-o", "stat=", "-p", mark.read_text()]
    state = subprocess.run(words, capture_output=True, text=True, check=False).stdout.strip()
    assert state[:1] in ("", "Z"), "its child still runs"
    (incident,) = place.call("incident", "list", "--json").data["items"]
    assert incident["level"] != "agent"
    (job,) = place.call("list", "job", "--json").data["items"]
    assert job["status"] == "failed"
