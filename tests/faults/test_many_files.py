"""Files that come all at once, more than the system has hints for: each is taken once, the oldest first.

`PRISMFS_MANY_FILES` says how many; the bar is 50,000, which take minutes.
"""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.waiting import until
from tests.support.watched import Watched

MANY = int(os.environ.get("PRISMFS_MANY_FILES", "1500"))
SECONDS_A_FILE = 0.2
"""On a machine that is busy with other tests; it is a tenth of that or less where nothing else runs."""


@pytest.fixture
def watched(tmp_path: Path) -> Iterator[Watched]:
    found = Watched(tmp_path / "desk")
    yield found
    found.end()


@pytest.mark.slow
@pytest.mark.timeout(120 + 2 * MANY * SECONDS_A_FILE)
def test_files_that_come_all_at_once_are_each_taken_once(watched: Watched) -> None:
    child = watched.spawn()
    until(lambda: watched.health().get("process_id") == child.pid, "the watcher", 60)
    aside = watched.root.parent / "many"
    aside.mkdir()
    for number in range(MANY):
        (aside / f"{number:06}.yaml").write_text(f"kind: journal\nfrom: jade\nsubject: day {number}\n")
    begun = time.monotonic()
    for path in sorted(aside.iterdir()):
        path.rename(watched.root / "inbox" / path.name)
    until(lambda: not any((watched.root / "inbox").iterdir()), "the inbox to be empty", 60 + MANY * SECONDS_A_FILE)
    print(f"{MANY} files in {time.monotonic() - begun:.1f} s")
    until(lambda: watched.git("rev-parse", "HEAD") == watched.git("rev-parse", watched.truth), "the branch", 60)
    assert watched.stop(child) == 0, watched.errors(child)
    files = watched.git("grep", "-h", "^subject: ", watched.truth, "--", "journal").splitlines()
    assert sorted(files) == sorted(f"subject: day {number}" for number in range(MANY))
    assert watched.git("status", "--porcelain") == ""
    assert watched.verified()
