"""The figures as one page that needs nothing else: inline SVG, no scripts, nothing loaded from anywhere.

What comes from records is escaped by the template engine and shown without characters that could steer a display.
No drawing library is used (decision 0023): charts are rectangles, as numbers that the template draws. Coordinates are
SVG user units, y grows downward.
"""

from collections.abc import Callable, Sequence
from functools import cache
from typing import Any, NamedTuple

from jinja2 import Environment, PackageLoader, StrictUndefined, Template

from prismfs.engine.metrics.facts import Facts, format_seconds, instant_of
from prismfs.engine.metrics.figures import RANKS, measure
from prismfs.engine.metrics.incidents_now import Active

_WEEKS = 26
_MOST_ACTIVE = 50

WIDTH, HEIGHT = 640, 230
_LEFT, _RIGHT, _TOP, _BOTTOM = 62, 26, 12, 26
_MOST_LABELS = 9
_WIDEST = 44
_TICKS = 4
_MINUTE, _HOUR, _DAY = 60, 3600, 86400
_TIME_STEPS = (
    1, 2, 5, 10, 15, 30, _MINUTE, 2 * _MINUTE, 5 * _MINUTE, 10 * _MINUTE, 15 * _MINUTE, 30 * _MINUTE,
    _HOUR, 2 * _HOUR, 3 * _HOUR, 6 * _HOUR, 12 * _HOUR, _DAY, 2 * _DAY, 5 * _DAY, 10 * _DAY, 20 * _DAY, 50 * _DAY,
)  # fmt: skip


class Box(NamedTuple):
    """One rectangle: its place, its style class, and its caption."""

    x: float
    y: float
    width: float
    height: float
    style: str
    said: str


class Mark(NamedTuple):
    """A label on an axis, at `at` along it."""

    at: float
    text: str


class Chart(NamedTuple):
    """What the template draws: rectangles, grid lines with their labels, labels below."""

    boxes: tuple[Box, ...]
    lines: tuple[Mark, ...]
    below: tuple[Mark, ...]


def page(data: dict[str, Any], facts: Facts, *, active: list[Active]) -> str:
    """Return the page of the figures `data`, with weeks and severities measured on `facts`, and what is open."""
    start, end = (None if data[name] is None else instant_of(data[name]) for name in ("from", "to"))
    by_week = {group["week"]: group for group in measure(facts, start=start, end=end, by="week")["groups"]}
    by_severity = {group["severity"]: group for group in measure(facts, start=start, end=end, by="severity")["groups"]}
    weeks = data["weeks"][-_WEEKS:]
    names = [week["week"] for week in weeks]
    groups = [by_week.get(name) for name in names]
    return _template().render(
        data=data,
        width=WIDTH,
        height=HEIGHT,
        severities=[f"P{rank}" for rank in RANKS],
        by_severity=by_severity,
        weeks=weeks,
        week_groups=dict(zip(names, groups, strict=True)),
        earlier_weeks=len(data["weeks"]) - len(weeks),
        counts=_counts(weeks, names),
        respond=_times(names, groups, "respond"),
        resolve=_times(names, groups, "resolve"),
        active=active[:_MOST_ACTIVE],
        more_active=max(0, len(active) - _MOST_ACTIVE),
    )


