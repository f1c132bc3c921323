"""`verify` goes on from what this user has verified before, where that is remembered and still so."""

from __future__ import annotations

import hashlib
import json
import os
import stat
import subprocess
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from prismfs.clock import SystemClock
from prismfs.engine.trust.report import verified_state
from prismfs.proof.sshsig import public_line
from prismfs.store.engine_key import engine_key
from prismfs.store.git.intact import is_intact
from prismfs.store.git.keys import key_folder
from prismfs.store.git.plumbing import EMPTY_TREE
from prismfs.store.repo import ProjectRepo
from prismfs.store.witness import clone_name
from tests.support.command_line import CommandLine
from tests.support.project import CLEAN, force_files, run_git
from tests.support.signed_desk import key_of

Kept = dict[str, Any]


def remembered(place: CommandLine) -> Path:
    """The file in which the last clean finding is kept."""
    with ProjectRepo(place.root) as repo:
        return key_folder(os.environ) / repo.place.pid / f"{clone_name(repo.place)}.verified"


def verified(place: CommandLine, *arguments: str) -> Any:
    return place.call("verify", "--json", *arguments).data


def problems(place: CommandLine) -> list[Any]:
    items = place.call("doctor", "--json").data["items"]
    return [item["problem"] for item in items if item["problem"] is not None]


def test_verify_decides_only_what_came_since_and_says_what_it_took(busy: CommandLine) -> None:
    whole = verified(busy)
    assert (whole["taken"], whole["whole"], whole["problems"]) == (None, None, [])
    assert stat.S_IMODE(remembered(busy).stat().st_mode) == 0o600
    again = verified(busy)
    assert (again["commits"], again["rows"], again["taken"]["commits"]) == (0, 0, whole["commits"])
    assert busy.call("incident", "ack", busy.incident).code == 0
    later = verified(busy)
    assert (later["problems"], later["decided"], later["taken"]["decided"]) == ([], 1, whole["decided"])
    assert later["taken"]["commit"] == whole["head"]
    assert f"{whole['commits']} commits up to {whole['head'][:12]}" in json.dumps(later["report"])
    full = verified(busy, "--full")
    assert (full["taken"], full["commits"]) == (None, whole["commits"] + 1)
    assert full["rows"] == whole["rows"] + later["rows"]
    text = busy.call("verify")
    assert text.code == 0
    assert "before: " in text.out
    assert "--full" in text.out


@pytest.mark.parametrize("signed", [False, True], ids=["nobody", "engine's key"])
def test_verify_says_what_is_wrong_above_what_was_verified_and_remembers_none_of_it(
    busy: CommandLine, signed: bool
) -> None:
    verified(busy)
    kept = remembered(busy).read_bytes()
    path = next((busy.root / "incidents").rglob("*.yaml")).relative_to(busy.root)
    forged = {str(path): (busy.root / path).read_bytes().replace(b"jade", b"onyx")}
    with ProjectRepo(busy.root) as repo:
        key = engine_key(repo.state, repo.place.pid) if signed else None
        force_files(repo, forged, SystemClock().now(), key)
    for _ in range(2):
        found = verified(busy)
        assert [problem["code"] for problem in found["problems"]] == ["not_the_engines"]
        assert found["taken"]["commits"] > 0
    (told,) = [problem for problem in problems(busy) if problem["code"] == "not_verified"]
    assert "[not_the_engines]" in told["message"]
    assert told["path"] == found["head"]
    assert told["hint"].startswith("prismfs verify")
    assert remembered(busy).read_bytes() == kept


def test_the_doctor_decides_the_newest_commits_and_says_that_there_are_more(busy: CommandLine) -> None:
    with ProjectRepo(busy.root) as repo:
        assert verified_state(repo) == ("the records verify", None)
        assert not remembered(busy).exists()  # a look leaves nothing behind
        subject, problem = verified_state(repo, most=2)
    assert problem is None
    assert subject.startswith("the newest 2 commits")
    assert "prismfs verify" in subject


def test_verify_of_a_roster_that_changed_since_looks_at_every_signature_again(busy: CommandLine) -> None:
    """It may call a key compromised from before what was verified."""
    whole = verified(busy)
    assert busy.call("keys", "enrol", "engine-other", public_line(key_of("other").public)).code == 0
    later = verified(busy)
    assert (later["problems"], later["taken"]["commits"]) == ([], whole["commits"])
    (authors,) = (line["said"] for line in later["report"] if line["said"].startswith("authors"))
    assert authors.startswith(f"authors: {whole['decided'] + later['commits']} commits signed by")


def spoil_program(kept: Kept) -> Kept:
    return kept | {"program": "another"}


def spoil_root(kept: Kept) -> Kept:
    return kept | {"root": "1" * 40}


