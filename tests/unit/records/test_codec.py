"""What strict YAML and JSON take and refuse, the canonical form, and the mending of files by hand."""

from __future__ import annotations

import math
from typing import Literal

import pytest

from prismfs.errors import RecordError
from prismfs.records import codec
from prismfs.records.document import MAX_DEPTH, MAX_NODES, Document, JsonValue
from tests.support.growth import check_linear

Format = Literal["yaml", "json"]


def refused(data: bytes | str, form: Format = "yaml") -> RecordError:
    raw = data if isinstance(data, bytes) else data.encode()
    with pytest.raises(RecordError) as caught:
        codec.parse(raw, format=form, path="inbox/a." + form)
    assert caught.value.problem.path == "inbox/a." + form
    assert caught.value.problem.hint
    return caught.value


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("", "empty_file"),
        (" \n\n", "empty_file"),
        ("# only a comment\n", "empty_file"),
        ("a: [1\n", "syntax"),
        ("a: b: c\n", "syntax"),
        ("a:\n\t- b\n", "syntax"),
        ("%YAML 1.1\n---\na: b\n", "syntax"),
        ("a: &x 1\n", "anchor"),
        ("a: &x [1]\n", "anchor"),
        ("&x a: 1\n", "anchor"),
        ("a: *x\n", "alias"),
        ("*x : 1\n", "alias"),
        ("a: !!str 1\n", "tag"),
        ("a: ! b\n", "tag"),
        ("a: !!python/object/apply:os.system [ls]\n", "tag"),
        ("!x {a: 1}\n", "tag"),
        ("%TAG !e! tag:e,2026:\n---\na: b\n", "tag"),
        ("a: 1\na: 2\n", "duplicate_key"),
        ('a: 1\n"a": 2\n', "duplicate_key"),
        ("a: 1\n---\nb: 2\n", "several_documents"),
        ("a: 1\n...\n---\nb: 2\n", "several_documents"),
        ("a: 1e400\n", "implicit_number"),
        ("a: 1.0e+999\n", "not_a_number"),
        ("a: 9223372036854775808\n", "integer_too_large"),
        ("a: -9223372036854775809\n", "integer_too_large"),
        ("a: " + "9" * 5000 + "\n", "integer_too_large"),
        ('a: "\\ud800"\n', "lone_surrogate"),
        ('a: "\\U0000DFFF"\n', "lone_surrogate"),
        ('a: "\\UFFFFFFFF"\n', "syntax"),
        ('a: "\\\\ud800\\uD8zz"\n', "syntax"),
        ("- a\n", "not_a_mapping"),
        ("text\n", "not_a_mapping"),
        ("---\n", "not_a_mapping"),
        ("null\n", "not_a_mapping"),
        ("1: a\n", "key_not_string"),
        ("true: a\n", "key_not_string"),
        ("~: a\n", "key_not_string"),
        ("? [a]\n: b\n", "key_not_string"),
        ("? {a: b}\n: c\n", "key_not_string"),
        ("on: a\n", "implicit_boolean"),
        ("2026-03-01: a\n", "implicit_date"),
        ("<<: {a: b}\n", "merge_key"),
        ("a: b\r\n", "control_character"),
        ("a: b\x07\n", "control_character"),
        ("a: b\x7f\n", "control_character"),
        ("a: b\x85c: d\n", "control_character"),
        ("\ufeffa: b\n", "control_character"),
        ("# seen\u2028evil: 1\n", "control_character"),
        ('a: "\\0"\n', "control_character"),
        ('"\\0": a\n', "control_character"),
        ('"\\uFEFF": a\n', "control_character"),
    ],
)
def test_yaml_outside_the_subset_is_refused_by_code(text: str, code: str) -> None:
    assert refused(text).code == code


@pytest.mark.parametrize("word", ["yes", "No", "ON", "off", "y", "N", "True", "FALSE", "tRue"])
def test_yaml_bare_boolean_word_is_refused_and_quoted_is_text(word: str) -> None:
    assert refused(f"a: {word}\n").code == "implicit_boolean"
    assert codec.parse(f"a: '{word}'\n".encode(), format="yaml") == {"a": word}


@pytest.mark.parametrize("word", ["Null", "NULL"])
def test_yaml_null_in_capitals_is_refused(word: str) -> None:
    assert refused(f"a: {word}\n").code == "implicit_null"


