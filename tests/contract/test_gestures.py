"""What people do with git in a project's folder, by a real git: no record is lost, nothing doubled (FG-01, FG-08).

Each gesture is a few lines of shell in the work tree, while the records have moved on and the branch is behind.
"""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from prismfs.engine.admin.recover import recover
from prismfs.errors import ConflictError, StoreError
from tests.support.project import CLEAN, Project

RECORDS = "refs/prismfs/PID-TEST01/records"
TODO = "kind: todo\nfrom: jade\ntitle: {}\n"

GESTURES = {
    "commit": "echo mine >NOTES; git add NOTES; git commit -qm mine",
    "commit all": "echo mine >NOTES; git add -A; git commit -qm mine; echo more >>NOTES; git commit -qam more",
    "amend": "echo mine >NOTES; git add NOTES; git commit -q --amend -m mine",
    "amend twice": "echo a >NOTES; git add NOTES; git commit -qm a; echo b >NOTES; git commit -qa --amend -m b",
    "reset hard back": "git reset -q --hard HEAD~2",
    "reset hard back and forth": "git reset -q --hard HEAD~2; git reset -q --hard ORIG_HEAD",
    "reset soft and commit": "git reset -q --soft HEAD~1; git commit -qm mine",
    "reset mixed and commit": "git reset -q HEAD~1; git add -A; git commit -qm mine",
    "revert": "git revert --no-edit HEAD >/dev/null",
    "cherry-pick": "git switch -qc side HEAD~1; echo mine >NOTES; git add NOTES; git commit -qm mine;"
    " git switch -q main; git cherry-pick side >/dev/null; git branch -qD side",
    "merge": "git switch -qc side HEAD~1; echo mine >NOTES; git add NOTES; git commit -qm mine; git switch -q main;"
    " git merge -q --no-edit side; git branch -qd side",
    "squash merge": "git switch -qc side HEAD~1; echo mine >NOTES; git add NOTES; git commit -qm mine;"
    " git switch -q main; git merge -q --squash side >/dev/null; git commit -qm squashed; git branch -qD side",
    "rebase": "git switch -qc side HEAD~1; echo mine >NOTES; git add NOTES; git commit -qm mine; git rebase -q main;"
    " git switch -q main; git merge -q side; git branch -qd side",
    "rebase of the branch itself": "git rebase -q --force-rebase HEAD~2",
    "interactive rebase that drops": "GIT_SEQUENCE_EDITOR='sed -i 1d' git rebase -qi HEAD~2",
    "stash": "echo mine >NOTES; git stash -qu; git stash pop -q; git add NOTES; git commit -qm mine",
    "clean": "git clean -qfd",
    "clean all": "git clean -qfdx; mkdir -p inbox",
    "checkout of files": "git checkout -q HEAD~2 -- .; git commit -qm mine --allow-empty",
    "remove": "git rm -qr todos; git commit -qm gone",
    "remove from disk": "rm -rf todos; git commit -qam gone",
    "move": "git mv todos elsewhere; git commit -qm moved",
    "another branch and back": "git switch -qc side; echo mine >NOTES; git add NOTES; git commit -qm mine;"
    " git switch -q main",
    "detached and back": "git switch -q --detach HEAD~1; git switch -q main",
    "bisect": "git bisect start HEAD HEAD~2 >/dev/null; git bisect reset >/dev/null 2>&1",
    "gc": "git gc -q --prune=now",
    "repack and prune": "git repack -qad; git prune --expire=now; git pack-refs --all",
    "reflog": "git reflog expire --expire=now --all; git gc -q --prune=now",
    "filter-branch": "FILTER_BRANCH_SQUELCH_WARNING=1 git filter-branch -f --msg-filter 'cat;"
    " echo more' HEAD~2..HEAD >/dev/null 2>&1",
    "write-tree": "git update-ref HEAD $(git commit-tree -p HEAD -m mine $(git write-tree))",
    "stale index": "cp .git/index saved; git reset -q --hard HEAD~1; git reset -q --hard ORIG_HEAD;"
    " cp saved .git/index; rm saved; git commit -qm stale --allow-empty",
    "orphan history": "git switch -q --orphan other; echo x >x; git add x; git commit -qm root; git switch -q main",
    "sub work tree": "git worktree add -q --detach ../side; git -C ../side commit -qm x --allow-empty;"
    " git worktree remove --force ../side",
    "sparse checkout": "git sparse-checkout set --no-cone '/*' '!/todos/'; git sparse-checkout disable",
    "configuration of tools": "git config core.fsmonitor false; git config commit.gpgSign false;"
    " git config core.autocrlf input",
    "line endings": "printf '* text=auto eol=crlf\\n' >.gitattributes; git add --renormalize .; git commit -qm eol",
    "branch moved under it": "git branch -f keep HEAD~1; git update-ref refs/heads/main keep; git branch -qD keep;"
    " git reset -q --hard",
}  # fmt: skip


