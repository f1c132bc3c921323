"""How far a workflow has come about one record: which artifact speaks for each phase, and what keeps the next ones.

An approved artifact counts only if it says what was approved and the audit trail tells of it; a file that says so of
itself is not enough (R-003-27).
"""

from dataclasses import dataclass
from typing import Literal

from prismfs.errors import RefusedError
from prismfs.kinds.gates.artifact import LIVE, Artifact, Read
from prismfs.kinds.gates.settings.workflow import Phase, Workflow
from prismfs.records.api import View
from prismfs.rules.core import signoff

State = Literal["blocked", "ready", "presented", "approved", "submitted", "revise", "stale"]

DONE = ("approved", "submitted")
"""States of a phase that others may build on."""


@dataclass(frozen=True, slots=True)
class PhaseState:
    """One phase: its newest artifact, its state, and which of the phases before it are `missing`, and why.

    `blocked`: something is missing, and nothing was submitted. `ready`: it may be submitted.
    """

    phase: Phase
    state: State
    artifact: Artifact | None
    missing: tuple[str, ...] = ()


def workflow_of(view: View, phase: str) -> Workflow:
    """Return the workflow that a phase, such as INC-1, belongs to.

    Raises:
        RefusedError: `no_workflow`, `ambiguous`.
    """
    prefix = phase.partition("-")[0]
    found = view.latest_of(Workflow, prefix, ("",), 2)
    if not found:
        raise RefusedError(
            "no_workflow", f"no workflow has phases like {phase[:12]!r}", field="/phase",
            hint="prismfs list workflow; prismfs check names a file in workflows/ that is invalid",
        )  # fmt: skip
    if len(found) > 1:
        names = ", ".join(sorted(each.name for each in found))
        raise RefusedError("ambiguous", f"several workflows have the prefix {prefix}", field="/phase", hint=names)
    return found[0]


def phase_of(view: View, identifier: str) -> tuple[Workflow, Phase]:
    """Return a phase and its workflow.

    Raises:
        RefusedError: `no_workflow`, `ambiguous`, `unknown_phase`.
    """
    workflow = workflow_of(view, identifier)
    phase = workflow.phase(identifier)
    if phase is None:
        known = ", ".join(each.id for each in workflow.phases)
        raise RefusedError("unknown_phase", f"no phase {identifier[:12]!r}", field="/phase", hint=f"one of {known}")
    return workflow, phase


def revisions(view: View, about: str, phase: str) -> tuple[Artifact, ...]:
    """Return every artifact of `phase` about the record, oldest first; those that were refused left out."""
    found = (each for each in view.with_ref(Artifact, about) if each.phase == phase and each.status != "refused")
    return tuple(sorted(found, key=lambda each: (each.number, each.revision, each.id)))


def newest(view: View, about: str, phase: str) -> Artifact | None:
    """Return the last of `revisions`, None where there is none."""
    return next(iter(revisions(view, about, phase)[-1:]), None)


def latest_done(view: View, about: str, phase: str) -> Artifact | None:
    """Return the newest artifact of `phase` that others may build on: approved, or submitted where no gate is."""
    return next((each for each in reversed(revisions(view, about, phase)) if is_done(view, each)), None)


def is_done(view: View, artifact: Artifact) -> bool:
    """Tell whether others may build on `artifact`: it passed its gate or needs none, and still says the same."""
    if artifact.status not in DONE or artifact.content_hash != artifact.digest() or not reads_unchanged(view, artifact):
        return False
    said = {"decision": artifact.decision, "content_hash": artifact.content_hash}
    return artifact.status == "submitted" or signoff.is_recorded(view, "gate.approved", artifact.id, said)


def phase_states(view: View, workflow: Workflow, about: str) -> tuple[PhaseState, ...]:
    """Return the state of each phase of `workflow` about the record, in order."""
    return tuple(_phase_state(view, phase, about) for phase in workflow.phases)


def missing(view: View, phase: Phase, about: str) -> tuple[str, ...]:
    """Return what keeps `phase` from being submitted: each phase before it that is not done, and why (R-003-26)."""
    found = {before: newest(view, about, before) for before in phase.before}
    return tuple(
        f"{before} {_why_not(artifact)}"
        for before, artifact in found.items()
        if artifact is None or not is_done(view, artifact)
    )


def reads_of(view: View, phase: Phase, about: str) -> tuple[Read, ...]:
    """Return what an artifact of `phase` that is submitted now is written against."""
    found = (latest_done(view, about, each) for each in phase.reads)
    return tuple(Read(id=each.id, content_hash=each.content_hash) for each in found if each is not None)


def dependents(view: View, workflow: Workflow, about: str, phase: str) -> tuple[Artifact, ...]:
    """Return the live artifacts that build on `phase`, directly or by another one, in the order of the workflow."""
    affected = {phase}
    found: list[Artifact] = []
    for each in workflow.phases:
        if affected.intersection(each.reads):
            affected.add(each.id)
            found += [one for one in revisions(view, about, each.id) if one.status in LIVE]
    return tuple(found)


def _phase_state(view: View, phase: Phase, about: str) -> PhaseState:
    artifact, lacking = newest(view, about, phase.id), missing(view, phase, about)
    if artifact is None:
        return PhaseState(phase, "blocked" if lacking else "ready", None, lacking)
    state: State = "stale"
    if artifact.status in ("presented", "revise"):
        state = "presented" if artifact.status == "presented" else "revise"
    elif is_done(view, artifact):
        state = "approved" if artifact.status == "approved" else "submitted"
    return PhaseState(phase, state, artifact, lacking)


def _why_not(artifact: Artifact | None) -> str:
    if artifact is None:
        return "is not there"
    said = {"presented": "waits at its gate", "revise": "was sent back"}.get(artifact.status, "is stale")
    return f"{said} ({artifact.id})"


def reads_unchanged(view: View, artifact: Artifact) -> bool:
    """Tell whether everything that `artifact` was written against is there and still says the same."""
    found = ((view.get(Artifact, read.id), read) for read in artifact.reads)
    return all(
        before is not None and before.status in DONE and before.content_hash == read.content_hash == before.digest()
        for before, read in found
    )
