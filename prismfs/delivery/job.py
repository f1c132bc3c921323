"""An attempt at a job: runs the argument list that its message carries, and says how it ended (R-002-13, R-002-14).

The message was written by the rule that let the attempt begin; nothing else says what is run.
"""

import json
import os
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from threading import Event
from typing import Any, ClassVar

from prismfs.delivery import ChannelType
from prismfs.delivery.programs.run import watch
from prismfs.delivery.secrets import one_line
from prismfs.errors import RefusedError
from prismfs.records.api import ChannelForm, Message, Receipt, replace_impossible

MARGIN = 16 * 1024
"""Bytes of output handed over beyond those that are kept: a secret that begins before them is found whole."""

_UTF16 = 3
"""Where more than one byte in three is NUL, the output is UTF-16 of mostly Latin letters."""

_NOT_FOUND, _NOT_EXECUTABLE = 127, 126  # what shells say of it


class _Tail:
    """The last `size` bytes of what was added."""

    def __init__(self, size: int) -> None:
        self._size = size
        self._data = bytearray()

    def add(self, piece: bytes) -> None:
        """Add `piece` at the end."""
        self._data += piece
        if len(self._data) > 2 * self._size:
            del self._data[: -self._size]

    def text(self) -> str:
        """Return what is kept as text; NUL, and bytes that are no UTF-8, as U+FFFD."""
        data = bytes(self._data[-self._size :])
        if data.count(0) * _UTF16 > len(data):
            data = data.replace(b"\0", b"")  # so that secrets are found by their letters
        return replace_impossible(data.decode(errors="replace"))


class JobChannel:
    """Runs a job in the project's folder, without a shell, in a session of its own; all of it ends with it.

    It sees PATH, HOME and LANG, the variables that the message names, and PRISMFS_JOB, PRISMFS_JOB_ID and
    PRISMFS_ATTEMPT. Every end is a receipt `sent`: the attempt was made. Its document holds `outcome`, `code`,
    `output` (standard error, or standard output where that is empty) and `keep`, how many bytes of it are wanted.

    Once `stopping` is set all that is running ends: with the process that serves the project it is told as `stopped`;
    where a caller listens, by `hear`, which is given what the job prints as it comes, as `interrupted`.
    """

    local: ClassVar[bool] = False

    def __init__(self, root: Path, *, stopping: Event, hear: Callable[[bytes, bool], None] | None = None) -> None:
        self._root = root
        self._stopping = stopping
        self._hear = hear

    def send(self, message: Message) -> Receipt:
        """Run what the message says and return how it ended."""
        try:
            order = _order_of(message.body)
        except (ValueError, KeyError, TypeError, AttributeError):
            return Receipt(outcome="permanent", detail="the message does not say what is to be run")
        printed, said = _Tail(order.keep + MARGIN), _Tail(order.keep + MARGIN)

        def hear(piece: bytes, is_error: bool) -> None:
            (said if is_error else printed).add(piece)
            if self._hear is not None:
                self._hear(piece, is_error)

        code: int | None
        try:
            code = watch(
                order.command,
                timeout=order.timeout,
                cwd=self._root,
                environment=order.environment,
                hear=hear,
                stop=self._stopping.is_set,
            )
            outcome = "succeeded" if code == 0 else "failed"
            detail = "" if code == 0 else f"ended with code {code}" if code > 0 else f"was killed by signal {-code}"
        except RefusedError as error:
            outcome, code, detail = self._without_an_end(error)
        text = said.text() if said.text().strip() else printed.text()
        return Receipt(
            outcome="sent",
            detail=detail,
            document={"outcome": outcome, "code": code, "output": text or detail, "keep": order.keep},
        )

    def _without_an_end(self, error: RefusedError) -> tuple[str, int | None, str]:
        """Return the outcome, the code and the detail of a job that did not begin, or did not come to its own end."""
        if error.code == "command_missing":
            if isinstance(error.__cause__, FileNotFoundError):
                return "not_started", _NOT_FOUND, "there is no such program"
            return "not_started", _NOT_EXECUTABLE, "the program cannot be executed"
        stopped = "stopped" if self._hear is None else "interrupted"
        return "timed_out" if error.code == "command_timeout" else stopped, None, one_line(error.problem.message)


@dataclass(frozen=True, slots=True)
class _Order:
    """What a message says: what is run, for how long at most, with which variables, and how much output is wanted."""

    command: list[str]
    timeout: timedelta
    environment: dict[str, str]
    keep: int


def _order_of(body: str) -> _Order:
    order: dict[str, Any] = json.loads(body)
    passed = {name: os.environ[name] for name in order["pass_environment"] if name in os.environ}
    return _Order(
        command=[str(argument) for argument in order["command"]],
        timeout=timedelta(seconds=order["timeout"]),
        environment=passed | {str(name): str(value) for name, value in order["environment"].items()},
        keep=int(order["keep"]),
    )


CHANNEL = ChannelType(
    form=ChannelForm(word="job", reaches="engine"),
    make=lambda site: JobChannel(site.root, stopping=site.stopping),
)
