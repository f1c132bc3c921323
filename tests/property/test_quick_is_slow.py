"""What was made quick gives what the slow way gives, byte for byte."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from pydantic import ValidationError, field_validator

from benchmarks.desks import records_of
from prismfs.errors import RecordError
from prismfs.kinds import KINDS, kind_of_path
from prismfs.kinds.response.incident import Incident, Timers
from prismfs.records import codec, document
from prismfs.records.base import Value
from prismfs.records.document import JsonValue
from prismfs.records.formats.json_form import read_json
from prismfs.records.ids import ALPHABET, derive_id, time_of
from prismfs.records.severity import Scale
from prismfs.records.view import GENESIS
from prismfs.rules.core.draft import one_line

VALUES: st.SearchStrategy[JsonValue] = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.sampled_from(("\x7f", "\u202e", "\ufeff")),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=5), inner, max_size=4),
    max_leaves=30,
)
DOCUMENTS = st.dictionaries(st.text(max_size=8), VALUES, max_size=6)

JSON_PIECES = (
    b"",
    b'"a"',
    b'"a": 1,',
    b" ",
    b"\n",
    b"1e5",
    b"NaN",
    b"0",
    b"-0",
    b".0",
    b"\\u0000",
    b"\\ud800",
    b"\x7f",
    b"\xff",
)


def slow_fault(root: object) -> str | None:
    try:
        document._look_for_fault(root, path="", strings=True)
    except RecordError as error:
        return error.code
    except TypeError:
        return "type"
    return None


def nested(levels: int) -> dict[str, JsonValue]:
    found: dict[str, JsonValue] = {}
    for _ in range(levels - 1):
        found = {"a": found}
    return found


@settings(max_examples=400, deadline=None)
@given(DOCUMENTS)
@example({"a": 1e16, "b": 1e-5, "c": [0.1, -0.0]})
@example({"a": '\x7f\x85\u202e\ufeff\r\t\n\b\f"\\\u2028'})
@example({"a": "\x7f"})
@example({"a": {}, "b": [], "c": [[], {}], "": None})
@example({"a": 2**63 - 1, "b": -(2**63), "c": True})
def test_json_is_what_the_slow_encoder_writes(root: dict[str, JsonValue]) -> None:
    if slow_fault(root) is not None:
        with pytest.raises(RecordError):
            codec.encode(root, format="json")
        return
    slow = document.escape_unsafe(json.dumps(root, ensure_ascii=False, indent=2) + "\n").encode()
    assert codec.encode(root, format="json") == slow


@settings(max_examples=1000, deadline=None)
@given(st.floats(allow_nan=False, allow_infinity=False) | st.floats(-1, 1) | st.floats(1e15, 1e17))
@example(1e-4)
@example(9999999999999998.0)
def test_a_fraction_is_spelled_as_the_slow_encoder_does(number: float) -> None:
    assert codec.encode({"a": number}, format="json").decode() == json.dumps({"a": number}, indent=2) + "\n"
    assert document.is_simple({"a": number}) == ("e" not in repr(number))


@settings(max_examples=400, deadline=None)
@given(VALUES | DOCUMENTS)
@example(nested(document.MAX_DEPTH + 1))
@example({"a": nested(document.MAX_DEPTH - 1), "b": [nested(document.MAX_DEPTH - 1)]})
@example({"a": [1] * document.MAX_NODES})
@example({"a": 2**63})
@example({"a": (1, 2)})
@example({"a\x00": 1})
@example({"a": "\x00"})
@example({1: 2})
@example({"a": datetime(2026, 3, 1, tzinfo=UTC)})
@example({"a": document.Flaw("tag")})
def test_what_is_called_simple_has_no_fault(root: object) -> None:
    if document.is_simple(root):
        assert slow_fault(root) is None


def test_records_as_they_are_written_are_simple() -> None:
    assert document.is_simple(nested(document.MAX_DEPTH))
    assert document.is_simple({"a": ["one\ntwo", None, True, -3, {"b": []}], "ü": "é\t"})


@given(st.integers(0, 2**42), st.text())
def test_the_time_of_an_id_is_that_of_its_characters(milliseconds: int, cause: str) -> None:
    at = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(milliseconds=milliseconds)
    identifier = derive_id("sig", at, cause=cause)
    value = 0
    for character in identifier[4:14]:
        value = value * 32 + ALPHABET.index(character)
    assert value == milliseconds
    assert time_of(identifier) == at


def test_the_kind_of_a_path_is_the_first_that_owns_it() -> None:
    at = datetime(2026, 3, 1, tzinfo=UTC)
    paths = [
        "",
        "a",
        "settings/none.yaml",
        "signals",
        "signals/x.yaml",
        "audit/2026-03/01/00/7f/x",
        "kb/a/b.yaml",
        "/kb/a.yaml",
    ]
    for kind in KINDS.values():
        name = "thing" if kind.prefix is None else derive_id(kind.prefix, at, cause="c")
        paths += [kind.path_of(name), f"{kind.path_of(name)}x", f"x/{kind.path_of(name)}"]
    for path in paths:
        assert kind_of_path(path) is next((kind for kind in KINDS.values() if kind.owns(path)), None), path


def test_a_change_is_checked_as_the_whole_record_is() -> None:
    at = datetime(2026, 3, 1, tzinfo=UTC)
    incident, _ = records_of(4, at, GENESIS)
    assert isinstance(incident, Incident)
    changes: list[dict[str, Any]] = [
        {}, {"due_at": at, "timers": Timers(hop=at)}, {"due_at": "2026-03-01T10:00:00.123456Z"}, {"due_at": "soon"},
        {"count": "3"}, {"count": 0}, {"owner": "a b"}, {"missed": ["respond"]}, {"missed": ["none"]},
        {"id": "inc-1"}, {"severity": {"rank": 1, "scale": "p", "label": "P1"}}, {"severity": {"rank": 9}},
        {"none": 1}, {"kind": "bead"},
    ]  # fmt: skip
    for change in changes:
        whole = {name: getattr(incident, name) for name in Incident.model_fields} | change
        slow, slow_places = _validated(Incident.model_validate, whole)
        assert incident.document  # what was made once of the one before must not stand for the one after
        quick, places = _validated(lambda given: incident.changed(**given), change)
        assert places == slow_places, change
        if quick is not None and slow is not None:
            assert (quick, quick.document, quick.model_fields_set) == (slow, slow.document, slow.model_fields_set)
            assert [name for name in quick.__dict__ if name in Incident.model_fields] == [*Incident.model_fields]


def _validated(make: Callable[[dict[str, Any]], Incident], given: dict[str, Any]) -> tuple[Incident | None, list[Any]]:
    try:
        return make(given), []
    except ValidationError as error:
        return None, [one["loc"] for one in error.errors()]


def test_a_change_of_a_model_with_rules_of_its_own_keeps_them() -> None:
    scale = Scale(ranks={"P0": 0, "P1": 1, "P2": 2, "P3": 3}, labels=("P0", "P1", "P2", "P3"))
    with pytest.raises(ValidationError, match="less urgent"):
        scale.changed(labels=("P3", "P1", "P2", "P3"))

    class Even(Value):
        count: int

        @field_validator("count")
        @classmethod
        def _even(cls, count: int) -> int:
            if count % 2:
                raise ValueError("is odd")
            return count

    with pytest.raises(ValidationError, match="is odd"):
        Even(count=2).changed(count=3)


@given(st.text() | st.text("a \n\t-\u2028é", max_size=12), st.integers(1, 20))
def test_a_text_on_one_line_has_a_blank_for_what_is_not_printed(text: str, limit: int) -> None:
    words = "".join(character if character.isprintable() else " " for character in text).split()
    line = " ".join(words)
    cut = line if len(line) <= limit else line[: limit - 1] + "…"
    assert one_line(text, limit) == (cut.lstrip("-") or "(no subject)")


@settings(max_examples=400, deadline=None)
@given(
    DOCUMENTS,
    st.lists(st.tuples(st.integers(0, 400), st.integers(0, 3), st.sampled_from(JSON_PIECES)), max_size=3),
)
@example({"a": 1, "b": [1.5, None]}, [])
@example({"a": 1e16, "b": "\u202e"}, [])
@example(nested(document.MAX_DEPTH + 1), [])
@example({"a": 2**63}, [])
def test_json_that_is_read_quickly_is_what_the_full_reader_takes(
    root: dict[str, JsonValue], edits: list[tuple[int, int, bytes]]
) -> None:
    data = json.dumps(root, indent=2, ensure_ascii=False).encode(errors="surrogatepass") + b"\n"
    for at, cut, piece in edits:
        place = at % (len(data) + 1)
        data = data[:place] + piece + data[place + cut :]
    found = codec._as_written(data)
    if found is not None:
        full = read_json(data)
        assert json.dumps(found) == json.dumps(full)
        assert codec.encode(full, format="json") == data


@pytest.mark.parametrize(
    "data",
    [b'{\n  "a": 1,\n  "a": 1\n}\n', b'{\n  "a": NaN\n}\n', b'{"a":1}', b'{\n  "a": "\\ud800"\n}\n', b"[]\n", b"{\n"],
)
def test_json_of_another_spelling_is_left_to_the_full_reader(data: bytes) -> None:
    assert codec._as_written(data) is None


def test_json_of_ours_is_always_read_quickly() -> None:
    for number in range(8):
        _, file = records_of(number, datetime(2026, 3, 1, tzinfo=UTC), GENESIS)
        data = KINDS["audit"].write(file)
        assert codec._as_written(data) == file.document
