"""What verifying asks of git and reads: counted, as times tell little on a shared machine."""

from __future__ import annotations

import cProfile
import pstats
from datetime import UTC, datetime, timedelta

from benchmarks.desks import records_of
from prismfs.engine.trust.verify import verify
from prismfs.kinds import kind_of
from prismfs.kinds.care.signal import Signal
from prismfs.kinds.core.audit import Audit
from prismfs.records.view import GENESIS
from prismfs.store.memory import _MOST_SHOWN, MemoryView
from tests.support.history import History


def test_a_commit_is_asked_for_in_one_go_and_what_was_decided_is_not_read_again(history: History) -> None:
    _, ids = history.verify()
    with cProfile.Profile() as profiler:
        found = verify(history.git, until=ids[-1])
    assert found.problems == ()
    stats = pstats.Stats(profiler).stats  # type: ignore[attr-defined]
    calls = {(place[0].rpartition("/")[2], place[2]): counts[1] for place, counts in stats.items()}
    assert calls["repository.py", "_send"] <= 2 * found.commits  # eleven, when each file was asked for by itself
    assert calls["codec.py", "parse"] <= 3 * found.commits  # seven, when files were read before and after


def test_a_view_in_memory_keeps_few_records_and_answers_from_its_files() -> None:
    view, made = MemoryView(), []
    for number in range(2 * _MOST_SHOWN):
        record, _ = records_of(4 * number + 1, datetime(2026, 3, 1, tzinfo=UTC) + timedelta(seconds=number), GENESIS)
        assert isinstance(record, Signal)
        assert view.put_file(kind_of(record).place_of(record), kind_of(record).write(record))
        made.append(record)
        assert len(view._shown) <= _MOST_SHOWN
    for record in (made[0], made[-1]):
        assert view.get(Signal, record.id) == record
    assert [*view.records()] == sorted(made, key=kind_of(made[0]).place_of)
    view.remove_file(kind_of(made[0]).place_of(made[0]))
    assert view.get(Signal, made[0].id) is None


def test_a_view_in_memory_answers_with_rows_that_it_has_read_again() -> None:
    at = datetime(2026, 3, 1, tzinfo=UTC)
    record, file = records_of(1, at, GENESIS)
    view = MemoryView({kind_of(file).place_of(file): kind_of(file).write(file)})
    (row,) = view.with_ref(Audit, file.rows[0].entity_id)
    view._shown.clear()
    assert view.with_ref(Audit, file.rows[0].entity_id) == (row,)
    assert (row.id, row.cause) == (file.rows[0].id, file.cause)
    assert view.get(Audit, row.id) == row
    assert record.kind == row.entity_type
