"""`prismfs fingerprint`: what tells a failure's fault, and how well the rules for it do."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click

from prismfs.cli import output
from prismfs.cli.care.triage import EXAMPLES, RULES, read_examples, read_rules
from prismfs.errors import RecordError

_MOST_BYTES = 1 << 20  # as much as a drop may have; of it the rules look at 64 KiB


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
@RULES
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
    found = read_rules(call, "fingerprint", rules)
    data = {"fingerprint": fingerprint(found, kind, given), "normalised": essence(found, text)}
    output.result(call, data, [data["fingerprint"], "", output.safe(data["normalised"])])


@command.command(
    "eval", epilog="\b\nExample:\n  prismfs fingerprint eval failures.jsonl --rules settings/fingerprint.yaml"
)
@EXAMPLES
@RULES
@click.option("--wrong", type=click.IntRange(min=0), default=10, show_default=True, help="How many pairs to print.")
@output.verb()
def evaluate(call: output.Call, file: Path, rules: Path | None, wrong: int) -> None:
    """Group the failures of FILE (JSON lines: id, text, group, job) by fingerprint and compare with their groups."""
    from prismfs.engine.admin.evaluate_fingerprint import evaluate_grouping

    rows = read_examples(file)
    if not all(isinstance(row, dict) for row in rows):
        raise RecordError("syntax", "is not JSON lines of objects", path=str(file))
    data = evaluate_grouping(read_rules(call, "fingerprint", rules), rows).to_document()
    output.result(call, data, _lines(data, wrong))


def _lines(data: dict[str, Any], wrong: int) -> Iterator[str]:
    yield f"{data['count']} failures in {data['groups']} groups, {data['groups_expected']} by their labels"
    yield f"pairs: precision {data['precision']:.1%}, recall {data['recall']:.1%}, F1 {data['f1']:.1%}"
    for title, pairs in (("Wrongly joined", data["wrongly_joined"]), ("Wrongly split", data["wrongly_split"])):
        if pairs:
            yield f"\n{title} ({min(wrong, len(pairs))} of {len(pairs)}):"
        for one, other in pairs[:wrong]:
            yield f"  {output.one_line(one)} and {output.one_line(other)}"
