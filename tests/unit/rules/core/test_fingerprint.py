"""The automatic fingerprint: what is taken out, what survives, and what makes two failures the same fault."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from prismfs.engine.admin.evaluate_fingerprint import evaluate_grouping
from prismfs.errors import RecordError
from prismfs.kinds.core.settings.fingerprint import KIND, Fingerprint
from prismfs.rules.core.fingerprint import MAX_CHARACTERS, essence, fingerprint, normalise
from prismfs.store.defaults import default_record

RECORD = default_record("fingerprint")
assert isinstance(RECORD, Fingerprint)
RULES: Fingerprint = RECORD
FAILURES = Path(__file__).parents[4] / "benchmarks"

# What a change of the rules may not fall below, on each of the two sets of labelled failures.
LEAST_PRECISION, LEAST_RECALL = 0.99, 0.97


def of(error: str, job: str = "export", **more: str) -> str:
    return fingerprint(RULES, "job_failure", {"job": job, "error": error, **more})


def settings(**changes: Any) -> Fingerprint:
    base: dict[str, Any] = {"kind": "fingerprint", "version": 1, "fields": {"signal": ["subject"]}, "volatile": []}
    return Fingerprint.from_document(base | changes)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("2026-05-01T10:11:12.131Z stalled", "2026-11-30 01:02:03,4 stalled"),
        ("at 01/May/2026:10:11:12 +0200 stalled", "at 30/Nov/2026:01:02:03 +0000 stalled"),
        ("Fri May 1 10:11:12 CEST 2026: stalled", "Mon Nov 30 01:02:03 UTC 2026: stalled"),
        ("Mon, 02 Mar 2026 10:11:12 +0000 stalled", "Sun, 31 May 2026 00:00:00 GMT stalled"),
        ("gave up after 30s", "gave up after 1500 ms"),
        ("gave up after 1h2m", "gave up after 3.5 minutes"),
        ("run 0b1f0fd4-1a1f-4f1e-8f1e-2f1e3f1e4f1e lost", "run c0ffee00-aaaa-4bbb-8ccc-0123456789ab lost"),
        ("checkout of a81f0c2 lost", "checkout of 0b7e9d41c0ffee lost"),
        ("no route to 10.0.0.1", "no route to 192.168.100.200"),
        ("peer 10.0.0.1:40120 went away", "peer 10.0.0.2:51999 went away"),
        ("object at 0x7f3d2a1b5c10 is gone", "object at 0x7fe0c0a9d4f0 is gone"),
        ("cannot open /builds/71/web/a.cfg", "cannot open /home/ann/src/web/a.cfg"),
        (r"cannot open C:\agents\4\s\a.cfg", r"cannot open D:\b\a.cfg"),
        ("decode.rs:210:19: bad frame", "decode.rs:214:7: bad frame"),
        ("wrote 17 of 90 rows, then stopped", "wrote 8812 of 9000 rows, then stopped"),
        ("no room for 7.4 GiB", "no room for 512 MB"),
        ("[pool-3-thread-1] pool is empty", "[pool-12-thread-40] pool is empty"),
        ("cron[812]: no such user", "cron[40120]: no such user"),
        ("GET https://api.example/items?page=3&token=abc failed", "GET https://api.example/items?page=9 failed"),
        ("pod web-7f9c6b5d88-2xk4w is stuck", "pod web-5d5d5d5d5d-zzzzz is stuck"),
        ("\x1b[31mERROR\x1b[0m disk is gone", "ERROR disk is gone"),
        ("could not convert string to float: 'n/a'", "could not convert string to float: '12,5'"),
        ("Duplicate entry 'ann' for key 'users.login'", "Duplicate entry 'joe' for key 'users.login'"),
        ("[P1] export is down", "[P3] export is down"),
        ("request id: 0T1W9P3M2N8Q was refused", "request id: 9QZ7XK2M4L1P was refused"),
    ],
)
def test_fingerprint_volatile_part_changed_is_the_same_fault(one: str, other: str) -> None:
    assert of(one) == of(other), (normalise(RULES, one), normalise(RULES, other))


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("upstream answered with status 404", "upstream answered with status 500"),
        ("HTTP/1.1 502", "HTTP/1.1 504"),
        ("failed: 403 Forbidden", "failed: 401 Unauthorized"),
        ("process ended with exit code 1", "process ended with exit code 137"),
        ("worker ended: signal 9", "worker ended: signal 15"),
        ("open: [Errno 2]", "open: [Errno 13]"),
        ("curl: (6) failed", "curl: (28) failed"),
        ("failed (SQLSTATE 23505)", "failed (SQLSTATE 40001)"),
        ("[53100]:FATAL: stopped", "[57014]:FATAL: stopped"),
        ("ORA-00600: stopped", "ORA-00942: stopped"),
        ("error TS2304: stopped", "error TS2339: stopped"),
        ("error[E0382]: stopped", "error[E0499]: stopped"),
        ("failed with 0x80070005", "failed with 0x800700E1"),
        ("refused by 10.0.0.1:5432", "refused by 10.0.0.1:6379"),
        ("cannot find left@2.0.0", "cannot find left@3.0.0"),
        ("violates unique constraint users_email_key", "violates unique constraint users_login_key"),
        ("cannot open /etc/web/a.cfg", "cannot open /etc/web/b.cfg"),
        ("assert a == b", "assert a != b"),
        ("digest sha256 is wrong", "digest sha512 is wrong"),
    ],
)
def test_fingerprint_number_or_name_with_a_meaning_changed_is_another_fault(one: str, other: str) -> None:
    assert of(one) != of(other), normalise(RULES, one)


TRACE = """\
{time} ERROR export failed
Traceback (most recent call last):
  File "{root}/run.py", line {line}, in main
    {source}
  File "{root}/{module}.py", line 77, in {function}
    raise Broken()
  File "/usr/lib/python3.11/site-packages/{library}/api.py", line 3, in call
    return send()
{error}: {message}
"""


def trace(**changes: str) -> str:
    return TRACE.format_map(
        {
            "time": "10:00:01",
            "root": "/srv/a",
            "line": "12",
            "source": "fold(rows)",
            "module": "fold",
            "function": "fold",
            "library": "sender",
            "error": "OSError",
            "message": "no answer",
        }
        | changes
    )


@pytest.mark.parametrize(
    "changes",
    [
        {"time": "23:59:59,999", "root": "/builds/991", "line": "14"},
        {"source": "fold(all_rows)"},
        {"library": "other_sender"},
    ],
)
def test_fingerprint_trace_of_another_run_is_the_same_fault(changes: dict[str, str]) -> None:
    assert of(trace(**changes)) == of(trace())


@pytest.mark.parametrize(
    "changes", [{"module": "load"}, {"function": "unfold"}, {"error": "ValueError"}, {"message": "no room"}]
)
def test_fingerprint_trace_with_another_place_or_error_is_another_fault(changes: dict[str, str]) -> None:
    assert of(trace(**changes)) != of(trace())


def test_fingerprint_other_job_is_another_fault() -> None:
    assert of("disk is full", job="export") != of("disk is full", job="import")
    assert of("disk is full", job="export-2026-05-01") == of("disk is full", job="export-2026-05-02")


def test_essence_keeps_message_and_own_innermost_frames_once() -> None:
    lines = essence(RULES, trace()).splitlines()
    assert lines == ["<time> ERROR export failed", "OSError: no answer", "at fold fold.py", "at main run.py"]


def test_essence_without_own_frames_keeps_those_of_libraries() -> None:
    text = 'File "/x/site-packages/a.py", line 1, in f\n    g()\nOSError: gone'
    assert essence(RULES, text).splitlines() == ["OSError: gone", "at f a.py"]


def test_essence_of_quiet_lines_only_is_those_lines() -> None:
    assert essence(RULES, "INFO one\nINFO two").splitlines() == ["INFO one", "INFO two"]


def test_essence_of_a_long_log_does_not_hang_on_what_stands_around_the_error() -> None:
    def log(letters: str) -> str:
        steps = [f"step {one}{other} of the tour is done" for one in letters for other in "abcdefgh"]
        return "\n".join([*steps, "fatal: the tour was aborted at the bridge", *steps])

    assert essence(RULES, log("abcdefgh")) == "fatal: the tour was aborted at the bridge"
    assert of(log("abcdefgh")) == of(log("stuvwxyz"))


def test_fingerprint_of_a_huge_text_is_bounded_and_sees_the_end() -> None:
    filler = "the tour goes on\n" * (MAX_CHARACTERS // 4)
    assert of(filler + "error: bridge is out") == of(filler * 2 + "error: bridge is out")
    assert of(filler + "error: bridge is out") != of(filler + "error: road is out")


@pytest.mark.parametrize("text", ["\ud800 broken", "\U000f0000 code 17 \U000f0001", "", "\x00", "\x1b]8;;x", "é" * 9])
def test_normalise_any_text_is_survived(text: str) -> None:
    assert isinstance(normalise(RULES, text), str)
    assert of(text).startswith("auto:")


def test_fingerprint_is_namespaced_and_of_fixed_length() -> None:
    """C-03: a reporter's own key begins with key: and never collides with this."""
    key = of("disk is full")
    assert key.startswith("auto:")
    assert len(key.removeprefix("auto:")) == 32
    assert int(key.removeprefix("auto:"), 16) >= 0


