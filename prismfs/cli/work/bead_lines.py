"""`prismfs bead import` and `export`: the `issues.jsonl` of the public beads program (R-004-36)."""

import sys
from collections import Counter
from pathlib import Path

import click

from prismfs.cli import output

_MOST_NAMED = 20


@click.command("import", epilog="\b\nExample:\n  prismfs bead import .beads/issues.jsonl --dry-run")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, allow_dash=True, path_type=Path))
@output.verb(writes=True)
def import_(call: output.Call, file: Path, dry_run: bool) -> int:
    """Take in every line of FILE (-: standard input). Exit 3 if a line was refused; all others are kept."""
    import uuid

    from prismfs.clock import SystemClock
    from prismfs.engine.admin.bead_import import import_lines
    from prismfs.engine.turn.desk import Desk

    data = sys.stdin.buffer.read() if str(file) == "-" else file.read_bytes()
    with Desk(call.project()) as desk:
        now = SystemClock().now()
        taken = import_lines(desk, data, actor=call.actor(), token=uuid.uuid4().hex, now=now, dry_run=dry_run)
    counts = Counter(one.what for one in taken)
    said = ", ".join(f"{count} {what}" for what, count in counts.items()) or "no line"
    lines = [("would do: " if dry_run else "") + said]
    told = [one for one in taken if one.what in ("refused", "older")]
    for one in told[:_MOST_NAMED]:
        why = "what is here is newer" if one.problem is None else f"{one.problem} [{one.problem.code}]"
        lines.append(output.one_line(f"line {one.number} ({one.name or 'no id'}): {why}"))
    if len(told) > _MOST_NAMED:
        lines.append(f"and {len(told) - _MOST_NAMED} lines more; --json names all")
    data_out = {"counts": dict(counts), "items": [one.to_document() for one in taken], "total": len(taken)}
    output.result(call, data_out | {"dry_run": dry_run}, lines)
    return 3 if counts["refused"] else 0


@click.command("export", epilog="\b\nExample:\n  prismfs bead export issues.jsonl")
@click.argument("file", metavar="[FILE]", required=False, type=click.Path(dir_okay=False, path_type=Path))
@output.verb()
def export(call: output.Call, file: Path | None) -> None:
    """Write every bead as one line, oldest first, to FILE or standard output."""
    from prismfs.engine.admin.bead_import import export_lines
    from prismfs.errors import StoreError
    from prismfs.store.reading import reading

    with reading(call.project()) as connection:
        found = list(export_lines(connection))
    if file is None:
        output.result(call, {"items": found, "total": len(found)}, (output.encode(line) for line in found))
        return
    try:
        file.write_text("".join(output.encode(line) + "\n" for line in found))
    except OSError as error:
        raise StoreError("disk_failed", f"cannot write: {error.strerror}", path=str(file)) from error
    output.result(call, {"path": str(file), "total": len(found)}, f"{len(found)} lines")
