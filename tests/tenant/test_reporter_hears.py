"""Whoever reports something hears of every step, in its own project and without asking (R-000-81, R-000-85)."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

import pytest

from prismfs.cli.core.status_detail import read_status_detail
from prismfs.engine.turn import tracker_sync
from prismfs.kinds import kind_of
from prismfs.kinds.care.settings.tracker import Tracker
from prismfs.records.stage import stage_order
from prismfs.store.reading import reading
from tests.support.town import Town

ACME = "PID-ACME01"

PRODUCT = "The prismfs watcher crashes with a traceback when `prismfs escalate` reads its body from standard input."


class Reported:
    """The home's desk and one reporter: what jade in ACME sent, and what she has heard of it."""

    def __init__(self, town: Town, body: str = PRODUCT) -> None:
        self.town = town
        tracker = Tracker(transport="file")
        town.home.settle_by_hand({kind_of(tracker).folder: kind_of(tracker).write(tracker)})
        self.sent = town.send(ACME, to="Sage", body=body)

    def heard(self) -> list[str]:
        """Return the stages that jade was told of, each once, in the order of the news."""
        answers = [
            signal
            for signal in self.town[ACME].records("signal")
            if signal.in_reply_to == self.sent.id and signal.progress is not None
        ]
        answers.sort(key=lambda answer: (answer.progress.at, stage_order(answer.progress.stage)))
        return list(dict.fromkeys(answer.progress.stage for answer in answers))

    def record(self) -> Any:
        """Return the newest phone-home in the home project."""
        return max(self.town.home.records("phone_home"), key=lambda record: record.id)

    def give(self, verb: str, actor: str = "olga", **document: Any) -> None:
        """Give a command about it in the home project, and let everything arrive."""
        self.town.home.give(verb, {"id": self.record().id, **document}, actor=actor)
        self.town.turn()

    def wait(self, by: timedelta) -> None:
        self.town.clock.move(by)
        self.town.turn()

    def tracker(self, **changes: Any) -> None:
        """Change the filed issue as somebody at the tracker does, and look."""
        path = self.town.home.root / "run" / "tracker" / "1.json"
        path.write_text(json.dumps(json.loads(path.read_text()) | changes))
        found, problems = tracker_sync.pull(self.town.home.desk, self.town.clock.now())
        assert problems == ()
        tracker_sync.commit_changes(self.town.home.desk, found, self.town.clock.now())
        self.town.turn()

    def standing(self) -> dict[str, Any]:
        """Return what `prismfs status` says of the signal in jade's project."""
        self.town[ACME].desk.repo.bring_window()
        with reading(self.town[ACME].root) as connection:
            return read_status_detail(connection, self.sent.id)


@pytest.fixture
def desk(town: Town) -> Reported:
    return Reported(town)


def test_reporter_hears_from_the_report_to_the_closed_issue(desk: Reported) -> None:
    desk.wait(timedelta(minutes=1))
    assert desk.heard() == ["triaged", "pending_review"]
    assert desk.standing()["stage"] == "pending_review"
    desk.give("phone_home.approve", notes="fine")
    assert desk.standing()["stage"] == "shipped"
    (filed,) = [answer for answer in desk.town[ACME].records("signal") if "issue #1" in answer.body]
    assert (filed.sender, filed.in_reply_to) == ("Clara", desk.sent.id), "R-000-52"
    note = {"id": "c1", "author": "ann", "body": "we look into it", "created_at": "2026-03-01T11:00:00Z"}
    desk.wait(timedelta(minutes=30))
    desk.tracker(updated_at="2026-03-01T11:00:00Z", comments=[note])
    assert desk.standing()["stage"] == "updated"
    desk.wait(timedelta(minutes=30))
    desk.tracker(updated_at="2026-03-01T12:00:00Z", state="closed", reason="completed")
    standing = desk.standing()
    assert (standing["stage"], standing["last_event"], standing["owner"]) == ("closed", "closed", "Clara")
    assert (standing["issue_url"], standing["issue_number"]) == ("run/tracker/1.json", 1)
    assert desk.heard()[-4:] == ["pending_review", "shipped", "updated", "closed"]
    mails = [mail for mail in desk.town.mails(ACME, "jade") if mail.type == "reply"]
    assert len(mails) == len([one for one in desk.town[ACME].records("signal") if one.in_reply_to == desk.sent.id])
    desk.town.check()


def test_reporter_hears_that_it_was_received_where_a_person_sorts(town: Town) -> None:
    town.edit("PID-HOME01", "roster/sage.yaml", "role: intake", "role: intake\nautomation: {mode: person}")
    desk = Reported(town)
    assert desk.heard() == ["received"]
    assert desk.standing()["stage"] == "received"
    assert desk.standing()["owner"] == "Sage"
    desk.wait(timedelta(minutes=16))
    assert desk.heard() == ["received", "overdue"], "R-000-80"


def test_reporter_hears_of_a_rejection(desk: Reported) -> None:
    desk.wait(timedelta(minutes=1))
    desk.give("phone_home.reject", notes="known and intended")
    assert desk.heard()[-1] == "rejected"
    assert desk.standing()["stage"] == "rejected"


def test_reporter_hears_of_a_review_that_expired(desk: Reported) -> None:
    for _ in range(20):
        desk.wait(timedelta(hours=4))
    assert "expired" in desk.heard()
    assert desk.standing()["issue_url"] is None


def test_reporter_hears_of_a_duplicate(desk: Reported) -> None:
    desk.wait(timedelta(minutes=1))
    desk.give("phone_home.approve", notes="fine")
    assert desk.heard()[-1] == "shipped"
    desk.wait(timedelta(minutes=1))
    desk.town.home.give("phone_home.stage", {"id": desk.record().incident}, actor="Clara")
    desk.town.turn()
    desk.wait(timedelta(minutes=1))
    desk.give("phone_home.approve", notes="fine")
    assert desk.heard()[-1] == "duplicate"
    assert desk.standing()["issue_number"] == 1


def test_reporter_hears_what_to_do_where_it_stays_with_the_customer(town: Town) -> None:
    """R-000-28."""
    desk = Reported(town, "Our own deploy script of our service fails with an exception since our database moved.")
    assert desk.heard()[-1] == "triaged"
    assert town.home.records("phone_home") == []
    desk.town.home.give("incident.resolve", {"id": town.home.records("incident")[0].id, "note": "moved"})
    desk.wait(timedelta(minutes=1))
    assert desk.standing()["stage"] == "resolved"


def test_question_is_answered_over_the_bridge_with_its_source(town: Town) -> None:
    """R-000-18."""
    article = {
        "name": "rotate-key",
        "title": "Rotating the signing key",
        "source": "handbook, chapter 3",
        "body": "How to rotate the signing key of the exporter: run rotate-key and restart the exporter.",
    }
    town.home.give("kb.add", {"document": article})
    sent = town.send(ACME, to="Sage", subject="How do I rotate the signing key of the exporter?")
    (answer,) = [signal for signal in town[ACME].records("signal") if signal.in_reply_to == sent.id]
    assert answer.progress.stage == "answered"
    assert "Source: handbook, chapter 3" in answer.body
