"""`prismfs signal`: send, list and show signals, and follow what was answered."""

import json
import re
from pathlib import Path
from typing import Any

import click

from prismfs.cli import output

_TYPES = (
    "Question",
    "TaskAssigned",
    "Acknowledgment",
    "StatusUpdate",
    "ReviewRequested",
    "ReviewCompleted",
    "IncidentUpdate",
)


@click.group(
    "signal",
    epilog='\b\nExample:\n  prismfs signal send --to Sage --type Question --subject "export writes an empty file"',
)
def command() -> None:
    """Send, list, show and acknowledge signals, and follow their conversations."""


@command.command(
    "send",
    epilog='\b\nExample:\n  prismfs --as jade signal send --to Sage --type Question --subject "how do I rotate a key?"',
)
@click.option("--to", help="Whom it is for, NAME or NAME@PID; Sage is the intake desk. An answer needs none.")
@click.option("--type", "type_", type=click.Choice(_TYPES), required=True, help="What kind of message it is.")
@click.option("--subject", required=True, help="One line.")
@click.option("--body", default="", help="The text; - reads standard input.")
@click.option("--to-pid", help="The project it is for, if another than this; as NAME@PID.")
@click.option("--in-reply-to", help="The signal that it answers; it goes to whoever sent that one.")
@click.option("--category", type=click.Choice(["INFO", "TASK", "ASK", "BLOCKER"]), help="What it asks of the reader.")
@output.verb(writes=True)
def send(call: output.Call, dry_run: bool, type_: str, body: str, **fields: str | None) -> None:
    """Drop a signal into the project's inbox; the watcher takes it from there.

    A persona of this project goes before one of the tenant's bridges; NAME@PID names the other project's.
    """
    from prismfs.cli.write_drop import drop_bytes
    from prismfs.errors import RefusedError, UsageError

    if fields["to"] is None and fields["in_reply_to"] is None:
        raise UsageError("nobody_named", "says neither whom it is for nor what it answers", hint="--to NAME")
    if fields["to"] is not None and (set(fields["to"]) & set(",;* ")):
        raise RefusedError("broadcast_refused", "a signal goes to one identity", field="/to", hint="--to NAME[@PID]")
    text = output.read_body(body)
    document: dict[str, Any] = {"kind": "signal", "from": call.actor(), "type": type_, **fields}
    document = {name: value for name, value in document.items() if value is not None}
    if text:
        document["body"] = text
    data = json.dumps(document, ensure_ascii=False, indent=2).encode() + b"\n"
    root = call.project()
    goes = _destination(root, document)
    name = None if dry_run else drop_bytes(root, data, suffix="json", stem="signal")
    line = (
        f"would drop {data.decode()}to {goes['said']}"
        if dry_run
        else f"dropped inbox/{name} to {goes['said']}; prismfs signal list shows it once it is taken in"
    )
    output.result(call, {"file": name, "signal": document, "goes_to": goes, "dry_run": dry_run}, line)


def _destination(root: Path, document: dict[str, Any]) -> dict[str, Any]:
    """Return where the signal is addressed to, by the files that are here; the rules have the last word.

    `way` is `local`, `bridge` (another project), or `reply`, which goes where the answered one came from.
    """
    name, _, at = str(document.get("to") or "").partition("@")
    pid = at or document.get("to_pid")
    if not name:
        answered = document["in_reply_to"]
        return {"to": None, "pid": pid, "way": "reply", "said": f"whoever sent {answered}"}
    if pid is None and not (root / "roster" / f"{name.casefold()}.yaml").is_file():
        pid = _home_of(root)
    if pid is None or pid == _pid_of(root / "prismfs.yaml", "pid"):
        return {"to": name, "pid": None, "way": "local", "said": f"{name} of this project"}
    return {"to": name, "pid": pid, "way": "bridge", "said": f"{name} in {pid}, over the bridge"}


def _home_of(root: Path) -> str | None:
    """Return the home project of the tenant that the project lies in, None where there is none."""
    folders = (folder for folder in root.resolve().parents if (folder / "tenant.yaml").is_file())
    folder = next(folders, None)
    return None if folder is None else _pid_of(folder / "tenant.yaml", "home")


def _pid_of(path: Path, field: str) -> str | None:
    """Return the project id that a file gives in a field of one line; agents wait, so no YAML reader is loaded."""
    try:
        found = re.search(rf"^{field}: *[\"']?(PID-[A-Z0-9]+)", path.read_text(), re.MULTILINE)
    except (OSError, UnicodeDecodeError):
        return None
    return None if found is None else found[1]


@command.command("list", epilog="\b\nExample:\n  prismfs signal list --status unclassified")
@click.option("--status", help="Only this status.")
@click.option("--open", "only_open", is_flag=True, help="Only those that still wait for something.")
@click.option("--limit", type=click.IntRange(min=1), help="At most so many, newest first.")
@output.verb()
def list_(call: output.Call, status: str | None, only_open: bool, limit: int | None) -> None:
    """List signals, newest first."""
    from prismfs.cli.listing import print_list

    print_list(call, "signal", status=status, only_open=only_open, limit=limit)


@command.command("show", epilog="\b\nExample:\n  prismfs signal show sig-01k5")
@click.argument("identifier", metavar="ID")
@output.verb()
def show(call: output.Call, identifier: str) -> None:
    """Show one signal."""
    from prismfs.cli.show import print_record

    print_record(call, identifier)


@command.command("thread", epilog="\b\nExample:\n  prismfs signal thread sig-01k5")
@click.argument("identifier", metavar="ID")
@output.verb()
def thread(call: output.Call, identifier: str) -> None:
    """Show the conversation that a signal belongs to, both directions, oldest first; marks nothing."""
    from prismfs.cli.care.thread import print_thread

    print_thread(call, identifier)


@command.command("ack", epilog="\b\nExample:\n  prismfs --as Sage signal ack sig-01k5")
@click.argument("identifier", metavar="ID")
@click.option("--note", help="What you are going to do.")
@output.verb(writes=True)
def ack(call: output.Call, identifier: str, note: str | None, dry_run: bool) -> None:
    """Acknowledge the signal: it is seen and will be sorted; its next deadline runs from now."""
    from prismfs.cli.submit import submit_and_print

    submit_and_print(call, "signal.ack", {} if note is None else {"note": note}, target=identifier, dry_run=dry_run)
