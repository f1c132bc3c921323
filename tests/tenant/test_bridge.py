"""What arrives over a bridge, and what does not, whatever somebody has committed (R-000-60, R-000-70 to R-000-76)."""

from __future__ import annotations

import json
from typing import Any

import pytest

from prismfs.cli.sender import sender_text, with_sender
from prismfs.kinds import kind_of
from prismfs.records.api import derive_id
from tests.support.town import Town

HOME, ACME, BETA = "PID-HOME01", "PID-ACME01", "PID-BETA01"


def code_of(town: Town, pid: str, signal: Any) -> Any:
    found = [row.meta["code"] for row in town.rows(pid, "bridge.refused") if row.entity_id == signal.id]
    assert len(found) == 1, found
    return found[0]


@pytest.mark.parametrize(
    ("code", "source", "target", "fields"),
    [
        ("not_a_bridge", ACME, BETA, {"to": "mayor"}),
        ("not_a_bridge", ACME, BETA, {"to": "Sage"}),
        ("not_a_bridge", ACME, BETA, {"to": "mayor", "sender": "Sage"}),
        ("not_a_bridge", ACME, BETA, {"to": "mayor", "sender": "Sage", "from_pid": HOME}),
        ("not_a_bridge", ACME, HOME, {"to": "mayor"}),
        ("not_a_bridge", HOME, ACME, {"to": "mayor", "sender": "mayor"}),
        ("unknown_identity", HOME, ACME, {"to": "nobody", "sender": "Sage"}),
        ("wrong_pid", ACME, HOME, {"to_pid": BETA}),
        ("wrong_pid", ACME, HOME, {"to_pid": None}),
        ("unknown_pid", ACME, "PID-GONE01", {}),
        ("unknown_parent", ACME, HOME, {"in_reply_to": "sig-01kjmdeb809kke0wr9nysy8t0d"}),
    ],
)
def test_signal_committed_by_hand_that_may_not_go_comes_back(
    town: Town, code: str, source: str, target: str, fields: dict[str, Any]
) -> None:
    forged = town.forge(source, target, **fields)
    assert code_of(town, source, forged) == code
    assert town.signal(source, forged.subject).status == "returned"
    for pid in town.benches:
        assert pid == source or town[pid].records("signal") == []
    town.check()


def test_signal_committed_by_hand_that_answers_what_is_anothers_comes_back(town: Town) -> None:
    of_beta = town.send(BETA, to="Sage")
    forged = town.forge(ACME, HOME, in_reply_to=of_beta.id)
    assert code_of(town, ACME, forged) == "not_addressed"
    town.check()


def test_signal_committed_by_hand_under_an_id_of_anothers_comes_back(town: Town) -> None:
    of_beta = town.send(BETA, to="Sage")
    before = town.signal(HOME, of_beta.subject)
    forged = town.forge(ACME, HOME, id=of_beta.id)
    assert code_of(town, ACME, forged) == "id_taken"
    assert town.signal(HOME, of_beta.subject) == before
    town.check()


def test_signal_under_an_id_that_the_addressee_claims_to_have_from_there_comes_back(town: Town) -> None:
    """A customer's own record, made by hand, is no arrival: it has no row."""
    made = town.forge(ACME, HOME, from_pid=HOME, to="mayor")
    forged = town.forge(HOME, ACME, id=made.id, sender="Sage", to="mayor")
    assert code_of(town, HOME, forged) == "id_taken"
    town.check()


def test_project_that_says_it_is_another_is_not_carried_for(town: Town) -> None:
    """Answers go to the project that a signal comes from: nobody may say so for itself."""
    town.edit(ACME, "prismfs.yaml", f"pid: {ACME}", f"pid: {BETA}")
    forged = town.forge(ACME, HOME, pid=BETA)
    assert code_of(town, ACME, forged) == "pid_mismatch"
    assert town.home.records("signal") == town[BETA].records("signal") == []


