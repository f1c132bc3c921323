"""The keys of engines: every clone signs with its own, and an operator says which ones count."""

import json
import os
import subprocess
from pathlib import Path

import pytest
import yaml

from tests.support.command_line import CommandLine
from tests.support.engines import classified, cloned, listed
from tests.support.project import CLEAN
from tests.support.signed_desk import line_of


@pytest.fixture
def engine(place: CommandLine) -> str:
    """The name of the engine that the project was founded with."""
    return str(listed(place)[0]["name"])


@pytest.fixture
def other(place: CommandLine, tmp_path: Path) -> CommandLine:
    """A clone that has no engine yet."""
    return cloned(place, tmp_path / "other")


def test_init_makes_a_key_that_signs_every_group_and_git_agrees(place: CommandLine, tmp_path: Path) -> None:
    for subject in ("one", "two"):
        assert place.call("journal", "add", subject).code == 0
    (row,) = listed(place)
    assert (row["status"], row["here"]) == ("enrolled", True)
    roster = yaml.safe_load((place.root / "roster" / f"{row['name']}.yaml").read_text())
    assert roster["class"] == "engine"

    signers = tmp_path / "signers"
    signers.write_text(f'{row["name"]} namespaces="git" {roster["keys"][0]}\n')
    place.git("config", "gpg.ssh.allowedSignersFile", str(signers))
    verified = place.git("verify-commit", "--raw", "HEAD")
    shown = place.git("log", "-1", "--show-signature")
    assert verified == ""
    assert f'Good "git" signature for {row["name"]}' in shown
    assert f"with ED25519 key {row['fingerprint']}" in shown
    assert "refs/prismfs/scratch" not in place.git("for-each-ref")

    found = classified(place)
    assert {proof.status for proof in found.proofs.values()} == {"engine"}
    assert found.faults == ()


def test_clone_without_a_key_changes_nothing_until_an_operator_has_enrolled_it(
    place: CommandLine, other: CommandLine
) -> None:
    assert other.call("journal", "add", "hello", "--json").error["code"] == "engine_key_missing"
    assert other.call("keys", "new", "--dry-run", "--json").data["made"]
    assert other.call("journal", "add", "hello", "--json").error["code"] == "engine_key_missing"

    made = other.call("keys", "new", "--json").data
    assert (made["made"], made["enrolled"]) == (True, False)
    assert other.call("keys", "new", "--json").data == made | {"made": False}
    assert other.call("journal", "add", "hello", "--json").error["code"] == "engine_not_enrolled"
    assert [row["status"] for row in listed(other) if row["here"]] == ["not enrolled"]

    answer = place.call("keys", "enrol", made["name"], made["key"], "--json")
    assert answer.data["actions"] == ["engine.enrolled"]
    assert (place.root / made["path"]).read_text() == made["text"]
    assert place.call("keys", "enrol", made["name"], made["key"], "--json").data["decided"] == "nothing"
    other.git("pull", "--quiet", "--ff-only")
    assert other.call("journal", "add", "hello").code == 0
    assert {proof.name for proof in classified(other).proofs.values()} == {row["name"] for row in listed(place)}


def test_revoked_engine_signs_nothing_and_its_clone_makes_another(
    place: CommandLine, other: CommandLine, engine: str
) -> None:
    made = other.call("keys", "new", "--json").data
    place.call("keys", "enrol", made["name"], made["key"])
    assert place.call("keys", "revoke", made["name"], "--json").data["actions"] == ["engine.revoked"]
    assert place.call("keys", "revoke", made["name"], "--json").data["decided"] == "nothing"
    other.git("pull", "--quiet", "--ff-only")
    assert other.call("journal", "add", "hello", "--json").error["code"] == "engine_not_enrolled"
    assert {row["name"]: row["status"] for row in listed(other)} == {engine: "enrolled", made["name"]: "revoked"}
    again = other.call("keys", "new", "--json").data
    assert again["name"] not in (made["name"], engine)
    assert place.call("keys", "enrol", made["name"], again["key"], "--json").error["code"] == "known_identity"


