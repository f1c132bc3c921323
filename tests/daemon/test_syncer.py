"""Filed issues are looked after on a schedule, in a thread, with no commit where nothing differs (R-000-78).

The clock is moved by hand; the tracker is a folder, and a GitHub of our own behind the real `gh`.
"""

from __future__ import annotations

import json
import os
import threading
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest

from prismfs.daemon.syncer import LONGEST_WAIT, Syncer, Tended
from prismfs.engine.turn.tracker_sync import following
from prismfs.errors import StoreError
from prismfs.kinds import kind_of
from prismfs.kinds.care.phone_home import PhoneHome
from prismfs.kinds.care.settings.tracker import Tracker
from prismfs.records.api import Plan, derive_id
from tests.support.drops import signal
from tests.support.github import GitHub
from tests.support.project import Project

LIMIT = 20.0
EVERY = timedelta(minutes=15)


class Followed:
    """A bench whose tracker has filed issues, and a syncer over it."""

    def __init__(self, bench: Project, **tracker: Any) -> None:
        self.bench = bench
        self.woken = threading.Event()
        self.syncer = Syncer(self.woken.set)
        settings = Tracker.from_document({"kind": "tracker", "version": 1, **tracker})
        self.destination = settings.destination
        bench.drop(
            "kind: signal\nfrom: jade\nto: Sage\ntype: Question\nsubject: export crashes\n"
            "body: it crashes with a traceback since today\n"
        )
        bench.turn()
        (self.incident,) = bench.records("incident")
        bench.settle_by_hand({"settings/tracker.yaml": kind_of(settings).write(settings)})
        bench.turn()

    def file(self, number: int = 1, url: str | None = None, **fields: Any) -> str:
        """Put the record of an issue that was filed."""
        identifier = derive_id("pho", self.bench.clock.now(), cause=f"filed {number}", role="")
        record = PhoneHome.from_document(
            {
                "kind": "phone_home", "version": 1, "id": identifier, "pid": "PID-TEST01", "source_pid": "PID-TEST01",
                "incident": self.incident.id, "signal": self.incident.opened_by, "scope": "prism-product",
                "severity": self.incident.severity.to_document(), "nature": "defect", "title": "export crashes",
                "body_markdown": "It crashes.", "status": "shipped", "destination": self.destination,
                "requested_by": "Clara", "staged_at": "2026-03-01T10:00:00.000Z", "idempotency_key": f"{number:064x}",
                "issue_url": url or f"run/tracker/{number}.json", "issue_number": number, "issue_state": "open",
                "issue_updated_at": "2026-03-01T10:00:00Z", **fields,
            }
        )  # fmt: skip
        self.bench.force({kind_of(record).place_of(record): kind_of(record).write(record)})
        self.bench.turn()
        return identifier

    def write(self, number: int = 1, text: str | None = None, **fields: Any) -> None:
        """Write an issue into the folder that is the tracker."""
        folder = self.bench.root / "run" / "tracker"
        folder.mkdir(parents=True, exist_ok=True)
        document = {
            "number": number, "url": f"run/tracker/{number}.json", "state": "open", "title": "export crashes",
            "updated_at": "2026-03-01T10:00:00Z", "comments": [], "body": "It crashes.", **fields,
        }  # fmt: skip
        (folder / f"{number}.json").write_text(json.dumps(document) if text is None else text)

    def tend(self) -> Tended:
        """Tend once."""
        return self.syncer.tend(self.bench.desk, self.bench.clock.now())

    def look(self) -> Tended:
        """Begin a look, wait for its answer and take it."""
        self.woken.clear()
        assert self.tend() == Tended()
        assert not self.syncer.idle(), "nobody was asked"
        assert self.woken.wait(LIMIT)
        return self.tend()

    def told(self) -> dict[str, Any]:
        found: dict[str, Any] = json.loads((self.bench.root / "run" / "sync.json").read_text())
        return found

    def answers(self) -> list[str]:
        return [mail.subject for mail in self.bench.records("mail") if mail.to == "jade" and "Issue" in mail.subject]


@pytest.fixture
def place(bench: Project) -> Iterator[Followed]:
    made = Followed(bench, transport="file")
    yield made
    made.syncer.finish()


