"""`prismfs init` that is killed, at whatever step, is completed by the same command given again."""

from __future__ import annotations

import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from prismfs.engine.trust.hook_scripts import HOOKS, check_hooks
from tests.support.founded import copy_in_place_of
from tests.support.project import CLEAN, TODO, run_git
from tests.support.writes import Writes, writes

BEFORE_FILES = 60
"""Writes of an `init` before it does little more than one record file after the other."""


@pytest.fixture(scope="module")
def killing() -> Iterator[Writes]:
    with writes() as found:
        yield found


def check_serves(killing: Writes, desk: Path) -> None:
    """A drop is decided, and people see it."""
    (desk / "inbox" / "todo.yaml").write_text(TODO)
    assert killing.run("-C", desk, "watch", "--once-idle").code == 0
    assert "look at it" in killing.run("-C", desk, "list", "todo").said
    assert killing.run("-C", desk, "verify").code == 0
    assert run_git(desk, "status", "--porcelain") == ""
    assert all((desk / name).is_dir() for name in ("inbox", "quarantine", "run"))


def check_completed(killing: Writes, desk: Path, numbers: range, *options: str, at: str = ".") -> None:
    for number in numbers:
        folder = desk.with_name(f"{desk.name}-{number}")
        make_code(folder, bool(options))
        arguments = ("--as", "olga", "init", str(folder), "--pid", "PID-DESK01", *options)
        ended = killing.run(*arguments, how="torn", at=number)
        assert ended.code == -signal.SIGKILL, f"there is no write number {number}: {ended}"
        again = killing.run(*arguments)
        assert again.code == 0, f"killed at write {number}: {again.said}"
        check_serves(killing, folder / at)


def make_code(folder: Path, wanted: bool) -> None:
    if wanted:
        folder.mkdir()
        subprocess.run(["git", "init", "--quiet", "-b", "trunk", folder], check=True, env=CLEAN)
        run_git(folder, "commit", "--quiet", "--allow-empty", "-m", "code")


@pytest.mark.parametrize("number", [27, 35, 38, 44])
def test_init_killed_is_completed_by_the_next(number: int, killing: Writes, tmp_path: Path) -> None:
    """The records stood and the branch did not: the next init made others, which no engine had signed."""
    check_completed(killing, tmp_path / "desk", range(number, number + 1))


@pytest.mark.slow
@pytest.mark.timeout(600)
@pytest.mark.parametrize("options", [(), ("--beside",)])
def test_init_killed_all_over_is_completed_by_the_next(
    options: tuple[str, ...], killing: Writes, tmp_path: Path
) -> None:
    at = ".prismfs" if options else "."
    check_completed(killing, tmp_path / "desk", range(1 + len(options), BEFORE_FILES, 5), *options, at=at)


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_init_killed_at_any_write_of_its_hooks_leaves_none_by_half(killing: Writes, tmp_path: Path) -> None:
    """What git finds is a whole hook or none, and the same command given again writes the rest."""
    template = tmp_path / "template"
    assert killing.run("--as", "olga", "init", template, "--pid", "PID-DESK01", "--no-hooks").code == 0
    init = ("--as", "olga", "init", "--pid", "PID-DESK01")
    counted = killing.run(*init, copy_in_place_of(template, tmp_path / "counted"), how="counted")
    writes_made = int(counted.said.splitlines()[-1])
    assert writes_made >= 2 * len(HOOKS)
    for number in range(1, writes_made + 1):
        desk = copy_in_place_of(template, tmp_path / f"desk-{number}")
        assert killing.run(*init, desk, how="torn", at=number).code == -signal.SIGKILL
        found = check_hooks(desk)
        assert found is None or found.code == "hook_missing", f"killed at write {number}: {found}"
        run_git(desk, "commit", "--quiet", "--allow-empty", "-m", "a person goes on")
        assert killing.run(*init, desk).code == 0
        hooks = desk / ".git" / "hooks"
        assert check_hooks(desk) is None
        assert all((hooks / name).stat().st_mode & 0o111 == 0o111 for name in HOOKS)
        assert list(hooks.glob(".*")) == []


def test_git_init_killed_before_its_last_folder_is_completed(killing: Writes, tmp_path: Path) -> None:
    desk = tmp_path / "desk"
    (desk / ".git" / "refs").mkdir(parents=True)
    (desk / ".git" / "HEAD").write_text("ref: refs/heads/main\n")
    assert killing.run("init", desk, "--pid", "PID-DESK01").code == 0
    check_serves(killing, desk)
