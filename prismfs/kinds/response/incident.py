"""An incident: a fault that a person must answer for, from detection to its review.

Several signals may report one incident; they are joined by its dedup key and counted. It climbs a chain of
people (`level`); how bad it is keeps its first, its worst and its present value (R-002-01 to R-002-50).
"""

from decimal import Decimal
from typing import Annotated, Literal

from pydantic import Field

from prismfs.kinds.core.values import Note, Scope
from prismfs.records.act import Act
from prismfs.records.api import (
    Digest,
    Id,
    Identity,
    Instant,
    Kind,
    Lifecycle,
    Line,
    Pid,
    Record,
    Severity,
    Text,
    Value,
    Word,
)  # fmt: skip

IncidentStatus = Literal[
    "retrying",
    "auto_resolved",
    "triage",
    "mitigating",
    "mitigated",
    "resolved",
    "in_review",
    "closed",
    "duplicate",
    "false_positive",
]

OPEN: tuple[IncidentStatus, ...] = ("retrying", "triage", "mitigating", "mitigated")
"""States in which the fault may still be there."""

TIMES_IN_ORDER = (
    ("started_at",),
    ("detected_at",),
    ("responded_at",),
    ("acknowledged_at", "mitigated_at"),
    ("resolved_at",),
    ("closed_at",),
)
"""The times of an incident: none is later than one of a later place, where both are known."""

Usd = Annotated[Decimal, Field(ge=0, max_digits=15, decimal_places=2)]
"""An amount of US dollars to the cent; a text such as "1000.01" in files."""

MOST_DECISIONS, MOST_NOTES, MOST_ROLES = 100, 1000, 50

AGENT = "agent"
"""The level of an incident that only the agent that met it, and the retry engine, have looked at."""


class SeverityChange(Value):
    """A change of severity: who judged, when and why."""

    at: Instant
    by: Identity
    before: Severity
    after: Severity
    reason: Line


class Affected(Value):
    """What an incident touches (R-002-28)."""

    workflows: tuple[Line, ...] = ()
    services: tuple[Line, ...] = ()
    customers: tuple[Line, ...] = ()
    agents: tuple[Identity, ...] = ()


class GoNoGo(Value):
    """A decision on a major recovery action (R-002-33)."""

    at: Instant
    by: Identity
    action: Line
    go: bool
    reason: Line


class RoleHeld(Value):
    """Who has a role in an incident (`roles` of settings/response.yaml), since when and given by whom.

    `leads` is with the role whose holder answers for the incident.
    """

    role: Word
    identity: Identity
    since: Instant
    by: Identity
    leads: bool = False


class BeforeMerge(Value):
    """How a merged incident stood, with its reports, and the times of the other one then: what `unmerge` gives back."""

    status: IncidentStatus
    signals: Annotated[tuple[Id, ...], Field(max_length=MOST_NOTES)] = ()
    started_at: Instant | None = None
    detected_at: Instant
    responded_at: Instant | None = None
    resolved_at: Instant | None = None


class Timers(Value):
    """What the incident waits for; each lapses once, one instant after its time, and `due_at` is the earliest.

    `respond` and `resolve` are the targets of its severity, `hop` the next step of the chain by age, `update` the next
    status update, `promised` the update that a stakeholder message promised, `review` the post-incident review.
    """

    respond: Instant | None = None
    resolve: Instant | None = None
    hop: Instant | None = None
    update: Instant | None = None
    promised: Instant | None = None
    review: Instant | None = None


