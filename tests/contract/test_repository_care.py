"""What surrounds the commits: the configuration that is allowed, upkeep, flushing to the disk, founding."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from prismfs.engine.admin.init_project import check_folder, init_project, register
from prismfs.engine.turn.desk import Desk
from prismfs.errors import ConflictError, StoreError
from prismfs.kinds.core.settings.project import Project as Settings
from prismfs.kinds.core.settings.tenant import KIND as TENANT
from prismfs.kinds.core.settings.tenant import Tenant
from prismfs.store.git import upkeep
from prismfs.store.git.config import refused_keys
from tests.support.project import Project, run_git

SIGNAL = "kind: signal\nfrom: jade\nto: mayor\ntype: StatusUpdate\nsubject: all is well\n"


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("core.fsmonitor", "/tmp/run-me"),
        ("core.sshCommand", "run-me"),
        ("core.attributesFile", "evil"),
        ("core.worktree", "/"),
        ("filter.x.clean", "run-me"),
        ("filter.x.process", "run-me"),
        ("diff.x.textconv", "run-me"),
        ("diff.external", "run-me"),
        ("merge.x.driver", "run-me"),
        ("include.path", "evil"),
        ("includeIf.gitdir:/.path", "evil"),
        ("credential.helper", "!run-me"),
        ("gpg.program", "run-me"),
        ("remote.origin.uploadpack", "run-me"),
        ("remote.origin.url", "ext::run-me"),
        ("url.ext::run-me.insteadOf", "https://"),
        ("uploadpack.packObjectsHook", "run-me"),
        ("a.key.nobody.knows.yet", "1"),
    ],
)
def test_desk_configuration_that_could_run_a_program_is_refused_by_name(bench: Project, key: str, value: str) -> None:
    bench.git("config", "--file", str(bench.root / ".git" / "config"), key, value)
    with pytest.raises(StoreError) as refused:
        Desk(bench.root)
    assert refused.value.code == "config_refused"
    assert (refused.value.problem.field or "").lower() == key.lower()


@pytest.mark.parametrize(
    "key",
    [
        "core.hooksPath", "core.editor", "core.pager", "pager.log", "alias.status", "sequence.editor", "gpg.format",
        "gpg.ssh.allowedSignersFile", "difftool.mine.cmd", "mergetool.mine.cmd", "submodule.code.update",
        "lfs.customtransfer.x.path",
        "sendemail.smtpserver", "trailer.x.command", "maintenance.strategy", "branch.main.vscode-merge-base",
        "remote.origin.gh-resolved", "commit.template", "transfer.fsckObjects", "rebase.instructionFormat",
    ],
)  # fmt: skip
def test_key_that_people_and_their_tools_set_neither_stops_the_desk_nor_runs(key: str, bench: Project) -> None:
    """FG-04: what editors, gh, LFS, husky and maintenance write into the configuration."""
    mark, tool = bench.root.parent / "ran", bench.root.parent / "hooks" / "pre-commit"
    tool.parent.mkdir()
    tool.write_text(f'#!/bin/sh\necho "$@" >> {mark}\n')
    tool.chmod(0o755)
    values = {
        "core.hooksPath": str(tool.parent),
        "gpg.format": "ssh",
        "transfer.fsckObjects": "false",
        "remote.origin.gh-resolved": "base",
    }
    bench.git("config", "--file", str(bench.root / ".git" / "config"), key, values.get(key, f"!{tool}"))
    with Desk(bench.root) as desk:
        assert refused_keys(desk.repo.git) == ()
    bench.restart()
    bench.drop(SIGNAL)
    assert any(outcome.commit for outcome in bench.turn())
    with bench.desk.repo.writer():
        bench.desk.repo.bring_index()
    assert bench.problems() == ()
    assert not mark.exists()


def test_refused_keys_of_an_ordinary_clone_are_none(bench: Project, tmp_path: Path) -> None:
    bench.git("clone", "--quiet", str(bench.root), str(tmp_path / "clone"))
    with Desk(tmp_path / "clone") as desk:
        assert refused_keys(desk.repo.git) == ()


def test_refused_keys_work_tree_configuration_is_read_too(bench: Project) -> None:
    bench.git("config", "extensions.worktreeConfig", "true")
    bench.git("config", "--worktree", "core.fsmonitor", "run-me")
    assert refused_keys(bench.desk.repo.git) == ("core.fsmonitor",)


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

    pack = first(r"fsync\(.*objects/pack/tmp_pack")
    index = first(r"fsync\(.*objects/pack/tmp_idx")
    locked = first(r"fsync\(.*refs/heads/main\.lock")
    moved = first(r"rename\(.*refs/heads/main\.lock")
    removed = first(rf"unlink.*{re.escape(name)}")
    assert pack < locked < moved < removed
    assert index < locked


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
        (tmp_path / folder).mkdir()
        register(tmp_path / folder, Settings(pid=pid, tenant="acme", operators=("olga",)))
    found = TENANT.read((tmp_path / "tenant.yaml").read_bytes(), path="tenant.yaml")
    assert isinstance(found, Tenant)
    assert found.projects == {"PID-SHOP01": "shop", "PID-HOME01": "home"}
    with pytest.raises(ConflictError) as other:
        register(tmp_path / "shop", Settings(pid="PID-SHOP01", tenant="other", operators=("olga",)))
    assert other.value.code == "other_tenant"


def test_root_of_the_disk_is_no_project(tmp_path: Path) -> None:
    check_folder(tmp_path)
    with pytest.raises(ConflictError) as caught:
        check_folder(Path("/"))
    assert caught.value.code == "whole_disk"
