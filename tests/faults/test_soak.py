"""kill -9, again and again, under a watcher that works beside a person who uses git: nothing lost or decided twice.

`PRISMFS_SOAK_SECONDS` says for how long; the bar is 300.
"""

from __future__ import annotations

import os
import random
import signal
import subprocess
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import suppress
from itertools import count
from pathlib import Path
from typing import Any

import pytest

from tests.support.drops import signal as signal_drop
from tests.support.project import CLEAN, named
from tests.support.rows import audit_rows
from tests.support.waiting import until
from tests.support.watched import Watched

SECONDS = float(os.environ.get("PRISMFS_SOAK_SECONDS", "25"))
DROPS_A_SECOND = 5.0
LIFE = (0.3, 6.0)
"""Seconds that a watcher lives, from and to: the shortest ends while it starts."""

FAMILIES: tuple[Callable[[int], str], ...] = (
    lambda n: signal_drop(f"export {n} crashes with a traceback", f"It is broken since build {n}."),
    lambda n: signal_drop(f"How do I set option {n}?", "Where is it documented which option sets it? How to do it?"),
    lambda n: signal_drop(f"Feature request {n}: JSON output", "It would be nice to have a --json option."),
    lambda n: signal_drop(f"hello {n}", "Just to let you know.", to="mayor"),
    lambda n: f"kind: todo\nfrom: jade\ntitle: look at {n}\n",
    lambda n: f"kind: journal\nfrom: jade\nsubject: day {n}\n",
    lambda n: f"kind: escalation\nfrom: jade\nseverity: HIGH\ntitle: disk {n} is full\nsignature: disk {n}\n",
    lambda n: f"kind: nothing\nfrom: jade\nnumber: {n}\n",
)
_LONG = "git rev-parse -q --verify HEAD~3 > /dev/null || exit; "
"""Not of the first commit: a branch without it is of another project (docs/gestures.md)."""

GESTURES = (
    "echo $N >> NOTES; git add NOTES; git commit -qm note",
    "echo $N >> NOTES; git commit -qam note",
    _LONG + "echo $N >> NOTES; git add NOTES; git commit -q --amend -m amended",
    "git gc -q --prune=now",
    "git pack-refs --all --prune",
    "git stash -q; git stash pop -q",
    "git switch -qc topic-$N; git switch -q main",
    "git switch -q --detach; git switch -q main",
    _LONG + "git reset -q --hard HEAD~1",
    _LONG + "git revert --no-edit HEAD",
    "git status",
    "git fsck",
)


@pytest.fixture
def watched(tmp_path: Path) -> Iterator[Watched]:
    found = Watched(tmp_path / "desk")
    yield found
    found.end()


def keep_dropping(watched: Watched, stop: threading.Event, dropped: list[str]) -> None:
    for number in count():
        name = f"drop-{number:06}.yaml"
        watched.drop(FAMILIES[number % len(FAMILIES)](number).encode(), name)
        dropped.append(name)
        if stop.wait(1 / DROPS_A_SECOND):
            return


def keep_gesturing(root: Path, stop: threading.Event, chance: random.Random) -> None:
    """Do what people do, one thing after the other; a lock that a killed watcher left may refuse one."""
    for number in count():
        command = ["sh", "-c", chance.choice(GESTURES)]
        subprocess.run(
            command, cwd=root, env=CLEAN | named("Pat") | {"N": str(number)}, capture_output=True, check=False
        )
        if stop.wait(chance.uniform(0.1, 1.0)):
            return


def children_of(process: int) -> list[int]:
    """Return the processes that `process` has started, such as its gits."""
    found = []
    for entry in Path("/proc").glob("[0-9]*/stat"):
        with suppress(OSError):
            if int(entry.read_text().rpartition(")")[2].split()[1]) == process:
                found.append(int(entry.parent.name))
    return found


def kill(child: subprocess.Popen[str], chance: random.Random) -> None:
    """Kill the watcher; its gits at the same time, or before it, or not at all."""
    gits = children_of(child.pid)
    for git in gits if chance.random() < 0.6 else ():
        with suppress(ProcessLookupError):
            os.kill(git, signal.SIGKILL)
        if chance.random() < 0.3:
            return  # it goes on without that git
    child.kill()
    child.wait()


def decided(watched: Watched) -> list[str]:
    """Return the cause of every decision, oldest first."""
    form = "--format=%(trailers:key=Prismfs-Cause,valueonly,separator=)"
    return [line for line in watched.git("log", "--reverse", form, watched.truth).splitlines() if line]


def names_decided(watched: Watched) -> Counter[str]:
    """Return how many decisions there are of the file of each name."""
    found: Counter[str] = Counter()
    causes = set()
    for row in all_rows(watched):
        document = (row.get("event") or {}).get("document") or {}
        if row["cause"] not in causes and str(document.get("name", "")).startswith("drop-"):
            found[document["name"]] += 1
        causes.add(row["cause"])
    return found


def all_rows(watched: Watched) -> list[dict[str, Any]]:
    names = watched.git("ls-tree", "-r", "--name-only", watched.truth, "audit").split()
    wanted = "".join(f"{watched.truth}:{name}\n" for name in names)
    done = subprocess.run(
        ["git", "cat-file", "--batch=%(objectsize)"], cwd=watched.root, input=wanted.encode(), capture_output=True,
        check=True,
    )  # fmt: skip
    rows, rest = [], done.stdout
    while rest:
        size, _, rest = rest.partition(b"\n")
        rows += audit_rows(rest[: int(size)])
        rest = rest[int(size) + 1 :]
    return sorted(rows, key=lambda row: int(row["number"]))


@pytest.mark.slow
@pytest.mark.timeout(SECONDS + 600)
def test_watcher_killed_again_and_again_beside_a_person_loses_nothing(watched: Watched) -> None:
    chance = random.Random(11)
    (watched.root / "NOTES").write_text("")
    watched.git("add", "NOTES")
    watched.git("commit", "-qm", "begin")
    stop, dropped = threading.Event(), list[str]()
    beside = (
        threading.Thread(target=keep_dropping, args=(watched, stop, dropped)),
        threading.Thread(target=keep_gesturing, args=(watched.root, stop, random.Random(12))),
    )
    for thread in beside:
        thread.start()
    over = threading.Timer(SECONDS, stop.set)
    over.start()
    kills = 0
    while not stop.is_set():
        child = watched.spawn()
        stop.wait(chance.uniform(*LIFE))
        assert child.poll() is None, watched.errors(child)
        kill(child, chance)
        kills += 1
        if child.poll() is None:
            stop.wait(chance.uniform(*LIFE))
            child.kill()
            child.wait()
    for thread in beside:
        thread.join()
    watched.git("switch", "-q", "main", check=False)
    child = watched.start()
    until(lambda: not any((watched.root / "inbox").iterdir()), "the inbox to be empty", limit=300)
    until(lambda: watched.git("rev-parse", "HEAD") == watched.git("rev-parse", watched.truth), "the branch", limit=60)
    assert watched.stop(child) == 0
    print(f"{kills} kills, {len(dropped)} drops, {len(decided(watched))} decisions")
    assert kills > SECONDS / 10
    causes = Counter(decided(watched))
    assert {cause: times for cause, times in causes.items() if times > 1} == {}
    assert names_decided(watched) == Counter(dropped)
    assert watched.git("status", "--porcelain") == ""
    assert watched.git("fsck", "--strict", "--full", "--no-dangling") == ""
    assert watched.verified()
