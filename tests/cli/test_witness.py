"""`verify --against`, `witness`, and what `verify` and `doctor` say of both (FT-07)."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from prismfs.engine.admin import init_project
from prismfs.proof.checkpoint import Claim, checkpoint_of, read_checkpoint
from prismfs.proof.sshsig import signed_bytes
from prismfs.store.repo import ProjectRepo
from tests.support.command_line import CommandLine as Place
from tests.support.project import SETTINGS, Project, run_git
from tests.support.signed_desk import key_of


def words(data: dict[str, Any]) -> dict[str, list[str]]:
    """What the report says, by its word."""
    found: dict[str, list[str]] = {"proven": [], "repaired": [], "undecidable": []}
    for line in data["report"]:
        found[line["word"]].append(line["said"])
    return found


def exported(place: Place, path: Path) -> Path:
    assert place.call("witness", "export", str(path)).code == 0
    return path


def shared(place: Place, tmp_path: Path) -> Path:
    """A bare repository that the project is pushed to."""
    remote = tmp_path / "shared.git"
    run_git(tmp_path, "clone", "--quiet", "--bare", str(place.root), str(remote))
    run_git(place.root, "remote", "add", "origin", str(remote))
    assert place.call("push", "origin", "--json").data["unwitnessed"] is None
    return remote


def forget(place: Place) -> None:
    """Take away what this user remembers of the project."""
    with ProjectRepo(place.root) as repo:
        assert repo.witness.path is not None
        repo.witness.path.unlink()


def set_back(place: Place, commits: int) -> None:
    """Set all references back, and the remote's checkpoints that are known here with them."""
    old = run_git(place.root, "rev-parse", f"HEAD~{commits}")
    for name in run_git(place.root, "for-each-ref", "--format=%(refname)").split():
        if "/witnessed/" in name:
            run_git(place.root, "update-ref", "-d", name)
        else:
            run_git(place.root, "update-ref", name, old)
    run_git(place.root, "reset", "--quiet", "--hard")


def test_export_is_what_verify_holds_the_records_against(busy: Place, tmp_path: Path) -> None:
    path = exported(busy, tmp_path / "desk.checkpoint")
    printed = busy.call("witness", "export", "--json").data
    assert printed["checkpoint"].encode() == path.read_bytes()
    assert busy.call("witness", "export").out.encode() == path.read_bytes()
    busy.call("todo", "add", "one more")
    answer = busy.call("verify", "--against", str(path), "--json")
    assert answer.code == 0
    assert any("desk.checkpoint" in said and "hold it" in said for said in words(answer.data)["proven"])
    assert words(answer.data)["undecidable"] == []


def test_ten_commits_and_the_state_folder_set_back_are_seen_against_file_and_remote(
    busy: Place, tmp_path: Path
) -> None:
    for number in range(10):
        busy.call("todo", "add", f"number {number}")
    path = exported(busy, tmp_path / "desk.checkpoint")
    shared(busy, tmp_path)
    set_back(busy, 10)
    seen = busy.call("verify", "--json")
    assert (seen.code, [problem["code"] for problem in seen.data["problems"]]) == (1, ["records_rolled_back"])
    forget(busy)
    alone = busy.call("verify", "--json")
    assert (alone.code, alone.data["problems"]) == (1, [])
    assert "nothing outside" in words(alone.data)["undecidable"][0]
    for against in (str(path), "origin"):
        answer = busy.call("verify", "--against", against, "--json")
        assert answer.code == 1
        assert [problem["code"] for problem in answer.data["problems"]] == ["records_rolled_back"]
    text = busy.call("verify", "--against", "origin")
    assert text.out.rstrip().endswith("the history does not verify")


def test_a_fresh_clone_has_its_anchor_at_the_remote(busy: Place, tmp_path: Path) -> None:
    remote = shared(busy, tmp_path)
    run_git(tmp_path, "clone", "--quiet", str(remote), str(tmp_path / "fresh"))
    fresh = Place(tmp_path / "fresh")
    alone = fresh.call("verify", "--json")
    assert (alone.code, alone.data["problems"], len(words(alone.data)["undecidable"])) == (1, [], 1)
    text = fresh.call("verify").out.splitlines()
    assert text[-1] == "nothing contradicts the history, and 1 of it cannot be decided here"
    held = fresh.call("verify", "--against", "origin", "--json")
    assert (held.code, words(held.data)["undecidable"]) == (0, [])
    run_git(remote, "update-ref", "refs/heads/main", "main~2")
    run_git(tmp_path, "clone", "--quiet", str(remote), str(tmp_path / "short"))
    cut = Place(tmp_path / "short").call("verify", "--against", "origin", "--json")
    assert cut.code == 1
    assert "they were set back, or are not yet as far" in words(cut.data)["undecidable"][-1]


