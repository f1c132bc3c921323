"""Acts by commit, `trust: local`: an edit of what only the engine writes is decided as the command it asks for."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from prismfs.engine.event import engine_event
from prismfs.engine.trust.proposals import contradicted, editors_of, time_of
from prismfs.engine.turn.commit_group import decide_group
from prismfs.engine.turn.ingest import news_events
from prismfs.engine.turn.submit import command_event, rehearse
from prismfs.kinds import KINDS, kind_of
from prismfs.kinds.core.settings.persona import Persona
from prismfs.records.api import Event, Plan, Refused, derive_id
from prismfs.rules import TABLE
from prismfs.store.git.history import Proposal
from tests.support import rows as audit
from tests.support.project import Project, named

ESCALATION = "kind: escalation\nfrom: jade\nseverity: HIGH\ntitle: {}\n"
FAULT = "kind: signal\nfrom: jade\nto: Sage\ntype: Question\nsubject: {}\nbody: It crashes with a traceback.\n"


def escalation(bench: Project, title: str = "disk is full") -> Any:
    bench.drop(ESCALATION.format(title))
    bench.turn()
    return next(bead for bead in bench.records("bead") if bead.title == title)


def acknowledged(bench: Project) -> Any:
    bench.give("escalate.ack", {"id": escalation(bench).id})
    return bench.records("bead")[-1]


def item(bench: Project) -> Any:
    bench.drop("kind: task\nfrom: jade\ntitle: turn the page\n")
    bench.turn()
    return bench.records("bead")[-1]


def claimed(bench: Project) -> Any:
    bench.give("bead.claim", {"id": item(bench).id})
    return bench.records("bead")[-1]


def done(bench: Project) -> Any:
    bench.give("bead.close", {"id": item(bench).id, "reason": "done"})
    return bench.records("bead")[-1]


def incident(bench: Project, title: str = "the nightly export crashes") -> Any:
    bench.drop(FAULT.format(title))
    bench.turn()
    return bench.records("incident")[-1]


def resolved(bench: Project) -> Any:
    bench.give("incident.resolve", {"id": incident(bench).id, "note": "mended"})
    return bench.records("incident")[-1]


def todo(bench: Project) -> Any:
    bench.give("todo.add", {"document": {"kind": "todo", "from": "olga", "title": "buy milk"}})
    return bench.records("todo")[-1]


def mail(bench: Project) -> Any:
    bench.drop("kind: mail\nfrom: jade\nto: olga\nsubject: hello\n")
    bench.turn()
    return next(one for one in bench.records("mail") if one.to == "olga")


def silence(bench: Project) -> Any:
    ends = bench.clock.now() + timedelta(hours=2)
    bench.give(
        "silence.add", {"matchers": ["source=patrol:disk"], "reason": "moving", "ends_at": ends.isoformat()[:19] + "Z"}
    )
    return bench.records("silence")[-1]


def signal(bench: Project) -> Any:
    bench.drop("kind: signal\nfrom: jade\nto: Sage\ntype: StatusUpdate\nsubject: zxqv\nbody: zxqv\n")
    bench.turn()
    return bench.records("signal")[-1]


def twin(bench: Project) -> Any:
    bench.drop(FAULT.format("the import of the price list hangs"))
    bench.turn()
    return incident(bench)


BOTH = {"GIT_AUTHOR_EMAIL": "mayor@example.org", "GIT_COMMITTER_EMAIL": "mayor@example.org"}
ADDRESS = {"GIT_AUTHOR_EMAIL": "olga@example.org", "GIT_COMMITTER_EMAIL": "olga@example.org"}

Given = Callable[[Project], Any]
Changes = Callable[[Project], dict[str, Any]]


def says(**changes: Any) -> Changes:
    return lambda bench: changes


CASES: dict[str, tuple[str, Given, Changes, dict[str, Any]]] = {
    "ack": ("escalate.ack", escalation, says(status="acknowledged"), {"note": "why"}),
    "ack_with_words": (
        "escalate.ack", escalation, says(status="acknowledged", acknowledged_note="mine"), {"note": "mine"},
    ),
    "unack": ("escalate.unack", acknowledged, says(status="open", acknowledged_by=None), {}),
    "close": ("escalate.close", escalation, says(status="closed"), {"reason": "why"}),
    "close_with_reason": (
        "escalate.close", escalation, says(status="closed", closed_reason="gone", closed_by="olga"), {"reason": "gone"},
    ),
    "close_at_a_time": (
        "escalate.close", escalation, says(status="closed", closed_at="2026-02-03T04:05:06Z"), {"reason": "why"},
    ),
    "forward": ("escalate.forward", escalation, says(tier="mayor"), {"to": "mayor", "reason": "why"}),
    "claim": ("bead.claim", item, says(status="in_progress", assignee="olga"), {}),
    "release": ("bead.release", claimed, says(status="open", assignee=None), {}),
    "item_closed": ("bead.close", item, says(status="closed"), {"reason": "why"}),
    "item_reopened": ("bead.reopen", done, says(status="open"), {}),
    "item_changed": (
        "bead.update", item, says(status="blocked", title="turn it", priority=0),
        {"status": "blocked", "title": "turn it", "priority": 0},
    ),
    "given_to_another": ("bead.update", item, says(status="in_progress", assignee="kim"),
                         {"status": "in_progress", "assignee": "kim"}),
    "incident_ack": ("incident.ack", incident, says(acknowledged_by="olga"), {"note": "why"}),
    "mitigating": ("incident.mitigate", incident, says(status="mitigating"), {"note": "why", "begin": True}),
    "mitigated": ("incident.mitigate", incident, says(status="mitigated"), {"note": "why"}),
    "resolved": ("incident.resolve", incident, says(status="resolved"), {"note": "why"}),
    "resolved_with_words": (
        "incident.resolve", incident, says(status="resolved", resolution="rolled back"), {"note": "rolled back"},
    ),
    "reopened": ("incident.reopen", resolved, says(status="triage"), {"reason": "why"}),
    "incident_closed": ("incident.close", resolved, says(status="closed"), {"reason": "why"}),
    "false_alarm": (
        "incident.close", incident, says(status="false_positive"), {"reason": "why", "false_positive": True},
    ),
    "merged": (
        "incident.merge", twin, lambda bench: {"status": "duplicate", "duplicate_of": bench.records("incident")[0].id},
        {"into": "$first"},
    ),
    "judged": (
        "incident.triage", incident, lambda bench: {"severity": incident_severity(bench, "P0")},
        {"severity": "P0", "reason": "why"},
    ),
    "told": ("incident.update", incident, says(workaround="use the old one"), {"workaround": "use the old one"}),
    "todo_done": ("todo.done", todo, says(status="done"), {}),
    "mail_read": ("mail.ack", mail, says(status="read"), {}),
    "mail_put_away": ("mail.archive", mail, says(status="archived"), {}),
    "silence_ended": ("silence.expire", silence, says(status="expired"), {}),
    "silence_changed": ("silence.change", silence, says(reason="moving house"), {"reason": "moving house"}),
    "classified": ("classify", signal, says(lane="enhancement"), {"lane": "enhancement", "reason": "why"}),
}  # fmt: skip


def incident_severity(bench: Project, label: str) -> Any:
    old = bench.records("incident")[-1].severity
    return old.model_copy(update={"label": label, "rank": int(label[1:])})


def rows_of(bench: Project, before: int) -> list[Any]:
    return [row for row in bench.records("audit") if row.number > before]


@pytest.mark.parametrize("case", CASES)
def test_act_by_an_operator_is_what_the_command_is(bench: Project, case: str) -> None:
    verb, given, changes, said = CASES[case]
    record = given(bench)
    if said.get("into") == "$first":
        said = {"into": bench.records("incident")[0].id}
    command = command_event(verb, {"id": record.id, **said}, actor="olga", token="0" * 32, at=bench.clock.now())
    wanted = rehearse(bench.desk, command, bench.clock.now())
    assert isinstance(wanted, Plan)
    before = bench.records("audit")[-1].number
    commit = bench.edit_by_hand((record, changes(bench)), by="Olga", subject="why")
    bench.turn()
    observed, *rows = rows_of(bench, before)
    path = kind_of(record).place_of(record)
    assert (observed.meta["acts"], observed.meta["refused"], observed.level) == ({path: verb}, {}, "info")
    expected = audit.rows_of(wanted.puts)
    found = [row for row in rows if row.cause == f"commit:{commit}:{record.id}"]
    assert [row.action for row in found] == [row.action for row in expected]
    assert {(row.actor, row.assurance) for row in found} == {("olga", "local")}
    assert found[0].event.kind == verb
    message = bench.git("log", "--format=%B", f"--grep=^Prismfs-Cause: {found[0].cause}$", bench.truth())
    assert f"; by commit {commit[:12]}\n\nPrismfs-Cause" in message
    after = next(one for one in bench.records(kind_of(record).name) if one.id == record.id)
    rule = next(put for put in wanted.puts if getattr(put, "id", None) == record.id)
    made = {"escalation": after.escalation} if verb == "incident.reopen" else {}  # its id follows from the cause
    assert after == rule.changed(**made)
    assert bench.problems() == ()
    assert bench.git("status", "--porcelain") == ""


# What is no act, or none that may be given


def join(bench: Project, commit: str) -> None:
    """Bring a commit in by a merge that adds nothing of its own."""
    merge = bench.git("commit-tree", "-p", "HEAD", "-p", commit, "-m", "merge", "HEAD^{tree}")
    bench.git("update-ref", "refs/heads/main", merge)
    bench.turn()


def observed(bench: Project) -> Any:
    return bench.rows("commit.observed")[-1]


def refusals(bench: Project) -> list[tuple[Any, Any, Any]]:
    return [(row.meta["by"], row.meta["verb"], row.meta["code"]) for row in bench.rows("command.refused")]


@pytest.mark.parametrize(
    "environment",
    [named("Pat"), named("Olga", "Pat"), named("Pat", "Olga"), named("prismfs"), named("Olga") | BOTH],
    ids=["unknown", "author_only", "committer_only", "engine", "two_people"],
)
def test_edit_by_nobody_that_is_known_is_refused_with_a_row(bench: Project, environment: dict[str, str]) -> None:
    """FT-06: the status was changed, and nothing but one row of level info said so."""
    bead = escalation(bench)
    path = kind_of(bead).place_of(bead)
    bench.edit_by_hand((bead, {"status": "closed"}), environment=environment)
    bench.turn()
    row = observed(bench)
    assert (row.level, row.meta["refused"], row.meta["acting"]["identity"]) == (
        "error", {path: "engine_record_changed"}, None,
    )  # fmt: skip
    assert row.meta["instead"] == {path: "escalate.ack, escalate.close, escalate.unack"}
    assert "acts" not in row.meta
    assert bench.records("bead") == [bead]
    assert bench.rows("escalation.closed", "command.refused") == []
    assert bench.git("status", "--porcelain") == ""
    assert bench.problems() == ()


def test_author_known_by_the_address_acts(bench: Project) -> None:
    bead = escalation(bench)
    bench.edit_by_hand((bead, {"status": "closed"}), environment=named("Olga van Dam") | ADDRESS)
    bench.turn()
    assert [row.actor for row in bench.rows("escalation.closed")] == ["olga"]


def test_edit_that_no_command_does_is_refused_and_names_those_that_there_are(bench: Project) -> None:
    record = incident(bench)
    path = kind_of(record).place_of(record)
    bench.edit_by_hand((record, {"owner": "olga"}), by="olga")
    bench.turn()
    row = observed(bench)
    assert row.meta["refused"] == {path: "engine_record_changed"}
    assert row.meta["acting"] == {"identity": "olga", "signed": False, "code": None}
    assert "incident.ack" in row.meta["instead"][path]
    assert bench.records("incident") == [record]


def test_author_without_the_right_is_refused_as_at_the_command_line_and_once(bench: Project) -> None:
    record = incident(bench)
    commit = bench.edit_by_hand((record, {"status": "resolved"}), by="donna", subject="it is over")
    for _ in range(2):
        bench.turn()
        bench.restart()
    assert observed(bench).meta["acts"] == {kind_of(record).place_of(record): "incident.resolve"}
    (row,) = bench.rows("command.refused")
    assert refusals(bench) == [("Donna", "incident.resolve", "not_allowed")]
    assert (row.meta["commit"], row.meta["how"], row.meta["named"]) == (commit, "local", [record.id])
    assert bench.records("incident") == [record]
    assert bench.problems() == ()


def test_tries_by_commit_for_what_somebody_may_not_reach_a_person(bench: Project) -> None:
    """FT-08: forged or repeated privileged tries reach a person, by whichever way they come."""
    record = incident(bench)
    for number in range(3):
        bench.edit_by_hand((record, {"status": "resolved"}), by="donna", subject=f"try {number}")
        bench.turn()
    (told,) = (bead for bead in bench.records("bead") if bead.source == "desk:refusals")
    assert told.title.startswith("Donna was refused 3 times: not_allowed")


@pytest.mark.parametrize(
    ("given", "changes", "verb", "code"),
    [
        (done, {"status": "in_progress"}, "bead.update", "reopen_first"),
        (resolved, {"status": "mitigated"}, "incident.mitigate", "not_open"),
        (incident, {"status": "closed"}, "incident.close", "not_resolved"),
        (escalation, {"tier": "nowhere"}, "escalate.forward", "unknown_tier"),
        (claimed, {"assignee": "kim"}, "bead.update", None),
    ],
    ids=["item", "mitigated", "closed", "tier", "allowed"],
)
def test_step_that_the_state_does_not_allow_is_refused_with_the_rules_own_code(
    bench: Project, given: Given, changes: dict[str, Any], verb: str, code: str | None
) -> None:
    record = given(bench)
    bench.edit_by_hand((record, changes), by="olga")
    bench.turn()
    assert refusals(bench) == ([] if code is None else [("olga", verb, code)])
    assert (bench.records(kind_of(record).name)[-1] == record) == (code is not None)
    assert bench.git("status", "--porcelain") == ""
    assert bench.problems() == ()


def test_wrong_form_leaves_a_row_too_as_nobody_waits_for_the_answer(bench: Project) -> None:
    record = incident(bench)
    odd = record.severity.model_copy(update={"label": "P7"})
    bench.edit_by_hand((record, {"severity": odd}), by="olga")
    bench.turn()
    assert refusals(bench) == [("olga", "incident.triage", "unknown_severity")]
    assert bench.records("incident") == [record]
    assert bench.problems() == ()


def test_act_that_trips_a_fault_of_prismfs_holds_nothing_up(bench: Project) -> None:
    bead = escalation(bench)
    bench.edit_by_hand((bead, {"status": "closed"}), by="olga")
    base, now = bench.desk.repo.snapshot(), bench.clock.now()
    (news,) = bench.desk.repo.news(base)
    first, act = news_events(bench.desk, base, news, now)
    decided = decide_group(bench.desk, base, [first, act.changed(document={})], now)
    codes = [decision.problem.code for _, decision in decided if isinstance(decision, Refused)]
    assert codes == ["internal"]
    assert [event.kind for event, decision in decided if isinstance(decision, Plan)] == ["any", "refused"]


@pytest.mark.parametrize(
    "changes",
    [
        {"status": "closed", "closed_by": "kim"},
        {"status": "closed", "title": "another"},
        {"status": "acknowledged", "tier": "mayor"},
        {"status": "closed", "reescalation_count": 7},
    ],
    ids=["as_somebody_else", "title", "two_acts", "count"],
)
def test_edit_of_more_than_the_command_would_do_changes_nothing(bench: Project, changes: dict[str, Any]) -> None:
    bead = escalation(bench)
    bench.edit_by_hand((bead, changes), by="olga")
    bench.turn()
    assert [code for _, _, code in refusals(bench)] == ["act_differs"]
    assert bench.records("bead") == [bead]
    assert bench.problems() == ()


def test_what_is_so_already_and_would_be_otherwise_than_written_is_refused(bench: Project) -> None:
    """`reopen` of what is open changes nothing, and yet its author wants it in triage."""
    record = incident(bench)
    bench.give("incident.mitigate", {"id": record.id})
    mitigated = bench.records("incident")[-1]
    bench.edit_by_hand((mitigated, {"status": "triage"}), by="olga")
    bench.turn()
    assert [code for _, _, code in refusals(bench)] == ["act_differs"]
    assert bench.records("incident") == [mitigated]


def test_several_in_one_commit_are_each_decided_and_the_commit_says_what_became_of_each(bench: Project) -> None:
    one, other = escalation(bench), escalation(bench, "another disk is full")
    tools, report = todo(bench), incident(bench)
    place = {record.id: kind_of(record).place_of(record) for record in (one, other, tools, report)}
    changes = [
        (one, {"status": "closed"}), (other, {"status": "closed", "tier": "mayor"}), (tools, {"status": "done"}),
        (report, {"owner": "olga"}),
    ]  # fmt: skip
    before = bench.records("audit")[-1].number
    commit = bench.edit_by_hand(*changes, by="olga", subject="cleared up", files={"NOTES.txt": b"mine\n"})
    bench.turn()
    rows = rows_of(bench, before)
    assert rows[0].meta["acts"] == {
        place[one.id]: "escalate.close", place[other.id]: "escalate.close", place[tools.id]: "todo.done",
    }  # fmt: skip
    assert rows[0].meta["taken"] == ["NOTES.txt"]
    assert rows[0].meta["refused"] == {place[report.id]: "engine_record_changed"}
    assert rows[0].reason == "a commit of others; 1 file taken; 3 decided as commands; refused: engine_record_changed"
    causes = {row.cause for row in rows if row.event is not None and not row.cause.startswith("delivery:")}
    assert causes == {
        f"commit:{commit}", f"commit:{commit}:{one.id}", f"refused:commit:{commit}:{other.id}",
        f"commit:{commit}:{tools.id}",
    }  # fmt: skip
    assert {bead.id: bead.status for bead in bench.records("bead") if bead.id in place} == {
        one.id: "closed", other.id: "open",
    }  # fmt: skip
    assert bench.records("todo")[-1].status == "done"
    assert bench.problems() == ()
    assert bench.git("status", "--porcelain") == ""


def test_more_acts_than_a_person_makes_are_none(bench: Project) -> None:
    records = []
    for number in range(101):
        bench.give("todo.add", {"document": {"kind": "todo", "from": "olga", "title": f"number {number}"}})
    records = bench.records("todo")
    bench.edit_by_hand(*((one, {"status": "done"}) for one in records), by="olga")
    bench.turn()
    assert set(observed(bench).meta["refused"].values()) == {"too_many_acts"}
    assert bench.records("todo") == records
    assert bench.problems() == ()


SECRET = "ghp_" + "Ab1" * 12


@pytest.mark.parametrize(("reason", "subject"), [(SECRET, "x"), ("gone", SECRET)], ids=["edit", "subject"])
def test_secret_in_an_act_goes_into_no_record(bench: Project, reason: str, subject: str) -> None:
    bead = escalation(bench)
    path = kind_of(bead).place_of(bead)
    bench.edit_by_hand((bead, {"status": "closed", "closed_reason": reason}), by="olga", subject=subject)
    bench.turn()
    assert observed(bench).meta["refused"] == {path: "secret"}
    assert bench.records("bead") == [bead]
    assert SECRET.encode() not in bench.files()[path]
    assert bench.problems() == ()


def test_act_on_an_older_file_counts_unless_its_own_field_has_changed(bench: Project) -> None:
    bead = escalation(bench)
    window = bench.head()
    bench.give("escalate.comment", {"id": bead.id, "text": "looking"})
    bench.give("escalate.forward", {"id": bead.id, "to": "mayor", "reason": "why"})
    path = kind_of(bead).place_of(bead)
    for changes in ({"tier": "overseer"}, {"status": "closed"}):
        bench.git("switch", "--quiet", "--detach", window)
        bench.commit_by_hand({path: kind_of(bead).write(bead.changed(**changes))}, by="olga")
        commit = bench.git("rev-parse", "HEAD")
        bench.git("switch", "--quiet", "main")
        join(bench, commit)
        with bench.desk.repo.writer():
            bench.desk.repo.bring_window()
    refused = [row.meta["refused"] for row in bench.rows("commit.observed")]
    assert [codes for codes in refused if codes] == [{path: "changed_meanwhile"}]
    (after,) = bench.records("bead")
    assert (after.status, after.tier, after.closed_by, len(after.comments)) == ("closed", "mayor", "olga", 2)
    assert bench.problems() == ()


def test_what_the_records_say_already_is_no_act(bench: Project) -> None:
    bead = escalation(bench)
    path, window = kind_of(bead).place_of(bead), bench.head()
    bench.give("escalate.ack", {"id": bead.id})
    acknowledged_file = bench.files()[path]
    bench.git("switch", "--quiet", "--detach", window)
    bench.commit_by_hand({path: acknowledged_file}, by="olga")
    late = bench.git("rev-parse", "HEAD")
    bench.git("switch", "--quiet", "main")
    join(bench, late)
    assert all("acting" not in row.meta for row in bench.rows("commit.observed"))
    bench.give("escalate.unack", {"id": bead.id})
    bench.give("escalate.comment", {"id": bead.id, "text": "so that the file is none that was there before"})
    bench.git("switch", "--quiet", "--detach", window)
    bench.commit_by_hand({path: acknowledged_file}, by="olga", subject="once more")
    late = bench.git("rev-parse", "HEAD")
    bench.git("switch", "--quiet", "main")
    join(bench, late)
    assert all("acting" not in row.meta for row in bench.rows("commit.observed"))
    assert bench.records("bead")[0].status == "open", "it said so meanwhile, and has been told otherwise since"
    assert len(bench.rows("escalation.acknowledged")) == 1
    assert bench.problems() == ()


def test_history_of_a_program_that_knew_no_acts_is_no_forgery(bench: Project) -> None:
    bead = escalation(bench)
    bench.edit_by_hand((bead, {"status": "closed"}), by="olga")
    with bench.desk.repo.writer():
        base = bench.desk.repo.snapshot()
        (news,) = bench.desk.repo.news(base)
        first = news_events(bench.desk, base, news, bench.clock.now())[0]
        document = {name: value for name, value in first.document.items() if name != "acting"}
        document["changes"] = [
            {name: value for name, value in change.items() if name != "edit"}
            for change in first.document["changes"]  # type: ignore[union-attr]
            if isinstance(change, dict)
        ]
        older = first.changed(document=document)
        ((_, plan),) = decide_group(bench.desk, base, [older], bench.clock.now())
        assert isinstance(plan, Plan)
        bench.desk.repo.apply([plan], base=base)
    assert observed(bench).meta["refused"] == {kind_of(bead).place_of(bead): "engine_record_changed"}
    assert bench.problems() == ()


def test_signal_that_is_made_new_by_hand_is_not_accepted_once_more(bench: Project) -> None:
    record = signal(bench)
    bench.edit_by_hand((record, {"status": "received"}))
    assert [outcome.event.kind for outcome in bench.turn()] == ["any"]
    assert bench.records("signal")[-1] == record


def test_signal_that_a_commit_says_was_answered_is_not_accepted(bench: Project) -> None:
    record = signal(bench)
    made = record.changed(id=derive_id("sig", bench.clock.now(), cause="by hand"), status="answered", lane="info")
    bench.edit_by_hand((made, {}))
    assert [outcome.event.kind for outcome in bench.turn()] == ["any"]
    assert observed(bench).meta["taken"] == [kind_of(made).place_of(made)]


def test_names_and_subjects_are_kept_as_they_can_be_printed(bench: Project) -> None:
    bench.settle_by_hand({"NOTES": b"x"})
    with bench.desk.repo.writer():
        bench.desk.repo.bring_window()
    odd = named("Pat\u202e") | ADDRESS
    bench.commit_by_hand({"NOTES": b"y"}, subject="\x1b[31mred", environment=odd)
    bench.turn()
    row = observed(bench)
    assert str(row.meta["author"]).isprintable()
    assert str(row.meta["subject"]).isprintable()
    assert "red" in str(row.meta["subject"])


def test_commit_of_more_files_than_an_event_names_is_not_taken(bench: Project) -> None:
    bench.turn()
    bench.commit_by_hand({f"many/{number}": b"x" for number in range(2001)})
    bench.turn()
    row = observed(bench)
    assert (row.meta["refused"], row.meta["taken"], row.meta["paths"]) == ({"*": "too_many_files"}, [], 0)
    assert "many/0" not in bench.git("ls-tree", "-r", "--name-only", bench.truth())


@pytest.mark.parametrize(("path", "more"), [("NOTES", False), ("settings/policy.yaml", True)])
def test_facts_about_trust_come_with_protected_files_alone(bench: Project, path: str, more: bool) -> None:
    bench.turn()
    bench.commit_by_hand({path: bench.files().get(path, b"") + b"# mine\n"})
    (outcome,) = bench.turn()
    document = outcome.event.document
    assert {name for name in ("trust", "endorsement", "bridges", "operators") if name in document} == (
        {"trust", "endorsement", "bridges", "operators"} if more else set()
    )
    assert (document.get("trust"), document.get("endorsement")) == ("local" if more else None, None)


@pytest.mark.parametrize("kind", ["approval", "decision", "signal", "artifact"])
def test_file_that_is_no_record_is_refused_and_nothing_follows(bench: Project, kind: str) -> None:
    path = KINDS[kind].path_of(f"{KINDS[kind].prefix}-01kjmdeb8059vta7fk5a58q1rz")
    bench.commit_by_hand({path: b"kind: [\n"})
    assert [outcome.event.kind for outcome in bench.turn()] == ["any"]
    assert observed(bench).meta["refused"] == {path: "syntax"}
    assert bench.problems() == ()


def test_roster_counts_as_it_stood_before_the_commit(bench: Project) -> None:
    kim = Persona(identity="kim", role="clerk", title="Kim")
    bench.settle_by_hand({kind_of(kim).place_of(kim): kind_of(kim).write(kim)})
    record = item(bench)
    bench.edit_by_hand((record, {"priority": 0}), by="Kim", files={kind_of(kim).place_of(kim): None})
    bench.turn()
    assert [row.actor for row in bench.rows("bead.updated")] == ["kim"]
    assert bench.problems() == (), "verify asks the roster of then, too"
    record = bench.records("bead")[-1]
    bench.edit_by_hand((record, {"priority": 4}), by="Kim", files={kind_of(kim).place_of(kim): kind_of(kim).write(kim)})
    bench.turn()
    assert observed(bench).meta["acting"]["code"] == "unknown_identity"
    assert bench.records("bead") == [record]
    assert bench.problems() == ()


@pytest.mark.parametrize(("minutes", "counts"), [(-5, True), (5, False)])
def test_act_is_of_the_time_of_its_commit_but_never_of_a_later_one(bench: Project, minutes: int, counts: bool) -> None:
    when = bench.clock.now() + timedelta(minutes=minutes)
    made = Proposal("f" * 40, "Kim", "lee@example.org", int(when.timestamp()), "x", ())
    assert time_of(made, bench.clock.now()) == (when if counts else bench.clock.now())
    assert editors_of(made) == ["Kim", "lee"]


def test_words_around_a_record_are_no_act(bench: Project) -> None:
    bead = escalation(bench)
    path = kind_of(bead).place_of(bead)
    bench.settle_by_hand({path: bench.files()[path] + b"# looked at it\n"})
    assert observed(bench).meta["taken"] == [path]
    assert "acting" not in observed(bench).meta


# What the history says is held against git


@pytest.mark.parametrize(
    "changes",
    [
        {"actor": "mayor"},
        {"document": {"reason": "another"}},
        {"proof": {"signed": True}},
        {"proof": {"edited": {}}},
        {"proof": {"commit": "f" * 40}},
    ],
    ids=lambda changes: str(next(iter(changes))),
)
def test_act_that_its_commit_does_not_give_is_named_by_verify(bench: Project, changes: dict[str, Any]) -> None:
    bead = escalation(bench)
    bench.edit_by_hand((bead, {"status": "closed"}), by="olga", subject="gone")
    with bench.desk.repo.writer():
        base = bench.desk.repo.snapshot()
        (news,) = bench.desk.repo.news(base)
        first, act = news_events(bench.desk, base, news, bench.clock.now())
        said = act.model_dump(mode="json")
        forged = Event.model_validate(
            said | {name: said[name] | value if isinstance(value, dict) else value for name, value in changes.items()}
        )
        plans = [decision for _, decision in decide_group(bench.desk, base, [first, forged], bench.clock.now())]
        bench.desk.repo.apply([plan for plan in plans if isinstance(plan, Plan)], base=base)
    assert [problem.code for problem in bench.problems()] == ["endorsement_differs"]


@pytest.mark.parametrize("name", ["f" * 40, "HEAD", "refs/heads/main"])
def test_commit_that_is_not_named_by_its_id_is_no_part_of_the_history(bench: Project, name: str) -> None:
    event = engine_event("commit", "any", cause="commit:x", at=bench.clock.now(), document={"commit": name})
    said = contradicted(bench.desk.repo.git, event, (bench.truth(),), {})
    assert said == "names a commit that is no part of it"


def test_commit_that_is_said_to_be_of_another_is_named_by_verify(bench: Project) -> None:
    bead = escalation(bench)
    bench.edit_by_hand((bead, {"status": "closed"}))
    with bench.desk.repo.writer():
        base = bench.desk.repo.snapshot()
        (news,) = bench.desk.repo.news(base)
        (first,) = news_events(bench.desk, base, news, bench.clock.now())
        acting = {"identity": "olga", "signed": False, "code": None}
        forged = first.changed(document=first.document | {"acting": acting})
        ((_, plan),) = decide_group(bench.desk, base, [forged], bench.clock.now())
        assert isinstance(plan, Plan)
        bench.desk.repo.apply([plan], base=base)
    assert [problem.code for problem in bench.problems()] == ["endorsement_differs"]


def test_every_act_of_every_kind_is_a_command_and_a_field() -> None:
    for kind in KINDS.values():
        models = kind.models
        for act in kind.acts:
            assert ("command", act.command) in TABLE, (kind.name, act.command)
            names = {*act.to, *act.any_of, *act.when, *(path.partition(".")[0] for path in act.gives.values())}
            fields = {field.alias or name for model in models for name, field in model.model_fields.items()}
            assert names <= fields, (kind.name, act.command)
            assert act.to or act.any_of
            assert "person" not in kind.writers or kind.layout == "dated"
    assert not any(KINDS[name].acts for name in ("phone_home", "approval", "decision", "artifact", "outbox"))
