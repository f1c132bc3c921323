"""Decisions at a gate: on what was looked at, by somebody without a hand in it, with the reason where it is a no."""

from __future__ import annotations

from typing import Any

import pytest

from prismfs.engine.trust.verdict_file import write_verdict
from prismfs.records.api import Nothing
from prismfs.rules.gates.gate import GATE
from tests.support.gates import Response


def test_artifact_at_a_gate_is_put_before_who_has_the_incident(response: Response) -> None:
    """R-003-04: the workflow stops, presents the artifact, and asks for an explicit decision."""
    response.submit("INC-1")
    (mail,) = [mail for mail in response.bench.records("mail") if mail.subject.startswith("Gate INC-1 waits")]
    assert (mail.type, mail.about) == ("task", response.newest("INC-1").id)
    assert mail.to == "Cheryl"  # who holds the level that has it
    for text in ("1. Severity is assessed.", response.newest("INC-1").content_hash, "prismfs gate approve"):
        assert text in mail.body


def test_author_is_not_asked(response: Response) -> None:
    response.submit("INC-1", by="cheryl")
    (mail,) = [mail for mail in response.bench.records("mail") if mail.subject.startswith("Gate INC-1 waits")]
    assert mail.to == "Clara"  # who owns it


def test_approval_is_kept_with_what_was_said_of_each_criterion(response: Response) -> None:
    """R-003-28: a gate decision is a commit with approver, decision, criteria answers and reason."""
    response.submit("INC-1")
    answers = {"2": "40 users, one service", "Immediate actions are identified": "roll back"}
    response.approve("INC-1", criteria=answers, reason="good enough to act on")
    artifact = response.newest("INC-1")
    (decision,) = response.bench.records("decision")
    assert (artifact.status, artifact.decision) == ("approved", decision.id)
    assert (decision.about, decision.content_hash) == (artifact.id, artifact.content_hash)
    assert (decision.decision, decision.answer, decision.by, decision.surface) == (
        "approve",
        "approved",
        "Petra",
        "cli",
    )
    assert decision.reason == "good enough to act on"
    assert decision.criteria == {
        "Severity is assessed.": "yes",
        "Impact scope is understood.": "40 users, one service",
        "Immediate actions are identified.": "roll back",
    }
    (row,) = response.rows("gate.approved")
    assert (row.entity_id, row.meta["decision"], row.meta["content_hash"]) == (
        artifact.id, decision.id, artifact.content_hash,
    )  # fmt: skip
    assert response.bench.problems() == ()


@pytest.mark.parametrize("name", ["gwen", "GWEN", "Gwen"])
def test_author_does_not_approve_in_whatever_case(response: Response, name: str) -> None:
    """C-122: the approver is not the author, although an operator."""
    response.edit(next(iter(response.bench.records("project"))), operators=("olga", "gwen"))
    response.submit("INC-1")
    assert response.refused(lambda: response.approve("INC-1", by=name)).code == "self_approval"


def test_who_submits_for_somebody_else_approves_neither(response: Response) -> None:
    response.submit("INC-1", by="Petra", author="gwen")
    artifact = response.newest("INC-1")
    assert (artifact.author, artifact.editors) == ("gwen", ("Petra",))
    assert response.refused(lambda: response.approve("INC-1", by="Petra")).code == "self_approval"
    response.approve("INC-1", by="olga")


def test_author_may_take_it_back(response: Response) -> None:
    response.submit("INC-1", by="Petra")
    response.revise("INC-1", by="Petra")
    assert response.newest("INC-1").status == "revise"


@pytest.mark.parametrize("verb", ["gate.approve", "gate.revise"])
def test_who_has_no_right_decides_nothing(response: Response, verb: str) -> None:
    response.submit("INC-1")
    document = {"id": response.newest("INC-1").id, "reason": "because"}
    assert response.refused(lambda: response.bench.give(verb, document, actor="jade")).code == "not_allowed"
    assert response.refused(lambda: response.bench.give(verb, document, actor="sage")).code == "not_allowed"


