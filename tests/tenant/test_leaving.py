"""A project that the home takes off its list: what is under way between the two."""

from __future__ import annotations

from tests.support.town import HOME, Town

ACME = "PID-ACME01"


def test_member_that_is_taken_out_has_back_what_is_under_way_and_nothing_is_lost(town: Town) -> None:
    """Each way, what had been accepted and had not arrived is given back with the reason, to who had sent it."""
    with town[HOME].desk.repo.writer():
        there = town.drop(ACME, to="Sage")
        town.turn(ACME)
    with town[ACME].desk.repo.writer():
        back = town.drop(HOME, **{"from": "Sage"}, to="mayor", to_pid=ACME)
        town.turn(HOME)
    under_way = [(ACME, there), (HOME, back)]
    assert [town.signal(pid, subject).status for pid, subject in under_way] == ["routing", "routing"]
    town.home.give("tenant.remove", {"pid": ACME})
    town.clock.move(town.later)
    town.turn()
    found = [town.signal(pid, subject) for pid, subject in under_way]
    assert [signal.status for signal in found] == ["returned", "returned"]
    assert [row.meta["code"] for pid, _ in under_way for row in town.rows(pid, "bridge.refused")] == [
        "not_a_member"
    ] * 2
    assert [town.signal(pid, subject) for pid, subject in ((HOME, there), (ACME, back))] == [None, None]
    assert [bool(town.mails(pid, to)) for pid, to in ((ACME, "jade"), (HOME, "Sage"))] == [True, True]
    town.check()
