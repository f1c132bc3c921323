"""The queue of nudges and the heartbeats on a real disk, with real processes that race and die (R-004-34)."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from prismfs.delivery.nudge import NudgeChannel
from prismfs.delivery.nudges import queue as nudges
from prismfs.delivery.nudges.forms import Heartbeat, Nudge
from prismfs.delivery.nudges.heartbeats import read_heartbeats, write_heartbeat
from prismfs.delivery.nudges.queue import TTL, NudgeQueue
from prismfs.errors import ConflictError, PrismfsError, RecordError, RefusedError, StoreError
from prismfs.records.api import Message, derive_id, format_instant

NOW = datetime(2026, 3, 1, 10, 0, tzinfo=UTC)
FIVE = timedelta(minutes=5)
MOMENT = timedelta(milliseconds=1)

# Claims one nudge after the other, as of a given time, once a file `go` is there; lives until its input ends.
CLAIMER = """
import os, sys
from datetime import datetime
from pathlib import Path
from prismfs.delivery.nudges.queue import NudgeQueue

root, at, named = Path(sys.argv[1]), datetime.fromisoformat(sys.argv[2]), sys.argv[3] == "named"
queue = NudgeQueue(root)
print("ready", flush=True)
while not (root / "go").exists():
    pass
while found := queue.claim("mayor", at, process=os.getpid() if named else None, limit=1).nudges:
    print(found[0].id, flush=True)