def spoil_commit(kept: Kept) -> Kept:
    return kept | {"stand": kept["stand"] | {"commit": "1" * 40}}


def spoil_line(kept: Kept) -> Kept:
    return kept | {"stand": kept["stand"] | {"commit": kept["aside"]}}


def spoil_roster(kept: Kept) -> Kept:
    return kept | {"anchor": kept["anchor"] | {"files": {}}}


def spoil_form(kept: Kept) -> Kept:
    return {name: value for name, value in kept.items() if name != "anchor"}


@pytest.mark.parametrize(
    ("spoil", "why"),
    [
        (spoil_program, "another prismfs has verified it last"),
        (spoil_root, "they were set back or rewritten"),
        (spoil_commit, "is not here any more"),
        (spoil_line, "they were set back or rewritten"),
        (spoil_roster, "holds another roster"),
        (spoil_form, "cannot be read"),
    ],
)
def test_verify_decides_all_of_it_where_what_is_remembered_does_not_hold(
    busy: CommandLine, spoil: Callable[[Kept], Kept], why: str
) -> None:
    whole = verified(busy)
    path = remembered(busy)
    aside = run_git(busy.root, "commit-tree", "-m", "aside", f"{whole['head']}^{{tree}}")
    path.write_text(json.dumps(spoil(json.loads(path.read_bytes()) | {"aside": aside})))
    found = verified(busy)
    assert (found["commits"], found["taken"]) == (whole["commits"], None)
    assert why in found["whole"]
    assert verified(busy)["whole"] is None


def test_verify_believes_nothing_that_others_can_write(busy: CommandLine) -> None:
    verified(busy)
    remembered(busy).chmod(0o620)
    text = busy.call("verify")
    assert text.code == 0
    assert "all of it was decided again: " in text.out
    assert "is not its owner's alone" in text.out


def test_verify_decides_all_of_it_where_the_records_were_set_back(busy: CommandLine) -> None:
    whole = verified(busy)
    busy.call("todo", "add", "one more")
    verified(busy)
    with ProjectRepo(busy.root) as repo:
        run_git(busy.root, "update-ref", repo.place.truth, whole["head"])
    found = verified(busy)
    assert "they were set back" in found["whole"]
    assert (found["commits"], [one["code"] for one in found["problems"]]) == (whole["commits"], ["records_rolled_back"])


@pytest.mark.parametrize("spoilt", ["file", "folder", "commit"])
def test_verify_takes_nothing_of_a_commit_whose_objects_were_replaced(busy: CommandLine, spoilt: str) -> None:
    """git hands out the bytes that lie under a name; whoever writes into the repository can put others there."""
    head = verified(busy)["head"]
    objects = busy.root / ".git" / "objects"
    for pack in (objects / "pack").glob("*.pack"):
        aside = busy.root / pack.name
        pack.rename(aside)
        pack.with_suffix(".idx").unlink()
        with aside.open("rb") as stream:
            subprocess.run(["git", "-C", str(busy.root), "unpack-objects", "-q"], stdin=stream, env=CLEAN, check=True)
    path = next((busy.root / "incidents").rglob("*.yaml")).relative_to(busy.root)
    with ProjectRepo(busy.root) as repo:
        assert is_intact(repo.git, head)
        name = {"file": f"{head}:{path}", "folder": f"{head}:{path.parent}", "commit": head}[spoilt]
        oid = repo.git.resolve(name)
        assert oid is not None
    loose = objects / oid[:2] / oid[2:]
    data = zlib.decompress(loose.read_bytes())
    old, new = {"file": (b"jade", b"onyx"), "folder": (b".yaml", b".yamk"), "commit": (b"Prismfs", b"Prismfz")}[spoilt]
    loose.unlink()
    loose.write_bytes(zlib.compress(data.replace(old, new)))
    assert hashlib.sha1(data.replace(old, new), usedforsecurity=False).hexdigest() != oid
    with ProjectRepo(busy.root) as repo:
        assert not is_intact(repo.git, head)
    assert "not those of then" in json.dumps(verified(busy))


def test_a_commit_with_links_programs_and_submodules_is_intact(place: CommandLine) -> None:
    (place.root / "a").mkdir()
    (place.root / "a" / "x").write_text("x")
    (place.root / "a" / "run").write_text("#!/bin/sh\n")
    (place.root / "a" / "run").chmod(0o755)
    (place.root / "a.b").symlink_to("a/x")
    run_git(place.root, "add", "a", "a.b")
    run_git(place.root, "update-index", "--add", "--cacheinfo", f"160000,{EMPTY_TREE},a-sub")
    run_git(place.root, "commit", "--quiet", "--no-verify", "-m", "of all modes")
    with ProjectRepo(place.root) as repo:
        head = repo.snapshot().window
        assert head is not None
        assert is_intact(repo.git, head)
