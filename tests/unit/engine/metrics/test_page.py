"""The charts of the page: what they draw is what the numbers say."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from prismfs.engine.metrics.facts import format_seconds
from prismfs.engine.metrics.page import HEIGHT, WIDTH, Chart, columns, stacked

YEAR = 366 * 86400
_BETWEEN_COLUMNS = 50
"""Units that a label such as 2026-W10 needs."""


def names(count: int) -> list[str]:
    return [f"2026-W{number:02}" for number in range(count)]


def check(chart: Chart) -> None:
    """Everything lies within the drawing, grid lines rise to the top, labels do not run into one another."""
    for box in chart.boxes:
        assert 0 <= box.x <= box.x + box.width <= WIDTH
        assert 0 <= box.y <= box.y + box.height <= HEIGHT
        assert min(box.width, box.height) > 0
    heights = [line.at for line in chart.lines]
    assert heights == sorted(heights, reverse=True)
    assert 2 <= len(heights) <= 12
    assert len({line.text for line in chart.lines}) == len(chart.lines)
    places = [mark.at for mark in chart.below]
    assert all(later - earlier >= _BETWEEN_COLUMNS for earlier, later in pairwise(places))


@given(st.lists(st.tuples(*[st.integers(0, 5000)] * 4), min_size=1, max_size=26))
def test_stacked_columns_are_as_high_as_their_counts(weeks: list[tuple[int, ...]]) -> None:
    layers: dict[str, Sequence[int]] = {f"P{rank}": [week[rank] for week in weeks] for rank in range(4)}
    chart = stacked(names(len(weeks)), layers)
    check(chart)
    assert len(chart.boxes) == sum(count > 0 for week in weeks for count in week)
    highest = max(map(sum, weeks))
    if highest:
        top, bottom = chart.lines[-1].at, chart.lines[0].at
        full = min(box.y for box in chart.boxes)
        assert abs((bottom - full) / (bottom - top) - highest / int(chart.lines[-1].text)) < 0.01


@given(st.lists(st.none() | st.floats(0, 30 * YEAR), min_size=1, max_size=26))
def test_columns_of_times_stand_where_there_is_a_time(values: list[float | None]) -> None:
    chart = columns(names(len(values)), values, style="respond", tell=format_seconds)
    check(chart)
    known = [value for value in values if value is not None]
    assert len(chart.boxes) == len(known)
    assert [box.said.partition(": ")[2] for box in chart.boxes] == [format_seconds(value) for value in known]
    order = sorted(range(len(known)), key=lambda number: known[number])
    heights = [chart.boxes[number].height for number in order]
    assert heights == sorted(heights)


@pytest.mark.parametrize(
    ("seconds", "labels"),
    [
        (4, ["0", "1 s", "2 s", "3 s", "4 s"]),
        (95, ["0", "30 s", "1 min", "1.5 min", "2 min"]),
        (7200, ["0", "30 min", "1 h", "1.5 h", "2 h"]),
        (300 * 86400, ["0", "100 d", "200 d", "300 d"]),
    ],
)
def test_axis_of_times_has_steps_that_people_count_in(seconds: int, labels: list[str]) -> None:
    chart = columns(["2026-W10"], [seconds], style="respond", tell=format_seconds)
    assert [line.text for line in chart.lines] == labels


def test_newest_week_is_always_named() -> None:
    for count in range(1, 27):
        chart = stacked(names(count), {"P0": [1] * count})
        assert chart.below[-1].text == names(count)[-1]


@pytest.mark.parametrize(
    ("seconds", "said"),
    [
        (0, "0.0s"), (6, "6.0s"), (59.9, "59.9s"), (59.96, "1m 0s"), (690, "11m 30s"), (3599.6, "1h 0m"),
        (3800, "1h 3m"), (86400, "1d 0h"), (273600, "3d 4h"), (-90, "-1m 30s"),
    ],
)  # fmt: skip
def test_span_is_told_in_its_two_largest_units(seconds: float, said: str) -> None:
    assert format_seconds(seconds) == said
