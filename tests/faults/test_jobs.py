"""Attempts at jobs when processes are killed and files are forged: each is made at most once, none early, none lost."""

from __future__ import annotations

import signal
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import yaml

from prismfs.engine.turn.deliver import Capacity
from prismfs.engine.turn.react import react
from prismfs.kinds import kind_of
from prismfs.kinds.core.outbox import Outbox
from prismfs.kinds.response.job import Job
from prismfs.rules.core.outbox import UNHEARD
from prismfs.rules.response.jobs.run import SLACK
from tests.support.crash import turns
from tests.support.project import Project

SECOND = timedelta(seconds=1)
TIMEOUT = timedelta(seconds=20)
FAILED = "kind: job_failure\nfrom: jade\njob: nightly\nerror: 'ConnectionError: no'\n"


@pytest.fixture
def made(bench: Project) -> Callable[[], list[str]]:
    """Allow the job `nightly`, which fails; give what notes the attempts that were really made, in order."""
    noted = bench.root.parent / "noted"
    allow(bench, "sh", "-c", 'echo "$PRISMFS_ATTEMPT" >> "$1"; exit 1', "sh", str(noted))
    return lambda: noted.read_text().split() if noted.exists() else []


def allow(bench: Project, *command: str, **members: Any) -> None:
    settings = yaml.safe_load((bench.root / "settings/retry.yaml").read_text())
    settings |= {"timeout": "20s", "jobs": {"nightly": {"command": [*command]}}} | members
    bench.commit_by_hand({"settings/retry.yaml": yaml.safe_dump(settings).encode()})


def only(bench: Project) -> Job:
    (job,) = bench.records("job")
    assert isinstance(job, Job)
    return job


def actions(bench: Project) -> list[str]:
    (incident,) = bench.records("incident")
    return [row.action for row in bench.records("audit") if row.entity_id == incident.id]


class Gone:
    """A courier that takes messages and never comes back."""

    def capacity(self) -> Capacity:
        return Capacity(messages=8, jobs=8)

    def send(self, desk: Any, messages: Any) -> None:
        pass

    def collect(self, desk: Any) -> list[Any]:
        return []

    def release(self, desk: Any, carried: Any) -> None:
        assert not carried


def lose_an_attempt(bench: Project) -> None:
    """Let the attempt that is due begin, and nobody tell how it ended."""
    react(bench.desk, bench.moment(), Gone())
    bench.restart()


def test_attempt_that_nobody_heard_of_counts_as_failed_and_is_not_made_again(
    bench: Project, made: Callable[[], list[str]]
) -> None:
    """R-002-18: its lease is its time-out and some slack; the next one follows at its delay from when that was seen."""
    bench.drop(FAILED)
    lose_an_attempt(bench)
    bench.wait(TIMEOUT + SLACK)
    assert only(bench).last.number == 1, "at exactly the end of its lease nothing happens"
    bench.wait(SECOND)
    lost, following = only(bench).attempts[1:]
    assert (lost.outcome, lost.code, lost.error) == ("unknown", None, UNHEARD)
    assert lost.begun_at is not None
    assert following.due_at == bench.clock.now() + 5 * SECOND
    assert made() == []
    bench.wait(4 * SECOND)
    assert made() == []
    bench.wait(SECOND)
    assert made() == ["2"]
    bench.wait(25 * SECOND)
    assert made() == ["2", "3"]
    assert actions(bench) == ["incident.detected", *["incident.retry"] * 3, "incident.escalated"]
    assert [message.status for message in bench.records("outbox") if message.channel == "job"] == [
        "withdrawn", "sent", "sent",
    ]  # fmt: skip
    assert bench.problems() == ()


def test_attempts_that_are_all_lost_go_to_support(bench: Project, made: Callable[[], list[str]]) -> None:
    bench.drop(FAILED)
    for _ in range(3):
        lose_an_attempt(bench)
        bench.clock.move(TIMEOUT + SLACK + SECOND)
        react(bench.desk, bench.moment(), Gone())
        bench.clock.move(25 * SECOND)
    assert [attempt.outcome for attempt in only(bench).attempts] == ["failed", "unknown", "unknown", "unknown"]
    assert actions(bench) == ["incident.detected", *["incident.retry"] * 3, "incident.escalated"]
    assert made() == []


def test_receipt_that_comes_after_its_attempt_was_given_up_changes_nothing(
    bench: Project, made: Callable[[], list[str]]
) -> None:
    from prismfs.engine.turn.sources import note_receipts
    from prismfs.records.message import Receipt

    bench.drop(FAILED)
    lose_an_attempt(bench)
    message = next(message for message in bench.records("outbox") if message.channel == "job")
    bench.wait(TIMEOUT + SLACK + SECOND)
    before = bench.head()
    receipt = Receipt(outcome="sent", document={"outcome": "succeeded", "code": 0, "output": "", "keep": 10})
    note_receipts(bench.desk, [(message, receipt)], bench.clock.now())
    assert bench.head() == before
    assert only(bench).attempts[1].outcome == "unknown"


