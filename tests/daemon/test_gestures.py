"""Every gesture of git beside a real watcher, one after the other in one project: nothing lost, nothing doubled."""

from __future__ import annotations

import pytest

from prismfs.cli import run
from tests.contract.test_broken_commits import broken
from tests.contract.test_gestures import person
from tests.support.gestures import GESTURES, RECORDS, STOPPED, Gesture
from tests.support.waiting import until
from tests.support.watched import Watched

TIDY = """
rm -rf .git/config.lock .git/packed-refs.lock .git/info/attributes .git/info/grafts
git config --unset core.hooksPath || true
git branch -q -D side other 2>/dev/null || true
git rm -rqf --ignore-unmatch NOTES x lib elsewhere .gitmodules
git checkout -q $(git rev-list --max-parents=0 HEAD | tail -1) -- .gitattributes
rm -rf .git/modules; git config --remove-section submodule.lib 2>/dev/null || true
git commit -q --allow-empty -m tidy
"""
"""What a gesture has left that would be in the way of the next one: what people do when they are done."""


def is_noted(watched: Watched, subject: str) -> bool:
    """Tell whether the records hold the journal entry; whatever is checked out."""
    return watched.git("grep", "-lFe", subject, watched.truth, "--", "journal", check=False) != ""


def is_carried(watched: Watched) -> bool:
    heads = watched.git("rev-parse", "HEAD", watched.truth).split()
    return len(set(heads)) == 1 and not (watched.root / ".git" / "index.lock").exists()


def follows(watched: Watched) -> bool:
    return is_carried(watched) and watched.git("status", "--porcelain") == ""


def make(watched: Watched, name: str, gesture: Gesture) -> None:
    """Make the gesture, drop a file beside it, end it, and wait until people see the records again."""
    person(watched.root, "rm -rf ../lib ../side ../moved ../husky; " + gesture.script.replace(RECORDS, watched.truth))
    watched.drop(watched.journal(f"beside {name}."), "drop.json")
    if gesture.happens != STOPPED:
        until(lambda: is_noted(watched, f"beside {name}."), f"the drop beside {name}")
    if gesture.command == "prismfs recover":
        assert run(["-C", str(watched.root), "recover"]) == 0
    elif gesture.command:
        person(watched.root, gesture.command.replace(RECORDS, watched.truth))
    until(lambda: is_noted(watched, f"beside {name}."), f"the drop beside {name}")
    until(lambda: is_carried(watched), f"the branch to be carried after {name}")
    person(watched.root, TIDY)
    until(lambda: follows(watched), f"the branch to follow {name}")
    watched.drop(watched.journal(f"after {name}."), "after.json")
    until(lambda: is_noted(watched, f"after {name}."), f"the drop after {name}")
    until(lambda: follows(watched), f"the branch to follow after {name}")


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_every_gesture_beside_a_watcher_loses_nothing_and_ends(watched: Watched) -> None:
    child = watched.start()
    for number in range(3):
        watched.drop({"kind": "todo", "from": "jade", "title": f"before {number}"}, f"{number}.json")
        until(lambda: not any((watched.root / "inbox").iterdir()), "the drop to be taken")
    until(lambda: follows(watched), "the branch to follow")
    for name, gesture in GESTURES.items():
        make(watched, name, gesture)
    assert watched.stop(child) == 0
    subjects = [row["event"]["document"]["document"]["subject"] for row in watched.rows("journal.noted")]
    assert sorted(subjects) == sorted(f"{when} {name}." for name in GESTURES for when in ("beside", "after"))
    assert sorted(todo["title"] for todo in watched.records("todo")) == ["before 0", "before 1", "before 2"]
    assert watched.verified()
    assert watched.git("fsck", "--strict", "--no-dangling") == ""


def test_watcher_below_which_gits_directory_was_moved_says_so_and_the_next_one_goes_on(watched: Watched) -> None:
    """It said that the repository has no commit yet, and ended with an error of prismfs itself."""
    child = watched.start()
    watched.git("init", "--quiet", "--separate-git-dir", "../moved.git")
    watched.drop(watched.journal("beside."), "drop.json")
    until(lambda: "repository_moved" in watched.printed(child), "the watcher to say it")
    assert watched.stop(child) == 0, watched.errors(child)
    assert '"internal"' not in watched.printed(child)
    second = watched.start("--once-idle")
    assert second.wait(60) == 0, watched.errors(second)
    assert is_noted(watched, "beside.")


def test_watcher_says_once_that_the_branch_has_a_broken_commit(watched: Watched) -> None:
    child = watched.start()
    commit = broken(watched.root, "doubled names")
    until(lambda: "broken_commit" in watched.printed(child), "the commit to be told of")
    watched.drop(watched.journal("two"), "two.json")
    until(lambda: watched.taken("two"), "the drop")
    assert watched.printed(child).count("broken_commit") == 1
    assert commit[:12] in watched.printed(child)
    assert watched.stop(child) == 0


def test_watcher_says_once_that_the_branch_was_set_to_another_history(watched: Watched) -> None:
    child = watched.start()
    person(watched.root, GESTURES["branch set to another history"].script)
    until(lambda: "foreign_history" in watched.printed(child), "it to be told of")
    watched.drop(watched.journal("two"), "two.json")
    until(lambda: watched.taken("two"), "the drop")
    assert watched.printed(child).count("foreign_history") == 1
    assert watched.stop(child) == 0
