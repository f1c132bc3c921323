"""Two clones of one project look after the same incident: what its time brings is brought once (R-002-37)."""

from __future__ import annotations

from collections import Counter
from datetime import timedelta
from typing import Any

import pytest

from prismfs.engine.admin import watchdog
from prismfs.engine.admin.watchdog import Heartbeat
from prismfs.records.api import Nothing
from tests.support.clone import Clone

REPORT = """\
kind: signal
from: jade
to: Sage
type: Question
subject: Export of the link index crashes with an error
body: The nightly export crashes with a traceback, nothing is written. It worked yesterday.
"""
AGE, MINUTE = timedelta(hours=2), timedelta(minutes=1)


def settle_both(*clones: Any) -> None:
    """Publish until all clones stand at the same commit, and check each."""
    for _ in range(4):
        for clone in clones:
            clone.publish()
    assert len({clone.head() for clone in clones}) == 1
    for clone in clones:
        clone.turn()
        clone.check()
    assert len({clone.head() for clone in clones}) == 1, "a turn after it found something new"


@pytest.fixture
def reported(pair: tuple[Clone, Clone]) -> tuple[Clone, Clone]:
    """The pair, with one incident of rank 2 that both know."""
    amber, basalt = pair
    amber.drop(REPORT)
    amber.turn()
    settle_both(amber, basalt)
    (incident,) = basalt.records("incident")
    assert (incident.severity.rank, incident.level) == (2, "support")
    return pair


def test_publish_hop_by_age_seen_by_both_is_one_escalation(reported: tuple[Clone, Clone]) -> None:
    """R-002-25: both watchers see it grow old; whoever pushes second decides again and finds it done."""
    amber, basalt = reported
    for minutes, clone in enumerate((amber, basalt), start=1):  # at the same time both would make the same commits
        clone.clock.move(AGE + minutes * MINUTE)
        clone.turn()
        (incident,) = clone.records("incident")
        assert (incident.level, incident.escalations, incident.owner) == ("coordination", 2, "Petra")
    amber.publish()
    done = basalt.publish()
    assert done.tries == 2
    assert [one.known for one in done.again if one.event.kind == "incident"] == [True]
    settle_both(amber, basalt)
    (incident,) = amber.records("incident")
    assert (incident.level, incident.escalations) == ("coordination", 2)
    targets = [row.meta["escalation_target"] for row in amber.records("audit") if row.action == "incident.escalated"]
    assert targets == ["support", "coordination"]
    mails = [mail.type for mail in amber.records("mail") if mail.to == "Petra"]
    assert mails == ["task"]


def test_publish_hop_of_the_one_and_acknowledgement_of_the_other_both_stand(reported: tuple[Clone, Clone]) -> None:
    """They do not contradict: one is taken after the other, and neither is lost."""
    amber, basalt = reported
    (incident,) = amber.records("incident")
    amber.clock.move(AGE + MINUTE)
    amber.turn()
    basalt.clock.move(AGE + 2 * MINUTE)
    basalt.give("incident.ack", {"id": incident.id}, actor="olga")
    amber.publish()
    done = basalt.publish()
    assert not any(one.lost for one in done.again)
    settle_both(amber, basalt)
    (incident,) = amber.records("incident")
    assert (incident.level, incident.acknowledged_by) == ("coordination", "olga")
    assert Counter(amber.actions())["incident.escalated"] == 2


def test_publish_resolved_at_the_other_clone_takes_the_hop_back(reported: tuple[Clone, Clone]) -> None:
    """Its hop was decided late, on top of what had ended: nothing climbs after the end."""
    amber, basalt = reported
    (incident,) = amber.records("incident")
    amber.clock.move(AGE)
    amber.give("incident.resolve", {"id": incident.id, "note": "rolled back"})
    basalt.clock.move(AGE + MINUTE)
    basalt.turn()
    amber.publish()
    basalt.publish()
    settle_both(amber, basalt)
    (incident,) = basalt.records("incident")
    assert (incident.status, incident.level) == ("resolved", "support")
    assert [mail for mail in basalt.records("mail") if mail.to == "Petra"] == []


def test_publish_standstill_that_both_find_is_one_incident(reported: tuple[Clone, Clone]) -> None:
    """Both were down over the same deadline: the cause is the same."""
    amber, basalt = reported
    for minutes, clone in enumerate((amber, basalt), start=1):
        clone.clock.move(AGE + (10 + minutes) * MINUTE)
        assert len(watchdog.report_standstill(clone.desk, clone.clock.now(), None)) == 1
        clone.turn()
    amber.publish()
    basalt.publish()
    settle_both(amber, basalt)
    (stopped,) = (one for one in amber.records("incident") if one.title == "Engine loop stopped")
    assert stopped.count == 1


def test_publish_standstill_over_what_the_other_clone_kept_is_nothing(reported: tuple[Clone, Clone]) -> None:
    """This clone slept and the other one was at work all the time: no deadline was let pass."""
    amber, basalt = reported
    amber.clock.move(AGE + MINUTE)
    amber.turn()
    amber.publish()
    basalt.clock.move(AGE + 10 * MINUTE)
    (told,) = watchdog.report_standstill(basalt.desk, basalt.clock.now(), None)
    done = basalt.publish()
    (again,) = (one for one in done.again if one.event.cause == told.event.cause)
    assert isinstance(again.decision, Nothing)
    settle_both(amber, basalt)
    assert not [one for one in amber.records("incident") if one.title == "Engine loop stopped"]


def test_publish_two_watchers_that_died_count_on_one_incident(reported: tuple[Clone, Clone]) -> None:
    amber, basalt = reported
    for minutes, clone in enumerate((amber, basalt), start=1):
        heartbeat = Heartbeat(clone.clock.now() + minutes * MINUTE, "watching")
        clone.clock.move(20 * MINUTE)
        assert len(watchdog.report_standstill(clone.desk, clone.clock.now(), heartbeat)) == 1
    amber.publish()
    basalt.publish()
    settle_both(amber, basalt)
    (stopped,) = (one for one in amber.records("incident") if one.title == "Engine loop stopped")
    assert stopped.count == 2
