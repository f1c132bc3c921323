"""How jobs that failed are tried again, and which may be run at all (`settings/retry.yaml`, R-002-12, R-002-13).

Nothing is allowed by default: a job that no entry names is never run. A dropped file can name a job, never a command.
"""

from collections.abc import Sequence
from datetime import timedelta
from typing import Annotated, Literal

from pydantic import AfterValidator, Field, StringConstraints

from prismfs.records.api import Duration, Identity, Kind, Line, Record, Value

ANY = "*"
"""An argument of an allowed command that matches any one argument."""

LONGEST_RUN = timedelta(hours=24)
"""The longest time-out of one attempt: one that is not heard of keeps the next one waiting for so long."""

JobName = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9._/-]{0,99}$")]
"""What a job is called: one line without blanks, compared as it is written."""

Argument = Annotated[str, StringConstraints(max_length=8192, pattern=r"^[^\x00]*$")]
Command = Annotated[tuple[Argument, ...], Field(min_length=1, max_length=256)]
"""A program and its arguments, as they are given to it: no shell reads them."""

VariableName = Annotated[str, StringConstraints(pattern=r"^[A-Za-z_][A-Za-z0-9_]{0,99}$")]


def _sensible(wait: timedelta) -> timedelta:
    if not timedelta() < wait <= LONGEST_RUN:
        raise ValueError(f"must be above 0s and at most {LONGEST_RUN.total_seconds() / 3600:g}h")
    return wait


Timeout = Annotated[Duration, AfterValidator(_sensible)]


class Allowed(Value):
    """A job that may be run: its command, and what holds where a failure does not say otherwise.

    `timeout` is that of one attempt, instead of the one for all jobs.
    """

    command: Command
    timeout: Timeout | None = None
    workflow: Line | None = None
    agent: Identity | None = None

    def allows(self, command: Sequence[str]) -> bool:
        """Tell whether `command` is the allowed one, argument by argument; `*` is any one argument."""
        if len(command) != len(self.command):
            return False
        return all(wanted in (ANY, given) for wanted, given in zip(self.command, command, strict=True))

    @property
    def own_command(self) -> tuple[str, ...] | None:
        """The command as it is, None where an argument of it is left open."""
        return None if ANY in self.command else self.command


class Retry(Record):
    """The retry policy and the jobs that may be run.

    `delays` has one entry an attempt, each counted from the failure before it; none means that nothing is tried again.
    `keep` is how many bytes of a job's output are kept, the last ones. An exit code of `final_codes` makes a failure
    one that is not tried again. A job sees PATH, HOME and LANG of the user who runs it, and the variables of
    `pass_environment`.
    """

    kind: Literal["retry"] = "retry"
    delays: Annotated[tuple[Duration, ...], Field(max_length=20)] = (
        timedelta(seconds=0),
        timedelta(seconds=5),
        timedelta(seconds=25),
    )
    timeout: Timeout = timedelta(minutes=10)
    keep: Annotated[int, Field(ge=256, le=48 * 1024)] = 16 * 1024
    final_codes: tuple[Annotated[int, Field(ge=1, le=255)], ...] = (126, 127)
    pass_environment: tuple[VariableName, ...] = ()
    jobs: dict[JobName, Allowed] = Field(default_factory=dict)

    def timeout_of(self, job: str) -> timedelta:
        """Return how long one attempt at `job` may last."""
        allowed = self.jobs.get(job)
        return self.timeout if allowed is None or allowed.timeout is None else allowed.timeout


KIND = Kind(
    name="retry",
    model=Retry,
    folder="settings/retry.yaml",
    format="yaml",
    layout="single",
    writers=frozenset({"person"}),
    protected=True,
    listing=("timeout",),
)
