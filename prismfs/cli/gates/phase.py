"""`prismfs incident phase`: list the phases of an incident, print a template, submit an artifact (R-003-28)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from prismfs.cli import output
from prismfs.errors import RefusedError, UsageError
from prismfs.store.reading import reading, resolve_id

if TYPE_CHECKING:
    from prismfs.rules.gates.progress import PhaseState


@click.group("phase", epilog="\b\nExample:\n  prismfs incident phase list inc-01k5")
def command() -> None:
    """List the phases of an incident, print the template of one, submit its artifact."""


@command.command("list", epilog="\b\nExample:\n  prismfs incident phase list inc-01k5")
@click.argument("identifier", metavar="INCIDENT")
@click.option("--workflow", "name", default="incident", show_default=True, help="Which workflow: workflows/NAME.yaml.")
@output.verb()
def list_(call: output.Call, identifier: str, name: str) -> None:
    """Show the state of each phase: its newest artifact, its gate, and what comes next."""
    from prismfs.kinds.gates.settings.workflow import Workflow
    from prismfs.rules.gates.progress import phase_states

    whole = _whole_id(call, identifier)
    with call.desk() as desk:
        view = desk.view()
        workflow = view.get(Workflow, name)
        if workflow is None:
            raise RefusedError("no_workflow", f"no workflow {name[:60]!r}", field="--workflow",
                               hint="prismfs list workflow; prismfs check names a file that is invalid")  # fmt: skip
        rows = [_row(found, whole) for found in phase_states(view, workflow, whole)]
    data = {"about": whole, "workflow": workflow.name, "phases": rows}
    columns = {"phase": "PHASE", "title": "TITLE", "state": "STATE", "artifact": "ARTIFACT", "author": "AUTHOR",
               "next": "NEXT"}  # fmt: skip
    output.result(call, data, output.table([row | {"phase": _numbered(row)} for row in rows], columns))


@command.command("template", epilog="\b\nExample:\n  prismfs incident phase template inc-01k5 INC-2 --output inc-2.md")
@click.argument("identifier", metavar="INCIDENT")
@click.argument("phase", metavar="PHASE")
@click.option("--output", "file", type=click.Path(dir_okay=False, writable=True), help="Write it to this new file.")
@output.verb()
def template(call: output.Call, identifier: str, phase: str, file: str | None) -> None:
    """Print the Markdown of a phase, filled in with what is known; the rest is left open as <…>."""
    from pathlib import Path

    from prismfs.engine.trust.verdict_file import write_new
    from prismfs.rules.gates.facts import template_of
    from prismfs.rules.gates.progress import phase_of

    whole = _whole_id(call, identifier)
    with call.desk() as desk:
        view = desk.view()
        _, found = phase_of(view, phase.upper())
        text = template_of(view, found, whole)
    if file is not None:
        write_new(Path(file), text.encode(), name=file)
    data = {"about": whole, "phase": found.id, "template": text, "file": file}
    submit_it = f"prismfs incident phase submit {whole} {found.id} {output.one_line(file or 'FILE')}"
    output.result(call, data, text.rstrip("\n") if file is None else f"fill it in, then: {submit_it}")


@command.command("submit", epilog="\b\nExample:\n  prismfs --as gwen incident phase submit inc-01k5 INC-2 inc-2.md")
@click.argument("identifier", metavar="INCIDENT")
@click.argument("phase", metavar="PHASE")
@click.argument("file", metavar="FILE|-", type=click.File("rb"))
@click.option("--author", help="Who wrote it, if not the one who submits it; neither may approve it.")
@click.option("--findings", type=click.File("rb"), help="Findings of its panel: a YAML file with a list `findings`.")
@output.verb(writes=True)
def submit(
    call: output.Call, identifier: str, phase: str, file: Any, author: str | None, findings: Any, dry_run: bool
) -> None:
    """Submit the artifact of a phase; the phases before it must be there and, behind a gate, approved.

    Once more it is another revision: the gate is open again, and what builds on it is stale.
    """
    from prismfs.records import codec

    document: dict[str, Any] = {"phase": phase.upper(), "body": _decoded(file.read(), "FILE")}
    if author is not None:
        document["author"] = author
    if findings is not None:
        said = codec.parse(findings.read(), format="yaml", path=str(findings.name))
        document["findings"] = said.get("findings")
    call.submit("phase.submit", document, target=identifier, dry_run=dry_run)


def _row(found: PhaseState, about: str) -> dict[str, Any]:
    phase, artifact = found.phase, found.artifact
    return {
        "phase": phase.id, "title": phase.title, "state": found.state,
        "artifact": None if artifact is None else artifact.id,
        "number": None if artifact is None else artifact.number,
        "revision": None if artifact is None else artifact.revision,
        "author": None if artifact is None else artifact.author,
        "gate": None if phase.gate is None else list(phase.gate.criteria), "missing": list(found.missing),
        "next": _next(found, about),
    }  # fmt: skip


def _next(found: PhaseState, about: str) -> str:
    """Return what is to be done now; what keeps the phase, where something does."""
    if found.state == "presented" and found.artifact is not None:
        return f"prismfs gate show {found.artifact.id}"
    if found.state in ("approved", "submitted"):
        return f"prismfs incident phase submit {about} {found.phase.id} FILE" if found.phase.repeats else ""
    return "; ".join(found.missing) or f"prismfs incident phase template {about} {found.phase.id}"


def _numbered(row: dict[str, Any]) -> str:
    """Return the phase with number and revision, where they are more than 1."""
    number = f".{row['number']}" if (row["number"] or 1) > 1 else ""
    revision = f" rev {row['revision']}" if (row["revision"] or 1) > 1 else ""
    return f"{row['phase']}{number}{revision}"


def _whole_id(call: output.Call, identifier: str) -> str:
    with reading(call.project()) as connection:
        return resolve_id(connection, identifier)


def _decoded(data: bytes, field: str) -> str:
    try:
        return data.decode()
    except UnicodeDecodeError:
        raise UsageError("not_utf8", "the text is not UTF-8", field=field, hint="save it as UTF-8") from None
