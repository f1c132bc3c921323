"""Tables for people: columns line up, and a line is a record."""

from __future__ import annotations

import click

from prismfs.cli import output
from tests.support.command_line import CommandLine


def test_whois_prints_a_line_a_persona(place: CommandLine) -> None:
    lines, items = place.call("whois").out.splitlines(), place.call("whois", "--json").data["items"]
    assert lines[0].split() == ["ADDRESS", "ROLE", "CLASS", "PID", "AVAILABILITY"]
    assert len(lines) == 2 + len(items)
    assert [line.split()[0] for line in lines[2:]] == [item["address"] for item in items]


def test_columns_line_up_whatever_the_cells_hold() -> None:
    """Wide characters, combining ones, colours, line breaks and what is too long."""
    red = output.Styled(click.style("HIGH", fg="red"))
    cells = ["plain", "日本語", "e\u0301te\u0301", red, "two\nlines", "  room  ", "x" * 80, None, 7]
    text = output.table([{"a": cell, "b": "|"} for cell in cells], {"a": "A", "b": "B"})
    assert click.unstyle(text).splitlines() == [
        "A" + " " * 61 + "B",
        "-" * 60 + "  ---",
        "plain" + " " * 57 + "|",
        "日本語" + " " * 56 + "|",
        "e\u0301te\u0301" + " " * 59 + "|",
        "HIGH" + " " * 58 + "|",
        "two lines" + " " * 53 + "|",
        "room" + " " * 58 + "|",
        "x" * 59 + "…  |",
        " " * 62 + "|",
        "7" + " " * 61 + "|",
    ]
    assert output.table([], {"a": "A", "b": "LONGER"}) == "A    LONGER\n---  --------"
