"""What becomes of each path of a person's commit, from the facts alone."""

from __future__ import annotations

from typing import Any

import pytest

from prismfs.kinds.core.audit import Audit
from prismfs.records.api import Plan, edit_of
from tests.support.memory import MemoryProject, puts

OLD, NEW, OTHER = "a" * 40, "b" * 40, "c" * 40
BEAD = "beads/2026-03/01/10/1/f/bea-01kjmdeb8059vta7fk5a58q1rz.yaml"
ARTIFACT = "artifacts/2026-03/01/10/1/f/art-01kjmdeb8059vta7fk5a58q1rz.yaml"
AUDIT = "audit/2026-03/01/10/1/f/aud-01kjmdeb8059vta7fk5a58q1rz.json"
APPROVAL = "approvals/2026-03/01/10/1/f/apr-01kjmdeb8059vta7fk5a58q1rz.yaml"
SIGNAL = "signals/2026-03/01/10/1/f/sig-01kjmdeb8059vta7fk5a58q1rz.yaml"
POLICY = "settings/policy.yaml"
OLGA = {"identity": "olga", "signed": False, "code": None}


def change(path: str, **facts: Any) -> dict[str, Any]:
    """Return a change of one path; the records have what its author began from, unless `here` says otherwise."""
    found = {"path": path, "old": OLD, "new": NEW, "had": False, "same": False, "mode": "100644", "code": None} | facts
    return {"here": found["old"]} | found


def decided(*changes: dict[str, Any], **facts: Any) -> Plan:
    document = {"commit": OTHER, "author": "Pat", "subject": "tidy", "changes": list(changes), "left_out": 0}
    nobody: dict[str, Any] = {"before": [], "after": []}
    rest: dict[str, Any] = {"trust": "local", "endorsement": None, "bridges": nobody, "operators": nobody}
    project = MemoryProject()
    plan = project.take(project.event("commit", "any", document | rest | facts, actor="prismfs"))
    assert isinstance(plan, Plan)
    return plan


def observed(*changes: dict[str, Any], **facts: Any) -> Audit:
    return puts(decided(*changes, **facts), Audit)[0]


