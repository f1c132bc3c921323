"""Changing some fields of a YAML file that a person wrote, and no other byte of it."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TypeGuard

import yaml

from prismfs.records.document import Document, JsonValue
from prismfs.records.formats.yaml_writer import scalar, write_yaml

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
