"""Running a configured program: an argument list, JSON in, JSON out, a time-out, no shell."""

from __future__ import annotations

import json
import os
import signal
import subprocess
from collections.abc import Sequence
from contextlib import suppress
from datetime import timedelta
from pathlib import Path

from prismfs.errors import RecordError, RefusedError
from prismfs.records import codec
from prismfs.records.document import Document

_MOST_OUTPUT = 256 * 1024


def run_json(command: Sequence[str], document: Document, *, timeout: timedelta, cwd: Path) -> Document:
    """Return the JSON object that `command` prints when given `document` on its standard input.

    The program and whatever it started are killed at the time-out. It sees PATH and HOME of this process and
    nothing else of the environment.

    Raises:
        RefusedError: `command_missing`, `command_timeout`, `command_failed` or `command_output`.
    """
    environment = {name: os.environ[name] for name in ("PATH", "HOME", "LANG") if name in os.environ}
    try:
        child = subprocess.Popen(
            list(command),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            cwd=cwd,
            env=environment,
            start_new_session=True,
        )
    except OSError as error:
        raise RefusedError("command_missing", f"cannot be started: {error.strerror}", path=command[0]) from error
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
    if child.returncode:
        raise RefusedError("command_failed", f"ended with code {child.returncode}", path=command[0])
    if len(output) > _MOST_OUTPUT:
        raise RefusedError("command_output", f"printed more than {_MOST_OUTPUT} bytes", path=command[0])
    try:
        return codec.parse(output, format="json", path=command[0])
    except RecordError as error:
        raise RefusedError("command_output", "printed no JSON object", path=command[0]) from error
