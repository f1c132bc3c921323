"""What an edit of a record asks for, by the acts of its kind."""

from __future__ import annotations

from typing import Any

import pytest

from prismfs.records.api import Act, commands_for, edit_of, find_act

RECORD: dict[str, Any] = {"id": "x-1", "type": "bug", "status": "open", "title": "one", "severity": {"label": "P1"}}

CLOSE = Act("close", {"status": ("closed",)}, note="reason", gives={"reason": "why"}, types=("bug",))
CLAIM = Act("claim", {"status": ("busy",), "owner": (Act.AUTHOR,)})
LEAVE = Act("leave", {"owner": (None,)}, when={"owner": ("kim", "jade")})
BEGIN = Act("begin", {"status": ("busy",)}, always={"begin": True}, note="note")
JUDGE = Act("judge", {"severity": ()}, gives={"severity": "severity.label", "scope": "scope"})
CHANGE = Act("change", any_of=("title", "body"))
ACTS = (CLOSE, CLAIM, LEAVE, BEGIN, JUDGE, CHANGE)


def edit(before: dict[str, Any] | None = None, **changes: Any) -> dict[str, Any]:
    old = RECORD | (before or {})
    return edit_of(old, {name: value for name, value in (old | changes).items() if value is not None}, old)


@pytest.mark.parametrize(
    ("found", "command", "document"),
    [
        (edit(status="closed"), "close", {"reason": "said"}),
        (edit(status="closed", why="gone"), "close", {"reason": "gone"}),
        (edit({"type": "task"}, status="closed"), None, {}),
        (edit(status="gone"), None, {}),
        (edit(status="busy", owner="JADE"), "claim", {}),
        (edit(status="busy", owner="kim"), "begin", {"begin": True, "note": "said"}),
        (edit({"owner": "kim"}, owner=None), "leave", {}),
        (edit({"owner": "lee"}, owner=None), None, {}),
        (edit(severity={"label": "P0"}), "judge", {"severity": "P0"}),
        (edit(severity={"label": "P0"}, scope="all"), "judge", {"severity": "P0", "scope": "all"}),
        (edit(title="two", other=1), "change", {"title": "two"}),
        (edit({"body": "text"}, body=None), "change", {"body": None}),
        (edit(other=1), None, {}),
        (edit(), None, {}),
    ],
)
def test_edit_is_the_first_act_that_it_fits(
    found: dict[str, Any], command: str | None, document: dict[str, Any]
) -> None:
    act = find_act(ACTS, found, "jade")
    assert (None if act is None else act.command) == command
    if act is not None:
        assert act.document(found, "said") == {"id": "x-1"} | document


def test_author_is_no_word_for_others() -> None:
    assert find_act((Act("x", {"owner": (Act.AUTHOR,)}),), edit(owner="kim"), "jade") is None
    assert find_act((Act("x", {"owner": ("kim",)}),), edit(owner="kim"), "jade") is not None


def test_edit_names_what_it_changes_and_whether_that_was_changed_meanwhile() -> None:
    after = RECORD | {"status": "closed", "why": "gone"}
    assert edit_of(RECORD, after, RECORD | {"title": "two"}) == {
        "id": "x-1", "type": "bug", "from": {"status": "open", "why": None}, "to": {"status": "closed", "why": "gone"},
        "meanwhile": False,
    }  # fmt: skip
    assert edit_of(RECORD, after, RECORD | {"why": "other"})["meanwhile"]


def test_commands_are_those_for_what_is_edited_else_all_of_the_type() -> None:
    assert commands_for(ACTS, edit(status="gone")) == ["begin", "claim", "close"]
    assert commands_for(ACTS, edit({"type": "task"}, status="gone")) == ["begin", "claim"]
    assert commands_for(ACTS, edit(body="x")) == ["change"]
    assert commands_for(ACTS, edit({"type": "task"}, other=1)) == ["begin", "change", "claim", "judge", "leave"]
