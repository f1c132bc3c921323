"""Changing some fields of a YAML file that a person wrote, and no other byte of it."""

import re
from dataclasses import dataclass

import yaml

from prismfs.records.document import Document, JsonValue
from prismfs.records.yaml_writer import scalar, write_yaml

_COMMENT_BEHIND_KEY = re.compile(r"[ \t]*:(?:[ \t]*[|>][-+0-9]*)?([ \t]+#.*)")
_COMMENT = re.compile(r"([ \t]+#.*)")


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


def amend(text: str, document: Document, *, changed: frozenset[str], added: Document, literal: bool) -> str | None:
    """Return `text` with `changed` fields as `document` has them or without them, `added` ones last.

    None when `text` is not laid out as lines of top-level fields. What comes back may still not say
    `document`, where a comment or a missing last newline stands in the way: parse it.
    """
    lines = text.split("\n")
    if lines[-1] == "":
        lines.pop()
    spans = _spans(text, lines)
    if spans is None:
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


def _spans(text: str, lines: list[str]) -> list[_Span] | None:
    """Return the spans of the top-level fields of the valid `text`, in order; None without such a layout."""
    spans: list[_Span] = []
    flow: list[bool] = []
    key: yaml.ScalarEvent | None = None
    value: yaml.NodeEvent | None = None
    last: yaml.Event | None = None  # the event behind which the value ends; ends of blocks stand further on
    loader = yaml.CLoader(text.encode())
    while not isinstance(event := loader.get_event(), yaml.StreamEndEvent):
        if isinstance(event, yaml.NodeEvent) and len(flow) == 1:
            if key is None:
                if not isinstance(event, yaml.ScalarEvent):
                    return None
                key = event
                continue
            value = event
        if isinstance(event, yaml.CollectionStartEvent):
            flow.append(bool(event.flow_style))
            if flow == [True]:
                return None
        elif isinstance(event, yaml.CollectionEndEvent):
            if flow.pop():
                last = event
        elif isinstance(event, yaml.ScalarEvent):
            last = event
        if len(flow) == 1 and key is not None and value is not None and last is not None:
            span = _span(key, value, last, lines)
            if span is None:
                return None
            spans.append(span)
            key = value = last = None
    return spans


def _span(key: yaml.ScalarEvent, value: yaml.NodeEvent, last: yaml.Event, lines: list[str]) -> _Span | None:
    start, behind_key, at, behind = key.start_mark, key.end_mark, value.start_mark, last.end_mark
    assert start is not None
    assert behind_key is not None
    assert at is not None
    assert behind is not None
    if start.column != 0 or behind_key.line != start.line:
        return None
    end, value_end = behind.line + 1, behind.column
    if isinstance(last, yaml.ScalarEvent) and last.style in ("|", ">"):
        if value_end == 0:
            end -= 1
        # Blank lines belong to the text only where it keeps them.
        while end > start.line + 1 and not lines[end - 1].strip() and not last.value.endswith("\n\n"):
            end -= 1
    inline = at.line == start.line and not (isinstance(value, yaml.ScalarEvent) and value.style in ("|", ">"))
    return _Span(key.value, start.line, behind_key.column, at.column if inline else None, end, value_end)
