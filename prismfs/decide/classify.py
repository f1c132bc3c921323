"""Classification: the lane, severity rank and nature that the rules find in a signal's words.

Text from a signal is only looked at: no word of it goes into the reason, which names rules and numbers.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache

from prismfs.kinds.signal import Lane
from prismfs.kinds.triage import LaneRule, NatureRule, RankRule, Rule, Triage

# Characters of the body, and of the attachments after it, that are read. Reports say what they are about in
# their first lines; what follows is logs and listings, whose words speak for no lane and would only cost time.
MAX_CHARACTERS = 16 * 1024

DEFAULT_RANK = 2
UNKNOWN_NATURE = "unknown"

# Bytes for the automaton of one text's rules. RE2 starts its cache anew when it is full, which is slow, not wrong.
_MAX_AUTOMATON = 64 << 20

_RULES_IN_REASON = 8  # a reason stands in one line of a listing

_TEXTS = ("subject", "body", "labels", "type")


@dataclass(frozen=True, slots=True)
class Classification:
    """What the rules make of a signal.

    `confidence` is 0 to 1 and belongs to the best lane even where it was too small to choose it. `matched` holds
    name and weight of each lane rule that matched, in the order of the settings. `runner_up` is the lane that
    came second, or None. `rank` is None where no rule speaks of urgency and the lane is not incident; `reason`
    and `rank_reason` are sentences of rule names and numbers.
    """

    lane: Lane
    confidence: float
    matched: tuple[tuple[str, float], ...]
    runner_up: Lane | None
    rank: int | None
    rank_reason: str
    nature: str
    reason: str


def classify(
    triage: Triage,
    *,
    subject: str,
    body: str = "",
    labels: Mapping[str, str] | None = None,
    attachments: Mapping[str, str] | None = None,
    type: str = "",
) -> Classification:
    """Return lane, rank and nature of a signal, as the rules of `triage` see it.

    The score of a lane is the sum of the weights of its rules that match, each rule once however often its
    pattern occurs. Confidence is the logistic function of the best score's lead over the next one (at least
    over 0): 0.5 is a tie, 0.73 a lead of 1, 0.88 a lead of 2. Below the threshold, or where no lane has a
    positive score, the lane is `unclassified`.

    The rank, and likewise the nature, is the one whose rules sum up highest; of equal ranks the more urgent, of
    equal natures the one named first. Where no rule speaks, an incident has rank 2 and nature `unknown`.
    Attachments are read like a continuation of the body. Time is linear in the length of the text, whatever
    the patterns.
    """
    found = _scan(
        _scanner(triage),
        {
            "subject": subject,
            "body": _joined_body(body, attachments or {}),
            "labels": "\n".join(f"{name}: {value}" for name, value in sorted((labels or {}).items())),
            "type": type,
        },
    )
    lane_rules = [rule for rule in found if isinstance(rule, LaneRule)]
    lane, confidence, runner_up, reason = _lane_of(lane_rules, triage.threshold)
    rank, rank_reason = _rank_of([rule for rule in found if isinstance(rule, RankRule)])
    if rank is None and lane == "incident":
        rank = DEFAULT_RANK
    return Classification(
        lane=lane,
        confidence=confidence,
        matched=tuple((rule.name, rule.weight) for rule in lane_rules),
        runner_up=runner_up,
        rank=rank,
        rank_reason=rank_reason,
        nature=_nature_of([rule for rule in found if isinstance(rule, NatureRule)]),
        reason=reason,
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
    scores: dict[Lane, float] = {}
    for rule in rules:
        scores[rule.lane] = scores.get(rule.lane, 0.0) + rule.weight
    # The name breaks ties, so that equal scores give equal answers whatever the order of the rules.
    ordered = sorted(scores.items(), key=lambda item: (-item[1], item[0]))
    best, score = ordered[0]
    second = ordered[1][0] if len(ordered) > 1 and ordered[1][1] > 0 else None
    because = _listed(rules)
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
    scores: dict[int, float] = {}
    for rule in rules:
        scores[rule.rank] = scores.get(rule.rank, 0.0) + rule.weight
    rank = min(scores, key=lambda rank: (-scores[rank], rank), default=None)
    if rank is None or scores[rank] <= 0:
        return None, f"no severity rule matched; an incident then has rank {DEFAULT_RANK}"
    return rank, f"rank {rank} by rules: {_listed([rule for rule in rules if rule.rank == rank])}"


def _nature_of(rules: Sequence[NatureRule]) -> str:
    scores: dict[str, float] = {}
    for rule in rules:
        scores[rule.nature] = scores.get(rule.nature, 0.0) + rule.weight
    nature = max(scores, key=scores.__getitem__, default=UNKNOWN_NATURE)
    return nature if scores.get(nature, 0.0) > 0 else UNKNOWN_NATURE


def _listed(rules: Sequence[Rule]) -> str:
    heaviest = sorted(rules, key=lambda rule: (-abs(rule.weight), rule.name))
    named = ", ".join(f"{rule.name} {rule.weight:+g}" for rule in heaviest[:_RULES_IN_REASON])
    rest = len(heaviest) - _RULES_IN_REASON
    return f"{named} and {rest} more" if rest > 0 else named


@dataclass(frozen=True, slots=True)
class _Scanner:
    """All rules in the order of the settings, and for each text what finds the indexes of those that match."""

    rules: tuple[Rule, ...]
    by_text: tuple[tuple[str, Callable[[bytes], Sequence[int]]], ...]


def _scan(scanner: _Scanner, texts: Mapping[str, str]) -> list[Rule]:
    matched: set[int] = set()
    for name, find in scanner.by_text:
        # Typographic apostrophes come from phones and editors; no rule should have to spell both.
        # Half a surrogate pair cannot be encoded; nothing that is classified may fail on it.
        text = texts[name].replace("’", "'").encode("utf-8", "replace")
        if text:
            matched.update(find(text))
    return [scanner.rules[index] for index in sorted(matched)]


@lru_cache(maxsize=8)
def _scanner(triage: Triage) -> _Scanner:
    """Return the compiled rules: one automaton for each text, which finds all of its rules in one pass."""
    rules: tuple[Rule, ...] = (*triage.lanes, *triage.severity, *triage.natures)
    by_text = []
    for text in _TEXTS:
        wanted = [
            index for index, rule in enumerate(rules) if rule.where == text or (rule.where == "any" and text != "type")
        ]
        if wanted:
            by_text.append((text, _automaton([rules[index].expression for index in wanted], wanted)))
    return _Scanner(rules=rules, by_text=tuple(by_text))


def _automaton(patterns: Sequence[str], indexes: Sequence[int]) -> Callable[[bytes], Sequence[int]]:
    import re2

    options = re2.Options()
    options.case_sensitive = False
    options.log_errors = False
    options.max_mem = _MAX_AUTOMATON
    automaton = re2.Set.SearchSet(options)
    for pattern in patterns:
        automaton.Add(pattern)
    automaton.Compile()

    def find(text: bytes) -> Sequence[int]:
        return [indexes[position] for position in automaton.Match(text) or ()]

    return find
