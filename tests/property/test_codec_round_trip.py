"""What a document holds comes back; any file is read or refused; amending keeps what it must."""

from __future__ import annotations

import re
from typing import Literal

import pytest
import yaml
from hypothesis import example, given, settings
from hypothesis import strategies as st

from prismfs.errors import RecordError
from prismfs.records import codec
from prismfs.records.document import Document, JsonValue

Format = Literal["yaml", "json"]

NASTY = (
    "",
    " ",
    "  a",
    "a ",
    "\n",
    "\n\n",
    "a\n",
    "a\n\n\n",
    "\na",
    "a\n  \nb",
    "  a\nb\n",
    "\ta\nb",
    "a \nb\t\n",
    "\n  a\n b",
    "---",
    "...",
    "--- a",
    "#",
    "a #b",
    "a\n# b",
    ": ",
    "a: b",
    "a:",
    "- ",
    "-",
    "- a\n- b",
    "? ",
    "|",
    ">",
    "&a",
    "*a",
    "!a",
    "%a",
    "@a",
    "`a",
    "{",
    "[",
    "]",
    ",",
    "null",
    "Null",
    "~",
    "=",
    "<<",
    "yes",
    "N",
    "True",
    "0x1f",
    "017",
    "0o17",
    "1_0",
    "1:30",
    "1e5",
    "1.",
    ".5",
    "+1",
    ".inf",
    "-0",
    "1.5",
    "2026-03-01",
    "2026-03-01 10:00:00",
    "'",
    '"',
    "\\",
    "\\n",
    "a\tb",
    "\u2028",
    "a\u2029b\nc",
    "\u00a0a",
    "\u3000",
    "\u202eabc",
    "\ufffe\uffff",
    "😀",
    "👩‍👩‍👧\n",
    "ä" * 600,
    "x" * 1100,
    "long line " * 300,
    "# yaml-language-server: $schema=x",
)
CHARACTERS = st.characters(exclude_categories=["Cc", "Cs"], exclude_characters="\ufeff", include_characters="\t\n")
TEXTS = st.one_of(
    st.sampled_from(NASTY),
    st.text(alphabet=" \t\n#:-ab'\"|>\\?1.e_", max_size=12),
    st.text(alphabet=CHARACTERS, max_size=20),
    st.lists(st.sampled_from(NASTY), max_size=3).map("".join),
)
# A value may hold whatever a program printed, a key may not.
PRINTED = st.text(alphabet=st.characters(exclude_categories=["Cs"], exclude_characters="\x00"), max_size=20)
SCALARS = st.one_of(
    PRINTED,
    st.none(),
    st.booleans(),
    st.integers(-(2**63), 2**63 - 1),
    st.floats(allow_nan=False, allow_infinity=False),
    TEXTS,
)
VALUES: st.SearchStrategy[JsonValue] = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXTS, inner, max_size=3),
    max_leaves=8,
)
DOCUMENTS: st.SearchStrategy[Document] = st.dictionaries(TEXTS, VALUES, max_size=4)
FIELDS: st.SearchStrategy[Document] = st.dictionaries(st.sampled_from("abcdefg"), VALUES, max_size=5)
MODELINES = st.sampled_from([None, "../schemas/a.json"])


def keyed(value: JsonValue) -> object:
    """The value with its types and the order of its keys, which `==` does not look at."""
    if isinstance(value, dict):
        return [(key, keyed(member)) for key, member in value.items()]
    if isinstance(value, list):
        return (list, [keyed(member) for member in value])
    return (type(value), repr(value))


@pytest.mark.parametrize("form", ["yaml", "json"])
@given(document=DOCUMENTS, modeline=MODELINES)
@settings(max_examples=300, deadline=None)
def test_document_encoded_and_parsed_is_the_same(form: Format, document: Document, modeline: str | None) -> None:
    data = codec.encode(document, format=form, modeline=modeline)
    parsed = codec.parse(data, format=form)
    assert keyed(parsed) == keyed(document)
    assert codec.encode(parsed, format=form, modeline=modeline) == data
    assert data.endswith(b"\n")
    assert not data.endswith(b"\n\n")


