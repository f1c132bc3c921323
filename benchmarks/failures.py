"""How well the fingerprint rules that ship group labelled failures, and what a fingerprint costs.

Both sets are synthetic. The rules were tuned on `failures.jsonl`; `failures-second.jsonl` was written before the
rules were first run, and what it gave then stands in `RESULTS.md`.
"""

from __future__ import annotations

import json
import statistics
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from benchmarks.rows import Row, milliseconds
from prismfs.engine.admin.evaluate_fingerprint import evaluate_grouping
from prismfs.kinds.core.settings.fingerprint import Fingerprint
from prismfs.rules.core.fingerprint import MAX_CHARACTERS, fingerprint
from prismfs.store.defaults import default_record

SETS = {"tuned on": "failures.jsonl", "second set": "failures-second.jsonl"}


def measure(rounds: int) -> Iterator[Row]:
    """Yield precision and recall of pairs for each set, and the time of one fingerprint."""
    rules = default_record("fingerprint")
    assert isinstance(rules, Fingerprint)
    every: list[str] = []
    for name, file in SETS.items():
        rows: list[dict[str, Any]] = [
            json.loads(line) for line in (Path(__file__).parent / file).read_text().splitlines()
        ]
        every += [row["error_text"] for row in rows]
        found = evaluate_grouping(rules, rows)
        said = f"{found.count} failures, {found.groups_expected} faults, {found.groups} found"
        yield Row(f"precision of pairs, {name}", f"{found.precision:.1%}", said, "at least 99 %")
        yield Row(f"recall of pairs, {name}", f"{found.recall:.1%}", f"F1 {found.f1:.1%}", "at least 97 %")
    yield Row("one fingerprint of a failure", milliseconds(_median(rules, every * rounds)))
    log = "\n".join(every)
    log *= MAX_CHARACTERS // len(log) + 1
    yield Row("one fingerprint of a log of 64 KiB", milliseconds(_median(rules, [log] * rounds * 3)))


def _median(rules: Fingerprint, texts: list[str]) -> float:
    spent = []
    for text in texts:
        begin = time.perf_counter()
        fingerprint(rules, "job_failure", {"job": "job", "error": text})
        spent.append(time.perf_counter() - begin)
    return statistics.median(spent)
