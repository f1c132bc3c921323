"""The watcher's loop: one turn a project while there is work, then sleep until a hint or a due time."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, field, replace
from datetime import timedelta
from pathlib import Path

from prismfs.clock import Clock
from prismfs.daemon.courier import ThreadCourier
from prismfs.daemon.health import Health
from prismfs.daemon.hints import Hints
from prismfs.daemon.sharer import Sharer
from prismfs.daemon.syncer import Syncer
from prismfs.engine.admin import watchdog
from prismfs.engine.turn.commit_group import Outcome
from prismfs.engine.turn.desk import Desk
from prismfs.engine.turn.dispatch import note_receipts
from prismfs.engine.turn.react import Moment, Turn, react
from prismfs.errors import ConfigError, ConflictError, PrismfsError, StoreError
from prismfs.records.base import format_instant
from prismfs.records.document import Document
from prismfs.store import upkeep
from prismfs.store.lock import Lock

BUSY_SCAN = 1.0
"""Seconds between scans while something was just going on (a lost hint then costs at most this)."""

IDLE_SCAN = 60.0
"""Seconds between scans otherwise, or between two heartbeats where those come more often."""

BUSY_FOR = 10.0
"""Seconds after the last event during which the watcher counts as busy."""

INDEX_LAG = 1.0
"""Seconds that git's index may be behind the commits while a storm lasts."""

TICK = timedelta(milliseconds=1)
"""A due time is acted on one instant after it: at exactly the threshold nothing happens (R-004-22)."""

_RETRY = 2.0


@dataclass
class Post:
    """One project under watch, its health file, and how its last turn went."""

    desk: Desk
    health: Health
    commits: int = 0
    last_event: float = float("-inf")
    next_scan: float = float("-inf")
    index_behind: bool = True
    tidied: float = float("-inf")
    error: PrismfsError | None = None
    turn: Turn = field(default_factory=Turn)


