"""Gates: a person without a hand in an artifact approves it or sends it back (R-003-04, R-003-27, R-003-28).

A gate has criteria, which the decision answers, and demands, which the artifact's sections must meet.
"""

from typing import Literal, cast

from prismfs.errors import RefusedError
from prismfs.kinds.gates.artifact import Artifact
from prismfs.kinds.gates.decision import GateDecision
from prismfs.kinds.gates.settings.workflow import Gate, Phase
from prismfs.records.api import Document, JsonValue, View
from prismfs.rules.core.api import Draft, Signoff, signoff
from prismfs.rules.gates import consequences, progress, reading
from prismfs.rules.gates.markdown import same_words

_NO = ("no,", "no:", "no;", "no -", "no —")
_LONGEST = 32 * 1024
"""Bytes of a reason that are still repeated in a mail."""


def gate_of(view: View, artifact: Artifact) -> tuple[Phase, Gate]:
    """Return the phase of `artifact` and its gate.

    Raises:
        RefusedError: `no_gate`; and what `progress.phase_of` refuses.
    """
    _, phase = progress.phase_of(view, artifact.phase)
    if phase.gate is None:
        raise RefusedError("no_gate", f"{phase.id} has no gate", field="/id", hint="nothing has to be decided")
    return phase, phase.gate


def unmet_demands(phase: Phase, gate: Gate, parsed: reading.Parsed) -> list[str]:
    """Return why an artifact that says this cannot pass its gate (R-003-13); nothing where it can."""
    found = []
    for demand in gate.demands:
        section = phase.section(demand.section)
        assert section is not None
        value: JsonValue = parsed[section.name]
        if isinstance(value, str) and same_words(value) in map(same_words, demand.never):
            found.append(f"{section.name} says {value}")
        if isinstance(value, list) and len(value) < demand.least:
            found.append(f"{section.name} has {len(value)} of {demand.least} items")
    return found


def _members(view: View, artifact: Artifact, decision: str, reason: str, said: Document) -> Document:
    """Return answer, criteria and reason of a decision; each criterion of which an approval says nothing is met.

    Raises:
        RefusedError: `no_gate`, `unknown_criterion`.
    """
    _, gate = gate_of(view, artifact)
    criteria: Document = dict.fromkeys(gate.criteria, "yes") if decision == "approve" else {}
    for name, text in cast(Document, said.get("criteria") or {}).items():
        criteria[_criterion(gate, name)] = str(text)
    return {"answer": _answer(gate, decision), "criteria": criteria, "reason": reason}


def _answer(gate: Gate, decision: str) -> str:
    """Return the workflow's own word for a decision (R-003-05)."""
    return gate.approve if decision == "approve" else gate.revise


def _criterion(gate: Gate, name: str) -> str:
    """Return the criterion that a number, counted from 1, or its own text names."""
    if name.isdecimal() and 1 <= int(name) <= len(gate.criteria):
        return gate.criteria[int(name) - 1]
    found = next((text for text in gate.criteria if same_words(text) == same_words(name)), None)
    if found is None:
        numbered = "; ".join(f"{number}: {text}" for number, text in enumerate(gate.criteria, start=1))
        raise RefusedError("unknown_criterion", f"the gate has no criterion {name[:60]!r}", field="/criteria",
                           hint=numbered)  # fmt: skip
    return found


