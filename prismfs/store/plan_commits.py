"""Plans as commits: what of a plan stands in which file."""

from collections.abc import Mapping, Sequence

from prismfs.kinds import kind_of
from prismfs.records.api import Kind, Plan, Record
from prismfs.store.git.history import ENGINE
from prismfs.store.git.plumbing import NO_OBJECT, Change, NewCommit
from prismfs.store.git.repository import Git

Written = tuple[Kind, str, Record, bytes]
"""A record as it was written: its kind, path, itself, and the bytes of its file."""


def commit_of(
    plan: Plan,
    olds: Mapping[str, bytes | None],
    latest: dict[str, bytes],
    written: list[Written],
) -> NewCommit:
    """Return the commit of `plan`, and add its files to `latest` and `written`.

    `olds` are the bytes that stood before the group at paths that people may have written, `latest` those that
    plans before this one made of them.
    """
    files = []
    for record in plan.puts:
        kind = kind_of(record)
        path = kind.place_of(record)
        data = kind.write(record, old=latest[path] if path in latest else olds.get(path))
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


def old_files(git: Git, plans: Sequence[Plan], base: str) -> dict[str, bytes | None]:
    """Return the content at the commit `base` of every file that people may have written and `plans` overwrite."""
    places = ((kind_of(record), record) for plan in plans for record in plan.puts)
    paths = {kind.place_of(record): None for kind, record in places if kind.format != "json" or kind.upgrades}
    return dict(zip(paths, git.read_many(f"{base}:{path}" for path in paths), strict=True))