@given(text=TEXTS)
@settings(max_examples=300, deadline=None)
def test_text_encoded_is_a_text_to_other_readers_of_yaml_too(text: str) -> None:
    data = codec.encode({"a": [text], "b": "end"}, format="yaml")
    assert yaml.load(data, Loader=yaml.CSafeLoader) == {"a": [text], "b": "end"}


@given(document=DOCUMENTS)
@settings(max_examples=100, deadline=None)
def test_canonical_json_does_not_depend_on_the_order_of_keys(document: Document) -> None:
    turned = dict(reversed(document.items()))
    assert codec.canonical_json(turned) == codec.canonical_json(document)
    assert codec.parse(codec.canonical_json(document), format="json") == document


@pytest.mark.parametrize("form", ["yaml", "json"])
@given(
    data=st.one_of(
        st.binary(max_size=40),
        st.text(alphabet=" \n#:-ab'\"|>\\?1.e_{}[],&*!%@~<", max_size=30).map(str.encode),
        st.lists(
            st.sampled_from(["a: ", "b:\n", "- ", "  ", "\n", "{", "}", "[", "]", '"', "|\n", "? ", "1", "x"])
        ).map(lambda parts: "".join(parts).encode()),
    )
)
@settings(max_examples=300, deadline=None)
def test_any_bytes_are_read_or_refused(form: Format, data: bytes) -> None:
    try:
        document = codec.parse(data, format=form)
    except RecordError as error:
        assert error.problem.hint  # noqa: PT017 - most bytes are refused, some are read
    else:
        assert keyed(codec.parse(codec.encode(document, format=form), format=form)) == keyed(document)


@st.composite
def hand_written(draw: st.DrawFn) -> tuple[bytes, Document, dict[str, str]]:
    """A file with comments between its fields, its document, and the lines of each field."""
    document = draw(FIELDS.filter(bool))
    lines: dict[str, str] = {}
    parts: list[str] = []
    for number, (key, value) in enumerate(document.items()):
        parts.append(draw(st.sampled_from([f"# comment {number}\n", f"\n# comment {number}\n\n"])))
        # As one field alone a text has no blank last lines, which a comment behind it could not follow.
        lines[key] = codec.encode({key: value}, format="yaml").decode()
        parts.append(lines[key])
    parts.append(draw(st.sampled_from(["", "# the end\n", "\n\n"])))
    return "".join(parts).encode(), document, lines


@given(written=hand_written(), new=FIELDS, kept=st.sets(st.sampled_from("abcdefg")))
@example(
    written=(b"# comment 0\na: |-\n  0\n  \t\n", {"a": "0\n\t"}, {"a": "a: |-\n  0\n  \t\n"}), new={"a": ""}, kept=set()
)
@settings(max_examples=400, deadline=None)
def test_amend_says_the_new_document_and_keeps_the_lines_of_the_old(
    written: tuple[bytes, Document, dict[str, str]], new: Document, kept: set[str]
) -> None:
    old, before, lines = written
    assert codec.parse(old, format="yaml") == before
    document = new | {key: value for key, value in before.items() if key in kept}
    amended = codec.amend(old, document, format="yaml")
    if not document:
        assert amended == b"{}\n"
        return
    assert codec.canonical_json(codec.parse(amended, format="yaml")) == codec.canonical_json(document)
    text = amended.decode()
    comments = re.findall(r"^# (?:comment \d|the end)$", old.decode(), re.MULTILINE)
    assert re.findall(r"^# (?:comment \d|the end)$", text, re.MULTILINE) == comments
    for key, value in before.items():
        if key in document and codec.canonical_json(document[key]) == codec.canonical_json(value):
            assert lines[key] in text


@given(written=hand_written())
@settings(max_examples=100, deadline=None)
def test_amend_to_the_same_document_returns_the_same_bytes(
    written: tuple[bytes, Document, dict[str, str]],
) -> None:
    old, before, _ = written
    assert codec.amend(old, dict(reversed(before.items())), format="yaml") == old
