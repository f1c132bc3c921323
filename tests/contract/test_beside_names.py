"""How the code and its folders are named where a project is put beside it, and what is in its way."""

from __future__ import annotations

from pathlib import Path

import pytest

from prismfs.engine.admin.beside import FOLDER
from tests.support.command_line import Answer, CommandLine
from tests.support.project import run_git

PID = "PID-SHOP01"


@pytest.fixture
def code(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A repository of code, called by a relative name."""
    run_git(tmp_path, "init", "--quiet", "code")
    (tmp_path / "code" / "main.py").write_text("print()\n")
    run_git(tmp_path / "code", "add", ".")
    run_git(tmp_path / "code", "commit", "--quiet", "-m", "code")
    monkeypatch.chdir(tmp_path)
    return Path("code")


def cli(*arguments: object) -> Answer:
    return CommandLine(Path()).bare("--json", *map(str, arguments))


def test_code_is_found_by_a_relative_name(code: Path) -> None:
    """git was told to look for `code/.git` inside `code`."""
    assert cli("init", code, "--pid", PID, "--beside").code == 0
    run_git(code, "worktree", "remove", "--force", "--force", FOLDER)
    made = cli("attach", code)
    assert made.code == 0, made.err
    assert (code / FOLDER / "prismfs.yaml").exists()


@pytest.mark.parametrize("name", ["../out", ".", "/tmp", ".git/desk", "desk\nmain.py", "link/desk"])
def test_folder_that_is_not_of_the_code_is_refused_before_anything_is_written(code: Path, name: str) -> None:
    (code / "link").symlink_to("..")
    before = sorted(path for path in code.resolve().parent.rglob("*"))
    for verb in (("init", code, "--beside"), ("attach", code)):
        refused = cli(*verb, "--pid", PID, "--at", name)
        assert (refused.code, refused.document["error"]["code"]) == (2, "usage")
    assert sorted(path for path in code.resolve().parent.rglob("*")) == before


@pytest.mark.parametrize("name", ["de[s]k", "a*", "what?", "back\\slash", " x "])
def test_folder_with_letters_of_patterns_is_hidden_and_no_other_is(code: Path, name: str) -> None:
    assert cli("init", code, "--pid", PID, "--beside", "--at", name).code == 0
    assert run_git(code, "status", "--porcelain") == ""
    (code / "desk").mkdir()
    (code / "desk" / "mine.py").touch()
    (code / "abc").mkdir()
    (code / "abc" / "mine.py").touch()
    assert run_git(code, "status", "--porcelain").split() == ["??", "abc/", "??", "desk/"]


def test_branch_of_the_code_that_is_in_the_way_is_named_before_anything_is_written(code: Path) -> None:
    run_git(code, "branch", "prismfs")
    before = sorted(code.rglob("*"))
    refused = cli("init", code, "--pid", PID, "--beside")
    assert (refused.code, refused.document["error"]["code"]) == (5, "branch_taken")
    assert sorted(code.rglob("*")) == before
    run_git(code, "branch", "-m", "prismfs", "other")
    assert cli("init", code, "--pid", PID, "--beside").code == 0
    assert run_git(code, "status", "--porcelain") == ""
