"""`prismfs signal` and `prismfs classify`: send, list, show and sort signals, and follow what was answered."""

import json
import re
from pathlib import Path
from typing import Any

import click

from prismfs.cli import output
from prismfs.errors import RefusedError, UsageError
from prismfs.records.stage import stage_order

_TYPES = (
    "Question", "TaskAssigned", "Acknowledgment", "StatusUpdate", "ReviewRequested", "ReviewCompleted",
    "IncidentUpdate",
)  # fmt: skip


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
@click.option("--in-reply-to", help="The signal that it answers; it goes to the sender of that one.")
@click.option("--category", type=click.Choice(["INFO", "TASK", "ASK", "BLOCKER"]), help="What it asks of the reader.")
@output.verb(writes=True)
def send(call: output.Call, dry_run: bool, type_: str, body: str, **fields: str | None) -> None:
    """Drop a signal into the project's inbox; the watcher takes it from there.

    A persona of this project goes before one of the tenant's bridges; NAME@PID names the other project's. One of
    somebody who may have rights here is committed at once: a file would only claim who it is from.
    """
    from prismfs.cli.write_drop import drop_bytes

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
    if _may_have_rights(root, call.actor()):
        call.submit("signal.send", {"document": document}, dry_run=dry_run)
        return
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
        return {"to": None, "pid": pid, "way": "reply", "said": f"the sender of {answered}"}
    if pid is None and not (root / "roster" / f"{name.casefold()}.yaml").is_file():
        pid = _pid_in(root, r"home: *(?:\n +|\{ *)pid")
    if pid is None or pid == _pid_in(root, "pid"):
        return {"to": name, "pid": None, "way": "local", "said": f"{name} of this project"}
    return {"to": name, "pid": pid, "way": "bridge", "said": f"{name} in {pid}, over the bridge"}


def _may_have_rights(root: Path, name: str) -> bool:
    """Tell whether roster or operators may name `name`; agents wait, so no YAML reader is loaded."""
    if (root / "roster" / f"{name.casefold()}.yaml").is_file():
        return True
    try:
        text = (root / "prismfs.yaml").read_text()
    except (OSError, UnicodeDecodeError):
        return False
    return re.search(rf"(?i)(?<![\w.-]){re.escape(name)}(?![\w.-])", text) is not None


def _pid_in(root: Path, field: str) -> str | None:
    """Return the project id after `field`, a pattern, in `prismfs.yaml`; agents wait, so no YAML reader is loaded."""
    try:
        text = (root / "prismfs.yaml").read_text()
        found = re.search(rf"^{field}: *[\"']?(PID-[A-Z0-9]+)", text, re.MULTILINE)
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
    from prismfs.cli.sender import own_pid, with_sender
    from prismfs.store.reading import reading, resolve_id

    with reading(call.project()) as connection:
        pid = own_pid(connection)
        entries = [with_sender(one, pid) for one in _conversation(connection, resolve_id(connection, identifier))]
    lines = [line for entry in entries for line in _shown(entry)]
    output.result(call, {"items": entries, "total": len(entries)}, lines)


@command.command("ack", epilog="\b\nExample:\n  prismfs --as Sage signal ack sig-01k5")
@click.argument("identifier", metavar="ID")
@click.option("--note", help="What you are going to do.")
@output.verb(writes=True)
def ack(call: output.Call, identifier: str, note: str | None, dry_run: bool) -> None:
    """Acknowledge the signal: it is seen and will be sorted; its next deadline runs from now."""
    call.submit("signal.ack", {} if note is None else {"note": note}, target=identifier, dry_run=dry_run)


def _conversation(connection: Any, identifier: str) -> list[dict[str, Any]]:
    """Return the signals and mails of the conversation that the signal `identifier` belongs to, oldest first.

    Answers stay mails where the sender is of this project; over a bridge they are signals, whose copies in a
    mailbox are left out. Nothing is marked as read (R-000-13).

    Raises:
        RefusedError: `not_found`; it is no signal.
    """
    from prismfs.store import listing

    found = json.loads(listing.read_document(connection, identifier) or "{}")
    if found.get("kind") != "signal":
        raise RefusedError("not_found", f"no signal {identifier}", field="ID", hint="prismfs signal list")
    root = found.get("thread_id") or found["id"]
    begun = listing.read_document(connection, root)
    texts, _ = listing.find_documents(connection, "signal", where={"$.thread_id": root}, newest_first=False)
    signals = [json.loads(text) for text in ((begun,) if begun else ()) + texts]
    entries = {signal["id"]: signal for signal in signals}
    for signal in signals:
        for about in filter(None, (signal["id"], signal.get("incident"))):
            mails, _ = listing.find_documents(connection, "mail", where={"ref": about, "owner": signal["from"]})
            entries |= {mail["id"]: mail for mail in map(json.loads, mails) if mail["type"] == "reply"}
    return sorted(entries.values(), key=_order)


def _order(entry: dict[str, Any]) -> tuple[str, int, str]:
    """Return what entries are sorted by: what answers a signal in the same turn has its time, in steps of the desk."""
    told = entry.get("progress")
    answers = told is not None and entry.get("in_reply_to") is not None
    if entry["kind"] == "signal" and not answers:
        return entry["created_at"], -2, entry["id"]
    return entry["created_at"], stage_order(told["stage"]) if told else -1, entry["id"]


def _shown(entry: dict[str, Any]) -> list[str]:
    from prismfs.cli.sender import sender_text

    to = entry["to"] + (f"@{entry['to_pid']}" if entry.get("to_pid") else "")
    head = f"{entry['created_at']}  {sender_text(entry)} to {to}  {entry['type']}, {entry['status']}"
    body = [f"  {line}".rstrip() for line in output.safe(entry.get("body") or "").rstrip().splitlines()]
    name = click.style(output.safe(entry["id"]), bold=True)
    return [f"{name}  {output.safe(head)}", output.one_line(entry["subject"]), *body, ""]


@click.command(
    "classify", epilog='\b\nExample:\n  prismfs --as Sage classify sig-01k5 --lane incident --reason "data is lost"'
)
@click.argument("identifier", metavar="ID")
@click.option(
    "--lane", required=True, type=click.Choice(["info", "incident", "enhancement", "recommendation"]), help="The lane."
)
@click.option("--reason", required=True, help="Why; it stands in the audit row.")
@output.verb(writes=True)
def classify(call: output.Call, identifier: str, lane: str, reason: str, dry_run: bool) -> None:
    """Put the signal whose id begins with ID into a lane; what follows in that lane happens at once.

    It is how a signal that waits for somebody is sorted, and how a lane that the rules chose is overruled. A signal
    that became an incident keeps its lane. The intake desk may, and whom the roster allows classify.
    """
    call.submit("classify", {"lane": lane, "reason": reason}, target=identifier, dry_run=dry_run)
