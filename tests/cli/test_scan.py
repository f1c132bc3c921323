from __future__ import annotations

import json
from pathlib import Path

import pytest

from prismfs.cli import run
from tests.support.command_line import CommandLine
from tests.support.project import Project

TOKEN = "ghp_" + "a1B2" * 9


def test_scan_tells_place_kind_and_count_never_the_value(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "report.json"
    path.write_text(json.dumps({"a": {"b": f"{TOKEN} from 5.6.7.8"}}))
    assert run(["scan", str(path), "--json"]) == 1
    text = capsys.readouterr().out
    data = json.loads(text)["data"]
    assert (data["taken_out"], data["suspected"]) == (1, 1)
    assert [(row["pointer"], row["kind"], row["level"]) for row in data["findings"]] == [
        ("/a/b", "github_token", "redact"),
        ("/a/b", "ip_address", "suspect"),
    ]
    assert TOKEN not in text


def test_scan_clean_file_is_ok_and_plain_text_is_scanned(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "a.log"
    path.write_text("nothing here")
    assert run(["scan", str(path)]) == 0
    path.write_text(f"x {TOKEN}")
    assert run(["scan", "file", str(path)]) == 1
    assert "github_token" in capsys.readouterr().out


def test_scan_uses_the_names_of_the_project(place: CommandLine, tmp_path: Path) -> None:
    path = tmp_path / "a.log"
    path.write_text("Acme Corp called")
    settings = place.root / "settings" / "redaction.yaml"
    settings.write_text("kind: redaction\nversion: 1\nnames:\n- {name: acme corp, kind: customer}\n")
    answer = place.call("scan", str(path), "--json")
    assert answer.code == 1
    assert [row["kind"] for row in answer.data["findings"]] == ["customer"]


def test_scan_eval_prints_recall_and_false_positives(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "rows.jsonl"
    rows = [{"id": "a", "text": TOKEN, "kinds": ["github_token"]}, {"id": "b", "text": "clean", "kinds": []}]
    path.write_text("\n".join(map(json.dumps, rows)))
    assert run(["scan", "eval", str(path)]) == 0
    text = capsys.readouterr().out
    assert "1 rows with secrets: 100.0% found" in text
    assert "1 clean rows: of 0.0% something was taken out" in text
    path.write_text('{"text": "x"}')
    assert run(["scan", "eval", str(path), "--json"]) == 3
    assert json.loads(capsys.readouterr().out)["error"]["code"] == "bad_row"


def test_drop_is_searched_by_the_names_of_the_project(bench: Project) -> None:
    rules = b"kind: redaction\nversion: 1\nnames:\n- {name: acme corp, kind: customer}\n"
    bench.commit_by_hand({"settings/redaction.yaml": rules})
    bench.turn()
    bench.drop(
        f"kind: signal\nfrom: jade\nto: Sage\ntype: Question\nsubject: Acme Corp called from 5.6.7.8\nbody: {TOKEN}\n"
    )
    bench.turn()
    (signal,) = bench.records("signal")
    assert signal.subject == "[redacted:customer] called from 5.6.7.8"
    assert [(row.kind, row.level, row.rules) for row in signal.redactions] == [
        ("customer", "redact", "own-2+tokens-1"),
        ("ip_address", "suspect", "own-2+tokens-1"),
        ("github_token", "redact", "own-2+tokens-1"),
    ]
    assert all(len(row.mac) == 32 for row in signal.redactions)
    received = next(row for row in bench.records("audit") if row.action == "signal.received")
    assert received.meta["redacted"] == 2


def test_drop_that_cannot_be_searched_in_time_is_refused(bench: Project) -> None:
    bench.commit_by_hand({"settings/redaction.yaml": b"kind: redaction\nversion: 1\ntimeout: 0s\n"})
    bench.turn()
    name = bench.drop(f"kind: signal\nfrom: jade\nto: Sage\ntype: Question\nsubject: hello\nbody: {TOKEN}\n")
    bench.turn()
    assert bench.records("signal") == []
    reason = (bench.root / "quarantine").rglob("*.reason.yaml")
    assert "scan_failed" in "".join(path.read_text() for path in reason)
    assert not (bench.root / "inbox" / name).exists()