@pytest.mark.parametrize(
    "number",
    [
        "0o17",
        "017",
        "08",
        "-017",
        "0x1F",
        "-0xa",
        "0b101",
        "1_000",
        "1_0.5",
        "1:30",
        "190:20:30",
        "1:30.5",
        ".inf",
        "-.INF",
        "+.Inf",
        ".nan",
        ".NaN",
        "+1",
        "+1.5",
        "1.",
        ".5",
        "-.5",
        "1.e+5",
        "1e5",
        "1E-5",
        "8273e21",
        "00",
        "00.5",
        "-00",
    ],
)
def test_yaml_bare_number_with_two_readings_is_refused_and_quoted_is_text(number: str) -> None:
    assert refused(f"a: [{number}]\n").code == "implicit_number"
    assert codec.parse(f'a: "{number}"\n'.encode(), format="yaml") == {"a": number}
    written = codec.encode({"a": number}, format="yaml")
    assert written == f'a: "{number}"\n'.encode()


@pytest.mark.parametrize(
    "date",
    [
        "2026-03-01",
        "2026-3-1",
        "2026-03-01T10:00:00Z",
        "2026-03-01t10:00:00.5+02:00",
        "2026-03-01 10:00:00",
        "2026-03-01 10:00:00 +2",
        "2026-03-01T10:00",
        "2026-03-01T10:00:00.000Z",
    ],
)
def test_yaml_bare_date_is_refused_and_quoted_is_text(date: str) -> None:
    assert refused(f"a: {date}\n").code == "implicit_date"
    assert codec.encode({"a": date}, format="yaml") == f'a: "{date}"\n'.encode()


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("", None),
        ("~", None),
        ("null", None),
        ("true", True),
        ("false", False),
        ("0", 0),
        ("-12", -12),
        ("9223372036854775807", 2**63 - 1),
        ("-9223372036854775808", -(2**63)),
        ("1.5", 1.5),
        ("-0.25e-3", -0.00025),
        ("1.0e+5", 100000.0),
        ("1.2.3", "1.2.3"),
        ("-x", "-x"),
        ("10.0.0.1:80", "10.0.0.1:80"),
        ("80:80", "80:80"),
        ("٣", "٣"),
        ("NaN", "NaN"),
        ("yesterday", "yesterday"),
        ("2026-03", "2026-03"),
        ("|-\n  x\n   y", "x\n y"),
        (">\n  x\n  y", "x y\n"),
        ("'it''s'", "it's"),
        ('"\\u2028 \\x41"', "\u2028 A"),
        ("{b: [c, 1]}", {"b": ["c", 1]}),
        ("\n- - u\n  - v\n- {}", [["u", "v"], {}]),
    ],
)
def test_yaml_value_of_the_subset_is_read(text: str, value: JsonValue) -> None:
    document = codec.parse(f"a: {text}\n".encode(), format="yaml")
    assert document == {"a": value}
    assert type(document["a"]) is type(value)


def test_yaml_single_document_with_markers_and_comments_is_read() -> None:
    assert codec.parse(b"# one\n---\na: 1 # two\n...\n", format="yaml") == {"a": 1}


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("", "empty_file"),
        ("{", "syntax"),
        ("{'a': 1}", "syntax"),
        ('{"a": 1,}', "syntax"),
        ('{"a": 1} {"b": 2}', "syntax"),
        ('{"a": "x\ny"}', "syntax"),
        ('{"a": 1, "a": 1}', "duplicate_key"),
        ('{"a": NaN}', "not_a_number"),
        ('{"a": -Infinity}', "not_a_number"),
        ('{"a": 1e999}', "not_a_number"),
        ('{"a": 9223372036854775808}', "integer_too_large"),
        ('{"a": ' + "9" * 5000 + "}", "integer_too_large"),
        ('{"a": "\\ud83d"}', "lone_surrogate"),
        ('{"\\udc00": 1}', "lone_surrogate"),
        ('{"a": "\\u0000"}', "control_character"),
        ('{"a\\r": "x"}', "control_character"),
        ('{"\\u001b": 1}', "control_character"),
        ('{"a": 1}\r\n', "control_character"),
        ('\ufeff{"a": 1}', "control_character"),
        ("[1]", "not_a_mapping"),
        ('"a"', "not_a_mapping"),
        ("NaN", "not_a_number"),
    ],
)
def test_json_outside_the_subset_is_refused_by_code(text: str, code: str) -> None:
    assert refused(text, "json").code == code


