"""The members of a tenant, as its home project has them (`settings/members.yaml` there)."""

from typing import Literal

from prismfs.kinds.core.settings import settings_kind
from prismfs.kinds.core.settings.persona import CommitId
from prismfs.records.api import Pid, Record


class Members(Record):
    """Which projects belong to the tenant beside its home: the id of each, and the first commit of its records.

    A project with this id whose records begin with another commit is another project.
    """

    kind: Literal["members"] = "members"
    members: dict[Pid, CommitId]


KIND = settings_kind("members", Members)
