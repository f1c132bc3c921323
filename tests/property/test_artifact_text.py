"""Artifacts: what a template is filled with is read back as it was, and no text is anything but read or refused."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from prismfs.errors import RecordError
from prismfs.kinds.gates.settings import workflow
from prismfs.kinds.gates.settings.sections import (
    ActionsSection,
    AnySection,
    ChainSection,
    ChecklistSection,
    EnumSection,
    FieldsSection,
    ListSection,
    MetricsSection,
    NumberedSection,
    SubsectionsSection,
    TextSection,
    TimelineSection,
    TimeSection,
)
from prismfs.kinds.gates.settings.workflow import Phase, Workflow
from prismfs.records.api import format_instant
from prismfs.rules.gates import reading, template
from prismfs.store.defaults import default_files

PATH = "workflows/incident.yaml"
INCIDENT = workflow.KIND.read(default_files()[PATH], path=PATH)
assert isinstance(INCIDENT, Workflow)
PHASES = INCIDENT.phases

# What somebody may write between the marks of a line; the marks themselves, and what begins a block, are not words.
WORDS = st.text("abcxyzäöü漢字 ABC.,:;!?'\"()[]{}*_`#&%$/\\+=~^|0123456789-", min_size=1, max_size=40).map(
    lambda text: "w " + " ".join(text.replace(" - ", " ").replace(" -- ", " ").split())
)
PLAIN = WORDS.map(lambda text: text.rstrip(" -\\").strip() or "w")
NAMES = st.from_regex(r"\A[a-z][a-z0-9-]{0,20}\Z")
START = datetime(2020, 1, 1, tzinfo=UTC)
STARTS = st.integers(0, 10**9).map(lambda seconds: START + timedelta(seconds=seconds))


def rows(least: int, **parts: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    return st.lists(st.fixed_dictionaries(parts), min_size=least, max_size=5)


@st.composite
def timelines(draw: Any, section: TimelineSection) -> Any:
    at = draw(STARTS)
    found = []
    for seconds in draw(st.lists(st.integers(0, 90_000), min_size=max(section.least, 1), max_size=5)):
        at += timedelta(seconds=seconds)
        source = draw(PLAIN) if section.sourced else None
        found.append({"at": format_instant(at), "event": draw(PLAIN), "source": source})
    return found


@st.composite
def chains(draw: Any) -> Any:
    links = draw(st.lists(PLAIN.map(lambda text: " ".join(text.replace("=", "").split())), min_size=2, max_size=5))
    return [{"cause": cause, "effect": effect} for cause, effect in pairwise(links)]


def values(section: AnySection) -> st.SearchStrategy[Any]:
    """Return what may stand in a section, in the shape that it is read as."""
    match section:
        case TextSection():
            return PLAIN
        case EnumSection():
            return st.sampled_from(section.values)
        case TimeSection():
            return st.one_of(STARTS.map(format_instant), st.sampled_from(section.words))
        case FieldsSection():
            kinds: dict[str, Any] = {
                "text": PLAIN,
                "list": st.lists(NAMES, min_size=1, max_size=4),
            }
            return st.fixed_dictionaries(
                {spec.name: kinds.get(spec.type, st.sampled_from(spec.values or ("",))) for spec in section.fields}
            )
        case ListSection():
            return st.lists(PLAIN, min_size=max(section.least, 1), max_size=5)
        case NumberedSection():
            return rows(1, **dict.fromkeys(section.parts, PLAIN))
        case TimelineSection():
            return timelines(section)
        case ChainSection():
            return chains()
        case MetricsSection():
            return rows(1, name=PLAIN, before=NAMES, after=NAMES)
        case ActionsSection():
            return rows(1, priority=st.sampled_from(section.priorities), action=PLAIN, owner=NAMES)
        case ChecklistSection():
            return rows(1, done=st.booleans(), action=PLAIN, owner=NAMES, bucket=st.just(section.bucket))
        case SubsectionsSection():
            return st.fixed_dictionaries({each.name: values(each) for each in section.sections})


def filled(phase: Phase) -> st.SearchStrategy[dict[str, Any]]:
    return st.fixed_dictionaries({section.name: values(section) for section in phase.sections})


@pytest.mark.parametrize("phase", PHASES, ids=lambda phase: phase.id)
@given(data=st.data())
def test_template_filled_is_read_as_what_it_was_filled_with(phase: Phase, data: st.DataObject) -> None:
    known = data.draw(filled(phase))
    assert reading.parse(phase, template.skeleton(phase, known)) == known


@pytest.mark.parametrize("phase", PHASES, ids=lambda phase: phase.id)
@given(data=st.data())
def test_template_filled_but_for_one_section_names_that_one(phase: Phase, data: st.DataObject) -> None:
    known = data.draw(filled(phase))
    left = data.draw(st.sampled_from(phase.sections))
    with pytest.raises(RecordError) as caught:
        reading.parse(phase, template.skeleton(phase, {**known, left.name: None}))
    assert caught.value.code == "placeholder_left"
    named = {part.split(" <")[0] for part in caught.value.problem.message.removeprefix("not filled in: ").split("; ")}
    assert named == {left.name}


CODES = {"unknown_section", "section_missing", "duplicate_section", "placeholder_left", "bad_section_value"}
MARKS = (
    "## ",
    "### ",
    "- ",
    "1. ",
    " — ",
    " → ",
    "[ ] ",
    "[P0] ",
    "**",
    "```\n",
    "> ",
    "---\n",
    "\n",
    "    ",
    "<",
    "\t",
)


@pytest.mark.parametrize("phase", PHASES, ids=lambda phase: phase.id)
@given(data=st.data())
def test_any_text_is_read_or_refused_with_a_code(phase: Phase, data: st.DataObject) -> None:
    name = st.sampled_from([section.name for section in phase.sections])
    piece = st.one_of(name, st.sampled_from(MARKS), st.text(max_size=12), name.map(lambda one: f"\n## {one}\n\n"))
    body = "".join(data.draw(st.lists(piece, max_size=60)))
    refused = None
    try:
        parsed = reading.parse(phase, body)
    except RecordError as error:
        refused = error.problem
    if refused is None:
        assert list(parsed) == [section.name for section in phase.sections]
        return
    assert refused.code in CODES
    assert refused.field == "/body"
    assert "\n" not in refused.message


@given(st.text(max_size=200))
def test_fact_of_any_words_is_one_item_of_a_list(text: str) -> None:
    """Words from elsewhere go into the template as words, whatever Markdown would make of them."""
    phase = Phase.model_validate(
        {"id": "TST-1", "title": "T", "artifact": "A", "sections": [{"name": "It", "type": "list", "hint": "one"}]}
    )
    plain = template.plain(text)
    assert reading.parse(phase, template.skeleton(phase, {"It": [plain]})) == {"It": [plain]}
