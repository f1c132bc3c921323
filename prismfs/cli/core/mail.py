"""`prismfs mail`: the mailboxes of the project (R-004-33)."""

import json
from datetime import UTC, datetime
from typing import Any

import click

from prismfs.cli import output
from prismfs.cli.instants import format_age
from prismfs.cli.sender import own_pid, sender_text, with_sender
from prismfs.cli.show import print_record
from prismfs.cli.submit import submit_command
from prismfs.errors import RefusedError
from prismfs.store import listing
from prismfs.store.reading import reading, resolve_id

_TYPES = ("task", "escalation", "notification")
_PRIORITIES = ("urgent", "high", "normal", "low")
_STATES = ("unread", "read", "archived")


@click.group("mail", epilog="\b\nExample:\n  prismfs --as mayor mail inbox")
def command() -> None:
    """Send, list, read, answer and put away messages. Nothing ever removes one."""


@command.command(
    "send",
    epilog='\b\nExample:\n  prismfs --as deacon mail send --to mayor --type task --subject "rotate the key" --body -',
)
@click.option("--to", required=True, help="A persona of the roster or an operator.")
@click.option("--subject", required=True, help="One line.")
@click.option("--body", default="", help="The text; - reads standard input.")
@click.option("--type", "type_", type=click.Choice(_TYPES), default="notification", help="What is asked of the reader.")
@click.option("--priority", type=click.Choice(_PRIORITIES), default="normal", help="How soon it should be read.")
@click.option("--about", help="The id of the record that it is about.")
@output.verb(writes=True)
def send(
    call: output.Call, to: str, subject: str, body: str, type_: str, priority: str, about: str | None, dry_run: bool
) -> None:
    """Write to an identity of this project; it is in its mailbox at once."""
    document: dict[str, Any] = {
        "kind": "mail",
        "from": call.actor(),
        "to": to,
        "type": type_,
        "priority": priority,
        "subject": subject,
        "body": output.read_body(body),
    }
    if about is not None:
        document["about"] = about
    call.submit("mail.send", {"document": document}, dry_run=dry_run)


@command.command("inbox", epilog="\b\nExample:\n  prismfs --as mayor mail inbox --all")
@click.option("--all", "everything", is_flag=True, help="Read ones, too.")
@click.option("--archived", is_flag=True, help="Those that were put away, and no others.")
@click.option("--limit", type=click.IntRange(min=1), help="At most so many.")
@output.verb()
def inbox(call: output.Call, everything: bool, archived: bool, limit: int | None) -> None:
    """List the messages to the acting identity: unread ones first, then the most urgent, then the newest."""
    wanted = ("archived",) if archived else ("unread", "read") if everything else ("unread",)
    found = {"owner": call.actor()}
    with reading(call.project()) as connection:
        texts = [
            text
            for status in wanted
            for text in listing.find_documents(connection, "mail", where={**found, "status": status})[0]
        ]
        pid = own_pid(connection)
    mails = [with_sender(json.loads(text), pid) for text in texts]
    mails.sort(key=lambda mail: str(mail["id"]), reverse=True)
    mails.sort(key=lambda mail: (_STATES.index(mail["status"]), _PRIORITIES.index(mail["priority"])))
    shown = mails[:limit]
    lines = [_table(shown)] if shown else ["no mail matches"]
    if len(mails) > len(shown):
        lines.append(f"{len(mails) - len(shown)} more; leave --limit out to see them")
    output.result(call, {"items": shown, "total": len(mails)}, lines)


@command.command("read", epilog="\b\nExample:\n  prismfs --as mayor mail read mai-01k5")
@click.argument("identifier", metavar="ID")
@output.verb(writes=True)
def read(call: output.Call, identifier: str, dry_run: bool) -> None:
    """Show a message to you and mark it as read; it stays where it is. With --dry-run it is only shown."""
    submit_command(call, "mail.ack", {}, dry_run=dry_run, target=identifier)
    print_record(call, identifier)


@command.command("reply", epilog='\b\nExample:\n  prismfs --as mayor mail reply mai-01k5 --body "done, see the log"')
@click.argument("identifier", metavar="ID")
@click.option("--body", required=True, help="The text; - reads standard input.")
@click.option("--priority", type=click.Choice(_PRIORITIES), default="normal", help="How soon it should be read.")
@output.verb(writes=True)
def reply(call: output.Call, identifier: str, body: str, priority: str, dry_run: bool) -> None:
    """Answer a message to you: to its sender, in its thread. It counts as read then."""
    document = {"body": output.read_body(body), "priority": priority}
    call.submit("mail.reply", document, target=identifier, dry_run=dry_run)


@command.command("thread", epilog="\b\nExample:\n  prismfs mail thread mai-01k5")
@click.argument("identifier", metavar="ID")
@output.verb()
def thread(call: output.Call, identifier: str) -> None:
    """Show the whole conversation that a message belongs to, oldest first; marks nothing."""
    with reading(call.project()) as connection:
        name = resolve_id(connection, identifier)
        found = json.loads(listing.read_document(connection, name) or "{}")
        if found.get("kind") != "mail":
            raise RefusedError("not_found", f"no mail {name}", field="ID", hint="prismfs mail inbox --all")
        first = found.get("thread_id") or found["id"]
        texts, _ = listing.find_documents(connection, "mail", where={"key": first}, newest_first=False)
        begun = listing.read_document(connection, first)
        pid = own_pid(connection)
    mails = [with_sender(json.loads(text), pid) for text in ((begun,) if begun else ()) + texts]
    mails.sort(key=lambda mail: (mail["created_at"], mail["id"]))
    output.result(call, {"items": mails, "total": len(mails)}, [line for mail in mails for line in _shown(mail)])


@command.command("ack", epilog="\b\nExample:\n  prismfs --as mayor mail ack mai-01k5")
@click.argument("identifier", metavar="ID")
@output.verb(writes=True)
def ack(call: output.Call, identifier: str, dry_run: bool) -> None:
    """Mark a message as read without showing it; only its addressee or an operator may."""
    call.submit("mail.ack", {}, target=identifier, dry_run=dry_run)


@command.command("archive", epilog="\b\nExample:\n  prismfs --as mayor mail archive mai-01k5")
@click.argument("identifier", metavar="ID")
@output.verb(writes=True)
def archive(call: output.Call, identifier: str, dry_run: bool) -> None:
    """Put a message to you away; `mail inbox --archived` lists it."""
    call.submit("mail.archive", {}, target=identifier, dry_run=dry_run)


def _table(mails: list[dict[str, Any]]) -> str:
    now = datetime.now(UTC)
    columns = {name: name.upper() for name in ("id", "status", "priority", "from", "subject", "age")}
    rows = [mail | {"from": sender_text(mail), "age": format_age(mail["created_at"], now)} for mail in mails]
    return output.table(rows, columns)


def _shown(mail: dict[str, Any]) -> list[str]:
    """Return one message of a conversation as lines for people."""
    told = f"{mail['type']}, {mail['priority']}, {mail['status']}"
    head = f"{mail['created_at']}  {sender_text(mail)} to {mail['to']}  {told}"
    first = click.style(output.safe(mail["id"]), bold=True) + "  " + output.safe(head)
    body = [f"  {line}" for line in output.safe(mail["body"]).rstrip().splitlines()]
    return [first, output.one_line(mail["subject"]), *body, ""]
