"""`prismfs bead`: work items and escalations alike; what is open, its assignee, what comes first (R-004-35).

`import` and `export` take the `issues.jsonl` of the public beads program (R-004-36).
"""

import json
import sys
import uuid
from collections import Counter
from pathlib import Path
from typing import Any

import click

from prismfs.cli import output
from prismfs.cli.work import bead_claim, bead_dep
from prismfs.cli.work.bead_dep import find, holder_of
from prismfs.errors import StoreError, UsageError
from prismfs.store import beads, listing
from prismfs.store.reading import reading

WORK_TYPES = ("task", "bug", "feature", "epic", "chore", "decision", "gate")
TYPES = ("escalation", *WORK_TYPES)
STATUSES = ("open", "acknowledged", "in_progress", "blocked", "deferred", "closed")

_MOST_NAMED = 20
"""Lines of an import that are named where they were not taken."""


def as_priority(ctx: click.Context, param: click.Parameter, value: str | None) -> int | None:
    """Return the priority that is written as 0 to 4 or P0 to P4."""
    text = None if value is None else value.upper().removeprefix("P")
    if text not in (None, "0", "1", "2", "3", "4"):
        raise click.BadParameter(f"{value} is none of 0 to 4", ctx, param)
    return None if text is None else int(text)


@click.group("bead", epilog="\b\nExample:\n  prismfs bead ready\n  prismfs --as jade bead claim --next")
def command() -> None:
    """Work items: note, find, claim and close them. List, show, close and comment take escalations, too."""


@command.command(
    "create",
    epilog='\b\nExample:\n  prismfs bead create "rotate the signing key" --type chore --priority 1 --label ops',
)
@click.argument("title")
@click.option("--type", "type", type=click.Choice(WORK_TYPES), default="task", help="What it is.", show_default=True)
@click.option("--priority", callback=as_priority, default="2", help="0 (the most urgent) to 4.", show_default=True)
@click.option("-m", "--body", default="", help="The details; - reads standard input.")
@click.option("--label", "labels", multiple=True, help="A label; may be given several times.")
@click.option("--assignee", help="Whose it is from the beginning.")
@click.option("--parent", help="The id of the bead that it is a part of.")
@click.option("--dep", "links", multiple=True, metavar="[TYPE:]ID", help="A bead that it depends on; several times.")
@click.option("--design", help="How it is to be done.")
@click.option("--acceptance", "acceptance_criteria", help="What must be true when it is done.")
@click.option("--notes", help="Notes.")
@click.option("--external-ref", help="Its name elsewhere, such as gh-9.")
@click.option("--estimate", "estimated_minutes", type=click.IntRange(min=0), help="Minutes.")
@output.verb(writes=True)
def create(
    call: output.Call, title: str, body: str, labels: tuple[str, ...], parent: str | None, links: tuple[str, ...],
    dry_run: bool, **fields: Any,
) -> None:  # fmt: skip
    """Note something that has to be done."""
    document: dict[str, Any] = {"kind": "task", "from": call.actor(), "title": title, "body": _text(body)}
    document |= {name: value for name, value in fields.items() if value is not None} | {"labels": list(labels)}
    wanted = [bead_dep.parse_link(text) for text in links] + ([("parent-child", parent)] if parent else [])
    document["dependencies"] = [{"type": kind, "on": find(call, name)["id"]} for kind, name in wanted]
    bead_dep.give(call, "bead.create", {"document": document}, dry_run=dry_run)


@command.command("list", epilog="\b\nExample:\n  prismfs bead list --tag severity:HIGH\n  prismfs bead list --type bug")
@click.option("--status", type=click.Choice(STATUSES), help="Only this status.")
@click.option("--tag", "tags", multiple=True, help="Only with this type, category, label or name:value; several times.")
@click.option("--type", "type", type=click.Choice(TYPES), help="Only this type.")
@click.option("--assignee", help="Only what this identity has.")
@click.option("--priority", callback=as_priority, help="Only this one; of an escalation the rank of its severity.")
@click.option("--all", "everything", is_flag=True, help="Closed ones, too.")
@click.option("--limit", type=click.IntRange(min=1), help="At most so many, newest first.")
@output.verb()
def list_(
    call: output.Call, status: str | None, tags: tuple[str, ...], type: str | None, assignee: str | None,
    priority: int | None, everything: bool, limit: int | None,
) -> None:  # fmt: skip
    """List beads, newest first: those that are not closed, unless told otherwise."""
    where: dict[str, object] = {"status": status, "type": type}
    where = {column: value for column, value in where.items() if value is not None}
    if not everything and status is None:
        where["open"] = 1
    with reading(call.project()) as connection:
        texts, _ = listing.find_documents(connection, "bead", where=where)
    found = [bead for bead in map(json.loads, texts) if _has(bead, assignee)]
    if priority is not None:
        found = [bead for bead in found if beads.priority_of(bead) == priority]
    if tags:
        found = [bead for bead in found if set(tags) <= set(_tags_of(bead))]
    _print(call, found, limit, nothing="no bead matches")