def _check(view: View, artifact: Artifact, decision: GateDecision) -> None:
    """Accept a decision on what the artifact says now; an approval only if criteria and demands are met.

    Raises:
        RefusedError: `no_gate`, `unknown_answer`, `approval_stale`, `not_at_gate`, `criterion_not_met`,
            `gate_not_passable`.
        ForbiddenError: `self_approval`.
        RecordError: a person changed the artifact so that it is none of its phase any more.
    """
    phase, gate = gate_of(view, artifact)
    if decision.answer != _answer(gate, decision.decision):
        raise RefusedError("unknown_answer", "the gate has no such answer", field="/answer")
    newest = progress.newest(view, artifact.about, artifact.phase)
    if artifact.status == "superseded" or (newest is not None and newest.id != artifact.id):
        raise RefusedError(
            "approval_stale", f"{artifact.label} has a newer revision than this", field="/id",
            hint=None if newest is None else f"prismfs gate show {newest.id}",
        )  # fmt: skip
    signoff.check_waiting(GATE, artifact, decision)
    if artifact.digest() != artifact.content_hash or not progress.reads_unchanged(view, artifact):
        raise RefusedError(
            "approval_stale", "it, or what it was written against, was changed", field="/id",
            hint=f"prismfs incident phase list {artifact.about}",
        )  # fmt: skip
    if decision.decision == "approve":
        _check_passable(artifact, decision, phase, gate)


def _check_passable(artifact: Artifact, decision: GateDecision, phase: Phase, gate: Gate) -> None:
    parsed = reading.parse(phase, artifact.body)
    unmet = [text for text in gate.criteria if _is_no(decision.criteria.get(text, ""))]
    if unmet:
        raise RefusedError(
            "criterion_not_met", f"is approved although it says no to: {unmet[0]}", field="/criteria",
            hint=f"prismfs gate revise {artifact.id} --reason TEXT",
        )  # fmt: skip
    lacking = unmet_demands(phase, gate, parsed)
    if lacking:
        raise RefusedError(
            "gate_not_passable", f"{artifact.label} cannot pass: {'; '.join(lacking)}", field="/id",
            hint=f"prismfs gate revise {artifact.id} --reason TEXT, then submit another revision",
        )  # fmt: skip


def _is_no(text: str) -> bool:
    said = text.strip().casefold()
    return said.rstrip(".!") == "no" or said.startswith(_NO)


def _decide(draft: Draft, artifact: Artifact, decision: GateDecision) -> None:
    status: Literal["approved", "revise"] = "approved" if decision.decision == "approve" else "revise"
    decided = draft.put(artifact.changed(status=status, decision=decision.id))
    draft.subject = decided
    rule = "approve" if decision.decision == "approve" else "revise"
    draft.because(rule, f"{decided.label} revision {decided.revision}: {decision.answer}, {decision.by}")
    meta = signoff.meta_of(draft, decision) | {"answer": decision.answer}
    if decision.decision == "approve":
        consequences.add_rows(draft, "gate.approved", decided, level="info", meta=meta)
        phase, _ = gate_of(draft.view, artifact)
        consequences.ask_for_effects(draft, phase.on_approved, decided, reading.parse(phase, decided.body))
        body = f"{decision.by} approved revision {decided.revision}.\n\nprismfs incident phase list {decided.about}\n"
    else:
        consequences.add_rows(draft, "gate.revise", decided, meta=meta)
        again = f"prismfs incident phase submit {decided.about} {decided.phase} FILE"
        body = f"{decision.by}: {decision.answer}.\n\n{decision.reason}\n\n{again}\n"
    body = body if len(body.encode()) < _LONGEST else f"{decision.by}: {decision.answer}. prismfs show {decision.id}\n"
    consequences.mail_author(draft, decided, subject=f"{decided.label}: {decision.answer}", body=body)


GATE: Signoff[Artifact, GateDecision] = Signoff(
    family="gate", program="prismfs gate", subject=Artifact, verdict=GateDecision, operators_only=False,
    waiting="presented", not_waiting="not_at_gate", reached={"approve": ("approved",), "revise": ("revise",)},
    authors_may=frozenset({"revise"}),
    status=lambda artifact: artifact.status,
    content_hash=lambda artifact: artifact.content_hash,
    authors=lambda artifact: artifact.hands,
    decided_by=lambda artifact: artifact.decision,
    members=_members, check=_check, carry_out=_decide, sender=lambda _draft: None,
)  # fmt: skip
