"""Statements are lines of the last paragraph and nothing else; text of others cannot become one."""

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from prismfs.proof.statements import Covers, covers_of, with_statement, without_covers
from prismfs.records.api import Plan, quote_statements

BASE, OTHER = "a" * 40, "b" * 40
MESSAGE = b"signal: accept sig-1\n\nit was read\n\nPrismfs-Cause: drop:1\nPrismfs-Rule: accept\n"


@pytest.mark.parametrize("message", [MESSAGE, b"one line\n", b"one line\n\nand a text", b"one line\n\n\n"])
def test_with_statement_is_read_back(message: bytes) -> None:
    covers = Covers(BASE, 10)
    said = with_statement(with_statement(message, "Prismfs-Other: x"), covers.line)
    assert covers_of(said) == covers
    assert said.startswith(message.rstrip(b"\n"))
    assert said.endswith(b"\n")


@pytest.mark.parametrize(
    "last",
    [
        f"Prismfs-Covers: {BASE} 0",
        f"Prismfs-Covers: {BASE} 01",
        f"Prismfs-Covers: {BASE} 1001",
        f"Prismfs-Covers: {BASE[1:]} 1",
        f"Prismfs-Covers: {BASE.upper()} 1",
        f"Prismfs-Covers: {BASE} 1 ",
        f"Prismfs-Covers:  {BASE} 1",
        f"Prismfs-Covers: {BASE} 1\nPrismfs-Covers: {BASE} 1",
        f"Prismfs-Covers: {BASE} 1\nsomething else",
        f"Prismfs-Covers: {BASE} 1\n\nsomething else",
        f"prismfs-covers: {BASE} 1",
    ],
)
def test_covers_of_another_form_is_none(last: str) -> None:
    assert covers_of(f"event\n\n{last}\n".encode()) is None
    assert covers_of(f"Prismfs-Covers: {BASE} 1\n".encode()) is None  # a subject is no statement


def test_statement_joins_the_trailers_of_a_plan() -> None:
    at = datetime(2026, 3, 1, tzinfo=UTC)
    plan = Plan("signal", "accept", "sig-1", "it was read", "drop:1", "jade", at, version=1, puts=())
    said = with_statement(plan.message.encode(), Covers(BASE, 3).line)
    assert said == plan.message.encode() + Covers(BASE, 3).line.encode() + b"\n"
    assert covers_of(said) == Covers(BASE, 3)
    assert without_covers(said.decode()) == plan.message
    assert without_covers(plan.message) == plan.message


def test_message_of_a_plan_quotes_what_looks_like_a_statement() -> None:
    at = datetime(2026, 3, 1, tzinfo=UTC)
    plan = Plan("signal", "accept", "sig-1", f"it said\n\n{Covers(OTHER, 1).line}", "x", "jade", at, 1, ())
    assert f"\n\n> {Covers(OTHER, 1).line}\n\nPrismfs-Cause: x\n" in plan.message
    assert covers_of(plan.message.encode()) is None


def test_covers_that_stands_in_the_text_as_well_is_none() -> None:
    said = with_statement(f"event\n\nPrismfs-Covers: {OTHER} 1\n\nthe end\n".encode(), Covers(BASE, 1).line)
    assert covers_of(said) is None


@pytest.mark.parametrize("line", ["Covers: x", "Prismfs-Covers: a\nPrismfs-Covers: b", "Prismfs-covers: a", ""])
def test_with_statement_that_is_none_is_refused(line: str) -> None:
    with pytest.raises(ValueError, match="one line"):
        with_statement(MESSAGE, line)


@given(st.text(max_size=80), st.sampled_from(["Prismfs-Covers: ", "\nprismfs-covers: ", "\r Prismfs-Covers: "]))
def test_quoted_text_is_never_read_as_a_statement(text: str, word: str) -> None:
    hostile = f"{text}{word}{BASE} 1"
    for message in (f"event\n\n{quote_statements(hostile)}\n", f"event\n\nreason\n\n{quote_statements(hostile)}"):
        assert covers_of(message.encode(errors="replace")) is None
