"""`prismfs emit`: check one file and drop it into the inbox."""

import sys
from pathlib import Path

import click

from prismfs.cli import output
from prismfs.cli.write_drop import drop_bytes


@click.command("emit", epilog="\b\nExample:\n  prismfs emit report.yaml\n  make-report | prismfs emit -")
@click.argument("file", type=click.Path(path_type=Path))
@output.verb(writes=True)
def command(call: output.Call, file: Path, dry_run: bool) -> None:
    """Check FILE (- reads standard input) as a drop and put it into the project's inbox."""
    import tempfile

    from prismfs.engine.admin.check import check_drop
    from prismfs.errors import RecordError, StoreError

    root = call.project()
    try:
        data = sys.stdin.buffer.read() if str(file) == "-" else file.read_bytes()
    except OSError as error:
        raise StoreError("unreadable", str(error.strerror), path=str(file)) from error
    suffix = "json" if data.lstrip()[:1] == b"{" else "yaml"
    with tempfile.TemporaryDirectory() as folder:
        copy = Path(folder) / f"drop.{suffix}"
        copy.write_bytes(data)
        problem = check_drop(copy, None)
    if problem.code != "valid":
        raise RecordError(problem.code, problem.message, path=str(file), field=problem.field, hint=problem.hint)
    name = None if dry_run else drop_bytes(root, data, suffix=suffix)
    output.result(call, {"file": name, "dry_run": dry_run}, f"{'would drop' if dry_run else 'dropped'} {name or file}")