@command.command("show", epilog="\b\nExample:\n  prismfs bead show bea-01k5\n  prismfs bead show bd-a1b2 --json")
@click.argument("identifier", metavar="ID")
@output.verb()
def show(call: output.Call, identifier: str) -> None:
    """Show one bead; an imported one also by the id that it has elsewhere."""
    from prismfs.cli.show import print_record

    print_record(call, find(call, identifier)["id"])


@command.command("ready", epilog="\b\nExample:\n  prismfs bead ready --limit 5 --json")
@click.option("--assignee", help="Only what this identity has.")
@click.option("--limit", type=click.IntRange(min=1), help="At most so many.")
@output.verb()
def ready(call: output.Call, assignee: str | None, limit: int | None) -> None:
    """List the open work items that nothing blocks, the most urgent first, then the oldest."""
    with reading(call.project()) as connection:
        found = beads.ready(connection)
    _print(call, [bead for bead in found if _has(bead, assignee)], limit, nothing="nothing is ready")


@command.command("release", epilog="\b\nExample:\n  prismfs --as jade bead release bea-01k5")
@click.argument("identifier", metavar="ID")
@output.verb(writes=True)
def release(call: output.Call, identifier: str, dry_run: bool) -> None:
    """Give a work item back: it is open and unassigned."""
    _give(call, "bead.release", identifier, {}, dry_run=dry_run)


@command.command("update", epilog="\b\nExample:\n  prismfs bead update bea-01k5 --status deferred --priority 3")
@click.argument("identifier", metavar="ID")
@click.option("--status", type=click.Choice(STATUSES), help="Its status; closing has a verb of its own.")
@click.option("--type", "type", type=click.Choice(WORK_TYPES), help="What it is.")
@click.option("--priority", callback=as_priority, help="0 (the most urgent) to 4.")
@click.option("--title", help="One line.")
@click.option("-m", "--body", help="The details; - reads standard input.")
@click.option("--assignee", help="Whose it is; empty for nobody's.")
@click.option("--design", help="How it is to be done.")
@click.option("--acceptance", "acceptance_criteria", help="What must be true when it is done.")
@click.option("--notes", help="Notes.")
@click.option("--external-ref", help="Its name elsewhere; empty for none.")
@click.option("--estimate", "estimated_minutes", type=click.IntRange(min=0), help="Minutes.")
@click.option("--label", "labels", multiple=True, help="The labels, in place of those it has; several times.")
@click.option("--add-label", "add_labels", multiple=True, help="One label more; several times.")
@click.option("--remove-label", "remove_labels", multiple=True, help="One label less; several times.")
@output.verb(writes=True)
def update(call: output.Call, identifier: str, dry_run: bool, **fields: Any) -> None:
    """Change what a work item says. One that is assigned to another identity needs the right bead.update."""
    said = {name: value for name, value in fields.items() if value not in (None, ())}
    if not said:
        raise UsageError("usage", "nothing to change is named", hint="prismfs bead update --help")
    if "body" in said:
        said["body"] = _text(said["body"])
    for name in ("assignee", "external_ref"):
        if said.get(name) == "":
            said[name] = None
    said |= {name: list(value) for name, value in said.items() if isinstance(value, tuple)}
    _give(call, "bead.update", identifier, said, dry_run=dry_run)


@command.command("close", epilog='\b\nExample:\n  prismfs --as jade bead close bea-01k5 --reason "done in abc123"')
@click.argument("identifier", metavar="ID")
@click.option("--reason", required=True, help="How it ended.")
@output.verb(writes=True)
def close(call: output.Call, identifier: str, reason: str, dry_run: bool) -> None:
    """Say that it is done, or will not be done. Parts of it that are open are named; they stay open."""
    with reading(call.project()) as connection:
        bead = beads.find_bead(connection, identifier)
        parts = [
            other["id"]
            for kind, other in beads.dependents(connection, bead)
            if kind == "parent-child" and other["status"] != "closed"
        ]
    kind = "escalate.close" if bead["type"] == beads.ESCALATION else "bead.close"
    if parts:
        click.echo(f"still open: {len(parts)} of its parts: {', '.join(parts[:10])}", err=True)
    _give(call, kind, bead["id"], {"reason": reason}, dry_run=dry_run)