def test_change_is_committed_and_told_once(place: Followed) -> None:
    identifier = place.file()
    place.write(state="closed", reason="completed", updated_at="2026-03-01T10:05:00Z")
    (outcome,) = place.look().outcomes
    assert isinstance(outcome.decision, Plan)
    assert outcome.decision.subject == identifier
    assert place.answers() == ["Issue 1 was closed as completed: export crashes"]
    head = place.bench.head()
    place.bench.clock.move(EVERY)
    assert place.look() == Tended()
    assert place.bench.head() == head
    assert place.bench.problems() == ()


def test_nothing_differs_makes_no_commit(place: Followed) -> None:
    place.file()
    place.write()
    head = place.bench.head()
    assert place.look() == Tended()
    assert place.bench.head() == head
    assert place.told()["issues"] == 1


def test_asked_again_only_after_the_interval(place: Followed) -> None:
    place.file()
    place.write()
    place.look()
    due = place.syncer.next_at(place.bench.desk)
    assert due == place.bench.clock.now() + EVERY
    place.bench.clock.move(EVERY - timedelta(milliseconds=1))
    place.tend()
    assert place.syncer.idle()
    place.bench.clock.move(timedelta(milliseconds=1))
    place.tend()
    assert not place.syncer.idle()


def test_next_watcher_asks_when_the_last_look_is_older_than_the_interval(place: Followed) -> None:
    place.file()
    place.write()
    place.look()
    for wait, asked in ((EVERY / 2, False), (EVERY / 2, True)):
        place.bench.clock.move(wait)
        place.syncer.finish()
        place.syncer = Syncer(place.woken.set)
        place.tend()
        assert place.syncer.idle() is not asked


@pytest.mark.parametrize("text", ["{", "[]", "{}", '{"at": "2026-03-01T10:00:00Z", "failures": "x"}', '{"at": 1}'])
def test_file_of_the_last_look_may_hold_anything(place: Followed, text: str) -> None:
    place.file()
    place.write()
    (place.bench.root / "run").mkdir(exist_ok=True)
    (place.bench.root / "run" / "sync.json").write_text(text)
    place.bench.clock.move(EVERY)
    assert place.look() == Tended()
    assert place.told()["failures"] == 0


def test_last_look_in_the_future_does_not_keep_it_from_asking(place: Followed) -> None:
    place.file()
    place.write()
    (place.bench.root / "run").mkdir(exist_ok=True)
    (place.bench.root / "run" / "sync.json").write_text('{"at": "2999-01-01T00:00:00Z", "failures": 0}')
    assert place.look() == Tended()
    assert place.told()["at"] < "2999"


def test_pipe_in_the_trackers_folder_holds_nothing_up(place: Followed) -> None:
    """It is opened without waiting for a writer, and refused."""
    place.file()
    folder = place.bench.root / "run" / "tracker"
    folder.mkdir(parents=True)
    os.mkfifo(folder / "1.json")
    tended = place.look()
    assert [error.code for error in tended.errors] == ["not_a_file"]


def test_one_issue_that_cannot_be_read_keeps_no_other_back(place: Followed) -> None:
    place.file(1)
    place.file(2)
    place.write(1, text='{"number": 1')
    place.write(2, state="closed", updated_at="2026-03-01T10:05:00Z")
    tended = place.look()
    assert [error.code for error in tended.errors] == ["syntax"]
    assert place.answers() == ["Issue 2 was closed: export crashes"]
    assert place.told()["error"]["code"] == "syntax"
    assert place.syncer.problem(place.bench.desk) == place.told()["error"]


def test_failures_wait_longer_each_time_and_a_success_ends_that(bench: Project) -> None:
    place = Followed(bench, transport="gh", repository="acme/product", gh=["/nonexistent/gh"])
    try:
        place.file(url="https://github.com/acme/product/issues/1")
        waits = []
        for _ in range(7):
            tended = place.look()
            assert [error.code for error in tended.errors] == ["phone_home_auth_required"]
            due = place.syncer.next_at(bench.desk)
            assert due is not None
            waits.append(due - bench.clock.now())
            bench.clock.move(waits[-1])
        assert waits[:4] == [EVERY * 2, EVERY * 4, EVERY * 8, EVERY * 16]
        assert waits[-1] == LONGEST_WAIT
        settings = Tracker.from_document({"kind": "tracker", "version": 1, "transport": "file"})
        bench.settle_by_hand({"settings/tracker.yaml": kind_of(settings).write(settings)})
        place.destination = "file"
        place.file(2)
        place.write(2)
        place.look()
        assert place.told()["failures"] == 0
        assert place.told()["error"] is None
    finally:
        place.syncer.finish()


