"""Roles in an incident: who has one, who takes whose place, and who hears of it (FD-34)."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError

from prismfs.kinds.response.incident import MOST_ROLES, Incident, RoleHeld
from prismfs.kinds.response.settings.response import Response, Role
from prismfs.records.api import Nothing, Refused
from tests.support.memory import MakeRules, MemoryProject


@pytest.fixture
def rules(make_rules: MakeRules) -> MemoryProject:
    return make_rules()


def hand_over(rules: MemoryProject, incident: Incident, *, actor: str = "frank", **said: Any) -> Any:
    """Hand over; the record afterwards, or the problem's code, or the reason of a Nothing."""
    decision = rules.give("incident.hand_over", {"id": incident.id, **said}, actor=actor)
    if isinstance(decision, Refused):
        return decision.problem.code
    return decision.reason if isinstance(decision, Nothing) else rules.fresh(incident)


def test_lead_is_taken_over_and_both_hear_of_it(rules: MemoryProject) -> None:
    incident = rules.open_incident(severity="P2")
    rules.give("incident.ack", {"id": incident.id}, actor="Clara")
    answered = rules.fresh(incident).responded_at
    rules.wait(minutes=10)
    handed = hand_over(rules, incident, to="Petra")
    assert (handed.responder, handed.owner, handed.responded_at) == ("Petra", incident.owner, answered)
    assert [mail.subject for mail in rules.mails("Petra")][-1].startswith("Commander: ")
    assert "You are commander no more: Petra is." in rules.mails("Clara")[-1].body
    assert hand_over(rules, incident, to="petra") == "petra is commander already"
    taken = hand_over(rules, incident, to="Clara", actor="Clara")
    assert [(each.role, each.identity, each.by) for each in taken.roles] == [("commander", "Clara", "Clara")]


def test_ack_of_one_that_was_handed_over_before_is_the_last_word(rules: MemoryProject) -> None:
    incident = rules.open_incident(severity="P2")
    hand_over(rules, incident, to="Petra")
    rules.give("incident.ack", {"id": incident.id}, actor="Cheryl")
    assert (rules.fresh(incident).responder, rules.fresh(incident).roles) == ("Cheryl", ())


def test_hand_over_refused(rules: MemoryProject) -> None:
    incident = rules.open_incident(severity="P2")
    assert hand_over(rules, incident, to="Petra", role="cook") == "unknown_role"
    assert hand_over(rules, incident, to="nobody-here") == "unknown_identity"
    assert hand_over(rules, incident, role="investigator", leaving="Petra") == "nobody_named"
    role = RoleHeld(role="investigator", identity="Petra", since=rules.now, by="frank")
    named = tuple(role.changed(identity=f"agent-{number}") for number in range(MOST_ROLES))
    rules.put(rules.fresh(incident).changed(roles=named))
    assert hand_over(rules, incident, to="Petra") == "too_many_roles"
    rules.put(rules.fresh(incident).changed(roles=()))
    rules.give("incident.close", {"id": incident.id, "false_positive": True, "reason": "x"})
    assert hand_over(rules, incident, to="Petra") == "already_closed"


@pytest.mark.parametrize(
    "roles",
    [
        (Role(role="scribe"),),
        (Role(role="commander", leads=True), Role(role="other", leads=True)),
        (Role(role="commander", leads=True, many=True),),
        (Role(role="commander", leads=True), Role(role="commander")),
    ],
)
def test_roles_of_the_settings_have_one_that_leads(roles: tuple[Role, ...]) -> None:
    with pytest.raises(ValidationError):
        Response(roles=roles)
