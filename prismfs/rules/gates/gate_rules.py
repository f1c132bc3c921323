"""What must be so for a decision at a gate to count, and how one is worded."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Literal

from pydantic import JsonValue

from prismfs.errors import ForbiddenError, RefusedError
from prismfs.kinds.care.phone_home import Surface
from prismfs.kinds.gates.artifact import Artifact
from prismfs.kinds.gates.decision import GateDecision
from prismfs.kinds.gates.settings.workflow import Gate, Phase
from prismfs.records.base import format_instant
from prismfs.records.ids import Id
from prismfs.records.view import View
from prismfs.rules.gates import progress
from prismfs.rules.gates.sections import reading
from prismfs.rules.gates.sections.line_parts import same_words

_NO = ("no,", "no:", "no;", "no -", "no —")


def gate_of(view: View, artifact: Artifact) -> tuple[Phase, Gate]:
    """Return the phase of `artifact` and its gate.

    Raises:
        RefusedError: `no_gate`; and what `phases.phase_of` refuses.
    """
    _, phase = progress.phase_of(view, artifact.phase)
    if phase.gate is None:
        raise RefusedError("no_gate", f"{phase.id} has no gate", field="/id", hint="nothing has to be decided")
    return phase, phase.gate


def answer_of(gate: Gate, verdict: Literal["approve", "revise"]) -> str:
    """Return the workflow's own word for an answer (R-003-05)."""
    return gate.approve if verdict == "approve" else gate.revise


def decision_of(
    gate: Gate,
    verdict: Literal["approve", "revise"],
    *,
    identifier: Id,
    about: Id,
    content_hash: str,
    by: str,
    at: datetime,
    surface: Surface,
    said: Mapping[str, str],
    reason: str,
) -> GateDecision:
    """Return the decision as a record. `said` is number or text of a criterion -> how it is met, or what is missing.

    Of an approval each criterion of which nothing is said is met: `yes`.

    Raises:
        RefusedError: `reason_missing`, `unknown_criterion`.
        RecordError: what was said is no text of the kind.
    """
    if verdict == "revise" and not reason.strip():
        raise RefusedError("reason_missing", "it is sent back with the reason", field="/reason", hint="--reason TEXT")
    criteria: dict[str, JsonValue] = dict.fromkeys(gate.criteria, "yes") if verdict == "approve" else {}
    for name, text in said.items():
        criteria[_criterion(gate, name)] = text
    return GateDecision.from_document(
        {
            "kind": "decision",
            "id": identifier,
            "about": about,
            "content_hash": content_hash,
            "decision": verdict,
            "answer": answer_of(gate, verdict),
            "by": by,
            "at": format_instant(at),
            "surface": surface,
            "criteria": dict(criteria),
            "reason": reason,
        }
    )


def check(view: View, artifact: Artifact, decision: GateDecision, phase: Phase, gate: Gate) -> reading.Parsed:
    """Accept a decision on what the artifact says now, while it waits at its gate; return what it says.

    Raises:
        RefusedError: `approval_stale`, `not_at_gate`, `criterion_not_met`, `gate_not_passable`.
        ForbiddenError: `self_approval`.
        RecordError: a person changed the artifact so that it is none of its phase any more.
    """
    _check_seen(view, artifact, decision)
    parsed = reading.parse(phase, artifact.body) if decision.decision == "approve" else {}
    if decision.decision == "revise":
        return parsed
    if decision.by.casefold() in artifact.hands:
        raise ForbiddenError(
            "self_approval", f"{decision.by} had a hand in it", field="/from", hint="somebody else decides on it"
        )
    unmet = [text for text in gate.criteria if _is_no(decision.criteria.get(text, ""))]
    if unmet:
        raise RefusedError(
            "criterion_not_met", f"is approved although it says no to: {unmet[0]}", field="/criteria",
            hint=f"prismfs gate revise {artifact.id} --reason TEXT",
        )  # fmt: skip
    lacking = list(unmet_demands(phase, gate, parsed))
    if lacking:
        raise RefusedError(
            "gate_not_passable", f"{artifact.label} cannot pass: {'; '.join(lacking)}", field="/id",
            hint=f"prismfs gate revise {artifact.id} --reason TEXT, then submit another revision",
        )  # fmt: skip
    return parsed


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


def _check_seen(view: View, artifact: Artifact, decision: GateDecision) -> None:
    again = f"prismfs gate show {artifact.id}, then decide on what it says now"
    newest = progress.revisions(view, artifact.about, artifact.phase)[-1:]
    if artifact.status == "superseded" or (newest and newest[0].id != artifact.id):
        raise RefusedError(
            "approval_stale", f"{artifact.label} has a newer revision than this", field="/id",
            hint=f"prismfs gate show {newest[0].id}" if newest else None,
        )  # fmt: skip
    if artifact.status != "presented":
        raise RefusedError("not_at_gate", f"it is {artifact.status}", field="/id", hint="prismfs gate list --waiting")
    if not artifact.content_hash == decision.content_hash == artifact.digest():
        raise RefusedError("approval_stale", "it is not any more what was looked at", field="/content_hash", hint=again)
    if not progress.reads_hold(view, artifact):
        raise RefusedError(
            "approval_stale", "what it was written against was changed", field="/id",
            hint=f"prismfs incident phase list {artifact.about}",
        )  # fmt: skip


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


def _is_no(text: str) -> bool:
    said = text.strip().casefold()
    return said.rstrip(".!") == "no" or said.startswith(_NO)
