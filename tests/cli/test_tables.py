"""Tables for people: a line is a record."""

from __future__ import annotations

from tests.support.command_line import CommandLine


def test_whois_prints_a_line_a_persona(place: CommandLine) -> None:
    lines, items = place.call("whois").out.splitlines(), place.call("whois", "--json").data["items"]
    assert lines[0].split() == ["ADDRESS", "ROLE", "CLASS", "PID", "AVAILABILITY"]
    assert len(lines) == 2 + len(items)
    assert [line.split()[0] for line in lines[2:]] == [item["address"] for item in items]