def test_approval_of_other_bytes_than_these_is_refused(response: Response) -> None:
    """R-003-27: an approval binds to the content hash."""
    response.submit("INC-1")
    seen = response.newest("INC-1").content_hash
    for wrong, code in (("0" * 64, "approval_stale"), (seen[:-1], "bad_field"), (seen.upper(), "bad_field")):
        assert response.refused(lambda wrong=wrong: response.approve("INC-1", content_hash=wrong)).code == code
    response.approve("INC-1", content_hash=seen)


def test_approval_of_an_old_revision_is_refused(response: Response) -> None:
    response.submit("INC-1")
    old = response.newest("INC-1")
    response.submit("INC-1", response.text("INC-1").replace("40", "41"))
    document = {"id": old.id, "content_hash": old.content_hash}
    assert [one.status for one in response.of("INC-1")] == ["superseded", "presented"]
    error = response.refused(lambda: response.bench.give("gate.approve", document, actor="Petra"))
    assert error.code == "approval_stale"
    assert error.problem.hint == f"prismfs gate show {response.newest('INC-1').id}"


def test_sent_back_revision_cannot_be_approved_behind_a_newer_one(response: Response) -> None:
    response.submit("INC-1")
    response.revise("INC-1")
    old = response.newest("INC-1")
    assert response.refused(lambda: response.approve("INC-1")).code == "not_at_gate"
    response.submit("INC-1", response.text("INC-1").replace("40", "41"))
    error = response.refused(lambda: response.bench.give("gate.approve", {"id": old.id}, actor="Petra"))
    assert error.code == "approval_stale"


def test_second_decision_says_who_was_first(response: Response) -> None:
    response.submit("INC-1")
    response.approve("INC-1")
    again = response.approve("INC-1", by="olga")
    assert isinstance(again, Nothing)
    assert again.reason == "approved already by Petra"
    assert response.refused(lambda: response.revise("INC-1")).code == "not_at_gate"


def test_what_needs_no_gate_is_not_decided_on(response: Response) -> None:
    response.pass_gate("INC-1", "INC-2", "INC-3")
    assert response.refused(lambda: response.approve("INC-3")).code == "no_gate"


def test_sending_back_needs_its_reason(response: Response) -> None:
    response.submit("INC-1")
    assert response.refused(lambda: response.revise("INC-1", reason=" ")).code == "reason_missing"


def test_author_hears_what_came_of_it(response: Response) -> None:
    response.submit("INC-1", by="Cheryl")
    response.revise("INC-1", reason="which exports?")
    (mail,) = [mail for mail in response.bench.records("mail") if mail.to == "Cheryl" and "revise" in mail.subject]
    assert "which exports?" in mail.body
    assert "prismfs incident phase submit" in mail.body


def test_insufficient_mitigation_is_the_word_at_gate_two(response: Response) -> None:
    """R-003-05: each gate has its own two answers."""
    response.pass_gate("INC-1")
    response.submit("INC-2")
    response.revise("INC-2")
    assert [decision.answer for decision in response.bench.records("decision")] == [
        "approved", "mitigation insufficient",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("\nMitigated\n", "\nMitigation failed\n", "Current Status says Mitigation failed"),
        ("- empty exports an hour — 12 → 0\n", "", "Metrics has 0 of 1 items"),
    ],
)
def test_mitigation_that_failed_or_is_not_measured_cannot_pass(
    response: Response, old: str, new: str, said: str
) -> None:
    """R-003-13: it may be presented, and sent back, and never approved."""
    response.pass_gate("INC-1")
    text = response.text("INC-2")
    assert old in text
    response.submit("INC-2", text.replace(old, new))
    error = response.refused(lambda: response.approve("INC-2"))
    assert (error.code, said in str(error)) == ("gate_not_passable", True)
    response.revise("INC-2")


@pytest.mark.parametrize("text", ["no", "No.", "no, nobody looked", "NO: only one of them"])
def test_approval_that_says_no_to_a_criterion_is_refused(response: Response, text: str) -> None:
    response.submit("INC-1")
    assert response.refused(lambda: response.approve("INC-1", criteria={"1": text})).code == "criterion_not_met"
    response.approve("INC-1", criteria={"1": "no user is left"})


