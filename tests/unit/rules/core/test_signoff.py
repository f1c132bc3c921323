"""Every use of verdicts keeps the same rules: gates and approvals of outgoing issues are one mechanism."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any, cast

import pytest

from prismfs.engine.trust.proposals import VERDICTS
from prismfs.engine.trust.verdict_file import SIGNOFFS
from prismfs.errors import PrismfsError
from prismfs.kinds import KINDS
from prismfs.kinds.care.approval import Approval
from prismfs.kinds.care.phone_home import PhoneHome
from prismfs.kinds.core.verdict import Verdict
from prismfs.records.api import Record
from prismfs.rules import TABLE
from prismfs.rules.core import signoff
from prismfs.rules.core.signoff import Signoff

NOW = datetime(2026, 3, 1, 10, 0, tzinfo=UTC)
USES = pytest.mark.parametrize("use", SIGNOFFS.values(), ids=SIGNOFFS)


def test_every_kind_of_verdict_has_its_use_its_rows_and_is_never_changed() -> None:
    kinds = {kind.name for kind in KINDS.values() if issubclass(kind.model, Verdict)}
    assert kinds == set(SIGNOFFS) == {kind.name for kind in VERDICTS}
    for name, use in SIGNOFFS.items():
        row = TABLE["commit", name]
        assert row.refused is not None, f"a commit that brings a {name} which does not count leaves no row"
        for decision in use.reached:
            assert ("command", f"{use.family}.{decision}") in TABLE


@USES
def test_every_use_knows_its_waiting_state_and_the_states_that_it_reaches(use: Signoff[Record, Verdict]) -> None:
    lifecycle = next(kind for kind in KINDS.values() if kind.model is use.subject).lifecycle
    assert lifecycle is not None
    assert use.waiting in lifecycle.edges
    assert {state for states in use.reached.values() for state in states} <= set(lifecycle.edges)
    assert "approve" not in use.authors_may


@dataclass(frozen=True)
class Letter:
    """What is signed off here."""

    status: str = "waiting"
    text: str = "a" * 64
    by: str = "gwen"


LETTERS: Signoff[PhoneHome, Approval] = Signoff(
    family="letter",
    program="prismfs letter",
    subject=cast("type[PhoneHome]", Letter),
    verdict=Approval,
    waiting="waiting",
    not_waiting="not_here",
    reached={"approve": ("sent",), "reject": ("kept",)},
    operators_only=True,
    authors_may=frozenset({"reject"}),
    status=lambda letter: letter.status,
    content_hash=lambda letter: cast(Letter, letter).text,
    authors=lambda letter: [cast(Letter, letter).by],
    decided_by=lambda _letter: None,
    members=lambda _view, _letter, _decision, reason, _said: {"notes": reason},
    check=lambda _view, letter, approval: signoff.check_waiting(LETTERS, letter, approval),
    carry_out=lambda _draft, _letter, _approval: None,
    sender=lambda _draft: None,
)


def verdict(**changes: Any) -> Approval:
    values = {
        "id": "apr-01kjmdeb801mf04p6sstc2zneg", "about": "pho-01kjmdeb80sh51q3ecnd5e6ekn", "decision": "approve",
        "content_hash": "a" * 64, "by": "olga", "at": NOW, "surface": "cli", "notes": "because",
    }  # fmt: skip
    return Approval.model_validate(values | changes)


def code_of(letter: Letter, said: Approval) -> str | None:
    try:
        signoff.check_waiting(LETTERS, cast(PhoneHome, letter), said)
    except PrismfsError as error:
        return error.code
    return None


@pytest.mark.parametrize(
    ("letter", "said", "code"),
    [
        (Letter(), {}, None),
        (Letter(status="sent"), {}, "not_here"),
        (Letter(), {"content_hash": "b" * 64}, "approval_stale"),
        (Letter(), {"by": "gwen"}, "self_approval"),
        (Letter(), {"by": "GWEN"}, "self_approval"),
        (Letter(), {"by": "gwen", "decision": "reject"}, None),
        (Letter(text="b" * 64), {"by": "gwen", "decision": "reject"}, "approval_stale"),
    ],
    ids=["counts", "not waiting", "stale", "author", "author in capitals", "author rejects", "author rejects stale"],
)
def test_verdict_counts_on_what_was_seen_by_a_person_who_is_no_author(
    letter: Letter, said: dict[str, Any], code: str | None
) -> None:
    assert code_of(letter, verdict(**said)) == code


def test_author_may_give_no_verdict_where_the_use_names_none() -> None:
    strict = replace(LETTERS, authors_may=frozenset())
    with pytest.raises(PrismfsError) as caught:
        signoff.check_waiting(strict, cast(PhoneHome, Letter()), verdict(by="gwen", decision="reject"))
    assert caught.value.code == "self_approval"
