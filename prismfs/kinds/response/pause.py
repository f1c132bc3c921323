"""A pause: an agent or a workflow that is to do nothing more while an incident is worked on (R-002-22).

Agents, and what starts workflows, read the file: `pauses/agent-<name>.yaml`, `pauses/workflow-<name>.yaml`.
"""

import hashlib
import re
from typing import Annotated, Literal, Self

from pydantic import StringConstraints, model_validator

from prismfs.records.api import Id, Identity, Instant, Kind, Lifecycle, Line, Record, Value

PauseName = Annotated[str, StringConstraints(pattern=r"^(agent|workflow)-[a-z0-9][a-z0-9._-]{0,99}$")]

_NOT_A_NAME = re.compile(r"[^a-z0-9]+")


class Pause(Record):
    """Who or what is paused, for which incidents, by whom, since when and why.

    One of `agent` and `workflow` is said. It is lifted when the last of `incidents` no longer asks for it; then
    `lifted_by` and `lifted_at` say who did it and when.
    """

    kind: Literal["pause"] = "pause"
    name: PauseName
    agent: Identity | None = None
    workflow: Line | None = None
    status: Literal["paused", "lifted"]
    incidents: tuple[Id, ...] = ()
    by: Identity
    at: Instant
    reason: Line
    lifted_by: Identity | None = None
    lifted_at: Instant | None = None


class PauseForm(Value):
    """One agent or workflow to pause, or to unpause."""

    agent: Identity | None = None
    workflow: Line | None = None
    reason: Line | None = None

    @model_validator(mode="after")
    def _one_is_named(self) -> Self:
        if (self.agent is None) == (self.workflow is None):
            raise ValueError("either an agent or a workflow is named")
        return self


def name_of_agent(agent: str) -> str:
    """Return the name of the pause of an agent; identities are compared without regard to case."""
    return f"agent-{agent.lower()}"


def name_of_workflow(workflow: str) -> str:
    """Return the name of the pause of a workflow: its own where a file may be named so, else a likeness and a hash."""
    plain = workflow.lower()
    if re.fullmatch(r"[a-z0-9][a-z0-9._-]{0,63}", plain):
        return f"workflow-{plain}"
    likeness = _NOT_A_NAME.sub("-", plain).strip("-")[:64].strip("-")
    digest = hashlib.sha256(plain.encode()).hexdigest()[:12]
    return f"workflow-{likeness}-{digest}" if likeness else f"workflow-{digest}"


KIND = Kind(
    name="pause",
    model=Pause,
    folder="pauses",
    format="yaml",
    layout="named",
    writers=frozenset({"engine"}),
    lifecycle=Lifecycle(edges={"paused": ("lifted",), "lifted": ("paused",)}, open=frozenset({"paused"})),
    facets={"title": "reason", "status": "status", "owner": "by"},
    listing=("status", "agent", "workflow"),
)
