"""`prismfs show`: one record, whole."""

import json
from collections.abc import Collection
from typing import Any

import click

from prismfs.cli import output
from prismfs.cli.sender import own_pid, sender_text, with_sender
from prismfs.store import listing
from prismfs.store.reading import reading, resolve_id


@click.command("show", epilog="\b\nExample:\n  prismfs show inc-01k5 --json")
@click.argument("identifier", metavar="ID")
@output.verb()
def command(call: output.Call, identifier: str) -> None:
    """Show the record whose id begins with ID."""
    print_record(call, identifier)


def print_record(call: output.Call, identifier: str, *, with_member: tuple[str, str] | None = None) -> None:
    """Print one record: its document with `--json`, else member by member, long text last.

    `with_member` names a member that holds another record's id, and the name under which that one is printed, too.
    """
    document, lines = record_with(call, identifier, with_member=with_member)
    output.result(call, document, lines)


def record_with(
    call: output.Call, identifier: str, *, with_member: tuple[str, str] | None = None, but: Collection[str] = ()
) -> tuple[dict[str, Any], list[str]]:
    """Return one record as its document, and as lines for people; those leave out the members `but`."""
    with reading(call.project()) as connection:
        text = listing.read_document(connection, resolve_id(connection, identifier))
        document: dict[str, Any] = with_sender(json.loads(text or "{}"), own_pid(connection))
        lines = _lines(_for_people({name: value for name, value in document.items() if name not in but}))
        other = document.get(with_member[0]) if with_member is not None else None
        if with_member is not None and isinstance(other, str):
            found: dict[str, Any] = json.loads(listing.read_document(connection, other) or "{}")
            document[with_member[1]] = found
            lines += [f"\n{click.style(with_member[1].replace('_', ' '), bold=True)}", *_lines(_flat(found))]
    return document, lines


def _for_people(document: dict[str, Any]) -> dict[str, Any]:
    """Return `document` with the sender and how it is known in one member, in place of the name alone."""
    if "sender" not in document:
        return document
    shown = {name: value for name, value in document.items() if name not in ("from", "from_pid", "sender_known")}
    return shown | {"sender": sender_text(document)}


def _flat(document: dict[str, Any]) -> dict[str, Any]:
    """Return `document` with the members of its objects beside its own, one level deep, as `object.member`."""
    flat: dict[str, Any] = {}
    for name, value in document.items():
        inner = value if isinstance(value, dict) and name != "severity" else {}
        flat |= {f"{name}.{member}": part for member, part in inner.items()} if inner else {name: value}
    return flat


def _lines(document: dict[str, Any]) -> list[str]:
    width = max(len(name) for name in document)
    short, long = [], []
    for name, value in document.items():
        if isinstance(value, str) and "\n" in value:
            long.append(f"\n{name}:\n{output.safe(value).rstrip()}")
        else:
            shown = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
            if name.rpartition(".")[2] == "severity" and isinstance(value, dict):
                shown = output.severity_style(value.get("rank"), str(value.get("label")))
            else:
                shown = output.safe(shown)
            short.append(f"{click.style(name.ljust(width), bold=True)}  {shown}")
    return short + long
