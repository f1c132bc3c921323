"""Whatever lies in the inbox and whatever the settings say, a watcher to whom nothing new comes sleeps (FV-05)."""

from __future__ import annotations

import json
import os
import socket
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from watchdog.observers.api import BaseObserver

from prismfs.clock import FakeClock
from prismfs.daemon.hints import Hints
from prismfs.daemon.loop import Watcher
from prismfs.engine.turn.desk import Desk
from tests.support.drops import SIGNALS
from tests.support.founded import copy_in_place_of
from tests.support.project import START, Project

MODEST = settings(max_examples=60, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))

TURNS = 12
"""Turns that may follow one after the other, or come too many in a minute, when nothing new comes."""

QUIET = timedelta(minutes=2)

NAMES = (
    ".taken-", ".taken-a.yaml", ".taken-.taken-", ".taken-..", ".taken-" + "a" * 248, ".hidden.yaml", "..yaml",
    "a.yaml", "a.yaml.sig", "b.json", "b.json.sig", "again-1-a.yaml", "UPPER.yaml", "no-suffix", "two\nlines.yaml",
    "\udcff.yaml", "a" * 250 + ".yaml", "a" * 95 + ".yaml", "-rf.yaml",
)  # fmt: skip

CONTENTS = (
    "", "\0", "x: [", "kind: journal\nfrom: jade\nsubject: hello\n", "kind: nonsense\n", "[]", "a: &a [*a]\n",
    "kind: escalation\nfrom: jade\nseverity: CRITICAL\ntitle: it is full\n",
    "kind: job_failure\nfrom: jade\njob: build\nerror: it broke\n",
    *SIGNALS.values(),
)  # fmt: skip

SETTINGS = ("policy.yaml", "triage.yaml", "escalation.json", "routing.yaml", "redaction.yaml", "response.yaml",
            "retry.yaml", "fingerprint.yaml")  # fmt: skip

VALUES: tuple[Any, ...] = (0, 1, -1, "", "0s", "1s", "PT0S", 10**12, None, [], {}, False, "x", [{}])

ENTRIES = st.tuples(
    st.sampled_from(("write", "write", "write", "fifo", "folder", "link", "socket", "hard link", "unreadable", "huge")),
    st.sampled_from(NAMES),
    st.sampled_from(CONTENTS),
)
CHANGES = st.one_of(
    ENTRIES, st.tuples(st.sampled_from(("grow", "vanish", "empty")), st.sampled_from(NAMES), st.just("-"))
)
SET = st.tuples(st.sampled_from(SETTINGS), st.integers(0, 400), st.sampled_from((*VALUES, "not YAML at all: [")))


def put(inbox: Path, what: str, name: str, content: str) -> None:
    """Make one change of the inbox as an agent may at any moment; one that cannot be made is left out."""
    path = inbox / name
    data = content.encode()
    make: dict[str, Callable[[], object]] = {
        "write": lambda: path.write_bytes(data),
        "grow": lambda: path.write_bytes(path.read_bytes() + b"# more\n"),
        "vanish": path.unlink,
        "empty": (path / "within").rmdir,
        "fifo": lambda: os.mkfifo(path),
        "folder": lambda: os.makedirs(path / "within"),
        "link": lambda: path.symlink_to(".."),
        "socket": lambda: listen(path),
        "hard link": lambda: os.link(inbox.parent / "prismfs.yaml", path),
        "unreadable": lambda: os.close(os.open(path, os.O_CREAT | os.O_EXCL, 0)),
        "huge": lambda: os.truncate(path, 2 << 20),
    }
    if os.path.lexists(path) and not path.is_file() and what not in ("vanish", "empty"):
        return  # opening a FIFO would wait
    with suppress(OSError):
        make[what]()


def listen(path: Path) -> None:
    """Make a socket."""
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(str(path))


def changed(text: str, suffix: str, number: int, value: Any) -> str:
    """Return a settings file in which one value, the `number`th counted round and round, is another."""
    document = json.loads(text) if suffix == ".json" else yaml.safe_load(text)
    places: list[tuple[Any, Any]] = []

    def gather(node: Any) -> None:
        for key in list(node) if isinstance(node, dict) else range(len(node)):
            places.append((node, key))
            if isinstance(node[key], dict | list):
                gather(node[key])

    gather(document)
    node, key = places[number % len(places)]
    node[key] = value
    return json.dumps(document) if suffix == ".json" else yaml.safe_dump(document, sort_keys=False)


