"""Value types that records of several families share, and the short forms that act on a record of any family.

Scopes, sources, labels, redactions, remarks; an acknowledgement, a comment.
"""

from datetime import datetime, timedelta
from typing import Annotated, Literal

from pydantic import AfterValidator, Field, StringConstraints

from prismfs.records.api import Duration, Id, Identity, Instant, Line, Text, Value, Word, check_rule, next_begin

Scope = Literal["customer-internal", "prism-product", "mixed"]
"""Whose matter an incident is: the customer's alone, the product's, or both (R-000-26)."""

SCOPES: tuple[Scope, ...] = ("customer-internal", "prism-product", "mixed")

DedupKey = Annotated[str, StringConstraints(min_length=1, max_length=200, pattern=r"^[^\x00-\x1f\x7f]+$")]
"""A key by which reports of one fault are recognised as such."""

Source = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_-]*(:[A-Za-z0-9._/-]+){1,2}$", max_length=200)]
"""`type:name` or `type:name:detail`, as in `plugin:rebuild` or `patrol:deacon:health-scan`."""

LabelName = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9._/-]{0,63}$")]
Labels = Annotated[
    dict[LabelName, Annotated[str, StringConstraints(max_length=500, pattern=r"^[^\x00-\x1f\x7f-\x9f]*$")]],
    Field(default_factory=dict, max_length=64),
]


class Redaction(Value):
    """What the scanner found in a text before it was kept: where, of what kind, how often; never the value (R-000-36).

    `level` is `redact` for what was taken out, `suspect` for what was left and may not leave. `rules` names the rule
    sets, `mac` is a keyed code by which equal values can be told.
    """

    pointer: str
    kind: str
    count: int
    level: Literal["redact", "suspect"] = "redact"
    rules: str = ""
    mac: str | None = None


_TICK = timedelta(milliseconds=1)  # the finest time that records carry


def _comes_again(rule: str) -> str:
    check_rule(rule)
    return rule


def _lasts(wait: timedelta) -> timedelta:
    if wait <= timedelta(0):
        raise ValueError("a window lasts some time")
    return wait


class Window(Value):
    """A window of time that comes again: an RFC 5545 rule and how long each one lasts, in UTC (R-002-05)."""

    name: Word
    rule: Annotated[Line, AfterValidator(_comes_again)]
    lasts: Annotated[Duration, AfterValidator(_lasts)]

    def end_of(self, at: datetime) -> datetime | None:
        """Return when the window that `at` lies in ends, None where it lies in none; an end is not in it."""
        begin = next_begin(self.rule, since=at - self.lasts + _TICK)
        return begin + self.lasts if begin is not None and begin <= at else None


class Note(Value):
    """A comment on a record, with its author and time."""

    by: Identity
    at: Instant
    text: Text


class AckDrop(Value):
    """Acknowledges an incident, an escalation or a mail."""

    kind: Literal["ack"]
    version: Literal[1] = 1
    sender: Identity = Field(alias="from")
    id: Id
    note: Text = ""


class CommentDrop(Value):
    """A remark on an escalation, a work item or an incident."""

    kind: Literal["comment"]
    version: Literal[1] = 1
    sender: Identity = Field(alias="from")
    id: Id
    text: Text


FORMS = (AckDrop, CommentDrop)
