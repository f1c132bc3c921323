"""Classification: the lane, severity rank, nature and scope that the rules, or the desk's command, find in a signal.

What is not surely the product's stays with the customer: scope fails closed (R-000-26 to R-000-30).
Text from a signal is only looked at: no word of it goes into the reason, which names rules and numbers.
"""

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TypeVar

from prismfs.errors import RecordError
from prismfs.kinds.care.settings.triage import LaneAnswer, LaneRule, NatureRule, RankRule, Rule, ScopeRule, Triage
from prismfs.kinds.care.signal import Lane, Signal
from prismfs.kinds.core.values import Scope
from prismfs.records.api import JsonValue
from prismfs.rules.care.matching import MAX_CHARACTERS, listed, matching_rules
from prismfs.rules.core.api import Draft, automation_of

R = TypeVar("R", bound=Rule)
T = TypeVar("T")

DEFAULT_RANK = 2
UNKNOWN_NATURE = "unknown"


@dataclass(frozen=True, slots=True)
class Classification:
    """What the rules make of a signal.

    `confidence` is 0 to 1 and belongs to the best lane even where it was too small to choose it. `matched` holds
    name and weight of each lane rule that matched, in the order of the settings. `runner_up` is the lane that
    came second, or None. `rank` is None where no rule speaks of urgency and the lane is not incident; `reason`,
    `rank_reason` and `scope_reason` are sentences of rule names and numbers. `rules` are the names of those that spoke
    of rank, nature or scope.
    """

    lane: Lane
    confidence: float
    matched: tuple[tuple[str, float], ...]
    runner_up: Lane | None
    rank: int | None
    rank_reason: str
    nature: str
    reason: str
    scope: Scope = "customer-internal"
    scope_reason: str = ""
    rules: tuple[str, ...] = ()


def classify(
    triage: Triage,
    *,
    subject: str,
    body: str = "",
    labels: Mapping[str, str] | None = None,
    attachments: Mapping[str, str] | None = None,
    type: str = "",
) -> Classification:
    """Return lane, rank, nature and scope of a signal, as the rules of `triage` see it.

    The score of a lane is the sum of the weights of its rules that match, each rule once however often its
    pattern occurs. Confidence is the logistic function of the best score's lead over the next one (at least
    over 0): 0.5 is a tie, 0.73 a lead of 1, 0.88 a lead of 2. Below the threshold, or where no lane has a
    positive score, the lane is `unclassified`.

    The rank, and likewise the nature, is the one whose rules sum up highest; of equal ranks the more urgent, of
    equal natures the one named first. Where no rule speaks, an incident has rank 2 and nature `unknown`.
    Attachments are read like a continuation of the body. Time is linear in the length of the text, whatever
    the patterns.
    """
    found = matching_rules(
        triage.rules,
        {
            "subject": subject,
            "body": _joined_body(body, attachments or {}),
            "labels": "\n".join(f"{name}: {value}" for name, value in sorted((labels or {}).items())),
            "type": type,
        },
    )
    lane_rules = _of_kind(found, LaneRule)
    lane, confidence, runner_up, reason = _lane_of(lane_rules, triage.threshold)
    rank, rank_reason = _rank_of(_of_kind(found, RankRule))
    scope, scope_reason = weigh_scope(triage, _of_kind(found, ScopeRule))
    return Classification(
        lane=lane,
        confidence=confidence,
        matched=tuple((rule.name, rule.weight) for rule in lane_rules),
        runner_up=runner_up,
        rank=DEFAULT_RANK if rank is None and lane == "incident" else rank,
        rank_reason=rank_reason,
        nature=_nature_of(_of_kind(found, NatureRule)),
        reason=reason,
        scope=scope,
        scope_reason=scope_reason,
        rules=tuple(rule.name for rule in found if not isinstance(rule, LaneRule)),
    )


def with_floor(classification: Classification, nature_floor: Mapping[str, int]) -> Classification:
    """Return `classification` with a rank at least as urgent as `nature_floor` demands for its nature.

    A classification without a rank stays without one.
    """
    floor = nature_floor.get(classification.nature)
    if floor is None or classification.rank is None or classification.rank <= floor:
        return classification
    because = f"{classification.nature} is never less urgent than rank {floor}"
    return replace(classification, rank=floor, rank_reason=because)


def classification_of(draft: Draft, signal: Signal) -> Classification:
    """Return what the rules, or the desk's command, make of the signal's words; they are read once in a decision."""
    return draft.once(_classification, signal.id)


def _classification(draft: Draft, identifier: str) -> Classification:
    signal = draft.need(Signal, identifier)
    found = classify(
        draft.view.single(Triage),
        subject=signal.subject,
        body=signal.body,
        labels=signal.labels,
        attachments=signal.attachments,
        type=signal.type,
    )
    answered = draft.event.document.get("classification")
    if isinstance(answered, dict) and automation_of(draft, signal.to).mode == "command":
        return _from_command(answered, found)
    return found


