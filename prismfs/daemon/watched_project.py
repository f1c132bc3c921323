"""One project under watch: how its last turn went, when it is looked at next, and its health file `run/health.json`.

`at` in that file is the watcher's heartbeat. It is written after the turns, and in between at least once a minute. The
watchdog of the next watcher or `react` takes a heartbeat that is overdue for a stopped engine.
"""

import json
import logging
import os
from collections.abc import Callable
from concurrent.futures import Executor, Future
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path

from prismfs.clock import Clock
from prismfs.engine.admin.watchdog import FILE, Heartbeat, is_silent, read_heartbeat
from prismfs.engine.turn.commit_group import Outcome
from prismfs.engine.turn.desk import Desk
from prismfs.engine.turn.react import Turn
from prismfs.errors import ConflictError, PrismfsError, Problem, StoreError
from prismfs.kinds.response.settings.response import Response
from prismfs.records.api import Document, Plan, Refused, format_instant
from prismfs.store.git import upkeep
from prismfs.store.lock import Lock, left_locks, lock_left, wait_for_git
from prismfs.store.window import STUCK

TICK = timedelta(milliseconds=1)
"""A due time is acted on one instant after it: at exactly the threshold nothing happens (R-004-22)."""

LONGEST_BEAT = 60.0
"""Seconds between two heartbeats of a watcher that has nothing to do."""

SHORTEST_BEAT = 0.5

WINDOW_LAG = 1.0
"""Seconds that the window may be behind the truth while a storm lasts, or while people commit."""

_log = logging.getLogger(__name__)


class Health:
    """The health file of one project; a watcher whose heartbeat is overdue by more than `late` counts as dead."""

    def __init__(self, root: Path) -> None:
        self.late = Response().late
        self._root = root
        self._missed: Heartbeat | None = read_heartbeat(root)
        self._last: Heartbeat | None = None

    @property
    def every(self) -> float:
        """The seconds between two heartbeats."""
        return max(SHORTEST_BEAT, min(LONGEST_BEAT, self.late.total_seconds() / 2))

    def is_due(self, now: datetime) -> bool:
        """Tell whether it is time for a heartbeat; also where the last one is from a time that has not come."""
        return self._last is None or not 0 <= (now - self._last.at).total_seconds() < self.every

    def to_judge(self) -> Heartbeat | None:
        """Return the heartbeat that the watchdog has to judge: one that was followed too late, else the last.

        At first that is the last one of the watcher before this one.
        """
        return self._missed or self._last

    def judged(self) -> None:
        """Note that the watchdog has judged it."""
        self._missed = None

    def write(self, now: datetime, *, state: str, more: Document) -> None:
        """Write the file by a rename; a disk that cannot take it must not stop the watcher."""
        health: Document = {"state": state, "process_id": os.getpid(), "at": format_instant(now), **more}
        if self._missed is None and self._last is not None and is_silent(self._last, now, self.late):
            self._missed = self._last
        self._last = Heartbeat(now, state)
        path = self._root / "run" / FILE
        temporary = path.with_name(".health.new")
        try:
            path.parent.mkdir(exist_ok=True)
            temporary.write_text(json.dumps(health, indent=2) + "\n")
            temporary.replace(path)
        except OSError:
            return