def test_json_pair_of_surrogates_and_line_separator_are_read() -> None:
    data = '{"a": "\\ud83d\\ude00", "b": "\u2028"}'.encode()
    assert codec.parse(data, format="json") == {"a": "😀", "b": "\u2028"}


@pytest.mark.parametrize("form", ["yaml", "json"])
@pytest.mark.parametrize("data", [b"\xff\xfea\x00", b'{"a": "\xed\xa0\x80"}', b'{"a": "\xc3"}'])
def test_bytes_that_are_not_utf8_are_refused(form: Format, data: bytes) -> None:
    assert refused(data, form).code == "not_utf8"


@pytest.mark.parametrize(
    ("form", "text", "code", "field"),
    [
        ("yaml", "a:\n  b/c:\n    - x\n    - yes\n", "implicit_boolean", "/a/b~1c/1"),
        ("yaml", "a:\n  - [1, 2]\n  - {b: 1, b: 2}\n", "duplicate_key", "/a/1/b"),
        ("yaml", "a:\n  - x\nb: {c: 0x1}\n", "implicit_number", "/b/c"),
        ("yaml", "a: [[x], &b y]\n", "anchor", "/a/1"),
        ("yaml", "- a\n", "not_a_mapping", ""),
        ("json", '{"a": {"b~c": [1, NaN]}}', "not_a_number", "/a/b~0c/1"),
        ("json", '{"a": [{"b": 1, "c": 2, "b": 3}]}', "duplicate_key", "/a/0/b"),
        ("json", '{"a": [0, {"b": "\\u0000"}]}', "control_character", "/a/1/b"),
    ],
)
def test_fault_inside_a_document_is_named_by_pointer(form: Format, text: str, code: str, field: str) -> None:
    error = refused(text, form)
    assert (error.code, error.problem.field) == (code, field)


@pytest.mark.parametrize(
    ("form", "text", "where"),
    [
        ("yaml", "a: 1\nb: yes\n", "line 2, column 4"),
        ("yaml", "a: 1\nb: x\r\n", "line 2, column 5"),
        ("yaml", "a: 1\nb: [\n", "line 3, column 1"),
        ("json", '{"a": 1,\n "b"}', "line 2, column 5"),
    ],
)
def test_fault_is_named_by_line_and_column(form: Format, text: str, where: str) -> None:
    assert where in refused(text, form).problem.message


@pytest.mark.parametrize("text", ["a: hunter2: b\n", "a: &hunter2 b\n", "a: *hunter2\n", "a: !hunter2 b\n"])
def test_refusal_never_repeats_what_the_file_says(text: str) -> None:
    assert "hunter2" not in str(refused(text))


def nested(levels: int, form: Format) -> bytes:
    # The mapping is the first level.
    inner = "[" * (levels - 1) + "]" * (levels - 1)
    return f'{{"a": {inner}}}'.encode() if form == "json" else f"a: {inner}\n".encode()


@pytest.mark.parametrize("form", ["yaml", "json"])
def test_depth_at_the_limit_is_read_and_one_more_is_refused(form: Format) -> None:
    document = codec.parse(nested(MAX_DEPTH, form), format=form)
    assert codec.parse(codec.encode(document, format=form), format=form) == document
    assert refused(nested(MAX_DEPTH + 1, form), form).code == "too_deep"


@pytest.mark.parametrize("form", ["yaml", "json"])
def test_nodes_at_the_limit_are_read_and_one_more_is_refused(form: Format) -> None:
    # The mapping, its key and the sequence are three.
    def of(count: int) -> bytes:
        return ('{"a": [' + ", ".join(["1"] * (count - 3)) + "]}").encode()

    assert len(codec.parse(of(MAX_NODES), format=form)) == 1
    assert refused(of(MAX_NODES + 1), form).code == "too_many_nodes"


@pytest.mark.parametrize(
    ("levels", "rest", "code"),
    [
        (MAX_DEPTH + 1, "", "too_deep"),
        (MAX_DEPTH, '"\\q"', "syntax"),
        (MAX_DEPTH, "'" + "[" * 50 + '\', "\\q"', "syntax"),
        (2000, "", "too_deep"),
    ],
)
def test_yaml_nesting_is_counted_by_us_whatever_libyaml_stops_at(levels: int, rest: str, code: str) -> None:
    """libyaml looks ahead in a line: it meets a limit of its own before it gives out the level that passes ours."""
    found = refused("b: 1\na: " + "[" * (levels - 1) + rest + "\n")
    assert found.code == code
    if code == "too_deep":
        assert f"at line 2, column {MAX_DEPTH + 3}" in found.problem.message
        assert found.problem.field == "/a" + "/0" * (MAX_DEPTH - 1)


