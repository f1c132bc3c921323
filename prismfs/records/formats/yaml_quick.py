"""Reading YAML that is laid out as `yaml_writer` lays it out, without libyaml's events: many times faster.

What is read here means the same to `yaml_reader`, and whatever is not surely of that layout is left to it. Nothing is
ever refused here: a fault is one more layout that is not known.
"""

import json
import re
from functools import lru_cache
from typing import TypeAlias

from prismfs.records.document import Document, Flaw, JsonValue
from prismfs.records.formats.yaml_words import resolve
from prismfs.records.formats.yaml_writer import looks_plain

_Line: TypeAlias = tuple[str, str, str, str, str, str]

# Margin, dash, key, and what follows: between quotes a text without escapes, or a plain one that can be nothing else
# (too long for a word, beginning with a letter, no colon, no hash), or the rest. Every line is one. A key is a word
# that needs no quotes, so none of a number.
_LINE = re.compile(
    r"^( *)(- )?(?:([A-Za-z_][A-Za-z0-9_./-]{0,63}):(?: |$))?"
    r'(?:"([^"\\\t\n]+)"$|([A-Za-z_/][ -"$-9;-~]{4,}[!-"$-9;-~])$|(.*)$)',
    re.MULTILINE,
)
_LONGEST_WORD = 5  # characters, of a plain text that may mean something else
_QUOTED = re.compile(r'"(?:[^"\\\t]|\\["\\bfnrt])*"')
_NEGATIVE = re.compile(r"-[0-9]+(?:\.[0-9]+)?(?:[eE][-+]?[0-9]+)?")
_MOST_LINES = 5000  # of three nodes at most: a mapping behind a dash, key, value
_DEEPEST = 40  # columns, two a level
_SHORT = 32
_MORE = ("", "|", "{", "[")  # begins what may be no scalar of one line


class _OtherLayoutError(Exception):
    """The text is laid out in another way."""


def read_quick(text: str) -> Document | None:
    """Return the document in `text`, which holds no character that no file may; None where it takes the full reader."""
    if text.startswith("# "):
        text = text.partition("\n")[2]
    if not text.endswith("\n"):
        return None
    try:
        return _Reader(text[:-1]).document()
    except _OtherLayoutError:
        return None


class _Reader:
    """The lines of one file, and which of them is the next."""

    def __init__(self, text: str) -> None:
        self._raw = text.split("\n")
        self._lines: list[_Line] = _LINE.findall(text)
        self._at = 0
        if len(self._lines) > _MOST_LINES:
            raise _OtherLayoutError

    def document(self) -> Document:
        """Return the document that all the lines say."""
        found = self._mapping(0)
        if self._at < len(self._lines) or not found:
            raise _OtherLayoutError
        return found

    def _mapping(self, column: int) -> Document:
        """Return the mapping whose keys begin at `column`, from the next line on."""
        found: Document = {}
        lines, end = self._lines, len(self._lines)
        while self._at < end:
            margin, dash, key, quoted, plain, rest = lines[self._at]
            if len(margin) != column or dash:
                break
            if not key or key in found or (len(key) <= _LONGEST_WORD and not isinstance(_word(key), str)):
                raise _OtherLayoutError
            self._at += 1
            found[key] = quoted or plain or (self._value(rest, column) if rest[:1] in _MORE else _scalar(rest))
        return found

    def _sequence(self, column: int) -> list[JsonValue]:
        """Return the sequence whose dashes stand at `column`."""
        found: list[JsonValue] = []
        while self._at < len(self._lines):
            margin, dash, key, quoted, plain, rest = self._lines[self._at]
            if len(margin) != column or not dash:
                break
            if key:
                self._lines[self._at] = (f"{margin}  ", "", key, quoted, plain, rest)
                found.append(self._mapping(column + 2))
            else:
                self._at += 1
                found.append(quoted or plain or self._value(rest, column))
        return found

    def _value(self, rest: str, column: int) -> JsonValue:
        """Return the value behind a key or a dash at `column`, of which `rest` stands in the same line."""
        if not rest:
            return self._below(column + 2)
        if rest[0] == "|":
            return self._literal(rest[1:], column + 2)
        if rest == "{}":
            return {}
        if rest == "[]":
            return []
        return _scalar(rest)

    def _below(self, column: int) -> JsonValue:
        if self._at == len(self._lines) or len(self._lines[self._at][0]) != column or column > _DEEPEST:
            raise _OtherLayoutError
        return self._sequence(column) if self._lines[self._at][1] else self._mapping(column)

    def _literal(self, chomping: str, column: int) -> str:
        raw, margin, first = self._raw, " " * column, self._at
        while self._at < len(raw) and (not raw[self._at] or raw[self._at].startswith(margin)):
            self._at += 1
        text = "\n".join([line[column:] for line in raw[first : self._at]])
        if text[:1] in ("", " ", "\t", "\n"):  # then the layout says how far it is indented
            raise _OtherLayoutError
        match chomping:
            case "":
                return text.rstrip("\n") + "\n"
            case "-":
                return text.rstrip("\n")
            case "+":
                return text + "\n"
            case _:
                raise _OtherLayoutError


def _scalar(text: str) -> JsonValue:
    value = _word(text) if len(text) <= _SHORT else _meaning(text)
    if isinstance(value, Flaw):
        raise _OtherLayoutError
    return value


def _meaning(text: str) -> JsonValue | Flaw:
    """Return what the scalar `text`, one line, says; a flaw where it takes the full reader to tell."""
    if text[0] == '"':
        if _QUOTED.fullmatch(text):
            found: str = json.loads(text)
            return found
    elif looks_plain(text) or _NEGATIVE.fullmatch(text):
        return resolve(text)
    return _UNKNOWN


_UNKNOWN = Flaw("syntax")
_word = lru_cache(maxsize=4096)(_meaning)
