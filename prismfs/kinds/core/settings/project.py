"""A project: one repository, its id, its tenant, and who operates it (`prismfs.yaml`)."""

from datetime import timedelta
from typing import Literal

from prismfs.kinds.core.settings import settings_kind
from prismfs.records.api import Duration, Identity, Pid, Record, Value, Word


class Sharing(Value):
    """That the watcher shares the project by itself: with `remote` (a name or an address; the upstream where it is left
    out), at least `every` so often, and soon after each decision."""

    remote: str | None = None
    every: Duration = timedelta(seconds=30)


class Project(Record):
    """The project's own file.

    `trust: local` takes the operating-system user, or the name given with `--as`, as the identity; with
    `trust: signed` an operator's decision counts only in a commit signed with a key that the roster lists.
    `bridges` are the personas of the home project that every project of the tenant may address (R-000-60); they
    must be of class bridge in its roster, too. Without `sharing` only a command shares the project.
    """

    kind: Literal["project"] = "project"
    pid: Pid
    tenant: Word
    home: bool = False
    trust: Literal["local", "signed"] = "local"
    operators: tuple[Identity, ...]
    bridges: tuple[Identity, ...] = ()
    sharing: Sharing | None = None


KIND = settings_kind("project", Project, path="prismfs.yaml", facets={"title": "pid"}, listing=("tenant", "trust"))
