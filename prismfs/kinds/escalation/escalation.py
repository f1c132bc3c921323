"""An escalation: a request for attention, at one tier. It is a bead, kept beside work items."""

from datetime import datetime
from typing import Literal

from pydantic import Field

from prismfs.kinds.core.bead import Bead
from prismfs.kinds.core.values import DedupKey, Labels, Note, Redaction, Source
from prismfs.records.api import Digest, Duration, Id, Identity, Instant, Known, Line, Pid, Severity, Text, Value, Word


class EscalationDrop(Value):
    """What an agent drops, or gives `prismfs escalate`, to ask for attention."""

    kind: Literal["escalation"]
    version: Literal[1] = 1
    sender: Identity = Field(alias="from")
    severity: str = "MEDIUM"
    title: Line
    body: Text = ""
    source: Source | None = None
    category: Word | None = None
    to: Word | None = None
    related: Id | None = None
    signature: DedupKey | None = None
    dedup_window: Duration | None = None
    labels: Labels


class Escalation(Bead):
    """An escalation: what happened, how urgent, its tier, how often it was raised (R-004-07 to R-004-09).

    An open one is raised at `raise_at`, one threshold after `waiting_since`, and goes to another tier at `hop_at`; what
    is acknowledged and not settled is open again at `lapse_at`. `due_at` is the earliest of them. `original_tier` is
    the one it began with, where that is another; its tiers are counted from `begun_at` where it began anew: it is back
    (`reopened`), an acknowledgement lapsed (`lapsed`), or its tiers are gone through again (`cycle`). `acks` are those
    of one that needs several, `arrivals` its last reports, where a route asks how often. `groups` are the groups of
    notices that it belongs to; `sender_known` says how the reporter is known, `from_pid` of which other project.

    `signature` is the reporter's own key, or what reports that are alike have in common; of those `identity` tells
    which words are meant, `another_of` which open one it is like, and `differs` in what. One that the desk opened
    closes by itself once the record `related` is no more as `holds_while` says: a member, by its name, has none of the
    values. Without that a person closes it.
    """

    type: Literal["escalation"]
    severity: Severity
    category: Word | None = None
    source: Source
    reporter: Identity
    from_pid: Pid | None = None
    sender_known: Known = "unknown"
    tier: Word
    original_tier: Word | None = None
    labels: Labels
    related: Id | None = None
    holds_while: dict[Word, tuple[str | None, ...]] | None = None
    signature: str
    identity: Digest | None = None
    another_of: Id | None = None
    differs: str | None = None
    recurrence_of: Id | None = None
    occurrence_count: int = Field(default=1, ge=1)
    last_seen_at: Instant
    arrivals: tuple[Instant, ...] = ()
    status: Literal["open", "acknowledged", "closed"]
    acks: tuple[Note, ...] = ()
    acknowledged_by: Identity | None = None
    acknowledged_at: Instant | None = None
    acknowledged_note: Text | None = None
    closed_by: Identity | None = None
    closed_at: Instant | None = None
    closed_reason: Text | None = None
    original_severity: Severity | None = None
    reescalation_count: int = Field(default=0, ge=0)
    last_reescalated_at: Instant | None = None
    reopened: int = Field(default=0, ge=0)
    lapsed: int = Field(default=0, ge=0)
    cycle: int = Field(default=0, ge=0)
    begun_at: Instant | None = None
    waiting_since: Instant | None = None
    raise_at: Instant | None = None
    hop_at: Instant | None = None
    lapse_at: Instant | None = None
    groups: tuple[Id, ...] = ()
    redactions: tuple[Redaction, ...] = ()

    @property
    def began_at(self) -> datetime:
        """From when on its tiers are counted."""
        return self.begun_at or self.created_at

    @property
    def tags(self) -> tuple[str, ...]:
        """The escalation's labels as `name:value`, derived for listing and export (R-004-07)."""
        original = (self.original_severity or self.severity).label
        return (
            self.type,
            *(() if self.category is None else (self.category,)),
            f"severity:{self.severity.label}",
            f"source:{self.source}",
            f"acknowledged:{str(self.status == 'acknowledged').lower()}",
            f"reescalated:{str(self.reescalation_count > 0).lower()}",
            f"reescalation_count:{self.reescalation_count}",
            f"original_severity:{original}",
            *(f"{name}:{value}" for name, value in self.labels.items()),
        )

    @property
    def match_labels(self) -> dict[str, str]:
        """What matchers are held against: the reporter's labels, and the escalation's own fields before them."""
        own = {name: getattr(self, name) for name in OWN_LABELS} | {"severity": self.severity.label}
        return dict(self.labels) | {name: value for name, value in own.items() if value is not None}


OWN_LABELS = ("severity", "source", "category", "tier", "reporter", "title")
"""The labels that every escalation may have: its own fields."""


FORMS = (EscalationDrop,)