def test_attempt_made_without_a_document_counts_as_lost(bench: Project, made: Callable[[], list[str]]) -> None:
    """A channel that fails in a way that nobody foresaw is no reason to make the attempt again."""
    from prismfs.engine.turn.sources import note_receipts
    from prismfs.records.message import Receipt

    bench.drop(FAILED)
    react(bench.desk, bench.moment(), Gone())
    message = next(message for message in bench.records("outbox") if message.channel == "job")
    note_receipts(bench.desk, [(message, Receipt("temporary", "the channel failed"))], bench.clock.now())
    assert (only(bench).attempts[1].outcome, only(bench).attempts[1].error) == ("unknown", "the channel failed")
    assert only(bench).last.number == 2


def test_command_that_is_allowed_no_more_is_not_run(bench: Project, made: Callable[[], list[str]]) -> None:
    """R-002-18: what is run is compared with the settings before every attempt."""
    bench.drop(FAILED)
    bench.turn()
    assert made() == ["1"]
    allow(bench, "true")
    bench.wait(timedelta(minutes=2))
    assert made() == ["1"]
    job = only(bench)
    assert (job.status, job.retry_reason) == ("failed", "settings/retry.yaml allows the job another command")
    assert (job.last.number, job.last.outcome, job.last.begun_at) == (2, "not_allowed", None)
    (incident,) = bench.records("incident")
    assert (incident.status, incident.level, incident.retry_attempts) == ("triage", "support", 1)
    assert actions(bench) == ["incident.detected", "incident.retry", "incident.escalated"]
    assert bench.problems() == ()


def test_run_again_is_what_the_newest_record_of_the_name_says(bench: Project) -> None:
    """A command with an argument left open is known from a run, and run again with it."""
    allow(bench, "sh", "-c", 'echo "$1" >> ../given; exit 1', "sh", "*")
    command = ["sh", "-c", 'echo "$1" >> ../given; exit 1', "sh", "monday"]
    bench.give("job.run", {"job": "nightly", "command": command})
    bench.wait(TIMEOUT + SLACK + SECOND)  # it never told how it ended
    bench.wait(timedelta(minutes=2))
    bench.wait(timedelta(minutes=2))
    assert (bench.root.parent / "given").read_text().split() == ["monday"] * 3
    assert [attempt.outcome for attempt in only(bench).attempts] == ["unknown", "failed", "failed", "failed"]


def put_by_hand(bench: Project, *records: Any) -> None:
    bench.commit_by_hand({kind_of(record).place_of(record): kind_of(record).write(record) for record in records})


def test_message_that_no_rule_made_runs_nothing(bench: Project, made: Callable[[], list[str]], tmp_path: Path) -> None:
    """Whoever can commit an outbox file can still not say what is run, nor when, nor once more."""
    bench.drop(FAILED)
    bench.turn()
    job = only(bench)
    (planned,) = (message for message in bench.records("outbox") if message.status == "pending")
    assert planned.level == 2
    evil = tmp_path / "evil"
    order = (
        f'{{"command": ["touch", "{evil}"], "timeout": 5, "keep": 300, "pass_environment": [], "environment": {{}}}}'
    )
    free = planned.changed(id="out-01kjmdeb80er8dfw0wemj7sy1g", body=order, due_at=bench.clock.now())
    early = planned.changed(body=order, due_at=bench.clock.now())
    put_by_hand(bench, free, early)
    bench.turn()
    assert made() == ["1"]
    messages = {message.id: message for message in bench.records("outbox")}
    assert free.id not in messages
    assert messages[planned.id] == planned, "it waits for its own time"
    bench.wait(job.last.due_at - bench.clock.now() + SECOND)
    assert made() == ["1", "2"]
    assert not evil.exists()


def test_attempt_set_back_by_hand_is_not_made_again(bench: Project, made: Callable[[], list[str]]) -> None:
    bench.drop(FAILED)
    lose_an_attempt(bench)
    (message,) = bench.records("outbox")
    put_by_hand(bench, message.changed(status="pending", due_at=bench.clock.now()))
    bench.turn()
    assert made() == []
    assert bench.records("outbox")[0].status == message.status


def test_outbox_retry_makes_no_attempt_again(bench: Project, made: Callable[[], list[str]]) -> None:
    from prismfs.errors import RefusedError

    bench.drop(FAILED)
    bench.turn()
    message = next(message for message in bench.records("outbox") if message.status == "sent")
    with pytest.raises(RefusedError) as refused:
        bench.give("outbox.retry", {"id": message.id})
    assert refused.value.code == "made_once"


