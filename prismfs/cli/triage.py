"""`prismfs triage`: try the triage rules."""

from __future__ import annotations

import json
from pathlib import Path

import click

from prismfs.cli import output


@click.group("triage", epilog="\b\nExample:\n  prismfs triage eval reports.jsonl")
def command() -> None:
    """Try the triage rules on labelled reports."""


@command.command("eval", epilog="\b\nExample:\n  prismfs triage eval reports.jsonl --rules settings/triage.yaml")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option(
    "--rules",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="Other rules than the project's.",
)
@click.option("--hard", type=click.IntRange(min=0), default=10, show_default=True, help="How many hard cases to print.")
@output.verb()
def evaluate_(call: output.Call, file: Path, rules: Path | None, hard: int) -> None:
    """Sort each report of FILE (JSON lines: id, title, body, lane, …) and compare with its label."""
    from prismfs.engine.evaluate import evaluate
    from prismfs.errors import RecordError, StoreError
    from prismfs.kinds import triage
    from prismfs.store.defaults import default_record

    if rules is None:
        try:
            rules = call.project() / "settings" / "triage.yaml"
        except StoreError:
            rules = None
    found = (
        triage.KIND.read(rules.read_bytes(), path="settings/triage.yaml")
        if rules is not None and rules.is_file()
        else default_record("triage")
    )
    assert isinstance(found, triage.Triage)
    try:
        rows = [json.loads(line) for line in file.read_text().splitlines() if line.strip()]
    except ValueError as error:
        raise RecordError("syntax", f"is not JSON lines: {error}", path=str(file)) from error
    evaluation = evaluate(found, rows)
    output.result(call, evaluation.to_document(), evaluation_lines(evaluation.to_document(), hard))


def evaluation_lines(data: dict, hard: int) -> list[str]:  # type: ignore[type-arg]
    """Return an evaluation as lines for people."""
    return [json.dumps(data, indent=1)[:3000]]
