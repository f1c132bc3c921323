"""What is written down of the roster where nobody has to sign (R-000-75, R-000-77)."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import JsonValue

from prismfs.kinds import KINDS, kind_of
from prismfs.records.api import Event, Plan
from prismfs.rules import decide
from tests.support.project import Project
from tests.support.rows import rows_of


def put(bench: Project, *records: Any) -> list[Any]:
    """Commit `records` by hand; return the rows about protected files that come of it."""
    before = len(bench.records("audit"))
    bench.commit_by_hand({kind_of(one).place_of(one): kind_of(one).write(one) for one in records})
    bench.turn()
    rows = bench.records("audit")[before:]
    return [row for row in rows if row.action.partition(".")[0] in ("roster", "protected")]


def single(bench: Project, name: str, identity: str = "") -> Any:
    kind = KINDS[name]
    path = kind.path_of(identity)
    return kind.read((bench.root / path).read_bytes(), path=path)


def test_persona_that_says_bridge_is_none_until_the_home_project_names_it(bench: Project) -> None:
    bench.turn()
    mayor, project = single(bench, "persona", "mayor"), single(bench, "project")
    rows = put(bench, mayor.changed(persona_class="bridge"))
    assert [(row.action, row.level) for row in rows] == [("roster.changed", "info")]
    assert put(bench, project.changed(bridges=("mayor",))) == []
    rows = put(bench, project.changed(bridges=("mayor",), home=True))
    assert [(row.action, row.entity_id) for row in rows][:1] == [("roster.elevated", "mayor")]
    rows = put(bench, mayor)
    assert [(row.action, row.entity_id) for row in rows][:1] == [("roster.demoted", "mayor")]
    assert bench.problems() == ()


def test_operators_that_change_are_named(bench: Project) -> None:
    bench.turn()
    rows = put(bench, single(bench, "project").changed(operators=("olga", "gwen")))
    assert [(row.action, row.meta["operators"]) for row in rows] == [("roster.changed", ["olga", "gwen"])]


def test_settings_and_records_that_change_are_no_matter_of_the_roster(bench: Project) -> None:
    bench.turn()
    assert put(bench, single(bench, "policy").changed(answer_coverage=0.9)) == []


def an_approval() -> Any:
    return KINDS["approval"].model.model_validate(
        {
            "id": "apr-01kjmdeb801mf04p6sstc2zneg", "about": "pho-01kjmdeb80sh51q3ecnd5e6ekn", "decision": "approve",
            "content_hash": "0" * 64, "by": "olga", "at": "2026-03-01T10:00:00Z", "surface": "pull_request",
        }
    )  # fmt: skip


def test_approval_that_a_person_changes_is_an_error_without_signatures_too(bench: Project) -> None:
    kind, approval = KINDS["approval"], an_approval()
    bench.turn()
    path = kind.place_of(approval)
    bench.commit_by_hand({path: kind.write(approval)})
    bench.turn()
    bench.desk.repo.bring_window()
    bench.commit_by_hand({path: kind.write(approval) + b"\n"})
    outcomes = bench.turn()
    assert [outcome.event.kind for outcome in outcomes] == ["any"]
    row = bench.records("audit")[-1]
    assert (row.action, row.level, row.meta["refused"]) == ("commit.observed", "error", {path: "approval_changed"})


@pytest.mark.parametrize(("notes", "code"), [("", None), ("x", "approval_changed")])
def test_endorsement_of_another_approval_than_the_one_that_is_here_is_void(
    bench: Project, notes: str, code: str | None
) -> None:
    kind, signed = KINDS["approval"], an_approval()
    here = signed.changed(notes=notes)
    commit = bench.commit_by_hand({kind.place_of(here): kind.write(here)})
    bench.turn()
    endorsement: dict[str, JsonValue] = {"verified": True, "signer": "olga", "operator": True, "code": None}
    event = Event(
        type="commit", kind="approval", cause="commit:x", at=bench.clock.now(), actor="prismfs",
        document={"id": here.id, "commit": commit, "approval": signed.to_document(), "endorsement": endorsement},
    )  # fmt: skip
    with bench.desk.repo.overlay(bench.desk.repo.snapshot()) as view:
        plan = decide(view, event, bench.clock.now())
    assert isinstance(plan, Plan), plan
    kept = rows_of(plan.puts)[0].event
    assert kept is not None
    assert kept.document["endorsement"]["code"] == code  # type: ignore[index,call-overload]