def test_against_a_remote_without_checkpoints_decides_nothing(busy: Place, tmp_path: Path) -> None:
    run_git(tmp_path, "clone", "--quiet", "--bare", str(busy.root), str(tmp_path / "bare.git"))
    answer = busy.call("verify", "--against", str(tmp_path / "bare.git"), "--json")
    assert answer.code == 1
    assert "keeps none of this project" in words(answer.data)["undecidable"][0]


def test_against_what_is_no_checkpoint_and_a_strangers(busy: Place, tmp_path: Path) -> None:
    path = exported(busy, tmp_path / "desk.checkpoint")
    good = read_checkpoint(path.read_bytes())
    assert good is not None
    key = key_of("stranger")
    for claim, code in (
        (good.claim, 1),
        (Claim("1" * 40, good.claim.pid, "engine-x", 1), 1),
        (Claim(good.claim.commit, "PID-OTHER1", "engine-x", 1), 3),
    ):
        path.write_bytes(checkpoint_of(claim, key.public, key.sign(signed_bytes(claim.payload))))
        answer = busy.call("verify", "--against", str(path), "--json")
        assert answer.code == code
        if code == 1:
            assert "no key of an engine" in words(answer.data)["undecidable"][0]
        else:
            assert answer.error["code"] == "bad_checkpoint"
    path.write_bytes(b"text\n")
    assert busy.call("verify", "--against", str(path), "--json").error["code"] == "bad_checkpoint"
    assert busy.call("verify", "--against", str(tmp_path / "nowhere"), "--json").error["code"] == "remote_unreachable"


def test_show_lists_what_is_known_here_and_doctor_says_it(busy: Place, tmp_path: Path) -> None:
    shared(busy, tmp_path)
    data = busy.call("witness", "show", "--json").data
    assert [(row["source"], row["standing"]) for row in data["items"]] == [("here", "held"), ("origin", "held")]
    assert data["seen"] == data["items"][0]["commit"]
    assert "origin" in busy.call("witness", "show").out
    branch = run_git(busy.root, "symbolic-ref", "--short", "HEAD")
    run_git(busy.root, "branch", f"--set-upstream-to=origin/{branch}", check=False)
    run_git(busy.root, "config", f"branch.{branch}.remote", "origin")
    run_git(busy.root, "config", f"branch.{branch}.merge", f"refs/heads/{branch}")
    (said,) = (row for row in busy.call("doctor", "--json").data["items"] if row["subject"].startswith("witness"))
    assert said["problem"] is None
    assert "signed; remote: engine-" in said["subject"]
    for name in run_git(busy.root, "for-each-ref", "--format=%(refname)", "refs/prismfs").split():
        if "/witnessed/" in name:
            run_git(busy.root, "update-ref", "-d", name)
    (said,) = (row for row in busy.call("doctor", "--json").data["items"] if row["subject"].startswith("witness"))
    assert said["problem"]["code"] == "not_witnessed"


def test_doctor_names_a_user_who_remembers_nothing(busy: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("PRISMFS_KEY_FOLDER", "XDG_STATE_HOME", "HOME"):
        monkeypatch.delenv(name, raising=False)
    (said,) = (row for row in busy.call("doctor", "--json").data["items"] if row["subject"].startswith("witness"))
    assert said["problem"]["code"] == "no_witness"


def test_what_was_refused_of_people_is_repaired(busy: Place) -> None:
    bead = next(iter(sorted((busy.root / "todos").rglob("*.yaml"))), None)
    if bead is None:
        busy.call("todo", "add", "look at it")
        bead = next(iter(sorted((busy.root / "todos").rglob("*.yaml"))))
    bead.write_text(bead.read_text().replace("title: ", "title: not "))
    run_git(busy.root, "commit", "--quiet", "--all", "-m", "tidy")
    busy.call("react")
    answer = busy.call("verify", "--json")
    assert (answer.code, len(words(answer.data)["repaired"])) == (0, 1)


def test_a_project_without_engines_goes_on_unsigned_without_a_checkpoint_and_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(init_project, "_engine_file", lambda *_: {})  # as older versions made it
    bench = Project.new(tmp_path / "old", SETTINGS.changed(pid="PID-OLD001"))
    bench.turn()
    bench.close()
    there = Place(bench.root)
    assert there.call("journal", "add", "hello").code == 0
    assert "gpgsig" not in there.git("cat-file", "commit", "HEAD")
    assert there.call("witness", "export", "--json").error["code"] == "no_checkpoint"
    (said,) = (row for row in there.call("doctor", "--json").data["items"] if row["subject"].startswith("witness"))
    assert said["problem"] is None
    answer = there.call("verify", "--json")
    assert (answer.code, answer.data["problems"]) == (1, [])
    assert "no engine" in words(answer.data)["undecidable"][0]
