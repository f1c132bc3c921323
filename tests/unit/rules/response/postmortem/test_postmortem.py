"""The duty to review an incident, and the review itself: what it must have, and where it is kept (C-117)."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any

import pytest

from prismfs.kinds import kind_of
from prismfs.kinds.care.kb import Article
from prismfs.kinds.core.audit import INCIDENT_META, Audit
from prismfs.kinds.core.mail import Mail
from prismfs.kinds.response.incident import Incident
from prismfs.records.api import Decision, Event, Nothing, Plan, Refused
from tests.support.memory import MakeRules, MemoryProject, code

TIMELINE = "- 2026-03-01 10:00Z — payments answer with errors — alert 7\n- 2026-03-01 10:30Z — rolled back — deploy log"
WHYS = "\n".join(f"{number}. Why did step {number} fail? — step {number + 1} had failed" for number in range(1, 6))
IMPACT = "- **Customers:** 12 could not pay\n- **Revenue:** 340 USD\n- **Operations:** none measured"
PARTS = {
    "Timeline": TIMELINE,
    "Root Cause": WHYS,
    "Impact": IMPACT,
    "Corrective Actions": "1. [P0] refuse a deploy without a test — gwen",
    "Process Improvements": "- the runbook of payments says how to roll back",
}


def markdown(**changed: str | None) -> str:
    """A review with all five parts, some of them otherwise or (None) missing."""
    parts = {**PARTS, **{name.replace("_", " "): text for name, text in changed.items()}}
    return "".join(f"## {name}\n\n{text}\n\n" for name, text in parts.items() if text is not None)


class Case:
    """One incident, opened by the operator, and what is done to it."""

    def __init__(self, rules: MemoryProject, severity: str = "P1", **fields: Any) -> None:
        self.rules = rules
        self.id = rules.open_incident(subject="Payments answer with errors", severity=severity, **fields).id

    @property
    def record(self) -> Incident:
        found = self.rules.view.get(Incident, self.id)
        assert isinstance(found, Incident)
        return found

    def give(self, verb: str, *, actor: str = "frank", **document: Any) -> Decision:
        self.rules.wait(minutes=1)
        return self.rules.give(verb, {"id": self.id, **document}, actor=actor)

    def resolved(self) -> Case:
        assert isinstance(self.give("incident.resolve", note="rolled back"), Plan)
        return self

    def submit(self, body: str | None = None, *, actor: str = "jade") -> Decision:
        return self.give("review.store", body=markdown() if body is None else body, actor=actor)

    def rows(self, action: str) -> list[Audit]:
        return [row for row in self.rules.rows(action) if row.entity_id == self.id]


MakeCase = Callable[..., Case]


@pytest.fixture
def make_case(make_rules: MakeRules) -> MakeCase:
    return lambda *arguments, **fields: Case(make_rules(), *arguments, **fields)


# Who owes one


@pytest.mark.parametrize(("severity", "owed"), [("P0", True), ("P1", True), ("P2", False), ("P3", False)])
def test_close_without_review_is_refused_for_p0_and_p1_alone(make_case: MakeCase, severity: str, owed: bool) -> None:
    case = make_case(severity).resolved()
    decision = case.give("incident.close")
    assert (case.record.status == "closed") is not owed
    assert not owed or code(decision) == "review_missing"


def test_incident_that_was_p1_and_is_p3_now_still_owes_a_review(make_case: MakeCase) -> None:
    case = make_case("P1")
    case.give("incident.triage", severity="P3", reason="only the colours")
    assert (case.record.severity.label, case.record.sev_max.label) == ("P3", "P1")
    assert code(case.resolved().give("incident.close")) == "review_missing"


def test_drill_owes_no_review(make_case: MakeCase) -> None:
    case = make_case("P0", drill=True).resolved()
    assert case.rows("incident.review_commissioned") == []
    assert isinstance(case.give("incident.close"), Plan)


def test_what_the_retry_engine_resolved_owes_no_review_until_it_comes_back(make_case: MakeCase) -> None:
    case = make_case("P1")
    kind, over = kind_of(Incident), {"status": "auto_resolved", "auto_resolved": True, "resolved_at": case.rules.now}
    case.rules.view.put_file(kind.path_of(case.id), kind.write(case.record.changed(**over)))
    before = case.rules.view.copy()
    assert isinstance(case.give("incident.close"), Plan)
    case.rules.view = before
    assert isinstance(case.give("incident.reopen", reason="it is back"), Plan)
    assert code(case.resolved().give("incident.close")) == "review_missing"


def test_resolution_commissions_the_review_in_business_days(make_case: MakeCase) -> None:
    case = make_case("P1").resolved()  # on a Sunday
    resolved: datetime = case.record.resolved_at
    assert case.record.timers.review == case.record.due_at == resolved.replace(day=6)
    (row,) = case.rows("incident.review_commissioned")
    assert set(INCIDENT_META) <= set(row.meta)
    assert row.level == "warn"
    assert row.meta["review_due"] == "2026-03-06T10:01:00.000Z"
    told = [mail for mail in case.rules.all(Mail) if mail.subject.startswith("Review P1")]
    assert {mail.to for mail in told} == {"Atlas", case.record.owner}
    assert {mail.type for mail in told} == {"task"}


def test_review_that_is_late_is_told_once_and_again_after_five_business_days(make_case: MakeCase) -> None:
    case = make_case("P1").resolved()
    case.rules.now = case.record.timers.review
    assert case.rules.run_due() == []  # at its very time it is not late
    case.rules.wait(seconds=1)
    case.rules.run_due()
    (row,) = case.rows("incident.review_overdue")
    assert (row.level, row.meta["due_at"]) == ("error", "2026-03-06T10:01:00.000Z")
    case.rules.wait(days=6)
    case.rules.run_due()
    assert len(case.rows("incident.review_overdue")) == 1
    case.rules.wait(days=1, seconds=1)
    case.rules.run_due()
    assert len(case.rows("incident.review_overdue")) == 2
    assert len([mail for mail in case.rules.all(Mail) if mail.subject.startswith("Review is late")]) == 4


def test_review_in_time_ends_the_waiting(make_case: MakeCase) -> None:
    case = make_case("P1").resolved()
    assert isinstance(case.submit(), Plan)
    assert case.record.due_at is None
    case.rules.wait(days=60)
    case.rules.run_due()
    assert case.rows("incident.review_overdue") == []


# What it must have, and where it is kept


def test_review_is_kept_as_a_tagged_article_and_linked_in_the_audit_trail(make_case: MakeCase) -> None:
    case = make_case("P1").resolved()
    assert isinstance(case.submit(), Plan)
    article = case.rules.view.get(Article, f"review-{case.id}")
    assert article.tags == ("post-incident-review",)
    assert article.body == markdown()
    assert (case.record.status, case.record.review) == ("in_review", article.name)
    (row,) = case.rows("incident.review")
    assert set(INCIDENT_META) <= set(row.meta)
    assert (row.meta["review"], row.meta["path"]) == (article.name, f"kb/{article.name}.yaml")
    assert row.meta["on_time"] is True
    assert isinstance(case.give("incident.close"), Plan)
    assert case.record.status == "closed"


@pytest.mark.parametrize("missing", list(PARTS))
def test_review_without_a_part_is_refused_naming_it(make_case: MakeCase, missing: str) -> None:
    case = make_case().resolved()
    decision = case.submit(markdown(**{missing: None}))
    assert code(decision) == "section_missing"
    assert isinstance(decision, Refused)
    assert decision.problem.message == f"PIR-1 lacks: {missing}"
    assert case.record.review is None


FOUR = WHYS.rsplit("\n", 1)[0]


@pytest.mark.parametrize(
    ("text", "accepted"),
    [
        (WHYS, True),
        (FOUR, False),
        (FOUR + "\n\nStopped: the next cause is a supplier's.", True),
        (FOUR + "\n\nStopped:", False),
        ("Stopped: nobody knows.", False),
        ("The disk was full.", False),
        ("\n".join(f"{number}. Why?" for number in range(1, 6)), False),
        (WHYS.replace("1.", "-").replace("2.", "-"), False),
        (WHYS + "\n6. Why was that? — it was never tested", True),
    ],
    ids=["five", "four", "four and why no more", "four and no reason", "none and a reason", "no list", "no answers",
         "bullets", "six"],
)  # fmt: skip
def test_why_is_asked_five_times_or_it_is_said_why_not(make_case: MakeCase, text: str, accepted: bool) -> None:
    case = make_case().resolved()
    decision = case.submit(markdown(Root_Cause=text))
    assert isinstance(decision, Plan) if accepted else code(decision) == "whys_missing"


@pytest.mark.parametrize(
    ("customers", "accepted"),
    [("12 could not pay", True), ("none measured", True), ("None; the queue kept all", True), ("some", False)],
)
def test_impact_holds_a_number_or_says_that_there_was_none(make_case: MakeCase, customers: str, accepted: bool) -> None:
    case = make_case().resolved()
    decision = case.submit(markdown(Impact=IMPACT.replace("12 could not pay", customers)))
    assert isinstance(decision, Plan) if accepted else code(decision) == "impact_unquantified"
    if isinstance(decision, Refused):
        assert decision.problem.message.endswith("for Customers")


def test_same_review_again_changes_nothing_and_another_takes_its_place(make_case: MakeCase) -> None:
    case = make_case().resolved()
    case.submit()
    assert isinstance(case.submit(), Nothing)
    other = markdown(Process_Improvements="- the alert names the runbook")
    assert isinstance(case.submit(other), Plan)
    article = case.rules.view.get(Article, f"review-{case.id}")
    assert article.body == other
    assert len(case.rows("incident.review")) == 2


def test_review_of_an_open_incident_is_refused(make_case: MakeCase) -> None:
    case = make_case()
    assert code(case.submit()) == "not_resolved"


def test_review_of_a_false_alarm_is_refused(make_case: MakeCase) -> None:
    case = make_case("P2")
    case.give("incident.close", false_positive=True, reason="a test")
    assert code(case.submit()) == "not_reviewable"


def test_review_of_a_closed_incident_is_changed_by_whom_the_roster_allows_alone(make_case: MakeCase) -> None:
    case = make_case().resolved()
    case.submit()
    case.give("incident.close")
    assert code(case.submit(markdown(Process_Improvements="- less"))) == "not_allowed"
    assert isinstance(case.submit(markdown(Process_Improvements="- more"), actor="frank"), Plan)
    assert case.record.status == "closed"


def test_incident_that_came_back_is_reviewed_anew(make_case: MakeCase) -> None:
    case = make_case().resolved()
    case.submit()
    case.give("incident.reopen", reason="it is back")
    case.resolved()
    assert code(case.give("incident.close")) == "review_missing"
    assert case.record.timers.review is not None
    case.submit()
    assert isinstance(case.give("incident.close"), Plan)


def test_review_whose_article_is_gone_or_has_lost_its_tag_counts_no_more(make_case: MakeCase) -> None:
    case = make_case().resolved()
    case.submit()
    path, kind = f"kb/review-{case.id}.yaml", kind_of(Article)
    article = case.rules.view.get(Article, f"review-{case.id}")
    case.rules.view.remove_file(path)
    assert code(case.give("incident.close")) == "review_missing"
    case.rules.view.put_file(path, kind.write(article.changed(tags=("other",))))
    assert code(case.give("incident.close")) == "review_missing"
    case.rules.view.put_file(path, kind.write(article))
    assert isinstance(case.give("incident.close"), Plan)


def test_words_that_blame_are_advised_against_and_accepted(make_case: MakeCase) -> None:
    case = make_case().resolved()
    assert isinstance(case.submit(markdown(Process_Improvements="- Clara should have looked")), Plan)
    (row,) = case.rows("incident.review")
    advice: Any = row.meta["advice"]
    assert len(advice) == 1
    assert "'Clara' beside 'should have'" in advice[0]
    assert case.record.review is not None


def test_question_is_not_answered_from_a_review(make_case: MakeCase) -> None:
    case = make_case().resolved()
    case.submit()
    words = "payments answer with errors rolled back"
    assert [found.id for found in case.rules.view.find_answers(words, 3)] == [f"review-{case.id}"]
    form = {"kind": "signal", "from": "jade", "to": "Sage", "type": "Question", "subject": f"How do I see {words}?"}
    dropped = {"type": "drop", "kind": "signal", "cause": "drop:1", "at": case.rules.now, "actor": "jade"}
    case.rules.take(Event.model_validate({**dropped, "document": {"document": form}}))
    actions = [row.action for row in case.rules.all(Audit)]
    assert ("signal.asked" in actions, "signal.answered" in actions) == (True, False)
    assert not any("deploy log" in mail.body for mail in case.rules.all(Mail))
