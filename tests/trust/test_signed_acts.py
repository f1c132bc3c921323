"""Acts by commit with `trust: signed`: who signed the commit acts, by a key of the roster, and nobody else."""

from __future__ import annotations

from typing import Any

import pytest

from prismfs.kinds import kind_of
from tests.support.shared import Shared, Watcher

pytestmark = pytest.mark.slow


@pytest.fixture
def watcher(desk: Shared) -> Watcher:
    """The watcher of a project in which one incident is open."""
    made = desk.watcher()
    made.turn()
    made.drop("kind: signal\nfrom: jade\nto: Sage\ntype: Question\nsubject: the export crashes\nbody: a traceback\n")
    made.turn()
    made.publish()
    return made


def resolved(person: Any, watcher: Watcher) -> str:
    """Commit that the incident is resolved; return what the other side says to it."""
    (record,) = watcher.records("incident")
    person.put(record.changed(status="resolved"), subject="rolled back")
    return str(person.push())


def test_operators_signed_edit_is_taken_by_the_hook_and_decided_as_the_command(desk: Shared, watcher: Watcher) -> None:
    assert resolved(desk.person("frank", "frank", "one"), watcher) == ""
    watcher.pull()
    (record,) = watcher.records("incident")
    assert (record.status, record.resolved_by, record.resolution) == ("resolved", "frank", "rolled back")
    (row,) = watcher.rows("incident.resolved")
    assert (row.actor, row.assurance) == ("frank", "signed")
    assert watcher.rows("commit.observed")[-1].meta["acting"] == {"identity": "frank", "signed": True, "code": None}
    assert watcher.problems() == ()


@pytest.mark.parametrize(
    ("name", "key", "code"),
    [("gwen", None, "unsigned"), ("frank", "forged", "unknown_key"), ("gwen", "frank", "author_mismatch")],
)
def test_edit_in_somebodys_name_is_refused_by_the_hook_and_without_it_by_the_rule(
    desk: Shared, watcher: Watcher, name: str, key: str | None, code: str
) -> None:
    """FT-06: an operator's name in a commit is a claim, as it is in a file."""
    (before,) = watcher.records("incident")
    person = desk.person(name, key, "one")
    said = resolved(person, watcher)
    assert "[engine_record_changed]" in said
    assert "incident.resolve" in said
    desk.without_hook()
    assert person.push() == ""
    watcher.pull()
    row = watcher.rows("commit.observed")[-1]
    assert row.meta["refused"] == {kind_of(before).place_of(before): "engine_record_changed"}
    assert row.meta["acting"] == {"identity": None, "signed": True, "code": code}
    assert watcher.records("incident") == [before]
    assert watcher.rows("incident.resolved", "command.refused") == []
    assert watcher.problems() == ()


def test_signed_edit_of_somebody_without_the_right_is_refused_by_the_rule(desk: Shared, watcher: Watcher) -> None:
    (before,) = watcher.records("incident")
    assert resolved(desk.person("iris", "iris", "one"), watcher) == ""
    watcher.pull()
    (row,) = watcher.rows("command.refused")
    assert {name: row.meta[name] for name in ("by", "how", "verb", "code")} == {
        "by": "iris", "how": "signed", "verb": "incident.resolve", "code": "not_allowed",
    }  # fmt: skip
    assert watcher.records("incident") == [before]
    assert watcher.problems() == ()


def test_forge_that_merges_without_a_key_lets_the_signed_act_in_the_branch_count(
    desk: Shared, watcher: Watcher
) -> None:
    (record,) = watcher.records("incident")
    frank = desk.person("frank", "frank", "one")
    frank.git("switch", "--quiet", "-c", "answer")
    frank.put(record.changed(status="resolved"), subject="rolled back")
    forge = desk.person("forge", None, "one")
    forge.git("switch", "--quiet", "main")
    forge.commit({"NOTES": b"x\n"})
    forge.merge("answer")
    desk.without_hook()
    assert forge.push() == ""
    watcher.pull()
    assert [row.actor for row in watcher.rows("incident.resolved")] == ["frank"]
    assert watcher.problems() == ()
