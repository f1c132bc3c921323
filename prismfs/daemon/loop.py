"""The watcher's loop: one turn a project while there is work, then sleep until a hint or a due time."""

import logging
import os
from collections.abc import Callable, Collection, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

from prismfs.clock import Clock
from prismfs.daemon.command_server import MORE_WITHIN, Answering, CommandServer
from prismfs.daemon.courier import ThreadCourier
from prismfs.daemon.hints import Hints
from prismfs.daemon.sharer import Sharer
from prismfs.daemon.syncer import Syncer
from prismfs.daemon.watched_project import WINDOW_LAG, Health, WatchedProject, be_only_watcher
from prismfs.engine.admin import watchdog
from prismfs.engine.turn.commit_group import Outcome
from prismfs.engine.turn.desk import Desk
from prismfs.engine.turn.react import Moment, Turn, react
from prismfs.engine.turn.sources import note_receipts
from prismfs.errors import ConfigError, ConflictError, PrismfsError, StoreError
from prismfs.kinds import build_models
from prismfs.records.api import Document
from prismfs.rules import load_rules
from prismfs.store.lock import Lock

BUSY_SCAN = 1.0
"""Seconds between scans while something was just going on (a lost hint then costs at most this)."""

IDLE_SCAN = 60.0
"""Seconds between scans otherwise, or between two heartbeats where those come more often."""

BUSY_FOR = 10.0
"""Seconds after the last event during which the watcher counts as busy."""

_RETRY = 2.0
"""Seconds after which a project that could not be served is tried again."""

_log = logging.getLogger(__name__)


