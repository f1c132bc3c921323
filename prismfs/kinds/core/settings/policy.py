"""The policy: severity scales, response targets, lane owners and deadlines (`settings/policy.yaml`).

Targets hang on rank, never on labels.
"""

from datetime import timedelta
from typing import Literal

from pydantic import Field

from prismfs.kinds.core.settings import settings_kind
from prismfs.records.api import Duration, Identity, Rank, Record, Scale, Value, Word


class Targets(Value):
    """How soon an incident of one rank is to be answered and resolved, counted from detection."""

    respond: Duration
    resolve: Duration | None = None


class Deadlines(Value):
    """How long a signal may wait at each step of the desk (R-000-80); `triage` is by severity rank, 0 to 3."""

    acknowledge: Duration = timedelta(minutes=15)
    classify: Duration
    answer: Duration
    triage: tuple[Duration, Duration, Duration, Duration] = (
        timedelta(minutes=15), timedelta(hours=1), timedelta(hours=8), timedelta(hours=24),
    )  # fmt: skip


class Owners(Value):
    """The owner of each lane."""

    info: Identity
    incident: Identity
    enhancement: Identity
    recommendation: Identity
    unclassified: Identity


class Refusals(Value):
    """How much is said of refused commands and files, and when people hear of them.

    Within `window` at most `rows` audit rows are left for one identity, code and verb; the rest is counted. People are
    told of `tries` at something that nobody gave the right to within `window`: at the rank `severity`, each so many
    more one rank worse, up to `loudest`, which a forged decision has at once.
    """

    window: Duration = timedelta(hours=1)
    rows: int = Field(default=5, ge=1)
    tries: int = Field(default=3, ge=1)
    severity: Rank = 2
    loudest: Rank = 1


class Alike(Value):
    """What follows from reports that are alike and have no key: each is told as another of the first that is open.

    Once `most` of them are open, more are counted on the first. `ignored_labels` are names of labels whose values do
    not tell two reports apart, such as `pod` or `attempt`.
    """

    most: int = Field(default=10, ge=1)
    ignored_labels: tuple[str, ...] = ()


class Policy(Record):
    """The numbers and names that the rules work with.

    `intake` names the personas whose signals are sorted into lanes; mail to everybody else is only delivered.
    `delivery_waits` are the pauses before each further attempt of a failed delivery; after the last one it is dead.
    `delivery_lease` is how long an attempt may last before it counts as not heard of. `answer_coverage` is the
    share of a question's words (0 to 1) that an article must hold to be given as the answer. `nature_floor` is the
    least urgent rank that a nature allows. `bridge` says whether signals may go to the tenant's bridges and come from
    them, and `phone_home: never` keeps every report of this project from becoming an issue elsewhere (R-000-83).
    """

    kind: Literal["policy"] = "policy"
    incident_scale: Word
    escalation_scale: Word
    scales: dict[Word, Scale]
    targets: tuple[Targets, Targets, Targets, Targets]
    nature_floor: dict[Word, Rank] = Field(default_factory=dict)
    lanes: Owners
    intake: tuple[Identity, ...]
    deadlines: Deadlines
    dedup_window: Duration
    delivery_waits: tuple[Duration, ...]
    delivery_lease: Duration = timedelta(minutes=2)
    answer_coverage: float
    refusals: Refusals = Field(default_factory=Refusals)
    alike: Alike = Field(default_factory=Alike)
    bridge: Literal["allow", "inbound-only", "off"] = "allow"
    phone_home: Literal["ask", "never"] = "ask"


KIND = settings_kind("policy", Policy, listing=("incident_scale", "escalation_scale"))
