"""Ids: sortable by time, derived from their cause, safe as a path."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from prismfs.errors import RecordError
from prismfs.records.ids import ALPHABET, dated_path, derive_id, is_id_prefix, parse_id, prefix_of, time_of

AT = datetime(2026, 3, 1, 10, 0, 0, 123000, tzinfo=UTC)
TIMES = st.datetimes(datetime.fromisoformat("1970-01-01"), datetime.fromisoformat("2999-12-31")).map(
    lambda at: at.replace(tzinfo=UTC, microsecond=at.microsecond // 1000 * 1000)
)


def test_derive_id_same_cause_and_role_gives_same_id() -> None:
    assert derive_id("sig", AT, cause="drop:1") == derive_id("sig", AT, cause="drop:1")


def test_derive_id_other_cause_role_or_prefix_gives_other_id() -> None:
    made = {
        derive_id("sig", AT, cause="a"),
        derive_id("sig", AT, cause="b"),
        derive_id("sig", AT, cause="a", role="x"),
        derive_id("inc", AT, cause="a"),
    }
    assert len({identifier[4:] for identifier in made}) == 4


@given(TIMES, st.text())
def test_time_of_any_id_gives_the_time_it_was_made_for(at: datetime, cause: str) -> None:
    assert time_of(derive_id("sig", at, cause=cause)) == at


@given(TIMES, st.timedeltas(timedelta(milliseconds=1), timedelta(days=9999)))
def test_derive_id_later_time_sorts_later(at: datetime, wait: timedelta) -> None:
    assert derive_id("sig", at, cause="z") < derive_id("sig", at + wait, cause="a")


def test_dated_path_follows_from_the_id_alone() -> None:
    identifier = derive_id("inc", AT, cause="a")
    assert dated_path("incidents", identifier, "yaml") == f"incidents/2026-03/01/10/a/1/{identifier}.yaml"


@pytest.mark.parametrize(
    "text",
    [
        "",
        "sig-",
        "sig-../../../../etc/passwd000",
        "sig-" + "0" * 25,
        "sig-" + "0" * 27,
        "sig-" + "7" + "z" * 25,  # beyond the year 9999
        "sig-" + "0" * 25 + "u",  # u is not of the alphabet
        "SIG-" + "0" * 26,
        "sig-" + "0" * 26 + "\n",
        "x-" + "0" * 26,
    ],
)
def test_parse_id_malformed_text_is_refused(text: str) -> None:
    with pytest.raises(RecordError) as refused:
        parse_id(text)
    assert refused.value.code == "bad_id"


def test_parse_id_other_prefix_is_refused() -> None:
    identifier = derive_id("inc", AT, cause="a")
    assert parse_id(identifier, prefix="inc") == identifier
    with pytest.raises(RecordError):
        parse_id(identifier, prefix="sig")


def test_is_id_prefix_knows_beginnings_of_ids() -> None:
    assert is_id_prefix("inc-01k")
    assert not is_id_prefix("inc")
    assert not is_id_prefix("inc-01u")
    assert prefix_of("inc-01k") == "inc"
    assert len(ALPHABET) == 32