class Watcher:
    """Serves one or more projects until it is stopped, or until nothing is left (`once`).

    Those of `clones` are kept in step with the repositories that they were cloned from.
    `report` is told of every turn that did something, `complain` of every error, `notice` once of what is
    otherwise than a person would expect.
    """

    def __init__(
        self,
        desks: Sequence[Desk],
        *,
        clock: Clock,
        clones: Collection[Path] = (),
        report: Callable[[Desk, Turn], None] = lambda _desk, _turn: None,
        complain: Callable[[Desk, PrismfsError], None] = lambda _desk, _error: None,
        notice: Callable[[str], None] = lambda _text: None,
    ) -> None:
        self._posts = [Post(desk, Health(desk.root)) for desk in desks]
        self._clock = clock
        self._report = report
        self._complain = complain
        self._notice = notice
        self._stopping = False
        self.hints = Hints()
        self._courier = ThreadCourier(self.hints.wake)
        self._syncer = Syncer(self.hints.wake)
        self._sharer = Sharer(clones, self.hints.wake)

    def stop(self) -> None:
        """Let the turn under way finish, then end. Safe to call from a signal handler's thread."""
        self._stopping = True
        self.hints.wake()

    def run(self, *, once: bool = False) -> None:
        """Watch until stopped; with `once` until every project is idle.

        Raises:
            ConflictError: `watched`; another watcher serves one of the projects.
            PrismfsError: with `once`, what kept a project from being served.
        """
        locks: list[Lock] = []
        served: list[Post] = []
        try:
            for post in self._posts:
                lock = Lock(post.desk.repo.state / "watcher.lock")
                locks.append(lock)
                _be_only_watcher(lock)
                served.append(post)
            self.hints.start(
                [post.desk.root / "inbox" for post in self._posts],
                sorted({(post.desk.repo.git_dir / post.desk.repo.branch).parent for post in self._posts}),
            )
            if self.hints.polling:
                self._notice("the system cannot watch folders here; they are polled every second")
            self._loop(once=once)
        finally:
            self._sharer.finish()
            self._syncer.finish()
            self._courier.finish()
            for post in served:
                self._write_last_receipts(post)
            self.hints.stop()
            # Not of a project that another watcher serves: its health is the other's to tell.
            for post in served:
                self._write_health(post, state="stopped")
            for lock in locks:
                lock.close()

    def _loop(self, *, once: bool) -> None:
        while not self._stopping:
            for post in self._posts:
                self._turn(post)
                if post.health.is_due(self._clock.now()):
                    self._write_health(post, state="watching" if post.error is None else "failing")
            if any(post.turn.more and post.error is None for post in self._posts):
                self._tidy_the_late()
                continue
            pause = self._pause()
            if pause <= 0:
                continue
            for post in self._posts:
                self._tidy(post)
            if once and self._is_idle():
                for post in self._posts:
                    if post.error is not None:
                        raise post.error
                return
            if self.hints.wait(pause):
                for post in self._posts:
                    post.next_scan = float("-inf")

    def _turn(self, post: Post) -> None:
        monotonic = self._clock.monotonic()
        if monotonic < post.next_scan and not post.turn.more:
            return
        names = self.hints.take_names(post.desk.root / "inbox")
        moment = Moment(now=self._clock.now(), monotonic=monotonic, wall=self._clock.wall(), complete=names)
        try:
            told = self._look_for_standstill(post, moment)
            turn = react(post.desk, moment, self._courier)
            post.turn = replace(turn, outcomes=(*told, *turn.outcomes)) if told else turn
            post.error = None
        except (StoreError, ConflictError, ConfigError) as error:
            post.turn = Turn()
            self._fail(post, error, monotonic)
            return
        if post.turn.crossed:  # another project has something to do now, whether or not a hint comes
            for other in self._posts:
                other.next_scan = float("-inf")
        if post.turn.outcomes:
            post.last_event = monotonic
            post.commits += len(post.turn.commits)
            post.index_behind = True
            self._report(post.desk, post.turn)
        try:
            post.desk.check_settings()
        except ConfigError as error:  # before the first event that would need the setting
            self._fail(post, error, monotonic)
            return
        pause = BUSY_SCAN if monotonic - post.last_event < BUSY_FOR else min(IDLE_SCAN, post.health.every)
        post.next_scan = min(monotonic + pause, self._wake_for(post, monotonic))
        self._sync(post, monotonic)
        self._share(post, monotonic)

    def _look_for_standstill(self, post: Post, moment: Moment) -> list[Outcome]:
        """Tell of a watcher that died, a machine that slept, and deadlines that nobody kept (R-002-07)."""
        post.health.late = watchdog.late_of(post.desk.repo.view(post.desk.repo.snapshot()))
        told = watchdog.look(post.desk, moment.now, post.health.to_judge())
        post.health.judged()
        return told

    def _share(self, post: Post, monotonic: float) -> None:
        """Bring a clone's commits to where it was cloned from, and theirs here, when it is time."""
        try:
            came, problem = self._sharer.tend(post.desk, monotonic, self._clock.now())
        except (StoreError, ConflictError) as error:
            self._fail(post, error, monotonic)
            return
        if problem is not None:
            self._complain(post.desk, problem)
        post.next_scan = float("-inf") if came else min(post.next_scan, self._sharer.next_at(post.desk))

    def _sync(self, post: Post, monotonic: float) -> None:
        """Take in what a tracker says of the project's issues, and have it asked when it is time."""
        now = self._clock.now()
        try:
            tended = self._syncer.tend(post.desk, now)
        except (StoreError, ConflictError, ConfigError) as error:
            self._fail(post, error, monotonic)
            return
        for problem in tended.errors:
            self._complain(post.desk, problem)
        next_at = self._syncer.next_at(post.desk)
        if next_at is not None:
            post.next_scan = min(post.next_scan, monotonic + max(0.0, (next_at - now).total_seconds()))
        if tended.outcomes:
            turn = Turn(outcomes=tended.outcomes)
            post.last_event = monotonic
            post.commits += len(turn.commits)
            post.index_behind = True
            post.next_scan = float("-inf")  # the answers to reporters want to leave
            self._report(post.desk, turn)

    def _write_last_receipts(self, post: Post) -> None:
        """Write down how the last messages went; what cannot be written now counts as not heard of later.

        Git's index is left as the branch is: the last turn may have ended without it.
        """
        try:
            note_receipts(post.desk, self._courier.collect(post.desk), self._clock.now())
            with post.desk.repo.writer():
                post.desk.repo.bring_index()
        except (StoreError, ConflictError, ConfigError) as error:
            self._complain(post.desk, error)

    def _fail(self, post: Post, error: PrismfsError, monotonic: float) -> None:
        post.error = error
        post.next_scan = monotonic + _RETRY
        self._complain(post.desk, error)
        self._write_health(post, state="failing")

    def _wake_for(self, post: Post, monotonic: float) -> float:
        """Return when (monotonic) this project has something to do by itself."""
        wake = float("inf") if post.turn.wait_until is None else post.turn.wait_until
        if post.turn.next_due is not None:
            wait = (post.turn.next_due + TICK - self._clock.now()).total_seconds()
            wake = min(wake, monotonic + max(0.0, wait))
        return wake

    def _pause(self) -> float:
        return min(post.next_scan for post in self._posts) - self._clock.monotonic()

    def _is_idle(self) -> bool:
        idle = self._courier.idle() and self._syncer.idle() and self._sharer.idle()
        return idle and all(post.turn.wait_until is None and not post.turn.more for post in self._posts)

    def _tidy_the_late(self) -> None:
        """Do in a storm what may not wait for its end: a person who commits by an old index undoes records."""
        for post in self._posts:
            if post.index_behind and self._clock.monotonic() - post.tidied > INDEX_LAG:
                self._tidy(post)

    def _tidy(self, post: Post) -> None:
        """Do what may wait: the index, the packs, the health file."""
        post.tidied = self._clock.monotonic()
        if post.error is not None:
            return
        try:
            if post.index_behind:
                with post.desk.repo.writer():  # a command beside it brings the index along, too
                    post.desk.repo.bring_index()
                post.index_behind = False
            if upkeep.is_due(post.desk.repo.git):
                upkeep.keep_up(post.desk.repo.git)
        except (StoreError, ConflictError) as error:
            self._complain(post.desk, error)
        self._write_health(post, state="watching")

    def _write_health(self, post: Post, *, state: str) -> None:
        turn = post.turn
        more: Document = {
            "commits": post.commits,
            "next_due": None if turn.next_due is None else format_instant(turn.next_due),
            "polling": self.hints.polling,
            "error": None if post.error is None else dict(post.error.problem.as_document()),
            "tracker": self._syncer.problem(post.desk),
        }
        post.health.write(self._clock.now(), state=state, more=more)


def _be_only_watcher(lock: Lock) -> None:
    try:
        lock.acquire()
    except ConflictError as error:
        raise ConflictError(
            "watched",
            "another watcher serves this project",
            hint="stop it first; prismfs status names its process",
        ) from error
