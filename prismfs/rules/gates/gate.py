"""Gates: somebody without a hand in an artifact approves it or sends it back, by a command or by a file in a commit.

An approval is bound to the hash of what was looked at; one of an older revision counts for nothing (R-003-04,
R-003-27, R-003-28).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal, cast

from pydantic import JsonValue

from prismfs.errors import ForbiddenError, PrismfsError, RefusedError
from prismfs.kinds.care.phone_home import Surface
from prismfs.kinds.gates.artifact import Artifact
from prismfs.kinds.gates.decision import GateDecision
from prismfs.kinds.gates.settings.workflow import Phase
from prismfs.records.plan import Nothing
from prismfs.rules.core import authority, protected
from prismfs.rules.core.draft import Draft
from prismfs.rules.gates import effects, gate_rules, news
from prismfs.rules.gates.sections import reading

Verdict = Literal["approve", "revise"]
_STATUS: dict[Verdict, Literal["approved", "revise"]] = {"approve": "approved", "revise": "revise"}


def approve(draft: Draft) -> Nothing | None:
    """Somebody approves exactly what the artifact says now; the next phases may begin."""
    return _by_command(draft, "approve")


def revise(draft: Draft) -> Nothing | None:
    """Somebody sends the artifact back, with the reason; its next revision is presented again (R-003-05)."""
    return _by_command(draft, "revise")


def take_decision(draft: Draft) -> Nothing | None:
    """Take a decision that came in by a commit, as a pull request that was merged brings it (R-003-28).

    What may not count changes nothing; the audit row says why.
    """
    document = draft.event.document
    decision = draft.view.get(GateDecision, str(document["id"]))
    if decision is None:
        return Nothing("the decision is gone", str(document["id"]))
    artifact = draft.get(Artifact, decision.about)
    if artifact is not None and artifact.decision == decision.id:
        return Nothing("the decision was taken already", decision.id)
    try:
        if artifact is None:
            raise RefusedError("not_found", "is about an artifact that is not here", field="/about")
        protected.check_signed(draft, decision.by, operator=False)
        verb = news.APPROVE if decision.decision == "approve" else news.REVISE
        authority.check_named(draft, decision.by, verb)
        phase, gate = gate_rules.gate_of(draft.view, artifact)
        if decision.answer != gate_rules.answer_of(gate, decision.decision):
            raise RefusedError("unknown_answer", "the gate has no such answer", field="/answer")
        parsed = gate_rules.check(draft.view, artifact, decision, phase, gate)
        _decide(draft.scratch(), artifact, decision, phase, parsed)
    except PrismfsError as error:
        _refuse(draft, decision, error)
        return None
    _decide(draft, artifact, decision, phase, parsed)
    return None


def _by_command(draft: Draft, verdict: Verdict) -> Nothing | None:
    document, actor = draft.event.document, draft.event.actor
    artifact = draft.need(Artifact, str(document["id"]))
    if draft.project.trust == "signed" and draft.event.assurance != "engine":
        raise ForbiddenError(
            "signature_required", "this project counts only signed decisions (trust: signed)", field="/from",
            hint=f"prismfs gate {verdict} {artifact.id} --pull-request, and sign the commit",
        )  # fmt: skip
    phase, gate = gate_rules.gate_of(draft.view, artifact)
    known = None if artifact.decision is None else draft.get(GateDecision, artifact.decision)
    if known is not None and artifact.status == _STATUS[verdict]:
        return Nothing(f"{known.answer} already by {known.by}", artifact.id)
    seen = str(document.get("content_hash") or artifact.content_hash)
    made = gate_rules.decision_of(
        gate,
        verdict,
        identifier=draft.new_id("dec"),
        about=artifact.id,
        content_hash=seen,
        by=actor,
        at=draft.now,
        surface="cli",
        said=_said(document.get("criteria")),
        reason=str(document.get("reason") or ""),
    )
    parsed = gate_rules.check(draft.view, artifact, made, phase, gate)
    _decide(draft, artifact, draft.put(made), phase, parsed)
    return None


def _decide(draft: Draft, artifact: Artifact, decision: GateDecision, phase: Phase, parsed: reading.Parsed) -> None:
    """Let `decision`, which was checked, decide on `artifact`."""
    status = _STATUS[decision.decision]
    decided = draft.put(artifact.changed(status=status, decision=decision.id))
    draft.subject = decided
    surface: Surface = decision.surface
    draft.because(decision.decision, f"{decided.label} revision {decided.revision}: {decision.answer}, {decision.by}")
    meta: dict[str, JsonValue] = {
        "decision": decision.id, "by": decision.by, "surface": surface, "answer": decision.answer,
    }  # fmt: skip
    if decision.decision == "approve":
        news.tell(draft, "gate.approved", decided, level="info", reason=draft.reason, meta=meta)
        effects.run(draft, phase.on_approved, decided, parsed)
        body = f"{decision.by} approved revision {decided.revision}.\n\nprismfs incident phase list {decided.about}\n"
    else:
        news.tell(draft, "gate.revise", decided, reason=draft.reason, meta=meta)
        again = f"prismfs incident phase submit {decided.about} {decided.phase} FILE"
        body = f"{decision.by}: {decision.answer}.\n\n{decision.reason}\n\n{again}\n"
    body = body if len(body.encode()) < _LONGEST else f"{decision.by}: {decision.answer}. prismfs show {decision.id}\n"
    news.tell_author(draft, decided, subject=f"{decided.label}: {decision.answer}", body=body)
    draft.subject = draft.need(Artifact, decided.id)


_LONGEST = 32 * 1024
"""Bytes of a reason that are still repeated in a mail."""


def _refuse(draft: Draft, decision: GateDecision, error: PrismfsError) -> None:
    draft.subject = decision
    draft.because("refuse_decision", f"does not count: {error.code}")
    meta: dict[str, JsonValue] = {
        "code": error.code,
        "about": decision.about,
        "by": decision.by,
        "commit": draft.event.document.get("commit"),
    }
    draft.row("gate.approval_refused", decision, level="error", reason=draft.reason, meta=meta)
    if authority.is_somebody(draft.view, decision.by):
        draft.mail(
            decision.by, role="refused", type="notification",
            subject=f"Your decision does not count: {error.code}", body=f"{error.problem}\n", about=decision,
        )  # fmt: skip


def _said(value: JsonValue) -> Mapping[str, str]:
    """Return what was said of the criteria: number or text of each -> how it is met."""
    return {name: str(text) for name, text in cast(dict[str, JsonValue], value or {}).items()}
