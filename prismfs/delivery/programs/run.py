"""Running a configured program: an argument list, input on standard input, a time-out, no shell."""

import json
import logging
import os
import selectors
import signal
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

from prismfs.errors import RecordError, RefusedError
from prismfs.records.api import Document, codec

_MOST_OUTPUT = 256 * 1024
_PIECE = 64 * 1024  # bytes read or written at a time; what a pipe of Linux holds
_LOOK = 0.1  # seconds between two looks at whether a program that says nothing has ended, or is to end

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Ended:
    """How a program ended: its exit code (negative: the signal that killed it) and what it printed."""

    code: int
    output: bytes = b""
    errors: bytes = b""


def run(
    command: Sequence[str],
    data: bytes,
    *,
    timeout: timedelta,
    cwd: Path,
    environment: Mapping[str, str] | None = None,
    keep: int = 0,
) -> Ended:
    """Run `command` with `data` on its standard input and return how it ended.

    The program and its children are killed at the time-out, and the children that it leaves behind when it ends. It
    sees PATH, HOME and LANG of this process, the variables in `environment`, and nothing else. Of what it
    prints, on standard output and on standard error, the first `keep` bytes and one more are kept, so that
    the caller can tell that something was cut; with 0 nothing is listened to.

    Raises:
        RefusedError: `command_missing` or `command_timeout`.
    """
    until = time.monotonic() + timeout.total_seconds()
    with _started(command, cwd=cwd, environment=environment, heard=keep > 0) as child:
        try:
            output, errors = _converse(child, data, until=until, keep=keep)
            child.wait(max(0.0, until - time.monotonic()))
        except subprocess.TimeoutExpired:
            raise RefusedError("command_timeout", f"gave no answer within {timeout}", path=command[0]) from None
    return Ended(code=child.returncode, output=output, errors=errors)


def watch(
    command: Sequence[str],
    *,
    timeout: timedelta,
    cwd: Path,
    environment: Mapping[str, str],
    hear: Callable[[bytes, bool], None],
    stop: Callable[[], bool],
) -> int:
    """Run `command` without input until it ends, and return its exit code (negative: the signal that killed it).

    `hear` is given each piece that it prints, and whether that went to standard error; `stop` is asked now and then
    whether it is to end. What it left running when it ended, or at its time-out, is killed with it; it need not have
    closed its output.

    Raises:
        RefusedError: `command_missing`, `command_timeout` or `command_stopped`.
    """
    until = time.monotonic() + timeout.total_seconds()
    with _started(command, cwd=cwd, environment=environment, heard=True) as child:
        assert child.stdin is not None
        child.stdin.close()
        while not _heard_all(child, hear):
            if stop():
                raise RefusedError("command_stopped", "was ended with the process that ran it", path=command[0])
            if time.monotonic() >= until:
                raise RefusedError("command_timeout", f"did not end within {timeout}", path=command[0])
    return child.returncode


@contextmanager
def _started(
    command: Sequence[str], *, cwd: Path, environment: Mapping[str, str] | None, heard: bool
) -> Iterator[subprocess.Popen[bytes]]:
    """Start `command` in a session of its own; when the block is left, it and all that it started are killed.

    Raises:
        RefusedError: `command_missing`.
    """
    own = {name: os.environ[name] for name in ("PATH", "HOME", "LANG") if name in os.environ}
    printed = subprocess.PIPE if heard else subprocess.DEVNULL
    begin = time.monotonic()
    try:
        child = subprocess.Popen(
            list(command),
            stdin=subprocess.PIPE,
            stdout=printed,
            stderr=printed,
            cwd=cwd,
            env=own | dict(environment or {}),
            start_new_session=True,
        )
    except (OSError, ValueError) as error:
        why = getattr(error, "strerror", None) or "an argument holds a NUL character"
        raise RefusedError("command_missing", f"cannot be started: {why}", path=command[0]) from error
    try:
        yield child
    finally:
        with suppress(ProcessLookupError):
            os.killpg(child.pid, signal.SIGKILL)
        child.wait()
        # Its arguments and what it printed may hold secrets.
        seconds = time.monotonic() - begin
        _log.info("program ended", extra={"process_id": child.pid, "code": child.returncode, "seconds": seconds})
        for pipe in (child.stdin, child.stdout, child.stderr):
            if pipe is not None:
                with suppress(OSError):
                    pipe.close()


def run_json(command: Sequence[str], document: Document, *, timeout: timedelta, cwd: Path) -> Document:
    """Return the JSON object that `command`, run as by `run`, prints when given `document` on its standard input.

    Raises:
        RefusedError: `command_missing`, `command_timeout`, `command_failed` or `command_output`.
    """
    ended = run(command, json.dumps(document).encode(), timeout=timeout, cwd=cwd, keep=_MOST_OUTPUT)
    if ended.code:
        raise RefusedError("command_failed", f"ended with code {ended.code}", path=command[0])
    if len(ended.output) > _MOST_OUTPUT:
        raise RefusedError("command_output", f"printed more than {_MOST_OUTPUT} bytes", path=command[0])
    try:
        return codec.parse(ended.output, format="json", path=command[0])
    except RecordError as error:
        raise RefusedError("command_output", "printed no JSON object", path=command[0]) from error


def _converse(child: subprocess.Popen[bytes], data: bytes, *, until: float, keep: int) -> tuple[bytes, bytes]:
    """Write `data`, read what `child` prints, until it closes its ends; `communicate` would keep all of it.

    Raises:
        TimeoutExpired: at `until`, an instant of the monotonic clock.
    """
    assert child.stdin is not None
    kept = {pipe.fileno(): bytearray() for pipe in (child.stdout, child.stderr) if pipe is not None}
    waiting = memoryview(data)
    with selectors.DefaultSelector() as ends:
        ends.register(child.stdin, selectors.EVENT_WRITE)
        os.set_blocking(child.stdin.fileno(), False)
        for descriptor in kept:
            ends.register(descriptor, selectors.EVENT_READ)
        while ends.get_map():
            left = until - time.monotonic()
            if left <= 0:
                raise subprocess.TimeoutExpired(child.args, 0)
            for key, _ in ends.select(left):
                if key.fd in kept:
                    piece = os.read(key.fd, _PIECE)
                    kept[key.fd] += piece[: keep + 1 - len(kept[key.fd])]
                    if not piece:
                        ends.unregister(key.fileobj)
                    continue
                try:
                    waiting = waiting[os.write(key.fd, waiting[:_PIECE]) :]
                except BrokenPipeError:  # it reads no more, which is its own affair
                    waiting = waiting[len(waiting) :]
                if not waiting:
                    ends.unregister(child.stdin)
                    child.stdin.close()
    output, errors = (bytes(text) for text in kept.values()) if kept else (b"", b"")
    return output, errors


def _heard_all(child: subprocess.Popen[bytes], hear: Callable[[bytes, bool], None]) -> bool:
    """Hand over what `child` prints for a moment; tell whether it has ended and nothing of it is left to read."""
    ended = child.poll() is not None
    with selectors.DefaultSelector() as ends:
        for pipe in (child.stdout, child.stderr):
            if pipe is not None and not pipe.closed:
                ends.register(pipe, selectors.EVENT_READ, pipe)
        if not ends.get_map():
            with suppress(subprocess.TimeoutExpired):
                child.wait(_LOOK)
            return child.poll() is not None
        ready = ends.select(0 if ended else _LOOK)
        for key, _ in ready:
            piece = os.read(key.fd, _PIECE)
            if piece:
                hear(piece, key.data is child.stderr)
            else:
                key.data.close()
    return ended and not ready
