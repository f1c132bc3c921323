"""Writing canonical YAML, and changing some fields of a file that a person wrote and no other byte of it.

Canonical is block style, two spaces, the order given, texts that every reader takes for texts. libyaml's emitter is not
used: it escapes every character beyond the basic plane and folds at its own discretion.
"""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import TypeGuard

import yaml

from prismfs.records.document import DIRECTION, Document, JsonValue
from prismfs.records.formats.yaml_reader import resolve

_LONGEST_SIMPLE_KEY = 1000  # characters; libyaml looks 1,024 ahead for the colon

# Characters that show as one mark, whatever the reader's version of Unicode: no other spaces, no joiners and
# no marks of direction. The first must not mean anything to YAML.
_LETTERS = r"\u00a1-\u00ac\u00ae-\u05ff\u0620-\u167f\u1e00-\u1fff\u2190-\u2fff\u3001-\ud7ff\U0001f300-\U0001faff"
PLAIN = re.compile(rf"[A-Za-z0-9_/.+$^;(\\{_LETTERS}][ -~\u2010-\u2027\u2030-\u205e{_LETTERS}]*")
NOT_PLAIN = re.compile(r"\A\.\.\.|: | #|[: ]\Z")
_NOT_RAW = re.compile(f"[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029\ufeff\ufffe\uffff{DIRECTION}]")
_ESCAPED = json.JSONEncoder(ensure_ascii=False)


def write_yaml(document: Document, *, literal: bool = True) -> str:
    """Return `document` as canonical YAML; without `literal` texts of several lines are quoted too.

    `document` is within the limits that `document.check` states.
    """
    if not document:
        return "{}\n"
    writer = _Writer(literal)
    writer.mapping(document, 0)
    return writer.text()


def scalar(value: bool | int | float | str | None) -> str:
    """Return `value` on one line."""
    if isinstance(value, str):
        return _word(value) if len(value) <= _SHORT else _text(value)
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int):
        return str(int(value))
    text = repr(float(value))
    # 1e+16 is a text to YAML 1.1; 1.0e+16 is a number to everybody.
    return text.replace("e", ".0e") if "e" in text and "." not in text else text


_SHORT = 32  # characters: keys and words of vocabularies, which come again and again


def _text(text: str) -> str:
    return text if _is_plain(text) else quoted(text)


_word = lru_cache(maxsize=4096)(_text)


def quoted(text: str) -> str:
    """Return `text` in double quotes, on one line."""
    return _NOT_RAW.sub(lambda found: f"\\u{ord(found[0]):04x}", _ESCAPED.encode(text))


def _is_plain(text: str) -> bool:
    if not PLAIN.fullmatch(text) or NOT_PLAIN.search(text):
        return False
    return isinstance(resolve(text), str)


def _is_literal(text: str) -> bool:
    return "\n" in text and not text.isspace() and not _NOT_RAW.search(text)


class _Writer:
    """The lines of one file so far."""

    def __init__(self, literal: bool) -> None:
        self._lines: list[str] = []
        self._literal = literal
        self._last_literal = (0, "")

    def text(self) -> str:
        """Return the lines; the last one is not blank, for editors take blank lines off the end of a file."""
        if not self._lines[-1]:
            line, text = self._last_literal
            lead = self._lines[line].rpartition(" ")[0]
            self._lines[line:] = [f"{lead} {quoted(text)}"]
        return "\n".join(self._lines) + "\n"

    def mapping(self, mapping: dict[str, JsonValue], column: int) -> None:
        """Write `mapping`, its keys at `column`."""
        margin = " " * column
        for key, value in mapping.items():
            name = _word(key)
            if len(name) > _LONGEST_SIMPLE_KEY:
                self._lines.append(f"{margin}? {name}")
                name = ""
            self._value(f"{margin}{name}:", value, column)

    def _value(self, lead: str, value: JsonValue, column: int) -> None:
        if isinstance(value, str):
            if self._literal and _is_literal(value):
                self._block(lead, value, column + 2)
            else:
                self._lines.append(f"{lead} {_word(value) if len(value) <= _SHORT else _text(value)}")
        elif isinstance(value, dict):
            if value:
                self._lines.append(lead)
                self.mapping(value, column + 2)
            else:
                self._lines.append(f"{lead} {{}}")
        elif isinstance(value, list):
            if value:
                self._lines.append(lead)
                self._sequence(value, column + 2)
            else:
                self._lines.append(f"{lead} []")
        else:
            self._lines.append(f"{lead} {scalar(value)}")

    def _sequence(self, items: list[JsonValue], column: int) -> None:
        for item in items:
            if item and isinstance(item, (dict, list)):
                first = len(self._lines)
                if isinstance(item, dict):
                    self.mapping(item, column + 2)
                else:
                    self._sequence(item, column + 2)
                # The first line of the item shares its line with the dash.
                self._lines[first] = " " * column + "- " + self._lines[first][column + 2 :]
            else:
                self._value(" " * column + "-", item, column)

    def _block(self, lead: str, text: str, column: int) -> None:
        body = text.rstrip("\n")
        ends = len(text) - len(body)
        indicator = "2" if body[0] in " \t\n" else ""
        chomping = "-" if ends == 0 else "" if ends == 1 else "+"
        self._last_literal = (len(self._lines), text)
        self._lines.append(f"{lead} |{indicator}{chomping}")
        margin = " " * column
        self._lines.extend(margin + line if line else "" for line in body.split("\n"))
        self._lines.extend([""] * (ends - 1))