def person(root: Path, script: str) -> None:
    done = subprocess.run(
        ["sh", "-ec", script], cwd=root, capture_output=True, text=True, check=False,
        env=CLEAN | {f"GIT_{role}_{what}": "Pat" for role in ("AUTHOR", "COMMITTER") for what in ("NAME", "EMAIL")},
    )  # fmt: skip
    assert done.returncode == 0, done.stderr


@pytest.fixture
def behind(bench: Project) -> Project:
    """A project with some history, whose records have moved on since the branch was carried."""
    for number in range(3):
        bench.drop(TODO.format(f"before {number}"))
        bench.turn()
    before = bench.desk.repo.snapshot()
    bench.give("todo.add", {"document": {"kind": "todo", "from": "olga", "title": "meanwhile"}})
    bench.git("reset", "--quiet", "--hard", before.commit)
    return bench


@pytest.mark.parametrize("gesture", GESTURES)
def test_gesture_of_a_person_loses_no_record_and_mends_itself(behind: Project, gesture: str) -> None:
    records = {path: data for path, data in behind.files().items() if not path.startswith("prismfs.yaml")}
    person(behind.root, GESTURES[gesture])
    behind.drop(TODO.format("after"))
    behind.turn()
    held = behind.files()
    assert {path: held.get(path) for path in records} == records
    assert sorted(todo.title for todo in behind.records("todo")) == [
        "after",
        "before 0",
        "before 1",
        "before 2",
        "meanwhile",
    ]
    assert behind.problems() == ()
    assert behind.head() == behind.truth()
    assert behind.git("status", "--porcelain") == ""
    assert behind.git("fsck", "--strict", "--no-dangling") == ""
    for path, data in held.items():
        assert (behind.root / path).read_bytes() == data


def test_files_that_a_person_committed_are_kept(behind: Project) -> None:
    """FG-01: what was committed beside a working engine stays, and so does what the engine wrote meanwhile."""
    person(behind.root, GESTURES["commit"])
    behind.turn()
    assert behind.git("show", f"{behind.truth()}:NOTES") == "mine"
    assert behind.rows("commit.observed")[-1].meta["taken"] == ["NOTES"]


@pytest.mark.parametrize("under_way", ["rebase", "merge"])
def test_desk_goes_on_while_a_persons_gesture_is_under_way(behind: Project, under_way: str) -> None:
    script = "echo a >NOTES; git add NOTES; git commit -qm a; git switch -qc side HEAD~1; echo b >NOTES; git add NOTES;"
    script += f" git commit -qm b; git {under_way} main >/dev/null 2>&1 || true"
    person(behind.root, script)
    behind.drop(TODO.format("go on"))
    behind.turn()
    assert "go on" in [todo.title for todo in behind.records("todo")]
    assert behind.desk.repo.window.obstacle(behind.truth()) == f"a {under_way} is under way"
    person(behind.root, f"git {under_way} --abort; git switch -q main; git branch -qD side")
    behind.turn()
    assert behind.head() == behind.truth()
    assert behind.git("status", "--porcelain") == ""
    assert behind.problems() == ()


@pytest.mark.parametrize(
    ("hand", "code"),
    [
        (f"git update-ref {RECORDS} HEAD~2", "records_rolled_back"),
        (
            "git update-ref refs/prismfs/PID-TEST01/records $(git commit-tree -p HEAD -m x HEAD~1^{tree})",
            "records_forged",
        ),
        (f"git update-ref -d {RECORDS}", "records_gone"),
    ],
)
def test_records_that_somebody_moved_are_noticed_and_put_back_by_one_command(
    behind: Project, hand: str, code: str
) -> None:
    """FT-02, FT-07: what lies outside the repository says what was seen, and a key of the roster what came since."""
    behind.turn()
    before = behind.truth()
    person(behind.root, hand)
    behind.restart()
    if code != "records_gone":
        with pytest.raises(StoreError) as refused:
            behind.turn()
        assert refused.value.code == code
        assert "prismfs recover" in (refused.value.problem.hint or "")
    assert next(iter(recover(behind.desk.repo, dry_run=True))).code == code
    recover(behind.desk.repo, dry_run=False)
    assert behind.truth() == before
    behind.turn()
    assert behind.problems() == ()
    assert behind.head() == behind.truth()
    assert [step.code for step in recover(behind.desk.repo, dry_run=True)] == []


def test_commit_that_a_person_makes_while_the_branch_is_carried_is_not_passed_over(behind: Project) -> None:
    """It comes after the look at what people propose: the branch stays where they moved it, until the next time."""
    repo = behind.desk.repo
    seen = repo.snapshot()
    person(behind.root, GESTURES["commit"])
    with repo.writer(), pytest.raises(ConflictError):
        repo.window.carry(seen.window, seen.commit)
    behind.turn()
    assert behind.git("show", f"{behind.truth()}:NOTES") == "mine"
    assert behind.head() == behind.truth()
    assert behind.git("status", "--porcelain") == ""
