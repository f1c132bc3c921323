"""Who belongs to a tenant: the home project's list of members, and the home that a member names.

Both are protected files of the project that they are of; with `trust: signed` the change is a file for a commit of an
operator's. What commit a project's records begin with, the engine has looked up.
"""

from collections.abc import Callable

from prismfs.errors import RefusedError
from prismfs.kinds.core.settings.members import Members
from prismfs.kinds.core.settings.project import Home, Project
from prismfs.records.api import Nothing
from prismfs.rules.core import authority
from prismfs.rules.core.draft import Draft

Change = Callable[[Draft], Members | Project | Nothing]


def add(draft: Draft) -> Nothing | None:
    """Make the project `pid`, whose records begin with the commit `root`, a member of this home project's tenant.

    Raises:
        ForbiddenError: `not_allowed`, `signature_required`.
        RefusedError: as `added` does.
    """
    return _decide(draft, added, "tenant_add", action="added", said="is a member from now on")


def remove(draft: Draft) -> Nothing | None:
    """Take the project `pid` off the list of members.

    Raises:
        ForbiddenError: `not_allowed`, `signature_required`.
        RefusedError: as `removed` does.
    """
    return _decide(draft, removed, "tenant_remove", action="removed", said="is no member any more")


def join(draft: Draft) -> Nothing | None:
    """Name the home project of this one: `pid`, whose records begin with the commit `root`.

    Raises:
        ForbiddenError: `not_allowed`, `signature_required`.
        RefusedError: as `joined` does.
    """
    return _decide(draft, joined, "tenant_join", action="joined", said="is the home from now on")


def added(draft: Draft) -> Members | Nothing:
    """Return the list with the project `pid` of the event; one that begins with another commit takes its place.

    Raises:
        RefusedError: `not_home`; `own_pid`.
    """
    known, pid, root = _of_home(draft), str(draft.event.document["pid"]), draft.event.document["root"]
    if pid == draft.project.pid:
        raise RefusedError("own_pid", "is this project itself", field="/pid", hint="name another project")
    if known.members.get(pid) == root:
        return Nothing(f"{pid} is a member already", pid)
    return known.changed(members=dict(sorted({**known.members, pid: root}.items())))


def removed(draft: Draft) -> Members | Nothing:
    """Return the list without the project `pid` of the event.

    Raises:
        RefusedError: `not_home`.
    """
    known, pid = _of_home(draft), str(draft.event.document["pid"])
    if pid not in known.members:
        return Nothing(f"{pid} is no member", pid)
    return known.changed(members={name: root for name, root in known.members.items() if name != pid})


def joined(draft: Draft) -> Project | Nothing:
    """Return the project's own file with the home of the event.

    Raises:
        RefusedError: `is_home`; `own_pid`.
    """
    project = draft.project
    if project.is_home:
        raise RefusedError("is_home", "is a home project itself", field="/pid", hint="tenant add there makes members")
    home = Home(pid=str(draft.event.document["pid"]), root=str(draft.event.document["root"]))
    if home.pid == project.pid:
        raise RefusedError("own_pid", "is this project itself", field="/pid", hint="name another project")
    if project.home == home:
        return Nothing(f"{home.pid} is the home already", home.pid)
    return project.changed(home=home)


CHANGES: dict[str, Change] = {"tenant.add": added, "tenant.remove": removed, "tenant.join": joined}
"""What each command makes of which file, for a commit that an operator signs."""


def _of_home(draft: Draft) -> Members:
    if not draft.project.is_home:
        raise RefusedError(
            "not_home", "only the tenant's home project has members", field="/pid", hint="prismfs -C HOME tenant …"
        )
    return draft.view.single(Members)


def _decide(draft: Draft, change: Change, rule: str, *, action: str, said: str) -> Nothing | None:
    hint = f"prismfs {rule.replace('_', ' ')} writes the file, and an operator signs the commit"
    authority.check_protected(draft, "prismfs.yaml and settings", hint=hint)
    found = change(draft)
    if isinstance(found, Nothing):
        return found
    pid = str(draft.event.document["pid"])
    draft.subject = draft.put(found)
    draft.because(rule, f"{pid} {said}")
    draft.row(f"tenant.{action}", found, level="warn", meta={"pid": pid, "root": draft.event.document.get("root")})
    return None
