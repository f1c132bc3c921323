"""`prismfs review`: post-incident reviews, drafted from the history and stored as knowledge (R-002-44 to R-002-50)."""

import json
from pathlib import Path

import click

from prismfs.cli import output
from prismfs.errors import RefusedError, StoreError, UsageError
from prismfs.store import listing
from prismfs.store.reading import reading, resolve_id


@click.group("review", epilog="\b\nExample:\n  prismfs review new inc-01k5 --output review.md")
def command() -> None:
    """Draft, store and show post-incident reviews (docs/post-incident-review.md)."""


@command.command("new", epilog="\b\nExample:\n  prismfs review new inc-01k5 --output review.md")
@click.argument("incident", metavar="INC")
@click.option(
    "--output", "file", type=click.Path(path_type=Path, dir_okay=False), help="Write it there, to a new file."
)
@output.verb()
def new(call: output.Call, incident: str, file: Path | None) -> None:
    """Draft the review of INC from its history and its artifacts; what is not known yet stays in angle brackets.

    Nothing is stored: fill it in, then: prismfs review submit INC FILE
    """
    from prismfs.engine.turn.desk import Desk
    from prismfs.kinds.response.incident import Incident
    from prismfs.rules.response.postmortem.drafting import draft_of

    root = call.project()
    with reading(root) as connection:
        identifier = resolve_id(connection, incident)
    with Desk(root) as desk:
        view = desk.view()
        found = view.get(Incident, identifier)
        if found is None:
            raise RefusedError("not_an_incident", "is no incident", path=identifier, hint="prismfs incident list")
        body = draft_of(view, found)
    if file is not None:
        _write_new(file, body)
    data = {"incident": identifier, "body": body, "file": None if file is None else str(file)}
    output.result(call, data, output.safe(body) if file is None else f"{file}: fill in what stands in <…>, then submit")


@command.command("submit", epilog="\b\nExample:\n  prismfs --as gwen review submit inc-01k5 review.md")
@click.argument("incident", metavar="INC")
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False, allow_dash=True))
@output.verb(writes=True)
def submit(call: output.Call, incident: str, file: Path, dry_run: bool) -> None:
    """Store FILE (-: standard input) as the review of INC, in place of what was stored before.

    It has five parts, asks why five times or says why the questions stop, and puts the impact into numbers. Advice
    on sentences that blame somebody is printed and keeps nothing back. Everybody may.
    """
    call.submit("review.store", {"body": _read(file)}, target=incident, dry_run=dry_run)


@command.command("show", epilog="\b\nExample:\n  prismfs review show inc-01k5")
@click.argument("incident", metavar="INC")
@output.verb()
def show(call: output.Call, incident: str) -> None:
    """Show the stored review of INC."""
    with reading(call.project()) as connection:
        identifier = resolve_id(connection, incident)
        found = json.loads(listing.read_document(connection, identifier) or "{}")
        text = listing.read_document(connection, str(found["review"])) if found.get("review") else None
    if text is None:
        raise RefusedError("no_review", "has no stored review", path=identifier, hint="prismfs review new INC")
    article = json.loads(text)
    data = {"incident": identifier, "stored_at": found.get("review_stored_at"), **article}
    head = f"{click.style(output.safe(article['title']), bold=True)} (kb/{article['name']})\n"
    output.result(call, data, [head, output.safe(article["body"])])


def _read(file: Path) -> str:
    if str(file) == "-":
        return output.read_body("-")
    try:
        return file.read_bytes().decode()
    except OSError as error:
        raise UsageError("unreadable", f"cannot be read: {error.strerror}", path=str(file)) from error
    except UnicodeDecodeError as error:
        raise UsageError("not_utf8", "is not UTF-8", path=str(file)) from error


def _write_new(file: Path, body: str) -> None:
    try:
        with file.open("x", encoding="utf-8") as stream:
            stream.write(body)
    except FileExistsError:
        raise RefusedError("file_exists", "is there already", path=str(file), hint="another name") from None
    except OSError as error:
        raise StoreError("unwritable", f"cannot be written: {error.strerror}", path=str(file)) from error
