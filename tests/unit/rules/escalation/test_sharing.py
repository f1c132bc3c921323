"""A clone that cannot share: one escalation until it can, and another one for the next time (FG-07)."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest

from prismfs.engine.admin.engine_keys import next_key
from prismfs.engine.tenant.sharing import report_sharing
from prismfs.kinds.escalation.escalation import Escalation
from prismfs.records.api import Document, format_instant
from prismfs.store.engine_key import CloneEngine, read_engine
from tests.support.project import START, Project


def report(bench: Project, since: datetime | None) -> int:
    failed: Document = {"code": "push_refused", "message": "words"}
    failed |= {} if since is None else {"since": format_instant(since)}
    return len(report_sharing(bench.desk, bench.clock.now(), None if since is None else failed))


def told(bench: Project) -> list[Escalation]:
    return [one for one in bench.records("bead") if isinstance(one, Escalation)]


def test_sharing_that_fails_is_one_escalation_until_it_works(bench: Project) -> None:
    assert report(bench, None) == 0
    assert [report(bench, START), report(bench, START)] == [1, 0]
    (bead,) = told(bench)
    engine = read_engine(bench.desk.repo.state)
    assert engine is not None
    assert bead.title == f"{engine.name} cannot share its project: push_refused"
    assert (bead.status, bead.reporter, bead.tier) == ("open", "prismfs", "overseer")
    assert "words" not in bead.body, "what a remote says stays out of the history"
    assert [report(bench, None), report(bench, None)] == [1, 0]
    (bead,) = told(bench)
    assert (bead.status, bead.closed_by) == ("closed", "prismfs")
    bench.clock.move(timedelta(hours=1))
    assert report(bench, bench.clock.now()) == 1
    assert [one.status for one in told(bench)] == ["closed", "open"]
    bench.turn()
    bench.check_whole()


@pytest.mark.parametrize("works", [True, False])
def test_sharing_escalation_stays_the_clones_when_its_engine_has_another_key(bench: Project, works: bool) -> None:
    """It stayed open for ever, and the engine of the new key opened another one."""
    report(bench, START)
    _, own = next_key(bench.desk, dry_run=False)
    old = read_engine(bench.desk.repo.state).name
    bench.give("keys.enrol", {"name": own.name, "key": own.key})
    bench.give("keys.revoke", {"name": old})
    bench.restart()
    bench.drop("kind: journal\nfrom: jade\nsubject: by the new one\n")
    bench.turn()
    assert read_engine(bench.desk.repo.state) == CloneEngine(own.name, first=old)
    assert report(bench, None if works else START) == int(works)
    assert [one.status for one in told(bench)] == ["closed" if works else "open"]
    bench.turn()
    assert bench.problems() == ()


def test_sharing_whose_escalation_a_person_closed_is_not_told_again_of_the_same_time(bench: Project) -> None:
    report(bench, START)
    bench.give("escalate.close", {"id": told(bench)[0].id, "reason": "the network is being moved"})
    assert [report(bench, START), report(bench, None)] == [0, 0]
    assert report(bench, START + timedelta(hours=1)) == 1


def test_sharing_signature_that_a_person_gives_is_another(bench: Project) -> None:
    engine = read_engine(bench.desk.repo.state)
    assert engine is not None
    bench.drop(f"kind: escalation\nfrom: jade\nseverity: LOW\ntitle: mine\nsignature: 'sharing:{engine.name}'\n")
    bench.turn()
    assert [report(bench, None), report(bench, START)] == [0, 1]
    assert len(told(bench)) == 2
