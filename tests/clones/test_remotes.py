"""Remotes that hang, refuse, are gone, or are not what they say: nothing is lost, and the reason is told."""

from __future__ import annotations

import base64
import hashlib
import os
import socket
import threading
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest

from prismfs.engine.tenant.publish import has_upstream, publish
from prismfs.engine.turn.desk import Desk
from prismfs.engine.turn.submit import submit
from prismfs.errors import RefusedError, StoreError
from prismfs.store.engine_key import read_engine
from prismfs.store.git import remote as remotes
from tests.support.clone import Clone
from tests.support.project import MakeProject, Project, run_git
from tests.support.waiting import until


@contextmanager
def silent_server() -> Iterator[tuple[int, threading.Event]]:
    """Accept one connection after the other and say nothing; the event tells that somebody came."""
    came, stop = threading.Event(), threading.Event()
    held: list[socket.socket] = []
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(0.05)

        def serve() -> None:
            while not stop.is_set():
                try:
                    held.append(server.accept()[0])
                    came.set()
                except TimeoutError:
                    continue

        thread = threading.Thread(target=serve)
        thread.start()
        try:
            yield server.getsockname()[1], came
        finally:
            stop.set()
            thread.join()
            for connection in held:
                connection.close()


def gits_of(port: int) -> list[str]:
    """Return the git processes that speak with this port."""
    found = []
    for process in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            line = process.read_bytes().replace(b"\0", b" ").decode(errors="replace")
        except OSError:
            continue
        if f"127.0.0.1:{port}" in line or f"-p {port} 127.0.0.1" in line:
            found.append(line)
    return found


@pytest.mark.parametrize("protocol", ["git", "http", "ssh"])
def test_publish_remote_that_hangs_is_given_up_and_holds_nobody_up(pair: tuple[Clone, Clone], protocol: str) -> None:
    """While it hangs others write; after the time-out nothing of it is left."""
    amber, _ = pair
    failed: list[StoreError] = []
    with silent_server() as (port, came):
        amber.git("remote", "set-url", "origin", f"{protocol}://127.0.0.1:{port}/shared.git")

        def push() -> None:
            with Desk(amber.root) as desk:
                try:
                    publish(desk, amber.clock.now(), seconds=3.0)
                except StoreError as error:
                    failed.append(error)

        thread = threading.Thread(target=push)
        thread.start()
        assert came.wait(10)
        submit(amber.desk, amber.event("escalation", {"document": {
            "kind": "escalation", "from": "jade", "severity": "LOW", "title": "still at work",
        }}), amber.clock.now())  # fmt: skip
        assert thread.is_alive(), "the remote has to hang while somebody writes"
        thread.join(20)
        assert [(error.code, error.exit_code) for error in failed] == [("remote_unreachable", 69)]
        assert "no answer within 3 s" in str(failed[0])
        until(lambda: gits_of(port) == [], "the killed to be gone")
    assert [bead.title for bead in amber.records("bead")] == ["still at work"]
    amber.check()


def test_publish_remote_that_is_gone_says_so_in_gits_words_without_secrets(
    pair: tuple[Clone, Clone], tmp_path: Path
) -> None:
    amber, _ = pair
    head = amber.head()
    amber.git("remote", "set-url", "origin", str(tmp_path / "nowhere.git"))
    with pytest.raises(StoreError) as gone:
        amber.publish()
    assert gone.value.code == "remote_unreachable"
    assert "does not appear to be a git repository" in str(gone.value)
    with pytest.raises(StoreError) as refused:
        amber.publish("http://jade:hunter2@127.0.0.1:1/shared.git")
    assert refused.value.code == "remote_unreachable"
    assert "127.0.0.1" in str(refused.value)
    assert "hunter2" not in str(refused.value)
    assert amber.head() == head


