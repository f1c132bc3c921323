"""Where a signal may go: refused closed, with a code each; names of the own project first (R-000-58 to R-000-66)."""

from __future__ import annotations

from typing import Any

import pytest

from tests.support.town import Town

HOME, ACME, BETA = "PID-HOME01", "PID-ACME01", "PID-BETA01"


@pytest.mark.parametrize(
    ("code", "form"),
    [
        ("unknown_identity", {"to": "nobody"}),
        ("unknown_identity", {"to": "nobody", "to_pid": ACME}),
        ("unknown_pid", {"to": "Sage", "to_pid": "PID-GONE01"}),
        ("unknown_pid", {"to": "Sage@PID-GONE01"}),
        ("empty_pid", {"to": "Sage", "to_pid": ""}),
        ("bad_field", {"to": "Sage", "to_pid": "PID-HOME01/../../x"}),
        ("bad_field", {"to": "Sage@PID-HOME01/x"}),
        ("bad_field", {"to": "Sage@"}),
        ("bad_field", {"to": "Sage", "to_pid": ["PID-HOME01"]}),
        ("bad_field", {"to": "Sage", "to_pid": {"PID": 1}}),
        ("bad_field", {"to": {"name": "Sage"}}),
        ("project_isolation", {"to": "mayor", "to_pid": BETA}),
        ("project_isolation", {"to": "mayor", "to_pid": HOME}),
        ("project_isolation", {"to": "Sage", "to_pid": BETA}),
        ("unproven_identity", {"to": "mayor@PID-BETA01", "from": "Sage"}),
        ("ambiguous_target", {"to": "Sage@PID-HOME01", "to_pid": BETA}),
        ("missing_field", {"to": None}),
        ("broadcast_refused", {"to": "all"}),
        ("broadcast_refused", {"to": "@everyone", "to_pid": HOME}),
        ("broadcast_refused", {"to": "Sage,Clara"}),
        ("broadcast_refused", {"to": "*"}),
        ("broadcast_refused", {"to": ["Sage", "Clara"]}),
        ("unknown_parent", {"to": "Sage", "in_reply_to": "sig-01kjmdeb809kke0wr9nysy8t0d"}),
        ("bad_field", {"to": "Sage", "in_reply_to": "../../etc"}),
        ("unknown_field", {"to": "Sage", "from_pid": HOME}),
        ("unknown_field", {"to": "Sage", "class": "bridge"}),
        ("unknown_field", {"to": "Sage", "progress": {"stage": "closed"}}),
        ("reserved_identity", {"to": "Sage", "from": "prismfs"}),
    ],
    ids=lambda value: value if isinstance(value, str) else None,
)
def test_signal_of_a_customer_that_may_not_go_is_refused_and_reaches_nobody(
    town: Town, code: str, form: dict[str, Any]
) -> None:
    assert town.send(ACME, **form) is None
    assert town.refused(ACME) == code
    assert [town[pid].records("signal") for pid in town.benches] == [[], [], []]
    assert town.rows(HOME, "bridge.routed") == []
    town.check()


@pytest.mark.parametrize(
    ("code", "form"),
    [
        ("ambiguous_target", {"to": "jade"}),
        ("project_isolation", {"to": "jade", "to_pid": ACME, "from": "opal"}),
        ("unknown_pid", {"to": "jade", "to_pid": "PID-GONE01"}),
    ],
)
def test_signal_of_the_home_project_that_may_not_go_is_refused(town: Town, code: str, form: dict[str, Any]) -> None:
    assert town.send(HOME, **{"from": "Sage"} | form) is None
    assert town.refused(HOME) == code


@pytest.mark.parametrize("form", [{"to": "Sage"}, {"to": "sage"}, {"to": "Sage@PID-HOME01"}, {"to": "Clara"}])
def test_signal_to_a_bridge_goes_to_the_home_project(town: Town, form: dict[str, Any]) -> None:
    """R-000-60: any project of the tenant may address a bridge, by its name alone."""
    sent = town.send(ACME, **form)
    assert (sent.status, sent.to_pid) == ("routed", HOME)
    arrived = town.signal(HOME, sent.subject)
    assert (arrived.id, arrived.from_pid, arrived.sender) == (sent.id, ACME, "jade")
    assert town[BETA].records("audit") == []
    town.check()


def test_name_of_the_own_project_comes_before_a_bridge_and_its_sender_is_told(town: Town) -> None:
    """R-000-61: local names win; NAME@PID reaches the bridge all the same."""
    town.persona(ACME, "Sage")
    here = town.send(ACME, to="Sage")
    assert (here.status, here.to_pid) != ("routed", HOME)
    assert town.home.records("signal") == []
    (row,) = town.rows(ACME, "signal.received")
    assert row.meta["shadows"] == "Sage@PID-HOME01"
    assert any("Sage@PID-HOME01" in mail.body for mail in town.mails(ACME, "jade"))
    there = town.send(ACME, to="Sage@PID-HOME01")
    assert there.status == "routed"
    assert town.signal(HOME, there.subject) is not None


