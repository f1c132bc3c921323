"""The few questions that a rule may ask of a project."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol, TypeVar

from prismfs.records.base import Record

R = TypeVar("R", bound=Record)


@dataclass(frozen=True, slots=True)
class ChainHead:
    """The newest audit row: its number, counted from 1, and the SHA-256 (hex) of its file."""

    number: int
    digest: str


GENESIS = ChainHead(number=0, digest="0" * 64)
"""What stands before the first audit row."""


@dataclass(frozen=True, slots=True)
class Answer:
    """A passage of the knowledge base that may answer a question.

    `source` is its citation; `coverage` the share of the question's own words that it holds, 0 to 1.
    """

    id: str
    title: str
    excerpt: str
    source: str
    coverage: float


class View(Protocol):
    """One state of a project: equal states give equal answers, in the same order."""

    def get(self, model: type[R], identifier: str) -> R | None:
        """Return the record with this id or name, or None. `model` says which kind is expected."""

    def single(self, model: type[R]) -> R:
        """Return the one record of its kind (project, policy, …), or the defaults where none is kept.

        Raises:
            ConfigError: `invalid_setting`; there is one, and it is invalid.
        """

    def open_with_key(self, model: type[R], key: str) -> R | None:
        """Return the newest open record of the kind with this dedup key."""

    def latest_with_key(self, model: type[R], key: str) -> R | None:
        """Return the newest record of the kind with this dedup key, open or not."""

    def due_before(self, now: datetime, limit: int) -> Sequence[Record]:
        """Return records whose due time is before `now`, earliest first, at most `limit`."""

    def next_due(self) -> datetime | None:
        """Return the earliest due time of any record."""

    def last_audit(self) -> ChainHead:
        """Return the newest audit row, `GENESIS` where none is."""

    def handled(self, cause: str) -> bool:
        """Tell whether an audit row answers `cause` already."""

    def find_answers(self, text: str, limit: int) -> Sequence[Answer]:
        """Return passages of the knowledge base that match `text`, best first, at most `limit`."""
