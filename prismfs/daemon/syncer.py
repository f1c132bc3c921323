"""The syncer: looks after filed issues on a schedule, in a thread, while the watcher's turns go on (R-000-78).

A tracker that hangs holds that thread until its time-out and nothing else. Where nothing differs no commit is made.
"""

import logging
import time
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from prismfs.delivery.folder import opened
from prismfs.engine.turn import tracker_sync
from prismfs.engine.turn.commit_group import Outcome
from prismfs.engine.turn.desk import Desk
from prismfs.engine.turn.tracker_sync import TrackerAnswer
from prismfs.errors import PrismfsError, RecordError, RefusedError, StoreError
from prismfs.kinds.care.settings.tracker import Tracker
from prismfs.records.api import Document, codec, format_instant, parse_instant

FILE = "sync.json"
"""In `run/`: when the tracker was last asked, and how that went."""

LONGEST_WAIT = timedelta(hours=6)
"""The wait doubles with every failure in a row, up to this, or to the interval where that is longer."""

SHORTEST_WAIT = timedelta(seconds=5)

_THREADS = 2
_MOST_FILE = 64 * 1024  # bytes

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Tended:
    """What came of one call of `tend`: what was committed, and what went wrong with asking."""

    outcomes: tuple[Outcome, ...] = ()
    errors: tuple[PrismfsError, ...] = ()


@dataclass
class _Round:
    """One project: when it is asked for next, what is under way, and how often it failed in a row."""

    next_at: datetime
    failures: int
    asked: Future[TrackerAnswer] | None = None
    asked_at: float = 0.0
    problem: Document | None = None


class Syncer:
    """Asks trackers for the issues of all desks of a watcher; `wake` is called when an answer is there."""

    def __init__(self, wake: Callable[[], None]) -> None:
        self._wake = wake
        self._pool = ThreadPoolExecutor(_THREADS, thread_name_prefix="syncer")
        self._rounds: dict[Path, _Round] = {}

    def tend(self, desk: Desk, now: datetime) -> Tended:
        """Commit what an answer that has come holds, and ask again when it is time.

        Raises:
            ConfigError: `invalid_setting`.
            ConflictError, StoreError: the answer cannot be committed now; it is kept for the next call.
        """
        tracker = tracker_sync.settings_of(desk)
        if tracker.transport not in tracker_sync.ASKED:
            self._rounds.pop(desk.root, None)
            return Tended()
        here = self._rounds.get(desk.root)
        if here is None:
            here = self._rounds[desk.root] = _begin(desk.root, tracker, now)
        tended = Tended()
        if here.asked is not None and here.asked.done():
            tended = self._take(desk, here, tracker, here.asked, now)
            here.asked = None
        if here.asked is None and now >= here.next_at:
            self._ask(desk, here, tracker, now)
        return tended

    def next_at(self, desk: Desk) -> datetime | None:
        """Return when the desk wants to be tended by itself; None where an answer wakes it, or nothing does."""
        here = self._rounds.get(desk.root)
        return None if here is None or here.asked is not None else here.next_at

    def problem(self, desk: Desk) -> Document | None:
        """Return what went wrong with the last look, None where nothing did."""
        here = self._rounds.get(desk.root)
        return None if here is None else here.problem

    def idle(self) -> bool:
        """Tell whether no answer is waited for and none waits to be committed."""
        return all(here.asked is None for here in self._rounds.values())

    def finish(self) -> None:
        """Wait for what is under way; the trackers' time-outs bound that. What it finds is found again later."""
        self._pool.shutdown(wait=True, cancel_futures=True)

    def _ask(self, desk: Desk, here: _Round, tracker: Tracker, now: datetime) -> None:
        numbers = [one.issue_number for one in tracker_sync.following(desk, now) if one.issue_number is not None]
        if not numbers:
            here.next_at = now + _wait(tracker, 0)
            return
        here.asked_at = time.monotonic()
        here.asked = self._pool.submit(_look, desk.root, tracker, numbers)
        here.asked.add_done_callback(lambda _: self._wake())

    def _take(self, desk: Desk, here: _Round, tracker: Tracker, asked: Future[TrackerAnswer], now: datetime) -> Tended:
        """Commit what differs, plan the next look and write down how this one went."""
        outcomes: Sequence[Outcome] = ()
        errors: list[PrismfsError] = []
        issues = 0
        try:
            looked = asked.result()
            issues = len(looked.states)
            errors = [_as_error(problem.code, problem.message, problem.path) for problem in looked.problems]
        except RefusedError as error:
            errors.append(error)
            here.failures += 1
        else:
            found = tracker_sync.pair(tracker_sync.following(desk, now), looked.states)
            outcomes = tracker_sync.commit_changes(desk, found, now)
            here.failures = 0
        here.next_at = now + _wait(tracker, here.failures)
        here.problem = None if not errors else dict(errors[0].problem.as_document())
        extra = {"project": desk.root.name, "issues": issues, "changed": len(outcomes), "failures": here.failures}
        _log.info("tracker answered", extra=extra | {"seconds": time.monotonic() - here.asked_at})
        try:
            _write(desk.root, _report(now, here, issues, len(outcomes)))
        except StoreError as error:
            errors.append(error)
        return Tended(tuple(outcomes), tuple(errors))


def _look(root: Path, tracker: Tracker, numbers: Sequence[int]) -> TrackerAnswer:
    """Ask the tracker, in a thread; what a tracker can do wrong, and a fault of ours, is a refusal."""
    try:
        return tracker_sync.read_issues(root, tracker, numbers)
    except RefusedError:
        raise
    except PrismfsError as error:
        raise _as_error(error.code, error.problem.message, error.problem.path) from error
    except Exception as error:  # the watcher must go on
        raise RefusedError("sync_failed", f"asking the tracker failed: {type(error).__name__}") from error


def _as_error(code: str, message: str, path: str | None) -> RefusedError:
    return RefusedError(code, message, path=path, hint="prismfs phone-home sync asks again")


def _wait(tracker: Tracker, failures: int) -> timedelta:
    """Return how long to wait after a look, with so many failures in a row before it."""
    longest = max(tracker.sync_every, LONGEST_WAIT)
    doubled: timedelta = tracker.sync_every * 2 ** min(failures, 10)
    return max(min(doubled, longest), SHORTEST_WAIT)


def _begin(root: Path, tracker: Tracker, now: datetime) -> _Round:
    """Return where the last watcher left off; a file that cannot be read counts as none."""
    try:
        with opened(root, "run", create=False) as folder:
            data = None if folder is None else folder.read(FILE, most=_MOST_FILE)
        told = {} if data is None else codec.parse(data, format="json")
        failures = told.get("failures")
        failures = failures if isinstance(failures, int) and 0 <= failures <= 1000 else 0
        last = parse_instant(str(told["at"]))
    except (StoreError, RecordError, LookupError, ValueError):
        return _Round(now, 0)
    return _Round(now if last > now else last + _wait(tracker, failures), failures)


def _report(now: datetime, here: _Round, issues: int, changed: int) -> Document:
    return {
        "at": format_instant(now),
        "next_at": format_instant(here.next_at),
        "issues": issues,
        "changed": changed,
        "failures": here.failures,
        "error": here.problem,
    }


def _write(root: Path, report: Document) -> None:
    with opened(root, "run", create=True) as folder:
        assert folder is not None
        folder.write(FILE, codec.encode(report, format="json"))
