"""Whatever a signal says, its classification depends on nothing but the settings and its words."""

from __future__ import annotations

from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

import prismfs
from prismfs.kinds.care.settings.triage import KIND, Triage
from prismfs.kinds.care.signal import LANES
from prismfs.rules.care.classifier import classify
from prismfs.rules.care.matching import _scanner

_SETTINGS = Path(prismfs.__file__).parent / "defaults" / "care" / "settings" / "triage.yaml"
_RECORD = KIND.read(_SETTINGS.read_bytes(), path=KIND.folder)
assert isinstance(_RECORD, Triage)
DEFAULT: Triage = _RECORD

_PHRASES = (
    "how do I", "it crashes", "would be nice", "feature request", "refactor", "since the update", "deprecate",
    "expected:", "?", "no error", "thanks", "data lost", "add support for", "\n", "can’t", "not a bug",
)  # fmt: skip
words = st.lists(st.one_of(st.sampled_from(_PHRASES), st.text(max_size=8)), max_size=12).map(" ".join)
named = st.dictionaries(st.text("abc", min_size=1, max_size=3), words, max_size=4)


@settings(deadline=None, max_examples=150)
@given(subject=words, body=words, labels=named, attachments=named)
def test_classify_same_words_give_the_same_answer_with_fresh_rules_and_any_order(
    subject: str, body: str, labels: dict[str, str], attachments: dict[str, str]
) -> None:
    first = classify(DEFAULT, subject=subject, body=body, labels=labels, attachments=attachments)
    turned = classify(
        DEFAULT.model_copy(),
        subject=subject,
        body=body,
        labels=dict(reversed(labels.items())),
        attachments=dict(reversed(attachments.items())),
    )
    assert first == turned


@settings(deadline=None, max_examples=10)
@given(subject=words, body=words)
def test_classify_warm_rules_answer_like_newly_compiled_ones(subject: str, body: str) -> None:
    warm = classify(DEFAULT, subject=subject, body=body)
    _scanner.cache_clear()
    assert classify(DEFAULT, subject=subject, body=body) == warm


@settings(deadline=None, max_examples=150)
@given(subject=words, body=words)
def test_classify_answer_keeps_its_ranges_and_its_threshold(subject: str, body: str) -> None:
    found = classify(DEFAULT, subject=subject, body=body)
    assert found.lane in LANES
    assert 0 <= found.confidence <= 1
    assert found.rank is None or 0 <= found.rank <= 3
    assert (found.rank is not None) or found.lane != "incident"
    assert found.lane == "unclassified" or found.confidence >= DEFAULT.threshold
    assert found.runner_up != found.lane
    assert {name for name, _ in found.matched} <= {rule.name for rule in DEFAULT.lanes}


@settings(deadline=None, max_examples=100)
@given(subject=words, body=words, secret=st.text("QXZ", min_size=6, max_size=12))
def test_classify_reason_is_blind_to_words_that_no_rule_knows(subject: str, body: str, secret: str) -> None:
    found = classify(DEFAULT, subject=f"{subject} {secret}", body=f"{secret}\n{body}")
    assert secret.casefold() not in f"{found.reason} {found.rank_reason} {found.nature}".casefold()