def test_no_command_that_a_person_gives_waits_for_a_job(bench: Project, made: Callable[[], list[str]]) -> None:
    """What unpausing lets go on is the watcher's to run."""
    settings = yaml.safe_load((bench.root / "settings/response.yaml").read_text()) | {"pause_rank": 3}
    bench.commit_by_hand({"settings/response.yaml": yaml.safe_dump(settings).encode()})
    bench.drop(FAILED)
    bench.turn()
    (incident,) = bench.records("incident")
    bench.give("incident.pause", {"id": incident.id, "agent": "jade", "reason": "look"})
    bench.wait(timedelta(minutes=1))
    assert [message.status for message in bench.records("outbox") if message.level == 2] == ["held"]
    bench.give("incident.unpause", {"id": incident.id, "agent": "jade"})
    assert made() == ["1"]
    bench.turn()
    assert made() == ["1", "2"]


def test_jobs_of_one_turn_begin_one_after_the_other(bench: Project, tmp_path: Path) -> None:
    """Without a courier an attempt begins when it is really made, or its lease could pass before."""
    noted = tmp_path / "order"
    script = f'echo "begin $PRISMFS_JOB" >> {noted}; echo "end $PRISMFS_JOB" >> {noted}'
    entries = {name: {"command": ["sh", "-c", script]} for name in ("one", "two", "three")}
    settings = yaml.safe_load((bench.root / "settings/retry.yaml").read_text()) | {"jobs": entries}
    bench.commit_by_hand({"settings/retry.yaml": yaml.safe_dump(settings).encode()})
    for name in entries:
        bench.drop(FAILED.replace("nightly", name))
    turn = react(bench.desk, bench.moment())
    assert [message.status for message in bench.records("outbox")].count("sending") == 1
    assert turn.more
    bench.turn()
    assert {job.status for job in bench.records("job")} == {"succeeded"}
    lines = noted.read_text().splitlines()
    assert len(lines) == 6
    assert [lines[step].split()[1] for step in (0, 2, 4)] == [lines[step].split()[1] for step in (1, 3, 5)]


POINTS = {
    "before-objects": (1,),
    "before-reference": (2,),
    "after-reference": (1, 2, 3),
    "between-files": (2,),
    "after-projection": (2, 3),
    "before-inbox": (1,),
    "between-inbox": (1,),
    "carried": (1,),
}
"""Crash points, and at which passing it happens: the first commit is the failure, then an attempt begins and ends."""


@pytest.mark.slow
@pytest.mark.parametrize(
    ("point", "passing"), [(point, passing) for point, passings in POINTS.items() for passing in passings]
)
def test_turn_killed_anywhere_makes_every_attempt_at_most_once(
    bench: Project, made: Callable[[], list[str]], point: str, passing: int
) -> None:
    """R-002-18: no fourth attempt, no lost third, none twice, none early."""
    noted = bench.root.parent / "noted"
    script = 'echo "$PRISMFS_ATTEMPT" >> "$1"; exit 1'
    allow(bench, "sh", "-c", script, "sh", str(noted), delays=["0s", "1m", "2m"])
    bench.drop(FAILED)
    killed = turns(bench.root, point, passing)
    assert killed.returncode == -signal.SIGKILL, killed.stderr
    for minutes in range(7):
        done = turns(bench.root, "", 0, minutes)
        assert done.returncode == 0, done.stderr
    bench.restart()
    job = only(bench)
    assert job.status == "failed"
    assert [attempt.number for attempt in job.attempts] == [0, 1, 2, 3]
    assert len(set(made())) == len(made()), "one was made twice"
    assert {str(one.number) for one in job.attempts[1:] if one.outcome == "failed"} <= set(made())
    assert {one.outcome for one in job.attempts} <= {"failed", "unknown"}
    for before, after, wait in zip(job.attempts, job.attempts[1:], (0, 1, 2), strict=False):
        assert before.ended_at is not None
        assert after.due_at == before.ended_at + timedelta(minutes=wait)
        assert after.begun_at is not None
        assert after.begun_at >= after.due_at
    assert actions(bench) == ["incident.detected", *["incident.retry"] * 3, "incident.escalated"]
    assert list((bench.root / "inbox").iterdir()) == []
    assert bench.problems() == ()


def test_messages_of_jobs_end_in_states_that_are_not_open(bench: Project, made: Callable[[], list[str]]) -> None:
    """What an attempt came to stands in its job; no message of it lies in the outbox as if it were undelivered."""
    bench.drop(FAILED)
    lose_an_attempt(bench)
    for _ in range(4):
        bench.wait(timedelta(minutes=1))
    messages = [message for message in bench.records("outbox") if message.channel == "job"]
    assert len(messages) == 3
    lifecycle = kind_of(Outbox).lifecycle
    assert lifecycle is not None
    assert {message.status for message in messages} & lifecycle.open == set()