print("end", flush=True)
sys.stdin.read()
"""


@pytest.fixture
def queue(tmp_path: Path) -> NudgeQueue:
    return NudgeQueue(tmp_path)


@pytest.fixture
def box(tmp_path: Path) -> Path:
    return tmp_path / "run" / "nudges" / "mayor"


def nudge(cause: str = "a", *, to: str = "mayor", at: datetime = NOW, ttl: timedelta = TTL) -> Nudge:
    name = derive_id("nud", at, cause=cause)
    return Nudge(id=name, sender="jade", to=to, text="the build waits", at=at, expires_at=at + ttl)


def claimed(queue: NudgeQueue, now: datetime = NOW, **options: Any) -> list[str]:
    return [found.id for found in queue.claim("mayor", now, **options).nudges]


def fill(queue: NudgeQueue, number: int) -> list[str]:
    made = [nudge(str(count), at=NOW + count * MOMENT) for count in range(number)]
    for each in made:
        assert queue.send(each, NOW)
    return [each.id for each in made]


@contextmanager
def claimer(root: Path, at: datetime = NOW, *, named: bool = False) -> Iterator[subprocess.Popen[str]]:
    """Start a process that claims once it is told to, and end it."""
    command = [sys.executable, "-c", CLAIMER, str(root), at.isoformat(), "named" if named else "unnamed"]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as child:
        try:
            yield child
        finally:
            child.kill()


def hear(child: subprocess.Popen[str]) -> str:
    assert child.stdout is not None
    return child.stdout.readline().strip()


def hear_all(child: subprocess.Popen[str]) -> list[str]:
    """Return what a claimer says until its end."""
    return list(iter(lambda: hear(child), "end"))


def test_claim_hands_out_oldest_first_and_whole(queue: NudgeQueue) -> None:
    ids = fill(queue, 3)
    first = queue.claim("mayor", NOW, limit=2)
    assert ([found.id for found in first.nudges], first.left, first.problems) == (ids[:2], 1, ())
    assert first.nudges[0] == nudge("0")
    assert claimed(queue) == ids[2:]
    assert claimed(queue) == []


def test_claim_of_an_identity_is_its_own_in_any_case(queue: NudgeQueue) -> None:
    queue.send(nudge(to="Mayor"), NOW)
    assert queue.claim("deacon", NOW).nudges == ()
    assert [found.to for found in queue.claim("MAYOR", NOW).nudges] == ["Mayor"]


def test_claim_by_many_processes_each_nudge_exactly_once(queue: NudgeQueue, tmp_path: Path) -> None:
    ids = fill(queue, 200)
    with ExitStack() as stack:
        children = [stack.enter_context(claimer(tmp_path)) for _ in range(4)]
        assert [hear(child) for child in children] == ["ready"] * 4
        (tmp_path / "go").touch()
        heard = [hear_all(child) for child in children]
    assert sorted(name for names in heard for name in names) == ids
    assert sum(len(names) > 0 for names in heard) > 1, "nobody raced"


def test_claim_of_a_killed_process_goes_back_when_it_has_gone(queue: NudgeQueue, tmp_path: Path) -> None:
    ids = fill(queue, 2)
    with claimer(tmp_path, named=True) as child:
        (tmp_path / "go").touch()
        assert hear_all(child) == ["ready", *ids]
        assert claimed(queue) == []
        os.kill(child.pid, signal.SIGKILL)
        child.wait()
        assert claimed(queue) == ids


def test_claim_of_a_killed_process_without_a_name_goes_back_after_five_minutes(
    queue: NudgeQueue, tmp_path: Path
) -> None:
    ids = fill(queue, 2)
    with claimer(tmp_path) as child:
        (tmp_path / "go").touch()
        assert hear_all(child) == ["ready", *ids]
        os.kill(child.pid, signal.SIGKILL)
        child.wait()
    assert claimed(queue, NOW + FIVE - MOMENT) == []
    assert claimed(queue, NOW + FIVE) == ids
    assert claimed(queue, NOW + FIVE + FIVE - MOMENT) == []
    assert claimed(queue, NOW + FIVE + FIVE) == ids


def test_claim_of_a_process_that_lives_goes_back_after_five_minutes_too(queue: NudgeQueue) -> None:
    ids = fill(queue, 1)
    assert claimed(queue, process=os.getpid()) == ids
    assert claimed(queue, NOW + FIVE - MOMENT) == []
    assert claimed(queue, NOW + FIVE) == ids


def test_claim_from_the_future_goes_back(queue: NudgeQueue) -> None:
    """A clock that was set back must not keep a nudge for as long."""
    ids = fill(queue, 1)
    assert claimed(queue, NOW + timedelta(minutes=50)) == ids
    assert claimed(queue, NOW) == ids


def test_claim_after_expiry_hands_out_nothing_and_sweeps(queue: NudgeQueue, box: Path) -> None:
    queue.send(nudge("short", ttl=timedelta(seconds=1)), NOW)
    queue.send(nudge("long"), NOW)
    assert claimed(queue, NOW + timedelta(seconds=1)) == [nudge("long").id]
    assert not list(box.rglob(f"{nudge('short').id}*"))


def test_claim_orphaned_past_its_expiry_is_swept_and_not_handed_out(queue: NudgeQueue, box: Path) -> None:
    queue.send(nudge(), NOW)
    assert claimed(queue) == [nudge().id]
    assert claimed(queue, NOW + TTL) == []
    assert not list(box.rglob("nud-*"))


def test_done_ends_it_for_good_and_twice_is_no_error(queue: NudgeQueue, box: Path) -> None:
    fill(queue, 1)
    (found,) = claimed(queue)
    assert queue.done("Mayor", found[:8], NOW, dry_run=True) == (found, True)
    assert queue.done("Mayor", found[:8], NOW) == (found, True)
    assert queue.done("mayor", found, NOW) == (found, False)
    assert list((box / "claimed").iterdir()) == []
    assert claimed(queue, NOW + FIVE) == []


def test_done_of_what_went_back_is_a_conflict(queue: NudgeQueue) -> None:
    ids = fill(queue, 2)
    with pytest.raises(ConflictError, match="it is not claimed now"):
        queue.done("mayor", ids[0], NOW)
    assert claimed(queue) == ids
    with pytest.raises(RefusedError) as refused:
        queue.done("mayor", "nud-", NOW)
    assert refused.value.code == "ambiguous"


@pytest.mark.parametrize("text", ["", "nud-0000", "../mayor", "nud-*", "out-01k5"])
def test_done_of_what_is_no_claim_is_not_found(queue: NudgeQueue, text: str) -> None:
    fill(queue, 1)
    claimed(queue)
    for identity in ("mayor", "deacon"):
        with pytest.raises(RefusedError) as refused:
            queue.done(identity, text, NOW)
        assert refused.value.code == "not_found"


def test_send_twice_is_one_while_it_waits_is_claimed_or_was_done(queue: NudgeQueue, box: Path) -> None:
    assert queue.send(nudge(), NOW)
    assert not queue.send(nudge(), NOW)
    claimed(queue)
    assert not queue.send(nudge(), NOW)
    queue.done("mayor", nudge().id, NOW)
    assert not queue.send(nudge(), NOW)
    assert claimed(queue) == []
    week = NOW + timedelta(days=7)
    claimed(queue, week)
    assert len(list((box / "done").iterdir())) == 1
    claimed(queue, week + MOMENT)
    assert len(list((box / "done").iterdir())) == 0


def test_send_to_a_full_queue_is_refused_until_something_expires(
    queue: NudgeQueue, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(nudges, "MOST_WAITING", 3)
    fill(queue, 3)
    with pytest.raises(RefusedError) as refused:
        queue.send(nudge("more"), NOW)
    assert refused.value.code == "too_many_nudges"
    later = NOW + TTL + timedelta(minutes=1)
    assert queue.send(nudge("more", at=later), later)
    assert claimed(queue, later) == [nudge("more", at=later).id]


@pytest.mark.parametrize("name", ["", ".", "..", "../mayor", "a/b", "/etc", "-x", "a\n", "a b", "x" * 65, "ä"])
def test_identity_that_could_be_a_path_is_refused(queue: NudgeQueue, tmp_path: Path, name: str) -> None:
    for act in (
        lambda: queue.claim(name, NOW),
        lambda: queue.done(name, "nud-", NOW),
        lambda: queue.look(NOW, name),
        lambda: queue.send(replace(nudge(), to=name), NOW),
        lambda: write_heartbeat(tmp_path, name, Heartbeat(at=NOW)),
    ):
        with pytest.raises(RecordError) as refused:
            act()
        assert refused.value.code == "bad_identity"
    assert list(tmp_path.iterdir()) == []


def broken_files() -> dict[str, bytes]:
    """Return files that are no nudges, by name; each stands beside good ones."""
    name = f"{nudge('z').id}.json"
    whole = json.dumps(nudge("z").to_document())
    return {
        name: b"",
        "notes.txt": b"hello",
        "two\nlines.json": whole.encode(),
        f"{nudge('y').id}.json": whole.encode(),
        f"{nudge('x').id}.json": json.dumps(nudge("x", to="deacon").to_document()).encode(),
        f"{nudge('w').id}.json": b'{"id": 1}',
        f"{nudge('v').id}.json": b"\xff\xfe",
        f"{nudge('u').id}.json": b"[" * 20_000,
        f"{nudge('t').id}.json": whole.encode() + b" " * 40_000,
    }


def test_claim_sets_broken_files_aside_names_them_and_goes_on(queue: NudgeQueue, box: Path) -> None:
    fill(queue, 2)
    for name, data in broken_files().items():
        (box / name).write_bytes(data)
    os.mkfifo(box / f"{nudge('pipe').id}.json")
    (box / f"{nudge('folder').id}.json" / "inside").mkdir(parents=True)
    found = queue.claim("mayor", NOW)
    assert [each.id for each in found.nudges] == [nudge("0").id, nudge("1", at=NOW + MOMENT).id]
    number = len(broken_files()) + 2
    assert len(found.problems) == number == len(list((box / "broken").iterdir()))
    for problem in found.problems:
        assert str(problem.path).startswith("run/nudges/mayor/broken/")
    assert {problem.code for problem in found.problems} >= {"bad_name", "too_large", "not_a_file", "wrong_path"}
    assert queue.claim("mayor", NOW).problems == ()


def test_look_names_what_is_broken_and_changes_nothing(queue: NudgeQueue, tmp_path: Path, box: Path) -> None:
    ids = fill(queue, 3)
    queue.send(nudge("other", to="deacon", ttl=timedelta(minutes=1)), NOW)
    claimed(queue, limit=1)
    (box / "notes.txt").write_text("hello")
    (tmp_path / "run" / "nudges" / "A B").mkdir()
    (tmp_path / "run" / "nudges" / "link").symlink_to(box)
    before = sorted(tmp_path.rglob("*"))
    entries, problems = queue.look(NOW + timedelta(minutes=1))
    states = {entry.nudge.id: entry.state for entry in entries}
    other = nudge("other", to="deacon").id
    assert states == {ids[0]: "claimed", ids[1]: "waiting", ids[2]: "waiting", other: "expired"}
    assert sorted(problem.code for problem in problems) == ["bad_identity", "bad_name", "link_in_path"]
    assert [entry.state for entry in queue.look(NOW + FIVE, "Mayor")[0]] == ["orphaned", "waiting", "waiting"]
    assert sorted(tmp_path.rglob("*")) == before


def test_link_in_place_of_a_nudge_is_not_read(queue: NudgeQueue, tmp_path: Path, box: Path) -> None:
    fill(queue, 1)
    elsewhere = tmp_path / "elsewhere.json"
    elsewhere.write_text(json.dumps(nudge("z").to_document()))
    (box / f"{nudge('z').id}.json").symlink_to(elsewhere)
    found = queue.claim("mayor", NOW)
    assert ([each.id for each in found.nudges], len(found.problems)) == ([nudge("0").id], 1)
    assert elsewhere.exists()


@pytest.mark.parametrize("part", ["run", "run/nudges", "run/nudges/mayor", "run/nudges/mayor/claimed"])
def test_link_in_place_of_a_folder_is_not_followed(queue: NudgeQueue, tmp_path: Path, part: str) -> None:
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    (tmp_path / part).parent.mkdir(parents=True, exist_ok=True)
    (tmp_path / part).symlink_to(elsewhere)
    for act in (lambda: queue.send(nudge(), NOW), lambda: queue.claim("mayor", NOW)):
        with pytest.raises(StoreError) as refused:
            act()
        assert refused.value.code == "link_in_path"
    assert list(elsewhere.iterdir()) == []


def message(*, target: str = "Mayor", body: str = "Answer: prismfs escalate ack") -> Message:
    return Message(
        id=derive_id("out", NOW, cause="a"),
        channel="nudge",
        target=target,
        subject="[HIGH] disk almost full",
        body=body,
        about=derive_id("bea", NOW, cause="b"),
        priority="high",
        created_at=NOW - timedelta(days=1),
    )


def test_channel_sends_one_nudge_by_the_deliverys_id(queue: NudgeQueue, tmp_path: Path) -> None:
    """R-004-28: a delivery may be tried again after a crash, and must not show twice; not even when it was done."""
    channel = NudgeChannel(tmp_path, now=lambda: NOW)
    assert NudgeChannel.local
    first = channel.send(message())
    assert (first.outcome, channel.send(message())) == ("sent", first)
    (found,) = queue.claim("mayor", NOW).nudges
    assert (found.id, found.about, found.sender) == (message().id, message().about, "prismfs")
    assert found.text == "[HIGH] disk almost full\n\nAnswer: prismfs escalate ack"
    assert found.expires_at == NOW + TTL
    queue.done("mayor", found.id, NOW)
    assert channel.send(message()) == first
    assert queue.claim("mayor", NOW).nudges == ()


def test_channel_says_what_a_place_can_do_wrong(tmp_path: Path) -> None:
    channel = NudgeChannel(tmp_path)
    assert channel.send(message(target="../mayor")).outcome == "permanent"
    assert channel.send(message(target="")).outcome == "permanent"
    assert list(tmp_path.iterdir()) == []
    (tmp_path / "run").write_text("a file where a folder belongs")
    assert channel.send(message()).outcome == "temporary"


def test_channel_cuts_what_is_too_long(queue: NudgeQueue, tmp_path: Path) -> None:
    assert NudgeChannel(tmp_path, now=lambda: NOW).send(message(body="é" * 60_000)).outcome == "sent"
    (found,) = queue.claim("mayor", NOW).nudges
    assert (len(found.text), found.text[-1]) == (4000, "…")


def test_heartbeat_is_the_last_one_whatever_the_case(tmp_path: Path) -> None:
    write_heartbeat(tmp_path, "Jade", Heartbeat(at=NOW - FIVE, note="step 1"))
    path = write_heartbeat(tmp_path, "jade", Heartbeat(at=NOW, note="step 2"))
    assert json.loads((tmp_path / path).read_text()) == {"at": format_instant(NOW), "note": "step 2"}
    assert [entry.name for entry in (tmp_path / "run/heartbeats").iterdir()] == ["jade.json"]


def test_heartbeat_is_stale_when_it_is_older(tmp_path: Path) -> None:
    write_heartbeat(tmp_path, "jade", Heartbeat(at=NOW))
    for age, stale in ((timedelta(0), False), (FIVE, False), (FIVE + MOMENT, True), (-FIVE - MOMENT, True)):
        (beat,), _ = read_heartbeats(tmp_path, NOW + age, older=FIVE)
        assert (beat.identity, beat.age, beat.stale) == ("jade", age, stale)


def test_heartbeat_that_is_broken_is_named_and_stops_no_other(tmp_path: Path) -> None:
    write_heartbeat(tmp_path, "jade", Heartbeat(at=NOW))
    folder = tmp_path / "run" / "heartbeats"
    (folder / "onyx.json").write_text("{")
    (folder / "opal.json").symlink_to(folder / "jade.json")
    (folder / "big.json").write_bytes(b" " * 5000)
    (folder / "A B.json").write_text("{}")
    beats, problems = read_heartbeats(tmp_path, NOW, older=FIVE)
    assert [beat.identity for beat in beats] == ["jade"]
    assert len(problems) == 4
    write_heartbeat(tmp_path, "opal", Heartbeat(at=NOW - FIVE))
    assert read_heartbeats(tmp_path, NOW, older=FIVE)[0][0].heartbeat.at == NOW, "a link is replaced, not followed"


@pytest.mark.parametrize("ttl", [timedelta(0), -timedelta(hours=1)])
def test_expiry_of_no_duration_is_refused(ttl: timedelta) -> None:
    with pytest.raises(PrismfsError) as refused:
        nudges.new_expiry(NOW, ttl)
    assert (refused.value.code, refused.value.problem.field) == ("bad_field", "/ttl")