@pytest.mark.parametrize(
    ("path", "facts", "code"),
    [
        ("NOTES.md", {}, None),
        ("NOTES.md", {"old": None}, None),
        ("NOTES.md", {"new": None}, None),
        ("NOTES.md", {"here": OTHER}, "changed_meanwhile"),
        ("NOTES.md", {"mode": "120000"}, None),
        ("bad\\nname", {"code": "bad_name", "here": ""}, "bad_name"),
        ("kb/bad\\nname.yaml", {"code": "bad_name", "here": ""}, "bad_name"),
        (SIGNAL.replace("sig-", "bad\\n-"), {"code": "bad_name", "old": None, "new": None, "here": ""}, "bad_name"),
        ("inbox/x.yaml", {"old": None}, "not_of_the_history"),
        ("quarantine/x", {"old": None}, "not_of_the_history"),
        ("run/health.json", {"old": None}, "not_of_the_history"),
        ("beads", {"old": None, "mode": "120000"}, "bad_mode"),
        ("beads/2026", {"old": None, "mode": "160000"}, "bad_mode"),
        ("beads", {"old": None}, "bad_mode"),
        ("beads/2026-03", {"old": None}, "bad_mode"),
        ("beads/2026-03", {"new": None}, None),
        (f"{BEAD}/x", {"old": None}, "bad_mode"),
        ("prismfs.yaml/x", {"old": None}, "bad_mode"),
        ("roster/sage.yaml/x", {"old": None}, "bad_mode"),
        ("beads/readme", {"old": None}, None),
        ("beads/2026-03/readme", {"old": None}, None),
        ("beads/readme", {"old": None, "mode": "100755"}, None),
        ("beads/readme", {"new": None, "mode": "000000"}, None),
        (AUDIT, {}, "audit_changed"),
        (AUDIT, {"old": None, "here": None}, "audit_changed"),
        (AUDIT, {"new": None}, "audit_changed"),
        (APPROVAL, {"old": None}, None),
        (APPROVAL, {}, "approval_changed"),
        (APPROVAL, {"new": None}, "approval_changed"),
        (APPROVAL, {"same": True}, "approval_changed"),
        (BEAD, {}, "engine_record_changed"),
        (BEAD, {"old": None}, "engine_record_changed"),
        (BEAD, {"new": None}, "engine_record_changed"),
        (BEAD, {"code": "syntax"}, "engine_record_changed"),
        (BEAD, {"code": "secret"}, "secret"),
        (BEAD, {"code": "too_many_acts"}, "too_many_acts"),
        (BEAD, {"same": True}, None),
        (BEAD, {"same": True, "mode": "100755"}, "bad_mode"),
        (BEAD, {"same": True, "here": OTHER}, "changed_meanwhile"),
        (SIGNAL, {"old": None}, None),
        (SIGNAL, {}, "engine_record_changed"),
        (SIGNAL, {"old": None, "code": "bad_field"}, "bad_field"),
        (ARTIFACT, {}, None),
        (ARTIFACT, {"new": None}, "record_removed"),
        ("kb/answers.yaml", {}, None),
        ("kb/answers.yaml", {"new": None, "mode": "000000"}, None),
        ("kb/answers.yaml", {"code": "syntax"}, "syntax"),
        ("kb/answers.yaml", {"here": OTHER}, "changed_meanwhile"),
        ("kb/answers.yaml", {"mode": "120000"}, "bad_mode"),
        (POLICY, {}, None),
        ("prismfs.yaml", {}, None),
        ("prismfs.yaml", {"new": None}, "record_removed"),
        ("roster/kim.yaml", {"new": None}, None),
    ],
)
def test_path_is_taken_or_refused_by_what_it_is(path: str, facts: dict[str, Any], code: str | None) -> None:
    one = change(path, **facts)
    plan = decided(one)
    row = puts(plan, Audit)[0]
    assert row.meta["refused"] == ({} if code is None else {path: code})
    assert row.meta["taken"] == ([path] if code is None else [])
    assert [(take.path, take.new, take.mode) for take in plan.takes] == (
        [(path, one["new"], one["mode"])] if code is None else []
    )
    assert row.level == ("info" if code is None else "error")
    assert plan.merges == OTHER
    assert row.reason == f"a commit of others; {'1 file taken' if code is None else f'refused: {code}'}"


@pytest.mark.parametrize("facts", [{"had": True}, {"here": NEW}], ids=["held_since", "is_so"])
def test_what_the_records_say_or_have_said_since_is_neither_taken_nor_refused(facts: dict[str, Any]) -> None:
    plan = decided(change("NOTES.md", **facts))
    (row,) = puts(plan, Audit)
    assert (row.meta["taken"], row.meta["refused"], row.meta["paths"], plan.takes) == ([], {}, 1, ())
    assert row.reason == "a commit of others"


def test_file_put_back_to_what_it_was_is_taken_where_the_records_have_it_so() -> None:
    assert observed(change("NOTES.md", old=OLD, new=OLD, here=OLD)).meta["taken"] == ["NOTES.md"]


def test_commit_of_too_many_files_says_so() -> None:
    row = observed(left_out=1)
    assert (row.meta["refused"], row.level) == ({"*": "too_many_files"}, "error")


def test_row_names_fifty_paths_of_each_and_the_plan_takes_all() -> None:
    named = [change(f"{number:03}.txt") for number in range(60)]
    lost = [change(f"run/{number:03}") for number in range(60)]
    plan = decided(*named, *lost)
    row = puts(plan, Audit)[0]
    assert (len(row.meta["taken"]), len(row.meta["refused"]), row.meta["paths"]) == (50, 50, 120)  # type: ignore[arg-type]
    assert len(plan.takes) == 60
    assert row.reason == "a commit of others; 60 files taken; refused: not_of_the_history"


# Protected files


