"""The fourth tier of triage: severity, scope and nature of an incident, as the rules see them (R-000-22).

Where a person is to judge, the rules only propose.
"""

from dataclasses import replace

from prismfs.errors import RefusedError
from prismfs.kinds.care.settings.triage import Triage
from prismfs.kinds.care.signal import Signal
from prismfs.kinds.care.triage_record import Judgement
from prismfs.records.api import with_rank
from prismfs.rules.care.classifier import (
    DEFAULT_RANK,
    UNKNOWN_NATURE,
    Classification,
    classification_of,
    with_floor,
)
from prismfs.rules.core.draft import Draft, one_line
from prismfs.rules.core.roles import automation_of

BY_RULES = "rules"
"""Who judged, where nobody did but the rules."""


def judge(draft: Draft, signal: Signal, *, recurs: bool = False, owner: str | None = None) -> tuple[Judgement, str]:
    """Tier 4: return what the rules say of severity, scope and nature, and why the severity is what it is.

    `owner` is who triages it, where that is not the incident manager.

    The policy's floors hold for every nature. Where a person judges, the severity is none that anybody stated: rank 2
    until then, or the floor of what the words may be about. A fault that came back is one rank worse.
    """
    policy = draft.policy
    found = classification_of(draft, signal)
    if automation_of(draft, owner or policy.lanes.incident).mode == "person":
        found = _unjudged(found, known=found.nature in policy.nature_floor)
    found = with_floor(replace(found, rank=DEFAULT_RANK if found.rank is None else found.rank), policy.nature_floor)
    rank = DEFAULT_RANK if found.rank is None else found.rank
    because = found.rank_reason
    if recurs:
        rank, because = max(0, rank - 1), f"{because}; one rank worse, as it came back"
    severity = with_rank(policy.scales, rank, scale=policy.incident_scale)
    said = f"severity {severity.label}: {because}; scope {found.scope}: {found.scope_reason}; nature {found.nature}"
    judgement = Judgement(
        severity=severity,
        scope=found.scope,
        nature=found.nature,
        rules=found.rules,
        reason=one_line(said),
        by=BY_RULES,
    )
    return judgement, because


def is_judged_at_once(draft: Draft, owner: str, judged: Judgement) -> bool:
    """Tell whether `judged` ends a triage of `owner`: the rules may judge for them, or a person has judged."""
    return automation_of(draft, owner).mode == "rules" or judged.by != BY_RULES


def check_nature(draft: Draft, nature: str) -> None:
    """Accept a nature that the rules or the policy know.

    Raises:
        RefusedError: `unknown_nature`, naming them.
    """
    known = {rule.nature for rule in draft.view.single(Triage).natures} | {*draft.policy.nature_floor, UNKNOWN_NATURE}
    if nature not in known:
        hint = f"one of {', '.join(sorted(known))}"
        raise RefusedError("unknown_nature", "no such nature", field="/nature", hint=hint)


def _unjudged(found: Classification, *, known: bool) -> Classification:
    reason = f"nobody has judged it yet, so it counts as rank {DEFAULT_RANK}"
    nature = found.nature if known else UNKNOWN_NATURE
    return replace(found, rank=DEFAULT_RANK, rank_reason=reason, nature=nature, rules=())