def test_publish_hook_of_the_remote_that_says_no_is_told_with_its_words(
    pair: tuple[Clone, Clone], shared: Path
) -> None:
    amber, _ = pair
    amber.escalate("disk is full")
    head = amber.head()
    hook = shared / "hooks" / "pre-receive"
    hook.parent.mkdir(exist_ok=True)
    hook.write_text("#!/bin/sh\nprintf 'no \\033[31mpush on sundays\\n' >&2\nexit 1\n")
    hook.chmod(0o755)
    with pytest.raises(RefusedError) as refused:
        amber.publish()
    assert (refused.value.code, refused.value.exit_code) == ("push_refused", 4)
    assert "push on sundays" in refused.value.problem.message
    assert "\x1b" not in str(refused.value)
    assert amber.head() == head
    hook.unlink()
    assert amber.publish().sent == 2


def test_publish_branch_checked_out_at_the_remote_is_refused_there(
    pair: tuple[Clone, Clone], make_bench: MakeProject
) -> None:
    """A repository with a work tree is no place to push to; git there says so."""
    amber, basalt = pair
    amber.escalate("disk is full")
    with pytest.raises(RefusedError) as refused:
        amber.publish(str(basalt.root))
    assert refused.value.code == "push_refused"


def test_publish_no_hook_of_this_clone_runs(pair: tuple[Clone, Clone]) -> None:
    amber, _ = pair
    for name in ("pre-push", "reference-transaction", "post-index-change"):
        hook = amber.root / ".git" / "hooks" / name
        hook.write_text(f"#!/bin/sh\ntouch {amber.root}/run-{name}\nexit 1\n")
        hook.chmod(0o755)
    with amber.desk.repo.writer():
        pass
    amber.drop("kind: todo\nfrom: jade\ntitle: look at it\n")
    amber.turn()
    assert amber.publish().sent == 1
    assert list(amber.root.glob("run-*")) == []


@pytest.mark.parametrize(
    "address", ["ext::sh -c touch% {}", "fd::17", "--upload-pack=touch {}", "persistent-https::x", "!touch {}"]
)
def test_publish_address_that_names_a_program_is_refused(
    pair: tuple[Clone, Clone], tmp_path: Path, address: str
) -> None:
    amber, _ = pair
    with pytest.raises(RefusedError) as refused:
        amber.publish(address.format(tmp_path / "ran"))
    assert refused.value.code == "remote_refused"
    assert not (tmp_path / "ran").exists()


def test_publish_tags_other_branches_and_the_persons_references_stay(pair: tuple[Clone, Clone], shared: Path) -> None:
    amber, basalt = pair
    basalt.git("config", "fetch.prune", "true")
    basalt.git("config", "push.followTags", "true")
    basalt.git("update-ref", "refs/remotes/origin/gone", "HEAD")
    basalt.git("tag", "-m", "mine", "v1")
    amber.git("tag", "theirs")
    amber.git("push", "--quiet", "origin", "theirs", "HEAD:refs/heads/topic")
    amber.escalate("disk is full")
    amber.publish()
    basalt.escalate("fans are loud")
    assert basalt.publish().tries == 2
    names = basalt.git("for-each-ref", "--format=%(refname)").split()
    assert "refs/remotes/origin/gone" in names
    assert "refs/tags/theirs" not in names
    there = run_git(shared, "for-each-ref", "--format=%(refname)").split()
    engine = read_engine(basalt.desk.repo.state).name
    assert there == [
        "refs/heads/main", "refs/heads/topic", f"refs/prismfs/PID-TEST01/witness/{engine}", "refs/tags/theirs",
    ]  # fmt: skip
    # git status tells the person how the clone stands to its upstream.
    assert basalt.git("rev-parse", "refs/remotes/origin/main") == basalt.head()


def test_publish_empty_remote_gets_the_whole_branch(pair: tuple[Clone, Clone], tmp_path: Path) -> None:
    amber, _ = pair
    run_git(tmp_path, "init", "--quiet", "--bare", str(tmp_path / "backup.git"))
    amber.git("remote", "add", "backup", str(tmp_path / "backup.git"))
    assert amber.publish("backup").sent == int(amber.git("rev-list", "--count", "HEAD"))
    assert run_git(tmp_path / "backup.git", "rev-parse", "main") == amber.head()


