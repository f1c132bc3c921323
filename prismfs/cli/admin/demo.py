"""`prismfs demo`: the main job before your eyes."""

import sys
from pathlib import Path

import click

from prismfs.cli import output

_STYLES = {"head": {"bold": True}, "step": {"fg": "cyan"}, "row": {}, "text": {"dim": True}}
_CLEAR_LINE = "\r\x1b[K"


@click.command("demo", epilog="\b\nExample:\n  prismfs demo --keep /tmp/desk")
@click.option("--keep", "folder", type=click.Path(path_type=Path), help="A new folder to work in and keep.")
@output.verb()
def command(call: output.Call, folder: Path | None) -> None:
    """Run the main job: two projects, a real watcher, real reports, from signal to resolution."""
    from prismfs.demo import run_demo

    def say(style: str, line: str) -> None:
        if call.as_json:
            return
        if sys.stdout.isatty():
            click.echo(_CLEAR_LINE, nl=False)
        if style == "progress":
            click.echo(f"  … {line}", nl=False) if sys.stdout.isatty() else None
            return
        if style == "head":
            click.echo()
        mark = {"head": "", "step": "» ", "row": "    ", "text": "  "}[style]
        click.secho(output.safe(mark + line), **_STYLES[style])  # type: ignore[arg-type]
        sys.stdout.flush()

    output.result(call, run_demo(folder, say))
