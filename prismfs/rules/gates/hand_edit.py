"""An artifact in a person's commit: a new one is submitted by it, a changed body opens its gate again (C-122).

Everything else in the file is written by prismfs alone and is put back: a status that a person wrote decides nothing.
"""

from prismfs.errors import PrismfsError
from prismfs.kinds.core.audit import Audit
from prismfs.kinds.gates.artifact import Artifact, ArtifactDrop
from prismfs.kinds.gates.settings.workflow import Phase
from prismfs.records.api import JsonValue, Nothing
from prismfs.rules.core.api import Draft, Refusal
from prismfs.rules.gates import consequences, progress, reading
from prismfs.rules.gates.submission import Submission, refuse_submission, submit

_OVER = ("superseded", "refused")
"""States of an artifact that no longer speaks for its phase, edited or not."""


def answer_edit(draft: Draft) -> Nothing | None:
    """Answer an artifact that a commit added or changed; `before` is what prismfs had written there, without its body.

    Raises:
        RefusedError, RecordError: one that was added does not fit; an effect of one that was changed.
    """
    here = draft.view.get(Artifact, str(draft.event.document["id"]))
    if here is None:
        return Nothing("the artifact is gone", str(draft.event.document["id"]))
    before = _as_before(draft, here)
    if before is None:
        return _submit(draft, here)
    if before.digest() != before.content_hash or not isinstance(draft.event.document.get("before"), dict):
        _reopen(draft, before)
        return None
    if here == before:
        return Nothing("nothing of it was changed", here.id)
    draft.subject = draft.put(before)
    draft.because("restore", f"{before.label}: what only prismfs writes was changed, and is put back")
    consequences.add_rows(draft, "phase.restored", before, meta=_commit(draft))
    return None


def refuse_edit(draft: Draft, error: Refusal) -> None:
    """Keep an artifact that was added and does not fit as refused; one that was changed, as stale."""
    here = draft.need(Artifact, str(draft.event.document["id"]))
    before = _as_before(draft, here)
    if before is None:
        refuse_submission(draft, here, error)
    else:
        _reopen(draft, before, refused=error)


def _as_before(draft: Draft, here: Artifact) -> Artifact | None:
    """Return the artifact with its body as it is, and all else as prismfs wrote it; None where it is new.

    One whose file could not be read before has the author whom its row names.
    """
    before = draft.event.document.get("before")
    if isinstance(before, dict):
        words: dict[str, JsonValue] = {
            "body": here.body, "findings": [finding.to_document() for finding in here.findings],
        }  # fmt: skip
        return Artifact.from_document(before | words)
    rows = [row for row in draft.view.with_ref(Audit, here.id) if row.action == "phase.submitted"]
    if not rows:
        return None
    said = rows[0].meta
    return here.changed(author=said["author"], number=said["number"], revision=said["revision"], status="stale")


def _submit(draft: Draft, here: Artifact) -> Nothing | None:
    """Submit a file that a person wrote, as by any other way."""
    if here.status == "refused":
        return Nothing("it was refused already", here.id)
    form = ArtifactDrop.from_document(
        {
            "kind": "artifact", "from": here.author, "about": here.about, "phase": here.phase, "body": here.body,
            "findings": [finding.to_document() for finding in here.findings],
        }
    )  # fmt: skip
    return submit(draft, Submission(form, editors=_editors(draft, here), known=here))


def _reopen(draft: Draft, before: Artifact, *, refused: Refusal | None = None) -> None:
    """Open the gate of an artifact that says something else now, and mark what builds on it as stale (R-003-27).

    `refused` is why an effect of the new words does not fit.
    """
    edited = before.changed(content_hash=before.digest(), decision=None, editors=_editors(draft, before))
    if before.status in _OVER:
        draft.subject = draft.put(edited.changed(status=before.status))
        draft.because("edit", f"{edited.label}: a revision that is over was changed")
        consequences.add_rows(draft, "phase.edited", edited, meta=_commit(draft))
        return
    phase, parsed, fault = _read(draft, edited)
    fault = refused or fault
    gate = None if phase is None else phase.gate
    spoilt = before.status == "stale" or phase is None or (fault is not None and gate is None)
    edited = draft.put(edited.changed(status="stale" if spoilt else "submitted" if gate is None else "presented"))
    draft.subject = edited
    draft.because("reopen", f"{edited.label} revision {edited.revision} was changed by a commit")
    meta = _commit(draft) | {"code": None if fault is None else fault.code}
    consequences.add_rows(draft, "phase.reopened", edited, meta=meta)
    if phase is None or spoilt:
        return
    workflow = progress.workflow_of(draft.view, phase.id)
    stale = [each for each in progress.dependents(draft.view, workflow, edited.about, phase.id) if each.id != edited.id]
    consequences.mark_stale(draft, stale, because=f"{edited.label} was changed by a commit")
    if gate is not None:
        consequences.ask_for_decision(draft, edited, phase, gate)
    else:
        consequences.ask_for_effects(draft, phase.on_submitted, edited, parsed)


def _read(draft: Draft, artifact: Artifact) -> tuple[Phase | None, reading.Parsed, PrismfsError | None]:
    """Return the phase of the artifact, what it says, and why it does not fit; None where it does."""
    phase = None
    try:
        _, phase = progress.phase_of(draft.view, artifact.phase)
        return phase, reading.parse(phase, artifact.body), None
    except PrismfsError as error:
        return phase, {}, error


def _editors(draft: Draft, artifact: Artifact) -> tuple[str, ...]:
    """Return who had a hand in it beside its author, the authors of the commits among them."""
    names = (*artifact.editors, *_editing(draft))
    return tuple({name.casefold(): name for name in names if name.casefold() != artifact.author.casefold()}.values())


def _commit(draft: Draft) -> dict[str, JsonValue]:
    return {"commit": draft.event.document.get("commit"), "editors": [*_editing(draft)]}


def _editing(draft: Draft) -> list[str]:
    editors = draft.event.document.get("editors")
    return [str(name) for name in editors] if isinstance(editors, list) else []
