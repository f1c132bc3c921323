"""What people do with git in a project's folder, by a real git: no record is lost, nothing doubled (FG-01, FG-08).

Each gesture is a few lines of shell in the work tree, while the records have moved on and the branch is behind.
"""

from __future__ import annotations

import subprocess
from collections.abc import Mapping
from pathlib import Path

import pytest

from prismfs.engine.admin.doctor import examine
from prismfs.engine.admin.recover import Step, recover
from prismfs.errors import ConflictError, StoreError
from tests.support.gestures import BYTES, GESTURES, RECORDS, STOPPED, table
from tests.support.project import CLEAN, Project

TODO = "kind: todo\nfrom: jade\ntitle: {}\n"
ALONE = [name for name, gesture in GESTURES.items() if not gesture.command]
ENDED = [name for name, gesture in GESTURES.items() if gesture.command]


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


def whole(project: Project, held: Mapping[str, bytes], *titles: str) -> None:
    """Nothing is lost, nothing doubled; branch, index and files are what the records are."""
    now = project.files()
    assert {path: now.get(path) for path in held} == held
    assert sorted(todo.title for todo in project.records("todo")) == sorted(
        ("before 0", "before 1", "before 2", "meanwhile", *titles)
    )
    assert project.problems() == ()
    assert project.desk.repo.git.resolve(project.desk.repo.place.window) == project.truth()
    assert project.desk.repo.window.edited() == ()
    assert project.git("fsck", "--strict", "--no-dangling") == ""
    for path, data in now.items():
        assert (project.root / path).read_bytes() == data


def kept(project: Project) -> dict[str, bytes]:
    return {path: data for path, data in project.files().items() if not path.startswith("prismfs.yaml")}


@pytest.mark.parametrize("gesture", ALONE)
def test_gesture_of_a_person_loses_no_record_and_mends_itself(behind: Project, gesture: str) -> None:
    records = kept(behind)
    person(behind.root, GESTURES[gesture].script)
    behind.drop(TODO.format("after"))
    behind.turn()
    whole(behind, records, "after")
    assert GESTURES[gesture].happens == BYTES or behind.git("status", "--porcelain") == ""


@pytest.mark.parametrize("gesture", ENDED)
def test_gesture_of_a_person_is_ended_by_the_command_that_doctor_names(behind: Project, gesture: str) -> None:
    records, made = kept(behind), GESTURES[gesture]
    person(behind.root, made.script)
    behind.drop(TODO.format("after"))
    if made.happens == STOPPED:
        with pytest.raises(ConflictError) as stopped:
            behind.turn()
        assert made.command in (stopped.value.problem.hint or "")
    else:
        behind.turn()
        assert "after" in [todo.title for todo in behind.records("todo")]
        assert behind.problems() == ()
    named = [finding.problem for finding in examine(behind.root, behind.clock.now()) if finding.problem is not None]
    assert [made.command in (problem.hint or "") for problem in named if problem.code == made.code] == [True]
    if made.command == "prismfs recover":
        assert {"lock_left", "reference_broken"} & {step.code for step in recover(behind.desk.repo, dry_run=True)}
        recover(behind.desk.repo, dry_run=False)
        assert recover(behind.desk.repo, dry_run=True) == []
    else:
        person(behind.root, made.command)
    behind.turn()
    whole(behind, records, "after")
    assert behind.git("status", "--porcelain") == ""


def test_lock_that_is_young_or_held_is_nobodys_to_remove(behind: Project) -> None:
    held = behind.root / ".git" / f"{RECORDS}.lock"
    held.touch()
    assert recover(behind.desk.repo, dry_run=True) == [Step("window_behind", "main follows the records")]
    person(behind.root, f"touch -d '2 minutes ago' .git/{RECORDS}.lock")
    with held.open():
        assert "lock_left" not in [step.code for step in recover(behind.desk.repo, dry_run=True)]
    assert "lock_left" in [step.code for step in recover(behind.desk.repo, dry_run=True)]


def test_renamed_branch_is_the_one_that_the_records_are_seen_on(behind: Project) -> None:
    records = kept(behind)
    person(behind.root, "git branch -m main trunk; echo mine >NOTES; git add NOTES; git commit -qm mine")
    behind.drop(TODO.format("after"))
    behind.turn()
    whole(behind, records, "after")
    behind.restart()
    assert behind.desk.repo.place.window == "refs/heads/trunk"
    assert behind.git("show", "trunk:NOTES") == "mine"
    assert behind.git("branch", "--format=%(refname:short)") == "trunk"


def test_branch_removed_from_beside_a_history_that_is_another_is_made_again(behind: Project) -> None:
    """It is not taken for a rename: what is checked out holds nothing of the project."""
    person(behind.root, "git switch -q --orphan other; git commit -qm x --allow-empty; git branch -qD main")
    behind.drop(TODO.format("after"))
    behind.turn()
    assert behind.head() == behind.truth()
    assert behind.desk.repo.place.window == "refs/heads/main"


@pytest.mark.parametrize("cone", ["--cone settings", "--no-cone '/*' '!/todos/'"])
def test_sparse_checkout_leaves_out_files_and_no_record(behind: Project, cone: str) -> None:
    records = kept(behind)
    person(behind.root, f"git sparse-checkout set {cone}")
    behind.drop(TODO.format("after"))
    behind.turn()
    assert behind.problems() == ()
    assert behind.head() == behind.truth()
    assert behind.git("status", "--porcelain") == ""
    person(behind.root, "git sparse-checkout disable")
    whole(behind, records, "after")


def test_index_in_two_halves_is_read(behind: Project) -> None:
    """git looks for the other half beside the one that it is given."""
    records = kept(behind)
    person(behind.root, "git config core.splitIndex true; git update-index --split-index")
    behind.drop(TODO.format("after"))
    behind.turn()
    whole(behind, records, "after")


def test_table_of_gestures_is_that_of_the_documents() -> None:
    text = (Path(__file__).parents[2] / "docs" / "gestures.md").read_text()
    rows = table((name, gesture.happens, gesture.command) for name, gesture in GESTURES.items())
    assert rows.replace("PID-TEST01", "PID") in text


def test_files_that_a_person_committed_are_kept(behind: Project) -> None:
    """FG-01: what was committed beside a working engine stays, and so does what the engine wrote meanwhile."""
    person(behind.root, GESTURES["commit"].script)
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
    assert str(behind.desk.repo.window.obstacle(behind.truth())).startswith(f"main: a {under_way} is under way")
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
        (f": >.git/{RECORDS}", "records_gone"),
        (f"head -c 41 /dev/zero >.git/{RECORDS}", "records_gone"),
        (f"git pack-refs --all --no-prune; : >.git/{RECORDS}", "records_gone"),
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
    person(behind.root, GESTURES["commit"].script)
    with repo.writer(), pytest.raises(ConflictError):
        repo.window.carry(seen.window, seen.commit)
    behind.turn()
    assert behind.git("show", f"{behind.truth()}:NOTES") == "mine"
    assert behind.head() == behind.truth()
    assert behind.git("status", "--porcelain") == ""
