"""A person commits beside a watcher that works: nothing is lost and nobody is held up (FG-01, FG-08)."""

from __future__ import annotations

import os
import subprocess
import threading
from pathlib import Path

import pytest

from prismfs.engine.trust.hook_scripts import install
from tests.support.lag import longest_lag
from tests.support.project import CLEAN
from tests.support.waiting import until
from tests.support.watched import Watched

COMMITS = int(os.environ.get("PRISMFS_PERSON_COMMITS", "200"))
PAUSE = float(os.environ.get("PRISMFS_PERSON_PAUSE", "0"))
"""Seconds between two commits. Where they leave no gap for the branch, it follows when they end."""
LAG = float(os.environ.get("PRISMFS_PERSON_LAG", "inf"))
"""Seconds that the branch may be behind meanwhile; how many they were is printed."""
WAYS = (
    "git add NOTES && git commit -qm note",
    "git commit -qam note",
    "git commit -qm note NOTES",
)


def keep_dropping(watched: Watched, stop: threading.Event, pause: float) -> int:
    count = 0
    while not stop.wait(pause):
        watched.drop({"kind": "todo", "from": "jade", "title": f"todo {count}"}, f"todo-{count:05}.json")
        count += 1
    return count


@pytest.mark.slow
@pytest.mark.alone
@pytest.mark.timeout(600)
@pytest.mark.parametrize(
    ("pause", "commits", "hooks"), [(1 / 4, COMMITS, False), (1 / 60, COMMITS, False), (1 / 4, 10, True)]
)
def test_commits_of_a_person_beside_a_watcher_lose_nothing_and_are_not_refused(
    watched: Watched, pause: float, commits: int, hooks: bool
) -> None:
    if hooks:
        install(watched.root)
    (watched.root / "NOTES").write_text("")
    person(watched.root, "git add NOTES && git commit -qm begin")
    child = watched.start()
    stop, dropped, lags = threading.Event(), [0], list[float]()
    beside = (
        threading.Thread(target=lambda: dropped.append(keep_dropping(watched, stop, pause))),
        threading.Thread(target=lambda: lags.append(longest_lag(watched, stop.is_set))),
    )
    for thread in beside:
        thread.start()
    refused = []
    for number in range(commits):
        with (watched.root / "NOTES").open("a") as notes:
            notes.write(f"line {number}\n")
        done = person(watched.root, WAYS[number % len(WAYS)], check=False)
        stop.wait(PAUSE)
        refused += [] if done.returncode == 0 else [done.stderr or done.stdout]
    stop.set()
    for thread in beside:
        thread.join()
    behind = f"the branch was {lags[-1]:.2f} s behind at most"
    print(f"{commits} commits beside {dropped[-1]} drops: {behind}, {len(refused)} refused")
    assert lags[-1] < LAG
    until(lambda: not any((watched.root / "inbox").iterdir()), "the inbox to be empty", limit=120)
    until(lambda: watched.git("status", "--porcelain") == "", "the window to follow")
    until(lambda: watched.git("rev-parse", "HEAD") == watched.git("rev-parse", watched.truth), "the branch to follow")
    assert watched.stop(child) == 0
    assert refused == []
    assert sorted(todo["title"] for todo in watched.records("todo")) == sorted(f"todo {n}" for n in range(dropped[-1]))
    assert watched.git("show", f"{watched.truth}:NOTES").splitlines() == [f"line {number}" for number in range(commits)]
    assert watched.verified()


def person(root: Path, script: str, *, check: bool = True) -> subprocess.CompletedProcess[str]:
    who = {f"GIT_{role}_{what}": "Pat" for role in ("AUTHOR", "COMMITTER") for what in ("NAME", "EMAIL")}
    done = subprocess.run(["sh", "-c", script], cwd=root, capture_output=True, text=True, check=False, env=CLEAN | who)
    assert not check or done.returncode == 0, done.stderr
    return done