def test_project_that_says_it_is_another_tenants_is_refused(town: Town) -> None:
    """R-000-65."""
    town.edit(ACME, "prismfs.yaml", "tenant: acme", "tenant: other")
    assert town.send(ACME, to="Sage") is None
    assert town.refused(ACME) == "cross_tenant"
    assert code_of(town, ACME, town.forge(ACME, HOME)) == "cross_tenant"
    assert town.send(HOME, **{"from": "Sage"}, to="mayor", to_pid=ACME) is None
    assert town.refused(HOME) == "cross_tenant"


def test_project_that_calls_itself_home_is_none(town: Town) -> None:
    """R-000-76: the tenant's file names the home, and its protected roster the bridges."""
    text = (town[ACME].root / "prismfs.yaml").read_text()
    persona = b"kind: persona\nversion: 1\nidentity: Sage\nclass: bridge\nrole: intake\ntitle: me\n"
    claims = {"prismfs.yaml": f"{text}home: true\nbridges: [Sage]\n".encode(), "roster/sage.yaml": persona}
    town[ACME].settle_by_hand(claims)
    assert town.send(ACME, **{"from": "Sage"}, to="mayor", to_pid=BETA) is None
    assert town.refused(ACME) == "unproven_identity"
    assert code_of(town, ACME, town.forge(ACME, BETA, to="mayor", sender="Sage")) == "not_a_bridge"
    assert town.send(BETA, to="Sage", to_pid=ACME) is None
    assert town.refused(BETA) == "project_isolation"
    assert town[BETA].records("signal") == []
    town.check()


@pytest.mark.parametrize("half", ["class", "list"])
def test_bridge_needs_its_class_and_its_place_on_the_list(town: Town, half: str) -> None:
    """R-000-60, R-000-76: one without the other is none."""
    if half == "list":
        town.edit(HOME, "prismfs.yaml", "  - Sage\n", "")
    else:
        town.edit(HOME, "roster/sage.yaml", "class: bridge", "class: project")
    assert town.send(ACME, to="Sage") is None
    assert town.refused(ACME) == "unknown_identity"
    assert town.send(ACME, to="Sage@PID-HOME01") is None
    assert town.refused(ACME) == "project_isolation"
    assert town.send(ACME, to="Clara").status == "routed"


def test_what_another_project_has_made_of_a_signal_stays_there(town: Town) -> None:
    """R-000-01, R-000-11: neither a lane nor a hash nor progress comes with it."""
    asked = town.send(ACME, to="Clara", subject="a plain question")
    town.drop(HOME, **{"from": "Clara"}, in_reply_to=asked.id, subject="Since when?")
    town.turn()
    progress = {"stage": "closed", "at": town.clock.now()}
    forged = town.forge(
        ACME, HOME, to="Clara", in_reply_to=asked.id, lane="incident", lane_reason="mine", incident=None,
        thread_id=town.signal(ACME, "Since when?").id, progress=progress, context={"tenant": "other"},
        acknowledged_at=town.clock.now(), due_at=town.clock.now(),
    )  # fmt: skip
    arrived = town.signal(HOME, forged.subject)
    assert (arrived.from_pid, arrived.to, arrived.status) == (ACME, "Clara", "delivered")
    assert (arrived.lane, arrived.progress, arrived.due_at, arrived.acknowledged_at) == (None, None, None, None)
    assert arrived.thread_id == asked.id
    assert arrived.context.tenant == "acme"
    assert town.signal(HOME, asked.subject).progress is None
    (row,) = [row for row in town.rows(ACME, "bridge.routed") if row.entity_id == forged.id]
    assert row.meta["payload_hash"] == arrived.payload_hash != "0" * 64
    town.check()


def test_second_message_about_a_signal_changes_nothing(town: Town) -> None:
    sent = town.send(ACME, to="Sage")
    (message,) = [one for one in town[ACME].records("outbox") if one.about == sent.id]
    again = message.changed(
        id=derive_id("out", town.clock.now(), cause="again"), status="pending", due_at=town.clock.now()
    )
    town[ACME].force({kind_of(again).place_of(again): kind_of(again).write(again)})
    town.turn()
    assert len(town.home.records("signal")) == len([one for one in town.home.records("signal") if one.status]) >= 1
    assert [row.entity_id for row in town.rows(ACME, "bridge.routed")].count(sent.id) == 1
    assert {one.status for one in town[ACME].records("outbox") if one.about == sent.id} == {"sent"}
    town.check()


