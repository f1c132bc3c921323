"""Commands of the command line that are killed, or meet a failing disk, at any of their writes or steps.

What Python does to files is told to an audit hook before it is done (PEP 578), so that no write can be forgotten. The
commands run in forks of one process, which has imported everything: a walk over hundreds of writes takes seconds.
What git does for a command happens elsewhere: the steps count each git that is started, and the store's crash points.
"""

from __future__ import annotations

import errno
import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

ROOT = Path(__file__).parents[2]
_OPENS = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC
_GROWS = frozenset({"os.mkdir", "os.rename", "os.symlink", "os.link"})
_WRITES = _GROWS | {"os.remove", "os.rmdir", "os.truncate"}
_CRASH_POINT = "prismfs.crash_point"
_STEPS = frozenset({"subprocess.Popen", _CRASH_POINT})


class Ended(NamedTuple):
    """How a command ended: its exit code, or the signal's number below zero, and what it wrote to either output."""

    code: int
    said: str


class Writes:
    """Runs commands in forks of a process of its own."""

    def __init__(self, child: subprocess.Popen[str]) -> None:
        self._child = child

    def run(self, *arguments: str | Path, how: str = "", at: int = 0, steps: bool = False) -> Ended:
        """Run a command that meets `how` at its write number `at`, from 1 on; without `how` nothing.

        `killed` before it; `torn`, killed when the file is open and empty; or the name of an error such as `ENOSPC`.
        With `counted` it meets nothing, and the last line of what it said is how many writes there were. With `steps`
        what is counted are the writes, the programs that are started, and the crash points.
        """
        assert self._child.stdin is not None
        assert self._child.stdout is not None
        self._child.stdin.write(json.dumps([[str(argument) for argument in arguments], how, at, steps]) + "\n")
        self._child.stdin.flush()
        return Ended(*json.loads(self._child.stdout.readline()))


@contextmanager
def writes() -> Iterator[Writes]:
    """Give what runs commands, with the environment of now."""
    command = [sys.executable, "-m", "tests.support.writes"]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=ROOT) as child:
        yield Writes(child)
        assert child.stdin is not None
        child.stdin.close()


def _main() -> None:
    sys.dont_write_bytecode = True
    said = Path(os.environ.get("TMPDIR", "/tmp")) / f"prismfs-writes-{os.getpid()}"
    for line in sys.stdin:
        arguments, how, at, steps = json.loads(line)
        child = os.fork()
        if not child:
            for number in (1, 2):
                os.dup2(os.open(said, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600), number)
            os._exit(_run(arguments, how, at, steps))
        code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
        print(json.dumps([code, said.read_text()]), flush=True)
        said.unlink()


def _run(arguments: Sequence[str], how: str, at: int, steps: bool) -> int:
    from prismfs.cli import run
    from prismfs.engine.turn.desk import Desk

    passed = [0]
    if how:
        sys.addaudithook(_hook(how, at, passed, _STEPS if steps else frozenset()))
        if steps:
            Desk.__init__.__kwdefaults__["crash_point"] = partial(sys.audit, _CRASH_POINT)
    try:
        return run(arguments)
    finally:
        if how == "counted":
            print(passed[0])
        sys.stdout.flush()
        sys.stderr.flush()


def _hook(how: str, at: int, passed: list[int], also: frozenset[str]) -> Any:
    number = getattr(errno, how, 0)

    def hook(event: str, arguments: tuple[Any, ...]) -> None:
        if not (event in also or _is_write(event, arguments)) or (
            number == errno.ENOSPC and event not in _GROWS | {"open"}
        ):
            return
        passed[0] += 1
        if passed[0] != at:
            return
        if number:
            raise OSError(number, os.strerror(number), arguments[0])
        if how == "torn" and event == "open" and os.path.isabs(arguments[0]):
            os.close(os.open(arguments[0], arguments[2] | os.O_CREAT, 0o644))
        os.kill(os.getpid(), signal.SIGKILL)

    return hook


def _is_write(event: str, arguments: tuple[Any, ...]) -> bool:
    if event == "open":
        path, _, flags = arguments
        return not isinstance(path, int) and bool((flags or 0) & _OPENS) and os.fspath(path) != os.devnull
    return event in _WRITES


if __name__ == "__main__":
    _main()
