"""The keys of all engines are lost, and no operator has one: this user says which key counts from here on."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from prismfs.store.git.keys import accept_key
from tests.support.command_line import CommandLine
from tests.support.engines import classified, cloned, listed
from tests.support.signed_desk import line_of


@pytest.fixture
def lost(place: CommandLine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> CommandLine:
    """A project with some records, whose keys went with the home that they lay in."""
    assert place.call("journal", "add", "before").code == 0
    monkeypatch.setenv("PRISMFS_KEY_FOLDER", str(tmp_path / "elsewhere"))
    return place


def made(place: CommandLine) -> tuple[str, str]:
    """The name and the key that `keys new` gives."""
    data = place.call("keys", "new", "--json").data
    return str(data["name"]), str(data["key"])


def report(place: CommandLine) -> list[str]:
    return [f"{line['word']} {line['said']}" for line in place.call("verify", "--json").data["report"]]


def test_desk_goes_on_by_its_users_own_word_and_verify_says_so(lost: CommandLine) -> None:
    (old,) = [str(row["name"]) for row in listed(lost)]
    name, key = made(lost)
    assert lost.call("journal", "add", "no", "--json").error["code"] == "engine_not_enrolled"
    assert f"prismfs keys accept {name} '{key}'" in lost.call("keys", "new").out
    assert lost.call("keys", "accept", name, key, "--dry-run", "--json").data["enrols"]
    assert lost.call("journal", "add", "no", "--json").error["code"] == "engine_not_enrolled"
    assert lost.call("keys", "accept", name, key, "--json").data["actions"] == ["engine.enrolled"]
    assert lost.call("journal", "add", "goes on").code == 0
    assert {proof.name for proof in classified(lost).proofs.values()} == {old, name}
    assert lost.call("verify").code == 0
    (said,) = [line for line in report(lost) if line.startswith("repaired keys")]
    assert f"the key of {name}" in said
    assert lost.call("keys", "accept", name, key, "--json").data["enrols"] is False


def test_word_is_its_users_own_alone(lost: CommandLine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Somebody else sees commits of an engine that nobody has enrolled, and how to take it."""
    name, key = made(lost)
    assert lost.call("keys", "accept", name, key).code == 0
    monkeypatch.setenv("PRISMFS_KEY_FOLDER", str(tmp_path / "auditor"))
    found = lost.call("verify", "--json")
    assert found.code != 0
    (problem,) = [one for one in found.data["problems"] if one["code"] == "unproven"]
    assert f"prismfs keys accept NAME '{key}'" in problem["hint"]
    assert lost.call("keys", "accept", name, key, "--json").data["enrols"] is False
    assert lost.call("verify").code != 0, "nothing outside has seen the records here"
    assert not [one for one in lost.call("verify", "--json").data["problems"] if one["code"] == "unproven"]


def test_another_clone_of_the_user_takes_what_the_accepted_engine_has_signed(lost: CommandLine, tmp_path: Path) -> None:
    other = cloned(lost, tmp_path / "other")
    name, key = made(lost)
    assert lost.call("keys", "accept", name, key).code == 0
    assert lost.call("journal", "add", "goes on").code == 0
    other.git("pull", "--quiet", "--ff-only")
    second, second_key = made(other)
    assert lost.call("keys", "enrol", second, second_key).code == 0
    other.git("pull", "--quiet", "--ff-only")
    assert other.call("journal", "add", "here, too").code == 0
    assert {proof.name for proof in classified(other).proofs.values()} >= {name, second}
    assert other.call("verify").code == 0


def test_word_of_somebody_who_may_not_enrol_is_not_taken(lost: CommandLine) -> None:
    name, key = made(lost)
    assert lost.call("--as", "Sage", "keys", "accept", name, key, "--json").error["code"] == "not_allowed"
    for wrong, code in ((("prismfs", key), "reserved_identity"), ((name, "rsa"), "bad_key"), (("x", key), "known_key")):
        assert lost.call("keys", "accept", *wrong, "--json").error["code"] == code
    assert not (Path(os.environ["PRISMFS_KEY_FOLDER"]) / "PID-DESK01" / "accepted.keys").exists()


def test_name_of_an_engine_of_the_roster_is_not_taken_for_another_key(lost: CommandLine) -> None:
    old = str(listed(lost)[0]["name"])
    assert lost.call("keys", "accept", old, line_of("mallory"), "--json").error["code"] == "known_identity"


def test_signed_trust_asks_for_a_signature(place: CommandLine) -> None:
    settings = place.root / "prismfs.yaml"
    settings.write_text(settings.read_text() + "trust: signed\n")
    place.git("add", ".")
    place.git("-c", "user.name=x", "-c", "user.email=x@x", "commit", "--quiet", "--message", "signed from now on")
    assert place.call("react").code == 0
    assert place.call("keys", "accept", "engine-x", line_of("x"), "--json").error["code"] == "signature_required"


def test_list_that_others_may_write_is_refused(lost: CommandLine) -> None:
    name, key = made(lost)
    assert lost.call("keys", "accept", name, key).code == 0
    path = Path(os.environ["PRISMFS_KEY_FOLDER"]) / "PID-DESK01" / "accepted.keys"
    assert path.stat().st_mode & 0o777 == 0o600
    path.chmod(0o666)
    assert lost.call("verify", "--json").error["code"] == "key_exposed"


def test_fresh_clone_of_somebody_goes_on_once_its_user_has_said_the_same(
    lost: CommandLine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    name, key = made(lost)
    assert lost.call("keys", "accept", name, key).code == 0
    assert lost.call("journal", "add", "goes on").code == 0
    here = os.environ["PRISMFS_KEY_FOLDER"]
    monkeypatch.setenv("PRISMFS_KEY_FOLDER", str(tmp_path / "another home"))
    fresh = cloned(lost, tmp_path / "fresh")
    assert fresh.call("journal", "list", "--json").code == 0
    found = fresh.call("doctor", "--json").out
    assert "engine_unknown" in found
    assert "prismfs keys accept" in found
    assert fresh.call("keys", "accept", name, key).code == 0
    assert fresh.call("react").code == 0
    second, second_key = made(fresh)
    assert len(fresh.call("journal", "list", "--json").data["items"]) == 2
    monkeypatch.setenv("PRISMFS_KEY_FOLDER", here)
    assert lost.call("keys", "enrol", second, second_key).code == 0
    monkeypatch.setenv("PRISMFS_KEY_FOLDER", str(tmp_path / "another home"))
    fresh.git("pull", "--quiet", "--ff-only")
    assert fresh.call("journal", "add", "here, too").code == 0
    assert {proof.name for proof in classified(fresh).proofs.values()} >= {name, second}
    assert fresh.call("verify").code == 0


def test_word_that_was_noted_before_a_kill_is_gone_on_from(lost: CommandLine) -> None:
    """The word is noted first, and what enrols the key is signed by it: between the two the process may be gone."""
    name, key = made(lost)
    accept_key("PID-DESK01", name, key)
    assert lost.call("journal", "add", "no", "--json").error["code"] == "engine_not_enrolled"
    assert lost.call("keys", "accept", name, key, "--json").data["actions"] == ["engine.enrolled"]
    assert lost.call("journal", "add", "goes on").code == 0
    assert lost.call("verify").code == 0
