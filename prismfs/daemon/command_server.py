"""Commands that come in by a watcher's sockets: decided and committed in the loop, as a group each time it looks."""

import logging
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from datetime import datetime
from typing import Any

from prismfs.clock import Clock
from prismfs.daemon.desk_sockets import Asked, DeskSockets, Steps
from prismfs.engine.turn.commit_group import Outcome
from prismfs.engine.turn.desk import Desk

Answering = Callable[[Desk, Sequence[Any], datetime], tuple[list[Steps], tuple[Outcome, ...]]]
"""Decides commands and commits them as one group: the steps that each still takes to its answer, and the outcomes."""

MORE_WITHIN = 0.05
"""Seconds for which the next command is waited for before what may wait is done, such as carrying the window."""

_A_GROUP = 32
"""Commands that are committed together."""

_log = logging.getLogger(__name__)


class CommandServer:
    """Serves the commands to `desks`, once `start` was called; without `answer` there are none."""

    def __init__(self, desks: Sequence[Desk], answer: Answering | None, wake: Callable[[], None]) -> None:
        self._desks = {desk.root: desk for desk in desks}
        self._answer = answer
        self._sockets = DeskSockets(wake)

    def start(self, complain: Callable[[str], None]) -> None:
        """Open the sockets; where one cannot be, commands are decided by who gives them, and `complain` is told."""
        for root in self._desks if self._answer else ():
            try:
                self._sockets.open(root)
            except OSError as error:
                complain(f"no commands are served for {root.name}: {error.strerror or error}")

    def keep(self) -> None:
        """Open again what somebody has taken away; where that cannot be, commands are decided by who gives them."""
        with suppress(OSError):
            self._sockets.keep()

    def serve(self, now: datetime) -> Iterator[tuple[Desk, tuple[Outcome, ...]]]:
        """Go on with all that came in; yield what was committed by it for each desk."""
        new: dict[Desk, list[Asked]] = {}
        for asked in self._sockets.take():
            if asked.steps is None:
                new.setdefault(self._desks[asked.root], []).append(asked)
            else:
                self._go_on(asked)
        for desk, waiting in new.items():
            for at in range(0, len(waiting), _A_GROUP):
                yield desk, self._begin(desk, waiting[at : at + _A_GROUP], now)

    def idle(self) -> bool:
        """Tell whether no command is waiting or under way."""
        return self._sockets.idle()

    def finish(self, clock: Clock) -> None:
        """Take no more commands, and answer those that have come; the channels' time-outs bound that."""
        self._sockets.close()
        while not self._sockets.idle():
            for _ in self.serve(clock.now()):
                pass
            self._sockets.wait(0.1)

    def _begin(self, desk: Desk, group: Sequence[Asked], now: datetime) -> tuple[Outcome, ...]:
        assert self._answer is not None
        try:
            found, outcomes = self._answer(desk, [asked.command for asked in group], now)
        except Exception as error:  # a fault of ours: who gave the command meets it as well, and reports it
            if len(group) > 1:
                return tuple(outcome for asked in group for outcome in self._begin(desk, [asked], now))
            self._hang_up(group[0], error)
            return ()
        for asked, steps in zip(group, found, strict=True):
            asked.steps = steps
            self._go_on(asked)
        return outcomes

    def _go_on(self, asked: Asked) -> None:
        assert asked.steps is not None
        carried, asked.carried = asked.carried, None
        try:
            self._sockets.reply(asked, next(asked.steps) if carried is None else asked.steps.send(carried))
        except StopIteration as stop:
            self._sockets.reply(asked, stop.value)
        except Exception as error:
            self._hang_up(asked, error)

    def _hang_up(self, asked: Asked, error: Exception) -> None:
        _log.error("a command failed", extra={"project": asked.root.name, "code": type(error).__name__})
        self._sockets.reply(asked, None)
