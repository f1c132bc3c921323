"""What the shell offers behind a word: click's own machinery, run as the shells run it, on a real project."""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import click
import pytest

from prismfs.cli import cli
from prismfs.cli.completion import METAVARS, Ids
from prismfs.kinds import KINDS
from tests.support.command_line import CommandLine

PREFIXES = {kind.prefix for kind in KINDS.values() if kind.prefix} | {""}
NO_RECORDS = {"nudge"}  # nudges are files outside of git


def completed(root: Path, line: str, *, shell: str = "bash", project: Path | None = None) -> list[str]:
    """Return what is offered for the last word of `line`, with nothing said of errors."""
    words = line.split(" ")
    asked = {"COMP_WORDS": line, "COMP_CWORD": str(len(words) - 1), "_PRISMFS_COMPLETE": f"{shell}_complete"}
    own = {name: value for name, value in os.environ.items() if not name.startswith("PRISMFS_")}
    done = subprocess.run(
        [sys.executable, "-m", "prismfs"], cwd=project or root, env=own | asked, capture_output=True, text=True,
        check=True, timeout=60,
    )  # fmt: skip
    assert done.stderr == ""
    return [line for line in done.stdout.splitlines() if line]


def offered(root: Path, line: str) -> list[str]:
    """Return the words that bash is offered."""
    return [line.partition(",")[2] for line in completed(root, line)]


def commands() -> Iterator[tuple[str, click.Command]]:
    """Yield each command and group of the whole tree, with the words that call it, as it is when the shell asks."""
    with click.Context(cli, info_name="prismfs", resilient_parsing=True) as context:
        waiting = [(verb, cli.get_command(context, verb)) for verb in cli.list_commands(context)]
    while waiting:
        words, command = waiting.pop()
        assert command is not None
        if isinstance(command, click.Group):
            waiting += [(f"{words} {name}", one) for name, one in command.commands.items()]
        yield words, command


def arguments_with_ids() -> Iterator[tuple[str, click.Command, click.Argument]]:
    """Yield each argument that takes an id, with its verb."""
    for words, command in commands():
        verb = words.split()[0]
        for parameter in command.params:
            if isinstance(parameter, click.Argument) and parameter.metavar in METAVARS and verb not in NO_RECORDS:
                yield verb, command, parameter


def test_every_argument_that_takes_an_id_offers_those_of_its_example() -> None:
    """The kind of id in a command's example is one that its argument offers."""
    seen = 0
    for verb, command, argument in arguments_with_ids():
        assert isinstance(argument.type, Ids), f"{verb} {command.name}: a row in prismfs.cli.completion is missing"
        assert {one.rstrip("-") for one in argument.type.prefixes} <= PREFIXES, f"{verb} {command.name}"
        for prefix in re.findall(rf"{verb}.* ([a-z]{{3}}-)01", command.epilog or ""):
            assert any(prefix.startswith(one) for one in argument.type.prefixes), f"{verb} {command.name}"
            seen += 1
    assert seen > 30


def test_every_argument_whose_example_is_an_id_offers_ids() -> None:
    """Found by the examples alone, whatever the argument is called: a verb that was forgotten offers nothing."""
    seen, silent = 0, []
    for path, command in commands():
        context = click.Context(command, resilient_parsing=True)
        for line in re.findall(rf"^ *prismfs (?:--as \w+ )?{path} (.*)", command.epilog or "", re.MULTILINE):
            values, _, _ = command.make_parser(context).parse_args(shlex.split(line))
            for argument in command.params:
                is_id = re.match(r"[a-z]{3}-01", str(values.get(argument.name or "")))
                if isinstance(argument, click.Argument) and is_id and path.split()[0] not in NO_RECORDS:
                    seen += 1
                    silent += [] if isinstance(argument.type, Ids) else [f"{path}: {argument.name}"]
    assert silent == []
    assert seen > 30


def test_every_metavar_of_an_id_is_known() -> None:
    """A new word for an id would go without completion."""
    arguments = [one for _, command in commands() for one in command.params if isinstance(one, click.Argument)]
    assert {one.metavar for one in arguments if one.name == "identifier"} - METAVARS == set()


def test_ids_of_the_verbs_kind_are_offered(busy: CommandLine) -> None:
    incident, bead, signal = busy.newest("incident"), busy.newest("bead"), busy.newest("signal")
    assert incident in offered(busy.root, "prismfs incident ack ")
    assert offered(busy.root, "prismfs incident ack bea") == []
    assert bead in offered(busy.root, f"prismfs escalate ack {bead[:8]}")
    assert {incident, bead, signal} <= set(offered(busy.root, "prismfs show "))
    assert [name for name in offered(busy.root, "prismfs show ") if name.startswith("aud-")] == []
    assert offered(busy.root, f"prismfs show {signal}") == [signal]


def test_verbs_kinds_and_statuses_are_offered(busy: CommandLine) -> None:
    assert offered(busy.root, "prismfs esc") == ["escalate"]
    assert "--as" in offered(busy.root, "prismfs --")
    assert "incident" in offered(busy.root, "prismfs list inc")
    status = busy.call("show", busy.newest("incident"), "--json").data["status"]
    assert offered(busy.root, "prismfs list incident --status ") == [status]
    assert offered(busy.root, "prismfs incident list --status ") == [status]


def test_project_is_the_one_of_the_call(busy: CommandLine, tmp_path: Path) -> None:
    incident = busy.newest("incident")
    assert incident in offered(tmp_path, f"prismfs -C {busy.root} incident ack ")
    assert offered(tmp_path, "prismfs incident ack ") == []


def test_title_stands_beside_the_id_where_the_shell_shows_it(busy: CommandLine) -> None:
    incident = busy.newest("incident")
    assert completed(busy.root, "prismfs show inc", shell="zsh")[:3] == [
        "plain",
        incident,
        "Export of the link index crashes with an error",
    ]


@pytest.mark.parametrize("damage", ["missing", "no database", "empty"])
def test_projection_that_cannot_be_read_offers_nothing_and_stays_as_it_is(busy: CommandLine, damage: str) -> None:
    path = next((busy.root / ".git" / "prismfs").glob("*/projection.sqlite"))
    for one in path.parent.glob(f"{path.name}*"):
        one.unlink()
    if damage != "missing":
        path.write_bytes(b"" if damage == "empty" else b"no database " * 500)
    before = path.read_bytes() if path.exists() else None
    assert offered(busy.root, "prismfs show ") == []
    assert offered(busy.root, "prismfs list bead --status ") == []
    assert (path.read_bytes() if path.exists() else None) == before


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_script_for_the_shell_is_printed(shell: str) -> None:
    own = os.environ | {"_PRISMFS_COMPLETE": f"{shell}_source"}
    done = subprocess.run(
        [sys.executable, "-m", "prismfs"], env=own, capture_output=True, text=True, check=True, timeout=60
    )
    assert "_PRISMFS_COMPLETE" in done.stdout
