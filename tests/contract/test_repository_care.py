"""What surrounds the commits: the configuration that reaches nothing, upkeep, flushing to the disk, founding."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from prismfs.engine.admin.init_project import check_folder, init_project
from prismfs.engine.admin.membership import first_commit, home_for, join_tenant
from prismfs.engine.tenant.places import Places
from prismfs.engine.turn.desk import Desk
from prismfs.errors import ConflictError, StoreError
from prismfs.kinds.core.settings.project import Project as Settings
from prismfs.store.git import upkeep
from tests.support.project import START, Project, run_git

SIGNAL = "kind: signal\nfrom: jade\nto: mayor\ntype: StatusUpdate\nsubject: all is well\n"


@pytest.mark.parametrize(
    "key",
    [
        # what would run a program, or read and write elsewhere
        "core.fsmonitor", "core.sshCommand", "core.attributesFile", "core.worktree", "core.hooksPath", "filter.x.clean",
        "filter.x.process", "diff.x.textconv", "diff.external", "merge.x.driver", "include.path",
        "includeIf.gitdir:/.path", "credential.helper", "gpg.program", "gpg.ssh.program", "remote.origin.uploadpack",
        "remote.origin.proxy", "url.ext::run-me.insteadOf", "uploadpack.packObjectsHook", "core.alternateRefsCommand",
        # what editors, gh, LFS, husky, maintenance and people set
        "core.editor", "core.pager", "pager.log", "alias.status", "sequence.editor", "gpg.format", "commit.template",
        "gpg.ssh.allowedSignersFile", "difftool.mine.cmd", "mergetool.mine.cmd", "submodule.code.update",
        "lfs.customtransfer.x.path", "sendemail.smtpserver", "trailer.x.command", "maintenance.strategy",
        "branch.main.vscode-merge-base", "remote.origin.gh-resolved", "transfer.fsckObjects", "core.autocrlf",
        "rebase.instructionFormat", "a.key.nobody.knows.yet",
    ],
)  # fmt: skip
def test_key_of_the_repositorys_configuration_neither_stops_the_desk_nor_runs(key: str, bench: Project) -> None:
    """FG-04: the engine has a git directory of its own, with a configuration of its own."""
    mark, tool = bench.root.parent / "ran", bench.root.parent / "hooks" / "pre-commit"
    tool.parent.mkdir()
    tool.write_text(f'#!/bin/sh\necho "$@" >> {mark}\n')
    tool.chmod(0o755)
    values = {"core.hooksPath": str(tool.parent), "gpg.format": "ssh", "transfer.fsckObjects": "false"}
    values |= {"remote.origin.gh-resolved": "base", "core.autocrlf": "true", "core.worktree": "/"}
    attributes = b"* filter=x diff=x merge=x\n"
    bench.commit_by_hand({".gitattributes": attributes, "notes.txt": b"mine\r\n"})
    bench.git("config", "--file", str(bench.root / ".git" / "config"), key, values.get(key, str(tool)))
    bench.restart()
    bench.drop(SIGNAL)
    assert any(outcome.commit for outcome in bench.turn())
    (bench.root / "notes.txt").write_text("and more\n")
    assert bench.desk.repo.window.edited() == ("notes.txt",)
    assert bench.desk.repo.git.read(f"{bench.truth()}:notes.txt") == b"mine\r\n"
    assert bench.problems() == ()
    assert not mark.exists()


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("core.repositoryFormatVersion", "2"),
        ("extensions.objectFormat", "sha256"),
        ("extensions.refStorage", "reftable"),
    ],
)
def test_repository_of_another_form_is_refused_by_name(bench: Project, key: str, value: str) -> None:
    bench.git("config", "--file", str(bench.root / ".git" / "config"), key, value)
    with pytest.raises(StoreError) as refused:
        Desk(bench.root)
    assert refused.value.code == "repository_form"
    assert refused.value.problem.field == key.partition(".")[2].lower()


def test_what_lies_in_the_engines_git_directory_acts_on_nothing(bench: Project) -> None:
    folder = bench.desk.repo.place.engine_git
    bench.close()
    for name, text in (
        ("info/grafts", f"{bench.head()}\n"), ("hooks/reference-transaction", "#!/bin/sh\nexit 1\n"),
        ("shallow", f"{bench.head()}\n"), ("config.worktree", "[core]\n\tbare = false\n"),
    ):  # fmt: skip
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_text(text)
        (folder / name).chmod(0o755)
    bench.restart()
    assert {path.name for path in folder.iterdir()} == {"HEAD", "config", "logs", "objects", "packed-refs", "refs"}
    bench.drop(SIGNAL)
    assert any(outcome.commit for outcome in bench.turn())


def test_keep_up_many_packs_become_few_and_the_history_is_the_same(bench: Project) -> None:
    for number in range(upkeep.MOST_PACKS + 1):
        bench.drop(SIGNAL.replace("well", f"well {number}"))
        bench.turn()
    git = bench.desk.repo.git
    assert upkeep.is_due(git)
    commits = bench.git("rev-list", "--count", "HEAD")
    done = upkeep.keep_up(git)
    assert done.packs_after < done.packs_before
    assert done.packs_after == upkeep.count_packs(git)
    assert not upkeep.is_due(git)
    assert bench.git("rev-list", "--count", "HEAD") == commits
    assert bench.git("fsck", "--strict", "--no-dangling") == ""
    bench.git("commit-graph", "verify")
    bench.drop(SIGNAL)
    assert any(outcome.commit for outcome in bench.turn())
    assert bench.problems() == ()


def test_keep_up_without_effect_is_an_error(bench: Project) -> None:
    for _ in range(3):  # several packs of a size
        bench.drop(SIGNAL)
        bench.turn()
    upkeep.keep_up(bench.desk.repo.git)
    with pytest.raises(StoreError) as useless:
        upkeep.keep_up(bench.desk.repo.git)
    assert useless.value.code == "upkeep_without_effect"


@pytest.mark.slow
@pytest.mark.skipif(shutil.which("strace") is None, reason="strace is not installed")
def test_react_objects_and_reference_are_flushed_before_the_inbox_file_goes(bench: Project, tmp_path: Path) -> None:
    """Once a change is reported done it has reached the disk; only then is the dropped file removed."""
    name = bench.drop(SIGNAL)
    traced = tmp_path / "trace"
    calls = "trace=fsync,fdatasync,rename,renameat,unlink,unlinkat"
    command = [sys.executable, "-m", "prismfs", "-C", str(bench.root), "react"]
    subprocess.run(["strace", "-f", "-y", "-e", calls, "-o", str(traced), *command], check=True, capture_output=True)
    lines = traced.read_text(errors="replace").splitlines()

    def first(pattern: str) -> int:
        return next(number for number, line in enumerate(lines) if re.search(pattern, line))

    pack = first(r"fsync\(.*objects/pack/\.prismfs")
    folder = first(r"fsync\(.*objects/pack>")
    locked = first(r"fsync\(.*refs/prismfs/PID-TEST01/records\.lock")
    moved = first(r"rename\(.*refs/prismfs/PID-TEST01/records\.lock")
    removed = first(rf"unlink.*{re.escape(name)}")
    assert pack < folder < locked < moved < removed
    assert len([line for line in lines[:folder] if re.search(r"fsync\(.*objects/pack/\.prismfs", line)]) >= 2


def test_found_project_in_a_repository_with_content_keeps_it(tmp_path: Path, bench: Project) -> None:
    root = tmp_path / "mine"
    root.mkdir()
    run_git(root, "init", "--quiet", "--initial-branch", "trunk")
    (root / ".gitignore").write_text("*.pyc")
    (root / "README.md").write_text("mine\n")
    run_git(root, "add", ".")
    run_git(root, "commit", "--quiet", "-m", "one")
    project = Settings(pid="PID-MINE01", tenant="acme", operators=("olga",))
    _, made = init_project(root, project=project, now=bench.clock.now())
    assert made
    assert (root / ".gitignore").read_text() == "*.pyc\n/inbox/\n/quarantine/\n/run/\n"
    assert (root / "README.md").read_text() == "mine\n"
    assert run_git(root, "status", "--porcelain") == ""
    assert init_project(root, project=project, now=bench.clock.now())[1] is False
    with pytest.raises(ConflictError) as other:
        init_project(root, project=project.changed(pid="PID-OTHER1"), now=bench.clock.now())
    assert other.value.code == "other_project"


def test_register_projects_of_a_tenant_stand_in_one_file(tmp_path: Path) -> None:
    for pid, folder in (("PID-SHOP01", "shop"), ("PID-HOME01", "home")):
        settings = Settings(pid=pid, tenant="acme", operators=("olga",), home=folder == "home")
        init_project(tmp_path / folder, project=settings, now=START)
        assert join_tenant(tmp_path / folder, pid, None, actor="olga", now=START) == []
    assert Places(tmp_path).known == {"PID-SHOP01": "shop", "PID-HOME01": "home"}
    for tenant, home, code in (("other", False, "other_tenant"), ("acme", True, "other_home")):
        with pytest.raises(ConflictError) as caught:
            home_for(tmp_path / "third", "PID-THIRD1", tenant, home=home)
        assert caught.value.code == code
    found = home_for(tmp_path / "third", "PID-THIRD1", "acme", home=False)
    assert found is not None
    assert (found[0], found[1].pid, found[1].root) == (tmp_path / "home", "PID-HOME01", first_commit(tmp_path / "home"))


def test_root_of_the_disk_is_no_project(tmp_path: Path) -> None:
    check_folder(tmp_path)
    with pytest.raises(ConflictError) as caught:
        check_folder(Path("/"))
    assert caught.value.code == "whole_disk"
