"""What a change of an artifact brings with it: rows, stale dependents, effects, requests for a decision, notices."""

from collections.abc import Iterable, Sequence

from prismfs.kinds.core.audit import Level
from prismfs.kinds.gates.artifact import Artifact
from prismfs.kinds.gates.settings.workflow import Gate, Phase
from prismfs.kinds.response.incident import Incident
from prismfs.records.api import JsonValue
from prismfs.rules.core.api import Draft, PhaseEffect, authority
from prismfs.rules.gates.reading import Parsed
from prismfs.rules.response.api import meta_of, priority_of

APPROVE = "gate.approve"
"""The right to pass a gate."""


def add_rows(
    draft: Draft, action: str, artifact: Artifact, *, level: Level = "warn", reason: str | None = None,
    meta: dict[str, JsonValue] | None = None,
) -> None:  # fmt: skip
    """Add the row of `action` on `artifact`, and one on the incident that it is about, for the incident's timeline."""
    known: dict[str, JsonValue] = {
        "about": artifact.about, "phase": artifact.phase, "number": artifact.number, "revision": artifact.revision,
        "status": artifact.status, "author": artifact.author, "content_hash": artifact.content_hash,
    }  # fmt: skip
    draft.row(action, artifact, level=level, reason=reason, meta=known | (meta or {}))
    incident = _incident(draft, artifact)
    if incident is not None:
        about: dict[str, JsonValue] = {
            "phase": artifact.label, "artifact": artifact.id, "revision": artifact.revision, "state": artifact.status,
        }  # fmt: skip
        draft.row("incident.phase", incident, level="warn", reason=reason, meta=meta_of(incident) | about)


def mark_stale(draft: Draft, artifacts: Iterable[Artifact], *, because: str) -> None:
    """Mark artifacts as stale, `because` what they read was changed, with a row each (R-003-27)."""
    for artifact in artifacts:
        stale = draft.put(artifact.changed(status="stale"))
        add_rows(draft, "phase.stale", stale, reason=f"{stale.label}: {because}")


def ask_for_effects(draft: Draft, names: Sequence[str], artifact: Artifact, sections: Parsed) -> None:
    """Ask for the effects that the workflow file names, in order; one that does not fit refuses the whole decision."""
    for name in names:
        draft.follow(PhaseEffect(name, artifact, sections))


def ask_for_decision(draft: Draft, artifact: Artifact, phase: Phase, gate: Gate) -> None:
    """Mail the gate to a person who may decide: the holder of the incident first, never an author (R-003-04)."""
    to = _decider(draft, artifact)
    if to is None:
        return
    criteria = "".join(f"{number}. {text}\n" for number, text in enumerate(gate.criteria, start=1))
    incident = _incident(draft, artifact)
    draft.mail(
        to, role=f"gate:{artifact.id}", type="task", subject=f"Gate {artifact.label} waits: {artifact.title}",
        body=f"{phase.artifact} of {artifact.about}, revision {artifact.revision}, by {artifact.author}.\n"
        f"Content hash: {artifact.content_hash}\n\nIt passes if:\n{criteria}\n{how_to_decide(artifact)}",
        about=artifact, priority="normal" if incident is None else priority_of(incident.severity),
    )  # fmt: skip


def how_to_decide(artifact: Artifact) -> str:
    """Return the commands by which people answer at the gate."""
    seen = artifact.content_hash[:12]
    return (
        f"prismfs gate show {artifact.id}\n"
        f"prismfs gate approve {artifact.id} --hash {seen}   (or with --pull-request)\n"
        f"prismfs gate revise {artifact.id} --reason TEXT\n"
    )


def mail_author(draft: Draft, artifact: Artifact, *, subject: str, body: str) -> None:
    """Mail the author of `artifact`, where this project knows them."""
    if authority.is_identity(draft.view, artifact.author):
        draft.mail(
            artifact.author, role=f"author:{artifact.id}", type="notification", subject=subject, body=body,
            about=artifact,
        )  # fmt: skip


def _decider(draft: Draft, artifact: Artifact) -> str | None:
    """Return whom to ask: the holder of the incident's level, its owner, else an operator.

    Where none of them may decide it is an operator all the same, so that it does not lie unread.
    """
    incident, found = _incident(draft, artifact), []
    if incident is not None:
        step = next((each for each in draft.response.chain if each.level == incident.level), None)
        found = [*([] if step is None else [authority.holder_of(draft, step.role)]), incident.owner]
    operators = draft.project.operators
    able = (
        name
        for name in (*found, *operators)
        if name.casefold() not in artifact.hands and authority.may(draft, name, APPROVE)
    )
    return next(able, next(iter(operators), None))


def _incident(draft: Draft, artifact: Artifact) -> Incident | None:
    return draft.get(Incident, artifact.about)
