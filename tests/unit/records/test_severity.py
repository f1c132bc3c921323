"""One severity model: ranks are compared, labels are display, rounding goes to the more urgent side (C-126)."""

from __future__ import annotations

import pytest

from prismfs.errors import RecordError
from prismfs.kinds.core.settings.policy import Policy
from prismfs.records.api import Scale, raised, read_label, with_rank
from prismfs.store.defaults import default_record

_POLICY = default_record("policy")
assert isinstance(_POLICY, Policy)
SCALES = _POLICY.scales

RANKS = {
    "prism": {"P0": 0, "P1": 1, "P2": 2, "P3": 3},
    "triage": {"Critical": 0, "Major": 1, "Minor": 3},
    "gastown": {"CRITICAL": 0, "HIGH": 1, "MEDIUM": 2, "LOW": 3},
    "finding": {"Critical": 0, "High": 1, "Medium": 2, "Low": 3},
    "runtime": {"critical": 0, "high": 1, "medium": 2, "low": 3, "informational": 3},
    "keep": {"critical": 0, "high": 1, "warning": 2, "info": 3, "low": 3},
    "pagerduty": {"SEV-1": 0, "SEV-2": 1, "SEV-3": 2, "SEV-4": 3, "SEV-5": 3},
}


@pytest.mark.parametrize(
    ("scale", "label", "rank"),
    [(scale, label, rank) for scale, ranks in RANKS.items() for label, rank in ranks.items()],
)
def test_read_label_every_label_imports_to_its_rank(scale: str, label: str, rank: int) -> None:
    """C-126: every label of every scale imports to the stated rank, in any case."""
    assert read_label(SCALES, label.swapcase(), scale=scale).rank == rank
    assert read_label(SCALES, label, scale=scale).label == label


def test_scales_are_those_of_the_table() -> None:
    """C-126: the registry that ships is the table, no more and no less."""
    assert {name: dict(scale.ranks) for name, scale in SCALES.items()} == RANKS


@pytest.mark.parametrize("scale", RANKS)
@pytest.mark.parametrize("rank", range(4))
def test_with_rank_any_scale_is_never_less_urgent(scale: str, rank: int) -> None:
    """C-126: a translation never makes anything less urgent."""
    assert with_rank(SCALES, rank, scale=scale).rank <= rank
    assert read_label(SCALES, with_rank(SCALES, rank, scale=scale).label, scale=scale).rank <= rank


def test_with_rank_scale_with_fewer_levels_rounds_to_the_urgent_side() -> None:
    """C-126: rank 2 is Major in the three-level scale, rank 3 is Minor."""
    assert with_rank(SCALES, 2, scale="triage").label == "Major"
    assert with_rank(SCALES, 3, scale="triage").label == "Minor"


def test_with_rank_level_without_label_takes_the_next_more_urgent() -> None:
    scales = {"short": Scale(ranks={"A": 0, "B": 2}, labels=("A", None, "B", None))}
    assert with_rank(scales, 3, scale="short").label == "B"
    assert with_rank(scales, 1, scale="short").label == "A"


def test_raised_goes_one_rank_up_and_stays_at_the_top() -> None:
    """R-004-21, R-004-23, C-126: MEDIUM, HIGH, CRITICAL, and CRITICAL stays."""
    severity = read_label(SCALES, "MEDIUM", scale="gastown")
    labels = []
    for _ in range(3):
        severity = raised(SCALES, severity)
        labels.append(severity.label)
    assert labels == ["HIGH", "CRITICAL", "CRITICAL"]


def test_read_label_unknown_is_refused_with_the_allowed_list() -> None:
    """R-004-01: an unknown label is refused by name, not guessed."""
    with pytest.raises(RecordError) as refused:
        read_label(SCALES, "urgent!!", scale="gastown")
    assert refused.value.code == "unknown_severity"
    assert refused.value.problem.hint == "one of CRITICAL, HIGH, MEDIUM, LOW"


def test_scale_label_that_lowers_urgency_is_refused() -> None:
    with pytest.raises(ValueError, match="less urgent"):
        Scale(ranks={"A": 0, "B": 3}, labels=("A", "B", "B", "B"))