def test_message_about_nothing_fails_and_is_not_tried_for_ever(town: Town) -> None:
    sent = town.send(ACME, to="Sage")
    (message,) = [one for one in town[ACME].records("outbox") if one.about == sent.id]
    empty = message.changed(
        id=derive_id("out", town.clock.now(), cause="empty"), status="pending", due_at=town.clock.now(),
        about=derive_id("sig", town.clock.now(), cause="none"),
    )  # fmt: skip
    town[ACME].force({kind_of(empty).place_of(empty): kind_of(empty).write(empty)})
    town.turn()
    assert {one.status for one in town[ACME].records("outbox") if one.id == empty.id} == {"failed"}
    town.check()


def test_answer_to_a_reporter_of_a_bridges_name_is_never_answered_itself(town: Town) -> None:
    """A reporter who claims to be Sage gets the answers; were they sorted in turn, two desks would write for ever."""
    form = {"kind": "signal", "from": "Sage", "to": "Sage@PID-HOME01", "type": "Question", "subject": "an error"}
    town[ACME].give("signal.send", {"document": form}, actor="Sage")
    town.turn()
    assert town.signal(ACME, "an error").status == "routed"
    answers = [one for one in town[ACME].records("signal") if one.from_pid == HOME]
    assert answers
    assert {one.status for one in answers} == {"delivered"}
    assert len(town.home.records("signal")) == 1 + len(answers)
    town.check()


def test_row_of_a_bridge_says_who_whom_which_way_and_what(town: Town) -> None:
    """R-000-70: the same row in both views; the payload stays out of it."""
    sent = town.send(ACME, to="Sage", category="BLOCKER", body="the body of the report")
    rows = {pid: [row for row in town.rows(pid, "bridge.routed") if row.entity_id == sent.id] for pid in town.benches}
    assert rows[HOME][0].meta == {
        "from_pid": ACME, "to_pid": HOME, "from": "jade", "to": "Sage", "bridge": "Sage", "direction": "to_bridge",
        "signal_type": "Question", "category": "BLOCKER", "payload_hash": sent.payload_hash,
        "routed_at": "2026-03-01T10:00:00.000Z",
    }  # fmt: skip
    assert [row.meta for row in rows[ACME]] == [row.meta for row in rows[HOME]]
    assert rows[BETA] == []
    assert {row.meta["direction"] for row in town.rows(ACME, "bridge.routed")} == {"to_bridge", "from_bridge"}


def test_bridges_own_work_stays_in_the_home_project(town: Town) -> None:
    """R-000-67, R-000-68: of a customer's project a bridge's signals are all that it writes there."""
    town.send(ACME, to="Sage")
    town.send(ACME, to="Sage", subject="Feature request: JSON output for all commands")
    assert {one.pid for one in town.home.records("incident")} == {HOME}
    assert town.home.records("todo") != []
    for kind in ("incident", "todo", "journal", "bead", "triage_record"):
        assert town[ACME].records(kind) == []


def test_two_projects_with_the_same_report_do_not_hear_of_each_other(town: Town) -> None:
    same = {"to": "Sage", "subject": "the export crashes with an error", "dedup_key": "export"}
    town.send(ACME, **same)
    town.send(BETA, **same)
    incidents = town.home.records("incident")
    assert sorted(one.reporter_pid for one in incidents) == [ACME, BETA]
    for pid, other in ((ACME, BETA), (BETA, ACME)):
        (of_other,) = [one.id for one in incidents if one.reporter_pid == other]
        assert [path for path, data in town[pid].files().items() if of_other.encode() in data] == []
        assert [path for path, data in town[pid].files().items() if other.encode() in data] == []
    town.check()


