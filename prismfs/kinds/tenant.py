"""A tenant: a folder of projects that one watcher serves (`tenant.yaml`, beside the project folders)."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import StringConstraints

from prismfs.records.base import Pid, Record, Word
from prismfs.records.kind import Kind

Folder = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,99}$")]
"""The name of a folder beside `tenant.yaml`."""


class Tenant(Record):
    """The tenant's own file: which project lies in which folder."""

    kind: Literal["tenant"] = "tenant"
    tenant: Word
    projects: dict[Pid, Folder]


KIND = Kind(
    name="tenant",
    model=Tenant,
    folder="tenant.yaml",
    format="yaml",
    layout="single",
    writers=frozenset({"person"}),
    facets={"title": "tenant"},
    protected=True,
)
