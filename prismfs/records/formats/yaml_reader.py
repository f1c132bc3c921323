"""Reading strict YAML: libyaml's events, and our own values from them.

A plain scalar means what JSON's notation says, or a text; what two readers take differently is refused.

Only events are taken from libyaml: its composer, reached through PyYAML, recurses on hostile nesting and
takes the process with it. Events come one by one, so a limit ends the reading before the next is looked for.
"""

import re
from typing import TypeAlias

import yaml

from prismfs.errors import RecordError
from prismfs.records import document as documents
from prismfs.records.document import Document, Flaw, JsonValue, Place, impossible_character, pointer, refusal
from prismfs.records.formats.yaml_words import resolve

_Parent: TypeAlias = dict[str, JsonValue] | list[JsonValue]

_HALF_CHARACTER = re.compile(r"\\(?:u|U0000)[dD][89a-fA-F][0-9a-fA-F]{2}")


def read_yaml(data: bytes, *, path: str = "") -> Document:
    """Return the document in `data`: UTF-8 without control characters, one strict YAML document.

    Raises:
        RecordError: anything else, with line, column and JSON pointer where they are known.
    """
    reader = _Reader(path)
    try:
        return reader.read(yaml.CLoader(data))
    except yaml.MarkedYAMLError as error:
        text = data.decode()
        if reader.may_be_too_deep(text, error.problem_mark):
            _refuse_too_deep(data, path)
        raise reader.syntax(text, error) from None
    except yaml.YAMLError:
        raise refusal("syntax", Place(path)) from None


def _refuse_too_deep(data: bytes, path: str) -> None:
    """Read `data` with PyYAML's own scanner, which has no limit of nesting, and refuse it if it passes ours.

    libyaml looks ahead in a line for the colon behind a key, so it may meet a limit of its own before it gives out
    the event that passes ours.
    """
    try:
        _Reader(path).read(yaml.SafeLoader(data))
    except RecordError as error:
        if error.code == "too_deep":
            raise
    except yaml.YAMLError:
        pass


class _Reader:
    """Builds the values of one file; `parents` and `keys` are the way from the root to the current place."""

    def __init__(self, path: str) -> None:
        self._path = path
        self._parents: list[_Parent] = []
        self._keys: list[str | None] = []
        self._root: JsonValue = None
        self._documents = 0
        self._nodes = 0

    def read(self, loader: yaml.CLoader | yaml.SafeLoader) -> Document:
        try:
            while not isinstance(event := loader.get_event(), yaml.StreamEndEvent):
                self._take(event)
        finally:
            loader.dispose()
        if not self._documents:
            raise refusal("empty_file", Place(self._path))
        assert isinstance(self._root, dict)
        return self._root

    def _take(self, event: yaml.Event | None) -> None:
        if isinstance(event, yaml.ScalarEvent):
            self._take_scalar(event)
        elif isinstance(event, yaml.MappingStartEvent):
            self._open(event, {})
        elif isinstance(event, yaml.SequenceStartEvent):
            self._open(event, [])
        elif isinstance(event, yaml.CollectionEndEvent):
            self._parents.pop()
            self._keys.pop()
            if self._keys:
                self._keys[-1] = None
        elif isinstance(event, yaml.AliasEvent):
            raise self._refusal("alias", event)
        elif isinstance(event, yaml.DocumentStartEvent):
            self._documents += 1
            if self._documents > 1:
                raise self._refusal("several_documents", event)
            if event.tags:
                raise self._refusal("tag", event)
            if event.version:
                raise self._refusal("syntax", event, detail="directives are not allowed", hint="remove the % line")

    def _take_scalar(self, event: yaml.ScalarEvent) -> None:
        self._count(event)
        text: str = event.value
        value: JsonValue | Flaw = text if event.style else resolve(text)
        if event.style == '"' and (found := impossible_character(text)):
            value = Flaw(documents.unsafe_code(found[0]))
        if not self._parents:
            raise self._refusal("not_a_mapping", event)
        if isinstance(value, Flaw):
            raise self._refusal(value.code, event)
        parent = self._parents[-1]
        if isinstance(parent, list):
            parent.append(value)
        elif (key := self._keys[-1]) is None:
            self._take_key(value, event, parent)
        else:
            parent[key] = value
            self._keys[-1] = None

    def _take_key(self, value: JsonValue, event: yaml.ScalarEvent, parent: dict[str, JsonValue]) -> None:
        if not isinstance(value, str):
            raise self._refusal("key_not_string", event)
        if found := documents.unsafe_character(value):
            raise self._refusal(documents.unsafe_code(found[0]), event)
        if value == "<<" and not event.style:
            raise self._refusal("merge_key", event)
        self._keys[-1] = value
        if value in parent:
            raise self._refusal("duplicate_key", event)

    def _open(self, event: yaml.CollectionStartEvent, value: _Parent) -> None:
        self._count(event)
        if not self._parents:
            if isinstance(value, list):
                raise self._refusal("not_a_mapping", event)
            self._root = value
        else:
            parent, key = self._parents[-1], self._keys[-1]
            if key is None and isinstance(parent, dict):
                raise self._refusal("key_not_string", event)
            if len(self._parents) >= documents.MAX_DEPTH:
                raise self._refusal("too_deep", event)
            if isinstance(parent, list):
                parent.append(value)
            elif key is not None:
                parent[key] = value
        self._parents.append(value)
        self._keys.append(None)

    def _count(self, event: yaml.ScalarEvent | yaml.CollectionStartEvent) -> None:
        self._nodes += 1
        if self._nodes > documents.MAX_NODES:
            raise self._refusal("too_many_nodes", event)
        if event.anchor is not None:
            raise self._refusal("anchor", event)
        if event.tag is not None:
            raise self._refusal("tag", event)

    def _pointer(self) -> str:
        tokens: list[str | int] = []
        last = len(self._parents) - 1
        for level, (parent, key) in enumerate(zip(self._parents, self._keys, strict=True)):
            if isinstance(parent, list):
                # The item that a deeper level belongs to has been appended already.
                tokens.append(len(parent) - (level < last))
            elif key is not None:
                tokens.append(key)
        return pointer(tokens)

    def _refusal(self, code: str, event: yaml.Event, *, detail: str = "", hint: str = "") -> RecordError:
        mark = event.start_mark
        line, column = (mark.line + 1, mark.column + 1) if mark else (0, 0)
        return refusal(code, Place(self._path, self._pointer(), line, column), detail=detail, hint=hint)

    def may_be_too_deep(self, text: str, mark: yaml.Mark | None) -> bool:
        """Tell whether the brackets of the line in which libyaml stopped could lead deeper than the limit."""
        end = mark.index if mark else len(text)
        line = text[text.rfind("\n", 0, end) + 1 : end]
        return len(self._parents) + line.count("[") + line.count("{") > documents.MAX_DEPTH

    def syntax(self, text: str, error: yaml.MarkedYAMLError) -> RecordError:
        """Return the refusal of what libyaml cannot read; its words are passed on, but decide nothing."""
        mark = error.problem_mark
        line, column = (mark.line + 1, mark.column + 1) if mark else (0, 0)
        place = Place(self._path, self._pointer() or None, line, column)
        # The mark is at the digits of an escape.
        if mark and _HALF_CHARACTER.match(text, max(0, mark.index - 2)):
            return refusal("lone_surrogate", place)
        return refusal("syntax", place, detail=f"not YAML: {error.problem}" if error.problem else "")
