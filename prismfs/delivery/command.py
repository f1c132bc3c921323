"""Running a configured program: an argument list, JSON in, a time-out, no shell."""

from __future__ import annotations

import json
import os
import signal
import subprocess
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

from prismfs.errors import RecordError, RefusedError
from prismfs.records import codec
from prismfs.records.document import Document

_MOST_OUTPUT = 256 * 1024


@dataclass(frozen=True, slots=True)
class Ended:
    """How a program ended: its exit code (negative: the signal that killed it) and what it printed."""

    code: int
    output: bytes = b""


def run(
    command: Sequence[str],
    document: Document,
    *,
    timeout: timedelta,
    cwd: Path,
    environment: Mapping[str, str] | None = None,
    listen: bool = False,
) -> Ended:
    """Run `command` with `document` as JSON on its standard input and return how it ended.

    The program and whatever it started are killed at the time-out, and what it left behind when it ends. It
    sees PATH, HOME and LANG of this process, the variables in `environment`, and nothing else. What it
    prints is thrown away unless `listen` asks for its standard output.

    Raises:
        RefusedError: `command_missing` or `command_timeout`.
    """
    own = {name: os.environ[name] for name in ("PATH", "HOME", "LANG") if name in os.environ}
    try:
        child = subprocess.Popen(
            list(command),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE if listen else subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            cwd=cwd,
            env=own | dict(environment or {}),
            start_new_session=True,
        )
    except (OSError, ValueError) as error:
        why = getattr(error, "strerror", None) or "an argument holds a NUL character"
        raise RefusedError("command_missing", f"cannot be started: {why}", path=command[0]) from error
    try:
        output, _ = child.communicate(json.dumps(document).encode(), timeout=timeout.total_seconds())
    except subprocess.TimeoutExpired:
        raise RefusedError("command_timeout", f"gave no answer within {timeout}", path=command[0]) from None
    finally:
        with suppress(ProcessLookupError):
            os.killpg(child.pid, signal.SIGKILL)
        child.wait()
        for pipe in (child.stdin, child.stdout):
            if pipe is not None:
                with suppress(OSError):
                    pipe.close()
    return Ended(code=child.returncode, output=output or b"")


def run_json(command: Sequence[str], document: Document, *, timeout: timedelta, cwd: Path) -> Document:
    """Return the JSON object that `command` prints when given `document` on its standard input.

    It is run as `run` does.

    Raises:
        RefusedError: `command_missing`, `command_timeout`, `command_failed` or `command_output`.
    """
    ended = run(command, document, timeout=timeout, cwd=cwd, listen=True)
    if ended.code:
        raise RefusedError("command_failed", f"ended with code {ended.code}", path=command[0])
    if len(ended.output) > _MOST_OUTPUT:
        raise RefusedError("command_output", f"printed more than {_MOST_OUTPUT} bytes", path=command[0])
    try:
        return codec.parse(ended.output, format="json", path=command[0])
    except RecordError as error:
        raise RefusedError("command_output", "printed no JSON object", path=command[0]) from error
