"""A watcher shares its project by itself where prismfs.yaml says so; what keeps it from that is told (FG-07)."""

from __future__ import annotations

import signal
import subprocess
from pathlib import Path

import pytest

from prismfs.cli import run
from tests.support.project import CLEAN
from tests.support.waiting import until
from tests.support.watched import Watched

RECORDS = "refs/prismfs/PID-DESK01/records"


def git(folder: Path, *arguments: str) -> str:
    who = {f"GIT_{role}_{what}": "Pat" for role in ("AUTHOR", "COMMITTER") for what in ("NAME", "EMAIL")}
    command = ["git", "-C", str(folder), *arguments]
    done = subprocess.run(command, capture_output=True, text=True, env=CLEAN | who, check=True)
    return done.stdout.strip()


def shared(watched: Watched) -> Path:
    """Return a bare repository that the project is shared with from now on."""
    far = watched.root.parent / "far.git"
    git(watched.root.parent, "init", "--quiet", "--bare", "--initial-branch=main", str(far))
    path = watched.root / "prismfs.yaml"
    path.write_text(path.read_text() + f"sharing: {{remote: {far}, every: 1s, tell_after: 2s}}\n")
    watched.commit("share it")
    return far


def test_watch_shares_what_is_decided_and_takes_what_people_push(watched: Watched, tmp_path: Path) -> None:
    far = shared(watched)
    watched.start()
    watched.drop(watched.journal("to be shared"), "a.json")
    until(lambda: watched.taken("to be shared"), "the commit")
    until((far / "refs" / "heads" / "main").exists, "the first push")
    until(lambda: git(far, "rev-parse", "main") == watched.git("rev-parse", RECORDS).strip(), "the remote to follow")
    git(tmp_path, "clone", "--quiet", str(far), "person")
    (tmp_path / "person" / "NOTES").write_text("theirs\n")
    git(tmp_path / "person", "add", "NOTES")
    git(tmp_path / "person", "commit", "--quiet", "-m", "a note")
    git(tmp_path / "person", "push", "--quiet")
    until((watched.root / "NOTES").exists, "the note to arrive")
    until(
        lambda: git(far, "rev-parse", "main") == watched.git("rev-parse", RECORDS).strip(), "the remote to follow again"
    )
    assert watched.verified()


def protect(far: Path) -> Path:
    """Let the remote take nothing, and return the hook that says so."""
    hook = far / "hooks" / "pre-receive"
    hook.parent.mkdir(exist_ok=True)
    hook.write_text(f"#!/bin/sh\necho >>{far}/tries\necho main is protected >&2\nexit 1\n")
    hook.chmod(0o755)
    return hook


def told(watched: Watched) -> list[str]:
    """Return the states of the escalations that the project cannot be shared."""
    return [one["status"] for one in watched.records("bead") if "cannot share its project" in one["title"]]


def test_watch_that_may_not_push_says_so_and_goes_on(watched: Watched) -> None:
    far = shared(watched)
    hook = protect(far)
    watched.start()
    until(lambda: (watched.health().get("sharing") or {}).get("code") == "push_refused", "the refusal to be told")
    watched.drop(watched.journal("goes on"), "a.json")
    until(lambda: watched.taken("goes on"), "the next file")
    assert run(["-C", str(watched.root), "doctor"]) == 1
    hook.unlink()
    assert run(["-C", str(watched.root), "push", str(far), "--json"]) == 0
    until(lambda: git(far, "rev-parse", "main") == watched.git("rev-parse", RECORDS).strip(), "the remote to follow")


def test_watch_that_cannot_share_for_long_tells_people_once_until_it_can(
    watched: Watched, capsys: pytest.CaptureFixture[str]
) -> None:
    """FG-07: one escalation, whatever becomes of the watcher meanwhile; it closes by itself, there too."""
    far = shared(watched)
    hook = protect(far)
    first = watched.start()
    until(lambda: watched.rows("sharing.failed"), "the escalation")
    assert told(watched) == ["open"]
    since = watched.health()["sharing"]["since"]
    watched.stop(first, signal.SIGKILL)
    assert run(["-C", str(watched.root), "status"]) == 0
    said = f"not shared since {since}: {far} does not take it: main is protected [push_refused]"
    assert said in capsys.readouterr().out
    before = (far / "tries").stat().st_size
    watched.start()
    until(lambda: (far / "tries").stat().st_size > before + 2, "three tries more")
    assert (watched.health()["sharing"]["since"], len(watched.rows("sharing.failed"))) == (since, 1)
    assert run(["-C", str(watched.root), "doctor"]) == 1
    assert f"not since {since}" in capsys.readouterr().out
    hook.unlink()
    until(lambda: watched.rows("escalation.closed"), "its end")
    assert told(watched) == ["closed"]
    until(lambda: git(far, "rev-parse", "main") == watched.git("rev-parse", RECORDS).strip(), "the remote to follow")
    assert watched.health()["sharing"] is None
    assert watched.verified()


def test_watch_that_is_to_share_no_more_closes_what_it_told(watched: Watched) -> None:
    protect(shared(watched))
    watched.start()
    until(lambda: watched.rows("sharing.failed"), "the escalation")
    path = watched.root / "prismfs.yaml"
    path.write_text("".join(line for line in path.read_text().splitlines(keepends=True) if "sharing" not in line))
    watched.commit("share it no more")
    until(lambda: watched.rows("escalation.closed"), "its end")
    until(lambda: watched.health()["sharing"] is None, "the health file")
    assert told(watched) == ["closed"]
