"""What somebody may put into the inbox by mistake or on purpose, and a watcher that lives through all of it.

Each is refused with its code, kept untouched in quarantine beside the reason, has an audit row, and the next
good file is taken.
"""

from __future__ import annotations

import hashlib
import json
import os
import socket
import stat
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.support.waiting import until
from tests.support.watched import Watched

GOOD = "kind: signal\nfrom: jade\nto: Sage\ntype: Question\nsubject: how do I rotate a key?\n"


def text(content: str | bytes) -> Callable[[Path], None]:
    """Return what writes a file of this content."""
    data = content.encode() if isinstance(content, str) else content

    def write(path: Path) -> None:
        aside = path.with_name(f".{hashlib.sha256(os.fsencode(path.name)).hexdigest()}")
        aside.write_bytes(data)
        aside.rename(path)

    return write


def sparse(path: Path) -> None:
    """Make a file of 100 MB that takes no room."""
    with path.open("wb") as file:
        file.truncate(100 << 20)


def nested_repository(path: Path) -> None:
    """Make a folder that is a repository of its own, with a hook that would tell if it ran."""
    aside = path.with_name(f".{path.name}")
    subprocess.run(["git", "init", "--quiet", str(aside)], check=True)
    hook = aside / ".git" / "hooks" / "post-index-change"
    hook.write_text(f"#!/bin/sh\ntouch {path.parent.parent}/run/hook-ran\n")
    hook.chmod(0o755)
    aside.rename(path)


def listening(path: Path) -> None:
    """Make a socket."""
    with socket.socket(socket.AF_UNIX) as server:
        here = os.getcwd()
        os.chdir(path.parent)  # the path of a socket is short
        try:
            server.bind(path.name)
        finally:
            os.chdir(here)


BOMB = "kind: &a [x, x, x, x, x, x, x, x, x]\nb: &b [*a, *a, *a, *a, *a, *a, *a, *a, *a]\nc: [*b, *b, *b, *b, *b, *b]\n"

CASES: dict[str, tuple[str, str, Callable[[Path], None]]] = {
    "empty": ("empty.yaml", "empty_file", text("")),
    "blanks only": ("blank.yaml", "empty_file", text("\n  \n")),
    "binary": ("binary.yaml", "binary", text(b"\x7fELF\x00\x01\x02")),
    "not utf-8": ("latin.yaml", "not_utf8", text("subject: Gr\u00fc\u00dfe\n".encode("latin-1"))),
    "sparse 100 MB": ("huge.yaml", "too_large", sparse),
    "link to passwords": ("link.yaml", "not_a_regular_file", lambda path: path.symlink_to("/etc/passwd")),
    "link to itself": ("loop.yaml", "not_a_regular_file", lambda path: path.symlink_to(path.name)),
    "FIFO": ("pipe.yaml", "not_a_regular_file", os.mkfifo),
    "socket": ("socket.yaml", "not_a_regular_file", listening),
    "directory": ("folder.yaml", "not_a_regular_file", Path.mkdir),
    "nested repository": ("repository.yaml", "not_a_regular_file", nested_repository),
    "hard link": ("hard.yaml", "hard_linked", lambda path: os.link(path.parents[1] / "prismfs.yaml", path)),
    "YAML bomb": ("bomb.yaml", "anchor", text(BOMB)),
    "brackets in YAML": ("deep.yaml", "too_deep", text("a: " + "[" * 200_000)),
    "brackets in JSON": ("deep.json", "too_deep", text('{"a": ' + "[" * 200_000)),
    "tag": ("tag.yaml", "tag", text("kind: !!python/object/apply:os.system [id]\n")),
    "duplicate key": ("twice.yaml", "duplicate_key", text(GOOD + "from: onyx\n")),
    "two documents": ("two.yaml", "several_documents", text(f"{GOOD}---\n{GOOD}")),
    "a list": ("list.json", "not_a_mapping", text("[1, 2]")),
    "broken JSON": ("half.json", "syntax", text('{"kind": "signal", "fr')),
    "tabs": ("tabs.yaml", "syntax", text("kind: signal\n\tfrom: jade\n")),
    "wrong project": ("pid.yaml", "unknown_pid", text(GOOD + "to_pid: PID-OTHER1\n")),
    "unknown field": ("field.yaml", "unknown_field", text(GOOD + "severity: P0\n")),
    "unknown kind": ("alarm.yaml", "unknown_kind", text("kind: alarm\n")),
    "engine's own kind": ("incident.yaml", "unknown_kind", text("kind: incident\nstatus: resolved\n")),
    "no kind": ("bare.yaml", "unknown_kind", text("subject: hello\n")),
    "missing field": ("missing.yaml", "missing_field", text("kind: signal\nfrom: jade\n")),
    "id that is a path": ("path.yaml", "bad_field", text(GOOD + "id: ../../.git/config\n")),
    "id of another kind": ("other.yaml", "bad_id", text(GOOD + "id: inc-01k5w0g3m0a1b2c3d4e5f6g7h8\n")),
    "name with a newline": ("two\nlines.yaml", "bad_name", text(GOOD)),
    "name with an escape": ("\x1b[2Jclear.yaml", "bad_name", text(GOOD)),
    "name that is an option": ("--help.yaml", "bad_name", text(GOOD)),
    "name that is no text": (os.fsdecode(b"\xff\xfe.yaml"), "bad_name", text(GOOD)),
    "name in capitals": ("README.yaml", "bad_name", text(GOOD)),
    "name without an end": ("report", "bad_name", text(GOOD)),
    "name of 255 bytes": ("a" * 250 + ".yaml", "bad_name", text(GOOD)),
    "nobody": ("nobody.yaml", "unknown_identity", text(GOOD.replace("Sage", "nobody"))),
    "sender of two words": ("words.yaml", "bad_field", text(GOOD.replace("jade", "jade the first"))),
}


