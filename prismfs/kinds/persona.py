"""A persona: a named role in the project, and what it may do (`roster/<identity>.yaml`)."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from prismfs.records.base import Identity, Line, Record, Word
from prismfs.records.kind import Kind


class Persona(Record):
    """One entry of the roster. `authority` lists the commands that it may give, `*` all of them."""

    kind: Literal["persona"] = "persona"
    identity: Identity
    persona_class: Literal["project", "bridge"] = Field(default="project", alias="class")
    role: Word
    title: Line
    authority: tuple[str, ...] = ()

    def may(self, verb: str) -> bool:
        """Tell whether the roster allows this persona the command `verb` (such as `incident.ack`)."""
        return "*" in self.authority or verb in self.authority


KIND = Kind(
    name="persona",
    model=Persona,
    folder="roster",
    format="yaml",
    layout="named",
    name_field="identity",
    writers=frozenset({"person"}),
    facets={"title": "title", "owner": "role"},
    protected=True,
)
