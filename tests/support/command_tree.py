"""Every command of prismfs, found by walking the command line."""

from __future__ import annotations

from collections.abc import Iterator

import click

from prismfs.cli import cli


def walk(group: click.Group, name: str = "") -> Iterator[tuple[str, click.Command]]:
    """Yield every command and group below `group` with the words that call it."""
    context = click.Context(group)
    for word in group.list_commands(context):
        command = group.get_command(context, word)
        assert command is not None
        words = f"{name} {word}".strip()
        yield words, command
        if isinstance(command, click.Group):
            yield from walk(command, words)


def runs(command: click.Command) -> bool:
    """Whether a command does something by itself: a group that only holds others does not."""
    return not isinstance(command, click.Group) or command.invoke_without_command


def writes(command: click.Command) -> bool:
    """Whether a command was declared as one that writes (`output.verb(writes=True)`)."""
    return any(parameter.name == "dry_run" for parameter in command.params)


ALL = dict(walk(cli))
COMMANDS = {name: command for name, command in ALL.items() if runs(command)}