def test_fingerprint_severity_never_counts_and_service_does() -> None:
    """C-08: severity apart, the same fault; another service, another."""

    def alert(**fields: str) -> str:
        return fingerprint(RULES, "signal", {"subject": "queue is stuck", "label.service": "mail", **fields})

    assert alert(severity="P1") == alert(severity="P3") == alert()
    assert alert(subject="P1: queue is stuck") == alert(subject="P3: queue is stuck")
    assert alert(**{"label.service": "shop"}) != alert()
    with pytest.raises(RecordError, match="how bad") as error:
        settings(fields={"signal": ["subject", "label.severity"]})
    assert error.value.code == "bad_field"


def test_fingerprint_ignored_fields_do_not_count_where_all_do() -> None:
    """C-09: full comparison, but for the fields that are ignored."""
    rules = settings(fields={"signal": ["*"]}, ignore=["last_seen", "id"])
    first = {"subject": "stuck", "host": "a", "last_seen": "10:00", "id": "x"}
    assert fingerprint(rules, "signal", first) == fingerprint(
        rules, "signal", first | {"last_seen": "11:00", "id": "y"}
    )
    assert fingerprint(rules, "signal", first) != fingerprint(rules, "signal", first | {"host": "b"})


def test_fingerprint_missing_fields_fall_back_and_never_make_one_bucket() -> None:
    """C-10: some missing, the rest counts; none left, the payload does, or the fields as they are."""
    assert fingerprint(RULES, "job_failure", {"job": "a"}) != fingerprint(RULES, "job_failure", {"job": "b"})
    assert fingerprint(RULES, "job_failure", {"error": "e"}) == fingerprint(
        RULES, "job_failure", {"error": "e", "job": ""}
    )
    wordless = [fingerprint(RULES, "signal", {"subject": "404"}, payload=payload) for payload in ("1", "2", "1")]
    assert wordless[0] == wordless[2] != wordless[1]
    assert fingerprint(RULES, "signal", {"subject": "17"}) != fingerprint(RULES, "signal", {"subject": "18"})
    assert fingerprint(RULES, "signal", {}, payload="1") != fingerprint(RULES, "signal", {}, payload="2")


