"""What is told of a phase: the rows about its artifact and its subject, who is asked at a gate, what went stale."""

from __future__ import annotations

from collections.abc import Iterable

from pydantic import JsonValue

from prismfs.errors import RefusedError
from prismfs.kinds import kind_of_id
from prismfs.kinds.core.audit import Level
from prismfs.kinds.core.settings.persona import Persona
from prismfs.kinds.gates.artifact import Artifact
from prismfs.kinds.gates.settings.workflow import Gate, Phase, Workflow
from prismfs.kinds.response.incident import Incident
from prismfs.records.base import Record
from prismfs.rules.core import authority, roles
from prismfs.rules.core.draft import Draft
from prismfs.rules.response.facts import meta_of, priority_of

APPROVE, REVISE = "gate.approve", "gate.revise"
"""The rights that the two answers at a gate need."""


def subject_of(draft: Draft, workflow: Workflow, about: str) -> Record:
    """Return the record that `workflow` is to be about.

    Raises:
        RefusedError: `not_found`, `wrong_subject`, `subject_ended`.
    """
    kind = kind_of_id(about)
    if kind.name != workflow.subject:
        raise RefusedError(
            "wrong_subject", f"{workflow.name} is about a record of the kind {workflow.subject}", field="/incident"
        )
    record = draft.need(kind.model, about)
    status = str(getattr(record, "status", ""))
    if kind.lifecycle is not None and not kind.lifecycle.edges.get(status, ("",)):
        raise RefusedError(
            "subject_ended", f"the {kind.name} is {status}", field="/incident", hint="it takes no phases"
        )
    return record


def tell(
    draft: Draft, action: str, artifact: Artifact, *, reason: str, level: Level = "warn",
    meta: dict[str, JsonValue] | None = None,
) -> None:  # fmt: skip
    """Add the row of `action` on `artifact` and, where it is about an incident, one on that, for its timeline."""
    known: dict[str, JsonValue] = {
        "about": artifact.about,
        "phase": artifact.phase,
        "number": artifact.number,
        "revision": artifact.revision,
        "status": artifact.status,
        "author": artifact.author,
        "content_hash": artifact.content_hash,
    }
    draft.row(action, artifact, level=level, reason=reason, meta=known | (meta or {}))
    incident = _incident(draft, artifact)
    if incident is not None:
        about: dict[str, JsonValue] = {
            "phase": artifact.label, "artifact": artifact.id, "revision": artifact.revision, "state": artifact.status,
        }  # fmt: skip
        draft.row("incident.phase", incident, level="warn", reason=reason, meta=meta_of(incident) | about)


def make_stale(draft: Draft, artifacts: Iterable[Artifact], *, because: str) -> None:
    """Mark what builds on something that was changed, a row each (R-003-27)."""
    for artifact in artifacts:
        stale = draft.put(artifact.changed(status="stale"))
        tell(draft, "phase.stale", stale, reason=f"{stale.label}: {because}")


def ask(draft: Draft, artifact: Artifact, phase: Phase, gate: Gate) -> None:
    """Put the gate before whoever has the subject and may decide; nobody who had a hand in it is asked (R-003-04)."""
    to = _decider(draft, artifact)
    if to is None:
        return
    criteria = "".join(f"{number}. {text}\n" for number, text in enumerate(gate.criteria, start=1))
    incident = _incident(draft, artifact)
    draft.mail(
        to, role=f"gate:{artifact.id}", type="task", subject=f"Gate {artifact.label} waits: {artifact.title}",
        body=f"{phase.artifact} of {artifact.about}, revision {artifact.revision}, by {artifact.author}.\n"
        f"Content hash: {artifact.content_hash}\n\nIt passes if:\n{criteria}\n{how(artifact)}",
        about=artifact, priority="normal" if incident is None else priority_of(incident.severity),
    )  # fmt: skip


def how(artifact: Artifact) -> str:
    """Return how somebody answers at the gate."""
    seen = artifact.content_hash[:12]
    return (
        f"prismfs gate show {artifact.id}\n"
        f"prismfs gate approve {artifact.id} --hash {seen}   (or with --pull-request)\n"
        f"prismfs gate revise {artifact.id} --reason TEXT\n"
    )


def tell_author(draft: Draft, artifact: Artifact, *, subject: str, body: str) -> None:
    """Write to whoever submitted `artifact`, if that is somebody here."""
    if authority.is_somebody(draft.view, artifact.author):
        draft.mail(
            artifact.author, role=f"author:{artifact.id}", type="notification", subject=subject, body=body,
            about=artifact,
        )  # fmt: skip


def _decider(draft: Draft, artifact: Artifact) -> str | None:
    """Return whom to ask: who has the subject, else an operator.

    Where nobody may decide it is an operator all the same, so that it does not lie unread.
    """
    incident, found = _incident(draft, artifact), []
    if incident is not None:
        step = next((each for each in draft.response.chain if each.level == incident.level), None)
        found = [*([] if step is None else [roles.holder_of(draft, step.role)]), incident.owner]
    operators = draft.project.operators
    able = (name for name in (*found, *operators) if name.casefold() not in artifact.hands and _may(draft, name))
    return next(able, next(iter(operators), None))


def _may(draft: Draft, name: str) -> bool:
    persona = draft.view.get(Persona, name)
    return authority.is_operator(draft, name) or (persona is not None and persona.may(APPROVE))


def _incident(draft: Draft, artifact: Artifact) -> Incident | None:
    return draft.get(Incident, artifact.about)
