"""A tenant's folder: where its projects lie (`tenant.yaml`, beside the project folders)."""

from typing import Annotated, Any, Literal

from pydantic import StringConstraints, model_validator

from prismfs.kinds.core.settings import settings_kind
from prismfs.records.api import Pid, Record

Place = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9/][^\x00-\x1f\x7f]{0,299}$")]
"""A folder, relative to that of `tenant.yaml`, or what git clones from (a URL, or `user@host:path`)."""


class Tenant(Record):
    """Where the projects lie that one watcher serves. Nobody signs it, so that it says nothing else."""

    kind: Literal["tenant"] = "tenant"
    projects: dict[Pid, Place]

    @model_validator(mode="before")
    @classmethod
    def _says_only_where(cls, said: Any) -> Any:
        if isinstance(said, dict) and said.keys() & {"home", "tenant", "members"}:
            raise ValueError(
                "it only says where projects lie: leave home, tenant and members out; prismfs -C HOME tenant add PID "
                "makes a member, prismfs -C PROJECT tenant join PID names its home"
            )
        return said


KIND = settings_kind("tenant", Tenant, path="tenant.yaml")
