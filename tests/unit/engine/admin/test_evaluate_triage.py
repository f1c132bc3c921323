"""Figures about the triage rules, from labelled reports."""

from __future__ import annotations

from typing import Any

import pytest

from prismfs.engine.admin.evaluate_triage import evaluate
from prismfs.errors import RecordError
from prismfs.kinds.care.settings.triage import Triage
from prismfs.kinds.care.signal import LANES

TRIAGE = Triage.from_document(
    {
        "kind": "triage",
        "version": 1,
        "threshold": 0.6,
        "lanes": [
            {"name": "boom", "match": "boom", "lane": "incident", "weight": 2},
            {"name": "how", "match": "how", "lane": "info", "weight": 3},
            {"name": "wish", "match": "wish", "lane": "enhancement"},
        ],
        "severity": [{"name": "down", "match": "down", "rank": 0}, {"name": "typo", "match": "typo", "rank": 3}],
        "natures": [
            {"name": "leak", "match": "leak", "nature": "security"},
            {"name": "slow", "match": "slow", "nature": "performance"},
        ],
    }
)


def row(title: str, lane: str, **fields: Any) -> dict[str, Any]:
    return {"id": f"r-{title.replace(' ', '-')}", "title": title, "body": "", "lane": lane} | fields


def test_evaluate_without_rows_gives_zeros() -> None:
    found = evaluate(TRIAGE, [])
    assert (found.count, found.accuracy, found.accuracy_classified, found.hard_cases) == (0, 0.0, 0.0, ())


def test_evaluate_accuracy_counts_unclassified_as_wrong_in_one_figure_only() -> None:
    rows = [row("boom", "incident"), row("how", "info"), row("wish", "info"), row("nothing", "info")]
    found = evaluate(TRIAGE, rows)
    assert (found.count, found.correct, found.unclassified) == (4, 2, 1)
    assert found.accuracy == 0.5
    assert found.accuracy_classified == pytest.approx(2 / 3)


def test_evaluate_confusion_has_every_lane_on_both_sides_in_order() -> None:
    found = evaluate(TRIAGE, [row("wish", "info"), row("nothing", "info"), row("boom", "incident")])
    assert tuple(found.confusion) == LANES
    assert all(tuple(line) == LANES for line in found.confusion.values())
    assert found.confusion["info"] == dict.fromkeys(LANES, 0) | {"enhancement": 1, "unclassified": 1}
    assert found.confusion["incident"]["incident"] == 1


def test_evaluate_severity_is_judged_on_incidents_whatever_lane_they_got() -> None:
    rows = [
        row("boom down", "incident", severity="P0"),
        row("boom", "incident", severity="P1"),
        row("how typo", "incident", severity="P0"),
        row("nothing", "incident", severity="P2"),
        row("wish", "enhancement", severity=None),
    ]
    found = evaluate(TRIAGE, rows)
    assert (found.severity_count, found.severity_exact, found.severity_within_one) == (4, 2, 3)


def test_evaluate_nature_floor_is_applied_before_severity_is_judged() -> None:
    rows = [row("boom leak", "incident", severity="P1"), row("how leak", "incident", severity="P1")]
    assert evaluate(TRIAGE, rows).severity_exact == 0
    assert evaluate(TRIAGE, rows, nature_floor={"security": 1}).severity_exact == 2


def test_evaluate_kind_without_a_nature_of_its_own_is_met_by_any_other() -> None:
    rows = [
        row("boom leak", "incident", kind="security"),
        row("boom slow", "incident", kind="security"),
        row("boom", "incident", kind="crash"),
        row("boom slow 2", "incident", kind="ui"),
    ]
    found = evaluate(TRIAGE, rows)
    assert (found.kind_count, found.kind_correct) == (4, 2)


def test_evaluate_hard_cases_come_surest_first_with_their_rules() -> None:
    rows = [
        row("wish", "incident", ambiguous=True),
        row("nothing", "info"),
        row("how", "incident"),
        row("boom", "incident"),
    ]
    cases = evaluate(TRIAGE, rows).hard_cases
    assert [case.id for case in cases] == ["r-how", "r-wish", "r-nothing"]
    assert (cases[0].expected, cases[0].got, cases[0].matched) == ("incident", "info", (("how", 3.0),))
    assert [case.ambiguous for case in cases] == [False, True, False]


def test_evaluate_document_is_plain_and_carries_the_figures() -> None:
    rows = [row("boom down", "incident", severity="P0", kind="outage"), row("wish", "info")]
    document = evaluate(TRIAGE, rows).to_document()
    assert document["accuracy"] == 0.5
    assert document["severity"] == {"count": 1, "exact": 1.0, "within_one": 1.0}
    assert document["kind"] == {"count": 1, "accuracy": 0.0}
    assert document["hard_cases"] == [
        {
            "id": "r-wish",
            "expected": "info",
            "got": "enhancement",
            "confidence": 0.731,
            "matched": [{"rule": "wish", "weight": 1.0}],
            "ambiguous": False,
        }
    ]


@pytest.mark.parametrize(
    ("fields", "field"),
    [({"lane": "rumour"}, "/lane"), ({"title": None}, "/title"), ({"severity": "P9"}, "/severity")],
)
def test_evaluate_row_with_an_unknown_word_is_refused_and_numbered(fields: dict[str, Any], field: str) -> None:
    with pytest.raises(RecordError) as caught:
        evaluate(TRIAGE, [row("how", "info"), row("boom", "incident") | fields])
    assert (caught.value.code, caught.value.problem.field) == ("bad_row", field)
    assert "row 2" in caught.value.problem.message
