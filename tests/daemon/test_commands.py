"""Commands by the watcher's socket: who is let in, and what no client can do to the watcher."""

from __future__ import annotations

import json
import os
import shutil
import signal
import socket
import stat
import struct
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from prismfs.cli.ask import ask
from prismfs.daemon import wire
from prismfs.daemon.desk_sockets import CLIENTS, READ_WITHIN
from tests.support.waiting import until
from tests.support.watched import Watched

TOKEN = "0123456789abcdef0123456789abcdef"


def command(title: str = "rotate the key", token: str = TOKEN, **more: Any) -> dict[str, Any]:
    """Return a command as `prismfs bead create` gives it."""
    document = {"kind": "task", "from": "jade", "title": title, "body": "", "type": "task", "priority": 2}
    return {
        "kind": "bead.create", "document": {"document": document}, "actor": "jade", "token": token, "dry_run": False,
        "target": None,
    } | more  # fmt: skip


@contextmanager
def client(root: Path) -> Iterator[socket.socket]:
    """Connect as any program could."""
    with socket.socket(socket.AF_UNIX) as connection, wire.address(root) as path:
        connection.connect(path)
        connection.settimeout(READ_WITHIN * 3)
        yield connection


def is_hung_up(connection: socket.socket) -> bool:
    """Tell that the watcher says nothing more, once it has."""
    try:
        return connection.recv(1) == b""
    except ConnectionResetError:
        return True


def create(watched: Watched, title: str, **environment: str) -> subprocess.CompletedProcess[str]:
    words = [
        sys.executable,
        "-m",
        "prismfs",
        "-C",
        str(watched.root),
        "--as",
        "jade",
        "bead",
        "create",
        title,
        "--json",
    ]
    return subprocess.run(words, capture_output=True, text=True, check=False, env=os.environ | environment, timeout=60)


def committed(watched: Watched, child: subprocess.Popen[str], title: str) -> list[str]:
    """Return the commits that a watcher says it made for beads of this title."""
    beads = {bead["id"] for bead in watched.records("bead") if bead["title"] == title}
    return [line["commit"] for line in watched.lines(child) if line.get("subject") in beads]


def test_command_is_committed_by_the_watcher_that_says_so(watched: Watched) -> None:
    child = watched.start()
    done = create(watched, "rotate the key")
    assert done.returncode == 0, done.stderr
    assert len(committed(watched, child, "rotate the key")) == 1
    assert watched.stop(child) == 0
    assert not (watched.root / "run" / wire.NAME).exists()
    assert create(watched, "and the lock").returncode == 0
    assert len(watched.records("bead")) == 2


def test_socket_that_was_taken_away_with_its_folder_is_opened_again(watched: Watched) -> None:
    """Commands were decided without the watcher until it was started anew."""
    child = watched.start()
    for number in range(3):
        shutil.rmtree(watched.root / "run")
        assert create(watched, f"alone {number}").returncode == 0  # which wakes the watcher, too
        until((watched.root / "run" / wire.NAME).exists, "the socket to be opened again")
        assert create(watched, f"served {number}").returncode == 0
        assert len(committed(watched, child, f"served {number}")) == 1
    assert watched.stop(child) == 0
    assert "no more commands" not in watched.printed(child)
    assert not (watched.root / "run" / wire.NAME).exists()


def test_socket_is_its_owners_alone(steady: Watched) -> None:
    found = (steady.root / "run" / wire.NAME).stat()
    assert (stat.S_IMODE(found.st_mode), found.st_uid) == (0o600, os.geteuid())


@pytest.mark.parametrize(
    "data",
    [
        b"GET / HTTP/1.1\r\n\r\n",
        struct.pack(">I", 1 << 30) + b"x" * 1000,
        struct.pack(">I", 4) + b"\xff\xfe{}",
        struct.pack(">I", 2) + b"[]",
        struct.pack(">I", 100_000) + b"[" * 100_000,
        wire.pack(command() | {"token": 7}),
        wire.pack(command() | {"more": 1}),
        wire.pack({"kind": "bead.create"}),
    ],
    ids=["http", "a gigabyte", "no UTF-8", "a list", "deep", "a number for a token", "one member more", "too few"],
)
def test_garbage_is_hung_up_on_and_nothing_is_written(steady: Watched, data: bytes) -> None:
    before = steady.git("rev-parse", steady.truth)
    with client(steady.root) as connection:
        connection.sendall(data)
        assert is_hung_up(connection)
    assert steady.git("rev-parse", steady.truth) == before


def test_half_a_message_and_silence_hold_nobody_up(steady: Watched) -> None:
    half = (wire.pack(command()) or b"")[:-1]
    with client(steady.root) as silent, client(steady.root) as halting:
        halting.sendall(half)
        assert ask(steady.root, command(token="a" * 32)) is not None
        halting.setblocking(False)
        with pytest.raises(BlockingIOError):  # it is waited for, and the other was answered meanwhile
            halting.recv(1)
        halting.settimeout(READ_WITHIN * 3)
        assert is_hung_up(halting)
        assert is_hung_up(silent)


def test_as_many_silent_clients_as_there_may_be_let_others_in_when_their_time_is_over(steady: Watched) -> None:
    silent = [socket.socket(socket.AF_UNIX) for _ in range(CLIENTS)]
    with wire.address(steady.root) as path:
        for each in silent:
            each.connect(path)
    steady.drop(steady.journal("while they are silent"), "silent.json")
    until(lambda: steady.taken("while they are silent"), "the drop")
    assert ask(steady.root, command(token="b" * 32)) is not None
    for each in silent:
        each.close()


