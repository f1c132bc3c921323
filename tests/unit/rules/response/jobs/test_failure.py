"""What the retry settings mean: which commands they allow, and which settings are none."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from pydantic import JsonValue

from prismfs.errors import RecordError
from prismfs.kinds import form_of
from prismfs.kinds.response.settings.retry import Retry
from prismfs.rules.response.jobs.failure import _telling, tail_of, why_not_allowed
from prismfs.store.defaults import default_record


def retry(**members: Any) -> Retry:
    return Retry.from_document({"kind": "retry", "version": 1, **members})


def test_retry_defaults_are_those_of_the_file_and_allow_nothing() -> None:
    """R-002-13: three attempts, after 0, 5 and 25 s."""
    assert default_record("retry") == retry()
    assert retry().delays == (timedelta(), timedelta(seconds=5), timedelta(seconds=25))
    assert retry().jobs == {}


@pytest.mark.parametrize(
    ("allowed", "command", "expected"),
    [
        (["make", "export"], ("make", "export"), True),
        (["make", "export"], ("make",), False),
        (["make", "export"], ("make", "export", "-k"), False),
        (["make", "export"], ("make", "Export"), False),
        (["make", "*"], ("make", "export"), True),
        (["make", "*"], ("make", "--eval=$(shell rm -r /)"), True),
        (["make", "*"], ("make",), False),
        (["make", "*"], ("make", "a", "b"), False),
        (["*", "x"], ("anything", "x"), True),
        (["make", "ex*"], ("make", "export"), False),
        (["make", "ex*"], ("make", "ex*"), True),
    ],
)
def test_allowed_command_is_compared_argument_by_argument(
    allowed: list[str], command: tuple[str, ...], expected: bool
) -> None:
    settings = retry(jobs={"one": {"command": allowed}})
    assert settings.jobs["one"].allows(command) is expected
    assert (why_not_allowed(settings, "one", command) is None) is expected


def test_allowed_names_are_compared_as_written() -> None:
    settings = retry(jobs={"one": {"command": ["true"]}})
    assert why_not_allowed(settings, "One", ("true",)) == "settings/retry.yaml names no such job"
    assert why_not_allowed(settings, "one", None) is not None


def test_allowed_own_command_is_known_where_no_argument_is_open() -> None:
    settings = retry(jobs={"whole": {"command": ["make", "x"]}, "open": {"command": ["make", "*"]}})
    assert settings.jobs["whole"].own_command == ("make", "x")
    assert settings.jobs["open"].own_command is None


def test_timeout_is_the_jobs_own_or_that_of_all() -> None:
    settings = retry(timeout="2m", jobs={"own": {"command": ["x"], "timeout": "5s"}, "other": {"command": ["x"]}})
    assert settings.timeout_of("own") == timedelta(seconds=5)
    assert settings.timeout_of("other") == settings.timeout_of("unknown") == timedelta(minutes=2)


@pytest.mark.parametrize(
    ("members", "field"),
    [
        ({"timeout": "0s"}, "/timeout"),
        ({"timeout": "25h"}, "/timeout"),
        ({"keep": 1}, "/keep"),
        ({"keep": 64 * 1024}, "/keep"),
        ({"delays": ["soon"]}, "/delays/0"),
        ({"final_codes": [0]}, "/final_codes/0"),
        ({"pass_environment": ["A=B"]}, "/pass_environment/0"),
        ({"jobs": {"a b": {"command": ["x"]}}}, "/jobs/a b/[key]"),
        ({"jobs": {"a": {"command": []}}}, "/jobs/a/command"),
        ({"jobs": {"a": {"command": "make export"}}}, "/jobs/a/command"),
        ({"jobs": {"a": {"command": ["x\0y"]}}}, "/jobs/a/command/0"),
        ({"jobs": {"a": {"command": ["x"], "shell": True}}}, "/jobs/a/shell"),
    ],
)
def test_retry_settings_that_are_none_are_refused(members: dict[str, Any], field: str) -> None:
    with pytest.raises(RecordError) as refused:
        retry(**members)
    assert refused.value.problem.field == field


@pytest.mark.parametrize("command", [["rm"], "rm", None, [], {}])
def test_job_failure_with_a_command_is_refused(command: JsonValue) -> None:
    """R-002-18: a file can name a job, never what is run."""
    document: dict[str, JsonValue] = {"kind": "job_failure", "from": "jade", "job": "one", "error": "it broke"}
    form_of(document)
    with pytest.raises(RecordError) as refused:
        form_of(document | {"command": command})
    assert refused.value.code == "command_in_drop"


@pytest.mark.parametrize("job", ["", "a b", "-x", "../x", "a\nb", "é", "x" * 101])
def test_job_failure_name_is_one_word(job: str) -> None:
    with pytest.raises(RecordError):
        form_of({"kind": "job_failure", "from": "jade", "job": job, "error": "it broke"})


def test_tail_begins_with_a_whole_line_where_one_is_near() -> None:
    assert tail_of("short") == "short"
    lines = "".join(f"line {number}\n" for number in range(1000))
    assert lines.endswith(tail_of(lines))
    assert tail_of(lines).startswith("line ")
    assert len(tail_of(lines)) <= 2000
    assert tail_of("x" * 5000) == "x" * 2000


@pytest.mark.parametrize(
    ("error", "line"),
    [
        ("", "it says nothing"),
        ("\n \n", "it says nothing"),
        ("one\ntwo\n", "two"),
        ("Traceback (most recent call last):\n  File x\nValueError: no\n", "ValueError: no"),
        ("java.io.IOException: gone\n\tat a.b(C.java:1)\n\tat d.e(F.java:2)\n", "java.io.IOException: gone"),
        ("make: *** [x] Error 2\ndone\n", "make: *** [x] Error 2"),
        ("  indented only", "  indented only"),
    ],
)
def test_title_is_the_line_that_says_what_it_is(error: str, line: str) -> None:
    assert _telling(error) == line
