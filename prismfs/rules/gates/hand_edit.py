"""An artifact in a person's commit: one that is new is submitted by it, a changed body opens its gate again (C-122).

What else of the file only prismfs writes is put back: a status that somebody wrote there decides nothing.
"""

from __future__ import annotations

from pydantic import JsonValue

from prismfs.errors import PrismfsError
from prismfs.kinds.core.audit import Audit
from prismfs.kinds.gates.artifact import Artifact, ArtifactDrop
from prismfs.kinds.gates.settings.workflow import Phase
from prismfs.records.plan import Nothing
from prismfs.rules.core import authority
from prismfs.rules.core.draft import Draft
from prismfs.rules.gates import effects, news, progress
from prismfs.rules.gates.sections import reading
from prismfs.rules.gates.submission import Submission, refuse_submission, submit

_OVER = ("superseded", "refused")
"""States of an artifact that speaks for nothing any more, whatever is done to it."""


def take_artifact(draft: Draft) -> Nothing | None:
    """Take an artifact that a commit added or changed; `before` is what prismfs had written there, without its body."""
    document = draft.event.document
    here = draft.view.get(Artifact, str(document["id"]))
    if here is None:
        return Nothing("the artifact is gone", str(document["id"]))
    before = document.get("before")
    if not isinstance(before, dict):
        known = _as_submitted(draft, here)
        if known is None:
            return _added(draft, here)
        _changed(draft, known)
        return None
    held = before | {"body": here.body, "findings": [finding.to_document() for finding in here.findings]}
    restored = Artifact.from_document(held)
    if restored.digest() != restored.content_hash:
        _changed(draft, restored)
        return None
    if here == restored:
        return Nothing("nothing of it was changed", here.id)
    draft.subject = draft.put(restored)
    draft.because("restore", f"{restored.label}: what only prismfs writes was changed, and is put back")
    news.tell(draft, "phase.restored", restored, reason=draft.reason, meta=_commit(draft))
    return None


def _added(draft: Draft, here: Artifact) -> Nothing | None:
    """A file that somebody wrote is a submission like any other; one that does not fit counts for nothing."""
    if here.status == "refused":
        return Nothing("it was refused already", here.id)
    try:
        form = ArtifactDrop.from_document(
            {
                "kind": "artifact",
                "from": here.author,
                "about": here.about,
                "phase": here.phase,
                "body": here.body,
                "findings": [finding.to_document() for finding in here.findings],
            }
        )
        submission = Submission(form, editors=_editors(draft, here), known=here)
        submit(draft.scratch(), submission)
    except PrismfsError as error:
        refuse_submission(draft, here, error)
        return None
    return submit(draft, submission)


def _changed(draft: Draft, restored: Artifact) -> None:
    """Other words under an old decision: the gate is open again, and what builds on them is stale (R-003-27)."""
    edited = restored.changed(content_hash=restored.digest(), decision=None, editors=_editors(draft, restored))
    if restored.status in _OVER:
        draft.subject = draft.put(edited.changed(status=restored.status))
        draft.because("edit", f"{edited.label}: a revision that is over was changed")
        news.tell(draft, "phase.edited", edited, reason=draft.reason, meta=_commit(draft))
        return
    code, phase, parsed = _read(draft, edited)
    gate = None if phase is None else phase.gate
    spoilt = restored.status == "stale" or phase is None or (code is not None and gate is None)
    edited = draft.put(edited.changed(status="stale" if spoilt else "submitted" if gate is None else "presented"))
    draft.subject = edited
    draft.because("reopen", f"{edited.label} revision {edited.revision} was changed by a commit")
    news.tell(draft, "phase.reopened", edited, reason=draft.reason, meta=_commit(draft) | {"code": code})
    if phase is None or spoilt:
        return
    workflow = progress.workflow_of(draft.view, phase.id)
    stale = [each for each in progress.dependents(draft.view, workflow, edited.about, phase.id) if each.id != edited.id]
    news.make_stale(draft, stale, because=f"{edited.label} was changed by a commit")
    if gate is not None:
        news.ask(draft, edited, phase, gate)
    else:
        effects.run(draft, phase.on_submitted, edited, parsed)
    draft.subject = draft.need(Artifact, edited.id)


def _read(draft: Draft, artifact: Artifact) -> tuple[str | None, Phase | None, reading.Parsed]:
    """Return why the artifact does not fit its phase (None: it does), the phase, and what it says."""
    phase = None
    try:
        authority.check_endorsed(draft)
        _, phase = progress.phase_of(draft.view, artifact.phase)
        parsed = reading.parse(phase, artifact.body)
        if phase.gate is None:
            effects.run(draft.scratch(), phase.on_submitted, artifact, parsed)
    except PrismfsError as error:
        return error.code, phase, {}
    return None, phase, parsed


def _editors(draft: Draft, artifact: Artifact) -> tuple[str, ...]:
    """Return who had a hand in it beside its author, whoever made the commits among them."""
    names = (*artifact.editors, *_editing(draft))
    return tuple({name.casefold(): name for name in names if name.casefold() != artifact.author.casefold()}.values())


def _as_submitted(draft: Draft, here: Artifact) -> Artifact | None:
    """Return an artifact whose file could not be read before, with the author whom its row names; None if it is new."""
    rows = [row for row in draft.view.with_ref(Audit, here.id) if row.action == "phase.submitted"]
    if not rows:
        return None
    said = rows[0].meta
    return here.changed(author=said["author"], number=said["number"], revision=said["revision"], status="stale")


def _commit(draft: Draft) -> dict[str, JsonValue]:
    return {"commit": draft.event.document.get("commit"), "editors": [*_editing(draft)]}


def _editing(draft: Draft) -> list[str]:
    editors = draft.event.document.get("editors")
    return [str(name) for name in editors] if isinstance(editors, list) else []
