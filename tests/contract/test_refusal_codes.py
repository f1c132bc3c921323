"""Refusals that no story of a feature comes by: what brings each about, and its code."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest

from prismfs.cli.write_drop import drop_bytes
from prismfs.delivery import secrets, webhook
from prismfs.delivery.folder import opened
from prismfs.delivery.programs.run import run_json, watch
from prismfs.engine.admin.archive import archive_months
from prismfs.engine.admin.doctor import examine
from prismfs.engine.admin.recover import recover
from prismfs.engine.trust import hook_run
from prismfs.errors import PrismfsError
from prismfs.records import severity
from prismfs.store.defaults import default_record
from prismfs.store.engine_key import read_engine
from prismfs.store.git.keys import key_folder
from tests.support.project import Project

SECOND = timedelta(seconds=5)
TOKEN = "ghp_" + "a1B2c3D4e5F6g7H8i9J0" + "k1L2m3N4o5P6q7R8"


def program(text: str) -> list[str]:
    return [sys.executable, "-c", text]


def unheard(_: bytes, __: bool) -> None:
    """Hear nothing."""


def made_a_file(bench: Project, name: str) -> Path:
    path = bench.root / name
    if path.is_dir():
        path.rmdir()
    path.write_text("a file\n")
    return bench.root


def nothing_left(bench: Project) -> None:
    repo = bench.desk.repo
    for seen in (key_folder(os.environ) / repo.place.pid).glob("*.head"):
        seen.unlink()
    for name in (repo.place.truth, repo.place.window):
        repo.git.run("update-ref", "-d", name)
    recover(repo, dry_run=True)


RAISED: dict[str, Callable[[Project], object]] = {
    "bad_month": lambda bench: archive_months(bench.desk, "March", dry_run=True),
    "bad_object_name": lambda bench: bench.desk.repo.git.read("HEAD:a\nb"),
    "git_failed": lambda bench: bench.desk.repo.git.run("merge-base", "HEAD", "nowhere"),
    "no_key_folder": lambda _: key_folder({}),
    "unknown_scale": lambda _: severity.with_rank({}, 1, scale="ours"),
    "missing_file": lambda _: default_record("project"),
    "bad_secret": lambda bench: secrets.resolve("env:no name", field="f", root=bench.root),
    "missing_setting": lambda bench: secrets.resolve("", field="f", root=bench.root),
    "bad_setting": lambda _: webhook._check_headers({"host": "x"}, "f"),
    "command_missing": lambda bench: run_json(["/no/such"], {}, timeout=SECOND, cwd=bench.root),
    "command_failed": lambda bench: run_json(program("exit(3)"), {}, timeout=SECOND, cwd=bench.root),
    "command_output": lambda bench: run_json(program("print(1)"), {}, timeout=SECOND, cwd=bench.root),
    "command_stopped": lambda bench: watch(
        program("input()"), timeout=SECOND, cwd=bench.root, environment={}, hear=unheard, stop=lambda: True
    ),
    "inbox_not_writable": lambda bench: drop_bytes(made_a_file(bench, "inbox"), b"x", suffix=".yaml"),
    "run_not_usable": lambda bench: opened(bench.root / "nowhere", "run", create=False).__enter__(),
    "nothing_to_recover_from": nothing_left,
    "last_engine": lambda bench: bench.give("keys.revoke", {"name": read_engine(bench.desk.repo.state).name}),
    "unknown_engine": lambda bench: bench.give("keys.revoke", {"name": "engine-nowhere"}),
}


@pytest.mark.parametrize("code", RAISED)
def test_refusal_has_its_code(code: str, bench: Project) -> None:
    with pytest.raises(PrismfsError) as refused:
        RAISED[code](bench)
    assert refused.value.code == code


def test_severity_without_a_label_for_a_rank_and_above_is_none(bench: Project) -> None:
    scales = {"ours": severity.Scale(ranks={"minor": 2, "tiny": 3}, labels=(None, None, "minor", "tiny"))}
    with pytest.raises(PrismfsError) as none:
        severity.with_rank(scales, 1, scale="ours")
    assert none.value.code == "no_such_level"


def heartbeat(bench: Project, **told: object) -> None:
    (bench.root / "run").mkdir(exist_ok=True)
    (bench.root / "run" / "health.json").write_text(json.dumps({"at": "2026-03-01T10:00:00Z", **told}))


def not_shared(bench: Project) -> None:
    text = (bench.root / "prismfs.yaml").read_text()
    bench.settle_by_hand({"prismfs.yaml": f"{text}sharing:\n  remote: origin\n  every: 1m\n".encode()})
    heartbeat(
        bench, state="watching", sharing={"code": "push_refused", "message": "no", "since": "2026-03-01T09:00:00Z"}
    )


def older_consent(bench: Project) -> None:
    text = (bench.root / "settings" / "consent.yaml").read_text()
    assert "text_version: 2" in text
    bench.settle_by_hand({"settings/consent.yaml": text.replace("text_version: 2", "text_version: 1").encode()})


def secret_in_settings(bench: Project) -> None:
    path = bench.root / "settings" / "tracker.yaml"
    path.write_text(path.read_text() + f"# {TOKEN}\nlabels: [{TOKEN}]\n")


FOUND: dict[str, Callable[[Project], object]] = {
    "watcher_stopped": lambda bench: heartbeat(bench, state="stopped"),
    "not_shared": not_shared,
    "no_inbox": lambda bench: made_a_file(bench, "inbox"),
    "consent_outdated": older_consent,
    "secret_in_settings": secret_in_settings,
}


@pytest.mark.parametrize("code", FOUND)
def test_doctor_finds_it(code: str, bench: Project) -> None:
    FOUND[code](bench)
    problems = [finding.problem for finding in examine(bench.root, bench.clock.now()) if finding.problem is not None]
    assert code in [problem.code for problem in problems]


def test_doctor_names_a_git_that_is_too_old(bench: Project, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "git").write_text("#!/bin/sh\necho git version 2.30.1\n")
    (tmp_path / "git").chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path), prepend=":")
    (finding,) = examine(bench.root, bench.clock.now())
    assert finding.problem is not None
    assert finding.problem.code == "git_too_old"


def test_trailer_of_the_engines_in_a_persons_message_is_named(bench: Project, tmp_path: Path) -> None:
    (tmp_path / "message").write_text("mine\n\nPrismfs-Cause: x\n")
    (problem,) = hook_run.run("commit-msg", bench.root, [str(tmp_path / "message")], [])
    assert problem.code == "engine_trailer"
