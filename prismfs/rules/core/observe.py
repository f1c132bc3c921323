"""What happened outside the rules: a file refused at the door, a commit that somebody else made."""

from __future__ import annotations

from prismfs.kinds.care.signal import Redaction, Signal
from prismfs.records.plan import Nothing
from prismfs.rules.care.assessment.reads import NOT_SCANNED
from prismfs.rules.core.draft import Draft


def refuse_file(draft: Draft) -> None:
    """Write down that a file was refused and why; its content stays in quarantine and out of history."""
    document = draft.event.document
    draft.because("refuse", f"refused: {document['code']}")
    draft.row_about(
        "inbox.refused", "file", str(document["sha256"] or draft.event.cause)[:64], level="warn",
        reason=draft.reason, meta=dict(document),
    )  # fmt: skip


def observe_commit(draft: Draft) -> None:
    """Write down a commit that was made by hand, by pull or by a merge, so that the trail has no hole."""
    document = draft.event.document
    invalid = document.get("invalid") or {}
    draft.because("observe", "a commit that the engine did not make")
    draft.row_about(
        "commit.observed",
        "commit",
        str(document["commit"]),
        level="error" if invalid else "info",
        reason=draft.reason,
        meta=dict(document),
    )


def take_up_signal(draft: Draft) -> Nothing | None:
    """Take up a signal that came in by a commit and that nobody has sorted yet; no scanner has seen it (R-000-21)."""
    signal = draft.need(Signal, str(draft.event.document["id"]))
    if signal.status != "received":
        return Nothing(f"the signal is {signal.status} already", signal.id)
    unseen = Redaction(pointer="", kind=NOT_SCANNED, count=0, level="suspect")
    draft.subject = draft.put(signal.changed(redactions=(*signal.redactions, unseen)))
    draft.because("accept", "came in by a commit")
    draft.row(
        "signal.received", draft.subject, reason=draft.reason, meta={"commit": draft.event.document.get("commit")}
    )
    return None
