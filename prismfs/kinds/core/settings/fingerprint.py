"""Fingerprint settings: what of a failure's text tells the fault, and what only its run (`settings/fingerprint.yaml`).

The rules are data, so that people tune them in a reviewed change and try it on labelled failures before. All
patterns are RE2 expressions: time is linear in the text, whatever the pattern. Case counts unless a pattern
begins with `(?i)`; `^` and `$` match the ends of a line, and a dot stays within one.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import TYPE_CHECKING, Annotated, Literal, Self

from pydantic import AfterValidator, BeforeValidator, Field, StringConstraints, model_validator

from prismfs.kinds.core.settings import settings_kind
from prismfs.records.api import Record, Value, Word

if TYPE_CHECKING:
    import re2

_GROUP = re.compile(r"\\(\d)")
SEVERITY_FIELDS = frozenset({"severity", "priority", "rank", "level"})
_MAX_RULES = 120


# RE2 gives each expression so many bytes; what loads can always be run.
_MAX_BYTES = 32 << 20


def _of_re2(pattern: str) -> str:
    compiled(pattern)
    return pattern


Pattern = Annotated[str, StringConstraints(min_length=1, max_length=2000), AfterValidator(_of_re2)]
"""One RE2 expression."""


def _as_patterns(value: object) -> object:
    return (value,) if isinstance(value, str) else value


Patterns = Annotated[
    tuple[Pattern, ...],
    Field(min_length=1, max_length=64),
    BeforeValidator(_as_patterns, json_schema_input_type=str | tuple[str, ...]),
]
"""Alternatives, any of which is enough; a single one may be written without the brackets."""

FieldName = Annotated[str, StringConstraints(pattern=r"^(\*|[a-z][A-Za-z0-9._/-]{0,99})$")]
"""A field that goes into a fingerprint; `label.NAME` is a label, `*` every field that is not ignored."""

Put = Annotated[str, StringConstraints(max_length=200)]
"""What is put in place of a match: a placeholder such as `<time>`, and `\\1` to `\\9` for what groups matched."""


class Rule(Value):
    """What every rule has: a name of its own."""

    name: Word


class _Replacement(Rule):
    """A rule that puts something in place of what matches."""

    pattern: Pattern
    put: Put = ""

    @model_validator(mode="after")
    def _groups_exist(self) -> Self:
        wanted = max((int(number) for number in _GROUP.findall(self.put)), default=0)
        if wanted > compiled(self.pattern).groups:
            raise ValueError(f"rule {self.name}: put names group {wanted}, which the pattern does not have")
        return self


class Rewrite(_Replacement):
    """One step of normalising: what matches becomes `put`.

    With `keep` it is closed to all later rules: that is how a number with a meaning, such as an exit code,
    outlives the rules for numbers. With `one_line` it is for a text of one line alone, such as a title.
    """

    keep: bool = False
    one_line: bool = False


class Frame(_Replacement):
    """How one kind of stack frame looks on its line, and what of it is stable.

    `innermost` says which end of a trace the fault is at. What follows more deeply indented is source code or
    a place, and belongs to the frame.
    """

    put: Put = r"\1"
    innermost: Literal["first", "last"] = "first"


class LineRule(Rule):
    """Lines of one kind; it is enough that one of the patterns is found in the line."""

    match: Patterns


class Fingerprint(Record):
    """What makes two failures the same fault.

    `fields` names for each kind of report the fields that count; a kind that is not named has all of them.
    `ignore` names fields that never count, wherever they are given (C-09); a severity never does (C-08).
    `volatile` are the rewrites, in order. Of a text of several lines, `frames` find the stack traces and
    `library` the frames that are not the program's own, of which `own_frames` innermost ones of each trace are
    left; lines of `noise` are dropped; of more than `most_lines` lines those that match `tells` are left. `passing` are
    the rewrites of `volatile` that take out what does not even tell one fault from another that is like it.
    """

    kind: Literal["fingerprint"] = "fingerprint"
    fields: dict[Word, Annotated[tuple[FieldName, ...], Field(min_length=1, max_length=64)]]
    ignore: tuple[FieldName, ...] = ()
    own_frames: Annotated[int, Field(ge=1, le=50)] = 5
    most_lines: Annotated[int, Field(ge=1, le=1000)] = 30
    volatile: Annotated[tuple[Rewrite, ...], Field(max_length=_MAX_RULES)]
    passing: Annotated[tuple[Word, ...], Field(max_length=_MAX_RULES)] = ()
    frames: Annotated[tuple[Frame, ...], Field(max_length=_MAX_RULES)] = ()
    library: Annotated[tuple[LineRule, ...], Field(max_length=_MAX_RULES)] = ()
    noise: Annotated[tuple[LineRule, ...], Field(max_length=_MAX_RULES)] = ()
    tells: Annotated[tuple[LineRule, ...], Field(max_length=_MAX_RULES)] = ()

    @model_validator(mode="after")
    def _names_are_unique_and_no_severity_counts(self) -> Self:
        seen: set[str] = set()
        rules: tuple[Rule, ...] = (*self.volatile, *self.frames, *self.library, *self.noise, *self.tells)
        for rule in rules:
            if rule.name in seen:
                raise ValueError(f"rule {rule.name}: the name is used twice")
            seen.add(rule.name)
        unknown = set(self.passing) - {rule.name for rule in self.volatile}
        if unknown:
            raise ValueError(f"passing: {min(unknown)} is no rule of volatile")
        for together in (self.library, self.noise, self.tells):
            compiled(alternatives(together))
        for kind, names in self.fields.items():
            found = SEVERITY_FIELDS.intersection(name.removeprefix("label.") for name in names)
            if found:
                raise ValueError(
                    f"fields of {kind}: {min(found)} must not tell faults apart: it says how bad, not what"
                )
        return self


@lru_cache(maxsize=4096)  # settings are read anew at every decision; their patterns stay the same
def compiled(pattern: str) -> re2._Regexp:
    """Return the compiled form of `pattern`, which is looked for line by line.

    Raises:
        ValueError: not of RE2's syntax, or too large.
    """
    import re2  # here, as most commands never look at a pattern

    options = re2.Options()
    options.log_errors = False
    options.max_mem = _MAX_BYTES
    try:
        return re2.compile(f"(?m:{pattern})", options)
    except re2.error as error:
        detail = error.args[0] if error.args else "not accepted"
        said = detail.decode(errors="replace") if isinstance(detail, bytes) else str(detail)
        raise ValueError(f"the pattern is not of RE2's syntax: {said}") from None


def alternatives(rules: tuple[LineRule, ...]) -> str:
    """Return the one expression that finds what any of the rules does."""
    return "|".join(f"(?:{pattern})" for rule in rules for pattern in rule.match)


KIND = settings_kind("fingerprint", Fingerprint)
