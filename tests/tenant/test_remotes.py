"""Projects of a tenant that lie elsewhere: cloned on first use, kept in step, and out of the others' way."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from prismfs.engine.admin import init_project
from prismfs.engine.admin.membership import first_commit
from prismfs.errors import RefusedError
from prismfs.kinds.core.settings.project import Home
from prismfs.kinds.core.settings.project import Project as Settings
from prismfs.store.git.clone import check_address
from tests.support.project import Project, run_git
from tests.support.rows import audit_rows
from tests.support.town import Town

HOME, ACME, FAR = "PID-HOME01", "PID-ACME01", "PID-FAR001"


@pytest.fixture
def far(town: Town, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A bare repository that holds a project of the tenant, which `tenant.yaml` names by its address."""
    home = Home(pid=HOME, root=first_commit(town.home.root))
    project = Settings(pid=FAR, tenant="acme", operators=("cora",), home=home)
    with monkeypatch.context() as older:  # without an engine, so that the clone that the watcher makes needs none
        older.setattr(init_project, "_engine_file", lambda *_: {})
        bench = Project.new(tmp_path / "elsewhere", project, clock=town.clock)
    town.home.give("tenant.add", {"pid": FAR, "root": first_commit(bench.root)})
    bench.close()
    bare = tmp_path / "far.git"
    run_git(tmp_path, "clone", "--quiet", "--bare", str(bench.root), str(bare))
    name_it(town, FAR, bare.as_uri())
    return bare


def name_it(town: Town, pid: str, place: str) -> None:
    path = town.folder / "tenant.yaml"
    path.write_text(f"{path.read_text().rstrip()}\n  {pid}: {json.dumps(place)}\n")


def serve(town: Town, verb: str = "watch") -> subprocess.CompletedProcess[str]:
    options = ("--once-idle",) if verb == "watch" else ()
    return subprocess.run(
        [sys.executable, "-m", "prismfs", "-C", str(town.folder), verb, *options],
        capture_output=True, text=True, check=False, timeout=90,
    )  # fmt: skip


def drop(root: Path, name: str, **form: Any) -> None:
    document = {"kind": "signal", "from": "jade", "type": "Question", "to": "Sage", "subject": "it crashes", **form}
    (root / "inbox" / f".{name}").write_text(json.dumps(document))
    (root / "inbox" / f".{name}").rename(root / "inbox" / name)


def rows(repository: Path) -> list[dict[str, Any]]:
    """Return the audit rows that stand in a repository's branch."""
    paths = run_git(repository, "ls-tree", "-r", "--name-only", "main", "audit/").split()
    return [row for path in paths for row in audit_rows(run_git(repository, "show", f"main:{path}"))]


@pytest.mark.slow
@pytest.mark.parametrize("verb", ["watch", "react"])
def test_remote_project_is_cloned_served_and_published(town: Town, far: Path, verb: str) -> None:
    done = serve(town, verb)
    assert done.returncode == 0, done.stderr
    clone = town.folder / "clones" / FAR
    assert run_git(clone, "status", "--porcelain") == ""
    assert (clone / "prismfs.yaml").read_text() == run_git(far, "show", "main:prismfs.yaml") + "\n"
    drop(clone, "a.json")
    done = serve(town, verb)
    assert done.returncode == 0, done.stderr
    assert run_git(far, "rev-parse", "main") == run_git(clone, "rev-parse", "main")
    there = [row["meta"]["direction"] for row in rows(far) if row["action"] == "bridge.routed"]
    assert sorted(set(there)) == ["from_bridge", "to_bridge"]
    assert [signal.from_pid for signal in town.home.records("signal") if signal.from_pid] == [FAR]

    # What somebody pushed meanwhile is taken in and answered when the watcher next looks.
    run_git(far.parent, "clone", "--quiet", str(far), "work")
    (far.parent / "work" / "notes.txt").write_text("mine\n")
    run_git(far.parent / "work", "add", "notes.txt")
    run_git(far.parent / "work", "commit", "--quiet", "-m", "notes")
    run_git(far.parent / "work", "push", "--quiet")
    done = serve(town, verb)
    assert done.returncode == 0, done.stderr
    if verb == "react":  # it publishes at its end, so that what came is decided by the next
        done = serve(town, verb)
    assert [row["action"] for row in rows(far)].count("commit.observed") == 1
    command = [sys.executable, "-m", "prismfs", "-C", str(clone), "--json", "verify"]
    verified = json.loads(subprocess.run(command, check=False, capture_output=True).stdout)["data"]
    undecidable = [line["said"].partition(":")[0] for line in verified["report"] if line["word"] == "undecidable"]
    assert verified["problems"] == []
    assert undecidable == ["authors", "end"], "it has no engine, and nothing outside remembers it"


