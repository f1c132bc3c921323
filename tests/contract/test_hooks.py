"""The git hooks, run by real git: what a person commits and pushes is checked; the engine's own work is not."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from prismfs.cli import run as command_line
from prismfs.engine.trust.hook_run import run
from prismfs.engine.trust.hook_scripts import HOOKS, check_hooks, install
from tests.support.project import Project, run_git

SIGNAL = "kind: signal\nfrom: jade\nto: mayor\ntype: StatusUpdate\nsubject: all is well\n"
WITH_COMMAND = {"PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"}


@pytest.fixture
def hooked(bench: Project) -> Project:
    """A project with one signal taken in, and the hooks installed."""
    install(bench.root)
    bench.drop(SIGNAL)
    bench.turn()
    bench.desk.repo.bring_window()
    return bench


def commit(bench: Project, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        ["git", "-C", str(bench.root), "-c", "user.name=Pat", "-c", "user.email=pat@example.org", "commit", *arguments],
        capture_output=True,
        text=True,
        env={key: value for key, value in os.environ.items() if not key.startswith("GIT_")} | WITH_COMMAND,
        check=False,
    )


def test_scripts_of_the_checkout_are_those_that_are_installed(tmp_path: Path, bench: Project) -> None:
    written, kept = install(bench.root)
    assert (sorted(written), kept) == (sorted(HOOKS), [])
    shipped = Path(__file__).resolve().parents[2] / "hooks"
    for name in HOOKS:
        first, *_, last = (bench.root / ".git" / "hooks" / name).read_text().splitlines()
        assert (shipped / name).read_text() == f"{first}\n{last}\n"
        assert os.access(shipped / name, os.X_OK)


def test_installed_hook_runs_where_git_finds_no_prismfs_on_path(hooked: Project) -> None:
    """FG-01: in a virtual environment that is not activated every commit failed."""
    (hooked.root / "NOTES").write_text("mine\n")
    command = ["git", "-c", "user.name=olga", "-c", "user.email=olga@example.org"]
    environment = {"PATH": "/usr/bin:/bin", "HOME": str(hooked.root)}
    for arguments in (["add", "NOTES"], ["commit", "--quiet", "-m", "a note"]):
        subprocess.run([*command, *arguments], cwd=hooked.root, env=environment, check=True)
    assert "a note" in hooked.git("log", "-1", "--format=%s")


def test_installed_hook_whose_program_is_gone_keeps_nobody_from_committing(hooked: Project) -> None:
    """FG-01: hooks are a courtesy; the one of a served branch lets nothing pass unchecked."""
    for hook in (hooked.root / ".git" / "hooks").iterdir():
        hook.write_text(hook.read_text().replace(sys.executable, "/opt/gone/python"))
    nowhere = {"PATH": "/usr/bin:/bin"}
    done = subprocess.run(
        ["git", "-c", "user.name=Pat", "-c", "user.email=pat@example.org", "commit", "--allow-empty", "-m", "mine"],
        cwd=hooked.root, env=nowhere, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert "nothing was checked" in done.stderr
    found = check_hooks(hooked.root)
    assert found is not None
    assert (found.code, found.hint) == ("hook_stale", "prismfs hooks install")
    served = subprocess.run([hooked.root / ".git" / "hooks" / "pre-receive"], env=nowhere, check=False)
    assert served.returncode != 0


def test_installed_hook_on_a_branch_without_the_project_refuses_nothing(hooked: Project) -> None:
    hooked.git("switch", "--quiet", "--orphan", "code")
    assert commit(hooked, "--allow-empty", "-m", "code").returncode == 0


def test_pre_commit_what_the_records_hold_is_nobodys_change(hooked: Project) -> None:
    """FG-08: a person who commits beside the engine, or after a reset, is not refused for the engine's own rows."""
    hooked.git("reset", "--quiet", "--soft", "HEAD~1")
    assert "audit/" in hooked.git("diff", "--cached", "--name-only")
    done = commit(hooked, "-m", "mine")
    assert done.returncode == 0, done.stdout + done.stderr


def code_and_path(bench: Project) -> tuple[str, str | None] | None:
    found = check_hooks(bench.root)
    return None if found is None else (found.code, found.path)


