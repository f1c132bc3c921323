"""What the commands that care for an incident say: facts, a pause, a decision (R-002-22, R-002-26 to R-002-33)."""

from __future__ import annotations

from typing import Annotated, Self

from pydantic import Field, model_validator

from prismfs.kinds.response.incident import Usd
from prismfs.records.base import Identity, Instant, Line, Text, Value

Names = Annotated[tuple[Line, ...], Field(max_length=200)]
Identities = Annotated[tuple[Identity, ...], Field(max_length=200)]


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