class Incident(Record):
    """An incident.

    `started_at` is when the impact began, where known; `responded_at` when an identity other than the detecting agent
    and the retry engine first acted on it. `TIMES_IN_ORDER` always holds. `corrected` names the times that a
    person told afterwards, in place of that of the commit.
    `level` is its place in the chain: `agent`, or a level of `settings/response.yaml`; `escalations` counts the hops.
    `drill` keeps it out of every figure. `missed` names the targets that were missed, each once. `opened_by` is the
    signal that reported it, none where the desk itself did. Where its reporter gave no key, `dedup_key` is what reports
    that are alike have in common, `identity` tells which words are meant, `another_of` is the open one that it is like,
    and `differs` in what: whether they are one fault a person says.
    """

    kind: Literal["incident"] = "incident"
    id: Id
    pid: Pid
    title: Line
    nature: Word
    severity: Severity
    severity_reason: str
    sev_initial: Severity
    sev_max: Severity
    severity_history: Annotated[tuple[SeverityChange, ...], Field(max_length=100)] = ()
    status: IncidentStatus
    level: Word = AGENT
    escalations: int = Field(default=0, ge=0)
    owner: Identity
    reporter: Identity
    reporter_pid: Pid | None = None
    scope: Scope | None = None
    triage: Id | None = None
    dedup_key: str
    opened_by: Id | None = None
    escalation: Id | None = None
    identity: Digest | None = None
    another_of: Id | None = None
    differs: str | None = None
    recurrence_of: Id | None = None
    duplicate_of: Id | None = None
    before_merge: BeforeMerge | None = None
    count: int = Field(default=1, ge=1)
    drill: bool = False
    job: Id | None = None
    affected_agent: Identity | None = None
    affected_workflow: Line | None = None
    retry_attempts: int | None = None
    auto_resolved: bool = False
    affected: Affected = Affected()
    several_agents: bool = False
    needs_change: bool = False
    customer_data: bool = False
    needs_decision: bool = False
    financial_impact_usd: Usd | None = None
    assignees: tuple[Identity, ...] = ()
    roles: Annotated[tuple[RoleHeld, ...], Field(max_length=MOST_ROLES)] = ()
    developer_needed: bool = False
    workaround: Text | None = None
    expected_at: Instant | None = None
    decisions: Annotated[tuple[GoNoGo, ...], Field(max_length=MOST_DECISIONS)] = ()
    board_told_at: Instant | None = None
    notes: Annotated[tuple[Note, ...], Field(max_length=MOST_NOTES)] = ()
    root_cause_id: Line | None = None
    started_at: Instant | None = None
    detected_at: Instant
    corrected: tuple[Word, ...] = ()
    last_seen_at: Instant
    responded_at: Instant | None = None
    acknowledged_at: Instant | None = None
    acknowledged_by: Identity | None = None
    acknowledged_note: Text | None = None
    mitigated_at: Instant | None = None
    resolved_at: Instant | None = None
    resolved_by: Identity | None = None
    resolution: Text | None = None
    reopened: int = Field(default=0, ge=0)
    review: str | None = None
    review_stored_at: Instant | None = None
    closed_at: Instant | None = None
    closed_by: Identity | None = None
    closed_reason: Text | None = None
    missed: tuple[Literal["respond", "resolve"], ...] = ()
    timers: Timers = Timers()
    due_at: Instant | None = None

    @property
    def is_open(self) -> bool:
        """Whether the fault may still be there."""
        return self.status in OPEN

    @property
    def lead(self) -> Identity | None:
        """To whom it was handed over, None where nobody did since its last acknowledgement."""
        return next((each.identity for each in self.roles if each.leads), None)

    @property
    def responder(self) -> Identity:
        """Who has it now: to whom it was handed over, else who acknowledged it, else its owner."""
        return self.lead or self.acknowledged_by or self.owner


_ENDINGS = ("duplicate", "false_positive")

_ACTS = (
    Act("incident.ack", {"acknowledged_by": (Act.AUTHOR,)}, note="note", gives={"note": "acknowledged_note"}),
    Act("incident.mitigate", {"status": ("mitigating",)}, note="note", always={"begin": True}),
    Act("incident.mitigate", {"status": ("mitigated",)}, note="note"),
    Act("incident.resolve", {"status": ("resolved",)}, note="note", gives={"note": "resolution"}),
    Act("incident.reopen", {"status": ("triage",)}, note="reason"),
    Act("incident.close", {"status": ("closed",)}, note="reason", gives={"reason": "closed_reason"}),
    Act("incident.close", {"status": ("false_positive",)}, note="reason", gives={"reason": "closed_reason"},
        always={"false_positive": True}),
    Act("incident.merge", {"status": ("duplicate",), "duplicate_of": ()}, gives={"into": "duplicate_of"}),
    Act("incident.triage", {"severity": ()}, note="reason", gives={"severity": "severity.label", "scope": "scope",
        "nature": "nature"}),
    Act("incident.update", any_of=("developer_needed", "workaround", "expected_at", "several_agents", "needs_change",
        "customer_data", "needs_decision", "financial_impact_usd", "root_cause_id", "started_at")),
)  # fmt: skip

KIND = Kind(
    name="incident",
    model=Incident,
    folder="incidents",
    format="yaml",
    layout="dated",
    prefix="inc",
    writers=frozenset({"engine"}),
    lifecycle=Lifecycle(
        edges={
            "retrying": ("auto_resolved", "triage", "resolved", *_ENDINGS),
            "auto_resolved": ("triage", "closed"),
            "triage": ("mitigating", "mitigated", "resolved", *_ENDINGS),
            "mitigating": ("mitigated", "resolved", *_ENDINGS),
            "mitigated": ("mitigating", "resolved", *_ENDINGS),
            "resolved": ("triage", "in_review", "closed", *_ENDINGS),
            "in_review": ("triage", "closed"),
            "closed": (),
            "duplicate": ("triage", "mitigating", "mitigated", "resolved"),
            "false_positive": ("triage",),
        },
        open=frozenset(OPEN),
        taken_back=frozenset(_ENDINGS),
    ),
    facets={
        "title": "title",
        "status": "status",
        "key": "dedup_key",
        "due_at": "due_at",
        "rank": "severity.rank",
        "owner": "owner",
        "ref": "opened_by",
    },
    listing=("severity", "status", "level", "owner"),
    acts=_ACTS,
)
