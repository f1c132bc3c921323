"""What the search for secrets costs: a small signal, logs, and texts that are made to be slow."""

from __future__ import annotations

import base64
import random
import statistics
import time
from collections.abc import Iterator
from typing import Any

from benchmarks.rows import Row, milliseconds
from prismfs.intake.scan import redact

SIZE = 64 * 1024
SIGNAL = {
    "kind": "signal",
    "from": "jade",
    "to": "Sage",
    "type": "Question",
    "subject": "nightly export writes an empty file",
    "body": "Traceback (most recent call last):\n  File \"/srv/app/tasks.py\", line 41, in run\nKeyError: 'user'\n" * 4,
}
_UNITS = (
    "a", "a@", 'password="', "4111 ", "a://b:c@", "eyJaaaaaaaa.", ";a", "x@y.z1.", "%41", "\\u0041", "&#65;", "\u200b",
    "\uff41", "' '", "\n", "::1:", "5.6.7.8 ", "+1 415 555 2671 ", "bob@mail.example.org ", "cookie: a=bbbbbbbb1;",
    "-" * 5 + "BEGIN PRIVATE KEY" + "-" * 5, "ghp_" + "a1B2" * 9 + " ", "password:\n  ",
    "key kU7vQ2mZ9pLr4TnXw8EaYc3B ",
)  # fmt: skip


def measure(rounds: int) -> Iterator[Row]:
    """Yield the time of one small signal, that of logs by KB, and that of the slowest of many hostile texts."""
    redact(SIGNAL)
    yield Row("one small signal", milliseconds(_median(SIGNAL, 100 * rounds)))
    for name, log in (("a log of 64 KB", _log(None)), ("one with secrets in it", _log(random.Random(7)))):
        seconds = _median({"body": log}, 3 * rounds) / (len(log) / 1024)
        yield Row(f"{name}, each KB", milliseconds(seconds), "", "1 ms")
    slowest = max((_median({"body": text}, rounds), text[:24]) for text in _hostile())
    yield Row("the slowest of the hostile texts of 64 KB", milliseconds(slowest[0]), ascii(slowest[1]), "500 ms")


def _median(document: dict[str, Any], runs: int) -> float:
    spent = []
    for _ in range(runs):
        begun = time.perf_counter()
        redact(document)
        spent.append(time.perf_counter() - begun)
    return statistics.median(spent)


def _log(chance: random.Random | None) -> str:
    lines = []
    for at in range(600):
        said = "token refreshed" if chance is None or at % 50 else "ghp_" + "".join(chance.choices("abcXYZ019", k=36))
        lines.append(
            f"2026-03-01T10:00:{at % 60:02}Z api-7d9f8b6c5 INFO id=550e8400-e29b-41d4-a716-4466554{at:05} "
            f"path=/v1/items/{at} status=200 took=12.5ms {said} for user {at}"
        )
    return "\n".join(lines)[:SIZE]


def _hostile() -> Iterator[str]:
    chance = random.Random(17)
    letters = "ABCDEFGHIJKLMabcdefghijklm0123456789 \n'\"=:/+-_.@%\\"
    yield from ((unit * SIZE)[:SIZE] for unit in _UNITS)
    yield "".join(chance.choices(letters, k=SIZE))
    words = (base64.b64encode("".join(chance.choices(letters, k=24)).encode()).decode() for _ in range(2000))
    yield " ".join(words)[:SIZE]
    once = base64.b64encode("".join(chance.choices(letters, k=SIZE)).encode())
    yield base64.b64encode(once).decode()[:SIZE]