@pytest.mark.parametrize(
    ("form", "text"),
    [
        ("yaml", "a: " + "[" * 200_000),
        ("yaml", "a: " + "[\n" * 100_000),
        ("yaml", "{a: " * 50_000),
        ("yaml", "a:\n" + "- " * 100_000),
        ("yaml", "a:\n " + "? " * 100_000),
        ("yaml", "? " * 100_000),
        ("yaml", "".join(" " * level + "a:\n" for level in range(600))),
        ("json", '{"a": ' + "[" * 200_000),
        ("json", '{"a": ' + "[" * 200_000 + "]" * 200_000 + "}"),
        ("json", '{"a": ' * 50_000 + "1" + "}" * 50_000),
    ],
)
def test_hostile_nesting_is_refused_at_once(form: Format, text: str) -> None:
    assert refused(text, form).code in ("too_deep", "key_not_string")
    check_linear(lambda part: refused(part, form), text)


@pytest.mark.parametrize(
    "text",
    [
        "a: " + "1" * 200_000 + "x\n",
        "a: " + "1:" * 100_000 + "x\n",
        "a: " + "1." * 100_000 + "\n",
        "a: [" + "x, " * 60_000 + "]\n",
        "a: " + " #" * 100_000 + "\n",
        "a: |\n" + " \n" * 100_000,
        "x" * 200_000 + ": 1\n",
    ],
)
def test_hostile_length_takes_linear_time(text: str) -> None:
    def parse(part: str) -> str:
        try:
            codec.parse(part.encode(), format="yaml")
        except RecordError as error:
            return error.code
        return "read"

    assert parse(text) in ("read", "too_many_nodes", "not_a_mapping")
    check_linear(parse, text)


CANONICAL = """\
# yaml-language-server: $schema=../schemas/signal.json
kind: signal
version: 1
empty: ""
nothing: null
ratio: 0.5
large: 1.0e+16
open: true
none: []
bare: {}
"on": "yes"
at: "2026-03-01T10:00:00Z"
mark: "#1"
colon: "a: b"
url: https://example.org/a?b=c#d
space: " a"
emoji: 😀 – größer
text: |
  one

    two
cut: |-
  one
  two
code: |2
    one
  two
kept: |+
  one

list:
  - a
  - - b
    - c
  - key: d
    more:
      - e
  - |-
    f
    g
separator: "\\u2028"
last: end
"""


def test_encode_yields_canonical_yaml() -> None:
    document: Document = {
        "kind": "signal",
        "version": 1,
        "empty": "",
        "nothing": None,
        "ratio": 0.5,
        "large": 1e16,
        "open": True,
        "none": [],
        "bare": {},
        "on": "yes",
        "at": "2026-03-01T10:00:00Z",
        "mark": "#1",
        "colon": "a: b",
        "url": "https://example.org/a?b=c#d",
        "space": " a",
        "emoji": "😀 – größer",
        "text": "one\n\n  two\n",
        "cut": "one\ntwo",
        "code": "  one\ntwo\n",
        "kept": "one\n\n",
        "list": ["a", ["b", "c"], {"key": "d", "more": ["e"]}, "f\ng"],
        "separator": "\u2028",
        "last": "end",
    }
    written = codec.encode(document, format="yaml", modeline="../schemas/signal.json")
    assert written.decode() == CANONICAL
    assert codec.parse(written, format="yaml") == document


def test_encode_yields_canonical_json() -> None:
    written = codec.encode({"b": "ä\u2028", "a": [1, {}], "c": []}, format="json", modeline="x")
    assert written.decode() == '{\n  "b": "ä\u2028",\n  "a": [\n    1,\n    {}\n  ],\n  "c": []\n}\n'


def test_encode_of_nothing_is_an_empty_mapping() -> None:
    assert codec.encode({}, format="yaml") == codec.encode({}, format="json") == b"{}\n"


def test_encode_ends_with_one_newline_where_the_last_text_has_more() -> None:
    assert codec.encode({"a": ["x", {"b": "c\n\n"}]}, format="yaml") == b'a:\n  - x\n  - b: "c\\n\\n"\n'


