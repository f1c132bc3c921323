"""The document: what a record file says, as plain values, and the limits that every document keeps."""

import math
import re
from dataclasses import dataclass
from typing import TypeAlias

from prismfs.errors import RecordError

JsonValue: TypeAlias = bool | int | float | str | list["JsonValue"] | dict[str, "JsonValue"] | None
Document: TypeAlias = dict[str, JsonValue]

MAX_DEPTH = 32  # levels; the top-level mapping is the first
MAX_NODES = 20_000  # keys and values together
MIN_INTEGER, MAX_INTEGER = -(2**63), 2**63 - 1  # what SQLite and most readers of JSON can hold

_UNSAFE = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\ufeff\ud800-\udfff]")
DIRECTION = "\u202a-\u202e\u2066-\u2069"
"""Marks (a range of a pattern) that show text in another order than it has; written as escapes (FV-07)."""

_AS_ESCAPE = re.compile(f"[\x00-\x08\x0b-\x1f\x7f-\x9f\ufeff{DIRECTION}]")
_NEVER = re.compile("[\x00\ud800-\udfff]")

# What is wrong, and the next step, for each code.
_REFUSALS = {
    "alias": ("aliases are not allowed", "write the value out where it is used"),
    "anchor": ("anchors are not allowed", "remove the &name"),
    "control_character": (
        "a control character is not allowed",
        "remove it; in a text, not in a key, all but NUL may stand, written as escapes in double quotes",
    ),
    "duplicate_key": ("a key stands twice in one mapping", "keep one of the two"),
    "empty_file": ("the file holds no document", "write the fields of the record"),
    "implicit_boolean": ("a bare word that some readers take for a boolean", "write true or false, or quote the text"),
    "implicit_date": ("a bare date or time", "put it in quotes"),
    "implicit_null": ("a bare word that some readers take for null", "write null, or quote the text"),
    "implicit_number": (
        "a bare number in a form that readers take differently",
        "write it in plain decimal (15, -2, 0.5, 1.0e+5), or quote the text",
    ),
    "integer_too_large": ("an integer does not fit into 64 bits", "quote it when it is an identifier"),
    "key_not_string": ("a key is not a string", "put the key in quotes"),
    "lone_surrogate": ("an escape names half a character", "write the character itself"),
    "merge_key": ("merge keys are not allowed", "write the fields out"),
    "not_a_mapping": ("the document is not a mapping of fields", "write `field: value` lines, or one JSON object"),
    "not_a_number": ("a number is not finite", "write a finite number, null or a quoted text"),
    "not_utf8": ("the file is not UTF-8", "save it as UTF-8"),
    "several_documents": ("the file holds more than one document", "put each document in a file of its own"),
    "syntax": ("the file cannot be read", "mend the file at the place named"),
    "tag": ("tags are not allowed", "remove the tag"),
    "too_deep": (f"nested deeper than {MAX_DEPTH} levels", "flatten the document"),
    "too_many_nodes": (f"more than {MAX_NODES:,} keys and values", "split the document"),
}


@dataclass(frozen=True, slots=True)
class Place:
    """Where in a file something stands; `line` and `column` count from 1, 0 is unknown."""

    path: str = ""
    pointer: str | None = None
    line: int = 0
    column: int = 0


@dataclass(frozen=True, slots=True)
class Flaw:
    """Stands in a tree for a value that a reader could not take, until `check` says where it is."""

    code: str
    key: str | None = None


def refusal(code: str, place: Place, *, detail: str = "", hint: str = "") -> RecordError:
    """Return the error for `code` at `place`; `detail` and `hint` replace the usual words."""
    message, usual = _REFUSALS[code]
    where = f" at line {place.line}, column {place.column}" if place.line else ""
    return RecordError(
        code, f"{detail or message}{where}", path=place.path or None, field=place.pointer, hint=hint or usual
    )


def pointer(tokens: list[str | int]) -> str:
    """Return the JSON pointer (RFC 6901) that leads through `tokens`."""
    return "".join("/" + str(token).replace("~", "~0").replace("/", "~1") for token in tokens)


def unsafe_character(text: str) -> re.Match[str] | None:
    """Return the first control character, byte order mark or surrogate of `text`, None when there is none.

    These never stand in a file as they are, nor in a key; in a value they stand as escapes.
    """
    # Everything unsafe is unprintable too, and that is answered ten times faster, of a file without its line breaks.
    return None if text.isprintable() or text.replace("\n", "").isprintable() else _UNSAFE.search(text)


def impossible_character(text: str) -> re.Match[str] | None:
    """Return the first character of `text` that no value may hold, NUL or half a character, None where none is."""
    return None if text.isprintable() else _NEVER.search(text)


def replace_impossible(text: str) -> str:
    """Return `text` with U+FFFD for what no value may hold: of what programs say, which must not be refused."""
    return text if text.isprintable() else _NEVER.sub("\ufffd", text)


def escape_unsafe(text: str) -> str:
    """Return JSON or quoted YAML `text` with what may not stand in a file as it is written as escapes."""
    return text if text.isprintable() else _AS_ESCAPE.sub(lambda found: f"\\u{ord(found[0]):04x}", text)


