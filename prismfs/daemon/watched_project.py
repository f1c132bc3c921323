"""One project under watch: how its last turn went, and when it is looked at next."""

import logging
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from prismfs.clock import Clock
from prismfs.daemon.health import Health
from prismfs.engine.turn.commit_group import Outcome
from prismfs.engine.turn.desk import Desk
from prismfs.engine.turn.react import Turn
from prismfs.errors import PrismfsError
from prismfs.records.api import Plan, Refused
from prismfs.store.git import upkeep

TICK = timedelta(milliseconds=1)
"""A due time is acted on one instant after it: at exactly the threshold nothing happens (R-004-22)."""

_log = logging.getLogger(__name__)


@dataclass
class WatchedProject:
    """A desk, its health file, and the state of serving it; times are monotonic seconds."""

    desk: Desk
    health: Health
    commits: int = 0
    last_event: float = float("-inf")
    next_scan: float = float("-inf")
    index_behind: bool = True
    tidied: float = float("-inf")
    error: PrismfsError | None = None
    turn: Turn = field(default_factory=Turn)

    @property
    def name(self) -> str:
        """The name of the project's folder, as the log has it."""
        return self.desk.root.name

    def scan_at_once(self) -> None:
        """Let the next round of the loop do a turn over this project."""
        self.next_scan = float("-inf")

    def note_turn(self, turn: Turn, monotonic: float, seconds: float) -> None:
        """Count and log what `turn`, which began at `monotonic` and took `seconds`, decided."""
        self.last_event = monotonic
        self.commits += len(turn.commits)
        self.index_behind = True
        for outcome in turn.outcomes:
            self._log_outcome(outcome)
        _log.info(
            "turn ended",
            extra={
                "project": self.name,
                "events": len(turn.outcomes),
                "commits": len(turn.commits),
                "more": turn.more,
                "seconds": seconds,
            },
        )

    def bring_index(self) -> None:
        """Bring git's index to the branch, if it is behind.

        Raises:
            ConflictError, StoreError: another git command holds it, or it cannot be written; it is behind still.
        """
        if self.index_behind:
            with self.desk.repo.writer():  # a command beside it brings the index along, too
                self.desk.repo.bring_index()
            self.index_behind = False

    def keep_up(self, clock: Clock) -> None:
        """Consolidate the repository's packs, if it is time.

        Raises:
            StoreError: git failed, or nothing came of it.
        """
        if not upkeep.is_due(self.desk.repo.git):
            return
        begin = clock.monotonic()
        done = upkeep.keep_up(self.desk.repo.git)
        _log.info(
            "packs consolidated",
            extra={"project": self.name, "packs": done.packs_after, "seconds": clock.monotonic() - begin},
        )

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
