"""Records as bytes: the strict YAML and JSON that is read, and the one canonical form that is written.

Two readers must never see two things in one file: what YAML 1.1, YAML 1.2 and JSON take differently is
refused with a hint, never guessed.
"""

import json
import re
from contextlib import suppress
from typing import Literal, TypeAlias

from pydantic_core import from_json, to_json

from prismfs.errors import RecordError
from prismfs.records import document as documents
from prismfs.records.document import Document, JsonValue, Place, check, escape_unsafe, refusal, unsafe_character
from prismfs.records.formats.json_form import place_in, read_json, text_of, write_json

Format: TypeAlias = Literal["yaml", "json"]

_MODELINE = "# yaml-language-server: $schema="

# To libyaml these end a line or are no characters; a comment before one would not be a comment after it.
_NOT_RAW_IN_YAML = "\u2028\u2029\ufffe\uffff"


def parse(data: bytes, *, format: Format, path: str = "") -> Document:
    """Return the document in `data`; `path` is said in errors.

    Raises:
        RecordError: not strict YAML or JSON, or beyond the limits; the problem has the JSON pointer, and for
            most faults line and column, but never a value.
    """
    if format == "json":
        written = _as_written(data)
        return read_json(data, path) if written is None else written
    text = text_of(data, path)
    for character in _NOT_RAW_IN_YAML:
        if character in text:
            place = place_in(text, text.index(character), path)
            raise refusal("control_character", place, hint="write it as an escape in double quotes")
    from prismfs.records.formats.yaml_quick import read_quick

    found = read_quick(text)
    if found is not None:
        return found
    from prismfs.records.formats.yaml_reader import read_yaml

    return read_yaml(data, path=path)


def _as_written(data: bytes) -> Document | None:
    """Return the document in `data` if that is JSON exactly as `encode` writes it; None where it takes the full reader.

    The quick reader takes the last of two equal keys, and more: what it made of it is written again, and compared.
    """
    try:
        document: Document = from_json(data, allow_inf_nan=False)
    except ValueError:
        return None
    return document if documents.is_simple(document) and _of_simple(document) == data else None


def encode(document: Document, *, format: Format, modeline: str | None = None) -> bytes:
    """Return `document` in canonical form: keys in their order, two spaces, one newline at the end.

    `modeline` is the address of a JSON Schema; a YAML file names it on its first line, a JSON file cannot.

    Raises:
        RecordError: `document` is beyond the limits, so that `parse` would refuse it.
    """
    if format == "json":
        return _json(document)
    check(document)
    from prismfs.records.formats.yaml_writer import write_yaml

    return (_first_line(modeline) + write_yaml(document)).encode()


def _json(document: Document) -> bytes:
    if not documents.is_simple(document):  # what the quick encoder spells differently, too
        return write_json(document)
    return _of_simple(document)


def _of_simple(document: Document) -> bytes:
    data = to_json(document, indent=2) + b"\n"
    return data if data.isascii() and b"\x7f" not in data else escape_unsafe(data.decode()).encode()


def amend(old: bytes, document: Document, *, format: Format, modeline: str | None = None) -> bytes:
    """Return `old` made to say `document`, for a file that a person may have written.

    In YAML only the top-level fields that differ are written anew; comments, blank lines, quoting and order
    of all others stand, and new fields come last. A canonical `old` and a file that cannot be amended that way
    are encoded whole; so is JSON, unless its version alone differs. A modeline that `old` has stands, or gives
    way to `modeline`; none is added to what a person wrote.

    Raises:
        RecordError: `document` is beyond the limits.
    """
    canonical = encode(document, format=format, modeline=modeline)
    if format == "json":
        return _with_version(old, document) or canonical
    try:
        before = parse(old, format="yaml")
    except RecordError:
        return canonical
    text = old.decode()
    present = _modeline_of(text)
    if modeline is None:
        modeline = present
    whole = encode(document, format="yaml", modeline=modeline)
    if encode(before, format="yaml", modeline=present) == old:
        return old if same(before, document) and present == modeline else whole
    if present is not None:
        text = _first_line(modeline) + text.partition("\n")[2]
    return _by_fields(text, before, document) or whole


def _by_fields(text: str, before: Document, document: Document) -> bytes | None:
    """Return `text`, which says `before`, with only the fields written anew that differ; None where that fails."""
    from prismfs.records.formats.yaml_amend import amend_yaml

    changed = frozenset(key for key in before if key not in document or not same(before[key], document[key]))
    added = {key: value for key, value in document.items() if key not in before}
    for literal in (True, False):
        amended = amend_yaml(text, document, changed=changed, added=added, literal=literal)
        with suppress(RecordError):
            if amended is not None and same(parse(amended.encode(), format="yaml"), document):
                return amended.encode()
    return None


def canonical_json(document: JsonValue) -> bytes:
    """Return `document` as the JSON that is hashed: keys sorted by code point, UTF-8, no white space.

    Raises:
        RecordError: a number is not finite, or a text is not Unicode.
    """
    try:
        text = json.dumps(document, ensure_ascii=False, allow_nan=False, sort_keys=True, separators=(",", ":"))
        return escape_unsafe(text).encode()
    except UnicodeEncodeError:
        raise refusal("lone_surrogate", Place()) from None
    except ValueError:
        raise refusal("not_a_number", Place()) from None


def same(one: JsonValue, other: JsonValue) -> bool:
    """Tell whether two values are the same JSON, order of keys aside; unlike `==`, 1, 1.0 and true differ."""
    return canonical_json(one) == canonical_json(other)


def _first_line(modeline: str | None) -> str:
    if modeline is None:
        return ""
    if "\n" in modeline or unsafe_character(modeline):
        raise ValueError("a modeline is one line")
    return f"{_MODELINE}{modeline}\n"


def _modeline_of(text: str) -> str | None:
    first = text.partition("\n")[0]
    return first.removeprefix(_MODELINE) if first.startswith(_MODELINE) else None


def _with_version(old: bytes, document: Document) -> bytes | None:
    """Return `old`, a JSON file, with the version of `document`; None unless that is all that differs."""
    with suppress(RecordError):
        if parse(old, format="json").get("version") == document.get("version"):
            return None
        changed = re.sub(rb'("version"\s*:\s*)\d+', rb"\g<1>%s" % str(document.get("version")).encode(), old, count=1)
        if same(parse(changed, format="json"), document):
            return changed
    return None
