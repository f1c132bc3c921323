"""A project within another one's folder is none: what lies there is the other's to watch, refuse or commit."""

from __future__ import annotations

import pytest

from tests.support.command_line import CommandLine


@pytest.mark.parametrize("folder", ["inner", "inbox/inner", "run/inner", "journal/inner", ".git/inner"])
def test_init_within_another_project_is_refused_and_writes_nothing(place: CommandLine, folder: str) -> None:
    told = place.bare("init", str(place.root / folder), "--pid", "PID-INNER1")
    assert (told.code, "[project_within]" in told.err) == (4, True)
    assert not (place.root / folder).exists()
    assert place.bare("init", str(place.root), "--pid", "PID-INNER1", "--beside").code == 4
    assert place.bare("init", str(place.root), "--pid", place.call("status", "--json").data["pid"]).code == 0
