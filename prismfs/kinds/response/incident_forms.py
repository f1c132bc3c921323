"""What people say of an incident by a command: its forms."""

from typing import Annotated

from pydantic import Field

from prismfs.kinds.core.values import DedupKey
from prismfs.kinds.response.incident import Usd
from prismfs.records.api import Identity, Instant, Line, Text, Value, Word


class TimeOfFact(Value):
    """When what a command tells of happened, where that was before the command."""

    at: Instant | None = None


class Correction(Value):
    """What `incident correct` says: the times that were otherwise, each of what has happened, the
    root cause as it is known now; and why."""

    started_at: Instant | None = None
    detected_at: Instant | None = None
    responded_at: Instant | None = None
    acknowledged_at: Instant | None = None
    mitigated_at: Instant | None = None
    resolved_at: Instant | None = None
    root_cause_id: Line | None = None
    reason: Text


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
    at: Instant | None = None


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


class HandOver(Value):
    """What `incident hand-over` says: the role (by default the one that leads), who has it now, and whose it was.

    Without `to` nobody takes the place of `leaving`.
    """

    role: Word | None = None
    to: Identity | None = None
    leaving: Identity | None = None
    note: Text | None = None


class DecisionForm(Value):
    """A yes or no to a major recovery action; `draft` is a message to customers that comes with it (R-002-34)."""

    action: Line
    go: bool
    reason: Line
    draft: Text | None = None
