"""How the code and its folders are named where a project is put beside it, and what is in its way."""

from __future__ import annotations

import shutil
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


def test_clone_of_code_that_has_a_project_is_told_to_attach_it(tmp_path: Path) -> None:
    """A rival of the same name was made instead, and nothing could bring the two together."""
    run_git(tmp_path, "init", "--quiet", "--bare", "--initial-branch=main", "origin.git")
    run_git(tmp_path, "clone", "--quiet", "origin.git", "other")
    other = tmp_path / "other"
    nothing = cli("-C", other, "status")
    assert "git switch" in nothing.document["error"]["hint"], "what a clone of a project without a HEAD wants"
    run_git(other, "commit", "--quiet", "--allow-empty", "-m", "code")
    run_git(other, "update-ref", f"refs/remotes/origin/prismfs/{PID}", "HEAD")
    looked = cli("-C", other, "status")
    assert (looked.code, looked.document["error"]["code"]) == (69, "no_project")
    assert "prismfs attach" in looked.document["error"]["hint"]
    for dry in ((), ("--dry-run",)):
        made = cli("init", other, "--pid", PID, "--beside", *dry)
        assert (made.code, made.document["error"]["code"]) == (5, "project_at_origin")
        assert "prismfs attach" in made.document["error"]["hint"]
    assert not (other / FOLDER).exists()
    assert cli("init", other, "--pid", "PID-DOCS01", "--beside").code == 0, "another project may come beside it"


def test_clone_that_was_lost_with_what_it_had_not_shared_is_recovered_in_its_place(tmp_path: Path) -> None:
    """The files were not there before the look at what was seen last, and `recover` found no project."""
    run_git(tmp_path, "init", "--quiet", "--bare", "--initial-branch=main", "origin.git")
    run_git(tmp_path, "clone", "--quiet", str(tmp_path / "origin.git"), "lost")
    lost = tmp_path / "lost"
    run_git(lost, "commit", "--quiet", "--allow-empty", "-m", "code")
    run_git(lost, "push", "--quiet", "origin", "HEAD")
    assert cli("init", lost, "--pid", PID, "--beside").code == 0
    assert cli("-C", lost, "push", "origin").code == 0
    assert cli("-C", lost, "journal", "add", "not shared").code == 0
    shutil.rmtree(lost)
    run_git(tmp_path, "clone", "--quiet", str(tmp_path / "origin.git"), "lost")
    for _ in range(2):
        assert cli("attach", lost).document["error"]["code"] == "records_rolled_back"
        assert cli("-C", lost, "recover", "--dry-run").code == 0
    assert cli("-C", lost, "recover").code == 0
    assert cli("attach", lost).code == 0
    assert run_git(lost / FOLDER, "status", "--porcelain") == ""


def test_folder_that_the_codes_own_ignore_file_shows_is_named(code: Path) -> None:
    """Such a file, an allow-list of what is code, outranks the line that hides the folder."""
    (code / ".gitignore").write_text("*\n!*/\n!*.py\n")
    made = cli("init", code, "--pid", PID, "--beside")
    assert (made.code, "Let that file end with /.prismfs/" in made.err) == (0, True)
    assert "Let that file end with" in cli("attach", code).err
    with (code / ".gitignore").open("a") as file:
        file.write("/.prismfs/\n")
    assert "note:" not in cli("attach", code).err
    assert FOLDER not in run_git(code, "status", "--porcelain")


@pytest.mark.parametrize("name", [".prismfs", "main.py/inner"])
def test_file_where_the_folder_would_be_is_named(code: Path, name: str) -> None:
    (code / ".prismfs").write_text("a note")
    refused = cli("init", code, "--pid", PID, "--beside", "--at", name)
    assert (refused.code, refused.document["error"]["code"]) == (5, "folder_taken")


def test_clone_is_attached_by_a_relative_name(code: Path) -> None:
    """git was given the name of its configuration as seen from elsewhere."""
    assert cli("init", code, "--pid", PID, "--beside").code == 0
    run_git(code, "clone", "--quiet", "--depth", "1", f"file://{code.resolve()}", "../clone")
    assert cli("attach", "clone").code == 0
    assert (Path("clone") / FOLDER / "prismfs.yaml").exists()


def test_project_of_any_name_is_found_from_any_folder_of_the_code(code: Path) -> None:
    """Only one that is called `.prismfs` was found."""
    (code / "lib" / "deep").mkdir(parents=True)
    assert cli("init", code, "--pid", PID, "--beside", "--at", "tools/desk").code == 0
    found = CommandLine(Path()).bare("-C", str(code / "lib" / "deep"), "--json", "status")
    assert found.code == 0, found.out
    assert cli("init", code, "--pid", "PID-SHOP02", "--beside", "--at", "second").code == 0
    several = CommandLine(Path()).bare("-C", str(code / "lib" / "deep"), "--json", "status")
    assert several.document["error"]["code"] == "no_project"
