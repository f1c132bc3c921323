"""The blocks of a Markdown text, read by a CommonMark parser: headings, paragraphs, lists with plain items.

The text inside a line is left as it was written: no links are followed, no HTML is known, nothing disappears.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

from markdown_it import MarkdownIt
from markdown_it.token import Token

# Without its inline rules the parser's work is linear in the text; link definitions would vanish from it.
_PARSER = MarkdownIt("commonmark", {"html": False}).disable(["inline", "reference"])
_LISTS: dict[str, Literal["bullets", "numbers"]] = {"bullet_list_open": "bullets", "ordered_list_open": "numbers"}


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
    return Reading(tuple(lines.split("\n")), tuple(_blocks(_PARSER.parse(lines))))


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