_COMMENT_BEHIND_KEY = re.compile(r"[ \t]*:(?:[ \t]*[|>][-+0-9]*)?([ \t]+#.*)")
_COMMENT = re.compile(r"([ \t]+#.*)")


class _NotInLinesError(Exception):
    """The top-level fields do not begin lines of their own."""


@dataclass(frozen=True, slots=True)
class _Span:
    """The lines of one top-level field: `first` up to but not with `end`, counted from 0.

    `key_end`, `value` and `value_end` are columns: behind the key, at the value, and behind it on its last
    line. `value` is None where the value does not start on the first line, or is a block.
    """

    key: str
    first: int
    key_end: int
    value: int | None
    end: int
    value_end: int


def amend_yaml(text: str, document: Document, *, changed: frozenset[str], added: Document, literal: bool) -> str | None:
    """Return `text` with `changed` fields as `document` has them or without them, `added` ones last.

    None when `text` is not laid out as lines of top-level fields. What comes back may still not say
    `document`, where a comment or a missing last newline stands in the way: parse it.
    """
    lines = text.split("\n")
    if lines[-1] == "":
        lines.pop()
    try:
        spans = [_span(*field, lines) for field in _fields(text)]
    except _NotInLinesError:
        return None
    result: list[str] = []
    at = 0
    for span in spans:
        result += lines[at : span.first]
        at = span.end
        old = lines[span.first : span.end]
        if span.key not in changed:
            result += old
        elif span.key in document:
            result += _replaced(span, old, document[span.key], literal)
    result += lines[at:]
    if added:
        result += _written(added, literal)
    return "\n".join(result) + ("\n" if added or text.endswith("\n") else "")


def _written(fields: Document, literal: bool) -> list[str]:
    return write_yaml(fields, literal=literal).split("\n")[:-1]


def _replaced(span: _Span, old: list[str], value: JsonValue, literal: bool) -> list[str]:
    """Return the lines of the field with `value`; the key's spelling and the comment beside it stand."""
    first, *more = _written({span.key: value}, literal)
    behind_key = first[len(scalar(span.key)) :]
    if span.value is not None and len(old) == 1 and not more:
        lead = old[0][: span.value]
        gap = "" if lead.endswith((" ", "\t")) else " "
        return [lead + gap + behind_key.removeprefix(": ") + old[0][span.value_end :]]
    comment = _COMMENT_BEHIND_KEY.fullmatch(old[0][span.key_end :])
    if comment is None and span.value is not None:
        comment = _COMMENT.fullmatch(old[-1][span.value_end :])
    return [old[0][: span.key_end] + behind_key + (comment[1] if comment else ""), *more]


def _fields(text: str) -> Iterator[tuple[yaml.ScalarEvent, yaml.NodeEvent, yaml.Event]]:
    """Yield each top-level field of the valid `text`: its key, its value, and the event behind which the value ends.

    That is a scalar or the end of a flow collection: ends of blocks stand further on.
    """
    flow: list[bool] = []  # of each collection around the event
    nodes: list[yaml.NodeEvent] = []
    last: yaml.Event | None = None
    loader = yaml.CLoader(text.encode())
    while not isinstance(event := loader.get_event(), yaml.StreamEndEvent):
        if isinstance(event, yaml.NodeEvent) and len(flow) == 1:
            nodes.append(event)
        if isinstance(event, yaml.CollectionStartEvent):
            flow.append(bool(event.flow_style))
            if flow == [True]:
                raise _NotInLinesError
        elif isinstance(event, yaml.ScalarEvent) or (isinstance(event, yaml.CollectionEndEvent) and flow.pop()):
            last = event
        if len(flow) == 1 and len(nodes) == 2:
            key, value = nodes
            assert isinstance(key, yaml.ScalarEvent)
            assert last is not None
            yield key, value, last
            nodes = []


def _span(key: yaml.ScalarEvent, value: yaml.NodeEvent, last: yaml.Event, lines: list[str]) -> _Span:
    (first, column), (key_line, key_end) = _start(key), _end(key)
    value_line, value_column = _start(value)
    if column != 0 or key_line != first:
        raise _NotInLinesError
    last_line, value_end = _end(last)
    end = last_line + 1
    if _is_block(last):
        if value_end == 0:
            end -= 1
        # Blank lines belong to the text only where it keeps them, or where what looks blank is its last word.
        kept = last.value.endswith("\n\n") or last.value.rstrip("\n")[-1:].isspace()
        while end > first + 1 and not lines[end - 1].strip() and not kept:
            end -= 1
    inline = value_line == first and not _is_block(value)
    return _Span(key.value, first, key_end, value_column if inline else None, end, value_end)


def _is_block(event: yaml.Event) -> TypeGuard[yaml.ScalarEvent]:
    return isinstance(event, yaml.ScalarEvent) and event.style in ("|", ">")


def _start(event: yaml.Event) -> tuple[int, int]:
    """Return the line and the column at which `event` begins, counted from 0."""
    assert event.start_mark is not None
    return event.start_mark.line, event.start_mark.column


def _end(event: yaml.Event) -> tuple[int, int]:
    assert event.end_mark is not None
    return event.end_mark.line, event.end_mark.column
