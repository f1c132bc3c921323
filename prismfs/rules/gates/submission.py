"""Submitting: an artifact opens its phase, if those before it are there and approved (R-003-26, R-003-28).

A new revision opens the gate again and makes stale what builds on the phase (R-003-27). Of a phase that repeats each
submission is the next one, and all of them hold (R-003-16).
"""

from dataclasses import dataclass

from prismfs.errors import RefusedError
from prismfs.kinds import kind_of_id
from prismfs.kinds.gates.artifact import LIVE, Artifact, ArtifactDrop, content_hash
from prismfs.kinds.gates.settings.workflow import Phase, Workflow
from prismfs.records.api import Id, JsonValue, Nothing
from prismfs.rules.core.api import Draft, Refusal, form_of
from prismfs.rules.gates import consequences, progress, reading

_SAME = ("presented", "approved", "submitted", "revise")
"""States in which the same words once more say nothing new."""


@dataclass(frozen=True, slots=True)
class Submission:
    """What is submitted, and who had a hand in it beside its author; `known` is the file that holds it already."""

    form: ArtifactDrop
    editors: tuple[str, ...] = ()
    known: Artifact | None = None


def submit_drop(draft: Draft) -> Nothing | None:
    """Submit a dropped artifact."""
    form = form_of(draft)
    assert isinstance(form, ArtifactDrop)
    return submit(draft, Submission(form))


def submit_command(draft: Draft) -> Nothing | None:
    """Submit an artifact that a command gives: `id`, `phase`, `body`, and maybe `author` and `findings`."""
    document, actor = draft.event.document, draft.event.actor
    author = str(document.get("author") or actor)
    form = ArtifactDrop.from_document({
        "kind": "artifact", "from": author, "about": document["id"], "phase": document["phase"],
        "body": document["body"], "findings": document.get("findings") or [],
    })  # fmt: skip
    return submit(draft, Submission(form, editors=() if author.casefold() == actor.casefold() else (actor,)))


def submit(draft: Draft, submission: Submission) -> Nothing | None:
    """Keep a submission as the newest artifact of its phase.

    Raises:
        RefusedError: `no_workflow`, `unknown_phase`, `not_found`, `wrong_subject`, `subject_ended`,
            `phase_out_of_order`.
        RecordError: what `sections.parse` refuses.
    """
    form, known = submission.form, submission.known
    workflow, phase = progress.phase_of(draft.view, form.phase)
    _check_subject(draft, workflow, form.about)
    _check_order(draft, phase, form.about)
    parsed = reading.parse(phase, form.body)
    found = progress.revisions(draft.view, form.about, phase.id)
    earlier = found if known is None else tuple(each for each in found if each.id != known.id)
    made = _made(draft, workflow, phase, submission, earlier)
    if known is None and earlier and _says_the_same(earlier[-1], made):
        same = earlier[-1]
        return Nothing(f"revision {same.revision} of {same.label} says the same and is {same.status}", same.id)
    replaced = () if phase.repeats else earlier
    stale = progress.dependents(draft.view, workflow, form.about, phase.id) if replaced else ()
    for each in replaced:
        if each.status in (*LIVE, "stale"):
            draft.put(each.changed(status="superseded"))
    draft.subject = made = draft.put(made)
    draft.because("submit", f"{made.label} revision {made.revision}, by {made.author}")
    meta: dict[str, JsonValue] = {
        "artifact": phase.artifact,
        "reads": [read.to_document() for read in made.reads],
        "supersedes": replaced[-1].id if replaced else None,
    }
    consequences.add_rows(draft, "phase.submitted", made, level="info", meta=meta)
    consequences.mark_stale(draft, stale, because=f"{phase.id} has a new revision")
    consequences.ask_for_effects(draft, phase.on_submitted, made, parsed)
    if phase.gate is not None:
        consequences.ask_for_decision(draft, made, phase, phase.gate)
    return None


def _check_order(draft: Draft, phase: Phase, about: str) -> None:
    """Accept `phase` if everything that it reads or needs is there and, behind a gate, approved (C-120).

    Raises:
        RefusedError: `phase_out_of_order`, naming what is missing and the next command.
    """
    lacking = progress.missing(draft.view, phase, about)
    if lacking:
        raise RefusedError(
            "phase_out_of_order", f"{phase.id} has to wait: {'; '.join(lacking)}", field="/phase",
            hint=_next_command(draft, phase, about),
        )  # fmt: skip


def _check_subject(draft: Draft, workflow: Workflow, about: str) -> None:
    """Accept the record that `workflow` is to be about.

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
    if kind.lifecycle is not None and kind.lifecycle.is_over(status):
        raise RefusedError(
            "subject_ended", f"the {kind.name} is {status}", field="/incident", hint="it takes no phases"
        )


def refuse_submission(draft: Draft, artifact: Artifact, error: Refusal) -> None:
    """Keep an artifact that a commit added and that does not fit as refused: it counts for nothing."""
    refused = draft.put(artifact.changed(status="refused", content_hash=artifact.digest(), decision=None, reads=()))
    draft.subject = refused
    draft.because("refuse_artifact", f"does not count: {error.code}")
    meta: dict[str, JsonValue] = {"code": error.code, "commit": draft.event.document.get("commit")}
    consequences.add_rows(draft, "phase.refused", refused, level="error", meta=meta)


def _made(
    draft: Draft, workflow: Workflow, phase: Phase, submission: Submission, earlier: tuple[Artifact, ...]
) -> Artifact:
    form, newest = submission.form, earlier[-1] if earlier else None
    number = (1 if newest is None else newest.number + 1) if phase.repeats else 1
    revision = 1 if newest is None or phase.repeats else newest.revision + 1
    identifier: Id = draft.new_id("art", phase.id) if submission.known is None else submission.known.id
    return Artifact(
        id=identifier, about=form.about, workflow=workflow.name, phase=phase.id, number=number, revision=revision,
        title=phase.artifact, author=form.sender, editors=submission.editors,
        status="submitted" if phase.gate is None else "presented",
        content_hash=content_hash(
            about=form.about, workflow=workflow.name, phase=phase.id, number=number, body=form.body,
            findings=form.findings,
        ),
        reads=progress.reads_of(draft.view, phase, form.about), submitted_at=draft.now, findings=form.findings,
        body=form.body,
    )  # fmt: skip


def _says_the_same(earlier: Artifact, made: Artifact) -> bool:
    """Tell whether `made` brings nothing that `earlier` does not say, on top of the same artifacts."""
    words = (earlier.body, earlier.findings, earlier.reads) == (made.body, made.findings, made.reads)
    return words and earlier.status in _SAME


def _next_command(draft: Draft, phase: Phase, about: str) -> str:
    """Return the command that brings `phase` nearer."""
    for before in phase.before:
        found = progress.newest(draft.view, about, before)
        if found is not None and progress.is_done(draft.view, found):
            continue
        if found is not None and found.status == "presented":
            return f"prismfs gate show {found.id}"
        return f"prismfs incident phase submit {about} {before} FILE"
    return f"prismfs incident phase list {about}"