@pytest.mark.slow
def test_remote_out_of_reach_is_complained_of_and_keeps_no_other_back(town: Town, far: Path) -> None:
    aside = far.with_name("aside.git")
    far.rename(aside)
    subject = town.drop(ACME, to="Sage")
    for bench in town.benches.values():
        bench.close()
    done = serve(town)
    assert done.returncode == 69
    assert "remote_unreachable" in done.stderr
    assert [path.name for path in (town.folder / "clones").iterdir()] == [f".{FAR}.lock"]
    town.restart()
    assert town.signal(ACME, subject).status == "routed"

    aside.rename(far)
    assert serve(town).returncode == 0
    far.rename(aside)
    drop(town.folder / "clones" / FAR, "b.json")
    done = serve(town)
    assert "remote_unreachable" in done.stderr
    town.restart()
    assert [signal.from_pid for signal in town.home.records("signal")].count(FAR) == 1
    aside.rename(far)
    assert serve(town).returncode == 0
    assert (
        "Triaged: it crashes"
        in subprocess.run(
            ["git", "-C", str(far), "grep", "-h", "Triaged: it", "main"], capture_output=True, text=True, check=True
        ).stdout
    )


def test_project_that_is_missing_is_complained_of_and_keeps_no_other_back(town: Town) -> None:
    name_it(town, "PID-GONE01", "gone")
    subject = town.drop(ACME, to="Sage")
    for bench in town.benches.values():
        bench.close()
    done = serve(town)
    assert done.returncode == 69
    assert "not_a_repository" in done.stderr
    town.restart()
    assert town.signal(ACME, subject).status == "routed"


def test_clone_that_was_cut_off_is_begun_anew(town: Town, far: Path) -> None:
    from prismfs.engine.tenant.clones import find_projects

    clones = town.folder / "clones"
    (clones / f".{FAR}-abc" / ".git").mkdir(parents=True)
    (found,) = [one for one in find_projects(town.folder) if one.pid == FAR]
    assert found.error is None
    assert (found.root, found.remote) == (clones / FAR, True)
    assert (clones / FAR / "roster" / "mayor.yaml").is_file()
    assert sorted(path.name for path in clones.iterdir()) == [f".{FAR}.lock", FAR]


def test_clone_of_another_project_than_the_tenant_names_is_not_served(town: Town, far: Path) -> None:
    from prismfs.engine.tenant.clones import find_projects

    name_it(town, "PID-ELSE01", far.as_uri())
    found = {one.pid: one.error for one in find_projects(town.folder)}
    assert {pid: error.code for pid, error in found.items() if error is not None} == {"PID-ELSE01": "pid_mismatch"}


@pytest.mark.parametrize(
    "address",
    [
        "ext::sh -c touch% /tmp/x",
        "ext::sh://x",
        "fd::17",
        "transport::https://example.org/x",
        "ssh://-oProxyCommand=touch/x",
        "-oProxyCommand=touch@host:x",
        "user@-host:x",
        "gopher://example.org/x",
        "file+ext://x",
        "user@host::x",
        "",
        "just-a-name",
    ],
)
def test_address_that_could_run_a_program_is_refused(address: str) -> None:
    with pytest.raises(RefusedError) as refused:
        check_address(address)
    assert refused.value.code == "remote_refused"


@pytest.mark.parametrize("address", ["https://example.org/x.git", "ssh://git@example.org/x", "git@example.org:a/b.git"])
def test_address_of_a_known_transport_is_accepted(address: str) -> None:
    check_address(address)
