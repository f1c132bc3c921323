"""Triage settings: how a signal is sorted into a lane, and what an incident's words say of it (`settings/triage.yaml`).

A rule is a pattern, where to look for it, and how much it counts for a lane, a rank or a nature. The rules are
data, so that people tune them in a reviewed change; a command may classify in their place.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Annotated, Literal, Self

from pydantic import BeforeValidator, Field, StringConstraints, model_validator

from prismfs.records.base import Duration, Record, Value, Word
from prismfs.records.kind import Kind
from prismfs.records.severity import Rank

Where = Literal["subject", "body", "labels", "type", "any"]

Pattern = Annotated[str, StringConstraints(min_length=1, max_length=1000)]
"""An RE2 expression. Case is ignored, `^` and `$` stand for the ends of a line, a dot stays within one."""


def _as_patterns(value: object) -> object:
    return (value,) if isinstance(value, str) else value


Patterns = Annotated[
    tuple[Pattern, ...],
    Field(min_length=1, max_length=64),
    BeforeValidator(_as_patterns, json_schema_input_type=str | tuple[str, ...]),
]
"""Alternatives, any of which is enough; a single one may be written without the brackets."""

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


class Triage(Record):
    """Who classifies, how certain it must be, and the rules.

    `threshold` is the least confidence, 0 to 1, that a lane needs. `command` is a program and its arguments;
    it is asked only where `classifier` says so and is stopped after `command_timeout`.
    """

    kind: Literal["triage"] = "triage"
    classifier: Literal["rules", "command"] = "rules"
    command: tuple[str, ...] = ()
    command_timeout: Duration = timedelta(seconds=30)
    threshold: Annotated[float, Field(ge=0, le=1, allow_inf_nan=False)]
    lanes: Annotated[tuple[LaneRule, ...], Field(max_length=_MAX_RULES)]
    severity: Annotated[tuple[RankRule, ...], Field(max_length=_MAX_RULES)] = ()
    natures: Annotated[tuple[NatureRule, ...], Field(max_length=_MAX_RULES)] = ()

    @model_validator(mode="after")
    def _names_are_unique_and_a_command_is_named(self) -> Self:
        seen: set[str] = set()
        for rule in (*self.lanes, *self.severity, *self.natures):
            if rule.name in seen:
                raise ValueError(f"rule {rule.name}: the name stands twice; a reason must name one rule")
            seen.add(rule.name)
        if self.classifier == "command" and not self.command:
            raise ValueError("classifier is command, but no command is given")
        return self


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
)
