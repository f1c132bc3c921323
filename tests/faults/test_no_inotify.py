"""A system that watches no folders for this watcher: it says so, polls, and nothing waits for long."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.waiting import until
from tests.support.watched import Watched

SOON = 10.0
"""Seconds in which a poll a second has found what a scan by itself finds after sixty."""


@pytest.fixture(params=["max_inotify_instances", "max_inotify_watches"])
def starved(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Watched]:
    """A watcher in a user namespace of its own that may have none (user_namespaces(7), /proc/sys/user)."""
    script = f'echo 0 > /proc/sys/user/{request.param} && exec "$@"'
    within = ("unshare", "--user", "--map-root-user", "sh", "-c", script, "sh")
    try:
        tried = subprocess.run([*within, "true"], capture_output=True, text=True, check=False)
    except FileNotFoundError:
        pytest.skip("unshare is missing (apt-get install util-linux)")
    if tried.returncode:
        pytest.skip(f"no user namespace can be made here: {tried.stderr.strip()}")
    found = Watched(tmp_path / "desk")
    found.within = within
    yield found
    found.end()


@pytest.mark.slow
def test_watcher_that_gets_no_inotify_says_so_and_polls(starved: Watched) -> None:
    child = starved.start()
    assert starved.health()["polling"] is True
    assert "polled every second" in starved.errors(child) + starved.printed(child)
    quiet = starved.git("rev-parse", starved.truth)
    for number in range(3):
        starved.drop(starved.journal(f"day {number}"), f"{number}.json")
        until(lambda number=number: starved.taken(f"day {number}"), "the drop", SOON)
    until(lambda: starved.git("rev-parse", "HEAD") == starved.git("rev-parse", starved.truth), "the branch", SOON)
    (starved.root / "NOTES").write_text("mine\n")
    starved.commit("a note")
    until(lambda: starved.rows("commit.observed"), "the commit to be seen", SOON)
    assert starved.stop(child) == 0
    assert starved.git("rev-parse", starved.truth) != quiet
    assert len(starved.records("journal")) == 3
    assert starved.verified()