def test_publish_without_an_upstream_says_how_to_get_one(bench: Project) -> None:
    assert not has_upstream(bench.desk)
    with pytest.raises(RefusedError) as refused:
        publish(bench.desk, bench.clock.now())
    assert refused.value.code == "no_upstream"
    assert "git push --set-upstream" in (refused.value.problem.hint or "")


def test_publish_several_addresses_of_one_remote_are_refused(pair: tuple[Clone, Clone], tmp_path: Path) -> None:
    """Two places cannot be moved as one: the compare-and-swap would be none."""
    amber, _ = pair
    amber.git("remote", "set-url", "--add", "--push", "origin", str(tmp_path / "one.git"))
    amber.git("remote", "set-url", "--add", "--push", "origin", str(tmp_path / "two.git"))
    with pytest.raises(RefusedError) as refused:
        amber.publish()
    assert refused.value.code == "remote_refused"


def test_publish_signs_in_by_the_persons_configuration_and_asks_nobody(
    pair: tuple[Clone, Clone], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A credential helper stands in the person's own configuration; no terminal or window is ever opened."""
    amber, _ = pair
    shown: list[str] = []

    class Locked(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            shown.append(self.headers.get("Authorization", ""))
            self.send_response(401)
            self.send_header("WWW-Authenticate", 'Basic realm="desk"')
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    helper = "!f() { echo username=jade; echo password=hunter2; }; f"
    (tmp_path / "gitconfig").write_text(f'[credential]\n\thelper = "{helper}"\n[core]\n\thooksPath = /nowhere\n')
    ask = tmp_path / "ask"
    ask.write_text(f"#!/bin/sh\ntouch {tmp_path}/asked\n")
    ask.chmod(0o755)
    with HTTPServer(("127.0.0.1", 0), Locked) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
        thread.start()
        try:
            amber.git("remote", "set-url", "origin", f"http://127.0.0.1:{server.server_port}/shared.git")
            for name in ("GIT_ASKPASS", "SSH_ASKPASS"):
                monkeypatch.setenv(name, str(ask))
            monkeypatch.setenv("GIT_CONFIG_GLOBAL", os.devnull)
            with pytest.raises(StoreError):
                amber.publish()
            assert set(shown) == {""}
            monkeypatch.setenv("GIT_CONFIG_GLOBAL", str(tmp_path / "gitconfig"))
            with pytest.raises(StoreError) as refused:
                amber.publish()
        finally:
            server.shutdown()
            thread.join()
    assert "Basic " + base64.b64encode(b"jade:hunter2").decode() in shown
    assert refused.value.code == "remote_unreachable"
    assert "hunter2" not in str(refused.value)
    assert not (tmp_path / "asked").exists()


def test_fetch_tree_that_leads_out_of_the_work_tree_is_not_taken(pair: tuple[Clone, Clone], shared: Path) -> None:
    """Files are written from what is fetched: a path into .git must not get this far."""
    _, basalt = pair
    git = basalt.desk.repo.git
    blob = write_object(shared, b"blob", b"#!/bin/sh\n")
    inner = b"100644 hooks\0" + bytes.fromhex(blob)
    tree = write_object(shared, b"tree", inner)
    outer = write_object(shared, b"tree", b"40000 .git\0" + bytes.fromhex(tree))
    evil = run_git(shared, "commit-tree", "-p", "main", "-m", "evil", outer)
    run_git(shared, "update-ref", "refs/heads/main", evil)
    basalt.escalate("disk is full")
    place = remotes.find_remote(git, basalt.desk.repo.place)
    assert place is not None
    with pytest.raises(StoreError) as refused:
        remotes.fetch(git, place)
    assert refused.value.code == "remote_unreachable"
    assert "fsck" in str(refused.value) or "hasDotgit" in str(refused.value)
    with pytest.raises(StoreError):
        basalt.publish()


def write_object(shared: Path, kind: bytes, data: bytes) -> str:
    """Write an object as it is, which git itself would refuse to."""
    whole = kind + b" %d\0" % len(data) + data
    name = hashlib.sha1(whole, usedforsecurity=False).hexdigest()
    path = shared / "objects" / name[:2] / name[2:]
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(zlib.compress(whole))
    return name