def _from_command(answered: dict[str, JsonValue], found: Classification) -> Classification:
    """Return `found` with what the command says in place of it; an answer that is none makes it unclassified."""
    try:
        answer = LaneAnswer.from_document(answered)
    except RecordError as error:
        reason = f"the desk's command gave no valid answer: {error.code} {error.problem.field or ''}".rstrip()
        return replace(found, lane="unclassified", confidence=0.0, matched=(), runner_up=None, reason=reason)
    return replace(
        found,
        lane=answer.lane,
        confidence=answer.confidence,
        matched=(),
        runner_up=None,
        reason=answer.reason,
        rank=found.rank if answer.rank is None else answer.rank,
        rank_reason=found.rank_reason if answer.rank is None else "as the desk's command says",
        nature=answer.nature or found.nature,
    )


def scope_of(triage: Triage, text: str) -> tuple[Scope, tuple[str, ...]]:
    """Return the scope of one passage of a report, and the names of the scope rules that matched it (R-000-26).

    The passage is judged by its own words alone; one that speaks of nothing known is customer-internal.
    """
    scopes = _of_kind(matching_rules(triage.scopes, {"body": text[:MAX_CHARACTERS]}), ScopeRule)
    return weigh_scope(triage, scopes)[0], tuple(rule.name for rule in scopes)


def weigh_scope(triage: Triage, rules: Sequence[ScopeRule]) -> tuple[Scope, str]:
    """Return the scope that `rules`, those that matched, make, and a sentence of their names (R-000-26)."""
    sides = {side: sum(rule.weight for rule in rules if rule.scope == side) for side in ("product", "customer")}
    product, customer = (sides[side] >= triage.scope_weight for side in ("product", "customer"))
    scope: Scope = "customer-internal"
    if product:
        scope = "mixed" if customer else "prism-product"
    if not rules:
        return scope, "no scope rule matched; what is not surely the product's stays here"
    return scope, f"product {sides['product']:g}, customer {sides['customer']:g}: {listed(rules)}"


def _joined_body(body: str, attachments: Mapping[str, str]) -> str:
    parts = [body[:MAX_CHARACTERS]]
    room = MAX_CHARACTERS - len(parts[0])
    for name, text in sorted(attachments.items()):
        if room <= 0:
            break
        parts.append(f"{name}\n{text[:room]}")
        room -= len(parts[-1])
    return "\n".join(parts)


def _lane_of(rules: Sequence[LaneRule], threshold: float) -> tuple[Lane, float, Lane | None, str]:
    if not rules:
        return "unclassified", 0.0, None, "no lane rule matched"
    scores = _scores((rule.lane, rule.weight) for rule in rules)
    # The name breaks ties, so that equal scores give equal answers whatever the order of the rules.
    ordered = sorted(scores.items(), key=lambda item: (-item[1], item[0]))
    best, score = ordered[0]
    second = ordered[1][0] if len(ordered) > 1 and ordered[1][1] > 0 else None
    because = listed(rules)
    if score <= 0:
        return "unclassified", 0.0, None, f"no lane has a positive score: {because}"
    lead = score - (scores[second] if second else 0.0)
    confidence = 1 / (1 + math.exp(-lead))
    after = f", before {second}" if second else ""
    if confidence < threshold or lead <= 0:
        said = f"{best} at {confidence:.2f}{after} is below the threshold {threshold:.2f}: {because}"
        return "unclassified", confidence, second, said
    return best, confidence, second, f"{best} at {confidence:.2f}{after}: {because}"


def _rank_of(rules: Sequence[RankRule]) -> tuple[int | None, str]:
    scores = _scores((rule.rank, rule.weight) for rule in rules)
    rank = min(scores, key=lambda rank: (-scores[rank], rank), default=None)
    if rank is None or scores[rank] <= 0:
        return None, f"no severity rule matched; an incident then has rank {DEFAULT_RANK}"
    return rank, f"rank {rank} by rules: {listed([rule for rule in rules if rule.rank == rank])}"


def _nature_of(rules: Sequence[NatureRule]) -> str:
    scores = _scores((rule.nature, rule.weight) for rule in rules)
    nature = max(scores, key=scores.__getitem__, default=UNKNOWN_NATURE)
    return nature if scores.get(nature, 0.0) > 0 else UNKNOWN_NATURE


def _of_kind(rules: Iterable[Rule], kind: type[R]) -> list[R]:
    return [rule for rule in rules if isinstance(rule, kind)]


def _scores(weights: Iterable[tuple[T, float]]) -> dict[T, float]:
    """Return the sum of the weights for each thing that rules speak for, in the order of the rules."""
    scores: dict[T, float] = {}
    for thing, weight in weights:
        scores[thing] = scores.get(thing, 0.0) + weight
    return scores
