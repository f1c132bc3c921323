"""A job: one run of a command by name, and every attempt at it (R-002-08 to R-002-18).

A run that fails is tried again as `settings/retry.yaml` says, each attempt at most once. The records of one name, in
order, are the job's history (R-002-21).
"""

from typing import Annotated, Literal

from pydantic import BeforeValidator, Field
from pydantic_core import PydanticCustomError

from prismfs.kinds.response.settings.retry import Command, JobName
from prismfs.records.api import Id, Identity, Instant, Kind, Lifecycle, Line, Pid, Record, Text, Value

AttemptOutcome = Literal[
    "succeeded",
    "failed",
    "timed_out",
    "not_started",
    "interrupted",
    "stopped",
    "not_allowed",
    "unknown",
    "cancelled",
]


class Attempt(Value):
    """One attempt; number 0 is the run itself, 1 and up are those that follow a failure.

    It is due at `due_at` and made by the outbox message `message`, which says whether it has begun; without `outcome`
    it has not ended. `unknown` is one
    that began and whose end was not recorded: it may have had any effect, and counts as failed. `interrupted` is one
    that a person ended, `stopped` one that ended with the watcher. `code` is the exit code, negative where a signal
    ended it; `error` the end of what it printed, without secrets.
    """

    number: int = Field(ge=0)
    due_at: Instant
    message: Id | None = None
    begun_at: Instant | None = None
    ended_at: Instant | None = None
    outcome: AttemptOutcome | None = None
    code: int | None = None
    error: Text | None = None


class Job(Record):
    """One run of the job `job` by `agent`.

    `command` is what is run, none where it is not known. `retryable` is what the agent said of the failure, and
    `retry_reason` why it is tried again or not. `opened` says that this run opened its incident; a failure that is
    counted on an incident that was open already has no attempts of its own.
    """

    kind: Literal["job"] = "job"
    id: Id
    pid: Pid
    job: JobName
    agent: Identity
    workflow: Line | None = None
    command: Command | None = None
    status: Literal["running", "retrying", "succeeded", "failed"]
    retryable: bool | None = None
    retry_reason: Line | None = None
    attempts: Annotated[tuple[Attempt, ...], Field(min_length=1, max_length=30)]
    incident: Id | None = None
    opened: bool = False
    created_at: Instant
    ended_at: Instant | None = None

    @property
    def last(self) -> Attempt:
        """The newest attempt."""
        return self.attempts[-1]

    def with_last(self, attempt: Attempt) -> "Job":
        """Return the job with `attempt` in the place of its newest one."""
        return self.changed(attempts=(*self.attempts[:-1], attempt))


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


KIND = Kind(
    name="job",
    model=Job,
    folder="jobs",
    format="json",
    layout="dated",
    prefix="job",
    writers=frozenset({"engine"}),
    lifecycle=Lifecycle(
        edges={
            "running": ("succeeded", "retrying", "failed"),
            "retrying": ("succeeded", "failed"),
            "succeeded": (),
            "failed": (),
        },
        open=frozenset({"running", "retrying"}),
    ),
    facets={"title": "job", "status": "status", "key": "job", "owner": "agent", "ref": "incident"},
    listing=("status", "agent"),
)

FORMS = (JobFailureDrop,)
