"""One line of the results, and how lines are printed."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Row:
    """What was measured, the value (a median where nothing else is said), what it is set against, and the bar."""

    what: str
    value: str
    against: str = ""
    bar: str = ""


def milliseconds(seconds: float) -> str:
    """Return seconds as text in milliseconds."""
    spent = seconds * 1000
    return f"{spent:,.2f} ms" if spent < 10 else f"{spent:,.1f} ms" if spent < 100 else f"{spent:,.0f} ms"


def table(rows: Iterable[Row]) -> str:
    """Return the rows as a Markdown table, which is readable on a terminal, too."""
    lines = [("", "median", "against", "bar"), *((row.what, row.value, row.against, row.bar) for row in rows)]
    widths = [max(len(line[column]) for line in lines) for column in range(4)]
    shown = [
        "| " + " | ".join(text.ljust(width) for text, width in zip(line, widths, strict=True)) + " |" for line in lines
    ]
    shown.insert(1, "|" + "|".join("-" * (width + 2) for width in widths) + "|")
    return "\n".join(shown)