def test_compromised_key_keeps_its_place_and_names_the_commit(place: CommandLine) -> None:
    place.call("keys", "enrol", "engine-spare", line_of("spare"))
    since = place.git("rev-parse", "HEAD").strip()
    answer = place.call("keys", "revoke", "engine-spare", "--compromised-since", since[:12], "--json")
    assert answer.data["decided"] == "revoke"
    (row,) = [row for row in listed(place) if row["name"] == "engine-spare"]
    assert (row["status"], row["compromised_since"]) == ("compromised", since)
    unknown = place.call("keys", "revoke", "engine-spare", "--compromised-since", "0" * 40, "--json")
    assert unknown.error["code"] == "unknown_commit"


@pytest.mark.parametrize(
    ("name", "key", "actor", "code"),
    [
        ("engine-x", line_of("x"), "jade", "not_allowed"),
        ("engine-x", line_of("x"), "mayor", "not_allowed"),
        ("engine-x", f"{line_of('x')} olga@here", "olga", "bad_key"),
        ("engine-x", "ssh-rsa AAAA", "olga", "bad_key"),
        ("prismfs", line_of("x"), "olga", "reserved_identity"),
        ("olga", line_of("x"), "olga", "known_identity"),
        ("mayor", line_of("x"), "olga", "known_identity"),
        ("Engine X", line_of("x"), "olga", "bad_field"),
    ],
)
def test_enrol_refuses(place: CommandLine, name: str, key: str, actor: str, code: str) -> None:
    before = place.kept()
    refused = place.call("keys", "enrol", name, key, "--json", actor=actor)
    assert refused.error["code"] == code, refused.out
    assert place.kept() == before


def test_refused_command_in_a_clone_without_a_key_says_why_the_rule_refused_it(
    place: CommandLine, other: CommandLine
) -> None:
    """Its row would have to be signed: that it cannot be kept there must not hide the reason."""
    before = other.git("rev-parse", "HEAD")
    refused = other.call("keys", "enrol", "engine-x", line_of("x"), "--json", actor="jade")
    assert (refused.code, refused.error["code"]) == (7, "not_allowed")
    assert other.git("rev-parse", "HEAD") == before


def test_enrol_refuses_a_key_that_the_roster_has_already(place: CommandLine) -> None:
    """A key that stands twice is nobody's."""
    place.call("keys", "enrol", "engine-spare", line_of("spare"))
    assert place.call("keys", "enrol", "engine-two", line_of("spare"), "--json").error["code"] == "known_key"


def test_engine_is_nobody_that_can_be_addressed_or_claimed(place: CommandLine, engine: str) -> None:
    assert place.call("whois", engine, "--json").error["code"] == "unknown_identity"
    assert engine not in place.call("roster", "list").out
    assert (
        place.call("mail", "send", "--to", engine, "--subject", "hello", "--json").error["code"] == "unknown_identity"
    )
    assert place.call("journal", "add", "I sign", "--json", actor=engine).error["code"] == "reserved_identity"
    assert place.call("roster", "elevate", engine, "--json").code != 0
    place.drop({"kind": "journal", "from": engine, "subject": "I sign"})
    place.turn()
    (row,) = place.call("audit", "--action", "inbox.refused", "--json").data["items"]
    assert row["meta"]["code"] == "reserved_identity"