@command.command("reopen", epilog="\b\nExample:\n  prismfs bead reopen bea-01k5")
@click.argument("identifier", metavar="ID")
@output.verb(writes=True)
def reopen(call: output.Call, identifier: str, dry_run: bool) -> None:
    """Open a closed work item again; an escalation stays closed."""
    _give(call, "bead.reopen", identifier, {}, dry_run=dry_run)


@command.command("comment", epilog='\b\nExample:\n  prismfs bead comment bea-01k5 "the disk is a shared one"')
@click.argument("identifier", metavar="ID")
@click.argument("text")
@output.verb(writes=True)
def comment(call: output.Call, identifier: str, text: str, dry_run: bool) -> None:
    """Add a remark; anybody may."""
    _give(call, "bead.comment", identifier, {"text": text}, dry_run=dry_run)


@command.command("import", epilog="\b\nExample:\n  prismfs bead import .beads/issues.jsonl --dry-run")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, allow_dash=True, path_type=Path))
@output.verb(writes=True)
def import_(call: output.Call, file: Path, dry_run: bool) -> int:
    """Take in every line of FILE (-: standard input). Exit 3 if a line was refused; all others are kept."""
    from prismfs.engine.admin.bead_import import import_lines

    data = sys.stdin.buffer.read() if str(file) == "-" else file.read_bytes()
    with call.desk() as desk:
        now = call.now()
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


@command.command("export", epilog="\b\nExample:\n  prismfs bead export issues.jsonl")
@click.argument("file", metavar="[FILE]", required=False, type=click.Path(dir_okay=False, path_type=Path))
@output.verb()
def export(call: output.Call, file: Path | None) -> None:
    """Write every bead as one line, oldest first, to FILE or (without one, or `-`) standard output."""
    from prismfs.engine.admin.bead_import import export_lines

    with reading(call.project()) as connection:
        found = list(export_lines(connection))
    if file is None or str(file) == "-":
        output.result(call, {"items": found, "total": len(found)}, (output.encode(line) for line in found))
        return
    try:
        file.write_text("".join(output.encode(line) + "\n" for line in found))
    except OSError as error:
        raise StoreError("disk_failed", f"cannot write: {error.strerror}", path=str(file)) from error
    output.result(call, {"path": str(file), "total": len(found)}, f"{len(found)} lines")


def _give(call: output.Call, kind: str, identifier: str, document: dict[str, Any], *, dry_run: bool) -> None:
    bead_dep.give(call, kind, {"id": find(call, identifier)["id"], **document}, dry_run=dry_run)


def _text(body: str) -> str:
    return sys.stdin.read() if body == "-" else body


def _has(bead: dict[str, Any], identity: str | None) -> bool:
    """Tell whether `identity` has the bead; so has anybody where none is asked for."""
    return identity is None or holder_of(bead).casefold() == identity.casefold()


def _tags_of(bead: dict[str, Any]) -> tuple[str, ...]:
    from prismfs.kinds import KINDS
    from prismfs.kinds.core.bead import Bead

    record = KINDS["bead"].record(bead)
    assert isinstance(record, Bead)
    return record.tags


def _print(call: output.Call, found: list[dict[str, Any]], limit: int | None, *, nothing: str) -> None:
    """Print the first `limit` of the beads that were found, and how many more there are."""
    shown = found[:limit]
    lines = [_table(shown)] if shown else [nothing]
    if len(found) > len(shown):
        lines.append(f"{len(found) - len(shown)} more; leave --limit out to see them")
    output.result(call, {"items": shown, "total": len(found)}, lines)


def _table(found: list[dict[str, Any]]) -> str:
    rows = []
    for bead in found:
        severity = bead.get("severity")
        weight = f"P{beads.priority_of(bead)}" if severity is None else str(severity["label"])
        rows.append(
            {
                "id": bead.get("external_id") or bead["id"],
                "type": bead["type"],
                "weight": output.severity_style(beads.priority_of(bead), weight),
                "status": bead["status"],
                "who": holder_of(bead) or bead.get("tier") or "",
                "title": bead["title"],
            }
        )
    columns = {"id": "ID", "type": "TYPE", "weight": "PRIORITY", "status": "STATUS", "who": "WHO", "title": "TITLE"}
    return output.table(rows, columns)


for _part in (bead_claim.command, bead_dep.command):
    command.add_command(_part)
