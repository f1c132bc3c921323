"""The nudges of one identity on disk: what waits, what is claimed, what was done, what is broken (R-004-34).

A claim is a rename, so that of several processes one wins, and so are giving it back and being done with it.
"""

import os
import re
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Literal

from prismfs.delivery.folder import Folder
from prismfs.delivery.nudges.forms import Nudge
from prismfs.errors import PrismfsError, Problem, RecordError
from prismfs.records.formats.json_form import read_json
from prismfs.records.ids import Id

ORPHANED_AFTER = timedelta(minutes=5)
DONE_KEPT = timedelta(days=7)
"""How long what was done is remembered: longer than a delivery is tried again after a crash."""

_MOST_BYTES = 32 * 1024
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MILLISECOND = timedelta(milliseconds=1)
_FOLDERS = ("claimed", "done", "broken")
_WAITING = re.compile(r"([a-z]{2,4}-[0-9a-z]{26})\.json")
_CLAIM = re.compile(r"([a-z]{2,4}-[0-9a-z]{26})\.([0-9]{1,9})-([0-9]{1,14})\.json")
"""`<id>.<process>-<milliseconds since 1970>.json`; process 0 is none."""

State = Literal["waiting", "claimed", "orphaned", "expired"]


@dataclass(frozen=True, slots=True)
class Entry:
    """A nudge as a listing shows it; `claimed_at` is None while it waits."""

    nudge: Nudge
    state: State
    claimed_at: datetime | None = None


class NudgeFolder:
    """The folder `queue` of the identity `owner` (in lower case); `problems` are what was set aside so far."""

    def __init__(self, owner: str, queue: Folder) -> None:
        self.queue = queue
        self.problems: list[Problem] = []
        self._owner = owner

    def ids_in(self, folder: str) -> list[Id]:
        """Return the ids of what is claimed, or done."""
        found = self.queue.folder(folder, create=False)
        matches = [] if found is None else [_CLAIM.fullmatch(name) for name in found.names()]
        return [Id(match[1]) for match in matches if match]

    def waiting(self) -> list[str]:
        """Return the names of what waits, oldest first."""
        return sorted((name for name in self.queue.names() if _WAITING.fullmatch(name)), key=age_key)

    def set_aside_strangers(self) -> None:
        """Put what is not named as a nudge into `broken/`."""
        for name in self.queue.names():
            if name not in _FOLDERS and not _WAITING.fullmatch(name):
                self._set_aside(self.queue, name, Problem("bad_name", "is not named as a nudge"))

    def claim(self, name: str, now: datetime, process: int) -> Nudge | None:
        """Rename one file to this claim and read it; None if another was first, or it is not to be handed out."""
        claimed = self._folder("claimed")
        new = f"{name.removesuffix('.json')}.{process}-{_milliseconds(now)}.json"
        if not self.queue.move(name, claimed, new):
            return None
        try:
            nudge = self._read(claimed, new)
        except RecordError as error:
            self._set_aside(claimed, new, error.problem)
            return None
        if nudge is not None and nudge.expires_at <= now:
            claimed.remove(new)
            return None
        return nudge

    def take_back_orphans(self, now: datetime) -> None:
        """Put claims back that are orphaned, and forget what was done long ago."""
        claimed, done = self._folder("claimed"), self.queue.folder("done", create=False)
        for name in claimed.names():
            match = _CLAIM.fullmatch(name)
            if match is None:
                self._set_aside(claimed, name, Problem("bad_name", "is not named as a claim"))
            elif _is_orphaned(match, now):
                claimed.move(name, self.queue, f"{match[1]}.json")
        for name in () if done is None else done.names():
            match = _CLAIM.fullmatch(name)
            if done is not None and (match is None or abs(_milliseconds(now) - int(match[3])) > _span(DONE_KEPT)):
                done.remove(name)

    def drop_expired(self, now: datetime) -> None:
        """Remove what waits and has expired; what is broken is left to the next claim."""
        for name in self.waiting():
            with suppress(RecordError):
                nudge = self._read(self.queue, name)
                if nudge is not None and nudge.expires_at <= now:
                    self.queue.remove(name)

    def finish(self, identifier: Id, now: datetime) -> bool:
        """Turn the claim of `identifier` into a mark that it is done; false if there is none."""
        claimed, done = self._folder("claimed"), self._folder("done")
        new = f"{identifier}.0-{_milliseconds(now)}.json"
        found = [name for name in claimed.names() if name.startswith(f"{identifier}.")]
        return any(claimed.move(name, done, new) for name in found)

    def entries(self, now: datetime) -> list[Entry]:
        """Return what waits and what is claimed; a file that is broken is named and left where it is."""
        found = []
        claimed = self.queue.folder("claimed", create=False)
        for folder, pattern in ((self.queue, _WAITING), (claimed, _CLAIM)):
            for name in () if folder is None else folder.names():
                match = pattern.fullmatch(name)
                if folder is None or (match is None and name in _FOLDERS):
                    continue
                try:
                    if match is None:
                        raise RecordError("bad_name", "is not named as a nudge", path=f"{folder.path}/{name}")
                    nudge = self._read(folder, name)
                except RecordError as error:
                    self.problems.append(error.problem)
                    continue
                if nudge is not None:
                    found.append(_entry(nudge, None if pattern is _WAITING else match, now))
        return found

    def _read(self, folder: Folder, name: str) -> Nudge | None:
        data = folder.read(name, most=_MOST_BYTES)
        if data is None:
            return None
        path = f"{folder.path}/{name}"
        nudge = Nudge.from_document(read_json(data, path), path=path)
        if nudge.id != name.partition(".")[0] or nudge.to.lower() != self._owner:
            raise RecordError("wrong_path", "the nudge is at another path than its own", path=path)
        return nudge

    def _set_aside(self, folder: Folder, name: str, problem: Problem) -> None:
        path = f"{folder.path}/{name}"
        try:
            if folder.move(name, self._folder("broken"), name):
                path = f"{self.queue.path}/broken/{name}"
        except PrismfsError:
            pass  # it stays where it is, and is named
        self.problems.append(problem.at(path))

    def _folder(self, name: str) -> Folder:
        found = self.queue.folder(name, create=True)
        assert found is not None
        return found


def _entry(nudge: Nudge, claim: re.Match[str] | None, now: datetime) -> Entry:
    if claim is None:
        return Entry(nudge, "expired" if nudge.expires_at <= now else "waiting")
    claimed_at = _EPOCH + int(claim[3]) * _MILLISECOND
    return Entry(nudge, "orphaned" if _is_orphaned(claim, now) else "claimed", claimed_at)


def _is_orphaned(claim: re.Match[str], now: datetime) -> bool:
    """Tell whether a claim is five minutes old, from the future (a clock was set back), or its process has gone."""
    process = int(claim[2])
    if abs(_milliseconds(now) - int(claim[3])) >= _span(ORPHANED_AFTER):
        return True
    if process == 0:
        return False
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return True
    except PermissionError:
        pass  # another user's, and alive
    return False


def age_key(text: str) -> str:
    """Return what sorts ids, and the files named by them, by age: an id begins with its time."""
    return text.partition("-")[2]


def _milliseconds(at: datetime) -> int:
    return (at - _EPOCH) // _MILLISECOND


def _span(wait: timedelta) -> int:
    return wait // _MILLISECOND
