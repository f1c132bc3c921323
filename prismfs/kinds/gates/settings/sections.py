"""The sections that an artifact is made of: what each type holds, as a workflow file says it (R-003-08 to R-003-25).

The set of types is closed. `hint` is the text between `<` and `>` in the template until an author replaces it;
`source` is where the template takes a value from, if there is one already.
"""

from typing import Annotated, Literal, Self

from pydantic import Field, StringConstraints, model_validator

from prismfs.records.api import Line, Value, Word

PhaseId = Annotated[str, StringConstraints(pattern=r"^[A-Z]{2,8}-[1-9][0-9]?$")]
"""A phase: the prefix of its workflow and its place in it, such as INC-1."""

Hint = Annotated[str, StringConstraints(pattern=r"^[^<>\x00-\x1f\x7f]{1,200}$")]
Name = Annotated[str, StringConstraints(pattern=r"^[^\x00-\x1f\x7f#*<>:]{1,80}$", strip_whitespace=True)]
"""A heading or the name of a field: one line that Markdown has no other reading of."""

Values = Annotated[tuple[Line, ...], Field(min_length=2, max_length=20)]
Least = Annotated[int, Field(ge=0, le=100)]


class Origin(Value):
    """Where a template takes a value from: a section (and its field) of an earlier phase, or a fact of the subject.

    The facts of an incident are named in `prismfs.rules.gates.facts`.
    """

    phase: PhaseId | None = None
    section: Name | None = None
    field: Name | None = None
    fact: Word | None = None

    @model_validator(mode="after")
    def _one_place(self) -> Self:
        if (self.fact is None) == (self.phase is None) or (self.phase is None) != (self.section is None):
            raise ValueError("names either a fact, or a phase and its section")
        return self


class _Section(Value):
    """What every section has: its heading, and where the template takes it from."""

    name: Name
    source: Origin | None = Field(default=None, alias="from")


class TextSection(_Section):
    """Paragraphs, lists and code; one paragraph only where `single`."""

    type: Literal["text"]
    hint: Hint
    single: bool = False


class EnumSection(_Section):
    """One of `values`."""

    type: Literal["enum"]
    values: Values


class TimeSection(_Section):
    """One timestamp, or one of `words` where none is to come."""

    type: Literal["time"]
    hint: Hint
    words: tuple[Word, ...] = ()


class FieldSpec(Value):
    """One `- **Name:** value`: a text, one of `values`, or a list with commas."""

    name: Name
    type: Literal["text", "enum", "list"]
    hint: Hint | None = None
    values: tuple[Line, ...] = ()
    source: Origin | None = Field(default=None, alias="from")

    @model_validator(mode="after")
    def _fits_its_type(self) -> Self:
        if (self.type == "enum") != bool(self.values):
            raise ValueError("values are for the type enum, and it needs them")
        if (self.type != "enum") != (self.hint is not None):
            raise ValueError("a text and a list need a hint, an enum has its values")
        return self


class FieldsSection(_Section):
    """A list of `- **Name:** value`, each of `fields` once."""

    type: Literal["fields"]
    fields: Annotated[tuple[FieldSpec, ...], Field(min_length=1, max_length=20)]


class ListSection(_Section):
    """A bulleted list of at least `least` items."""

    type: Literal["list"]
    hint: Hint
    least: Least = 1


class NumberedSection(_Section):
    """A numbered list whose items have `parts`, with dashes between them."""

    type: Literal["numbered"]
    parts: Annotated[tuple[Word, ...], Field(min_length=1, max_length=4)]
    least: Least = 1


class TimelineSection(_Section):
    """`timestamp - event`, in order of time; `- source` after it where `sourced` (R-003-20)."""

    type: Literal["timeline"]
    sourced: bool = False
    least: Least = 1


class ChainSection(_Section):
    """`1. cause → effect`, each effect the cause of the next (R-003-20)."""

    type: Literal["chain"]
    least: Least = 1


class MetricsSection(_Section):
    """`name - before → after`."""

    type: Literal["metrics"]
    least: Least = 1


class ActionsSection(_Section):
    """`1. [P0] action - owner suggestion`, the priority one of `priorities`."""

    type: Literal["actions"]
    priorities: Values = ("P0", "P1", "P2")
    least: Least = 1


class ChecklistSection(_Section):
    """`- [ ] action - @owner`. `bucket` names by when these are done (`action_due` of the settings)."""

    type: Literal["checklist"]
    bucket: Word | None = None
    least: Least = 0


Simple = Annotated[TextSection | EnumSection | TimeSection | ListSection, Field(discriminator="type")]


class SubsectionsSection(_Section):
    """Sections one level below (`###`)."""

    type: Literal["subsections"]
    sections: Annotated[tuple[Simple, ...], Field(min_length=1, max_length=20)]

    @model_validator(mode="after")
    def _names_differ(self) -> Self:
        check_names([section.name for section in self.sections])
        return self


AnySection = (
    TextSection
    | EnumSection
    | TimeSection
    | FieldsSection
    | ListSection
    | NumberedSection
    | TimelineSection
    | ChainSection
    | MetricsSection
    | ActionsSection
    | ChecklistSection
    | SubsectionsSection
)
Section = Annotated[AnySection, Field(discriminator="type")]


def same_name(text: str) -> str:
    """Return `text` as headings are compared: case, spacing and the shape of an apostrophe do not matter."""
    return " ".join(text.replace("’", "'").split()).casefold()


def check_names(names: list[str]) -> None:
    """Accept names that differ.

    Raises:
        ValueError: two are the same.
    """
    seen = [same_name(name) for name in names]
    if len(set(seen)) != len(seen):
        raise ValueError("two sections have the same name")
