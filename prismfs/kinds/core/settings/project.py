"""A project: one repository, its id, its tenant, and who operates it (`prismfs.yaml`)."""

from datetime import timedelta
from typing import Annotated, Literal

from pydantic import AfterValidator
from pydantic_core import PydanticCustomError

from prismfs.kinds.core.settings import settings_kind
from prismfs.kinds.core.settings.persona import CommitId
from prismfs.records.api import LAYOUT, NEWER_LAYOUT, Document, Duration, Identity, Pid, Record, Value, Word


def _known_layout(number: int) -> int:
    if number != LAYOUT:
        said = f"its records lie in layout {number}, and this program knows {LAYOUT}"
        raise PydanticCustomError(f"code:{NEWER_LAYOUT}", said)
    return number


class Sharing(Value):
    """That the watcher shares the project by itself: with `remote` (a name or an address; the upstream where it is left
    out), at least `every` so often, and soon after each decision. What fails for `tell_after` is an escalation."""

    remote: str | None = None
    every: Duration = timedelta(seconds=30)
    tell_after: Duration = timedelta(minutes=15)


class Home(Value):
    """The home project that a member of a tenant belongs to: its id, and the first commit of its records."""

    pid: Pid
    root: CommitId


class Project(Record):
    """The project's own file.

    `layout` says how the paths of records follow from their ids, and what stands in one file.

    `home` is true in the home project of a tenant; a member's names its home there.

    `trust: local` takes the operating-system user, or the name given with `--as`, as the identity; with
    `trust: signed` an operator's decision counts only in a commit signed with a key that the roster lists.
    `bridges` are the personas of the home project that every project of the tenant may address (R-000-60); they
    must be of class bridge in its roster, too. Without `sharing` only a command shares the project.
    """

    kind: Literal["project"] = "project"
    layout: Annotated[int, AfterValidator(_known_layout)] = LAYOUT
    pid: Pid
    tenant: Word
    home: bool | Home = False
    trust: Literal["local", "signed"] = "local"
    operators: tuple[Identity, ...]
    bridges: tuple[Identity, ...] = ()
    sharing: Sharing | None = None

    def to_document(self) -> Document:
        """Return the record as a JSON object; the layout is said, default or not."""
        head: Document = {"kind": self.kind, "version": self.version, "layout": self.layout}
        return head | super().to_document()

    @property
    def is_home(self) -> bool:
        """Whether this is the home project of its tenant."""
        return self.home is True


KIND = settings_kind("project", Project, path="prismfs.yaml", facets={"title": "pid"}, listing=("tenant", "trust"))
