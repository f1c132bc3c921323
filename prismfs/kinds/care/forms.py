"""Answers to a question of incident care: the lane of a signal, the judgement of an incident (R-000-22)."""

from typing import Annotated, Literal

from pydantic import Field

from prismfs.kinds.care.signal import Lane
from prismfs.kinds.core.values import Scope
from prismfs.records.api import Id, Identity, Line, Rank, Value, Word


class TaskResultDrop(Value):
    """The result of a task from a mailbox: a lane for a signal, a judgement of an incident (R-000-22)."""

    kind: Literal["task_result"]
    version: Literal[1] = 1
    sender: Identity = Field(alias="from")
    id: Id
    lane: str | None = None
    severity: str | None = None
    scope: str | None = None
    nature: Word | None = None
    reason: Line


class LaneAnswer(Value):
    """The output of an intake desk's command: the lane of a signal, and what else it found."""

    lane: Lane
    confidence: Annotated[float, Field(ge=0, le=1, allow_inf_nan=False)] = 1.0
    rank: Rank | None = None
    nature: Word | None = None
    reason: Line = "as the desk's command says"


class TriageAnswer(Value):
    """The judgement of an incident, by an incident manager's command or by a person (R-000-22)."""

    severity: str | None = None
    scope: Scope | None = None
    nature: Word | None = None
    reason: Line


FORMS = (TaskResultDrop,)
