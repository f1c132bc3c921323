"""The few questions that a rule may ask of a project."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple, Protocol, TypeVar

from prismfs.records.answer import Answer
from prismfs.records.base import Record

R = TypeVar("R", bound=Record)


class Facets(NamedTuple):
    """What a listing or a rule may ask of any record without knowing its kind."""

    id: str
    kind: str
    title: str = ""
    type: str | None = None
    status: str = ""
    open: bool = False
    key: str | None = None
    due_at: str | None = None
    rank: int | None = None
    owner: str | None = None
    ref: str | None = None
    cause: str | None = None
    number: int | None = None


@dataclass(frozen=True, slots=True)
class ChainHead:
    """The newest audit row: its number, counted from 1, and the SHA-256 (hex) of the file that it stands in."""

    number: int
    digest: str


GENESIS = ChainHead(number=0, digest="0" * 64)
"""What stands before the first audit row."""


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

    def all_with_key(self, model: type[R], key: str) -> Sequence[R]:
        """Return the open records of the kind with this key, oldest first."""

    def open_of(self, model: type[R]) -> Sequence[R]:
        """Return the open records of the kind, oldest first; for kinds of which few are open at a time."""

    def with_ref(self, model: type[R], ref: str) -> Sequence[R]:
        """Return the records of the kind that refer to `ref`, oldest first."""

    def latest_of(self, model: type[R], owner: str, statuses: Sequence[str], limit: int) -> Sequence[R]:
        """Return the newest records of the kind with this owner and one of `statuses`, newest first."""

    def due_before(self, now: datetime, limit: int, *, of: type[R] | None = None, share: int = 0) -> Sequence[R]:
        """Return records of one kind whose due time is before `now`, earliest first, at most `limit`.

        Without `of` all kinds but the outbox, whose messages wait for room to be sent. With `share` at most so many
        of one owner in one state, so that many of one do not hide the others.
        """

    def next_due(self, *, of: type[Record] | None = None) -> datetime | None:
        """Return the earliest due time of any record of one kind; without `of`, of any kind but the outbox."""

    def last_audit(self) -> ChainHead:
        """Return the newest audit row, `GENESIS` where none is."""

    def handled(self, cause: str) -> bool:
        """Tell whether an audit row answers `cause` already."""

    def is_newer(self, model: type[R], identifier: str) -> bool:
        """Whether a file of this id or name is there that a newer program wrote: `get` gives None for it."""

    def outdated(self, model: type[R], version: int) -> Sequence[R]:
        """Return the records of the kind whose file is of an earlier version than `version`, in path order."""

    def find_answers(self, text: str, limit: int, *, without: str = "") -> Sequence[Answer]:
        """Return passages of the knowledge base that match `text`, best first, at most `limit`.

        Articles with the tag `without` are left out.
        """
