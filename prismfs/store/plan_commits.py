"""Plans as commits: what of a plan stands in which file."""

from collections.abc import Container, Iterable, Iterator

from prismfs.kinds import kind_of
from prismfs.records.api import Kind, Plan, Record
from prismfs.store.git.history import ENGINE
from prismfs.store.git.plumbing import NO_OBJECT, Change, NewCommit
from prismfs.store.git.repository import Git
from prismfs.store.projection import Projection

Written = tuple[Kind, str, Record, bytes]
"""A record as it was written: its kind, path, itself, and the bytes of its file."""


def commits_of(
    plans: Iterable[Plan], git: Git, base: str, written: list[Written], view: Projection
) -> Iterator[NewCommit]:
    """Yield the commit of each plan on top of `base`, which `view` shows, and add its files to `written`."""
    latest: dict[str, bytes | None] = {}
    new: set[str] = set()
    for plan in plans:
        latest |= _old_files(git, plan, base, latest, view)
        yield _commit_of(plan, latest, new, written)


def _commit_of(plan: Plan, latest: dict[str, bytes | None], new: set[str], written: list[Written]) -> NewCommit:
    """Return the commit of `plan`; `latest` are the bytes that stand at the paths of its records, and then its own.

    Files that are `new` since `base` are nobody's words but the engine's: they are written whole again.
    """
    files = []
    for record in plan.puts:
        kind = kind_of(record)
        path = kind.place_of(record)
        old = None if path in new else latest.get(path)
        if old is None:
            new.add(path)
        data = kind.write(record, old=old)
        latest[path] = data
        files.append((path, data))
        written.append((kind, path, record, data))
    return NewCommit(
        message=plan.message,
        author=f"{plan.actor} <{plan.actor}@prismfs.invalid>",
        committer=ENGINE,
        seconds=int(plan.at.timestamp()),
        files=tuple(files),
        takes=tuple(Change(take.path, NO_OBJECT, take.new or NO_OBJECT, take.mode) for take in plan.takes),
        merges=plan.merges,
    )


def _old_files(git: Git, plan: Plan, base: str, known: Container[str], view: Projection) -> dict[str, bytes | None]:
    """Return what `base` holds of files that people may have written and `plan` overwrites, but for those `known`.

    git is not asked for the many whose id the plan has just made: `view` knows the valid records of the truth.
    """
    places = ((kind_of(record), kind_of(record).place_of(record)) for record in plan.puts)
    found: dict[str, bytes | None] = {}
    for kind, path in places:
        if (kind.format != "json" or kind.upgrades) and path not in known:
            found[path] = git.read(f"{base}:{path}") if kind.layout != "dated" or view.holds(kind, path) else None
    return found
