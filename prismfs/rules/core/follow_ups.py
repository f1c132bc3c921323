"""What one family may ask of another: the values for `draft.follow`, each with the family that answers it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

    from prismfs.kinds.care.signal import Signal, SignalType
    from prismfs.kinds.care.triage_record import Judgement
    from prismfs.kinds.core.values import Redaction
    from prismfs.kinds.gates.artifact import Artifact
    from prismfs.kinds.response.incident import Incident
    from prismfs.records.api import Id, JsonValue, Record, Severity


@dataclass(frozen=True, slots=True)
class Attention:
    """Open an escalation (escalation), or count one more on the open one that has its `signature`, if it has any.

    One decision opens at most one, with the id `draft.new_id("bea")`. `identity` and
    `holds_while` are as in `Escalation`.
    """

    severity: Severity
    title: str
    source: str
    reporter: str
    reporter_pid: str | None = None
    body: str = ""
    category: str | None = None
    tier: str | None = None
    related: Id | None = None
    signature: str | None = None
    identity: str | None = None
    labels: dict[str, str] = field(default_factory=dict)
    holds_while: dict[str, tuple[str | None, ...]] | None = None
    redactions: tuple[Redaction, ...] = ()


@dataclass(frozen=True, slots=True)
class MakeLouder:
    """Raise an open escalation to `severity`: what it is about is worse than was known (escalation)."""

    escalation: Id
    severity: Severity


@dataclass(frozen=True, slots=True)
class Moved:
    """Records of awaited kinds were changed: the escalations whose condition has ended with that close (escalation)."""

    records: tuple[Record, ...]


@dataclass(frozen=True, slots=True)
class ReportFault:
    """Open an incident for a signal in the lane of incidents, or count it on the one that it repeats (response)."""

    signal: Id


@dataclass(frozen=True, slots=True)
class Attend:
    """Give an incident what its severity and facts ask for: escalation, owners, updates in time (response).

    `judged` is its first judgement, where somebody made it already. With `escalate` off its escalation is left alone:
    only its facts or its age changed.
    """

    incident: Id
    judged: Judgement | None = None
    escalate: bool = True


@dataclass(frozen=True, slots=True)
class Assess:
    """Write the triage record of an incident that a signal reported, and finish it where the rules may (care).

    `judged` is its judgement where somebody made one already; otherwise the rules judge.
    """

    incident: Id
    judged: Judgement | None = None


@dataclass(frozen=True, slots=True)
class AskForTriage:
    """Ask again for a triage that waits for a person or an agent, such as of an incident that is reopened (care)."""

    incident: Id
    reason: str


@dataclass(frozen=True, slots=True)
class IncidentAnswered:
    """An incident was acknowledged, and its escalation with it (escalation)."""

    incident: Id


@dataclass(frozen=True, slots=True)
class IncidentOver:
    """An incident was resolved or ended: what waited on its account waits no longer (care, escalation, response)."""

    incident: Id


@dataclass(frozen=True, slots=True)
class PhaseEffect:
    """Do what a phase does beside its artifact, by the name that its workflow file gives it (response).

    `sections` is what the artifact says, by heading. An effect that does not fit refuses the whole decision.
    """

    name: str
    artifact: Artifact
    sections: Mapping[str, JsonValue]


@dataclass(frozen=True, slots=True)
class Reply:
    """Answer the sender of a signal (care); `role` tells answers of one decision apart.

    `stage` is a word of `Progress` and `told` more of its members. `sender` is whom the signal was for, where none is
    given. `incident` is as the answer is to show it.
    """

    signal: Signal
    role: str
    stage: str
    body: str
    subject: str | None = None
    sender: str | None = None
    type: SignalType = "StatusUpdate"
    incident: Incident | None = None
    told: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class ReplyToReporters:
    """Answer everybody who reported an incident, each once, in the thread of their own first report (care)."""

    incident: Incident
    role: str
    stage: str
    body: str
    subject: str
    told: Mapping[str, Any] = field(default_factory=dict)
