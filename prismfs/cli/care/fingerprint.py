"""`prismfs fingerprint`: what tells a failure's fault, and how well the rules for it do."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from prismfs.cli import output

if TYPE_CHECKING:
    from prismfs.kinds.core.settings.fingerprint import Fingerprint

_MOST_BYTES = 1 << 20  # as much as a drop may have; of it the rules look at 64 KiB

_RULES = click.option(
    "--rules",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="Other rules than the project's.",
)


class OfByDefault(click.Group):
    """A group whose first word, when it is no command of the group, is a file to look at."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Put the command `of` in front where none is named."""
        if args and args[0] not in (*self.commands, "--help"):
            args = ["of", *args]
        return super().parse_args(ctx, args)


@click.group("fingerprint", cls=OfByDefault, epilog="\b\nExample:\n  prismfs fingerprint error.txt")
def command() -> None:
    """Show what makes failures the same fault: fingerprint FILE (- for standard input). Or: eval."""


@command.command(
    "of", epilog="\b\nExample:\n  journalctl -u export -n 50 | prismfs fingerprint of - --field job=export"
)
@click.argument("file", type=click.File("rb"))
@click.option("--kind", default="job_failure", show_default=True, help="The kind of report whose fields count.")
@click.option("--text-field", default="error", show_default=True, help="Which field of the report the text is.")
@click.option("--field", "fields", multiple=True, metavar="NAME=TEXT", help="Another field of it; may be repeated.")
@_RULES
@output.verb()
def of(call: output.Call, file: Any, kind: str, text_field: str, fields: tuple[str, ...], rules: Path | None) -> None:
    """Print the fingerprint of the text in FILE, and what of it tells the fault."""
    from prismfs.rules.core.fingerprint import essence, fingerprint

    text = file.read(_MOST_BYTES).decode(errors="replace")
    given = {text_field: text}
    for pair in fields:
        name, sign, value = pair.partition("=")
        if not sign or not name:
            raise click.BadParameter("is written as NAME=TEXT", param_hint="--field")
        given[name] = value
    found = _rules(call, rules)
    data = {"fingerprint": fingerprint(found, kind, given), "normalised": essence(found, text)}
    output.result(call, data, [data["fingerprint"], "", output.safe(data["normalised"])])


@command.command(
    "eval", epilog="\b\nExample:\n  prismfs fingerprint eval failures.jsonl --rules settings/fingerprint.yaml"
)
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@_RULES
@click.option("--wrong", type=click.IntRange(min=0), default=10, show_default=True, help="How many pairs to print.")
@output.verb()
def evaluate(call: output.Call, file: Path, rules: Path | None, wrong: int) -> None:
    """Group the failures of FILE (JSON lines: id, text, group, job) by fingerprint and compare with their groups."""
    from prismfs.engine.admin.evaluate_fingerprint import evaluate_grouping
    from prismfs.errors import RecordError

    try:
        rows = [json.loads(line) for line in file.read_text().splitlines() if line.strip()]
    except ValueError as error:
        raise RecordError("syntax", f"is not JSON lines: {error}", path=str(file)) from error
    if not all(isinstance(row, dict) for row in rows):
        raise RecordError("syntax", "is not JSON lines of objects", path=str(file))
    data = evaluate_grouping(_rules(call, rules), rows).to_document()
    output.result(call, data, _lines(data, wrong))


def _rules(call: output.Call, path: Path | None) -> Fingerprint:
    from prismfs.errors import StoreError
    from prismfs.kinds.core.settings import fingerprint
    from prismfs.store.defaults import default_record

    if path is None:
        try:
            path = call.project() / fingerprint.KIND.folder
        except StoreError:
            path = None
    found = (
        fingerprint.KIND.read(path.read_bytes(), path=fingerprint.KIND.folder)
        if path is not None and path.is_file()
        else default_record("fingerprint")
    )
    assert isinstance(found, fingerprint.Fingerprint)
    return found


def _lines(data: dict[str, Any], wrong: int) -> Iterator[str]:
    yield f"{data['count']} failures in {data['groups']} groups, {data['groups_expected']} by their labels"
    yield f"pairs: precision {data['precision']:.1%}, recall {data['recall']:.1%}, F1 {data['f1']:.1%}"
    for title, pairs in (("Wrongly joined", data["wrongly_joined"]), ("Wrongly split", data["wrongly_split"])):
        if pairs:
            yield f"\n{title} ({min(wrong, len(pairs))} of {len(pairs)}):"
        for one, other in pairs[:wrong]:
            yield f"  {output.one_line(one)} and {output.one_line(other)}"
