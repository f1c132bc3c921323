"""JSON as it is read strictly and written canonically, without the models' library or the YAML reader."""

import json
from collections.abc import Sequence

from prismfs.records.document import Document, Flaw, Place, check, escape_unsafe, refusal, unsafe_character

_LONGEST_INTEGER = 20  # characters of -2**63


def read_json(data: bytes, path: str = "") -> Document:
    """Return the document in `data`; `path` is said in errors.

    Raises:
        RecordError: as for `codec.parse`.
    """
    text = text_of(data, path)
    try:
        document: Document = _DECODER.decode(text)
    except json.JSONDecodeError as error:
        place = Place(path, None, error.lineno, error.colno)
        raise refusal("syntax", place, detail=f"not JSON: {error.msg}") from None
    except RecursionError:
        raise refusal("too_deep", Place(path)) from None
    # The text has been looked through: only an escape can still name an unsafe character.
    check(document, path=path, strings="\\" in text)
    return document


def write_json(document: Document) -> bytes:
    """Return `document` as `codec.encode` does.

    Raises:
        RecordError: `document` is beyond the limits.
    """
    check(document)
    return escape_unsafe(json.dumps(document, ensure_ascii=False, indent=2) + "\n").encode()


def text_of(data: bytes, path: str) -> str:
    """Return `data` as text; refused where it is not UTF-8, empty, or holds what no document may."""
    try:
        text = data.decode()
    except UnicodeDecodeError as error:
        raise refusal("not_utf8", Place(path), detail=f"the file is not UTF-8 at byte {error.start}") from None
    if not text.strip():
        raise refusal("empty_file", Place(path))
    if found := unsafe_character(text):
        hint = ""
        if found[0] == "\r":
            hint = "end lines with a newline alone (LF, not CRLF)"
        elif found[0] == "\ufeff":
            hint = "save it as UTF-8 without a byte order mark"
        raise refusal("control_character", place_in(text, found.start(), path), hint=hint)
    return text


def place_in(text: str, at: int, path: str) -> Place:
    """Return the place of the character `at` of a file's text."""
    return Place(path, None, text.count("\n", 0, at) + 1, at - text.rfind("\n", 0, at))


def _mapping(pairs: Sequence[tuple[str, object]]) -> object:
    mapping: dict[str, object] = {}
    for key, value in pairs:
        if key in mapping:
            return Flaw("duplicate_key", key)
        mapping[key] = value
    return mapping


def _integer(text: str) -> object:
    # int() is quadratic in the digits and has a limit of its own.
    return int(text) if len(text) <= _LONGEST_INTEGER else Flaw("integer_too_large")


def _constant(_name: str) -> object:
    return Flaw("not_a_number")


# Hooks leave a Flaw where they stand, for only `check` knows the way to it.
_DECODER = json.JSONDecoder(object_pairs_hook=_mapping, parse_int=_integer, parse_constant=_constant)