class Watcher:
    """Serves one or more projects until it is stopped, or until nothing is left (`once`).

    Those of `clones` are kept in step with the repositories that they were cloned from.
    `report` is called for every turn that did something, `complain` for every error, `notice` for what an operator
    should know once, `answer` what decides a command that comes in by the socket, `hints` what wakes it.
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
        answer: Answering | None = None,
        hints: Hints | None = None,
    ) -> None:
        self._projects = [WatchedProject(desk, Health(desk.root)) for desk in desks]
        self._clock = clock
        self._report = report
        self._complain = complain
        self._notice = notice
        self._stopping = False
        self.hints = hints or Hints()
        self._courier = ThreadCourier(self.hints.wake)
        self._syncer = Syncer(self.hints.wake)
        self._commands = CommandServer(desks, answer, self.hints.knock)
        self._upkeep = ThreadPoolExecutor(1, thread_name_prefix="upkeep")
        self._sharer = Sharer([desk.root for desk in desks], clones, self.hints.wake)

    def stop(self) -> None:
        """End after the turn under way. Safe to call from a signal handler's thread."""
        self._stopping = True
        self.hints.wake()

    def run(self, *, once: bool = False) -> None:
        """Watch until stopped; with `once` until every project is idle.

        Raises:
            ConflictError: `watched`; another watcher serves one of the projects.
            PrismfsError: with `once`, what kept a project from being served.
        """
        build_models()  # the first report is not to wait for them
        load_rules()
        locks: list[Lock] = []
        served: list[WatchedProject] = []
        try:
            for project in self._projects:
                lock = Lock(project.desk.repo.state / "watcher.lock")
                locks.append(lock)
                be_only_watcher(lock)
                served.append(project)
            self.hints.start(
                [project.desk.root / "inbox" for project in self._projects],
                sorted({project.desk.repo.place.reference.parent for project in self._projects}),
            )
            self._commands.start(self._notice)
            if self.hints.polling:
                self._notice("the system cannot watch folders here; they are polled every second")
            names = ", ".join(project.name for project in self._projects)
            _log.info("watching", extra={"projects": names, "process_id": os.getpid(), "polling": self.hints.polling})
            self._loop(once=once)
        finally:
            self._commands.finish(self._clock)
            self._sharer.finish()
            self._syncer.finish()
            self._courier.finish()
            self._upkeep.shutdown()
            for project in served:
                self._write_last_receipts(project)
            self.hints.stop()
            # Not of a project that another watcher serves: its health is the other's to tell.
            for project in served:
                self._write_health(project, state="stopped")
            for lock in locks:
                lock.close()
            _log.info("stopped", extra={"process_id": os.getpid()})

    def _loop(self, *, once: bool) -> None:
        while not self._stopping:
            served = self._serve_commands()
            for project in self._projects:
                self._turn(project)
                if project.health.is_due(self._clock.now()):
                    self._write_health(project, state="watching" if project.error is None else "failing")
            pause = min(project.next_scan for project in self._projects) - self._clock.monotonic()
            if pause <= 0 or any(project.turn.more and project.error is None for project in self._projects):
                self._tidy_in_a_storm()
                continue
            if served or (not once and any(project.people_work(self._clock.monotonic()) for project in self._projects)):
                # More may follow, and the window is carried once for all of them; for commands, whose answers wait
                # meanwhile, a little at a time.
                self._tidy_in_a_storm(WINDOW_LAG / 4 if served else WINDOW_LAG)
                pause = min(pause, MORE_WITHIN)
            else:
                for project in self._projects:
                    self._tidy(project)
                if once and self._is_idle():
                    self._raise_error()
                    return
            if self.hints.wait(pause):
                self._scan_all()

    def _serve_commands(self) -> bool:
        begin, found = self._clock.monotonic(), list(self._commands.serve(self._clock.now()))
        for desk, outcomes in found:
            self._note(next(project for project in self._projects if project.desk is desk), outcomes, begin)
        return bool(found)

    def _raise_error(self) -> None:
        """Raise what kept a project from being served, if anything did."""
        for project in self._projects:
            if project.error is not None:
                raise project.error

    def _scan_all(self) -> None:
        for project in self._projects:
            project.scan_at_once()

    def _turn(self, project: WatchedProject) -> None:
        monotonic = self._clock.monotonic()
        if monotonic < project.next_scan and not project.turn.more:
            return
        names = self.hints.take_names(project.desk.root / "inbox")
        moment = Moment(now=self._clock.now(), monotonic=monotonic, wall=self._clock.wall(), complete=names)
        try:
            found = self._look_for_standstill(project, moment)
            turn = react(project.desk, moment, self._courier, project.follower(self.hints.expect, self._clock))
            project.turn = replace(turn, outcomes=(*found, *turn.outcomes)) if found else turn
            project.error = None
        except (StoreError, ConflictError, ConfigError) as error:
            project.turn = Turn()
            self._fail(project, error, monotonic)
            return
        if project.turn.crossed:  # another project has something to do now, whether or not a hint comes
            self._scan_all()
        if project.turn.outcomes:
            project.health.late = watchdog.late_of(project.desk.view())  # people may have changed it by a commit
            project.note_turn(project.turn, monotonic, self._clock.monotonic() - monotonic)
            self._report(project.desk, project.turn)
        try:
            project.desk.check_settings()
        except ConfigError as error:  # before the first event that would need the setting
            self._fail(project, error, monotonic)
            return
        project.told = None
        pause = BUSY_SCAN if monotonic - project.last_event < BUSY_FOR else min(IDLE_SCAN, project.health.every)
        project.next_scan = min(monotonic + pause, project.wake_at(self._clock.now(), monotonic))
        self._sync(project, monotonic)
        self._share(project, monotonic)

    def _look_for_standstill(self, project: WatchedProject, moment: Moment) -> list[Outcome]:
        """Report a watcher that died, a machine that slept, and deadlines that passed unhandled (R-002-07)."""
        project.health.late = watchdog.late_of(project.desk.repo.view(project.desk.repo.snapshot()))
        found = watchdog.report_standstill(project.desk, moment.now, project.health.to_judge())
        project.health.judged()
        return found

    def _share(self, project: WatchedProject, monotonic: float) -> None:
        """Bring a project's commits to where it is shared, and theirs here, when it is time; tell what fails long."""
        now = self._clock.now()
        try:
            came, problem = self._sharer.tend(project.desk, monotonic, now)
            told = self._sharer.tell(project.desk, now)
            next_at = self._sharer.next_at(project.desk, monotonic, now)
        except (StoreError, ConflictError) as error:
            self._fail(project, error, monotonic)
            return
        if problem is not None:
            self._tell(project, problem)
        if told:
            self._note(project, told, monotonic)
        if came:
            project.scan_at_once()
        else:
            project.next_scan = min(project.next_scan, next_at)

    def _sync(self, project: WatchedProject, monotonic: float) -> None:
        """Read what the tracker answered about the project's issues, and ask it again when that is due."""
        now = self._clock.now()
        try:
            tended = self._syncer.tend(project.desk, now)
        except (StoreError, ConflictError, ConfigError) as error:
            self._fail(project, error, monotonic)
            return
        for problem in tended.errors:
            self._tell(project, problem)
        next_at = self._syncer.next_at(project.desk)
        if next_at is not None:
            project.next_scan = min(project.next_scan, monotonic + max(0.0, (next_at - now).total_seconds()))
        if tended.outcomes:
            self._note(project, tended.outcomes, monotonic)

    def _note(self, project: WatchedProject, outcomes: Sequence[Outcome], monotonic: float) -> None:
        """Report what was decided beside a turn; the messages that it has made want to leave."""
        turn = Turn(outcomes=tuple(outcomes))
        project.note_turn(turn, monotonic, self._clock.monotonic() - monotonic)
        project.scan_at_once()
        self._report(project.desk, turn)

    def _write_last_receipts(self, project: WatchedProject) -> None:
        """Commit how the last messages went; one that cannot be committed now counts as lost later.

        The window is carried to the truth: the last turn may have ended without it.
        """
        try:
            carried = self._courier.collect(project.desk)
            note_receipts(project.desk, carried, self._clock.now())
            self._courier.release(project.desk, carried)
            project.bring_window(self.hints.expect, self._clock)
            project.note_upkeep()
        except (StoreError, ConflictError, ConfigError) as error:
            self._tell(project, error)

    def _fail(self, project: WatchedProject, error: PrismfsError, monotonic: float) -> None:
        project.error = error
        project.next_scan = monotonic + _RETRY
        if project.is_new(error):  # once, not with every try
            self._tell(project, error)
        self._write_health(project, state="failing")

    def _tell(self, project: WatchedProject, error: PrismfsError) -> None:
        """Log an error and complain of it."""
        problem = error.problem
        path = problem.path if isinstance(error, ConfigError) else None  # another file's name may hold a secret
        _log.error("failed", extra={"project": project.name, "code": problem.code, "path": path})
        self._complain(project.desk, error)

    def _is_idle(self) -> bool:
        idle = self._courier.idle() and self._syncer.idle() and self._sharer.idle() and self._commands.idle()
        return idle and all(project.turn.wait_until is None and not project.turn.more for project in self._projects)

    def _tidy_in_a_storm(self, lag: float = WINDOW_LAG) -> None:
        """Bring the window along in a storm, too: people read there what was decided."""
        for project in self._projects:
            if self._clock.monotonic() - project.carried > lag:
                self._tidy(project)

    def _tidy(self, project: WatchedProject) -> None:
        """Do what may wait: the window, the packs, the health file."""
        if project.error is not None:
            return
        try:
            project.bring_window(self.hints.expect, self._clock)
            project.keep_up(self._upkeep, self._clock)
        except (StoreError, ConflictError) as error:
            self._tell(project, error)
        self._write_health(project, state="watching")

    def _write_health(self, project: WatchedProject, *, state: str) -> None:
        self._commands.keep()
        tracker, sharing = self._syncer.problem(project.desk), self._sharer.problem(project.desk)
        more: Document = {"polling": self.hints.polling, "tracker": tracker, "sharing": sharing}
        project.write_health(self._clock.now(), state, more)
