"""Nudges: short notes between agents that live for an hour, in the project's ignored `run/` (R-004-34).

They are no records and make no commits. `run/nudges/<identity>/<id>.json` waits; the process that renames it into
`claimed/` has it; `done/` remembers for a while what was done, so that a nudge that is sent again is not
handed out again. A claim that is not done in five minutes, or whose process has gone, goes back. What cannot be
read is put into `broken/` and named.
"""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from prismfs.delivery.folder import opened
from prismfs.delivery.nudges.folder import Entry, NudgeFolder, age_key
from prismfs.delivery.nudges.forms import Nudge
from prismfs.errors import ConflictError, PrismfsError, Problem, RecordError, RefusedError
from prismfs.records.formats.json_form import write_json
from prismfs.records.ids import IDENTITY_TARGET, Id, is_id_prefix

TTL = timedelta(hours=1)
MOST_WAITING = 1000
"""Nudges that may wait for one identity."""

SENDER = "prismfs"
"""The sender of the engine's own nudges; no other may use this name."""


@dataclass(frozen=True, slots=True)
class Claims:
    """What one call handed out, oldest first; how many files were left; what was found broken on the way."""

    nudges: tuple[Nudge, ...] = ()
    left: int = 0
    problems: tuple[Problem, ...] = ()


class NudgeQueue:
    """The nudges of the project at `root`.

    Identities are compared without regard to case; what is none is refused as `bad_identity`, so that no
    path leaves the folder. A folder that is a link is a StoreError `link_in_path`.
    """

    def __init__(self, root: Path) -> None:
        self._root = root

    def send(self, nudge: Nudge, now: datetime) -> bool:
        """Put a nudge into its addressee's queue; false if its id waits, is claimed or was done lately.

        Two processes must not send the same id at the same time: ids of deliveries are sent under the
        writer's lock, others are drawn by chance.

        Raises:
            RefusedError: `too_many_nudges`; `MOST_WAITING` wait already.
        """
        with self._folder(nudge.to, create=True) as folder:
            assert folder is not None
            waiting = folder.waiting()
            if f"{nudge.id}.json" in waiting or nudge.id in (*folder.ids_in("claimed"), *folder.ids_in("done")):
                return False
            if len(waiting) >= MOST_WAITING:
                folder.drop_expired(now)
                if len(folder.waiting()) >= MOST_WAITING:
                    raise RefusedError(
                        "too_many_nudges", f"{MOST_WAITING} wait already", field="/to", hint="prismfs mail send"
                    )
            folder.queue.write(f"{nudge.id}.json", write_json(nudge.to_document()))
        return True

    def claim(self, identity: str, now: datetime, *, process: int | None = None, limit: int | None = None) -> Claims:
        """Hand out at most `limit` nudges of `identity`, each to exactly one of all processes that ask.

        `process` (an id on this machine) works on them: once it has gone they go back at once, and not
        after five minutes only. None is for a caller that ends before the work does.
        """
        with self._folder(identity, create=False) as folder:
            if folder is None:
                return Claims()
            folder.take_back_orphans(now)
            folder.set_aside_strangers()
            handed: list[Nudge] = []
            left = 0
            for name in folder.waiting():
                if limit is not None and len(handed) >= limit:
                    left += 1
                elif (nudge := folder.claim(name, now, process or 0)) is not None:
                    handed.append(nudge)
            return Claims(tuple(handed), left, tuple(folder.problems))

    def done(self, identity: str, text: str, now: datetime, *, dry_run: bool = False) -> tuple[Id, bool]:
        """Take the claim off the nudge whose id begins with `text`: it is never handed out again.

        Returns its id, and false where it was done before. With `dry_run` nothing changes.

        Raises:
            ConflictError: `claim_lost`; it went back before it was done.
            RefusedError: `not_found` or `ambiguous`.
        """
        if not is_id_prefix(text):
            raise _not_found(text)
        with self._folder(identity, create=False) as folder:
            if folder is None:
                raise _not_found(text)
            claimed = _beginning(folder.ids_in("claimed"), text)
            if len(claimed) > 1:
                raise RefusedError("ambiguous", "could be several", field="ID", hint=", ".join(claimed[:5]))
            if claimed:
                if dry_run or folder.finish(claimed[0], now):
                    return claimed[0], True
            elif finished := _beginning(folder.ids_in("done"), text):
                return finished[0], False
            elif not _beginning(folder.waiting(), text):
                raise _not_found(text)
        raise ConflictError("claim_lost", "it is not claimed now", field="ID", hint="prismfs nudge claim")

    def look(self, now: datetime, identity: str | None = None) -> tuple[tuple[Entry, ...], tuple[Problem, ...]]:
        """Return every nudge, of `identity` or of all, oldest first, and what is broken; nothing is changed."""
        entries: list[Entry] = []
        problems: list[Problem] = []
        for name in self._identities(problems) if identity is None else [identity]:
            try:
                with self._folder(name, create=False) as folder:
                    if folder is not None:
                        entries += folder.entries(now)
                        problems += folder.problems
            except PrismfsError as error:
                if identity is not None:
                    raise
                problems.append(error.problem)
        return tuple(sorted(entries, key=lambda entry: age_key(entry.nudge.id))), tuple(problems)

    def _identities(self, problems: list[Problem]) -> list[str]:
        with opened(self._root, "run", "nudges", create=False) as folder:
            names = [] if folder is None else folder.names()
        found = []
        for name in names:
            if is_identity(name) and name == name.lower():
                found.append(name)
            else:
                problems.append(Problem("bad_identity", "is not the folder of an identity", path=f"run/nudges/{name}"))
        return found

    @contextmanager
    def _folder(self, identity: str, *, create: bool) -> Iterator[NudgeFolder | None]:
        if not is_identity(identity):
            raise RecordError("bad_identity", f"not an identity: {identity[:60]!r}", field="/to")
        owner = identity.lower()
        with opened(self._root, "run", "nudges", owner, create=create) as folder:
            yield None if folder is None else NudgeFolder(owner, folder)


def new_expiry(now: datetime, ttl: timedelta) -> datetime:
    """Return when a nudge of `now` expires that is worth reading for `ttl`.

    Raises:
        RecordError: `bad_field`; none at all: such a nudge would never be handed out.
    """
    if ttl <= timedelta(0):
        raise RecordError("bad_field", "a nudge lives for some time", field="/ttl", hint="such as 1h")
    return now + ttl


def is_identity(text: str) -> bool:
    """Tell whether `text` may be an identity, and with it a part of a path."""
    return re.fullmatch(IDENTITY_TARGET, text) is not None


def _beginning(found: list[Id] | list[str], text: str) -> list[Id]:
    return [Id(name) for name in found if name.startswith(text)]


def _not_found(text: str) -> RefusedError:
    return RefusedError("not_found", f"no claimed nudge {text[:60]!r}", field="ID", hint="prismfs nudge list")