def test_fingerprint_labels_alone_are_not_enough() -> None:
    """C-10: what is wrong in one service is not all one fault."""
    wordless = {"subject": "17", "label.service": "mail"}
    assert fingerprint(RULES, "signal", wordless, payload="1") != fingerprint(RULES, "signal", wordless, payload="2")


@pytest.mark.parametrize(
    ("rule", "field"),
    [
        ({"name": "x", "pattern": "("}, "/volatile/0/pattern"),
        ({"name": "x", "pattern": r"(?=a)"}, "/volatile/0/pattern"),
        ({"name": "x", "pattern": "a", "put": r"\1"}, "/volatile/0"),
        ({"name": "x", "pattern": "(a{1000}){1000}"}, "/volatile/0/pattern"),
        ({"name": "X!", "pattern": "a"}, "/volatile/0/name"),
        ({"name": "x", "patern": "a"}, "/volatile/0/pattern"),
    ],
)
def test_settings_bad_rule_is_refused_with_its_field(rule: dict[str, str], field: str) -> None:
    with pytest.raises(RecordError) as error:
        settings(volatile=[rule])
    assert error.value.problem.field == field


def test_settings_name_that_stands_twice_is_refused() -> None:
    with pytest.raises(RecordError, match="used twice"):
        settings(volatile=[{"name": "x", "pattern": "a"}, {"name": "x", "pattern": "b"}])