def test_dry_run_is_never_asked(bench: Project) -> None:
    place = Followed(bench, transport="dry-run")
    try:
        place.file()
        assert place.tend() == Tended()
        assert place.syncer.idle()
        assert place.syncer.next_at(bench.desk) is None
        assert not (bench.root / "run" / "sync.json").exists()
    finally:
        place.syncer.finish()


def test_transport_that_is_turned_off_meanwhile_is_not_waited_for(place: Followed) -> None:
    place.file()
    place.write()
    place.tend()
    settings = Tracker()
    place.bench.settle_by_hand({"settings/tracker.yaml": kind_of(settings).write(settings)})
    assert place.tend() == Tended()
    assert place.syncer.idle()


def test_issues_of_another_destination_and_long_closed_ones_are_left_alone(place: Followed) -> None:
    place.file(1, destination="github.com/acme/elsewhere")
    place.file(2, issue_state="closed", issue_updated_at="2026-01-01T10:00:00Z")
    place.file(3, issue_state="closed", issue_updated_at="2026-02-27T10:00:00Z")
    place.file(4, issue_number=None)
    place.file(5)
    place.file(6, status="failed")
    found = following(place.bench.desk, place.bench.clock.now())
    assert sorted(record.issue_number or 0 for record in found) == [3, 5]


def test_answer_that_cannot_be_committed_is_kept(place: Followed, monkeypatch: pytest.MonkeyPatch) -> None:
    place.file()
    place.write(state="closed", updated_at="2026-03-01T10:05:00Z")
    place.tend()
    assert place.woken.wait(LIMIT)

    def full(name: str) -> None:
        raise StoreError("disk_full", "the disk is full")

    place.bench.close()
    place.bench.desk = type(place.bench.desk)(place.bench.root, crash_point=full)
    with pytest.raises(StoreError):
        place.tend()
    assert not place.syncer.idle()
    place.bench.restart()
    assert len(place.tend().outcomes) == 1
    assert place.answers() == ["Issue 1 was closed: export crashes"]


def test_github_is_asked_by_gh(bench: Project, github: GitHub) -> None:
    forge = github.forge
    first = forge.add_issue("export crashes")
    place = Followed(bench, transport="gh", repository="acme/product", gh_config=str(github.config))
    try:
        place.file(url=first["url"])
        assert place.look() == Tended()
        forge.comment(first, "ann", "we look into it\n@jade")
        first |= {"state": "CLOSED", "stateReason": "NOT_PLANNED", "updatedAt": "2026-03-02T11:00:00Z"}
        bench.clock.move(timedelta(days=2))
        (outcome,) = place.look().outcomes
        assert isinstance(outcome.decision, Plan)
        (record,) = bench.records("phone_home")
        assert (record.issue_state, record.issue_reason, record.comments_seen) == ("closed", "not_planned", ("IC_1",))
        assert place.answers() == ["Issue 1 was closed as not planned: export crashes"]
        assert set(forge.steps) == {"states"}
        forge.faults["states"] = [503]
        bench.clock.move(EVERY)
        assert [error.code for error in place.look().errors] == ["phone_home_repo_access_denied"]
        assert bench.problems() == ()
    finally:
        place.syncer.finish()


def test_github_that_hangs_holds_no_turn(bench: Project, github: GitHub) -> None:
    place = Followed(bench, transport="gh", repository="acme/product", gh_config=str(github.config), timeout="2s")
    try:
        place.file(url=github.forge.add_issue("export crashes")["url"])
        github.forge.faults["states"] = ["hang"]
        place.tend()
        bench.drop(signal("How do I set the number of workers?"))
        assert bench.turn() != []
        assert place.tend() == Tended()
        assert not place.syncer.idle()
        assert place.woken.wait(LIMIT)
        assert len(place.tend().errors) == 1
    finally:
        place.syncer.finish()