class ScriptedHints(Hints):
    """Hints from a play: each wait is one more scene of it, or a time in which nothing comes; then the play ends.

    What the watcher asked for is counted: turns without a wait between them, and turns while nothing came.
    """

    def __init__(self, clock: FakeClock, scenes: Sequence[Callable[[], None]]) -> None:
        super().__init__(lambda: BaseObserver(lambda *_: None))  # type: ignore[arg-type]
        self.stop_watcher: Callable[[], None] = lambda: None
        self._clock, self._scenes = clock, list(scenes)
        self._in_a_row = self.turns = 0
        self._quiet_from = clock.now()

    def start(self, inboxes: Sequence[Path], references: Sequence[Path]) -> None:
        pass

    def stop(self) -> None:
        pass

    def take_names(self, inbox: Path) -> frozenset[str]:
        self._in_a_row += 1
        self.turns += 1
        assert self._in_a_row <= TURNS, "the loop spins"
        return frozenset(os.listdir(inbox)) if self.turns % 2 else frozenset()

    def wait(self, seconds: float) -> bool:
        assert seconds > 0
        super().wait(0)
        self._in_a_row = 0
        self._clock.move(timedelta(milliseconds=max(1, round(seconds * 1000))))
        if self._scenes:
            self._scenes.pop(0)()
            self.turns, self._quiet_from = 0, self._clock.now()
            return True
        quiet = self._clock.now() - self._quiet_from
        assert self.turns <= TURNS + quiet.total_seconds(), "the loop hardly sleeps"
        if quiet >= QUIET:
            self.stop_watcher()
        return False


class NewClock(FakeClock):
    """A clock of which files that are made now are new."""

    def __init__(self) -> None:
        super().__init__(START)
        self._began = time.time()

    def wall(self) -> float:
        return self._began + (self.now() - START).total_seconds()


def play(root: Path, scenes: list[Any], within: list[Any], settings: list[Any]) -> int:
    """Run a watcher over a project while the scenes are played, and return how many commits came of it."""
    bench = Project(root, clock=NewClock())
    for name, number, value in settings:
        path = root / "settings" / name
        text = (
            value if isinstance(value, str) and ":" in value else changed(path.read_text(), path.suffix, number, value)
        )
        bench.commit_by_hand({f"settings/{name}": text.encode()})
    before = len(bench.git("rev-list", "HEAD").split())
    bench.close()
    left = list(within)

    def crash_point(where: str) -> None:
        if where in ("before-inbox", "between-inbox") and left:
            put(root / "inbox", *left.pop(0))

    def play_scene(changes: list[tuple[str, str, str]]) -> None:
        for change in changes:
            put(root / "inbox", *change)

    hints = ScriptedHints(bench.clock, [partial(play_scene, changes) for changes in scenes])
    with Desk(root, crash_point=crash_point) as desk:
        watcher = Watcher([desk], clock=bench.clock, hints=hints)
        hints.stop_watcher = watcher.stop
        watcher.run()
    return len(bench.git("rev-list", "HEAD").split()) - before


def test_loop_any_entries_and_settings_sleeps_when_nothing_new_comes(tmp_path_factory: pytest.TempPathFactory) -> None:
    template = tmp_path_factory.mktemp("loop") / "desk"
    Project.new(template).close()
    commits = 0

    @MODEST
    @given(
        scenes=st.lists(st.lists(CHANGES, min_size=1, max_size=8), min_size=1, max_size=5),
        within=st.lists(CHANGES, max_size=6),
        settings=st.lists(SET, max_size=1),
    )
    def holds(scenes: list[Any], within: list[Any], settings: list[Any]) -> None:
        nonlocal commits
        root = tmp_path_factory.mktemp("loop") / "desk"
        copy_in_place_of(template, root)
        commits += play(root, scenes, within, settings)

    holds()
    assert commits > 100, "the scenes came to nothing"
