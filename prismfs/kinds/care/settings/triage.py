"""Triage settings: how a signal is sorted into a lane, and what an incident's words say of it (`settings/triage.yaml`).

A rule is a pattern, where to look for it, and how much it counts for a lane, a rank, a nature or a scope. The rules
are data, so that people tune them in a reviewed change. Who works by them, or in their place, each role's `automation`
in the roster says.
"""

from functools import lru_cache
from typing import Annotated, Literal, Self

from pydantic import BeforeValidator, Field, StringConstraints, model_validator

from prismfs.kinds.care.signal import Lane
from prismfs.records.api import Kind, Line, Rank, Record, Value, Word

Where = Literal["subject", "body", "labels", "type", "any"]

Pattern = Annotated[str, StringConstraints(min_length=1, max_length=1000)]
"""An RE2 expression. Case is ignored, `^` and `$` match the ends of a line, a dot stays within one."""


def _as_patterns(value: object) -> object:
    return (value,) if isinstance(value, str) else value


Patterns = Annotated[
    tuple[Pattern, ...],
    Field(min_length=1, max_length=64),
    BeforeValidator(_as_patterns, json_schema_input_type=str | tuple[str, ...]),
]
"""Alternatives, any of which is enough; a single one may be written without the brackets."""

Share = Annotated[float, Field(ge=0, le=1, allow_inf_nan=False)]
Weight = Annotated[float, Field(ge=-10, le=10, allow_inf_nan=False)]

# RE2 scans all rules of a text as one automaton. A rule that compiles within this many bytes is one of the many
# that fit, so that a rule set which loads can always be run.
_MAX_BYTES = 256 * 1024
_MAX_RULES = 80


class Rule(Value):
    """A pattern, where it is looked for, and how much a match counts; a negative weight counts against.

    `any` is the subject, the body and the labels. Each label is one line, `name: value`.
    """

    name: Word
    where: Where = "any"
    match: Patterns
    weight: Weight = 1.0

    @model_validator(mode="after")
    def _patterns_are_of_re2(self) -> Self:
        for pattern in self.match:
            reason = flaw_of_pattern(pattern)
            if reason is not None:
                raise ValueError(f"rule {self.name}: a pattern is not of RE2's syntax: {reason}")
        if flaw_of_pattern(self.expression) is not None:
            raise ValueError(f"rule {self.name}: the patterns together are too large; make two rules of them")
        return self

    @property
    def expression(self) -> str:
        """The one RE2 expression that all alternatives make."""
        return "|".join(f"(?m:{pattern})" for pattern in self.match)


class LaneRule(Rule):
    """Counts for a lane; `unclassified` is what is left when none counts enough, so no rule names it."""

    lane: Literal["info", "incident", "enhancement", "recommendation"]


class RankRule(Rule):
    """Counts for a severity rank, 0 (most urgent) to 3."""

    rank: Rank


class NatureRule(Rule):
    """Counts for what an incident is about, such as `security` or `data_loss`."""

    nature: Word


class ScopeRule(Rule):
    """Counts for one side of an incident: the customer's own things, or the product itself (R-000-26)."""

    scope: Literal["customer", "product"]


class Triage(Record):
    """How certain a lane must be, and the rules.

    `threshold` is the least confidence, 0 to 1, that a lane needs. `scope_weight` is what the rules of one side must
    sum up to for it to be in question at all: the product alone is prism-product, both are mixed, and everything else
    is customer-internal and stays.
    """

    kind: Literal["triage"] = "triage"
    threshold: Share
    lanes: Annotated[tuple[LaneRule, ...], Field(max_length=_MAX_RULES)]
    severity: Annotated[tuple[RankRule, ...], Field(max_length=_MAX_RULES)] = ()
    natures: Annotated[tuple[NatureRule, ...], Field(max_length=_MAX_RULES)] = ()
    scope_weight: Annotated[float, Field(gt=0, le=10, allow_inf_nan=False)] = 1.0
    scopes: Annotated[tuple[ScopeRule, ...], Field(max_length=_MAX_RULES)] = ()

    @property
    def rules(self) -> tuple[Rule, ...]:
        """All rules, in the order of the settings; each time the same tuple, by which a matcher of them is kept."""
        return self.once("_rules", lambda one: (*one.lanes, *one.severity, *one.natures, *one.scopes))

    @model_validator(mode="after")
    def _names_are_unique(self) -> Self:
        seen: set[str] = set()
        for rule in self.rules:
            if rule.name in seen:
                raise ValueError(f"rule {rule.name}: the name is used twice; a reason must name one rule")
            seen.add(rule.name)
        return self


class LaneAnswer(Value):
    """What an intake desk's command says in place of the rules: the lane of a signal, and what else it found."""

    lane: Lane
    confidence: Share = 1.0
    rank: Rank | None = None
    nature: Word | None = None
    reason: Line = "as the desk's command says"


@lru_cache(maxsize=4096)  # settings are read anew at every decision; their patterns stay the same
def flaw_of_pattern(pattern: str) -> str | None:
    """Return why RE2 cannot take `pattern`, None when it can."""
    import re2  # here, as most commands never look at a pattern

    options = re2.Options()
    options.log_errors = False
    options.case_sensitive = False
    options.max_mem = _MAX_BYTES
    try:
        re2.compile(pattern, options)
    except re2.error as error:
        detail = error.args[0] if error.args else "not accepted"
        return detail.decode(errors="replace") if isinstance(detail, bytes) else str(detail)
    return None


KIND = Kind(
    name="triage",
    model=Triage,
    folder="settings/triage.yaml",
    format="yaml",
    layout="single",
    writers=frozenset({"person"}),
    protected=True,
    listing=("threshold",),
)
