"""Writes the manual pages of all commands into a folder: `python -m release.man FOLDER`, called by `make man`."""

from __future__ import annotations

import sys
from pathlib import Path

import click
from click_man.core import generate_man_page

from prismfs import __version__
from prismfs.cli import cli


def main() -> None:
    """Write a page a command into the folder named by the first argument."""
    folder = Path(sys.argv[1])
    folder.mkdir(exist_ok=True)
    context = click.Context(cli, info_name="prismfs")
    for verb in cli.list_commands(context):
        command = cli.get_command(context, verb)  # loaded on demand, and click-man lists what is loaded
        assert command is not None
        cli.add_command(command, verb)
    _write(context, folder)


def _write(context: click.Context, folder: Path) -> None:
    page = generate_man_page(context, version=__version__) + _examples(context.command.epilog or "")
    (folder / f"{context.command_path.replace(' ', '-')}.1").write_text(page)
    if isinstance(context.command, click.Group):
        for name, command in context.command.commands.items():
            _write(click.Context(command, info_name=name, parent=context), folder)


def _examples(epilog: str) -> str:
    """Return the lines below `Example:` as a section of their own, which click-man leaves out."""
    lines = epilog.partition("Example:\n")[2].splitlines()
    escaped = [line.replace("\\", "\\e").replace("-", "\\-") for line in lines]
    return "\n".join([".SH EXAMPLES", ".nf", *escaped, ".fi", ""])


if __name__ == "__main__":
    main()
