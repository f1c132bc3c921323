"""The figures as one page that needs nothing else: inline SVG, no scripts, nothing loaded from anywhere.

What comes from records is escaped by the template engine and shown without characters that could steer a display.
"""

from functools import cache
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined, Template

from prismfs.engine.metrics.charts import HEIGHT, WIDTH, Chart, columns, stacked
from prismfs.engine.metrics.facts import Facts, instant_of
from prismfs.engine.metrics.figures import RANKS, measure
from prismfs.engine.metrics.incidents_now import Active
from prismfs.engine.metrics.spans import format_seconds

_WEEKS = 26
_MOST_ACTIVE = 50


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
