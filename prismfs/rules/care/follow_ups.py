"""What a step of care asks of the next one: the values for `draft.follow` that stay in this family."""

from dataclasses import dataclass

from prismfs.records.api import Id


@dataclass(frozen=True, slots=True)
class StageIssue:
    """Stage an issue of an incident whose triage found that it may leave."""

    incident: Id


@dataclass(frozen=True, slots=True)
class WithdrawIssue:
    """Withdraw what was staged of an incident and has not left.

    With `stage_anew` what may still leave is a task for the incident's owner.
    """

    incident: Id
    reason: str
    stage_anew: bool = False