def test_encode_of_a_long_key_is_read_back() -> None:
    document: Document = {"a": {"k" * 1500: [1], "k" * 1024: "x\ny"}}
    assert codec.parse(codec.encode(document, format="yaml"), format="yaml") == document


@pytest.mark.parametrize("form", ["yaml", "json"])
@pytest.mark.parametrize(
    ("value", "code"),
    [
        (math.nan, "not_a_number"),
        ([math.inf], "not_a_number"),
        (2**63, "integer_too_large"),
        ("\x00", "control_character"),
        ({"\r": 1}, "control_character"),
        ("\ud800", "lone_surrogate"),
        ([1] * MAX_NODES, "too_many_nodes"),
    ],
)
def test_encode_refuses_what_parse_would_refuse(form: Format, value: JsonValue, code: str) -> None:
    with pytest.raises(RecordError) as caught:
        codec.encode({"a": value}, format=form)
    assert caught.value.code == code


def test_encode_refuses_a_document_that_holds_itself() -> None:
    loop: list[JsonValue] = []
    loop.append(loop)
    with pytest.raises(RecordError) as caught:
        codec.encode({"a": loop}, format="yaml")
    assert caught.value.code == "too_deep"


def test_encode_refuses_a_modeline_of_two_lines() -> None:
    with pytest.raises(ValueError, match="one line"):
        codec.encode({"a": 1}, format="yaml", modeline="x\nevil: 1")


BY_HAND = """\
# written on a Sunday
kind:   signal   # what it is

'state': open # so far
labels:   # of the team
    - a   # first
    - b
# what happened
text: >-
   folded
   text

count: 0.50
# the end
"""


def amended(**changes: JsonValue) -> str:
    document = codec.parse(BY_HAND.encode(), format="yaml") | changes
    result = codec.amend(BY_HAND.encode(), document, format="yaml")
    assert codec.parse(result, format="yaml") == document
    return result.decode()


def test_amend_without_a_change_returns_the_same_bytes() -> None:
    assert amended() == BY_HAND


def test_amend_of_one_value_keeps_its_line_otherwise() -> None:
    assert amended(kind="bead") == BY_HAND.replace("signal ", "bead ")
    assert amended(state="on") == BY_HAND.replace("'state': open #", "'state': \"on\" #")


def test_amend_of_a_list_keeps_the_comments_around_it() -> None:
    assert amended(labels=["c"]) == BY_HAND.replace("    - a   # first\n    - b\n", "  - c\n")
    assert amended(labels=3) == BY_HAND.replace(
        "   # of the team\n    - a   # first\n    - b\n", " 3   # of the team\n"
    )


def test_amend_of_a_text_keeps_the_blank_line_after_it() -> None:
    assert amended(text="x\ny") == BY_HAND.replace(">-\n   folded\n   text\n", "|-\n  x\n  y\n")


def test_amend_appends_new_fields_in_their_order() -> None:
    assert amended(z="x\n\n", b=None) == BY_HAND + "z: |+\n  x\n\nb: null\n"


def test_amend_removes_a_field_and_nothing_else() -> None:
    document = codec.parse(BY_HAND.encode(), format="yaml")
    del document["labels"]
    result = codec.amend(BY_HAND.encode(), document, format="yaml").decode()
    assert result == BY_HAND.replace("labels:   # of the team\n    - a   # first\n    - b\n", "")


def test_amend_tells_numbers_from_booleans() -> None:
    assert amended(count=1) != amended(count=True)
    assert codec.amend(b"a: 1 # x\n", {"a": True}, format="yaml") == b"a: true # x\n"


def test_amend_before_an_indented_comment_does_not_swallow_it() -> None:
    old = b"a:\n  b: 1\n  # note\nc: 2\n"
    assert codec.amend(old, {"a": "x\ny", "c": 2}, format="yaml") == b'a: "x\\ny"\n  # note\nc: 2\n'


def test_amend_fills_an_empty_value() -> None:
    assert codec.amend(b"a:\nb:  # c\n", {"a": 1, "b": "x"}, format="yaml") == b"a: 1\nb: x  # c\n"


def test_amend_without_a_last_newline_keeps_to_that_until_a_field_is_added() -> None:
    assert codec.amend(b"# c\na: 1\nb: 2", {"a": 1, "b": 3}, format="yaml") == b"# c\na: 1\nb: 3"
    assert codec.amend(b"# c\na: 1", {"a": 1, "b": 3}, format="yaml") == b"# c\na: 1\nb: 3\n"