@pytest.mark.parametrize(
    ("endorsement", "code"),
    [
        ({"verified": True, "signer": "frank", "operator": True, "code": None}, None),
        ({"verified": True, "signer": "iris", "operator": False, "code": "not_operator"}, "protected_unsigned"),
        (None, "protected_unsigned"),
    ],
)
def test_protected_file_wants_an_operator_where_commits_are_signed(
    endorsement: dict[str, Any] | None, code: str | None
) -> None:
    plan = decided(change(POLICY), change("kb/answers.yaml"), trust="signed", endorsement=endorsement)
    first, *rows = puts(plan, Audit)
    assert first.meta["taken"] == ([POLICY, "kb/answers.yaml"] if code is None else ["kb/answers.yaml"])
    (row,) = rows
    assert row.action == ("protected.endorsed" if code is None else "protected.refused")
    assert row.level == ("info" if code is None else "error")
    assert row.meta["paths"] == [POLICY]
    if code is not None:
        assert row.meta["code"] == code
        assert {name: row.meta[name] for name in endorsement or {} if name != "code"} == {
            name: value for name, value in (endorsement or {}).items() if name != "code"
        }


def test_protected_file_that_is_invalid_is_refused_with_both_rows() -> None:
    rows = puts(decided(change(POLICY, code="unknown_field")), Audit)
    assert [(row.action, row.level) for row in rows] == [("commit.observed", "error"), ("protected.refused", "error")]
    assert rows[1].meta["code"] == "unknown_field"


def test_who_became_a_bridge_or_an_operator_is_told() -> None:
    changed = {
        "bridges": {"before": ["Sage", "Clara"], "after": ["Clara", "mayor"]},
        "operators": {"before": [], "after": ["olga"]},
    }
    rows = puts(decided(change("prismfs.yaml"), **changed), Audit)[1:]
    assert [(row.action, row.entity_id) for row in rows] == [
        ("roster.elevated", "mayor"), ("roster.demoted", "Sage"), ("roster.changed", OTHER),
    ]  # fmt: skip
    assert rows[2].meta["operators"] == ["olga"]
    (row,) = puts(decided(change("roster/kim.yaml")), Audit)[1:]
    assert (row.action, "operators" in row.meta) == ("roster.changed", False)
    assert puts(decided(change(POLICY)), Audit)[1:] == []


# Acts


def closing(*, meanwhile: bool = False, **members: Any) -> dict[str, Any]:
    before: dict[str, Any] = {"id": BEAD[20:-5], "type": "escalation", "status": "open", "tier": "deacon"}
    after = before | {"status": "closed"} | members
    here = before | {"status": "acknowledged"} if meanwhile else before
    return change(BEAD, edit=edit_of(before, after, here))


def test_edit_of_somebody_known_is_handed_on_as_the_command() -> None:
    plan = decided(closing(), change("NOTES.md"), acting=OLGA)
    (row,) = puts(plan, Audit)
    assert (row.meta["acts"], row.meta["refused"], row.meta["acting"]) == ({BEAD: "escalate.close"}, {}, OLGA)
    assert [take.path for take in plan.takes] == ["NOTES.md"]
    assert (row.level, row.reason) == ("info", "a commit of others; 1 file taken; 1 decided as commands")
    assert "instead" not in row.meta


@pytest.mark.parametrize(
    ("one", "acting", "code", "instead"),
    [
        (closing(), OLGA | {"identity": None, "code": "unsigned"}, "engine_record_changed", "status"),
        (closing(), None, "engine_record_changed", "status"),
        (closing(meanwhile=True), OLGA, "changed_meanwhile", "status"),
        (closing(meanwhile=True), None, "engine_record_changed", "status"),
        (closing(status="open", title="other"), OLGA, "engine_record_changed", "all"),
    ],
    ids=["unproven", "unknown", "late", "late_and_unknown", "no_act"],
)
def test_edit_that_is_no_act_is_refused_and_names_commands(
    one: dict[str, Any], acting: dict[str, Any] | None, code: str, instead: str
) -> None:
    commands = {
        "status": "escalate.ack, escalate.close, escalate.unack",
        "all": "escalate.ack, escalate.close, escalate.forward, escalate.unack",
    }
    row = observed(one, **({} if acting is None else {"acting": acting}))
    assert (row.meta["refused"], row.meta["instead"]) == ({BEAD: code}, {BEAD: commands[instead]})
    assert (row.level, "acts" in row.meta) == ("error", False)


def test_record_that_a_file_held_before_is_no_act() -> None:
    row = observed(closing() | {"had": True}, acting=OLGA)
    assert "acts" not in row.meta
