"""Changes of the protected files: who is a bridge from now on, and what nobody answers for (R-000-75, R-000-76)."""

from __future__ import annotations

from pydantic import JsonValue

from prismfs.errors import ForbiddenError
from prismfs.kinds import kind_of
from prismfs.kinds.care.approval import Review
from prismfs.kinds.gates.decision import GateDecision
from prismfs.records.base import Record
from prismfs.rules.core.draft import Draft

_MOST = 50
"""Paths named in a row; there may be more."""


def observe_roster(draft: Draft) -> None:
    """Write down what a commit made of the roster; a change that no operator signed is an error and has no effect.

    Elevated is who became a bridge of the home project, demoted who is one no more (R-000-75).
    """
    document = draft.event.document
    commit = str(document["commit"])
    endorsement = _members(document.get("endorsement"))
    paths = document["paths"]
    assert isinstance(paths, list)
    meta: dict[str, JsonValue] = {"commit": commit, "paths": paths[:_MOST], **endorsement}
    if not document["stands"]:
        code = endorsement.get("code") or "invalid_project"
        draft.because("observe", f"protected files were changed and no operator answers for it: {code}")
        draft.row_about(
            "protected.unendorsed", "commit", commit, level="error", reason=draft.reason, meta=meta | {"code": code}
        )
        return
    draft.because("observe", "protected files were changed")
    if document["trust"] == "signed":
        draft.row_about("protected.endorsed", "commit", commit, reason="an operator answers for it", meta=meta)
    (were, are), (had, have) = _both(document["bridges"]), _both(document["operators"])
    for name in are:
        if name not in were:
            draft.row_about("roster.elevated", "persona", name, reason="is a bridge from now on", meta=meta)
    for name in were:
        if name not in are:
            draft.row_about("roster.demoted", "persona", name, reason="is a bridge no more", meta=meta)
    if not draft.has_rows or had != have:
        now: dict[str, JsonValue] = {"operators": list(have)} if had != have else {}
        draft.row_about("roster.changed", "commit", commit, reason=draft.reason, meta=meta | now)


def check_same_review(draft: Draft) -> None:
    """Void the endorsement of a review that does not say here what it says in its signed commit."""
    _check_same(draft, Review)


def check_same_decision(draft: Draft) -> None:
    """Void the endorsement of a decision at a gate that does not say here what it says in its signed commit."""
    _check_same(draft, GateDecision)


def check_signed(draft: Draft, by: str, *, operator: bool = True) -> None:
    """Accept a file whose commit is signed by the one whom it names, or any with `trust: local`.

    What `trust` is stands in the event, as an operator answers for it: the head may say what nobody signed. Without
    `operator` a signature of anybody whose key the roster has is one.

    Raises:
        ForbiddenError: `signature_required`, `forged_signature`, or the code of the endorsement.
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
        raise ForbiddenError("forged_signature", "somebody else signed the commit", field="/by")


def _check_same(draft: Draft, model: type[Record]) -> None:
    document = draft.event.document
    here = draft.view.get(model, str(document["id"]))
    if here is None or here.to_document() == document.get(kind_of(model).name):
        return
    void: dict[str, JsonValue] = {"verified": False, "signer": None, "operator": False, "code": "review_changed"}
    draft.event = draft.event.changed(document=document | {"endorsement": void})


def _members(value: JsonValue) -> dict[str, JsonValue]:
    return value if isinstance(value, dict) else {}


def _both(value: JsonValue) -> tuple[list[str], list[str]]:
    """Return the names before and after."""
    named = _members(value)
    before, after = named.get("before"), named.get("after")
    assert isinstance(before, list)
    assert isinstance(after, list)
    return [str(name) for name in before], [str(name) for name in after]
