"""`prismfs keys rotate` that is killed anywhere: no key is lost, the desk goes on, the same command completes it."""

from __future__ import annotations

import json
import os
import shlex
import shutil
import signal
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from prismfs.proof.sshsig import public_line
from prismfs.store.engine_key import engine_key, read_engine
from prismfs.store.repo import CRASH_POINTS
from tests.support.crash import turns
from tests.support.founded import copy_in_place_of
from tests.support.project import run_git
from tests.support.shared import Keys, Person, Shared, prismfs, serving
from tests.support.writes import Writes, writes

STRIDE = int(os.environ.get("PRISMFS_STEPS_STRIDE", "17"))
"""Of so many steps one is the last; 1 walks over all of them (minutes)."""
FIRST = (("keys", "rotate"), ("keys", "new"), ("journal", "add", "something else"))
"""What is done next, in turn: none of these may need another before it."""


@pytest.fixture(scope="module")
def killing() -> Iterator[Writes]:
    with writes() as found:
        yield found


def engines(killing: Writes, desk: Path) -> list[dict[str, Any]]:
    listed = killing.run("-C", desk, "keys", "list", "--json")
    assert listed.code == 0, listed.said
    found: list[dict[str, Any]] = json.loads(listed.said)["data"]["items"]
    return found


def check_signs(killing: Writes, desk: Path, about: str) -> list[str]:
    """The clone has the key of exactly one engine that the roster knows; return those that may sign."""
    added = killing.run("-C", desk, "--as", "olga", "journal", "add", "signed")
    assert added.code == 0, f"{about}: {added.said}"
    (state,) = (desk / ".git" / "prismfs").glob("PID-*")
    own, key, known = read_engine(state), engine_key(state, state.name), engines(killing, desk)
    assert own is not None, about
    assert key is not None, about
    entry = (desk / "roster" / f"{own.name}.yaml").read_text()
    assert public_line(key.public) in entry, about
    assert [(row["name"], row["status"]) for row in known if row["here"]] == [(own.name, "enrolled")], about
    return [row["name"] for row in known if row["status"] == "enrolled"]


@pytest.mark.slow
@pytest.mark.timeout(3600)
def test_rotate_killed_at_any_step_is_completed_by_the_next(killing: Writes, tmp_path: Path) -> None:
    template, rotate = tmp_path / "template", ("--as", "olga", "keys", "rotate")
    assert killing.run("--as", "olga", "init", template, "--pid", "PID-ROTATE").code == 0
    (old,) = (row["name"] for row in engines(killing, template))
    counted = killing.run("-C", copy_in_place_of(template, tmp_path / "counted"), *rotate, how="counted", steps=True)
    steps = range(1, int(counted.said.splitlines()[-1]) + 1, STRIDE)
    for turn, number in enumerate(steps):
        desk, first = copy_in_place_of(template, tmp_path / f"desk-{number}"), FIRST[turn % len(FIRST)]
        about = f"killed at step {number}, then {' '.join(first)}"
        assert killing.run("-C", desk, *rotate, how="torn", at=number, steps=True).code == -signal.SIGKILL, about
        done = killing.run("-C", desk, "--as", "olga", *first)
        assert done.code == 0, f"{about}: {done.said}"
        signing = check_signs(killing, desk, about)
        assert 1 <= len(signing) <= 2, about
        if old in signing:
            assert killing.run("-C", desk, *rotate).code == 0, about
            signing = check_signs(killing, desk, about)
        assert (len(signing), old in signing) == (1, False), about
        assert killing.run("-C", desk, "verify").code == 0, about
        assert run_git(desk, "status", "--porcelain") == "", about


@pytest.fixture
def signed(tmp_path: Path) -> Iterator[Shared]:
    if shutil.which("ssh-keygen") is None:
        pytest.skip("ssh-keygen is missing (apt-get install openssh-client)")
    (tmp_path / "keys").mkdir()
    with serving(tmp_path, Keys(tmp_path / "keys")) as made:
        yield made


@pytest.mark.slow
@pytest.mark.parametrize("point", [None, *CRASH_POINTS])
def test_rotate_that_an_operator_endorses_with_a_key_goes_on(point: str | None, signed: Shared) -> None:
    """With trust: signed, and the watcher killed while it takes the operator's commit."""
    watcher = signed.watcher()
    watcher.turn()
    (old,) = (row["name"] for row in prismfs(watcher.root, "keys", "list")["data"]["items"])
    asked = prismfs(watcher.root, "--as", "frank", "keys", "rotate")["data"]
    assert prismfs(watcher.root, "--as", "frank", "keys", "rotate")["data"] == asked
    watcher.drop("kind: journal\nfrom: iris\nsubject: by the old one\n")
    watcher.turn()
    with watcher.desk.repo.writer():
        watcher.desk.repo.bring_window()
    frank = Person(watcher.root, signed.keys, "frank", key="frank")
    for command in asked["commands"]:
        frank.git(*shlex.split(command)[1:])
    watcher.close()
    if point is not None:
        assert turns(watcher.root, point, 1).returncode == -signal.SIGKILL
    assert turns(watcher.root).returncode == 0
    watcher.restart()
    watcher.drop("kind: journal\nfrom: iris\nsubject: by the new one\n")
    watcher.turn()
    rows = prismfs(watcher.root, "keys", "list")["data"]["items"]
    found = {row["name"]: (row["status"], row["here"]) for row in rows}
    assert found == {old: ("revoked", False), asked["name"]: ("enrolled", True)}
    with watcher.desk.repo.writer():
        watcher.desk.repo.bring_window()
    watcher.check_whole()
    assert len(watcher.records("journal")) == 2
    watcher.close()
    again = prismfs(watcher.root, "--as", "frank", "keys", "rotate")["data"]
    assert (again["old"], len(again["commands"])) == (asked["name"], 2)
