"""The newest objects of a repository lost, as where a disk was cut off: `recover` alone leads out (FG-08)."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from prismfs.cli import run
from prismfs.engine.admin.doctor import examine
from prismfs.engine.admin.recover import recover
from prismfs.engine.tenant.publish import publish
from prismfs.errors import PrismfsError
from tests.support.project import CLEAN, Project, run_git

TODO = "kind: todo\nfrom: jade\ntitle: {}\n"


def decide(project: Project, title: str) -> None:
    project.drop(TODO.format(title))
    project.turn()


def lose(project: Project, *, since: str, kinds: tuple[str, ...] = ("commit", "tree", "blob")) -> None:
    """Take away what came after the commit `since`, whether git has packed it or not."""
    objects = project.root / ".git" / "objects"
    listed = project.git("rev-list", "--objects", project.desk.repo.place.truth, "--not", since).splitlines()
    new = {line.partition(" ")[0] for line in listed}
    packs = [pack.rename(project.root.parent / pack.name) for pack in sorted((objects / "pack").glob("*.pack"))]
    for left in (objects / "pack").iterdir():
        left.unlink()
    for pack in packs:
        with pack.open("rb") as data:
            subprocess.run(["git", "unpack-objects", "-q"], cwd=project.root, env=CLEAN, stdin=data, check=True)
    for oid in new:
        if project.git("cat-file", "-t", oid) in kinds:
            (objects / oid[:2] / oid[2:]).unlink()


def shared(project: Project, folder: Path) -> Path:
    run_git(folder, "init", "--quiet", "--bare", str(folder / "shared.git"))
    project.git("remote", "add", "origin", str(folder / "shared.git"))
    project.git("push", "--quiet", "--set-upstream", "origin", "main")
    return folder / "shared.git"


def check_led_out(project: Project, *titles: str) -> None:
    """The desk goes on, and branch and index are those of the records; git finds nothing amiss, and collects."""
    project.restart()
    decide(project, "after")
    assert sorted(todo.title for todo in project.records("todo")) == sorted((*titles, "after"))
    assert project.problems() == ()
    assert project.head() == project.truth()
    assert project.git("fsck", "--no-dangling", "--no-reflogs") == ""
    project.git("gc", "--quiet")
    found = {one.problem.code for one in examine(project.root, project.clock.now()) if one.problem is not None}
    assert found <= {"no_watcher", "edited", "not_witnessed", "no_inbox"}, found


@pytest.mark.parametrize("kinds", [("commit", "tree", "blob"), ("tree", "blob"), ("blob",)], ids=len)
@pytest.mark.parametrize("where", ["alone", "shared before", "shared since"])
def test_newest_objects_lost_is_ended_by_recover(
    bench: Project, tmp_path: Path, where: str, kinds: tuple[str, ...]
) -> None:
    decide(bench, "before")
    before = bench.truth()
    if where != "alone":
        shared(bench, tmp_path)
        publish(bench.desk, bench.clock.now())
    decide(bench, "lost")
    decide(bench, "lost too")
    if where == "shared since":
        publish(bench.desk, bench.clock.now())
    lose(bench, since=before, kinds=kinds)
    bench.restart()
    assert kinds == ("blob",) or run(["-C", str(bench.root), "journal", "add", "x"]) == 69
    problems = [one.problem for one in examine(bench.root, bench.clock.now()) if one.problem is not None]
    code = "records_gone" if "commit" in kinds else "objects_lost"
    assert {(problem.hint or "").startswith("prismfs recover") for problem in problems if problem.code == code} == {
        True
    }
    said = " ".join(step.said for step in recover(bench.desk.repo, dry_run=True))
    assert before[:12] in said
    assert ("prismfs push" in said) == (where != "alone")
    assert run(["-C", str(bench.root), "recover"]) == 0
    if where != "alone":
        bench.git("fetch", "--quiet")
        assert run(["-C", str(bench.root), "push"]) == 0
    check_led_out(bench, *(("before", "lost", "lost too") if where == "shared since" else ("before",)))


def test_all_that_is_left_is_an_older_part_and_recover_touches_nothing(bench: Project, tmp_path: Path) -> None:
    """It took the references away, and commands said that the repository has no commit yet and `init` makes one."""
    decide(bench, "before")
    address = shared(bench, tmp_path)
    publish(bench.desk, bench.clock.now())
    references = bench.git("for-each-ref")
    first = bench.git("rev-list", "--max-parents=0", "HEAD")
    tree = bench.git("rev-parse", f"{first}^{{tree}}")
    lose(bench, since=bench.truth())
    (bench.root / ".git" / "objects" / tree[:2] / tree[2:]).unlink()
    bench.restart()
    with pytest.raises(PrismfsError) as refused:
        recover(bench.desk.repo, dry_run=False)
    assert refused.value.code == "nothing_to_recover_from"
    assert "git fetch --refetch" in (refused.value.problem.hint or "")
    assert bench.git("for-each-ref") == references
    bench.git("fetch", "--quiet", "--refetch", str(address), "main")
    assert run(["-C", str(bench.root), "recover"]) == 0
    check_led_out(bench, "before")