@pytest.mark.parametrize("old", [b"{a: 1, b: 2}\n", b" a: 1\n", b"a: [\n", b"# c\na: 1\n...\n", b"\xff"])
def test_amend_of_a_file_without_lines_of_fields_encodes_it_whole(old: bytes) -> None:
    assert codec.amend(old, {"a": 1, "c": 3}, format="yaml") == b"a: 1\nc: 3\n"


def test_amend_of_a_canonical_file_takes_the_order_of_the_document() -> None:
    old = codec.encode({"b": 1, "a": 2}, format="yaml", modeline="s")
    assert codec.amend(old, {"a": 3, "b": 1}, format="yaml", modeline="s") == (
        b"# yaml-language-server: $schema=s\na: 3\nb: 1\n"
    )
    assert codec.amend(old, {"a": 2, "b": 1}, format="yaml", modeline="s") == old


def test_amend_renews_a_modeline_and_adds_none() -> None:
    old = b"# yaml-language-server: $schema=v1\n# mine\na: 1\n"
    assert codec.amend(old, {"a": 1}, format="yaml", modeline="v2") == old.replace(b"v1", b"v2")
    assert codec.amend(b"# mine\na: 1\n", {"a": 2}, format="yaml", modeline="v2") == b"# mine\na: 2\n"


def test_amend_of_a_canonical_file_without_a_modeline_given_keeps_its_own() -> None:
    old = codec.encode({"a": 1}, format="yaml", modeline="v1")
    assert codec.amend(old, {"a": 2}, format="yaml") == codec.encode({"a": 2}, format="yaml", modeline="v1")


def test_amend_of_a_text_that_keeps_its_blank_lines_takes_them_away_with_it() -> None:
    old = b"a: |+\n  x\n\n\nb: 1 # c\n"
    assert codec.amend(old, {"a": "z", "b": 1}, format="yaml") == b"a: z\nb: 1 # c\n"
    assert codec.amend(old, {"a": "x\n\n\n", "b": 2}, format="yaml") == old.replace(b"1", b"2")


def test_amend_of_json_encodes_it_whole() -> None:
    assert codec.amend(b'{"a":1}', {"a": 2}, format="json") == b'{\n  "a": 2\n}\n'


def test_canonical_json_is_sorted_and_tight() -> None:
    assert codec.canonical_json({"b": [1, 1.0, None], "a": "ä"}) == '{"a":"ä","b":[1,1.0,null]}'.encode()


@pytest.mark.parametrize(
    ("value", "code"), [(math.nan, "not_a_number"), (-math.inf, "not_a_number"), ("\ud800", "lone_surrogate")]
)
def test_canonical_json_refuses_what_has_no_one_form(value: JsonValue, code: str) -> None:
    with pytest.raises(RecordError) as caught:
        codec.canonical_json({"a": value})
    assert caught.value.code == code


@pytest.mark.parametrize("form", ["yaml", "json"])
def test_control_characters_of_a_text_are_kept_and_never_stand_raw_in_a_file(form: Format) -> None:
    """What a program printed holds carriage returns and colours; a person reads the file on a terminal (C-103)."""
    text = "50 %\r100 %\r\n\x1b[31mfailed\x1b[0m\x07\x7f\x85\ufeff\u2028end\n"
    document: Document = {"a": text, "b": [text, {"c": text}], "d": "plain"}
    data = codec.encode(document, format=form)
    assert codec.parse(data, format=form) == document
    assert [character for character in data.decode() if character != "\n" and not character.isprintable()] in (
        [],
        ["\u2028"] * 3,  # a line separator is no control character, and JSON may hold it
    )
    assert codec.amend(data, document | {"d": "other"}, format=form) == codec.encode(
        document | {"d": "other"}, format=form
    )


@pytest.mark.parametrize("format", ["yaml", "json"])
@pytest.mark.parametrize("mark", ["\u202a", "\u202e", "\u2066", "\u2069"])
def test_mark_that_turns_text_round_is_written_as_an_escape(mark: str, format: codec.Format) -> None:
    """FV-07: what a reviewer reads in the file is what it says."""
    document: Document = {"line": f"a{mark}b", "text": f"one\ntwo{mark}\n"}
    written = codec.encode(document, format=format)
    assert mark not in written.decode()
    assert codec.parse(written, format=format) == document
