"""Verdicts that a commit brings as files, as a merged pull request does (R-000-82, R-003-28).

One that does not count changes nothing: it leaves a row, and the person whom it names hears of it.
"""

from pydantic import JsonValue

from prismfs.errors import ForbiddenError, RefusedError
from prismfs.kinds import kind_of
from prismfs.kinds.core.verdict import Verdict
from prismfs.records.api import Document, Nothing
from prismfs.rules.core import authority
from prismfs.rules.core.draft import Draft
from prismfs.rules.core.road import Refusal
from prismfs.rules.core.signoff import S, Signoff, V, check_right


def decide_by_file(draft: Draft, signoff: Signoff[S, V]) -> Nothing | None:
    """Decide by the verdict that a commit brought.

    Raises:
        RefusedError: `not_found`; what `signoff.check` refuses.
        ForbiddenError: the person whom it names has no right to, or did not sign it.
    """
    _void_if_changed(draft, signoff.verdict)
    name = str(draft.event.document["id"])
    verdict = draft.view.get(signoff.verdict, name)
    if verdict is None:
        return Nothing(f"the {kind_of(signoff.verdict).name} is gone", name)
    subject = draft.get(signoff.subject, verdict.about)
    if subject is not None and signoff.decided_by(subject) == name:
        return Nothing(f"the {kind_of(verdict).name} was taken already", name)
    if subject is None:
        raise RefusedError("not_found", "is about a record that is not here", field="/about")
    check_right(draft, signoff, verdict.by, verdict.decision)
    _check_signed(draft, verdict.by, operator=signoff.operators_only)
    signoff.check(draft.view, subject, verdict)
    signoff.carry_out(draft, subject, verdict)
    return None


def refuse_file(draft: Draft, signoff: Signoff[S, V], error: Refusal) -> None:
    """Write down that a verdict which a commit brought does not count, and tell the person whom it names."""
    _void_if_changed(draft, signoff.verdict)
    verdict = draft.need(signoff.verdict, str(draft.event.document["id"]))
    kind = kind_of(verdict).name
    draft.subject = verdict
    draft.because(f"refuse_{kind}", f"does not count: {error.code}")
    meta: dict[str, JsonValue] = {
        "code": error.code,
        "about": verdict.about,
        "by": verdict.by,
        "commit": draft.event.document.get("commit"),
    }
    draft.row(f"{signoff.family}.approval_refused", verdict, level="error", reason=draft.reason, meta=meta)
    if authority.is_identity(draft.view, verdict.by):
        draft.mail(
            verdict.by, role="refused", type="notification", sender=signoff.sender(draft),
            subject=f"Your {kind} does not count: {error.code}", body=f"{error.problem}\n", about=verdict,
        )  # fmt: skip


def _check_signed(draft: Draft, by: str, *, operator: bool) -> None:
    """Accept a file whose commit is signed by the person whom it names, or any with `trust: local`.

    The event says what `trust` is, as an operator answers for it: the head may say what no operator signed. Without
    `operator` the signature of any key in the roster is one.

    Raises:
        ForbiddenError: `signature_required`, `not_operator`, `forged_signature`, or the code of the endorsement.
    """
    if {draft.project.trust, draft.event.document.get("trust", "local")} == {"local"}:
        return
    found = draft.event.document.get("endorsement")
    told = found if isinstance(found, dict) else {}
    code, signer = told.get("code"), str(told.get("signer") or "")
    if not told.get("verified"):
        code = str(code) if code and code != "unsigned" else "signature_required"
        raise ForbiddenError(code, "the commit bears no signature that counts", field="/by", hint="git commit -S")
    if operator and not told.get("operator"):
        raise ForbiddenError("not_operator", "who signed the commit is no operator", field="/by")
    if signer.casefold() != by.casefold():
        raise ForbiddenError("forged_signature", "another person signed the commit", field="/by")


def _void_if_changed(draft: Draft, model: type[Verdict]) -> None:
    """Void the endorsement of a verdict that says here other than in its signed commit."""
    document, kind = draft.event.document, kind_of(model).name
    here = draft.view.get(model, str(document["id"]))
    if here is None or here.to_document() == document.get(kind):
        return
    void: Document = {"verified": False, "signer": None, "operator": False, "code": f"{kind}_changed"}
    draft.event = draft.event.changed(document=document | {"endorsement": void})