def test_target_out_of_reach_is_tried_again_and_keeps_no_other_waiting(town: Town) -> None:
    warm = town.send(HOME, **{"from": "Sage"}, to="mayor", to_pid=ACME)
    with town.broken(ACME):
        to_acme = town.drop(HOME, **{"from": "Sage"}, to="mayor", to_pid=ACME)
        to_beta = town.drop(HOME, **{"from": "Sage"}, to="mayor", to_pid=BETA)
        town.turn(HOME, BETA)
        assert town.signal(HOME, to_acme).status == "routing"
        assert town.signal(BETA, to_beta).status == "delivered"
    town.clock.move(town.later)
    town.turn()
    assert town.signal(ACME, to_acme).status == "delivered"
    assert [warm.status, town.signal(HOME, to_acme).status] == ["routed", "routed"]
    town.check()


def test_target_that_somebody_writes_to_is_tried_again(town: Town) -> None:
    subject = town.drop(ACME, to="Sage")
    with town.home.desk.repo.writer():
        town.turn(ACME)
        assert town.signal(ACME, subject).status == "routing"
    town.clock.move(town.later)
    town.turn()
    assert town.signal(ACME, subject).status == "routed"
    town.check()


def test_target_out_of_reach_for_too_long_gives_the_signal_back(town: Town) -> None:
    town.send(ACME, to="Sage")
    with town.broken(HOME):
        subject = town.drop(ACME, to="Sage")
        for _ in range(12):
            town.turn(ACME)
            town.clock.move(town.later * 120)
    assert town.signal(ACME, subject).status == "returned"
    (row,) = town.rows(ACME, "bridge.refused")
    assert row.meta["code"] == "undeliverable"
    assert any("Not delivered" in mail.subject for mail in town.mails(ACME, "jade"))
    (message,) = [one for one in town[ACME].records("outbox") if one.status == "dead"]
    town[ACME].give("outbox.retry", {"id": message.id}, actor="cora")
    town.turn()
    assert town.signal(ACME, subject).status == "routed"
    town.check()


def test_signal_committed_by_hand_is_scanned_before_it_crosses(town: Town) -> None:
    """R-000-21: what nobody scanned in the sender's project does not come into another's history."""
    token = "ghp_" + "a1B2" * 9
    forged = town.forge(ACME, HOME, body=f"the export crashes with an error, token {token}")
    (arrived,) = [one for one in town.home.records("signal") if one.id == forged.id]
    assert token not in arrived.body
    assert [(one.pointer, one.kind) for one in arrived.redactions] == [("/body", "github_token")]
    town.check()


@pytest.mark.parametrize("kind", ["mail", "escalation", "journal", "todo"])
@pytest.mark.parametrize("name", ["Clara", "CLARA", "Sage"])
def test_file_in_a_customers_project_that_claims_to_be_from_a_bridge_is_refused(
    town: Town, kind: str, name: str
) -> None:
    """FT-04: in the customer's mailbox it would look exactly like the real one."""
    more = {"mail": {"to": "mayor", "subject": "x"}, "journal": {"subject": "x"}, "todo": {"title": "x"}}
    form = {"kind": kind, "from": name} | more.get(kind, {"severity": "LOW", "title": "x"})
    town[ACME].drop(json.dumps(form), "claim.json")
    town.turn()
    assert town.refused(ACME) == "unproven_identity"


def test_mail_of_a_claimed_bridge_never_looks_like_one_that_crossed(town: Town) -> None:
    """FT-04: while the home cannot be read nobody is known to be its bridge, and the two still differ."""
    subject = town.send(ACME, to="Sage").subject
    with town.broken(HOME):
        town[ACME].restart()
        town[ACME].drop(json.dumps({"kind": "mail", "from": "Sage", "to": "mayor", "subject": "x"}), "claim.json")
        town.turn(ACME)
    (claim,) = [mail for mail in town.mails(ACME, "mayor") if mail.sender == "Sage"]
    answers = [mail for mail in town.mails(ACME, "jade") if subject in mail.subject]
    shown = {sender_text(with_sender(mail.to_document(), ACME)) for mail in (claim, *answers)}
    assert shown == {"Sage@PID-ACME01 (claimed)", "Clara@PID-HOME01 (bridge)"}
    crossed = [signal for signal in town[HOME].records("signal") if signal.subject == subject]
    assert [(one.sender, one.from_pid, one.sender_known) for one in crossed] == [("jade", ACME, "bridge")]
    town.check()
