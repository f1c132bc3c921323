"""How incidents are answered: the chain of people, its conditions, its intervals (`settings/response.yaml`).

Conditions are about ranks, never labels. Roles are bound to personas in the roster; one without a holder falls to
the first operator.
"""

from datetime import timedelta
from decimal import Decimal
from typing import Annotated, Literal

from pydantic import AfterValidator, Field

from prismfs.kinds.core.values import Window
from prismfs.kinds.response.incident import AGENT, Usd
from prismfs.records.api import Duration, Kind, Line, Rank, Record, Value, Word

Days = Annotated[int, Field(ge=0, le=365)]

Every = Annotated[Duration, Field(ge=timedelta(minutes=1))]
"""How often something falls due again: a minute at least."""


class Conditions(Value):
    """When an incident climbs to a level; any one of them is enough, and none that is left out counts.

    `rank` is the least urgent rank that climbs; `older_than` and `over_usd` are strict: at exactly that age or amount
    nothing happens (R-002-25, R-002-32).
    """

    rank: Rank | None = None
    several_agents: bool = False
    needs_change: bool = False
    older_than: Duration | None = None
    over_usd: Usd | None = None
    customer_data: bool = False
    needs_decision: bool = False


class Level(Value):
    """A step of the chain: the role that has the incident there, whether it becomes its owner, and when.

    Without `when` every incident that leaves the agent reaches it.
    """

    level: Word
    role: Word
    owns: bool = False
    when: Conditions | None = None


class Role(Value):
    """A role in an incident, which `incident hand-over` gives to somebody.

    The holder of the one that `leads` answers for the incident; that of `updates` hears when a status update is due.
    `many` may have the same role at once.
    """

    role: Word
    leads: bool = False
    updates: bool = False
    many: bool = False


BLAME = (
    "at fault",
    "blame",
    "careless",
    "carelessly",
    "carelessness",
    "fault of",
    "failed to",
    "forgot",
    "human error",
    "ignored",
    "incompetent",
    "lazy",
    "mistake by",
    "negligent",
    "neglected",
    "ought to have",
    "sloppy",
    "should have",
    "should not have",
    "shouldn't have",
)
"""Words that a review does without, where the settings name none."""


class Review(Value):
    """Which incidents need a post-incident review, by their worst rank, and within how many business days.

    `due_days` is by rank 0 to 3, null where none is expected (R-002-44, R-002-50). `blame` are words that, beside
    somebody's name, make a sentence one about a person instead of the system (R-003-23).
    """

    required_rank: Rank = 1
    due_days: tuple[Days | None, Days | None, Days | None, Days | None] = (5, 5, 10, None)
    blame: Annotated[tuple[Line, ...], Field(max_length=100)] = BLAME


def _each_once(chain: tuple[Level, ...]) -> tuple[Level, ...]:
    names = [step.level for step in chain]
    if AGENT in names or len(set(names)) < len(names):
        raise ValueError(f"each level has a name of its own, and none is {AGENT!r}")
    return chain


def _one_leads(roles: tuple[Role, ...]) -> tuple[Role, ...]:
    if len({each.role for each in roles}) < len(roles):
        raise ValueError("each role has a name of its own")
    if [each.many for each in roles if each.leads] != [False]:
        raise ValueError("one role leads, and one person at a time has it")
    return roles


class Response(Record):
    """The settings of incident response.

    `roles` are what people do in one incident, beside the chain that says who owns it.
    `chain` is in order, and no step is skipped (R-002-37). `status_updates` is how often stakeholders are to hear, by
    rank 0 to 3, null for never (R-002-31). `board` and `tenant_admin` are roles. `pause_rank` is the least urgent rank
    for which an agent or a workflow may be paused (R-002-22). `action_due` says by when each section of the action
    item tracker is done, counted from its submission. `late` is how far past its time a due time, or a watcher's
    heartbeat, must be before the engine counts as stopped.
    """

    kind: Literal["response"] = "response"
    chain: Annotated[tuple[Level, ...], Field(min_length=1, max_length=10), AfterValidator(_each_once)] = (
        Level(level="support", role="support", owns=True),
        Level(
            level="coordination",
            role="coordination",
            owns=True,
            when=Conditions(rank=1, several_agents=True, needs_change=True, older_than=timedelta(hours=2)),
        ),
        Level(
            level="executive",
            role="executive",
            when=Conditions(rank=0, over_usd=Decimal("500.00"), customer_data=True, needs_decision=True),
        ),
    )
    roles: Annotated[tuple[Role, ...], Field(min_length=1, max_length=20), AfterValidator(_one_leads)] = (
        Role(role="commander", leads=True),
        Role(role="communications", updates=True),
        Role(role="scribe"),
        Role(role="investigator", many=True),
    )
    board: Word = "board"
    board_rank: Rank = 0
    tenant_admin: Word = "tenant-admin"
    pause_rank: Rank = 1
    status_updates: tuple[Every | None, Every | None, Every | None, Every | None] = (
        timedelta(minutes=30),
        timedelta(minutes=30),
        None,
        None,
    )
    windows: tuple[Window, ...] = ()
    review: Review = Review()
    action_due: dict[Word, Duration] = Field(
        default_factory=lambda: {
            "quick-wins": timedelta(days=7),
            "short-term": timedelta(days=30),
            "long-term": timedelta(days=90),
        }
    )
    action_reminder: Duration = timedelta(days=7)
    repeat_window: Duration = timedelta(days=90)
    late: Annotated[Duration, Field(ge=timedelta(seconds=2))] = timedelta(minutes=5)


KIND = Kind(
    name="response",
    model=Response,
    folder="settings/response.yaml",
    format="yaml",
    layout="single",
    writers=frozenset({"person"}),
    protected=True,
)
