"""`prismfs scan`: what of a file would be taken out before it is kept, and how well the scanner does."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from prismfs.cli import output
from prismfs.errors import RecordError, StoreError, UsageError

if TYPE_CHECKING:
    from prismfs.kinds.core.settings.redaction import RedactionRules

_MOST_BYTES = 8 << 20  # more than any file that prismfs takes


class FileByDefault(click.Group):
    """A group whose first word, when it is no command of the group, is a file to scan."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Put the command `file` in front where none is named."""
        if args and args[0] not in (*self.commands, "--help"):
            args = ["file", *args]
        return super().parse_args(ctx, args)


@click.group("scan", cls=FileByDefault, epilog="\b\nExample:\n  prismfs scan report.log")
def command() -> None:
    """Show what of a file would be taken out: scan FILE (- for standard input). Or: eval."""


@command.command("file", epilog="\b\nExample:\n  journalctl -u export -n 50 | prismfs scan file -")
@click.argument("file", type=click.File("rb"))
@output.verb()
def scan(call: output.Call, file: Any) -> int:
    """Print what of FILE would be taken out or is suspected, never the values; exit 1 if something would be.

    A YAML or JSON object is scanned as such, with its keys; everything else as text.
    """
    from prismfs.intake.scan import as_document, redact

    data = file.read(_MOST_BYTES + 1)
    if len(data) > _MOST_BYTES:
        raise UsageError("too_large", f"is larger than {_MOST_BYTES} bytes", hint="scan a part of it: tail -c 1000000")
    document, is_text = _document(data, str(getattr(file, "name", "")))
    scanned = redact(document, rules=_rules(call))
    found = [as_document(finding, scanned.rules) | {"level": finding.level} for finding in scanned.findings]
    taken = sum(finding.count for finding in scanned.taken_out)
    if is_text:
        for row in found:
            row["pointer"] = ""
    total = sum(finding.count for finding in scanned.findings)
    data_out = {"rules": scanned.rules, "taken_out": taken, "suspected": total - taken, "findings": found}
    output.result(call, data_out, _lines(data_out))
    return 1 if taken else 0


@command.command("eval", epilog="\b\nExample:\n  prismfs scan eval samples.jsonl")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--wrong", type=click.IntRange(min=0), default=10, show_default=True, help="How many rows to print.")
@output.verb()
def evaluate(call: output.Call, file: Path, wrong: int) -> None:
    """Scan each row of FILE (JSON lines: id, text or document, kinds, secret) and compare with its label."""
    from prismfs.engine.admin.evaluate_scan import evaluate_scan

    try:
        rows = [json.loads(line) for line in file.read_text().splitlines() if line.strip()]
    except ValueError as error:
        raise RecordError("syntax", f"is not JSON lines: {error}", path=str(file)) from error
    if not all(isinstance(row, dict) for row in rows):
        raise RecordError("syntax", "is not JSON lines of objects", path=str(file))
    data = evaluate_scan(rows, _rules(call)).to_document()
    output.result(call, data, _evaluation(data, wrong))


def _document(data: bytes, name: str) -> tuple[dict[str, Any], bool]:
    """Return `data` as a document, and whether it is none but a text of its own."""
    from prismfs.records import codec

    text = data.decode(errors="replace")
    if name.endswith((".yaml", ".yml", ".json")) or text.lstrip()[:1] == "{":
        is_json = name.endswith(".json") or text.lstrip()[:1] == "{"
        try:
            return dict(codec.parse(data, format="json" if is_json else "yaml", path=name)), False
        except RecordError:
            print("is no YAML or JSON object as prismfs reads it: scanned as text", file=sys.stderr)
    return {"text": text}, True


def _rules(call: output.Call) -> RedactionRules | None:
    from prismfs.kinds.core.settings import redaction

    try:
        path = call.project() / redaction.KIND.folder
    except StoreError:
        return None
    if not path.is_file():
        return None
    found = redaction.KIND.read(path.read_bytes(), path=redaction.KIND.folder)
    assert isinstance(found, redaction.RedactionRules)
    return found


def _lines(data: dict[str, Any]) -> Iterator[str]:
    yield f"{data['taken_out']} would be taken out, {data['suspected']} suspected (rules {data['rules']})"
    if data["findings"]:
        columns = {"pointer": "WHERE", "kind": "KIND", "level": "LEVEL", "count": "COUNT"}
        yield output.table(data["findings"], columns)


def _evaluation(data: dict[str, Any], wrong: int) -> Iterator[str]:
    with_secrets = data["count"] - data["clean"]
    yield f"{with_secrets} rows with secrets: {data['recall']:.1%} found (rules {data['rules']})"
    yield f"{data['clean']} clean rows: of {data['false_positives']:.1%} something was taken out"
    yield f"in {data['suspected']} clean rows something was only suspected; {data['ms_per_kb']} ms per KB"
    rows = [{"kind": kind, **result} for kind, result in data["kinds"].items()]
    if rows:
        yield "\n" + output.table(rows, {"kind": "KIND", "count": "ROWS", "found": "FOUND", "recall": "RECALL"})
    for title, found in (("Missed", data["missed"]), ("Wrongly taken out", data["wrong"])):
        if found and wrong:
            yield f"\n{title} ({min(wrong, len(found))} of {len(found)}):"
        for row in found[:wrong]:
            yield f"  {output.one_line(row['id'])}: {output.one_line(', '.join(row['kinds']))}"
