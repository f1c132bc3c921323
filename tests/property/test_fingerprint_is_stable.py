"""Changing what is volatile never changes a fingerprint; another job or another exception always does."""

from __future__ import annotations

from datetime import UTC, datetime

from hypothesis import assume, given, settings
from hypothesis import strategies as st

from prismfs.kinds.core.settings.fingerprint import Fingerprint
from prismfs.rules.core.fingerprint import fingerprint, normalise
from prismfs.store.defaults import default_record

_RECORD = default_record("fingerprint")
assert isinstance(_RECORD, Fingerprint)
RULES: Fingerprint = _RECORD

FORM = """\
{at} ERROR [{pool}-{thread}] run {uuid} on {ip}:{port} (pid {pid}) failed after {seconds:.3f}s, {count} of {count} rows
Traceback (most recent call last):
  File "{root}/{place}.py", line {line}, in {place}
    work(0x{address:x})
{error}: {place} of <Job object at 0x{address:012x}> lost commit {sha}
"""

TIMES = st.integers(946_684_800, 4_070_908_800).map(lambda seconds: datetime.fromtimestamp(seconds, UTC))
SHOWN = ("%Y-%m-%dT%H:%M:%S.%fZ", "%Y-%m-%d %H:%M:%S,%f", "%d/%b/%Y:%H:%M:%S +0000", "%b %d %H:%M:%S", "[%H:%M:%S]")
volatile = st.fixed_dictionaries(
    {
        "at": st.tuples(TIMES, st.sampled_from(SHOWN)).map(lambda pair: pair[0].strftime(pair[1])),
        "thread": st.integers(0, 10**4),
        "uuid": st.uuids().map(str),
        "ip": st.ip_addresses(v=4).map(str),
        "port": st.integers(32768, 65535),
        "pid": st.integers(1, 4_000_000),
        "seconds": st.floats(0, 10**5),
        "count": st.integers(0, 10**12),
        "root": st.sampled_from(["/srv/a", "/builds/17/b", "/home/ann/x", "/tmp/tmpx8f3k2ab/job", "/opt/r/2026-01-01"]),
        "line": st.integers(1, 10**5),
        "address": st.integers(0x10000000, 2**48 - 1),
        "sha": st.integers(16**39, 16**40 - 1).map(lambda number: f"{number:x}"),
    }
)
NAMES = ("fold", "load", "send", "unpack", "sweep", "rank")
stable = st.fixed_dictionaries(
    {
        "pool": st.sampled_from(["http", "sched", "io"]),
        "place": st.sampled_from(NAMES),
        "error": st.sampled_from(["KeyError", "OSError", "TimeoutError", "app.errors.Broken"]),
        "job": st.sampled_from(["export", "import", "nightly-sweep"]),
    }
)


def key(fault: dict[str, str], run: dict[str, object]) -> str:
    return fingerprint(RULES, "job_failure", {"job": fault["job"], "error": FORM.format_map(run | fault)})


@settings(deadline=None, max_examples=300)
@given(fault=stable, one=volatile, other=volatile)
def test_fingerprint_of_two_runs_of_one_fault_is_equal(
    fault: dict[str, str], one: dict[str, object], other: dict[str, object]
) -> None:
    assert key(fault, one) == key(fault, other)


@settings(deadline=None, max_examples=200)
@given(one=stable, other=stable, run=volatile)
def test_fingerprint_of_two_faults_of_one_run_differs(
    one: dict[str, str], other: dict[str, str], run: dict[str, object]
) -> None:
    assume(one != other)
    assert key(one, run) != key(other, run)


@settings(deadline=None, max_examples=200)
@given(st.text(max_size=300))
def test_normalise_is_a_function_and_never_fails(text: str) -> None:
    assert normalise(RULES, text) == normalise(RULES, text)
    one = fingerprint(RULES, "escalation", {"title": text})
    assert one == fingerprint(RULES, "escalation", {"title": text})
    assert one.startswith("auto:")
