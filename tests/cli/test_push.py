"""Sharing a project with another clone, at the command line."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from tests.support.clone import share_engine
from tests.support.command_line import CommandLine


@pytest.fixture
def shared(place: CommandLine, tmp_path: Path) -> tuple[CommandLine, CommandLine]:
    """A project, and a clone of the bare repository that both push to."""
    place.git("clone", "--quiet", "--bare", str(place.root), str(tmp_path / "shared.git"))
    place.git("remote", "add", "origin", str(tmp_path / "shared.git"))
    place.git("fetch", "--quiet", "origin")
    place.git("branch", "--quiet", "--set-upstream-to", "origin/main")
    place.git("clone", "--quiet", str(tmp_path / "shared.git"), str(tmp_path / "clone"))
    share_engine(place.root, tmp_path / "clone")
    return place, CommandLine(tmp_path / "clone")


def test_push_says_what_went_and_what_was_decided_again(shared: tuple[CommandLine, CommandLine]) -> None:
    """R-004-35."""
    here, there = shared
    bead = here.call("escalate", "-s", "LOW", "disk is full", "--json").data["subject"]
    assert here.call("push").out.startswith("pushed ")
    there.git("pull", "--quiet", "--ff-only")
    here.call("escalate", "ack", bead)
    there.call("escalate", "ack", bead)
    assert here.call("push", "--json").data["sent"] == 1
    planned = there.call("push", "--dry-run", "--json").data
    done = there.call("push", "--json")
    assert (done.code, done.err) == (0, "")
    assert (done.data["sent"], done.data["taken"], done.data["tries"]) == (0, 1, 2)
    (again,) = done.data["again"]
    assert (again["decided"], again["lost"], again["event"]) == ("nothing", True, "command escalate.ack")
    assert [(one["decided"], one["lost"]) for one in planned["again"]] == [("nothing", True)]
    assert there.call("verify").code == 0
    assert there.call("push").out == "nothing to push to origin (main)\n"
    assert there.git("rev-parse", "HEAD") == here.git("rev-parse", "HEAD")


def test_push_told_in_words(shared: tuple[CommandLine, CommandLine]) -> None:
    here, there = shared
    here.call("escalate", "-s", "LOW", "disk is full")
    here.call("push")
    there.call("escalate", "-s", "LOW", "fans are loud")
    lines = there.call("push").out.splitlines()
    assert lines[0].startswith("pushed 1 commit") or lines[0].startswith("pushed 2 commits")
    assert lines[1].endswith("came from there")
    assert lines[2].startswith("decided again: ")
    assert "escalation.created" in lines[3]


def test_push_dry_run_moves_nothing_anywhere(shared: tuple[CommandLine, CommandLine], tmp_path: Path) -> None:
    here, there = shared
    here.call("escalate", "-s", "LOW", "disk is full")
    here.call("push")
    there.call("escalate", "-s", "LOW", "fans are loud")
    before = there.state(), here.git("ls-remote", "origin")
    answer = there.call("push", "--dry-run", "--json")
    assert answer.code == 0
    assert answer.data["dry_run"] is True
    assert answer.data["again"]
    assert (there.state(), here.git("ls-remote", "origin")) == before


@pytest.mark.parametrize(
    ("remote", "code", "exit_code"),
    [((), "no_upstream", 4), (("/nowhere/at/all.git",), "remote_unreachable", 69), (("ext::sh",), "remote_refused", 4)],
)
def test_push_that_cannot_be_says_why(place: CommandLine, remote: tuple[str, ...], code: str, exit_code: int) -> None:
    answer = place.call("push", *remote, "--json")
    assert (answer.code, answer.error["code"]) == (exit_code, code)
    assert answer.error["message"]


def test_push_takes_a_commit_by_hand_along(shared: tuple[CommandLine, CommandLine]) -> None:
    here, there = shared
    here.call("escalate", "-s", "LOW", "disk is full")
    here.call("push")
    (there.root / "notes.txt").write_text("mine\n")
    there.git("add", "notes.txt")
    there.git("commit", "--quiet", "-m", "mine")
    assert there.call("push", "--json").code == 0
    assert here.call("push", "--json").code == 0
    assert (here.root / "notes.txt").read_text() == "mine\n"


def test_push_remote_that_is_no_more_leaves_the_project_as_it_was(
    shared: tuple[CommandLine, CommandLine], tmp_path: Path
) -> None:
    here, _ = shared
    here.call("escalate", "-s", "LOW", "disk is full")
    before = here.state()
    shutil.rmtree(tmp_path / "shared.git")
    answer = here.call("push", "--json")
    assert (answer.code, answer.error["code"]) == (69, "remote_unreachable")
    assert here.state() == before
    assert json.loads(answer.out)["ok"] is False