def stacked(names: Sequence[str], layers: dict[str, Sequence[int]]) -> Chart:
    """Return columns of counts, one for each name, the layers (style class to counts) from the bottom up."""
    sums = [sum(values) for values in zip(*layers.values(), strict=True)]
    step = _count_step(max(sums, default=0))
    top = step * max(1, -(-max(sums, default=0) // step))
    boxes = []
    for number, name in enumerate(names):
        x, width = _column(number, len(names))
        below = 0
        for style, values in layers.items():
            count = values[number]
            if count:
                y, height = _height(below + count, top), _height(below, top) - _height(below + count, top)
                # A hair of background parts the layers for eyes that do not tell their colours.
                boxes.append(Box(x, y, width, round(max(height - 1, 0.5), 2), style, f"{name}: {count} {style}"))
            below += count
    return Chart(tuple(boxes), _lines(step, top, str), _below(names))


def columns(names: Sequence[str], values: Sequence[float | None], *, style: str, tell: Callable[[float], str]) -> Chart:
    """Return columns of lengths of time in seconds; where a name has none it has no column."""
    greatest = max((value for value in values if value is not None), default=0)
    step = next((step for step in _TIME_STEPS if greatest <= step * _TICKS), None) or _days_step(greatest)
    top = step * max(1, -(-int(-(-greatest // 1)) // step))
    boxes = []
    for number, (name, value) in enumerate(zip(names, values, strict=True)):
        if value is not None:
            x, width = _column(number, len(names))
            y = _height(value, top)
            height = round(max(_height(0, top) - y, 1), 2)  # a short time is seen, too
            boxes.append(Box(x, round(_height(0, top) - height, 2), width, height, style, f"{name}: {tell(value)}"))
    return Chart(tuple(boxes), _lines(step, top, _tick), _below(names))


def _counts(weeks: list[dict[str, Any]], names: list[str]) -> Chart:
    # The most urgent are at the bottom: only there do columns of different weeks compare at a glance.
    return stacked(names, {f"P{rank}": [week["sev_final"][f"P{rank}"] for week in weeks] for rank in RANKS})


def _times(names: list[str], groups: list[dict[str, Any] | None], which: str) -> Chart:
    values = [
        None if group is None else (group["mtt_respond"] if which == "respond" else group["mtt_resolve"]["all"])["mean"]
        for group in groups
    ]
    return columns(names, values, style=which, tell=format_seconds)


def _span(seconds: float | None) -> str:
    return "–" if seconds is None else format_seconds(seconds)


def _share(rate: dict[str, Any]) -> str:
    return "–" if rate["percent"] is None else f"{rate['percent']:.1f} %"


def _plain(text: str) -> str:
    """Return text from a record without invisible characters that a browser obeys, such as a change of direction."""
    return "".join(character if character.isprintable() else "\N{REPLACEMENT CHARACTER}" for character in text)


@cache
def _template() -> Template:
    environment = Environment(
        loader=PackageLoader("prismfs", "engine/metrics/templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {"span": _span, "share": _share, "plain": _plain}
    return environment.get_template("metrics.html")


def _column(number: int, count: int) -> tuple[float, float]:
    room = (WIDTH - _LEFT - _RIGHT) / max(count, 1)
    width = min(room * 0.72, _WIDEST)
    return round(_LEFT + room * number + (room - width) / 2, 2), round(width, 2)


def _height(value: float, top: float) -> float:
    return round(HEIGHT - _BOTTOM - (HEIGHT - _TOP - _BOTTOM) * value / top, 2)


def _lines(step: int, top: int, tell: Callable[[int], str]) -> tuple[Mark, ...]:
    return tuple(Mark(_height(value, top), tell(value)) for value in range(0, top + 1, step))


def _below(names: Sequence[str]) -> tuple[Mark, ...]:
    """Return the labels under the columns, the newest always among them, as many as do not run into one another."""
    every = -(-len(names) // _MOST_LABELS) or 1
    shown = [number for number in range(len(names)) if (len(names) - 1 - number) % every == 0]
    return tuple(
        Mark(round(_column(number, len(names))[0] + _column(number, len(names))[1] / 2, 2), names[number])
        for number in shown
    )


def _count_step(greatest: int) -> int:
    size = 1
    while True:
        for step in (size, 2 * size, 5 * size):
            if greatest <= step * _TICKS:
                return step
        size *= 10


def _days_step(greatest: float) -> int:
    return _DAY * int(10 ** (len(str(int(greatest // _DAY))) - 1))


def _tick(seconds: int) -> str:
    for size, unit in ((_DAY, "d"), (_HOUR, "h"), (_MINUTE, "min")):
        if seconds >= size:
            return f"{seconds / size:g} {unit}"
    return f"{seconds} s" if seconds else "0"
