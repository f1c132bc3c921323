"""Classification of one signal: lanes, confidence, severity, nature, and what a reason may say."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

import prismfs
from prismfs.errors import RecordError
from prismfs.kinds.care.settings.triage import KIND, Triage
from prismfs.kinds.care.signal import LANES
from prismfs.rules.care.classifier import Classification, classify, with_floor
from prismfs.rules.care.matching import MAX_CHARACTERS, _scanner

SETTINGS = Path(prismfs.__file__).parent / "defaults" / "care" / "settings" / "triage.yaml"
FLOOR = {"security": 1, "data_loss": 1}


def triage_of(*lanes: dict[str, Any], **fields: Any) -> Triage:
    document: dict[str, Any] = {"kind": "triage", "version": 1, "threshold": 0.6, "lanes": list(lanes)} | fields
    return Triage.from_document(document)


def rule(name: str, match: str, **fields: Any) -> dict[str, Any]:
    return {"name": name, "match": match} | fields


@pytest.fixture(scope="module")
def default() -> Triage:
    record = KIND.read(SETTINGS.read_bytes(), path=KIND.folder)
    assert isinstance(record, Triage)
    return record


# ---- lanes and confidence


def test_classify_without_any_match_is_unclassified_with_no_confidence() -> None:
    found = classify(triage_of(rule("boom", "boom", lane="incident")), subject="hello")
    assert (found.lane, found.confidence, found.runner_up, found.rank) == ("unclassified", 0.0, None, None)
    assert found.reason == "no lane rule matched"


def test_classify_one_rule_gives_its_lane_and_the_logistic_of_its_weight() -> None:
    found = classify(triage_of(rule("boom", "boom", lane="incident")), subject="BOOM")
    assert (found.lane, found.rank) == ("incident", 2)
    assert found.confidence == pytest.approx(0.731, abs=0.001)
    assert found.matched == (("boom", 1.0),)


def test_classify_tie_of_two_lanes_is_unclassified_even_at_threshold_zero() -> None:
    rules = (rule("boom", "boom", lane="incident"), rule("how", "how", lane="info"))
    found = classify(triage_of(*rules, threshold=0), subject="how boom")
    assert (found.lane, found.confidence) == ("unclassified", 0.5)


def test_classify_below_threshold_names_the_lane_that_was_not_certain() -> None:
    found = classify(triage_of(rule("boom", "boom", lane="incident", weight=0.2)), subject="boom")
    assert found.lane == "unclassified"
    assert found.reason == "incident at 0.55 is below the threshold 0.60: boom +0.2"


def test_classify_runner_up_is_the_second_lane() -> None:
    rules = (rule("boom", "boom", lane="incident", weight=3), rule("how", "how", lane="info"))
    found = classify(triage_of(*rules), subject="how boom")
    assert (found.lane, found.runner_up) == ("incident", "info")
    assert found.reason == "incident at 0.88, before info: boom +3, how +1"


def test_classify_negative_weight_takes_from_its_lane_only() -> None:
    rules = (rule("boom", "boom", lane="incident"), rule("no-boom", "no boom", lane="incident", weight=-2))
    assert classify(triage_of(*rules), subject="boom").lane == "incident"
    found = classify(triage_of(*rules), subject="no boom")
    assert (found.lane, found.confidence) == ("unclassified", 0.0)


def test_classify_rule_that_matches_often_counts_once() -> None:
    triage = triage_of(rule("boom", "boom", lane="incident"))
    once, often = (classify(triage, subject="x", body=body) for body in ("boom", "boom " * 50))
    assert once == often


@pytest.mark.parametrize(
    ("where", "hits"),
    [
        ("subject", {"subject"}),
        ("body", {"body", "attachments"}),
        ("labels", {"labels"}),
        ("type", {"type"}),
        ("any", {"subject", "body", "labels", "attachments"}),
    ],
)
def test_classify_rule_looks_only_where_it_says(where: str, hits: set[str]) -> None:
    triage = triage_of(rule("boom", r"\bboom\b", lane="incident", where=where))
    texts: dict[str, dict[str, Any]] = {
        "subject": {"subject": "boom"},
        "body": {"subject": "x", "body": "boom"},
        "labels": {"subject": "x", "labels": {"area": "boom"}},
        "attachments": {"subject": "x", "attachments": {"a.log": "boom"}},
        "type": {"subject": "x", "type": "boom"},
    }
    assert {name for name, given in texts.items() if classify(triage, **given).matched} == hits


def test_classify_label_is_one_line_of_name_and_value() -> None:
    triage = triage_of(rule("priority", "^severity: high$", lane="incident", where="labels"))
    labels = {"area": "desk", "severity": "high", "zone": "b"}
    assert classify(triage, subject="x", labels=labels).lane == "incident"
    assert classify(triage, subject="x", labels={"severity": "higher"}).lane == "unclassified"


def test_classify_alternatives_are_one_rule_and_anchors_hold_for_each() -> None:
    triage = triage_of({"name": "either", "match": ["^one$", "^two$"], "lane": "info"})
    assert classify(triage, subject="x", body="zero\ntwo\nthree").matched == (("either", 1.0),)
    assert classify(triage, subject="x", body="zero two").matched == ()


def test_classify_typographic_apostrophe_matches_the_plain_one() -> None:
    triage = triage_of(rule("cannot", "can't", lane="incident"))
    assert classify(triage, subject="it can’t").lane == "incident"


def test_classify_reads_the_first_part_of_a_body_only() -> None:
    triage = triage_of(rule("boom", "boom", lane="incident"))
    assert classify(triage, subject="x", body=" " * (MAX_CHARACTERS - 4) + "boom").lane == "incident"
    assert classify(triage, subject="x", body=" " * MAX_CHARACTERS + "boom").lane == "unclassified"


def test_classify_half_a_surrogate_pair_is_read_over() -> None:
    assert classify(triage_of(rule("boom", "boom", lane="incident")), subject="\ud800 boom").lane == "incident"


# ---- severity and nature


RANKS = [
    rule("slow", "slow", rank=3),
    rule("down", "down", rank=0),
    rule("very-slow", "very slow", rank=3, weight=0.5),
]


def test_classify_equal_rank_scores_take_the_more_urgent() -> None:
    triage = triage_of(rule("x", "x", lane="incident"), severity=RANKS)
    assert classify(triage, subject="x slow down").rank == 0


def test_classify_rank_is_that_of_the_highest_sum_and_says_by_which_rules() -> None:
    triage = triage_of(rule("x", "x", lane="incident"), severity=RANKS)
    found = classify(triage, subject="x very slow down")
    assert found.rank == 3
    assert found.rank_reason == "rank 3 by rules: slow +1, very-slow +0.5"


def test_classify_rank_is_given_in_other_lanes_only_where_a_rule_says_so() -> None:
    triage = triage_of(rule("x", "x", lane="info"), severity=RANKS)
    assert classify(triage, subject="x").rank is None
    assert classify(triage, subject="x down").rank == 0


def test_classify_equal_natures_take_the_one_named_first() -> None:
    natures = [rule("b", "leak", nature="security"), rule("a", "slow", nature="performance")]
    triage = triage_of(rule("x", "x", lane="incident"), natures=natures)
    assert classify(triage, subject="x slow leak").nature == "security"
    assert classify(triage, subject="x").nature == "unknown"


def test_with_floor_makes_a_rank_more_urgent_and_never_less() -> None:
    natures = [rule("leak", "leak", nature="security")]
    triage = triage_of(rule("x", "x", lane="incident"), severity=RANKS, natures=natures)
    raised = with_floor(classify(triage, subject="x slow leak"), FLOOR)
    assert (raised.rank, raised.rank_reason) == (1, "security is never less urgent than rank 1")
    assert with_floor(classify(triage, subject="x down leak"), FLOOR).rank == 0
    assert with_floor(classify(triage, subject="x slow"), FLOOR).rank == 3
    assert with_floor(classify(triage, subject="leak"), FLOOR).rank is None


# ---- settings that are refused


@pytest.mark.parametrize("pattern", ["(unclosed", "(?=ahead)", r"(a)\1", "[z-a]", "x{2000}", "(?:a{100}){100}"])
def test_triage_pattern_outside_re2_is_refused_and_names_the_rule(pattern: str) -> None:
    with pytest.raises(RecordError) as caught:
        triage_of(rule("fine", "fine", lane="info"), rule("wrong-one", pattern, lane="info"))
    assert caught.value.code == "bad_field"
    assert caught.value.problem.field == "/lanes/1"
    assert "rule wrong-one: a pattern is not of RE2's syntax" in caught.value.problem.message


def test_triage_rules_that_are_too_large_together_are_refused() -> None:
    patterns = [f"(a{index}|b{{200}}c{{200}}){{5}}" for index in range(20)]
    with pytest.raises(RecordError, match="make two rules"):
        triage_of({"name": "huge", "match": patterns, "lane": "info"})


def test_triage_name_that_stands_twice_is_refused() -> None:
    with pytest.raises(RecordError, match="rule same: the name is used twice"):
        triage_of(rule("same", "a", lane="info"), severity=[rule("same", "b", rank=1)])


@pytest.mark.parametrize(
    "fields",
    [
        {"threshold": 1.5},
        {"threshold": float("nan")},
        {"lanes": [rule("x", "x", lane="unclassified")]},
        {"lanes": [rule("x", "x", lane="info", weight=11)]},
        {"lanes": [rule("x", "", lane="info")]},
        {"lanes": [{"name": "x", "match": [], "lane": "info"}]},
        {"severity": [rule("x", "x", rank=4)]},
        {"scope_weight": 0},
        {"scopes": [rule("x", "x", scope="somebody")]},
        {"surprise": 1},
    ],
)
def test_triage_value_out_of_range_is_refused(fields: dict[str, Any]) -> None:
    with pytest.raises(RecordError):
        triage_of(**fields)


# ---- hostile text


def test_classify_catastrophic_pattern_on_a_mebibyte_is_answered() -> None:
    """A backtracking engine needs years."""
    triage = triage_of(rule("evil", r"^(\w+\s?)*$x", lane="info"), rule("evil-2", r"(a|aa)+(a|aa)+b", lane="info"))
    body = "a" * (1 << 20)
    assert classify(triage, subject="a" * 500, body=body).lane == "unclassified"


def test_classify_default_rules_on_a_mebibyte_are_answered(default: Triage) -> None:
    assert classify(default, subject="x", body="how do I (((( fail?? " * 52_000).lane in LANES


def test_classify_reason_holds_no_word_of_the_signal(default: Triage) -> None:
    found = classify(
        default,
        subject="ZANZIBAR crashes at start since the update",
        body="Ignore all rules. QUOKKA token in the log: sesame",
        labels={"bug": "PANGOLIN"},
    )
    assert found.lane == "incident"
    said = f"{found.reason} {found.rank_reason}".casefold()
    assert not any(word in said for word in ("zanzibar", "quokka", "sesame", "pangolin", "ignore"))


def test_classify_reason_of_many_rules_stays_one_short_line() -> None:
    rules = [rule(f"rule-{index}", "x", lane="info", weight=1) for index in range(60)]
    reason = classify(triage_of(*rules), subject="x").reason
    assert reason.endswith("and 52 more")
    assert len(reason) < 200


# ---- the default rules, on reports of our own


def of(default: Triage, subject: str, body: str = "", **given: Any) -> Classification:
    return classify(default, subject=subject, body=body, **given)


@pytest.mark.parametrize(
    ("lane", "subject", "body"),
    [
        ("info", "How do I point the watcher at a second folder?", "The manual says one. Thanks!"),
        ("info", "[Question] order of the mails", "Hi, could somebody explain in which order they are sent?"),
        ("info", "Meaning of the third column", "What does it mean when the value is negative?"),
        ("info", "No crash, just a question", "There is no error at all. Where should I put my key?"),
        ("enhancement", "Feature request: export as CSV", "It would be great to have this for our sheets."),
        ("enhancement", "Add support for Matrix rooms", "So that users can read along on their phones."),
        ("enhancement", "feat(cli): an option to hide closed ones", "I would like to see only what is open."),
        ("recommendation", "Refactor the two big modules", "We should split them: less coupling, easier upkeep."),
        ("recommendation", "Drop support for Python 3.8", "It is end of life. I'd suggest to retire it next release."),
        ("recommendation", "RFC: run the linter in CI", "Pros: fewer review rounds\nCons: slower pipeline"),
        ("incident", "Mail is sent twice since the last update", "Expected: one mail\nActual: two mails"),
        ("incident", "fix: watcher hangs", "Steps to reproduce:\n1. start it\n2. unplug the disk\n\nIt is stuck."),
        ("incident", "Crash at start", "Traceback (most recent call last):\n  File x\nKeyError: 'name'"),
        ("unclassified", "Tuesday", "It rained."),
        ("unclassified", "", ""),
    ],
)
def test_default_rules_report_goes_to_its_lane(default: Triage, lane: str, subject: str, body: str) -> None:
    found = of(default, subject, body)
    assert found.lane == lane, found.reason


@pytest.mark.parametrize(
    ("lane", "label"),
    [("incident", "bug"), ("enhancement", "feature"), ("info", "question"), ("recommendation", "rfc")],
)
def test_default_rules_label_decides_where_words_are_silent(default: Triage, lane: str, label: str) -> None:
    assert of(default, "Tuesday", labels={"tracker": label}).lane == lane


@pytest.mark.parametrize(
    ("rank", "nature", "subject", "body"),
    [
        (0, "outage", "Nobody can log in: the API is down in production", "All users see a 503."),
        (1, "data_loss", "All my records were deleted by the clean-up", "They are gone."),
        (1, "security", "SQL injection in the search form", "An attacker can read everything."),
        (2, "defect", "Install fails on one machine", "It crashes in the last step."),
        (3, "docs", "Typos in the README are wrong", "The spelling of two words is broken."),
    ],
)
def test_default_rules_severity_and_nature_follow_the_harm(
    default: Triage, rank: int, nature: str, subject: str, body: str
) -> None:
    found = with_floor(of(default, subject, body), FLOOR)
    assert (found.lane, found.rank, found.nature) == ("incident", rank, nature)


def test_default_settings_survive_being_written_and_read(default: Triage) -> None:
    assert Triage.from_document(default.to_document()) == default


def test_classify_next_signal_finds_the_matcher_without_a_look_at_each_rule(default: Triage) -> None:
    """To hash a hundred rules takes longer than to match them."""
    classify(default, subject="one")
    known = _scanner.cache_info()
    classify(default, subject="another")
    assert _scanner.cache_info() == known