def unsafe_code(character: str) -> str:
    """Return the code under which the unsafe `character` is refused."""
    return "lone_surrogate" if "\ud800" <= character <= "\udfff" else "control_character"


_NO = -1_000_000_000  # below what any number of nodes that a file can hold makes good


def is_simple(root: object) -> bool:
    """Tell, quickly, that `root` is a document within the limits, without floats that encoders write differently.

    False says nothing: `check` finds out.
    """
    return type(root) is dict and 0 < _simple_nodes(root, MAX_DEPTH) < MAX_NODES


def _simple_nodes(parent: dict[object, object] | list[object], depth: int) -> int:
    """Return the number of keys and values of `parent` and below, the latter at most `depth` levels; `_NO` if not."""
    if type(parent) is dict:
        for key in parent:
            if type(key) is not str or not key.isprintable():
                return _NO
        nodes, values = 1 + 2 * len(parent), iter(parent.values())
    else:
        nodes, values = 1 + len(parent), iter(parent)
    for value in values:
        of = type(value)
        if of is str:
            if not value.isprintable() and _NEVER.search(value):  # type: ignore[attr-defined, call-overload]
                return _NO
        elif of is dict or of is list:
            nodes += _simple_nodes(value, depth - 1) if depth > 1 else _NO  # type: ignore[arg-type]
        elif of is int or of is float:
            if not _is_simple_number(value):  # type: ignore[arg-type]
                return _NO
        elif value is not None and of is not bool:
            return _NO
    return nodes


def _is_simple_number(value: float) -> bool:
    """Tell whether a number is within the limits and alike in all encoders: one has 1e-05 where another has 1e-5."""
    if type(value) is int:
        return MIN_INTEGER <= value <= MAX_INTEGER
    return value == 0 or 1e-4 <= abs(value) < 1e16


def check(root: object, *, path: str = "", strings: bool = True) -> None:
    """Check that `root` is a document within the limits; `strings` asks for a look into texts and keys.

    Raises:
        RecordError: the first fault found, with its JSON pointer.
        TypeError: a value that no JSON document can hold.
    """
    if not is_simple(root):
        _look_for_fault(root, path=path, strings=strings)


def _look_for_fault(root: object, *, path: str, strings: bool) -> None:
    if isinstance(root, Flaw):
        raise _flawed(root, [], path)
    if not isinstance(root, dict):
        raise refusal("not_a_mapping", Place(path, ""))
    nodes = 1
    waiting: list[tuple[object, list[str | int]]] = [(root, [])]
    while waiting:
        parent, trail = waiting.pop()
        pairs: list[tuple[str | int, object]]
        if isinstance(parent, dict):
            _check_keys(parent, trail, path=path, strings=strings)
            pairs = list(parent.items())
            nodes += 2 * len(pairs)
        else:
            assert isinstance(parent, list)
            pairs = list(enumerate(parent))
            nodes += len(pairs)
        if nodes > MAX_NODES:
            raise refusal("too_many_nodes", Place(path, pointer(trail)))
        for token, value in pairs:
            if isinstance(value, (dict, list)):
                if len(trail) + 2 > MAX_DEPTH:
                    raise refusal("too_deep", Place(path, pointer([*trail, token])))
                waiting.append((value, [*trail, token]))
            elif (flaw := _flaw_of(value, strings)) is not None:
                raise _flawed(flaw, [*trail, token], path)


def _check_keys(parent: dict[object, object], trail: list[str | int], *, path: str, strings: bool) -> None:
    for key in parent:
        if not isinstance(key, str):
            raise refusal("key_not_string", Place(path, pointer(trail)))
        if strings and (found := unsafe_character(key)):
            raise refusal(unsafe_code(found[0]), Place(path, pointer(trail)))


def _flaw_of(value: object, strings: bool) -> Flaw | None:
    if isinstance(value, str):
        found = impossible_character(value) if strings else None
        return Flaw(unsafe_code(found[0])) if found else None
    if value is None or isinstance(value, bool):
        return None
    if isinstance(value, int):
        return None if MIN_INTEGER <= value <= MAX_INTEGER else Flaw("integer_too_large")
    if isinstance(value, float):
        return None if math.isfinite(value) else Flaw("not_a_number")
    if isinstance(value, Flaw):
        return value
    raise TypeError(f"a document cannot hold a {type(value).__name__}")


def _flawed(flaw: Flaw, trail: list[str | int], path: str) -> RecordError:
    tokens = trail if flaw.key is None else [*trail, flaw.key]
    return refusal(flaw.code, Place(path, pointer(tokens)))


def member(document: Document, paths: str | None) -> JsonValue:
    """Return the member at a dotted path, of several (`a|b`) the first that is there; None where none is."""
    if paths in document:  # as nearly all are: a member of the document itself
        return document[paths]
    for dotted in paths.split("|") if paths else ():
        value: JsonValue = document
        for part in dotted.split("."):
            value = value.get(part) if isinstance(value, dict) else None
        if value is not None:
            return value
    return None