@pytest.mark.parametrize("case", CASES)
def test_bad_input_is_refused_kept_and_told_and_the_next_is_taken(steady: Watched, case: str) -> None:
    name, code, put = CASES[case]
    number = list(CASES).index(case)
    before = len(steady.rows("inbox.refused"))
    path = steady.root / "inbox" / name
    put(path)
    steady.drop(steady.journal(f"after {number}"), "good.json")
    until(lambda: len(steady.rows("inbox.refused")) > before, f"the refusal of {case}")
    row = steady.rows("inbox.refused")[-1]
    assert (row["meta"]["code"], row["level"], row["actor"]) == (code, "warn", "prismfs")
    until(lambda: not os.path.lexists(path), "the inbox to be clear of it")
    reason = until(lambda: reason_of(steady.root, row), "the reason")
    assert reason["code"] == code
    assert reason["message"]
    kept = steady.root / "quarantine" / reason["kept"]
    assert os.path.lexists(kept)
    if case == "link to passwords":
        assert kept.readlink() == Path("/etc/passwd")
    if stat.S_ISREG(kept.lstat().st_mode):
        assert kept.stat().st_size == row["meta"]["size"]
    assert not (steady.root / "run" / "hook-ran").exists()
    until(lambda: steady.taken(f"after {number}"), "the next good file")
    assert steady.children[0].poll() is None


def test_bad_input_of_all_kinds_left_a_history_that_verifies(steady: Watched) -> None:
    steady.drop({"kind": "signal", "from": "jade", "to": "mayor", "type": "Question", "subject": "hello"}, "good.json")
    until(lambda: steady.rows("signal.delivered"), "a good signal after all of it")
    until(lambda: not os.listdir(steady.root / "inbox"), "an empty inbox")
    until(lambda: steady.git("status", "--porcelain") == "", "the index to follow")
    assert steady.verified()
    assert steady.git("fsck", "--strict", "--no-dangling") == ""
    assert "root:" not in steady.git("log", "-p", "--all")


def test_bad_input_file_that_may_not_be_read_is_refused(steady: Watched, as_root: bool) -> None:
    if as_root:
        pytest.skip("root may read everything")
    before = len(steady.rows("inbox.refused"))
    aside = steady.root / "inbox" / ".secret"
    aside.write_text(GOOD)
    aside.chmod(0)
    aside.rename(steady.root / "inbox" / "secret.yaml")
    until(lambda: len(steady.rows("inbox.refused")) > before, "the refusal")
    assert steady.rows("inbox.refused")[-1]["meta"]["code"] == "unreadable"


KEY = "AKIA" + "ZXCVBNMASDFGHJKL"


@pytest.mark.parametrize(
    "content",
    [
        f"{GOOD}{KEY}: x\n",
        f"{GOOD}{KEY}: x\n{KEY}: y\n",
        f"{GOOD}labels:\n  {KEY}: 2026-03-01\n",
        f"{GOOD}body: {KEY}\nbody: {KEY}\n",
        f"kind: {KEY}\n",
        f"{GOOD}to_pid: {KEY}\n",
        f"{GOOD}id: {KEY}\n",
        GOOD,
    ],
    ids=["a field", "a field twice", "a label", "text twice", "kind", "project", "id", "name"],
)
def test_bad_input_secret_in_a_refused_file_is_in_no_commit(steady: Watched, content: str) -> None:
    before = len(steady.rows("inbox.refused"))
    steady.drop(content.encode(), f"{KEY}.yaml" if content == GOOD else "secret.yaml")
    until(lambda: len(steady.rows("inbox.refused")) > before, "the refusal")
    assert KEY not in steady.git("log", "-p", "--all")
    assert KEY not in json.dumps(steady.lines(steady.children[0]))


def test_bad_input_dot_files_and_temporary_names_are_left_alone(steady: Watched) -> None:
    aside = steady.root / "inbox" / ".being-written.yaml"
    aside.write_text("not yet")
    steady.drop(steady.journal("beside"), "beside.json")
    until(lambda: steady.taken("beside"), "the next good file")
    assert aside.read_text() == "not yet"
    aside.unlink()


def reason_of(root: Path, row: dict[str, Any]) -> dict[str, Any] | None:
    """Return the reason that quarantine holds for the refusal of `row`, with the name of what is kept."""
    for path in (root / "quarantine").glob("*.reason.yaml"):
        found: dict[str, Any] = yaml.safe_load(path.read_text())
        if found["cause"] == row["meta"]["drop"]:
            return found | {"kept": path.name.removesuffix(".reason.yaml")}
    return None
