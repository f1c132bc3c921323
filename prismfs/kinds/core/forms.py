"""Short forms that act on records: an acknowledgement, a comment, a silence."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BeforeValidator, Field
from pydantic_core import PydanticCustomError

from prismfs.kinds.care.phone_home import Scope
from prismfs.kinds.care.signal import DedupKey, Lane
from prismfs.kinds.response.settings.retry import Command, JobName
from prismfs.records.base import Identity, Instant, Line, Text, Value, Word
from prismfs.records.ids import Id
from prismfs.records.matcher import Matcher
from prismfs.records.severity import Rank


class AckDrop(Value):
    """Somebody has seen it: an incident, an escalation or a mail."""

    kind: Literal["ack"]
    version: Literal[1] = 1
    sender: Identity = Field(alias="from")
    id: Id
    note: Text = ""


class TaskResultDrop(Value):
    """What came of a task that stood in a mailbox: a lane for a signal, a judgement for an incident (R-000-22)."""

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
    """What the command of an intake desk prints: the lane of a signal, and what else it knows of it."""

    lane: Lane
    confidence: Annotated[float, Field(ge=0, le=1, allow_inf_nan=False)] = 1.0
    rank: Rank | None = None
    nature: Word | None = None
    reason: Line = "as the desk's command says"


class TriageAnswer(Value):
    """What the command of an incident manager prints, or a person says: the judgement of an incident (R-000-22)."""

    severity: str | None = None
    scope: Scope | None = None
    nature: Word | None = None
    reason: Line


class OpenForm(Value):
    """What a person says to open an incident: a severity counts as judged; a drill is kept apart from what is real."""

    subject: Line
    body: Text = ""
    severity: str | None = None
    nature: Word | None = None
    started_at: Instant | None = None
    workflow: Line | None = None
    dedup_key: DedupKey | None = None
    drill: bool = False


class SilenceForm(Value):
    """What a silence is to be, or what of it is to change; a member that is left out stays as it is."""

    matchers: Annotated[tuple[Matcher, ...], Field(max_length=32)] | None = None
    reason: Line | None = None
    starts_at: Instant | None = None
    ends_at: Instant | None = None


class CommentDrop(Value):
    """A remark on an escalation, a work item or an incident."""

    kind: Literal["comment"]
    version: Literal[1] = 1
    sender: Identity = Field(alias="from")
    id: Id
    text: Text


def _no_command(_value: object) -> object:
    raise PydanticCustomError(
        "code:command_in_drop", "a dropped file names a job, never a command: settings/retry.yaml says what may be run"
    )


class JobFailureDrop(Value):
    """A job of an agent failed: what it is called, and the whole error (R-002-08, R-002-11).

    `agent` is whose job it is, where that is not the sender; `retryable` whether another attempt may mend it, where the
    agent knows. A `command` is refused: what is run again is known here, and allowed by the settings.
    """

    kind: Literal["job_failure"]
    version: Literal[1] = 1
    sender: Identity = Field(alias="from")
    job: JobName
    agent: Identity | None = None
    error: Text
    retryable: bool | None = None
    workflow: Line | None = None
    command: Annotated[None, BeforeValidator(_no_command)] = None


class JobRunForm(Value):
    """A job that is to be run now: its name, and its command where the settings leave arguments open."""

    job: JobName
    agent: Identity | None = None
    workflow: Line | None = None
    retryable: bool | None = None
    command: Command | None = None