@dataclass
class WatchedProject:
    """A desk, its health file, and the state of serving it; times are monotonic seconds."""

    desk: Desk
    health: Health
    commits: int = 0
    last_event: float = float("-inf")
    next_scan: float = float("-inf")
    carried: float = float("-inf")
    news_at: float = float("-inf")
    error: PrismfsError | None = None
    told: tuple[str, str | None] | None = None
    waits_for: str | None = None
    turn: Turn = field(default_factory=Turn)
    upkeep: Future[None] | None = None

    @property
    def name(self) -> str:
        """The name of the project's folder, as it is logged."""
        return self.desk.root.name

    def scan_at_once(self) -> None:
        """Make this project due for a turn in the next round of the loop."""
        self.next_scan = float("-inf")

    def note_turn(self, turn: Turn, monotonic: float, seconds: float) -> None:
        """Count and log what `turn`, which began at `monotonic` and took `seconds`, decided."""
        self.last_event = monotonic
        self.commits += len(turn.commits)
        for outcome in turn.outcomes:
            self._log_outcome(outcome)
        extra = {"project": self.name, "events": len(turn.outcomes), "commits": len(turn.commits), "more": turn.more}
        _log.info("turn ended", extra=extra | {"seconds": seconds})

    def people_work(self, monotonic: float) -> bool:
        """Tell whether people have just committed: they go on, and each move of the window may meet their command."""
        return monotonic - self.news_at < WINDOW_LAG

    def follower(self, expect: Callable[[Path, str], None], clock: Clock) -> Callable[[], bool]:
        """Return what brings the window along after each look at what people have committed, as `react` calls it.

        Just then their next command is furthest off: one that is under way when the window moves fails. Where one is in
        the way, its end is waited for, and what it has committed is taken first; for half a second at most.
        """
        begin = clock.monotonic()

        def follow() -> bool:
            self.news_at = clock.monotonic()
            if self.news_at - self.carried < WINDOW_LAG / 4:
                return True
            self.bring_window(expect, clock)
            if self.carried >= self.news_at or self.news_at - begin > WINDOW_LAG / 2:
                return True
            wait_for_git(self.desk.root, WINDOW_LAG / 10)
            return False

        return follow

    def bring_window(self, expect: Callable[[Path, str], None], clock: Clock) -> None:
        """Carry the window to the truth, if it is behind; not while a person's git command is under way.

        `expect` is told before, which file of a reference comes to hold which commit by that.

        Raises:
            StoreError: it cannot be written; once, what it waits for that does not end by itself.
        """
        told, self.waits_for = self.waits_for, None
        if not self.desk.repo.is_window_behind():
            return
        with suppress(ConflictError), self.desk.repo.writer():
            expect(self.desk.repo.place.reference, self.desk.repo.snapshot().commit)
            self.desk.repo.bring_window()
            if not self.desk.repo.is_window_behind():
                self.carried = clock.monotonic()
            return
        problem = next(map(lock_left, left_locks(self.desk.repo.place)), None) or self._stuck()
        self.waits_for = None if problem is None else problem.code
        if problem is not None and problem.code != told:
            raise StoreError(problem.code, problem.message, path=problem.path, hint=problem.hint)

    def _stuck(self) -> Problem | None:
        stays = self.desk.repo.window.obstacle(self.desk.repo.snapshot().commit)
        return stays.problem if stays is not None and stays.code in STUCK else None

    def is_new(self, error: PrismfsError) -> bool:
        """Tell whether `error` is another than the one told last, and take it as told."""
        before, self.told = self.told, (error.code, error.problem.path)
        return self.told != before

    def write_health(self, now: datetime, state: str, more: Document) -> None:
        """Write the health file; `more` is what the watcher knows beside."""
        next_due = None if self.turn.next_due is None else format_instant(self.turn.next_due)
        error: Document | None = None if self.error is None else dict(self.error.problem.as_document())
        mine: Document = {"commits": self.commits, "next_due": next_due, "error": error}
        self.health.write(now, state=state, more=mine | more)

    def keep_up(self, beside: Executor, clock: Clock) -> None:
        """Have the repository's packs consolidated `beside` the turns, if it is time: the next answer is not to wait.

        Raises:
            StoreError: as `note_upkeep`, of the last time.
        """
        self.note_upkeep()
        if self.upkeep is None and upkeep.is_due(self.desk.repo.git):
            self.upkeep = beside.submit(self._consolidate, clock)

    def note_upkeep(self) -> None:
        """Take note of how consolidating packs has ended, if it has.

        Raises:
            StoreError: git failed, or nothing came of it.
        """
        if self.upkeep is not None and self.upkeep.done():
            ended, self.upkeep = self.upkeep, None
            ended.result()

    def _consolidate(self, clock: Clock) -> None:
        begin = clock.monotonic()
        done = upkeep.keep_up(self.desk.repo.git)
        extra = {"project": self.name, "packs": done.packs_after, "seconds": clock.monotonic() - begin}
        _log.info("packs consolidated", extra=extra)

    def wake_at(self, now: datetime, monotonic: float) -> float:
        """Return when (monotonic) this project has something to do by itself."""
        wake = float("inf") if self.turn.wait_until is None else self.turn.wait_until
        if self.turn.next_due is not None:
            wait = (self.turn.next_due + TICK - now).total_seconds()
            wake = min(wake, monotonic + max(0.0, wait))
        return wake

    def _log_outcome(self, outcome: Outcome) -> None:
        decision, event = outcome.decision, f"{outcome.event.type} {outcome.event.kind}"
        extra = {"project": self.name, "event": event}
        if isinstance(decision, Plan):
            extra |= {"rule": decision.rule, "id": decision.subject, "commit": str(outcome.commit)}
            _log.info("committed", extra=extra)
        elif isinstance(decision, Refused):
            _log.warning("refused", extra=extra | {"code": decision.problem.code})


def be_only_watcher(lock: Lock) -> None:
    """Take the lock that one watcher of a project has.

    Raises:
        ConflictError: `watched`.
    """
    try:
        lock.acquire()
    except ConflictError as error:
        raise ConflictError(
            "watched", "another watcher serves this project", hint="stop it first; prismfs status names its process"
        ) from error