def test_criterion_that_is_none_is_refused(response: Response) -> None:
    response.submit("INC-1")
    error = response.refused(lambda: response.approve("INC-1", criteria={"4": "yes"}))
    assert (error.code, "3: Immediate actions" in str(error.problem.hint)) == ("unknown_criterion", True)


def test_answer_longer_than_a_text_may_be_is_refused_and_no_fault(response: Response) -> None:
    response.submit("INC-1", by="Cheryl")  # who is told of it, in a mail that is a text as well
    assert response.refused(lambda: response.approve("INC-1", criteria={"1": "y" * 70_000})).code == "bad_field"
    assert response.refused(lambda: response.revise("INC-1", reason="y" * 70_000)).code == "bad_field"
    response.revise("INC-1", reason="y" * 65_500)


def test_decision_by_a_commit_counts(response: Response) -> None:
    """R-003-28: a merged pull request brings the decision as a file."""

    response.submit("INC-1")
    bench = response.bench
    view = bench.desk.repo.view(bench.desk.repo.snapshot())
    made, path = write_verdict(
        bench.root, view, GATE, response.newest("INC-1"), "approve", by="Petra", said={"criteria": {"1": "seen"}},
        token="1", now=bench.clock.now(),
    )  # fmt: skip
    assert response.newest("INC-1").status == "presented"  # a file that nobody committed decides nothing
    bench.commit_by_hand({path: (bench.root / path).read_bytes()})
    bench.turn()
    assert (response.newest("INC-1").status, response.newest("INC-1").decision) == ("approved", made.id)
    (row,) = response.rows("gate.approved")
    assert (row.actor, row.meta["by"], row.meta["surface"]) == ("prismfs", "Petra", "pull_request")
    assert bench.problems() == ()


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"by": "gwen"}, "not_allowed"),
        ({"by": "Cheryl"}, "self_approval"),
        ({"content_hash": "0" * 64}, "approval_stale"),
        ({"answer": "lovely"}, "unknown_answer"),
        ({"about": "art-01kjmdeb80er8dfw0wemj7sy1g"}, "not_found"),
        ({"criteria": {"Severity is assessed.": "no"}}, "criterion_not_met"),
    ],
)
def test_decision_by_a_commit_that_may_not_count_is_refused_with_a_row(
    response: Response, changes: dict[str, Any], code: str
) -> None:
    from prismfs.kinds import kind_of

    response.submit("INC-1", by="Cheryl")
    bench = response.bench
    view = bench.desk.repo.view(bench.desk.repo.snapshot())
    made, path = write_verdict(
        bench.root, view, GATE, response.newest("INC-1"), "approve", by="Petra", said={}, token="1",
        now=bench.clock.now(), dry_run=True,
    )  # fmt: skip
    bench.commit_by_hand({path: kind_of(made).write(made.changed(**changes))})
    bench.turn()
    assert response.newest("INC-1").status == "presented"
    (row,) = response.rows("gate.approval_refused")
    assert (row.level, row.meta["code"]) == ("error", code)
    assert bench.problems() == ()


def test_decision_file_that_sends_back_without_a_reason_is_no_valid_record(response: Response) -> None:

    response.submit("INC-1")
    bench = response.bench
    view = bench.desk.repo.view(bench.desk.repo.snapshot())
    _, path = write_verdict(
        bench.root, view, GATE, response.newest("INC-1"), "revise", by="Petra", said={"reason": "say-more"},
        token="1", now=bench.clock.now(),
    )  # fmt: skip
    data = (bench.root / path).read_bytes()
    assert b"say-more" in data
    bench.commit_by_hand({path: data.replace(b"say-more", b'""')})
    bench.turn()
    assert response.newest("INC-1").status == "presented"
    assert response.rows("commit.observed")[-1].meta["refused"] == {path: "bad_field"}
