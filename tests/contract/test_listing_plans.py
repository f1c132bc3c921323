"""Questions that are asked again and again are answered from an index, however many records there are."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest

from prismfs.kinds.response.incident import Incident
from prismfs.store.listing import count_by_status, find_documents
from prismfs.store.projection import Projection
from prismfs.store.rows import put_rows
from tests.support.project import Project


def _row(kind: str, number: int, *, is_open: bool) -> tuple[object, ...]:
    name, status = f"{kind[:3]}-{number:05}", "open" if is_open else "closed"
    place = (f"{kind}/{name}", name, kind, name, None, status, int(is_open))
    return (*place, f"key-{number}", None, None, None, None, None, None, None, 1, json.dumps({"id": name}))


@pytest.fixture
def many() -> Iterator[Projection]:
    projection = Projection(None)
    rows = [_row(kind, number, is_open=number % 3 == 0) for kind in ("incident", "signal") for number in range(200)]
    put_rows(projection.connection, rows)
    yield projection
    projection.close()


@pytest.mark.parametrize("newest_first", [True, False])
@pytest.mark.parametrize("limit", [1, 7, 500])
def test_some_of_a_kind_are_the_first_of_all(limit: int, newest_first: bool, many: Projection) -> None:
    whole, total = find_documents(many.connection, "signal", newest_first=newest_first)
    assert [json.loads(text)["id"] for text in whole] == sorted(
        (f"sig-{number:05}" for number in range(200)), reverse=newest_first
    )
    some, of = find_documents(many.connection, "signal", newest_first=newest_first, limit=limit)
    assert (some, of, total) == (whole[:limit], 200, 200)


def test_no_limit_at_all_gives_none_and_counts_all(many: Projection) -> None:
    assert find_documents(many.connection, "signal", limit=0) == ((), 200)


def _plans(projection: Projection, asked: list[str]) -> str:
    connection = projection.connection
    return "\n".join(row[3] for query in asked for row in connection.execute(f"EXPLAIN QUERY PLAN {query}").fetchall())


def _asked(projection: Projection) -> list[str]:
    asked: list[str] = []
    projection.connection.set_trace_callback(asked.append)
    return asked


def test_the_first_of_a_kind_are_not_sorted_out_of_all(many: Projection) -> None:
    asked = _asked(many)
    find_documents(many.connection, "signal", limit=5)
    many.connection.set_trace_callback(None)
    plans = _plans(many, [query for query in asked if "ORDER BY" in query])
    assert plans.count("record_kind (kind=? AND open=?)") == 2
    assert "record_kind (kind=?)" not in plans, "all of them would be read and sorted"


def test_counting_reads_no_record(many: Projection) -> None:
    asked = _asked(many)
    assert count_by_status(many.connection) == [
        (kind, status, is_open, count)
        for kind in ("incident", "signal")
        for status, is_open, count in (("closed", 0, 133), ("open", 1, 67))
    ]
    many.connection.set_trace_callback(None)
    assert "COVERING INDEX record_state" in _plans(many, asked)


def test_an_open_one_is_looked_for_by_its_key(bench: Project) -> None:
    view = bench.desk.repo.view(bench.desk.repo.snapshot())
    assert isinstance(view, Projection)
    asked = _asked(view)
    assert view.open_with_key(Incident, "nothing") is None
    assert list(view.all_with_key(Incident, "nothing")) == []
    view.connection.set_trace_callback(None)
    assert _plans(view, asked).count("record_key (key=?)") == 2
