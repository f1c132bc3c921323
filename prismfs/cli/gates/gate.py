"""`prismfs gate`: what waits at a gate, what it says, and the decision on it (R-003-04, R-003-28)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from prismfs.cli import output, verdict
from prismfs.errors import RecordError, RefusedError, UsageError
from prismfs.store import listing
from prismfs.store.reading import reading, resolve_id

if TYPE_CHECKING:
    from prismfs.kinds.gates.artifact import Artifact
    from prismfs.records.view import View

_EXAMPLE = "\b\nExample:\n  prismfs "


@click.group("gate", epilog=f"{_EXAMPLE}gate list --waiting")
def command() -> None:
    """List and show what waits at a gate; approve it or send it back."""


@command.command("list", epilog=f"{_EXAMPLE}gate list --waiting")
@click.option("--waiting", is_flag=True, help="Only what waits for a decision.")
@click.option("--about", "ref", help="Only those of this incident (its whole id).")
@click.option("--limit", type=click.IntRange(min=1), help="At most so many, newest first.")
@output.verb()
def list_(call: output.Call, waiting: bool, **filters: Any) -> None:
    """List artifacts and their states, newest first."""
    from prismfs.cli.listing import print_list

    print_list(call, "artifact", status="presented" if waiting else None, **filters)


@command.command("show", epilog=f"{_EXAMPLE}gate show inc-01k5 INC-2")
@click.argument("identifier", metavar="ARTIFACT|INCIDENT")
@click.argument("phase", metavar="[PHASE]", required=False)
@output.verb()
def show(call: output.Call, identifier: str, phase: str | None) -> None:
    """Show an artifact as it waits: its text, its hash, the criteria, what keeps it, and who may decide."""
    from prismfs.rules.gates import consequences, findings, progress, reading
    from prismfs.rules.gates.gate import gate_of, unmet_demands

    with call.desk() as desk:
        view = desk.view()
        artifact = _artifact(call, view, identifier, phase)
        found, gate = gate_of(view, artifact)
        found_by_panel = [findings.line_of(finding) for finding in findings.findings_in(view, [artifact])]
        try:
            against = unmet_demands(found, gate, reading.parse(found, artifact.body))
        except RecordError as error:
            against = [str(error)]
        if not progress.reads_unchanged(view, artifact):
            against.append("what it was written against was changed")
    may = _deciders(call, artifact)
    data = artifact.to_document() | {
        "criteria": list(gate.criteria), "answers": [gate.approve, gate.revise], "against": against, "may_decide": may,
    }  # fmt: skip
    rule = "-" * 72
    lines = [
        click.style(artifact.id, bold=True) + f"  {artifact.label} revision {artifact.revision}  {artifact.status}",
        output.safe(f"{artifact.title} of {artifact.about}, by {', '.join((artifact.author, *artifact.editors))}"),
        f"content hash: {artifact.content_hash}",
        rule, output.safe(artifact.body.rstrip("\n")), rule,
        *(f"finding: {output.one_line(text)}" for text in found_by_panel),
        *(f"criterion {number}: {output.safe(text)}" for number, text in enumerate(gate.criteria, start=1)),
        *(f"cannot pass: {output.one_line(text)}" for text in against),
        f"may decide: {', '.join(may) or 'nobody'}",
    ]  # fmt: skip
    if artifact.status == "presented":
        lines.append(consequences.how_to_decide(artifact).rstrip())
    output.result(call, data, lines)


@command.command(
    "approve", epilog=f'{_EXAMPLE}--as Petra gate approve art-01k5 --criterion 2="error rate back to 0.1 %"'
)
@click.argument("identifier", metavar="ARTIFACT|INCIDENT")
@click.argument("phase", metavar="[PHASE]", required=False)
@click.option("--notes", default="", help="Remarks.")
@click.option("--criterion", multiple=True, metavar="N=TEXT", help="How criterion N is met; yes if nothing is said.")
@verdict.verb
def approve(call: output.Call, identifier: str, phase: str | None, notes: str, **options: Any) -> None:
    """Approve exactly what the artifact says now; its authors may not."""
    _decide(call, identifier, phase, "approve", reason=notes, **options)


@command.command("revise", epilog=f'{_EXAMPLE}--as Petra gate revise art-01k5 --reason "no metric shows it"')
@click.argument("identifier", metavar="ARTIFACT|INCIDENT")
@click.argument("phase", metavar="[PHASE]", required=False)
@click.option("--reason", required=True, help="What is missing.")
@click.option("--criterion", multiple=True, metavar="N=TEXT", help="What is said of criterion N.")
@verdict.verb
def revise(call: output.Call, identifier: str, phase: str | None, reason: str, **options: Any) -> None:
    """Send the artifact back, with the reason; its next revision waits at the gate again."""
    _decide(call, identifier, phase, "revise", reason=reason, **options)


def _decide(
    call: output.Call, identifier: str, phase: str | None, decision: str, *, reason: str, criterion: tuple[str, ...],
    **options: Any,
) -> None:  # fmt: skip
    from prismfs.rules.gates.gate import GATE

    criteria = dict(_criterion(text) for text in criterion)
    with call.desk() as desk:
        artifact = _artifact(call, desk.view(), identifier, phase)
    verdict.give_verdict(call, GATE, artifact, decision, {"criteria": criteria, "reason": reason}, **options)


def _artifact(call: output.Call, view: View, identifier: str, phase: str | None) -> Artifact:
    """Return the artifact of this id, or the newest of `phase` about the record of this id.

    Raises:
        RefusedError: `not_found`, `ambiguous`.
    """
    from prismfs.kinds.gates.artifact import Artifact
    from prismfs.rules.gates.progress import newest

    with reading(call.project()) as connection:
        whole = resolve_id(connection, identifier)
    found = view.get(Artifact, whole) if phase is None else newest(view, whole, phase.upper())
    if found is None:
        what = f"{whole} is no artifact" if phase is None else f"{whole} has no artifact of {phase[:12]}"
        raise RefusedError("not_found", what, field="ARTIFACT", hint="prismfs gate list --waiting")
    return found


def _deciders(call: output.Call, artifact: Artifact) -> list[str]:
    """Return the operators and personas who may approve, less those who had a hand in it."""
    import json

    from prismfs.kinds.core.settings.persona import Persona
    from prismfs.rules.gates.consequences import APPROVE

    with reading(call.project()) as connection:
        project = json.loads(listing.read_document(connection, "project") or "{}")
        texts, _ = listing.find_documents(connection, "persona", where={})
    personas = [Persona.model_validate_json(text) for text in texts]
    names = [*project.get("operators", ()), *(one.identity for one in personas if one.may(APPROVE))]
    return [name for name in dict.fromkeys(names) if name.casefold() not in artifact.hands]


def _criterion(text: str) -> tuple[str, str]:
    name, found, said = text.partition("=")
    if not found or not name.strip() or not said.strip():
        raise UsageError("usage", "a criterion is answered as N=TEXT", field="--criterion")
    return name.strip(), said.strip()
