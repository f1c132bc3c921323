"""Forms of the commands on an incident: facts, a pause, a decision (R-002-22, R-002-26 to R-002-33)."""

from typing import Annotated, Literal, Self

from pydantic import BeforeValidator, Field, model_validator
from pydantic_core import PydanticCustomError

from prismfs.kinds.core.values import DedupKey
from prismfs.kinds.response.incident import Usd
from prismfs.kinds.response.settings.retry import Command, JobName
from prismfs.records.api import Identity, Instant, Line, Text, Value, Word

Names = Annotated[tuple[Line, ...], Field(max_length=200)]
Identities = Annotated[tuple[Identity, ...], Field(max_length=200)]


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


class IncidentChange(Value):
    """What `incident update` may say: only the members that are named change.

    `assign`, `workflows`, `services`, `customers` and `agents` add to what is there, `unassign` and `unaffected`
    take away. Null takes a value away where one may be missing. `status_text` is told to stakeholders.
    """

    status_text: Text | None = None
    assign: Identities = ()
    unassign: Identities = ()
    developer_needed: bool = False
    workflows: Names = ()
    services: Names = ()
    customers: Names = ()
    agents: Identities = ()
    unaffected: Names = ()
    workaround: Text | None = None
    expected_at: Instant | None = None
    several_agents: bool = False
    needs_change: bool = False
    customer_data: bool = False
    needs_decision: bool = False
    financial_impact_usd: Usd | None = None
    root_cause_id: Line | None = None
    started_at: Instant | None = None


class PauseForm(Value):
    """What is to be paused, or paused no more: one agent or one workflow."""

    agent: Identity | None = None
    workflow: Line | None = None
    reason: Line | None = None

    @model_validator(mode="after")
    def _one_is_named(self) -> Self:
        if (self.agent is None) == (self.workflow is None):
            raise ValueError("either an agent or a workflow is named")
        return self


class DecisionForm(Value):
    """A yes or no to a major recovery action; `draft` is a message to customers that comes with it (R-002-34)."""

    action: Line
    go: bool
    reason: Line
    draft: Text | None = None


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


FORMS = (JobFailureDrop,)
