"""Identifiers: a prefix and 26 characters, sortable by time, derived from their cause, safe as a path.

The 26 characters are Crockford base 32 in lower case: ten for milliseconds since 1970 (48 bits), sixteen
from a SHA-256 over cause and role (80 bits). The same cause gives the same id, so that a decision taken
twice, after a crash or in another clone, names the same record.
"""

import hashlib
import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import Annotated, Any, NewType

from prismfs.errors import RecordError

ALPHABET = "0123456789abcdefghjkmnpqrstvwxyz"
_AS_PYTHON = bytes.maketrans(ALPHABET.encode(), b"0123456789abcdefghijklmnopqrstuv")
"""The digits of base 32 as `int` reads them."""

_BITS = 5
_TIME_CHARS = 10
_HASH_CHARS = 16
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
# The first character goes to 6 only: with 7 the time could lie beyond the year 9999, which no calendar here knows.
ID_TARGET = rf"([a-z]{{2,4}})-([0-6][{ALPHABET}]{{{_TIME_CHARS + _HASH_CHARS - 1}}})"
_PATTERN = re.compile(ID_TARGET)

# No line breaks or control characters: these stand in commit trailers, paths and tables.
IDENTITY_TARGET = r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}"


@dataclass(frozen=True, slots=True)
class Matching:
    """The form that a text of a model has; unlike pydantic's word for it, it costs no import where none is built."""

    pattern: str

    def __get_pydantic_core_schema__(self, source: Any, handler: Any) -> dict[str, Any]:
        """Return the schema of a text with the pattern."""
        return {**handler(source), "pattern": self.pattern}


Id = NewType("Id", Annotated[str, Matching(f"^{ID_TARGET}$")])
"""A whole identifier. A field of this type refuses everything else: paths are built from it."""

_PREFIX_PATTERN = re.compile(rf"[a-z]{{2,4}}-[{ALPHABET}]{{0,26}}")


def derive_id(prefix: str, at: datetime, *, cause: str, role: str = "") -> Id:
    """Return the id that `cause` gives a record of `prefix` at `at` (UTC; cut to milliseconds).

    `role` tells apart several records of one cause, such as the outbox records of one escalation.
    """
    digest = hashlib.sha256(f"{prefix}\0{role}\0{cause}".encode()).digest()
    tail = int.from_bytes(digest[: _HASH_CHARS * _BITS // 8], "big")
    return Id(f"{prefix}-{_digits_of(at)}{_base32(tail, _HASH_CHARS)}")


def parse_id(text: str, *, prefix: str | None = None) -> Id:
    """Return `text` as an id.

    Raises:
        RecordError: `bad_id` if it does not match the pattern, or does not begin with `prefix`. It is
            refused, never cleaned: paths are built from ids.
    """
    match = _PATTERN.fullmatch(text)
    if match is None or (prefix is not None and match[1] != prefix):
        wanted = f"{prefix or 'xxx'}- and 26 characters of {ALPHABET}"
        raise RecordError("bad_id", f"not an id: {text[:60]!r}", hint=f"an id is {wanted}")
    return Id(text)


def is_id_prefix(text: str) -> bool:
    """Tell whether `text` could be the beginning of an id (`inc-`, `inc-01k`, or a whole one)."""
    return _PREFIX_PATTERN.fullmatch(text) is not None


def prefix_of(identifier: str) -> str:
    """Return the letters before the dash, which name the kind."""
    return identifier.partition("-")[0]


def time_of(identifier: Id) -> datetime:
    """Return the instant that the id was made for (UTC, milliseconds)."""
    return _EPOCH + timedelta(milliseconds=_milliseconds(identifier))


def _milliseconds(identifier: Id) -> int:
    # Of bytes: each letter of a text would be looked up in a mapping.
    end = -_HASH_CHARS
    return int(identifier[end - _TIME_CHARS : end].encode().translate(_AS_PYTHON), 32)


LAYOUT = 1
"""The number of this layout: of the paths below, and of what stands in one file. It stands in `prismfs.yaml`."""


def dated_path(folder: str, identifier: Id, suffix: str) -> str:
    """Return `folder/yyyy-mm/dd/hh/x/y/id.suffix`, the place of a record, from its id alone.

    `x` and `y` are the last eight bits of the id: git writes every folder on the way anew with each commit. A flat one
    of an hour with thousands of records would cost more than all the rest of the commit; 256 folders in one cost half.
    """
    hour = _hour(_milliseconds(identifier) // 3_600_000)
    return f"{folder}/{hour}/{_BUCKETS[identifier[-2:]]}/{identifier}.{suffix}"


@lru_cache(maxsize=1024)
def _hour(hours: int) -> str:
    """Return the folders of the hour that began so many hours after 1970."""
    return f"{_EPOCH + timedelta(hours=hours):%Y-%m/%d/%H}"


@lru_cache(maxsize=1024)
def _digits_of(at: datetime) -> str:
    return _base32((at - _EPOCH) // timedelta(milliseconds=1), _TIME_CHARS)


_PAIRS = tuple(first + second for first in ALPHABET for second in ALPHABET)
_BUCKETS = {pair: f"{number >> 4 & 15:x}/{number & 15:x}" for number, pair in enumerate(_PAIRS)}


def _base32(value: int, length: int) -> str:
    """Return `value` in `length` digits, an even number of them."""
    return "".join([_PAIRS[value >> shift & 1023] for shift in range((length - 2) * _BITS, -1, -2 * _BITS)])
