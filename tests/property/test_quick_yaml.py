"""YAML that is read quickly says what the full reader takes from it; what that refuses is never read quickly."""

from __future__ import annotations

import cProfile
import pstats

from hypothesis import example, given, settings
from hypothesis import strategies as st

from prismfs.errors import RecordError
from prismfs.records import codec
from prismfs.records.document import MAX_DEPTH, Document, JsonValue
from prismfs.records.formats.yaml_quick import read_quick
from prismfs.records.formats.yaml_reader import read_yaml
from tests.property.test_codec_round_trip import DOCUMENTS, TEXTS, keyed

NAMES = st.sampled_from(("a", "kind", "from", "to", "a.b", "x-y", "no", "on", "null", "true", "_", "Y", "e1"))
NESTED: st.SearchStrategy[JsonValue] = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**63 - 1)
    | st.floats(allow_nan=False, allow_infinity=False)
    | TEXTS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(NAMES, inner, max_size=3),
    max_leaves=10,
)
FORMS = st.dictionaries(NAMES, NESTED, max_size=5)
PIECES = (
    "\n",
    "\n\n",
    " ",
    "  ",
    "    ",
    "- ",
    "-",
    "a: ",
    "a:",
    "b: 1",
    ": ",
    ":",
    "|",
    "|-",
    "|+",
    "|2",
    ">",
    '"',
    "'",
    "\\",
    "\\n",
    "\\/",
    "\\u0000",
    "\\ud83d",
    "#",
    " # x",
    "{}",
    "[]",
    "{",
    "]",
    "&a ",
    "*a",
    "!t ",
    "<<: ",
    "? ",
    "---",
    "...",
    "%YAML 1.2",
    "some words",
    "true words ",
    "/etc/x y",
    "words:x",
    '"words"',
    '"two words" "more"',
    "null",
    "~",
    "yes",
    "0x1f",
    "1e5",
    "1:30",
    "2026-03-01",
    "-1",
    "-1.5e+3",
    "-0",
    "-.5",
    "9" * 20,
    "\t",
    "é",
    "\u00a0",
    "\u3000",
    "\u202e",
    "\U0001f600",
    "\U0001fffe",
    "kind: signal\n",
    "  - x\n",
    "  y: z\n",
    "# c\n",
)


def full(text: str) -> object:
    """What the full reader takes from `text`, None where it refuses."""
    try:
        return keyed(read_yaml(text.encode()))
    except RecordError:
        return None


def agrees(text: str) -> bool:
    """Whether the quick reader gives what the full one does, where `parse` would ask it; it has read the text if so."""
    try:
        parsed = codec.parse(text.encode(), format="yaml")
    except RecordError:
        parsed = None
    slow = full(text)
    assert parsed is None or keyed(parsed) == slow, text
    quick = read_quick(text) if parsed is not None else None
    assert quick is None or keyed(quick) == slow, text
    return quick is not None


@settings(max_examples=600, deadline=None)
@given(DOCUMENTS | FORMS)
@example({"a": "b\n\n\n", "c": [{"d": "e\nf", "g": []}, "x\ny\n", {}], "h": {"i": {"j": -1.5e300}}})
def test_what_the_writer_writes_is_read_alike(document: Document) -> None:
    text = codec.encode(document, format="yaml", modeline="x").decode()
    assert full(text) == keyed(document)
    agrees(text)


@settings(max_examples=1500, deadline=None)
@given(FORMS, st.lists(st.tuples(st.integers(0, 400), st.integers(0, 3), st.sampled_from(PIECES)), max_size=3))
@example({"a": "x\ny\n"}, [(0, 0, "b: |\n  x\n \n")])
@example({"a": "b"}, [(0, 0, "a: |\n  x\n  \n    \n\n")])
@example({"a": {"b": 1}}, [(3, 0, "  ")])
def test_what_nearly_is_of_that_layout_is_read_alike(document: Document, edits: list[tuple[int, int, str]]) -> None:
    text = codec.encode(document, format="yaml").decode()
    for at, gone, piece in edits:
        place = at % (len(text) + 1)
        text = text[:place] + piece + text[place + gone :]
    agrees(text)


@settings(max_examples=1500, deadline=None)
@given(st.lists(st.sampled_from(PIECES), max_size=8).map("".join))
@example("a: 1\n a: 2\n")
@example("a:\n- b\n")
@example("a:\n  - b\n  c: 1\n")
@example("a: b\n  c\n")
@example("a: |\n  b\n # c\n")
@example("a: |\n   b\n  c\n")
@example("a: |\n\n    b\n")
@example('a: "\\ud83d\\ude00"\n')
@example('a: "\\u0000"\n')
@example("a: 1\na: 2\n")
@example("no: 1\n")
@example("a: some words: x\n")
@example("a: some words:\n")
@example("a: some words #x\n")
@example("a:\n  - some words: x: y\n")
@example('a: "b" "c"\n')
def test_pieces_of_yaml_are_read_alike(text: str) -> None:
    agrees(text)


def test_the_limits_are_those_of_the_full_reader() -> None:
    deep: JsonValue = 1
    for _ in range(MAX_DEPTH - 1):
        deep = {"a": deep}
    assert not agrees(codec.encode({"a": deep}, format="yaml").decode())
    assert not agrees("".join(f"{' ' * 2 * level}a:\n" for level in range(MAX_DEPTH + 3)) + " " * 80 + "b: 1\n")
    assert not agrees("a:\n" + "  - b: 1\n" * 6667)  # one node too many
    assert not agrees("a:\n" + "  - 1\n" * 5000)
    assert agrees("a:\n" + "  - b: 1\n" * 4999)


def test_records_as_the_desk_writes_them_are_read_quickly() -> None:
    """Otherwise all of the above would hold of a reader that never reads."""
    document: Document = {
        "kind": "signal", "version": 1, "from": "agent-1", "subject": "a: b", "body": "One.\n\n  Two.\n", "count": -2,
        "at": "2026-03-05T03:56:24.000Z", "severity": {"rank": 2, "label": "P2", "scale": None}, "drill": False,
        "labels": {}, "notes": [{"by": "amy", "text": 'she said "no"'}, {"by": "é"}], "names": ["a", "yes"], "usd": 0.5,
    }  # fmt: skip
    assert agrees(codec.encode(document, format="yaml", modeline="../a.json").decode())


def test_a_file_of_many_texts_is_taken_apart_once() -> None:
    """Taken apart for each text of its lines, one of 31 KB cost a third of a second."""
    text = "".join(f"k{number}: |\n  x\n" for number in range(500))
    with cProfile.Profile() as profiler:
        assert read_quick(text) is not None
    calls = {place[2]: counts[1] for place, counts in pstats.Stats(profiler).stats.items()}  # type: ignore[attr-defined]
    assert calls["<method 'split' of 'str' objects>"] == 1
