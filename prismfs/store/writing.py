"""A plan as a commit: every record as the bytes of its file."""

from collections.abc import Mapping

from prismfs.kinds import kind_of
from prismfs.records.api import Kind, Plan, Record
from prismfs.store.git.plumbing import NewCommit

ENGINE = "prismfs <engine@prismfs.invalid>"
"""Author and committer of every commit of the engine; the actor is in a trailer."""


def commit_of(
    plan: Plan,
    olds: Mapping[str, bytes | None],
    latest: dict[str, bytes],
    written: list[tuple[Kind, str, Record, bytes]],
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
    )
