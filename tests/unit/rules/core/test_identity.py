"""What two reports that are alike differ in, in words for people; and that long ones cost little."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from prismfs.rules.core.identity import differences


@pytest.mark.parametrize(
    ("before", "now", "said"),
    [
        ("replication broken on host db-1", "replication broken on host db-2", "db-2 for db-1"),
        ("lost quorum in rack 1", "lost quorum in rack 2 and rack 3", "2 and rack 3 for 1"),
        ("shard 7 is read only", "shard 7 is read only again", "again"),
        ("shard 7 is read only again", "shard 7 is read only", "no again"),
        ("a button has a typing error", "all files of all users are gone", "another title"),
    ],
)
def test_words_that_differ_are_named(before: str, now: str, said: str) -> None:
    assert differences({"title": now}, {}, {"title": before}, {}) == said


def test_labels_come_first_and_few_are_shown() -> None:
    labels = {"host": "beta", "region": "north", "zone": "b"}
    found = differences({"title": "x"}, labels, {"title": "x"}, {"host": "alpha", "region": "north", "pod": "p"})
    assert found == "host: beta; zone: b; no pod"
    many = {f"label{number}": "new" for number in range(8)}
    assert differences({}, many, {}, {}).endswith("; 3 more")


@given(st.text(), st.text())
def test_something_is_always_said_in_one_short_line(now: str, before: str) -> None:
    said = differences({"title": now, "body": now * 50}, {}, {"title": before, "body": before * 50}, {})
    assert said
    assert len(said) < 1000
