"""A project: one repository, its id, its tenant, and who operates it (`prismfs.yaml`)."""

from typing import Literal

from prismfs.kinds.core.settings import settings_kind
from prismfs.records.api import Identity, Pid, Record, Word


class Project(Record):
    """The project's own file.

    `trust: local` takes the operating-system user, or the name given with `--as`, as the identity; with
    `trust: signed` an operator's decision counts only in a commit signed with a key that the roster lists.
    `bridges` are the personas of the home project that every project of the tenant may address (R-000-60); they
    must be of class bridge in its roster, too.
    """

    kind: Literal["project"] = "project"
    pid: Pid
    tenant: Word
    home: bool = False
    trust: Literal["local", "signed"] = "local"
    operators: tuple[Identity, ...]
    bridges: tuple[Identity, ...] = ()


KIND = settings_kind("project", Project, path="prismfs.yaml", facets={"title": "pid"}, listing=("tenant", "trust"))
