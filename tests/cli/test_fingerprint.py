"""`prismfs fingerprint`: one text, or a set of labelled failures; with the project's rules, or those that ship."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.support.command_line import CommandLine

ROWS = [
    {"id": "a", "job": "export", "text": "run 17 failed: exit code 1", "group": "one"},
    {"id": "b", "job": "export", "text": "run 18 failed: exit code 1", "group": "one"},
    {"id": "c", "job": "export", "error_text": "run 18 failed: exit code 2", "expected_fingerprint_group": "two"},
]


@pytest.fixture
def labelled(tmp_path: Path) -> str:
    path = tmp_path / "failures.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in ROWS))
    return str(path)


def test_fingerprint_of_a_file_and_of_standard_input_are_equal(place: CommandLine, tmp_path: Path) -> None:
    (tmp_path / "error.txt").write_text("run 17 failed: exit code 1\n")
    data = place.call("fingerprint", str(tmp_path / "error.txt"), "--json").data
    assert data["fingerprint"].startswith("auto:")
    assert data["normalised"] == "run <n> failed: exit code 1"
    piped = place.spawn("fingerprint", "-", "--json", input="run 99 failed: exit code 1")
    assert (piped.code, piped.data["fingerprint"]) == (0, data["fingerprint"])
    with_job = place.call("fingerprint", str(tmp_path / "error.txt"), "--field", "job=export", "--json").data
    assert with_job["fingerprint"] != data["fingerprint"]
    assert place.call("fingerprint", "of", str(tmp_path / "error.txt")).out.splitlines()[0] == data["fingerprint"]


def test_fingerprint_field_without_a_name_is_a_usage_error(place: CommandLine, labelled: str) -> None:
    assert place.call("fingerprint", labelled, "--field", "export").code == 2
    assert place.call("fingerprint", "no-such-file").code == 2


def test_fingerprint_eval_gives_figures_and_exit_0(place: CommandLine, labelled: str) -> None:
    data = place.call("fingerprint", "eval", labelled, "--json").data
    assert (data["count"], data["groups"], data["precision"], data["recall"], data["f1"]) == (3, 2, 1.0, 1.0, 1.0)
    assert "precision 100.0%" in place.call("fingerprint", "eval", labelled).out


def test_fingerprint_eval_with_other_rules_names_the_wrong_pairs(
    place: CommandLine, labelled: str, tmp_path: Path
) -> None:
    rules = tmp_path / "rules.yaml"
    rules.write_text("kind: fingerprint\nversion: 1\nfields: {job_failure: [job, error]}\nvolatile: []\n")
    data = place.call("fingerprint", "eval", labelled, "--rules", str(rules), "--json").data
    assert data["wrongly_split"] == [["a", "b"]]
    assert "a and b" in place.call("fingerprint", "eval", labelled, "--rules", str(rules)).out


def test_fingerprint_eval_uses_the_projects_own_rules(place: CommandLine, labelled: str) -> None:
    own = "kind: fingerprint\nversion: 1\nfields: {job_failure: [job]}\nvolatile: []\n"
    (place.root / "settings" / "fingerprint.yaml").write_text(own)
    assert place.call("fingerprint", "eval", labelled, "--json").data["groups"] == 1


@pytest.mark.parametrize(("text", "code"), [("{", "syntax"), ("[1]", "syntax"), ('{"id": "a"}', "bad_row")])
def test_fingerprint_eval_of_another_file_is_refused(place: CommandLine, tmp_path: Path, text: str, code: str) -> None:
    (tmp_path / "rows").write_text(text)
    answer = place.call("fingerprint", "eval", str(tmp_path / "rows"), "--json")
    assert (answer.code, answer.error["code"]) == (3, code)
