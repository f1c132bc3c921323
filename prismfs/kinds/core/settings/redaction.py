"""Redaction settings: the names that a project keeps to itself, how strict the scanner is (`settings/redaction.yaml`).

What is found is of one of three levels: `redact` (taken out), `suspect` (left, but reported, and a reason not to let
the text leave), `ignore`.
"""

from datetime import timedelta
from typing import Annotated, Literal

from pydantic import Field, StringConstraints

from prismfs.kinds.core.settings import settings_kind
from prismfs.records.api import Duration, Line, Record, Value, Word


class KeptName(Value):
    """A name, such as a customer's or a host's, that is taken out as `[redacted:<kind>]`; case does not matter."""

    name: Annotated[Line, StringConstraints(min_length=2)]
    kind: Word = "name"


class RedactionRules(Record):
    """What the scanner looks for beside its own rules, and how strictly (R-000-21, R-000-36).

    `levels` gives a kind of finding another level. `presidio` asks for a second opinion on persons and places (the
    extra `prismfs[presidio]`). A scan that takes longer than `timeout` fails, and what it was to look at is refused.
    """

    kind: Literal["redaction"] = "redaction"
    names: tuple[KeptName, ...] = Field(default=(), max_length=1000)
    levels: dict[Word, Literal["redact", "suspect", "ignore"]] = Field(default_factory=dict, max_length=200)
    presidio: bool = False
    timeout: Duration = timedelta(seconds=5)


KIND = settings_kind("redaction", RedactionRules)