def test_client_that_hangs_up_is_committed_all_the_same_and_once(steady: Watched) -> None:
    given = command("nobody waits", token="c" * 32)
    for _ in range(2):
        with client(steady.root) as connection:
            connection.sendall(wire.pack(given) or b"")
        until(lambda: [one for one in steady.records("bead") if one["title"] == "nobody waits"], "the bead")
    answer = ask(steady.root, given)
    assert answer is not None
    assert answer["data"]["decided"] == "nothing"
    assert "committed already" in answer["lines"][0]
    assert len([one for one in steady.records("bead") if one["title"] == "nobody waits"]) == 1


def test_client_that_never_reads_its_answer_holds_nobody_up(steady: Watched) -> None:
    with client(steady.root) as connection:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1)
        connection.sendall(wire.pack(command("it is not read", token="d" * 32)) or b"")
        assert ask(steady.root, command("read", token="e" * 32)) is not None


def test_other_user_is_refused_and_never_acts_as_the_watchers(steady: Watched, as_root: bool) -> None:
    """The mode keeps others out; should it be another, the kernel's word does."""
    if not as_root:
        pytest.skip("only root can be somebody else")
    place = steady.root / "run" / wire.NAME
    place.chmod(0o666)
    script = (
        "import os, socket, sys\nos.setgroups([])\nos.setgid(65534)\nos.setuid(65534)\n"
        f"c = socket.socket(socket.AF_UNIX)\nc.connect('{wire.NAME}')\n"
        "c.sendall(sys.stdin.buffer.read())\nc.settimeout(20)\nprint(c.recv(1))"
    )
    done = subprocess.run(
        [sys.executable, "-I", "-c", script], input=wire.pack(command("theirs")), capture_output=True, check=False,
        cwd=place.parent,
    )  # fmt: skip
    place.chmod(0o600)
    assert b"b''" in done.stdout or b"ConnectionResetError" in done.stderr or b"BrokenPipe" in done.stderr, done.stderr
    assert steady.git("grep", "theirs", steady.truth, check=False) == ""


def test_socket_of_another_user_is_given_nothing(watched: Watched, as_root: bool) -> None:
    """Who may write `run/` could wait there for what others say."""
    if not as_root:
        pytest.skip("only root can be somebody else")
    (watched.root / "run").mkdir(exist_ok=True)
    script = (
        "import os, socket, sys\ns = socket.socket(socket.AF_UNIX)\ns.bind(sys.argv[1])\nos.setuid(65534)\ns.listen()\n"
        "print('ready', flush=True)\nc, _ = s.accept()\nprint(c.recv(100), flush=True)"
    )
    place = watched.root / "run" / wire.NAME
    child = subprocess.Popen([sys.executable, "-I", "-c", script, str(place)], stdout=subprocess.PIPE, text=True)
    watched.children.append(child)
    assert child.stdout is not None
    assert child.stdout.readline() == "ready\n"
    assert create(watched, "not for you").returncode == 0
    assert child.stdout.readline() == "b''\n"
    child.stdout.close()


def test_socket_that_a_crash_left_is_in_nobodys_way(watched: Watched) -> None:
    child = watched.start()
    watched.stop(child, signal.SIGKILL)
    assert (watched.root / "run" / wire.NAME).is_socket()
    assert create(watched, "without a watcher").returncode == 0
    again = watched.start()
    assert create(watched, "with the next").returncode == 0
    assert len(committed(watched, again, "with the next")) == 1
    assert committed(watched, again, "without a watcher") == []


def test_desk_in_a_deep_folder_is_served(tmp_path: Path) -> None:
    """A socket's path has 107 bytes at most."""
    deep = Watched(tmp_path / ("d" * 100) / ("e" * 100) / "desk")
    try:
        child = deep.start()
        assert create(deep, "rotate the key").returncode == 0
        assert len(committed(deep, child, "rotate the key")) == 1
    finally:
        deep.end()


def test_folder_in_the_sockets_place_is_said_and_commands_are_done_here(watched: Watched) -> None:
    (watched.root / "run" / wire.NAME).mkdir(parents=True)
    child = watched.start()
    assert "no commands are served" in watched.errors(child)
    assert create(watched, "rotate the key").returncode == 0
    assert committed(watched, child, "rotate the key") == []


def test_command_larger_than_a_message_is_done_here(watched: Watched) -> None:
    child = watched.start()
    document = command()["document"]["document"] | {"body": "long\n" * (wire.MOST // 4)}
    assert ask(watched.root, command(document={"document": document})) is None
    words = [sys.executable, "-m", "prismfs", "-C", str(watched.root), "--as", "jade", "journal", "add", "-"]
    done = subprocess.run(words, input="long\n" * (wire.MOST // 4), capture_output=True, text=True, check=False)
    assert done.returncode in (0, 3), done.stderr
    assert watched.stop(child) == 0


def test_watcher_that_is_stopped_answers_what_it_was_given(watched: Watched) -> None:
    """However the two meet, the command is committed once and says so."""
    child = watched.start()
    words = [sys.executable, "-m", "prismfs", "-C", str(watched.root), "--as", "jade", "--json", "bead", "create"]
    given = [subprocess.Popen([*words, f"bead {n}"], stdout=subprocess.PIPE, text=True) for n in range(6)]
    until(lambda: len(watched.lines(child)) > 0, "the first of them")
    assert watched.stop(child) == 0
    answers = [json.loads(one.communicate(timeout=60)[0]) for one in given]
    assert [answer["ok"] for answer in answers] == [True] * 6
    assert sorted(one["title"] for one in watched.records("bead")) == [f"bead {n}" for n in range(6)]
