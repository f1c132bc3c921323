"""What the engine states in the message of a commit: which commits a tip covers.

A statement is a line of the last paragraph, `Prismfs-<Word>: <value>`, and counts in commits that a key of an engine
covers. So no text of others may get there (`records.plan.quote_statements`).
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass

COVERS = "Prismfs-Covers"
MOST_COVERED = 1000
"""Commits that one tip may cover; a group of the engine's has at most some hundred."""

_LINE = re.compile(rb"(Prismfs(?:-[A-Z][a-z]+)+): ([^\n\r]+)")
_COVERS = re.compile(r"([0-9a-f]{40}) ([1-9][0-9]{0,3})")


@dataclass(frozen=True, slots=True)
class Covers:
    """A tip's statement: its `count` newest commits along first parents, itself among them, stand on `base`."""

    base: str
    count: int

    @property
    def line(self) -> str:
        """The statement as it stands in the message."""
        return f"{COVERS}: {self.base} {self.count}"


def covers_of(message: bytes) -> Covers | None:
    """Return what the message of a tip says that it covers; None where it does not say it exactly once."""
    said = [value for word, value in _statements(message) if word == COVERS]
    if len(said) != 1 or message.count(COVERS.encode() + b":") != 1:
        return None
    found = _COVERS.fullmatch(said[0])
    if found is None or int(found[2]) > MOST_COVERED:
        return None
    return Covers(found[1], int(found[2]))


def with_statement(message: bytes, line: str) -> bytes:
    """Return `message` with one statement more in its last paragraph; one is begun where there is none.

    Raises:
        ValueError: `line` is no statement.
    """
    if _LINE.fullmatch(line.encode()) is None:
        raise ValueError("a statement is one line, Prismfs-Word: value")
    stem = message.rstrip(b"\n")
    between = b"\n" if any(True for _ in _statements(message)) else b"\n\n"
    return stem + between + line.encode() + b"\n"


def without_covers(message: str) -> str:
    """Return the message of a tip as it was before the tip was signed; that of any other commit as it is."""
    stem, separator, last = message.rstrip("\n").rpartition("\n")
    return f"{stem}\n" if separator and last.startswith(f"{COVERS}: ") else message


def _statements(message: bytes) -> Iterator[tuple[str, str]]:
    """Yield the statements of the last paragraph; none where a line of it is something else."""
    before, separator, last = message.rstrip(b"\n").rpartition(b"\n\n")
    lines = [_LINE.fullmatch(line) for line in last.split(b"\n")]
    if separator and before.strip() and all(lines):
        for found in lines:
            assert found is not None
            yield found[1].decode(), found[2].decode(errors="replace")
