"""A key that is replaced by another, and one that is asked for: an operator has the word."""

import subprocess
from pathlib import Path

import pytest

from prismfs.engine.admin import engine_keys
from prismfs.engine.turn.desk import Desk
from tests.support.command_line import CommandLine
from tests.support.engines import classified, cloned, listed


def shell(place: CommandLine, script: str) -> None:
    """Do what a command has told a person called Olga to do."""
    who = [part for key in ("user.name=olga", "user.email=olga@example.org") for part in ("-c", key)]
    subprocess.run(["sh", "-ec", script.replace("git ", f"git {' '.join(who)} ")], cwd=place.root, check=True)


def states(place: CommandLine) -> dict[str, str]:
    return {str(row["name"]): str(row["status"]) for row in listed(place)}


def test_rotate_replaces_the_key_and_every_commit_has_the_one_of_its_time(place: CommandLine) -> None:
    (old,) = states(place)
    assert place.call("keys", "rotate", "--dry-run", "--json").data["name"] is None
    assert states(place) == {old: "enrolled"}
    done = place.call("keys", "rotate", "--json").data
    assert done["old"] == old
    assert states(place) == {old: "revoked", done["name"]: "enrolled"}
    assert [row["name"] for row in listed(place) if row["here"]] == [done["name"]]
    assert place.call("journal", "add", "by the new one").code == 0
    assert {proof.name for proof in classified(place).proofs.values()} == {old, done["name"]}
    again = place.call("keys", "rotate", "--json").data
    assert (again["old"], len(states(place))) == (done["name"], 3)


def test_rotate_is_an_operators(place: CommandLine) -> None:
    before = states(place)
    assert place.call("keys", "rotate", "--json", actor="jade").error["code"] == "not_allowed"
    assert states(place) == before
    assert place.call("journal", "add", "goes on").code == 0


def test_rotate_that_was_killed_between_its_steps_goes_on_with_the_same_key(place: CommandLine) -> None:
    (old,) = states(place)
    with Desk(place.root) as desk:
        _, own = engine_keys.next_key(desk, dry_run=False)
    assert place.call("journal", "add", "still the old one").code == 0
    assert place.call("keys", "enrol", str(own.name), str(own.key)).code == 0
    assert place.call("journal", "add", "still the old one, while it counts").code == 0
    assert [row["name"] for row in listed(place) if row["here"]] == [old]
    assert place.call("keys", "rotate", "--json").data["name"] == own.name
    assert states(place) == {old: "revoked", own.name: "enrolled"}


@pytest.mark.parametrize("verb", ["rotate", "new"])
def test_rotate_that_was_killed_at_its_end_is_completed_by_any_command_of_keys(place: CommandLine, verb: str) -> None:
    """The roster had both changes, and the next command sent people to make a third key."""
    (old,) = states(place)
    with Desk(place.root) as desk:
        _, own = engine_keys.next_key(desk, dry_run=False)
    assert place.call("keys", "enrol", str(own.name), str(own.key)).code == 0
    assert place.call("keys", "revoke", old).code == 0
    done = place.call("keys", verb, "--json").data
    assert (done["name"], done["key"]) == (own.name, own.key)
    assert states(place) == {old: "revoked", own.name: "enrolled"}
    assert [row["name"] for row in listed(place) if row["here"]] == [own.name]
    assert place.call("journal", "add", "by the new one").code == 0


def test_rotate_with_signed_trust_goes_on_when_an_operator_has_committed_it(place: CommandLine) -> None:
    (old,) = states(place)
    path = place.root / "prismfs.yaml"
    path.write_text(path.read_text() + "trust: signed\n")
    place.git("commit", "--quiet", "--all", "--message", "trust")
    done = place.call("keys", "rotate", "--json").data
    assert [line.split()[:2] for line in done["commands"]] == [["git", "add"], ["git", "commit"]]
    assert place.call("journal", "add", "by the old one").code == 0
    files = {f"roster/{name}.yaml": (place.root / f"roster/{name}.yaml").read_bytes() for name in (old, done["name"])}
    place.force(**files)
    assert place.call("journal", "add", "by the new one").code == 0
    assert [row["name"] for row in listed(place) if row["here"]] == [done["name"]]


@pytest.mark.parametrize("verb", ["new", "rotate"])
def test_ask_proposes_the_change_that_an_operator_takes(place: CommandLine, tmp_path: Path, verb: str) -> None:
    other = cloned(place, tmp_path / "other")
    made = other.call("keys", "new", "--json").data
    if verb == "rotate":
        assert place.call("keys", "enrol", made["name"], made["key"]).code == 0
        other.git("pull", "--quiet", "--ff-only")
    asked = other.call("keys", verb, "--ask", "--json", actor="jade").data
    shell(other, asked["asked"]["push"])
    fetch, _, take = asked["asked"]["taken_by"].partition(" && ")
    assert fetch == f"git fetch origin {asked['asked']['branch']}:{asked['asked']['branch']}"
    shell(place, take)  # it was pushed to this very repository
    assert place.call("react").code == 0
    shell(other, "git pull -q --no-rebase")
    assert other.call("journal", "add", "by the one that was asked for").code == 0
    assert states(place)[asked["name"]] == "enrolled"
    assert states(place).get(asked.get("old", ""), "revoked") == "revoked"
    assert other.call("verify", "--json").code == 0
