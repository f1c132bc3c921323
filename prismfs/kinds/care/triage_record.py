"""A triage record: what the five parts of triage found of one incident, in their order (R-000-19 to R-000-24)."""

from typing import Annotated, Literal

from pydantic import Field

from prismfs.kinds.core.values import Scope
from prismfs.records.api import Id, Identity, Instant, Kind, Lifecycle, Line, Pid, Record, Severity, Text, Value, Word

Mode = Literal["rules", "propose", "person", "command"]


class Init(Value):
    """Part 1, always read: the environment, how it is installed, the project, who works in it (R-000-19)."""

    environment: dict[str, str] = Field(default_factory=dict)
    install_type: str | None = None
    project: Pid
    tenant: Word
    phone_home: Literal["ask", "never"] = "ask"
    roster: tuple[Identity, ...] = ()


class Read(Value):
    """Part 2, read when relevant: what, why it was, and its SHA-256 (R-000-20)."""

    what: Line
    why: Line
    lines: int
    digest: str


class Privacy(Value):
    """Part 3: what the gates found; never a value (R-000-21). `blocked` keeps the report from leaving."""

    status: Literal["passed", "suspect", "blocked"]
    redacted: int = 0
    suspects: int = 0
    kinds: tuple[str, ...] = ()
    scanner: str = ""


class Judgement(Value):
    """Part 4: severity, scope and nature, and the rules or the person that said so (R-000-22)."""

    severity: Severity
    scope: Scope
    nature: Word
    rules: tuple[str, ...] = ()
    reason: Line
    by: Identity | Word

    @property
    def said(self) -> str:
        """What was judged, in a line; why is `reason`."""
        return f"severity {self.severity.label}, scope {self.scope}, nature {self.nature}"


class Output(Value):
    """Part 5: the local postmortem, and whether a phone-home may be staged, with every reason against (R-000-23)."""

    postmortem: Text
    eligible: bool
    reasons: tuple[Line, ...] = ()


class Overruled(Value):
    """A judgement that was replaced by another."""

    at: Instant
    by: Identity
    before: Judgement
    reason: Line


class TriageRecord(Record):
    """The triage of one incident; a part that was not reached yet is null.

    While it waits for a person, an agent or a command, `proposal` is what the rules would say.
    """

    kind: Literal["triage_record"] = "triage_record"
    id: Id
    pid: Pid
    incident: Id
    signal: Id
    source_pid: Pid
    triager: Identity
    mode: Mode
    status: Literal["waiting", "done"]
    init: Init
    reads: tuple[Read, ...] = ()
    privacy: Privacy
    classification: Judgement | None = None
    proposal: Judgement | None = None
    output: Output | None = None
    overruled: Annotated[tuple[Overruled, ...], Field(max_length=100)] = ()
    opened_at: Instant
    done_at: Instant | None = None
    asked_at: Instant | None = None
    due_at: Instant | None = None


class TriageAnswer(Value):
    """The judgement of an incident, by an incident manager's command or by a person (R-000-22)."""

    severity: str | None = None
    scope: Scope | None = None
    nature: Word | None = None
    reason: Line


class TaskResultDrop(Value):
    """The result of a task from a mailbox: a lane for a signal, a judgement of an incident (R-000-22)."""

    kind: Literal["task_result"]
    version: Literal[1] = 1
    sender: Identity = Field(alias="from")
    id: Id
    lane: str | None = None
    severity: str | None = None
    scope: str | None = None
    nature: Word | None = None
    reason: Line


KIND = Kind(
    name="triage_record",
    awaited=True,
    model=TriageRecord,
    folder="triages",
    format="yaml",
    layout="dated",
    prefix="tri",
    writers=frozenset({"engine"}),
    lifecycle=Lifecycle(edges={"waiting": ("done",), "done": ("waiting",)}, open=frozenset({"waiting"})),
    facets={
        "title": "classification.reason|privacy.status",
        "status": "status",
        "key": "signal",
        "due_at": "due_at",
        "owner": "triager",
        "ref": "incident",
    },
    listing=("status", "incident", "classification.scope"),
)

FORMS = (TaskResultDrop,)
