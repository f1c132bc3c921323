"""`prismfs gate`: what waits at a gate, what it says, and the decision on it (R-003-04, R-003-28)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

import click

from prismfs.cli import output

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
    """List artifacts and how they stand at their gates, newest first."""
    from prismfs.cli.listing import print_list

    print_list(call, "artifact", status="presented" if waiting else None, **filters)


@command.command("show", epilog=f"{_EXAMPLE}gate show inc-01k5 INC-2")
@click.argument("identifier", metavar="ARTIFACT|INCIDENT")
@click.argument("phase", metavar="[PHASE]", required=False)
@output.verb()
def show(call: output.Call, identifier: str, phase: str | None) -> None:
    """Show an artifact as it waits: its text, its hash, the criteria, what keeps it, and who may decide."""
    from prismfs.engine.turn.desk import Desk
    from prismfs.errors import RecordError
    from prismfs.rules.gates.gate_rules import gate_of, unmet_demands
    from prismfs.rules.gates.news import how
    from prismfs.rules.gates.progress import reads_hold
    from prismfs.rules.gates.sections.panel_facts import line_of, points_in
    from prismfs.rules.gates.sections.reading import parse

    with Desk(call.project()) as desk:
        view = desk.repo.view(desk.repo.snapshot())
        artifact = _artifact(call, view, identifier, phase)
        found, gate = gate_of(view, artifact)
        findings = [line_of(point) for point in points_in(view, [artifact])]
        try:
            against = unmet_demands(found, gate, parse(found, artifact.body))
        except RecordError as error:
            against = [str(error)]
        if not reads_hold(view, artifact):
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
        *(f"finding: {output.one_line(text)}" for text in findings),
        *(f"criterion {number}: {output.safe(text)}" for number, text in enumerate(gate.criteria, start=1)),
        *(f"cannot pass: {output.one_line(text)}" for text in against),
        f"may decide: {', '.join(may) or 'nobody'}",
    ]  # fmt: skip
    output.result(call, data, [*lines, how(artifact).rstrip()] if artifact.status == "presented" else lines)


@command.command(
    "approve", epilog=f'{_EXAMPLE}--as Petra gate approve art-01k5 --criterion 2="error rate back to 0.1 %"'
)
@click.argument("identifier", metavar="ARTIFACT|INCIDENT")
@click.argument("phase", metavar="[PHASE]", required=False)
@click.option("--notes", default="", help="Remarks.")
@click.option("--criterion", multiple=True, metavar="N=TEXT", help="How criterion N is met; yes if nothing is said.")
@click.option("--hash", "seen", help="The content hash that you looked at, or its beginning: no other is approved.")
@click.option("--pull-request", is_flag=True, help="Write the decision as a file, for a commit that you sign.")
@output.verb(writes=True)
def approve(call: output.Call, identifier: str, phase: str | None, notes: str, **options: Any) -> None:
    """Approve exactly what the artifact says now; nobody approves what they had a hand in."""
    _decide(call, identifier, phase, "approve", reason=notes, **options)


@command.command("revise", epilog=f'{_EXAMPLE}--as Petra gate revise art-01k5 --reason "no metric shows it"')
@click.argument("identifier", metavar="ARTIFACT|INCIDENT")
@click.argument("phase", metavar="[PHASE]", required=False)
@click.option("--reason", required=True, help="What is missing.")
@click.option("--criterion", multiple=True, metavar="N=TEXT", help="What is said of criterion N.")
@click.option("--hash", "seen", help="The content hash that you looked at, or its beginning.")
@click.option("--pull-request", is_flag=True, help="Write the decision as a file, for a commit that you sign.")
@output.verb(writes=True)
def revise(call: output.Call, identifier: str, phase: str | None, reason: str, **options: Any) -> None:
    """Send the artifact back, with the reason; its next revision waits at the gate again."""
    _decide(call, identifier, phase, "revise", reason=reason, **options)


def _decide(
    call: output.Call,
    identifier: str,
    phase: str | None,
    verdict: Literal["approve", "revise"],
    *,
    reason: str,
    criterion: tuple[str, ...],
    seen: str | None,
    pull_request: bool,
    dry_run: bool,
) -> None:
    from prismfs.cli.submit import give
    from prismfs.engine.turn.desk import Desk
    from prismfs.errors import RefusedError

    said = dict(_criterion(text) for text in criterion)
    with Desk(call.project()) as desk:
        view = desk.repo.view(desk.repo.snapshot())
        artifact = _artifact(call, view, identifier, phase)
        if seen is not None and not (seen and artifact.content_hash.startswith(seen.casefold())):
            raise RefusedError(
                "approval_stale", f"its hash is {artifact.content_hash}", field="--hash", hint="look at it again"
            )
        if pull_request:
            _write(call, view, artifact, verdict, said=said, reason=reason, dry_run=dry_run)
            return
    document = {"content_hash": artifact.content_hash, "criteria": said, "reason": reason}
    give(call, f"gate.{verdict}", document, target=artifact.id, dry_run=dry_run)


def _write(call: output.Call, view: View, artifact: Artifact, verdict: Any, *, dry_run: bool, **words: Any) -> None:
    """Write the decision's file and print what git is to be told; nothing is committed."""
    import uuid

    from prismfs.clock import SystemClock
    from prismfs.engine.trust.decision_file import write_decision

    made, path = write_decision(
        call.project(), view, artifact, verdict=verdict, by=call.actor(), token=uuid.uuid4().hex,
        now=SystemClock().now(), dry_run=dry_run, **words,
    )  # fmt: skip
    commands = [
        f"git switch -c decision-{made.id}",
        f"git add {path}",
        f'git commit -S -m "gate: {verdict} {artifact.label} of {artifact.about}"',
        f"git push -u origin decision-{made.id}   # and open a pull request",
    ]
    data = {"decision": made.to_document(), "path": path, "commands": commands, "dry_run": dry_run}
    output.result(
        call, data, [f"{'would write' if dry_run else 'wrote'} {path}; nothing is decided yet. Next:", *commands]
    )


