"""`prismfs list`: the records of one kind, from the projection."""

import json
from collections.abc import Mapping, Sequence
from typing import Any, Literal

import click

from prismfs.cli import output
from prismfs.cli.sender import has_sender, own_pid, sender_text, with_sender
from prismfs.cli.words import check_words, meant
from prismfs.records.document import Document, member
from prismfs.store.listing import count_by_status, find_documents, read_kinds
from prismfs.store.reading import reading

_RANKS = {"P0": 0, "P1": 1, "P2": 2, "P3": 3, "CRITICAL": 0, "HIGH": 1, "MEDIUM": 2, "LOW": 3}


@click.command(
    "list",
    epilog="\b\nExample:\n  prismfs list incident --open --severity P1\n  prismfs list mail --owner mayor --json",
)
@click.argument("kind", metavar="KIND")
@click.option("--status", help="Only this status.")
@click.option("--open", "only_open", is_flag=True, help="Only open ones.")
@click.option("--severity", type=click.Choice(list(_RANKS), case_sensitive=False), help="Only this severity.")
@click.option("--owner", help="Only this owner: addressee of a mail, tier of a bead, sender of a signal.")
@click.option("--ref", help="Only those about this record.")
@click.option("--limit", type=click.IntRange(min=1), help="At most so many, newest first.")
@output.verb()
def command(call: output.Call, kind: str, limit: int | None, **filters: Any) -> None:
    """List the records of KIND, newest first: signal, incident, bead, outbox, mail, todo, journal, kb, …"""
    print_list(call, kind, limit=limit, **filters)


def print_list(
    call: output.Call,
    kind: str,
    *,
    status: str | None = None,
    only_open: bool = False,
    severity: str | None = None,
    owner: str | None = None,
    ref: str | None = None,
    members: Mapping[str, str | None] | None = None,
    compare: Sequence[tuple[str, Literal["<", ">="], str]] = (),
    words: Mapping[str, str | None] | None = None,
    limit: int | None = None,
) -> None:
    """Print a listing; `--json` gives whole records, the table a line each.

    `members` and `compare` are further conditions, as `store.listing.find_documents` takes them. `words` are those of
    the options that must be ones of the settings, as `check_words` knows them; the status is always looked at.

    Raises:
        UsageError: `unknown_word`.
    """
    asked = _given({"status": status, "open": only_open or None, "severity": severity, "owner": owner, "ref": ref})
    where: dict[str, object] = {**_given(members or {}), **asked}
    if severity is not None:
        del where["severity"]
        where["rank"] = _RANKS[severity.upper()]
    with reading(call.project()) as connection:
        form = _form_of(kind, read_kinds(connection))
        for name in asked:
            if name not in form["filters"]:
                allowed = ", ".join(f"--{each}" for each in form["filters"]) or "no filter"
                raise click.UsageError(f"a {kind} has no {name} to be listed by; it takes {allowed}")
        texts, total = find_documents(connection, kind, where=where, compare=compare, limit=limit)
        if has_sender(kind):
            pid = own_pid(connection)
            texts = tuple(output.encode(with_sender(json.loads(text), pid)) for text in texts)
        seen = {has for of, has, *_ in count_by_status(connection) if of == kind} if not total else ()
    if not total and (status or words):
        check_words(call, kind, {"status": status, **(words or {})}, seen)
    if call.as_json:
        head = json.dumps({"schema": output.SCHEMA, "ok": True})[:-1]
        print(f'{head}, "data": {{"items": [{", ".join(texts)}], "total": {total}}}}}')
    elif texts:
        rows = [_row(kind, form, json.loads(text)) for text in texts]
        columns = {name: name.upper() for row in rows for name in row}
        click.echo(output.table(rows, columns))
        if total > len(rows):
            click.echo(f"{total - len(rows)} more; leave --limit out to see them")
    else:
        click.echo(f"no {kind} matches")


def _given(conditions: Mapping[str, object]) -> dict[str, object]:
    return {name: value for name, value in conditions.items() if value is not None}


def _form_of(kind: str, kinds: Mapping[str, Document]) -> dict[str, Any]:
    """Return how records of `kind` are listed; the index knows, unless an earlier program made it.

    Raises:
        click.UsageError: there is no such kind; it names the nearest.
    """
    if kind not in kinds:
        from prismfs.kinds import KINDS

        kinds = {name: known.listing_document() for name, known in KINDS.items()}
    if kind not in kinds:
        near = meant(kind, kinds)
        raise click.UsageError(f"no kind {kind!r}; {near} there are {', '.join(sorted(kinds))}.")
    return kinds[kind]


def _row(kind: str, form: Mapping[str, Any], document: Document) -> dict[str, Any]:
    """Return what a table shows of one record: its id, the columns of its kind, its title."""
    row: dict[str, Any] = {"id": member(document, form["id"]) or kind}
    for path, default in form["columns"]:
        value = member(document, path)
        value = default if value is None else value
        if value is not None:
            row[path.rpartition(".")[2]] = _cell(value)
    if "sender" in document:
        row["from"] = sender_text(document)
    title = member(document, form["title"])
    return row if title is None else row | {"what": title}


def _cell(value: Any) -> Any:
    if isinstance(value, dict):
        return output.severity_style(value.get("rank"), str(value.get("label")))
    return " ".join(map(str, value)) if isinstance(value, list) else value