def test_check_hooks_that_are_missing_or_old(hooked: Project) -> None:
    folder = hooked.root / ".git" / "hooks"
    assert check_hooks(hooked.root) is None
    (folder / "commit-msg").chmod(0o644)
    assert code_and_path(hooked) == ("hook_stale", "hooks/commit-msg")
    install(hooked.root)
    (folder / "commit-msg").unlink()
    assert code_and_path(hooked) == ("hook_missing", "hooks/commit-msg")
    (folder / "commit-msg").write_text("#!/bin/sh\n")  # somebody else's is none that is missing
    assert check_hooks(hooked.root) is None
    for name in HOOKS:  # nobody is told to want them
        (folder / name).unlink()
    assert check_hooks(hooked.root) is None


def test_install_hooks_of_a_bare_repository_guards_what_is_pushed(
    hooked: Project, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    bare = tmp_path / "served.git"
    hooked.git("clone", "--quiet", "--bare", str(hooked.root), str(bare))
    assert command_line(["-C", str(bare), "hooks", "install"]) == 0
    assert capsys.readouterr().out == "installed pre-receive\n"
    before = hooked.git("-C", str(bare), "rev-parse", "main")
    hooked.git("reset", "--quiet", "--hard", "HEAD~1")
    push(hooked, bare, "--force")
    assert hooked.git("-C", str(bare), "rev-parse", "main") == before


def test_init_installs_the_hooks_but_somebody_elses_and_not_where_nobody_wants_them(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    left: tuple[str, set[str]]
    for left in (("--no-hooks", set()), ("--json", {"commit-msg"})):
        hooks = tmp_path / left[0] / ".git" / "hooks"
        run_git(tmp_path, "init", "--quiet", "--template=", str(tmp_path / left[0]))
        hooks.mkdir()
        (hooks / "commit-msg").write_text("#!/bin/sh\n")
        assert command_line(["init", str(tmp_path / left[0]), "--pid", "PID-HOOKS1", left[0], "--json"]) == 0
        made = json.loads(capsys.readouterr().out)["data"]["hooks"]
        assert set(made["kept"]) == left[1]
        assert {path.name for path in hooks.iterdir()} == {"commit-msg", *made["installed"]}
        assert len(made["installed"]) == (len(HOOKS) - 1 if left[1] else 0)
        assert (hooks / "commit-msg").read_text() == "#!/bin/sh\n"


def test_install_hooks_again_renews_those_of_an_earlier_place(bench: Project) -> None:
    install(bench.root)
    own = bench.root / ".git" / "hooks" / "pre-commit"
    own.write_text(own.read_text().replace(sys.executable, "/opt/gone/bin/python"))
    written, kept = install(bench.root)
    assert ("pre-commit" in written, kept) == (True, [])
    assert sys.executable in own.read_text()


def test_install_hooks_somebody_elses_hook_is_kept_and_named(bench: Project) -> None:
    own = bench.root / ".git" / "hooks" / "pre-commit"
    own.parent.mkdir(exist_ok=True)
    own.write_text("#!/bin/sh\ntrue\n")
    written, kept = install(bench.root)
    assert kept == ["pre-commit"]
    assert "pre-commit" not in written
    assert own.read_text() == "#!/bin/sh\ntrue\n"


def test_pre_commit_valid_change_passes(hooked: Project) -> None:
    article = hooked.root / "kb" / "workers.yaml"
    article.parent.mkdir()
    article.write_text("kind: kb\nversion: 1\nname: workers\ntitle: Workers\nsource: manual\nbody: Set size.\n")
    hooked.git("add", "kb")
    done = commit(hooked, "-m", "kb: workers")
    assert done.returncode == 0, done.stderr
    assert [outcome.event.kind for outcome in hooked.turn()] == ["any"]


@pytest.mark.parametrize(
    ("path", "text", "code"),
    [
        ("settings/policy.yaml", "kind: policy\nversion: 1\n", "missing_field"),
        ("kb/x.yaml", "kind: kb\nversion: 1\nname: z\ntitle: T\nsource: S\nbody: B\n", "wrong_path"),
        (
            "kb/x.yaml",
            f"kind: kb\nversion: 1\nname: x\ntitle: T\nsource: S\nbody: AKIA{'QWERTYUIOPASDFGH'}\n",
            "secret",
        ),
    ],
)
def test_pre_commit_bad_file_is_refused(hooked: Project, path: str, text: str, code: str) -> None:
    head = hooked.head()
    (hooked.root / path).parent.mkdir(exist_ok=True)
    (hooked.root / path).write_text(text)
    hooked.git("add", path)
    done = commit(hooked, "-m", "mine")
    assert done.returncode != 0
    assert f"[{code}]" in done.stdout + done.stderr
    assert hooked.head() == head


def test_pre_commit_commit_of_one_path_is_checked_by_its_own_index(hooked: Project) -> None:
    """git gives such a commit an index of its own; what else is staged does not count, what it holds does."""
    kb = hooked.root / "kb"
    kb.mkdir()
    good = "kind: kb\nversion: 1\nname: good\ntitle: T\nsource: S\nbody: B\n"
    (kb / "good.yaml").write_text(good)
    (kb / "bad.yaml").write_text("kind: kb\n")
    hooked.git("add", "kb")
    assert commit(hooked, "-m", "one", "--", "kb/good.yaml").returncode == 0
    assert commit(hooked, "-m", "two", "--", "kb/bad.yaml").returncode != 0


@pytest.mark.parametrize("action", ["change", "remove", "add"])
def test_pre_commit_audit_rows_are_the_engines_own(hooked: Project, action: str) -> None:
    """R-002-43: an audit row is never changed, removed, or made by hand."""
    row = next((hooked.root / "audit").rglob("*.json"))
    if action == "change":
        row.write_text(row.read_text().replace("jade", "opal"))
    elif action == "remove":
        row.unlink()
    else:
        row.with_name("aud-" + "0" * 26 + ".json").write_text(row.read_text())
    hooked.git("add", "-A", "audit")
    done = commit(hooked, "-m", "nothing to see")
    assert done.returncode != 0
    assert "[audit_changed]" in done.stdout + done.stderr


def test_commit_msg_trailers_of_the_engine_are_refused(hooked: Project) -> None:
    head = hooked.head()
    done = commit(hooked, "--allow-empty", "-m", "mine\n\nPrismfs-Cause: drop:1")
    assert done.returncode != 0
    assert hooked.head() == head
    assert commit(hooked, "--allow-empty", "-m", "mine").returncode == 0


def test_hooks_the_engines_own_commits_run_none(hooked: Project) -> None:
    """The engine switches hooks off for its own calls: nothing in the repository may run a program."""
    told = hooked.root / "told"
    for name in ("reference-transaction", "post-index-change", "pre-auto-gc"):
        hook = hooked.root / ".git" / "hooks" / name
        hook.write_text(f"#!/bin/sh\ntouch {told}\n")
        hook.chmod(0o755)
    hooked.drop(SIGNAL)
    assert any(outcome.commit for outcome in hooked.turn())
    hooked.desk.repo.bring_window()
    assert not told.exists()


@pytest.fixture
def shared(hooked: Project, tmp_path: Path) -> Path:
    """A bare repository that the project pushes to, with the hook that guards it."""
    bare = tmp_path / "shared.git"
    hooked.git("clone", "--quiet", "--bare", str(hooked.root), str(bare))
    hook = bare / "hooks" / "pre-receive"
    hook.parent.mkdir(exist_ok=True)
    hook.write_text((hooked.root / ".git" / "hooks" / "pre-receive").read_text())
    hook.chmod(0o755)
    return bare


def push(bench: Project, bare: Path, *arguments: str) -> str:
    return bench.git("push", *arguments, str(bare), "main", check=False, environment=WITH_COMMAND)


def test_pre_receive_engine_commits_pass(hooked: Project, shared: Path) -> None:
    hooked.drop(SIGNAL)
    hooked.turn()
    push(hooked, shared)
    assert hooked.git("-C", str(shared), "rev-parse", "main").strip() == hooked.head().strip()


def test_pre_receive_rewritten_history_is_refused(hooked: Project, shared: Path) -> None:
    before = hooked.git("-C", str(shared), "rev-parse", "main")
    hooked.git("reset", "--quiet", "--hard", "HEAD~1")
    push(hooked, shared, "--force")
    assert hooked.git("-C", str(shared), "rev-parse", "main") == before


def test_pre_receive_changed_audit_row_is_refused(hooked: Project, shared: Path) -> None:
    before = hooked.git("-C", str(shared), "rev-parse", "main")
    row = next((hooked.root / "audit").rglob("*.json"))
    row.write_text(row.read_text().replace("jade", "opal"))
    hooked.git("commit", "--quiet", "--no-verify", "-am", "mine")
    push(hooked, shared)
    assert hooked.git("-C", str(shared), "rev-parse", "main") == before


def test_run_hook_after_a_merge_refuses_nothing(hooked: Project) -> None:
    assert run("post-merge", hooked.root, ["0"], []) == []