def _artifact(call: output.Call, view: View, identifier: str, phase: str | None) -> Artifact:
    """Return the artifact of this id, or the newest of `phase` about the record of this id.

    Raises:
        RefusedError: `not_found`, `ambiguous`.
    """
    from prismfs.errors import RefusedError
    from prismfs.kinds.gates.artifact import Artifact
    from prismfs.rules.gates.progress import revisions
    from prismfs.store.reading import reading, resolve_id

    with reading(call.project()) as connection:
        whole = resolve_id(connection, identifier)
    found = view.get(Artifact, whole) if phase is None else next(iter(revisions(view, whole, phase.upper())[-1:]), None)
    if found is None:
        what = f"{whole} is no artifact" if phase is None else f"{whole} has no artifact of {phase[:12]}"
        raise RefusedError("not_found", what, field="ARTIFACT", hint="prismfs gate list --waiting")
    return found


def _deciders(call: output.Call, artifact: Artifact) -> list[str]:
    """Return the operators and personas who may approve, less those who had a hand in it."""
    import json

    from prismfs.kinds.core.settings.persona import Persona
    from prismfs.rules.gates.news import APPROVE
    from prismfs.store import listing
    from prismfs.store.reading import reading

    with reading(call.project()) as connection:
        project = json.loads(listing.read_document(connection, "project") or "{}")
        texts, _ = listing.find_documents(connection, "persona", where={})
    personas = [Persona.model_validate_json(text) for text in texts]
    names = [*project.get("operators", ()), *(one.identity for one in personas if one.may(APPROVE))]
    return [name for name in dict.fromkeys(names) if name.casefold() not in artifact.hands]


def _criterion(text: str) -> tuple[str, str]:
    from prismfs.errors import UsageError

    name, found, said = text.partition("=")
    if not found or not name.strip() or not said.strip():
        raise UsageError("usage", "a criterion is answered as N=TEXT", field="--criterion")
    return name.strip(), said.strip()