def test_with_signed_trust_the_change_is_a_file_for_an_operator_to_sign(place: CommandLine) -> None:
    path = place.root / "prismfs.yaml"
    path.write_text(path.read_text() + "trust: signed\n")
    place.git("commit", "--quiet", "--all", "--message", "trust")
    rehearsed = place.call("keys", "enrol", "engine-spare", line_of("spare"), "--dry-run", "--json").data
    assert not (place.root / rehearsed["path"]).exists()
    written = place.call("keys", "enrol", "engine-spare", line_of("spare"), "--json").data
    assert written["commands"][0] == f"git add {written['path']}"
    assert yaml.safe_load((place.root / written["path"]).read_text())["keys"] == [line_of("spare")]
    place.force(**{written["path"]: (place.root / written["path"]).read_bytes()})
    (place.root / written["path"]).write_text("kind: persona\n")
    assert place.call("keys", "revoke", "engine-spare", "--json").error["code"] == "edited"
    place.git("restore", written["path"])
    place.call("keys", "revoke", "engine-spare")
    assert "keys" not in yaml.safe_load((place.root / written["path"]).read_text())


def test_key_that_others_may_read_stops_the_desk_and_the_doctor_says_so(
    place: CommandLine, engine_key_folder: Path, engine: str
) -> None:
    key = engine_key_folder / "PID-DESK01" / engine
    try:
        key.chmod(0o644)
        assert place.call("journal", "add", "hello", "--json").error["code"] == "key_exposed"
        assert "key_exposed" in codes(place)
    finally:
        key.chmod(0o600)
    assert place.call("journal", "add", "hello").code == 0


def test_doctor_names_a_clone_that_cannot_sign(place: CommandLine, other: CommandLine) -> None:
    assert not {"engine_key_missing", "engine_not_enrolled"} & codes(place)
    assert "engine_key_missing" in codes(other)
    other.call("keys", "new")
    assert "engine_not_enrolled" in codes(other)


def test_ssh_agent_signs_for_a_clone(place: CommandLine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    socket, key = tmp_path / "agent", tmp_path / "key"
    started = subprocess.run(["ssh-agent", "-a", str(socket)], env=CLEAN, capture_output=True, text=True, check=True)
    agent = started.stdout.partition("SSH_AGENT_PID=")[2].partition(";")[0]
    environment = CLEAN | {"SSH_AUTH_SOCK": str(socket), "SSH_AGENT_PID": agent}
    try:
        subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", "", "-f", str(key)], check=True)
        subprocess.run(["ssh-add", "-q", str(key)], env=environment, capture_output=True, check=True)
        other, public = cloned(place, tmp_path / "other"), key.with_suffix(".pub").read_text().strip()
        key.unlink()
        assert other.call("keys", "new", "--agent", public, "--json").error["code"] == "agent_refused"
        monkeypatch.setenv("SSH_AUTH_SOCK", str(socket))
        made = other.call("keys", "new", "--agent", public, "--json").data
        assert made["key"] == public
        assert place.call("keys", "enrol", made["name"], public).code == 0
        other.git("pull", "--quiet", "--ff-only")
        assert other.call("journal", "add", "hello").code == 0
        assert classified(other).faults == ()
        third = cloned(place, tmp_path / "third")
        assert third.call("keys", "new", "--agent", public, "--json").error["code"] == "known_key"
    finally:
        subprocess.run(["ssh-agent", "-k"], env=environment, capture_output=True, check=True)


def codes(place: CommandLine) -> set[str]:
    """What the doctor finds."""
    found = json.loads(place.call("doctor", "--json").out)["data"]
    return {check["problem"]["code"] for check in found["items"] if check["problem"]}


def test_new_key_of_another_home_leaves_a_clone_the_one_that_it_has(
    place: CommandLine, engine: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The clone forgot its good key, which nothing brought back."""
    here = os.environ["PRISMFS_KEY_FOLDER"]
    monkeypatch.setenv("PRISMFS_KEY_FOLDER", str(tmp_path / "another home"))
    assert place.call("journal", "add", "hello", "--json").error["code"] == "engine_key_missing"
    assert place.call("keys", "new").code == 0
    monkeypatch.setenv("PRISMFS_KEY_FOLDER", here)
    assert place.call("journal", "add", "hello").code == 0
    assert [row["name"] for row in listed(place) if row["here"]] == [engine]
