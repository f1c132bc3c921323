"""A workflow: phases in a fixed order, the artifact of each, and the gates between them (`workflows/<name>.yaml`).

A phase is opened by submitting its artifact. At a gate the workflow stops until a person other than the author decides
(R-003-02 to R-003-05). What a phase does beyond that, its effects, is named here and written in `prismfs.rules`.
"""

from collections.abc import Iterator
from typing import Annotated, Literal, Self

from pydantic import Field, StringConstraints, model_validator

from prismfs.kinds.gates.settings.sections import AnySection, Name, Origin, PhaseId, Section, check_names, same_name
from prismfs.records.api import Kind, Line, Record, Value, Word

Prefix = Annotated[str, StringConstraints(pattern=r"^[A-Z]{2,8}$")]
Effect = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z_]*(\.[a-z_]+)*$")]
"""The name of something that happens when an artifact is submitted or approved."""


class Demand(Value):
    """What must be so before an artifact may pass its gate (R-003-13).

    The section says none of `never`, or has at least `least` items.
    """

    section: Name
    never: tuple[Line, ...] = ()
    least: Annotated[int, Field(ge=0, le=100)] = 0


class Gate(Value):
    """Where the workflow stops. `approve` and `revise` are the words of the two answers (R-003-05)."""

    criteria: Annotated[tuple[Line, ...], Field(min_length=1, max_length=20)]
    approve: Line = "approved"
    revise: Line = "revise"
    demands: tuple[Demand, ...] = ()


class Phase(Value):
    """One phase and its artifact.

    `reads` are the phases whose artifacts it is written against, `needs` those that must be there beside them; a
    gated one must be approved. One that `repeats` gets the next number with each submission, and all of them hold.
    `persona`, `secondary`, `prompt` and `panel` say who writes it and how; they are shown and decide nothing.
    """

    id: PhaseId
    title: Line
    artifact: Line
    persona: Line | None = None
    secondary: Line | None = None
    prompt: Line | None = None
    panel: Line | None = None
    reads: tuple[PhaseId, ...] = ()
    needs: tuple[PhaseId, ...] = ()
    repeats: bool = False
    gate: Gate | None = None
    sections: Annotated[tuple[Section, ...], Field(min_length=1, max_length=40)]
    on_submitted: tuple[Effect, ...] = ()
    on_approved: tuple[Effect, ...] = ()

    @property
    def before(self) -> tuple[str, ...]:
        """The phases that must be there first, each once."""
        return tuple(dict.fromkeys((*self.reads, *self.needs)))

    def section(self, name: str) -> AnySection | None:
        """Return the section with this heading, None where there is none."""
        return next((each for each in self.sections if same_name(each.name) == same_name(name)), None)

    @model_validator(mode="after")
    def _holds_together(self) -> Self:
        check_names([section.name for section in self.sections])
        if self.repeats and self.gate is not None:
            raise ValueError(f"{self.id}: a phase with a gate cannot repeat")
        if self.gate is None and self.on_approved:
            raise ValueError(f"{self.id}: nothing is approved where there is no gate")
        for demand in self.gate.demands if self.gate is not None else ():
            if self.section(demand.section) is None:
                raise ValueError(f"{self.id}: its gate demands something of {demand.section!r}, which is no section")
        return self


class Workflow(Record):
    """Phases about records of the kind `subject`."""

    kind: Literal["workflow"] = "workflow"
    name: Word
    prefix: Prefix
    title: Line
    subject: Word
    phases: Annotated[tuple[Phase, ...], Field(min_length=1, max_length=30)]

    def phase(self, identifier: str) -> Phase | None:
        """Return the phase with this id, None where there is none."""
        return next((phase for phase in self.phases if phase.id == identifier), None)

    @model_validator(mode="after")
    def _phases_are_in_order(self) -> Self:
        for number, phase in enumerate(self.phases, start=1):
            if phase.id != f"{self.prefix}-{number}":
                raise ValueError(f"phase {number} is called {phase.id} and should be {self.prefix}-{number}")
            earlier = {other.id: other for other in self.phases[: number - 1]}
            for named in phase.before:
                if named not in earlier:
                    raise ValueError(f"{phase.id} reads or needs {named}, which is no earlier phase")
            for origin in _origins(phase):
                if origin.phase is None:
                    continue
                source = earlier.get(origin.phase)
                if source is None or source.section(str(origin.section)) is None:
                    raise ValueError(f"{phase.id} takes from {origin.phase} {origin.section!r}, which is not there")
        return self


def _origins(phase: Phase) -> Iterator[Origin]:
    for section in phase.sections:
        parts = [section, *getattr(section, "fields", ()), *getattr(section, "sections", ())]
        yield from (part.source for part in parts if part.source is not None)


KIND = Kind(
    name="workflow", model=Workflow, folder="workflows", format="yaml", layout="named", writers=frozenset({"person"}),
    facets={"title": "title", "owner": "prefix", "ref": "subject"},
    protected=True,
    listing=("prefix", "subject"),
)  # fmt: skip
