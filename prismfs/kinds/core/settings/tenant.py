"""A tenant: a folder of projects that one watcher serves (`tenant.yaml`, beside the project folders)."""

from typing import Annotated, Literal

from pydantic import StringConstraints

from prismfs.kinds.core.settings import settings_kind
from prismfs.records.api import Pid, Record, Word

Place = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9/][^\x00-\x1f\x7f]{0,299}$")]
"""A folder, relative to that of `tenant.yaml`, or what git clones from (a URL, or `user@host:path`)."""


class Tenant(Record):
    """The tenant's own file: where each project lies, and which one is the home of its bridges."""

    kind: Literal["tenant"] = "tenant"
    tenant: Word
    home: Pid | None = None
    projects: dict[Pid, Place]


KIND = settings_kind("tenant", Tenant, path="tenant.yaml", facets={"title": "tenant"})
