"""Merging findings is a function of their set: order-free, idempotent, and the worst severity is kept."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from prismfs.records.api import Severity
from prismfs.rules.gates.findings import MergedFinding, merge

LABELS = ("Critical", "High", "Medium", "Low")
TEXTS = st.sampled_from(("no alert", "No  alert.", "NO ALERT!", "old runbook", "old runbook ;", "no test"))
NAMES = st.sampled_from(("jade", "onyx", "agate"))
POINTS = st.builds(
    lambda text, rank, member, evidence: MergedFinding(
        finding=text,
        severity=Severity(rank=rank, scale="finding", label=LABELS[rank]),
        members=(member,),
        evidence=(evidence,),
        remediation=("mend it",),
    ),
    TEXTS,
    st.integers(0, 3),
    NAMES,
    st.sampled_from(("graph 4", "log 7")),
)
MODEST = settings(max_examples=200, deadline=None, derandomize=True)


@MODEST
@given(st.lists(POINTS, max_size=8), st.randoms())
def test_order_of_findings_does_not_matter(points: list[MergedFinding], chance: object) -> None:
    shuffled = list(points)
    chance.shuffle(shuffled)  # type: ignore[attr-defined]
    assert merge(shuffled) == merge(points)


@MODEST
@given(st.lists(POINTS, max_size=8))
def test_merging_again_changes_nothing(points: list[MergedFinding]) -> None:
    once = merge(points)
    assert merge(once) == once


@MODEST
@given(st.lists(POINTS, min_size=1, max_size=8), st.integers(0, 8))
def test_worst_severity_and_every_member_are_kept(points: list[MergedFinding], cut: int) -> None:
    """Also where parts are merged first and then put together."""
    whole = merge(points)
    assert merge([*merge(points[:cut]), *merge(points[cut:])]) == whole
    assert min(point.severity.rank for point in whole) == min(point.severity.rank for point in points)
    for point in points:
        mine = [each for each in whole if point.members[0] in each.members and point.evidence[0] in each.evidence]
        assert any(each.severity.rank <= point.severity.rank for each in mine)
    assert len(whole) <= len({" ".join(point.finding.split()).casefold().rstrip(" .!;") for point in points})
