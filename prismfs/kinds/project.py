"""A project: one repository, its id, its tenant, and who operates it (`prismfs.yaml`)."""

from __future__ import annotations

from typing import Literal

from prismfs.records.base import Identity, Pid, Record, Word
from prismfs.records.kind import Kind


class Project(Record):
    """The project's own file. `trust: local` takes the operating-system user for who somebody is."""

    kind: Literal["project"] = "project"
    pid: Pid
    tenant: Word
    home: bool = False
    trust: Literal["local"] = "local"
    operators: tuple[Identity, ...]


KIND = Kind(
    name="project",
    model=Project,
    folder="prismfs.yaml",
    format="yaml",
    layout="single",
    writers=frozenset({"person"}),
    facets={"title": "pid"},
    protected=True,
)
