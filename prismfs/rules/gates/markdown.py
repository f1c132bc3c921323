"""The blocks of a Markdown text, read by a CommonMark parser, and the parts of one line.

Blocks are headings, paragraphs, lists with plain items; the text inside a line is left as it was written: no links are
followed, no HTML is known, nothing disappears. A line holds parts with dashes or arrows between them, a timestamp, a
box to be ticked. Of several kinds of dash in a line the longest separates and the others belong to the words, so that
a hyphen in a sentence does no harm.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from typing import TYPE_CHECKING, Literal

from prismfs.records.api import cut_to_milliseconds

if TYPE_CHECKING:
    from markdown_it import MarkdownIt
    from markdown_it.token import Token

_LISTS: dict[str, Literal["bullets", "numbers"]] = {"bullet_list_open": "bullets", "ordered_list_open": "numbers"}

_DASHES = (" — ", " – ", " -- ", " - ")
_ARROWS = (" → ", " -> ", " => ")
_TIMESTAMP = re.compile(r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d(:\d\d(\.\d{1,6})?)?( ?(Z|UTC|[+-]\d\d:\d\d))?")

_DAY = re.compile(r"\d{4}-\d\d-\d\d")

TIME_FORM = "2026-03-01 10:02Z"
"""How a timestamp may be written; RFC 3339 is another way."""


@dataclass(frozen=True, slots=True)
class Item:
    """One item of a list, in one line; `plain` unless it holds more than one paragraph. Lines count from 1."""

    line: int
    text: str
    plain: bool


@dataclass(frozen=True, slots=True)
class Block:
    """One block: `level` of a heading, `text` of a heading or paragraph, `items` of a list. Lines count from 1.

    `end` is the line after it.
    """

    type: Literal["heading", "paragraph", "bullets", "numbers", "other"]
    line: int
    end: int
    text: str = ""
    level: int = 0
    items: tuple[Item, ...] = ()


@dataclass(frozen=True, slots=True)
class Part:
    """A heading and what follows it: the blocks, and the text as it was written, without blank lines at its ends."""

    name: str
    line: int
    blocks: tuple[Block, ...]
    source: str


@dataclass(frozen=True, slots=True)
class Reading:
    """A text, as its lines and its blocks."""

    lines: tuple[str, ...]
    blocks: tuple[Block, ...]


def read_markdown(text: str) -> Reading:
    """Return the blocks of `text`, in order."""
    lines = text.replace("\r\n", "\n").replace("\r", "\n")
    return Reading(tuple(lines.split("\n")), tuple(_blocks(_parser().parse(lines))))


def split(blocks: Sequence[Block], lines: Sequence[str], level: int) -> tuple[tuple[Block, ...], tuple[Part, ...]]:
    """Return the blocks before the first heading of `level`, and the parts that such headings begin."""
    at = [number for number, block in enumerate(blocks) if block.type == "heading" and block.level == level]
    parts = []
    for number, begin in enumerate(at):
        end = at[number + 1] if number + 1 < len(at) else len(blocks)
        inside, heading = tuple(blocks[begin + 1 : end]), blocks[begin]
        # Lists and fences may claim blank lines after them; the parser's end of the last block is never too early.
        last = max((block.end for block in inside), default=heading.end)
        source = "\n".join(lines[heading.end - 1 : last - 1]).strip("\n").rstrip()
        parts.append(Part(name=heading.text, line=heading.line, blocks=inside, source=source))
    return tuple(blocks[: at[0]] if at else blocks), tuple(parts)


@cache
def _parser() -> MarkdownIt:
    from markdown_it import MarkdownIt  # most commands meet no text of this kind

    # Without its inline rules the parser's work is linear in the text; link definitions would vanish from it.
    return MarkdownIt("commonmark", {"html": False}).disable(["inline", "reference"])


def _blocks(tokens: Sequence[Token]) -> Iterator[Block]:
    """Yield the blocks that are inside no other."""
    begin = 0
    while begin < len(tokens):
        end = _end_of(tokens, begin)
        token = tokens[begin]
        first, after = token.map or (0, 0)
        line, text = first + 1, _text(tokens[begin : end + 1])
        if token.type == "heading_open":
            yield Block("heading", line, after + 1, text=text, level=int(token.tag[1:]))
        elif token.type == "paragraph_open":
            yield Block("paragraph", line, after + 1, text=text)
        elif token.type in _LISTS:
            yield Block(_LISTS[token.type], line, after + 1, items=tuple(_items(tokens[begin + 1 : end])))
        else:
            yield Block("other", line, after + 1)
        begin = end + 1


def _items(tokens: Sequence[Token]) -> Iterator[Item]:
    begin = 0
    while begin < len(tokens):
        end = _end_of(tokens, begin)
        inside = tokens[begin + 1 : end]
        plain = [token.type for token in inside] == ["paragraph_open", "inline", "paragraph_close"]
        yield Item((tokens[begin].map or (0,))[0] + 1, _text(inside) if plain else "", plain or not inside)
        begin = end + 1


def _end_of(tokens: Sequence[Token], begin: int) -> int:
    """Return where what opens at `begin` closes."""
    if tokens[begin].nesting != 1:
        return begin
    level = tokens[begin].level
    return next(at for at in range(begin + 1, len(tokens)) if tokens[at].level == level and tokens[at].nesting == -1)


def _text(tokens: Sequence[Token]) -> str:
    found = next((token.content for token in tokens if token.type == "inline"), "")
    return " ".join(found.split())


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
        return cut_to_milliseconds((found if found.tzinfo else found.replace(tzinfo=UTC)).astimezone(UTC))
    except (ValueError, OverflowError):
        return None


def read_rough_time(text: str) -> datetime | None:
    """Return the beginning of what `text` names roughly: a day such as 2026-03-01, or `about` a day or a timestamp."""
    said = text.removeprefix("about ").strip()
    rough = _DAY.fullmatch(said) is not None
    if said == text and not rough:
        return None
    return read_timestamp(f"{said} 00:00Z" if rough else said)


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
