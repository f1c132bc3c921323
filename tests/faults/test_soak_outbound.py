"""kill -9, again and again, while issues about the product leave and artifacts come in: each of them once.

`PRISMFS_SOAK_SECONDS` says for how long.
"""

from __future__ import annotations

import json
import os
import random
import subprocess
import sys
import threading
from collections import Counter
from collections.abc import Iterator
from itertools import product
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.faults.test_soak import decided, kill
from tests.support.waiting import until
from tests.support.watched import Watched

SECONDS = float(os.environ.get("PRISMFS_SOAK_SECONDS", "25"))
LIFE = (0.5, 4.0)
"""Seconds that a watcher lives, from and to."""
BODY = (Path(__file__).parents[2] / "examples" / "phases" / "INC-1.md").read_text()
WORDS = ("amber", "basalt", "copper", "dune", "ember", "flint", "garnet", "hazel", "indigo", "juniper", "kelp", "loam")
NAMES = [f"{one}-{other}" for one, other in product(WORDS, WORDS) if one != other]
"""What the faults are of: two that differ in a number only would be one fault."""


@pytest.fixture
def watched(tmp_path: Path) -> Iterator[Watched]:
    """Issues go into a folder, and an attempt that nobody has heard of is soon made again."""
    found = Watched(tmp_path / "desk")
    for name, change in (("tracker", {"transport": "file", "timeout": "1s"}), ("policy", {"delivery_lease": "2s"})):
        path = found.root / "settings" / f"{name}.yaml"
        path.write_text(yaml.safe_dump(yaml.safe_load(path.read_text()) | change))
    found.commit("soon")
    yield found
    found.end()


def command_of(watched: Watched, *arguments: str) -> list[str]:
    return [sys.executable, "-m", "prismfs", "-C", str(watched.root), "--as", "olga", *arguments]


def issues(watched: Watched) -> set[str]:
    return {path.name for path in (watched.root / "run/tracker").glob("[0-9]*.json")}


def called(watched: Watched, *arguments: str) -> Any:
    """Return what a command answers, None where a watcher that was just killed or works keeps it from that."""
    command = command_of(watched, *arguments, "--json")
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=120)
    return json.loads(done.stdout)["data"] if done.returncode == 0 else None


class Person:
    """Reports faults of the product, has the issues of them sent, and writes an artifact about each incident."""

    def __init__(self, watched: Watched) -> None:
        self.watched = watched
        self.reported: list[str] = []
        self.written: set[str] = set()
        self.approvals = 0

    def report(self, name: str) -> None:
        text = {"subject": f"prismfs {name} crashes with a traceback", "type": "Question", "to": "Sage"}
        body = f"The prismfs {name} crashes with an exception when the {name} holds a link."
        self.watched.drop({"kind": "signal", "from": "jade", "body": body} | text, f"{name}.json")
        self.reported.append(name)

    def look_after(self) -> bool:
        """Do what is to be done now; tell whether nothing was left to do."""
        waiting = called(self.watched, "phone-home", "list", "--limit", "1000")
        incidents = called(self.watched, "list", "incident", "--limit", "1000")
        if waiting is None or incidents is None:
            return False
        to_approve = [one["id"] for one in waiting["items"] if one["status"] == "pending_operator_review"]
        for identifier in to_approve:
            self.approve(identifier)
        to_write = [one["id"] for one in incidents["items"] if one["id"] not in self.written]
        for identifier in to_write:
            form = {"kind": "artifact", "from": "gwen", "incident": identifier, "phase": "INC-1", "body": BODY}
            self.watched.drop(form, f"{identifier}.json")
            self.written.add(identifier)
        return not to_approve and not to_write

    def approve(self, identifier: str) -> None:
        """Approve; every other time the command is killed when the issue is filed and nobody has noted that."""
        known, command = issues(self.watched), command_of(self.watched, "phone-home", "approve", identifier)
        self.approvals += 1
        with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as child:
            while self.approvals % 2 and child.poll() is None:
                if issues(self.watched) != known:
                    child.kill()

    def work(self, stop: threading.Event) -> None:
        for name in NAMES:
            self.report(name)
            self.look_after()
            if stop.wait(0.3):
                return


def kill_again_and_again(watched: Watched, stop: threading.Event) -> int:
    chance, kills = random.Random(13), 0
    while not stop.is_set():
        child = watched.spawn()
        stop.wait(chance.uniform(*LIFE))
        kill(child, chance)
        kills += 1
        if child.poll() is None:  # one of its gits was killed, and it goes on
            stop.wait(chance.uniform(*LIFE))
            child.kill()
            child.wait()
    return kills


@pytest.mark.slow
@pytest.mark.timeout(SECONDS + 900)
def test_watcher_killed_while_issues_leave_and_artifacts_come_in_does_each_once(watched: Watched) -> None:
    person, stop = Person(watched), threading.Event()
    thread = threading.Thread(target=person.work, args=(stop,))
    thread.start()
    over = threading.Timer(SECONDS, stop.set)
    over.start()
    kills = kill_again_and_again(watched, stop)
    thread.join()
    child = watched.start()

    def is_done() -> bool:
        issues = called(watched, "phone-home", "list", "--limit", "1000")
        shipped = [one for one in (issues or {"items": []})["items"] if one["status"] == "shipped"]
        inbox = any((watched.root / "inbox").iterdir())
        return person.look_after() and not inbox and len(shipped) == len(person.reported) == len(person.written)

    until(is_done, f"{len(person.reported)} issues to be filed", 300)
    assert watched.stop(child) == 0
    print(f"{kills} kills, {len(person.reported)} reports, {len(decided(watched))} decisions")
    assert kills > SECONDS / 10
    check_once(watched, person)


def check_once(watched: Watched, person: Person) -> None:
    records = called(watched, "phone-home", "list", "--limit", "1000")["items"]
    filed = {path.stem: json.loads(path.read_text()) for path in (watched.root / "run/tracker").glob("*.json")}
    assert sorted(str(one["issue_number"]) for one in records) == sorted(filed)
    for one in records:
        issue = filed[str(one["issue_number"])]
        assert issue["title"] == one["title"]
        assert issue["body"].startswith(one["body_markdown"])
    for word in ("approved", "shipped"):
        found = Counter(row["entity_id"] for row in watched.rows(f"phone_home.{word}"))
        assert found == {one["id"]: 1 for one in records}, word
    artifacts = called(watched, "list", "artifact", "--limit", "1000")["items"]
    made = Counter((one["about"], one.get("revision", 1)) for one in artifacts)
    assert made == {(incident, 1): 1 for incident in person.written}
    assert list((watched.root / "quarantine").iterdir()) == []
    assert max(Counter(decided(watched)).values()) == 1
    assert watched.git("status", "--porcelain") == ""
    assert watched.git("fsck", "--strict", "--full", "--no-dangling") == ""
    assert watched.verified()
