"""What one line of an artifact holds: parts with dashes or arrows between them, a timestamp, a box to be ticked.

Of several kinds of dash in a line the longest separates and the others belong to the words, so that a hyphen in a
sentence does no harm.
"""

import re
from datetime import UTC, datetime

from prismfs.records.api import cut_to_milliseconds

_DASHES = (" — ", " – ", " -- ", " - ")
_ARROWS = (" → ", " -> ", " => ")
_TIMESTAMP = re.compile(r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d(:\d\d(\.\d{1,6})?)?( ?(Z|UTC|[+-]\d\d:\d\d))?")

TIME_FORM = "2026-03-01 10:02Z"
"""How a timestamp may be written; RFC 3339 is another way."""


def by_dashes(text: str) -> list[str]:
    """Return the parts of `text` between its longest dashes, which have blanks around them."""
    return _split(text, _DASHES)


def by_arrows(text: str) -> list[str]:
    """Return the parts of `text` between its arrows."""
    return _split(text, _ARROWS)


def in_parts(text: str, count: int, *, surplus: int) -> list[str] | None:
    """Return `count` parts of `text`; where it has more, those from index `surplus` on are one. None for too few."""
    parts = by_dashes(text)
    more = len(parts) - count
    if more > 0:
        parts[surplus : surplus + more + 1] = [" — ".join(parts[surplus : surplus + more + 1])]
    return parts if len(parts) == count else None


def read_timestamp(text: str) -> datetime | None:
    """Return the instant that `text` names, in UTC where it names no zone; None where it names none."""
    if not _TIMESTAMP.fullmatch(text):
        return None
    try:
        found = datetime.fromisoformat(text.removesuffix("UTC").replace(" Z", "Z").strip())
    except ValueError:
        return None
    try:
        return cut_to_milliseconds((found if found.tzinfo else found.replace(tzinfo=UTC)).astimezone(UTC))
    except OverflowError:
        return None


def bracketed(text: str) -> tuple[str, str] | None:
    """Return what `[…]` at the beginning of `text` holds, and the rest; None where there is none."""
    inside, found, rest = text.removeprefix("[").partition("]")
    return (inside.strip(), rest.strip()) if text.startswith("[") and found else None


def same_words(text: str) -> str:
    """Return `text` as causes and effects are compared: case and the punctuation at its end do not matter."""
    return " ".join(text.split()).rstrip(".,;:!").casefold()


def _split(text: str, separators: tuple[str, ...]) -> list[str]:
    separator = next((each for each in separators if each in text), None)
    return [part.strip() for part in ([text] if separator is None else text.split(separator))]