def test_settings_that_ship_survive_being_written_and_read() -> None:
    assert KIND.read(KIND.write(RULES), path=KIND.folder) == RULES


def test_normalise_kept_text_is_closed_to_later_rules_and_groups_are_filled_in() -> None:
    rules = settings(
        volatile=[
            {"name": "kept", "pattern": r"exit \d+", "keep": True},
            {"name": "moved", "pattern": r"(\w+)-(\w+)", "put": r"\2 \1"},
            {"name": "number", "pattern": r"\d+", "put": "<n>"},
        ]
    )
    assert normalise(rules, "a-b exit 12, then 13") == "b a exit 12, then <n>"


@pytest.mark.parametrize("name", ["failures.jsonl", "failures-second.jsonl"])
def test_rules_that_ship_group_labelled_failures_above_the_bar(name: str) -> None:
    """R-004-27: what repeats is one fault, and only what repeats."""
    rows = [json.loads(line) for line in (FAILURES / name).read_text().splitlines()]
    assert len(rows) >= 80
    found = evaluate_grouping(RULES, rows)
    assert found.precision >= LEAST_PRECISION, found.joined
    assert found.recall >= LEAST_RECALL, found.split


def test_evaluate_grouping_counts_pairs_and_names_the_wrong_ones() -> None:
    rows = [
        {"id": "a", "text": "disk is full", "group": "disk"},
        {"id": "b", "error_text": "disk is full", "expected_fingerprint_group": "disk"},
        {"id": "c", "text": "disc is full", "group": "disk"},
        {"id": "d", "text": "disk is full", "group": "other"},
    ]
    found = evaluate_grouping(RULES, rows)
    assert (found.together, found.expected, found.right) == (3, 3, 1)
    assert [found.precision, found.recall, found.f1] == pytest.approx([1 / 3] * 3)
    assert found.joined == (("a", "d"), ("b", "d"))
    assert found.split == (("a", "c"), ("b", "c"))
    assert evaluate_grouping(RULES, []).f1 == 1.0


@pytest.mark.parametrize(("row", "field"), [({"group": "g"}, "/text"), ({"text": "x"}, "/group")])
def test_evaluate_grouping_row_without_text_or_group_is_refused(row: dict[str, str], field: str) -> None:
    with pytest.raises(RecordError) as error:
        evaluate_grouping(RULES, [row])
    assert (error.value.code, error.value.problem.field) == ("bad_row", field)


def test_number_of_what_a_title_asks_about_counts_and_that_in_a_log_does_not() -> None:
    def asks(title: str, body: str = "") -> str:
        return fingerprint(RULES, "escalation", {"source": "agent:jade", "title": title, "body": body})

    assert asks("may I merge PR #12?") != asks("may I merge PR #13?")
    assert asks("rebase failed", "run of PR #12\nconflict") == asks("rebase failed", "run of PR #13\nconflict")
