"""A watcher that is told to stop ends within seconds, whatever hangs; what it had not shared goes with the next."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from tests.support.project import run_git
from tests.support.waiting import ended, until
from tests.support.watched import Watched

RECORDS = "refs/prismfs/PID-DESK01/records"


@pytest.fixture
def silent() -> Iterator[tuple[str, socket.socket]]:
    """The address of a remote that takes every call and says nothing."""
    with closing(socket.create_server(("127.0.0.1", 0))) as server:
        server.settimeout(0.05)
        yield f"git://127.0.0.1:{server.getsockname()[1]}/desk.git", server


def children_of(process: int) -> list[int]:
    return [
        int(word)
        for task in Path(f"/proc/{process}/task").iterdir()
        for word in (task / "children").read_text().split()
    ]


@pytest.mark.slow
def test_watch_stopped_while_a_remote_hangs_ends_soon_and_shares_next_time(
    watched: Watched, silent: tuple[str, socket.socket], tmp_path: Path
) -> None:
    """It waited for the time-out of git, a minute, and was killed by what had asked it to stop."""
    address, server = silent
    path = watched.root / "prismfs.yaml"
    settings = path.read_text()
    path.write_text(settings + f"sharing: {{remote: '{address}', every: 1s}}\n")
    watched.commit("share it")
    child = watched.start()
    called: list[socket.socket] = []

    def is_called() -> bool:
        try:
            called.append(server.accept()[0])
        except TimeoutError:
            return False
        return True

    until(is_called, "git to call the remote")
    watched.drop(watched.journal("while it hangs"), "a.json")
    until(lambda: watched.taken("while it hangs"), "the commit")
    gits = children_of(child.pid)
    assert watched.stop(child) == 0  # which waits for a third of git's time-out
    assert gits
    assert [one for one in gits if not ended(one)] == []
    for one in called:
        one.close()

    far = tmp_path / "far.git"
    run_git(tmp_path, "init", "--quiet", "--bare", "--initial-branch=main", str(far))
    path.write_text(settings + f"sharing: {{remote: '{far}', every: 1s}}\n")
    watched.commit("share it elsewhere")
    watched.start()
    until(
        lambda: run_git(far, "rev-parse", "main", check=False) == watched.git("rev-parse", RECORDS).strip(), "the push"
    )
