"""Reading artifacts: every type of section, what it refuses, and that text from outside stays data."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import pytest

from prismfs.errors import RecordError
from prismfs.kinds.gates.settings.workflow import Phase, Workflow
from prismfs.rules.gates import reading, template
from prismfs.store.defaults import default_files
from tests.support.growth import check_linear

EXAMPLES = Path(__file__).parents[4] / "examples" / "phases"


def default_workflow() -> Workflow:
    from prismfs.kinds.gates.settings import workflow

    path = "workflows/incident.yaml"
    found = workflow.KIND.read(default_files()[path], path=path)
    assert isinstance(found, Workflow)
    return found


INCIDENT = default_workflow()


def phase_with(**section: Any) -> Phase:
    """One phase with one section of the name `It`."""
    return Phase.model_validate(
        {"id": "TST-1", "title": "Test", "artifact": "A test", "sections": [{"name": "It", **section}]}
    )


def value(text: str, **section: Any) -> Any:
    return reading.parse(phase_with(**section), f"## It\n\n{text}\n")["It"]


def refusal(text: str, **section: Any) -> RecordError:
    with pytest.raises(RecordError) as caught:
        value(text, **section)
    return caught.value


@pytest.mark.parametrize("phase", INCIDENT.phases, ids=lambda phase: phase.id)
def test_example_of_every_phase_fits(phase: Phase) -> None:
    parsed = reading.parse(phase, (EXAMPLES / f"{phase.id}.md").read_text())
    assert list(parsed) == [section.name for section in phase.sections]


@pytest.mark.parametrize("phase", INCIDENT.phases, ids=lambda phase: phase.id)
def test_template_as_it_is_is_refused_and_names_what_is_open(phase: Phase) -> None:
    with pytest.raises(RecordError) as caught:
        reading.parse(phase, template.skeleton(phase, {}))
    assert caught.value.code == "placeholder_left"
    assert f"{phase.sections[0].name} <" in str(caught.value)


def test_triage_assessment_is_read_as_values() -> None:
    """R-003-08: severity, impact, status, timeline, hypothesis, actions."""
    parsed = reading.parse(INCIDENT.phases[0], (EXAMPLES / "INC-1.md").read_text())
    assert parsed["Severity"] == "Major"
    assert parsed["Impact"] == {
        "Users affected": "everybody who exports, about 40",
        "Services affected": ["export", "mail"],
        "Data impact": "None",
    }
    assert parsed["Timeline"] == [
        {"at": "2026-03-01T10:00:00.000Z", "event": "the nightly export writes an empty file", "source": None},
        {"at": "2026-03-01T10:05:00.000Z", "event": "jade reports it", "source": None},
    ]
    assert parsed["Immediate Actions Needed"] == ["roll the release back"]
    assert reading.text_of(parsed, "Impact", "Data impact") == "None"


def test_other_phases_are_read_as_values() -> None:
    """R-003-12, R-003-15, R-003-19, R-003-22, R-003-25: the shapes that rules compute with."""
    read = {phase.id: reading.parse(phase, (EXAMPLES / f"{phase.id}.md").read_text()) for phase in INCIDENT.phases}
    assert reading.rows_of(read["INC-2"], "Steps Taken")[0] == {
        "step": "rolled back to 4.1", "result": "the export runs again",
    }  # fmt: skip
    assert read["INC-2"]["Metrics"] == [{"name": "empty exports an hour", "before": "12", "after": "0"}]
    assert reading.text_of(read["INC-3"], "Message", "Next Update") == "2026-03-01T12:30:00.000Z"
    assert reading.rows_of(read["INC-4"], "Detailed Timeline")[1]["source"] == "cron log"
    assert [row["cause"] for row in reading.rows_of(read["INC-4"], "Causal Chain")] == [
        "4.2 renames a column", "The export's query finds no rows.",
    ]  # fmt: skip
    assert reading.rows_of(read["INC-5"], "Recommended Action Items")[0] == {
        "priority": "P0", "action": "alert on an export of zero rows", "owner": "gwen",
    }  # fmt: skip
    assert read["INC-6"]["Quick Wins (do this week)"] == [
        {"done": False, "action": "alert on an export of zero rows", "owner": "gwen", "bucket": "quick-wins"}
    ]
    assert read["INC-6"]["Long-Term (schedule for planning)"] == []


def test_unknown_section_is_refused_by_its_name() -> None:
    with pytest.raises(RecordError) as caught:
        reading.parse(phase_with(type="list", hint="one"), "## It\n\n- a\n\n## Blame\n\nhers\n")
    assert (caught.value.code, "'Blame'" in str(caught.value), "line 5" in str(caught.value)) == (
        "unknown_section", True, True,
    )  # fmt: skip


def test_missing_sections_are_all_named_in_one_message() -> None:
    with pytest.raises(RecordError) as caught:
        reading.parse(INCIDENT.phases[1], "## Metrics\n")
    assert caught.value.code == "section_missing"
    message = "INC-2 lacks: Mitigation Strategy, Steps Taken, Current Status, Residual Risk"
    assert message in str(caught.value)


def test_section_that_stands_twice_is_refused() -> None:
    with pytest.raises(RecordError, match="line 5: It stands there already, in line 1") as caught:
        reading.parse(phase_with(type="list", hint="one"), "## It\n\n- a\n\n## it\n\n- b\n")
    assert caught.value.code == "duplicate_section"


def test_heading_is_found_whatever_its_case_and_apostrophe() -> None:
    phase = Phase.model_validate(
        {"id": "TST-1", "title": "T", "artifact": "A",
         "sections": [{"name": "What We're Doing", "type": "text", "hint": "now"}]}
    )  # fmt: skip
    assert reading.parse(phase, "# a title\n\n##  what we’re   DOING\n\nmuch\n") == {"What We're Doing": "much"}


def test_words_before_the_first_section_are_refused() -> None:
    with pytest.raises(RecordError, match="line 3: nothing but a title"):
        reading.parse(phase_with(type="list", hint="one"), "# Title\n\nDear all,\n\n## It\n\n- a\n")


@pytest.mark.parametrize("text", ["Critical", "critical", "CRITICAL."])
def test_enumerated_value_is_known_in_any_case(text: str) -> None:
    assert value(text, type="enum", values=["Critical", "Minor"]) == "Critical"


@pytest.mark.parametrize("text", ["Catastrophic", "Critical / Minor", "- Critical", "Critical\n\nMinor", ""])
def test_enumerated_value_that_is_none_names_those_that_are(text: str) -> None:
    error = refusal(text, type="enum", values=["Critical", "Minor"])
    assert error.code == "bad_section_value"
    assert error.problem.hint in ("one of: Critical, Minor", None)
    if text and "\n" not in text and not text.startswith("-"):
        assert error.problem.hint == "one of: Critical, Minor"


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("one\n\ntwo\n\n- three", "one\n\ntwo\n\n- three"),
        ("```\n## no heading\n```", "```\n## no heading\n```"),
        ("> quoted", "> quoted"),
        ("[link]: http://example.org", "[link]: http://example.org"),
        ("<script>alert(1)</script>", "<script>alert(1)</script>"),
    ],
)
def test_text_is_kept_as_it_was_written(text: str, found: str) -> None:
    assert value(text, type="text", hint="now") == found


@pytest.mark.parametrize(
    ("text", "single"), [("", False), ("### more\n\nwords", False), ("one\n\ntwo", True), ("- a list", True)]
)
def test_text_that_is_none_is_refused(text: str, single: bool) -> None:
    assert refusal(text, type="text", hint="now", single=single).code == "bad_section_value"


def test_heading_by_underlining_is_a_section_like_any_other() -> None:
    with pytest.raises(RecordError) as caught:
        reading.parse(phase_with(type="text", hint="now"), "## It\n\nwords\n\nBlame\n---\n\nhers\n")
    assert caught.value.code == "unknown_section"


@pytest.mark.parametrize(
    "text",
    [
        "words",
        "1. one",
        "- one\n  - below",
        "- one\n\n  two",
        "-",
        "- one\n- ",
        "- `a`\n\n      code\n",
        "* * *",
        "> - a",
    ],
)
def test_list_with_anything_else_is_refused(text: str) -> None:
    assert refusal(text, type="list", hint="one").code == "bad_section_value"


def test_item_with_more_below_it_is_refused_as_that() -> None:
    assert "It, line 3: an item is one paragraph" in str(refusal("- one\n  - below", type="list", hint="one"))
    assert "It, line 4: an item is empty" in str(refusal("- one\n- ", type="list", hint="one"))


def test_list_of_several_kinds_of_bullets_is_one() -> None:
    assert value("- one\n* two\n\n+ three\n  goes on", type="list", hint="one") == ["one", "two", "three goes on"]


def test_list_has_at_least_and_at_most_so_many_items() -> None:
    assert "needs 2 or more items, and has 1" in str(refusal("- a", type="list", hint="one", least=2))
    assert "more than 200 items" in str(refusal("- a\n" * 201, type="list", hint="one"))
    assert "longer than 2000 characters" in str(refusal("- " + "a" * 2001, type="list", hint="one"))
    assert value("", type="list", hint="one", least=0) == []


FIELDS = [
    {"name": "Users", "type": "text", "hint": "who"},
    {"name": "Services", "type": "list", "hint": "which"},
    {"name": "Data", "type": "enum", "values": ["None", "Loss"]},
]


def test_fields_may_stand_in_any_order_with_the_colon_at_either_side() -> None:
    found = value("- **Data**: none\n- **users:** a, b\n- **Services:** x,  y ,", type="fields", fields=FIELDS)
    assert found == {"Users": "a, b", "Services": ["x", "y"], "Data": "None"}
    assert list(found) == ["Users", "Services", "Data"]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("- **Users:** a", "lacks: Services, Data"),
        ("- **Users:** a\n- **Users:** b", "Users stands there twice"),
        ("- **Blame:** hers", "has no such field"),
        ("- Users: a", "is written as"),
        ("- **Users** a", "is written as"),
        ("- **Users:**", "Users is empty"),
        ("- **Data:** much", "is none of its values"),
    ],
)
def test_fields_that_do_not_fit_are_refused(text: str, said: str) -> None:
    assert said in str(refusal(text, type="fields", fields=FIELDS))


@pytest.mark.parametrize("text", ["- a — b", "1. only one part", "1. a —", "1.  — b"])
def test_numbered_item_without_its_parts_is_refused(text: str) -> None:
    assert refusal(text, type="numbered", parts=["step", "result"]).code == "bad_section_value"


@pytest.mark.parametrize(
    ("text", "step", "result"),
    [
        ("1. a — b", "a", "b"),
        ("1. a - b", "a", "b"),
        ("1. a-b – c", "a-b", "c"),
        ("1. a - b — c - d — e", "a - b", "c - d — e"),
    ],
)
def test_longest_dash_separates_and_the_others_belong_to_the_words(text: str, step: str, result: str) -> None:
    assert value(text, type="numbered", parts=["step", "result"]) == [{"step": step, "result": result}]


@pytest.mark.parametrize(
    ("stamp", "at"),
    [
        ("2026-03-01T10:02:03Z", "2026-03-01T10:02:03.000Z"),
        ("2026-03-01 10:02", "2026-03-01T10:02:00.000Z"),
        ("2026-03-01 10:02Z", "2026-03-01T10:02:00.000Z"),
        ("2026-03-01 10:02 UTC", "2026-03-01T10:02:00.000Z"),
        ("2026-03-01 10:02+02:00", "2026-03-01T08:02:00.000Z"),
        ("2026-03-01T10:02:03.123456Z", "2026-03-01T10:02:03.123Z"),
    ],
)
def test_timestamps_of_each_form_are_one_instant(stamp: str, at: str) -> None:
    assert value(f"- {stamp} — it broke", type="timeline") == [{"at": at, "event": "it broke", "source": None}]
    assert value(stamp, type="time", hint="when") == at


@pytest.mark.parametrize(
    "stamp",
    ["10:02", "2026-02-30 10:02", "20260301T1002", "2026-W10-1", "0001-01-01 00:00+23:59", "soon"],
)
def test_what_is_no_timestamp_is_refused(stamp: str) -> None:
    assert refusal(f"- {stamp} — it broke", type="timeline").code == "bad_section_value"
    assert refusal(stamp, type="time", hint="when", words=["none"]).code == "bad_section_value"


def test_timestamp_without_a_zone_is_utc_wherever_the_desk_stands(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TZ", "Asia/Tokyo")
    time.tzset()
    try:
        assert value("2026-03-01 10:02", type="time", hint="when") == "2026-03-01T10:02:00.000Z"
    finally:
        monkeypatch.undo()
        time.tzset()


def test_time_may_be_one_of_its_words() -> None:
    assert value("None.", type="time", hint="when", words=["none"]) == "none"


def test_timeline_out_of_order_is_refused_with_its_line() -> None:
    error = refusal("- 2026-03-01 10:02 — b\n- 2026-03-01 10:01 — a", type="timeline")
    assert "It, line 4: lies before the line above it" in str(error)


def test_timeline_line_without_a_source_is_refused_where_it_needs_one() -> None:
    """R-003-20: every line of the detailed timeline says where that is seen."""
    error = refusal("- 2026-03-01 10:02 — it broke", type="timeline", sourced=True)
    assert "timestamp — event — source" in str(error)
    (row,) = value("- 2026-03-01 10:02 — it broke — twice — cron log", type="timeline", sourced=True)
    assert (row["event"], row["source"]) == ("it broke — twice", "cron log")


def test_chain_joins_without_regard_to_case_and_punctuation() -> None:
    found = value("1. a → b c.\n2. B  c -> d\n3. d => e", type="chain")
    assert [row["effect"] for row in found] == ["b c.", "d", "e"]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("1. a → b\n2. c → d", "line 4: its cause is not the effect"),
        ("1. a causes b", "with one arrow"),
        ("1. a → b → c", "with one arrow"),
        ("1. → b", "with one arrow"),
        ("- a → b", "numbered list"),
    ],
)
def test_chain_that_does_not_join_is_refused(text: str, said: str) -> None:
    """R-003-20: effect n is cause n+1."""
    assert said in str(refusal(text, type="chain"))


@pytest.mark.parametrize("text", ["- errors 12 → 0", "- errors — 12", "- errors — 12 → ", "- errors — 1 → 2 → 3"])
def test_metric_without_before_and_after_is_refused(text: str) -> None:
    assert refusal(text, type="metrics").code == "bad_section_value"


@pytest.mark.parametrize(
    "text", ["- mend it — gwen", "1. [P7] mend it — gwen", "1. [P0] mend it", "1. [P0 mend it — gwen"]
)
def test_action_without_priority_or_owner_is_refused(text: str) -> None:
    assert refusal(text, type="actions").code == "bad_section_value"


@pytest.mark.parametrize(
    "text",
    ["- mend it — @gwen", "- [y] mend it — @gwen", "- [ ] mend it", "- [ ] mend it — gwen", "- [ ] mend it — @a b"],
)
def test_task_without_box_or_owner_is_refused(text: str) -> None:
    """R-003-25, R-003-29: every task has its owner."""
    assert refusal(text, type="checklist").code == "bad_section_value"


def test_task_that_is_ticked_is_done() -> None:
    (row,) = value("- [x] mend it - all of it — @gwen", type="checklist", bucket="quick-wins")
    assert row == {"done": True, "action": "mend it - all of it", "owner": "gwen", "bucket": "quick-wins"}


def test_subsections_are_found_below_their_section() -> None:
    parts = [{"name": "What", "type": "text", "hint": "x"}, {"name": "Who", "type": "list", "hint": "y"}]
    assert value("### Who\n\n- a\n\n### What\n\nb", type="subsections", sections=parts) == {"What": "b", "Who": ["a"]}
    assert refusal("words\n\n### Who\n\n- a\n\n### What\n\nb", type="subsections", sections=parts)
    assert refusal("### Who\n\n- a", type="subsections", sections=parts).code == "section_missing"
    assert refusal("### Who\n\n- a\n\n### Why\n\nb", type="subsections", sections=parts).code == "unknown_section"


HOSTILE = {
    "brackets": "[" * 65_000,
    "quotes": ">" * 65_000,
    "nested lists": "\n".join("  " * depth + "- a" for depth in range(250)),
    "many lists": "- - - - - - - - " * 4_000,
    "stars": "*_" * 32_000,
    "ticks": "`" * 65_000,
    "fences": "```\n" * 16_000,
    "definitions": "[a]: b\n" * 9_000,
    "headings": "### a\n" * 10_000,
    "links": "![](" * 16_000,
    "html": "<div " * 13_000,
    "numbers": "1) a\n" * 13_000,
    "controls": "\x00\x01\x1b[31m\u202e" * 5_000,
}


@pytest.mark.parametrize("text", HOSTILE.values(), ids=HOSTILE)
def test_hostile_text_is_refused_in_linear_time(text: str) -> None:
    phase = min(INCIDENT.phases, key=lambda one: len(one.sections))

    def parse(part: str) -> None:
        body = "".join(f"## {section.name}\n\n{part}\n\n" for section in phase.sections)
        with pytest.raises(RecordError):
            reading.parse(phase, body)

    check_linear(parse, text[: 65_000 // len(phase.sections)])


def test_message_about_hostile_heading_is_one_short_line() -> None:
    with pytest.raises(RecordError) as caught:
        reading.parse(phase_with(type="list", hint="one"), "## \x1b[31m" + "a" * 9_000 + "\n")
    assert len(caught.value.problem.message) < 200
    assert caught.value.problem.message.isprintable()


@pytest.mark.parametrize(
    ("said", "at"),
    [
        ("2026-03-01", "2026-03-01T00:00:00.000Z"),
        ("about 2026-03-01", "2026-03-01T00:00:00.000Z"),
        ("about 2026-03-01 10:02Z", "2026-03-01T10:02:00.000Z"),
    ],
)
def test_rough_time_of_a_timeline_stands_where_it_is_put_and_as_it_is_said(said: str, at: str) -> None:
    """FD-41: real reviews know some times by the day, or about."""
    rows = value(f"- 2026-03-01 12:00Z — a\n- {said} — b\n- 2026-03-01 13:00Z — c", type="timeline")
    assert rows[1] == {"at": at, "event": "b", "source": None, "said": said}


@pytest.mark.parametrize("said", ["about noon", "2026-13-01", "about", "roughly 2026-03-01"])
def test_rough_time_that_is_none_is_refused(said: str) -> None:
    assert refusal(f"- {said} — b", type="timeline").code == "bad_section_value"