def test_bridge_names_project_and_identity_where_it_answers_nothing(town: Town) -> None:
    """R-000-63."""
    sent = town.send(HOME, **{"from": "Sage"}, to="mayor", to_pid=ACME)
    assert sent.status == "routed"
    assert town.signal(ACME, sent.subject).status == "delivered"
    assert [mail.sender for mail in town.mails(ACME, "mayor")] == ["Sage"]
    town.check()


def test_bridge_that_writes_to_nobody_gets_its_signal_back(town: Town) -> None:
    sent = town.send(HOME, **{"from": "Sage"}, to="nobody", to_pid=ACME)
    assert sent.status == "returned"
    (row,) = town.rows(HOME, "bridge.refused")
    assert (row.meta["code"], row.meta["to_pid"]) == ("unknown_identity", ACME)
    assert town[ACME].records("signal") == []
    assert ["unknown_identity" in mail.body for mail in town.mails(HOME, "Sage")] == [True]


def test_answer_of_a_bridge_recovers_whom_it_is_for(town: Town) -> None:
    """R-000-62: project and identity come from the signal that is answered."""
    asked = town.send(ACME, to="Clara")
    town.drop(HOME, **{"from": "Clara"}, in_reply_to=asked.id, subject="It is being looked at")
    town.turn()
    answer = town.signal(ACME, "It is being looked at")
    assert (answer.to, answer.from_pid, answer.in_reply_to, answer.thread_id) == ("jade", HOME, asked.id, asked.id)
    assert [mail.subject for mail in town.mails(ACME, "jade")] == ["It is being looked at"]
    town.check()


def test_answer_that_goes_to_another_than_who_asked_is_refused(town: Town) -> None:
    asked = town.send(ACME, to="Clara")
    for form, code in (
        ({"from": "Clara", "to": "mayor"}, "ambiguous_target"),
        ({"from": "Clara", "to": "jade", "to_pid": BETA}, "ambiguous_target"),
        ({"from": "Sage"}, "not_addressed"),
        ({"from": "opal"}, "not_addressed"),
    ):
        assert town.send(HOME, in_reply_to=asked.id, **form) is None
        assert town.refused(HOME) == code
    assert town[BETA].records("signal") == []


def test_answer_to_a_bridge_goes_on_in_the_thread(town: Town) -> None:
    asked = town.send(ACME, to="Clara")
    town.drop(HOME, **{"from": "Clara"}, in_reply_to=asked.id, subject="Since when?")
    town.turn()
    question = town.signal(ACME, "Since when?")
    told = town.send(ACME, in_reply_to=question.id, subject="Since yesterday")
    assert (told.status, told.to, told.to_pid) == ("routed", "Clara", HOME)
    assert town.signal(HOME, "Since yesterday").thread_id == asked.id
    assert town.send(ACME, **{"from": "onyx"}, in_reply_to=question.id, subject="I know better") is None
    assert town.refused(ACME) == "not_addressed"
    town.check()


@pytest.mark.parametrize(("mode", "code"), [("off", "bridge_off"), ("inbound-only", "bridge_inbound_only")])
def test_policy_of_the_sender_keeps_its_signals_at_home(town: Town, mode: str, code: str) -> None:
    """R-000-83."""
    town.edit(ACME, "settings/policy.yaml", "bridge: allow", f'bridge: "{mode}"')
    assert town.send(ACME, to="Sage") is None
    assert town.refused(ACME) == code
    assert town.home.records("signal") == []


@pytest.mark.parametrize(("mode", "status"), [("off", "returned"), ("inbound-only", "routed")])
def test_policy_of_the_addressee_says_what_comes_from_a_bridge(town: Town, mode: str, status: str) -> None:
    asked = town.send(ACME, to="Clara")
    town.edit(ACME, "settings/policy.yaml", "bridge: allow", f'bridge: "{mode}"')
    sent = town.send(HOME, **{"from": "Clara"}, in_reply_to=asked.id)
    assert sent.status == status
    assert [row.meta["code"] for row in town.rows(HOME, "bridge.refused")] == ["bridge_off"] * (mode == "off")
    town.check()


def test_policy_changed_while_a_signal_waits_still_keeps_it_here(town: Town) -> None:
    town.send(ACME, to="Sage")
    with town.broken(HOME):
        subject = town.drop(ACME, to="Sage")
        town.turn(ACME)
        assert town.signal(ACME, subject).status == "routing"
    town.edit(ACME, "settings/policy.yaml", "bridge: allow", 'bridge: "off"')
    town.clock.move(town.later)
    town.turn()
    assert town.signal(ACME, subject).status == "returned"
    assert town.rows(ACME, "bridge.refused")[0].meta["code"] == "bridge_off"
    assert town.signal(HOME, subject) is None
    town.check()


def test_signal_for_a_bridge_waits_while_nobody_can_say_who_is_one(town: Town) -> None:
    """A report must not be refused because the home project is being mended; one for somebody here need not wait."""
    with town.broken(HOME):
        subject, local = town.drop(ACME, to="Sage"), town.drop(ACME, to="mayor")
        town.turn(ACME, BETA)
        assert town.signal(ACME, local).status == "delivered"
        assert town.signal(ACME, subject) is None
        assert town.rows(ACME, "inbox.refused") == []
        assert len(list((town[ACME].root / "inbox").iterdir())) == 1
    town.turn()
    assert town.signal(ACME, subject).status == "routed"
    town.check()
