"""Watchers as processes that deliver to real servers: killed, stopped, kept waiting, and with others beside them."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections import Counter
from datetime import datetime, timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.support.owner import Owner
from tests.support.servers import Answer, HttpServer
from tests.support.waiting import until
from tests.support.watched import Watched

HELP = {"kind": "escalation", "from": "jade", "severity": "HIGH", "title": "it burns"}
MOST_CPU = 0.25
"""Of one core: a watcher that turns over something without a pause takes all of it."""


def configure(
    watched: Watched, *actions: str, lease: str = "2m", waits: tuple[str, ...] = ("1s",), **more: Any
) -> None:
    """Send every escalation by `actions`; `more` are targets by name, or `escalation` with members of its settings."""
    root: Path = watched.root
    routing = yaml.safe_load((root / "settings/routing.yaml").read_text())
    routing["route"] = {"name": "default", "actions": list(actions)}
    escalation = json.loads((root / "settings/escalation.json").read_text()) | more.pop("escalation", {})
    routing["targets"] = {name: {"channel": "webhook", **target} for name, target in more.items()}
    policy = yaml.safe_load((root / "settings/policy.yaml").read_text())
    policy |= {"delivery_waits": list(waits), "delivery_lease": lease}
    (root / "settings/routing.yaml").write_text(yaml.safe_dump(routing))
    (root / "settings/policy.yaml").write_text(yaml.safe_dump(policy))
    (root / "settings/escalation.json").write_text(json.dumps(escalation))
    watched.commit("routes")


def fire(name: str) -> dict[str, Any]:
    """Return a call for help that is no repeat of one of another name: their words alone would make them one."""
    return HELP | {"signature": name}


def keys(server: HttpServer) -> list[str]:
    return [request.headers["idempotency-key"] for request in server.requests]


def messages(watched: Watched) -> list[dict[str, Any]]:
    """Return the outbox as the records have it, oldest first; the branch that people see may be behind."""
    paths = watched.git("ls-tree", "-r", "--name-only", watched.truth, "outbox/").split()
    paths.sort(key=lambda path: path.rpartition("/")[2])
    return [json.loads(watched.git("show", f"{watched.truth}:{path}")) for path in paths]


def only(watched: Watched) -> dict[str, Any]:
    (message,) = messages(watched)
    return message


def escalate(watched: Watched, *arguments: str) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "prismfs", "-C", str(watched.root), "escalate", *arguments, "--json"]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


@pytest.mark.slow
def test_watch_killed_between_sending_and_recording_sends_again_with_the_same_key(
    watched: Watched, http_server: HttpServer
) -> None:
    """R-004-28: at least once, and whoever gets it twice can tell."""
    configure(watched, "webhook:ops", lease="2s", ops={"url": http_server.url, "timeout": "20s"})
    http_server.script = ["hang"]
    child = watched.start()
    watched.drop(HELP, "a.json")
    until(lambda: http_server.requests, "the request")
    assert watched.stop(child, signal.SIGKILL) == -signal.SIGKILL
    assert only(watched)["status"] == "sending", "its beginning is committed before it is sent"
    child = watched.start()
    until(lambda: only(watched)["status"] == "sent", "the second attempt")
    (lost,) = watched.rows("outbox.unknown")
    assert lost["meta"]["detail"] == "nobody wrote down how the attempt ended"
    assert keys(http_server) == [only(watched)["id"]] * 2
    assert only(watched)["attempts"] == 2
    assert watched.stop(child) == 0
    assert watched.verified()


@pytest.mark.slow
def test_watch_killed_while_carrying_loses_nothing_that_was_dropped_meanwhile(
    watched: Watched, http_server: HttpServer
) -> None:
    configure(watched, "webhook:ops", "mail:mayor", lease="2s", ops={"url": http_server.url, "timeout": "20s"})
    http_server.script = ["hang"] * 3
    child = watched.start()
    for step in range(3):
        watched.drop(fire(f"{step}"), f"{step}.json")
    until(lambda: len(http_server.requests) == 3, "the requests")
    watched.drop(fire("3"), "3.json")
    assert watched.stop(child, signal.SIGKILL) == -signal.SIGKILL
    watched.start()
    until(lambda: len(messages(watched)) == 8, "the last one")
    until(lambda: {message["status"] for message in messages(watched)} == {"sent"}, "all of them")
    counts = Counter(keys(http_server))
    assert len(counts) == 4
    # The last may have gone out by either watcher, or by both.
    assert set(counts.values()) <= {1, 2}
    assert len(list((watched.root / "mail").rglob("*.yaml"))) == 4
    assert watched.verified()


def test_watch_stopped_while_a_delivery_hangs_waits_for_its_time_out_and_writes_it_down(
    watched: Watched, http_server: HttpServer
) -> None:
    configure(watched, "webhook:ops", ops={"url": http_server.url, "timeout": "1s"})
    http_server.script = ["hang"]
    child = watched.start()
    watched.drop(HELP, "a.json")
    until(lambda: http_server.requests, "the request")
    assert watched.stop(child) == 0
    assert (only(watched)["status"], only(watched)["attempts"]) == ("unknown", 1)
    assert only(watched)["detail"] == "no answer within 1s, after the message was sent"
    assert watched.health()["state"] == "stopped"
    assert watched.verified()


def test_watch_goes_on_taking_files_while_a_place_hangs(watched: Watched, http_server: HttpServer) -> None:
    """Not even as many hanging messages as the watcher has threads keep it from its inbox, or from other places."""
    configure(watched, "webhook:ops", "mail:mayor", ops={"url": http_server.url, "timeout": "60s"})
    http_server.script = ["hang"] * 12
    child = watched.start()
    for step in range(12):
        watched.drop(fire(f"{step}"), f"{step}.json")
    until(lambda: len(http_server.requests) == 8, "every thread to be busy")
    watched.drop(watched.journal("meanwhile"), "b.json")
    until(lambda: watched.taken("meanwhile"), "the next file")
    until(lambda: len(list((watched.root / "mail").rglob("*.yaml"))) == 12, "the mails")
    assert len(http_server.requests) == 8
    # Who waits for room is not lost: once there is some, it goes out.
    http_server.stopping.set()
    until(lambda: len(set(keys(http_server))) == 12, "the others")
    assert watched.stop(child) == 0


@pytest.mark.slow
def test_watch_and_commands_beside_it_send_each_message_once(watched: Watched, http_server: HttpServer) -> None:
    """A command sends what it put into the outbox itself; the watcher sees it begun, and leaves it alone."""
    configure(watched, "webhook:ops", "mail:mayor", ops={"url": http_server.url, "timeout": "20s"})
    child = watched.start()
    for turn in range(2):
        racing = [escalate(watched, "it burns", "--signature", f"fire-{turn}-{step}") for step in range(4)]
        for step in range(4):
            watched.drop(fire(f"smoke-{turn}-{step}"), f"{turn}-{step}.json")
        for one in racing:
            out, error = one.communicate(timeout=60)
            assert one.returncode == 0, out + error
    until(lambda: len(messages(watched)) == 32, "all messages")
    until(lambda: {message["status"] for message in messages(watched)} == {"sent"}, "them to be sent")
    assert {message["attempts"] for message in messages(watched)} == {1}
    assert set(Counter(keys(http_server)).values()) == {1}
    assert len(http_server.requests) == 16
    assert watched.stop(child) == 0
    assert watched.verified()


@pytest.mark.slow
def test_watch_raises_by_the_real_clock_until_somebody_has_it(watched: Watched, http_server: HttpServer) -> None:
    """R-004-21, R-004-22, R-004-24, R-004-25: after the threshold, by its new route, until the maximum."""
    routes = {"low": ["bead", "log"], "medium": ["webhook:ops"], "high": ["webhook:ops"], "critical": ["webhook:ops"]}
    more = {"routes": routes, "stale_threshold": "2s", "max_reescalations": 2}
    configure(watched, "severity", escalation=more, ops={"url": http_server.url})
    mayor = watched.root / "roster" / "mayor.yaml"
    mayor.write_text(f"{mayor.read_text()}logins: [{Owner.login}]\n")
    watched.commit("the files of this user are the mayor's")
    child = watched.start()
    watched.drop(HELP | {"severity": "LOW", "title": "nobody answers"}, "a.json")
    watched.drop(HELP | {"severity": "LOW", "title": "somebody answers"}, "b.json")
    until(lambda: len(watched.rows("escalation.raised")) >= 2, "the first raises")
    names = {record["title"]: record["id"] for record in watched.records("bead")}
    answered = names["somebody answers"]
    watched.drop({"kind": "ack", "from": "mayor", "id": answered}, "c.json")
    until(lambda: watched.rows("escalation.acknowledged"), "the acknowledgement")
    raised = len([row for row in watched.rows("escalation.raised") if row["entity_id"] == answered])
    ignored = names["nobody answers"]

    def raises() -> list[dict[str, Any]]:
        return [row for row in watched.rows("escalation.raised") if row["entity_id"] == ignored]

    until(lambda: len(raises()) == 2, "the last raise")
    end = time.monotonic() + 5  # more than two thresholds in which nothing more may happen
    until(lambda: time.monotonic() > end or len(raises()) > 2, "time to pass")
    assert [row["meta"]["severity"] for row in raises()] == ["MEDIUM", "HIGH"]
    assert len([row for row in watched.rows("escalation.raised") if row["entity_id"] == answered]) == raised
    created = [row for row in watched.rows("escalation.created") if row["entity_id"] == ignored]
    instants = [datetime.fromisoformat(row["at"]) for row in (*created, *raises())]
    for before, after in pairwise(instants):
        assert after - before > timedelta(seconds=2)
    sent = [message for message in messages(watched) if message["about"] == ignored]
    assert [(message["action"], message["level"]) for message in sent] == [
        ("log", 0),
        ("webhook:ops", 11),
        ("webhook:ops", 22),
    ]
    assert {message["status"] for message in sent} == {"sent"}
    assert sorted(key for key in keys(http_server) if key in {message["id"] for message in sent}) == sorted(
        message["id"] for message in sent if message["action"] == "webhook:ops"
    )
    assert watched.stop(child) == 0
    assert watched.verified()


@pytest.mark.slow
def test_watch_a_thousand_equal_escalations_are_one(watched: Watched, http_server: HttpServer) -> None:
    """R-004-27: one open escalation, counted, and as many notices as its route has, once."""
    configure(watched, "webhook:ops", "mail:mayor", "log", ops={"url": http_server.url})
    child = watched.start()
    for step in range(1000):
        watched.drop(fire("same"), f"{step}.json")
    until(lambda: not os.listdir(watched.root / "inbox"), "the storm", 100)
    assert watched.stop(child) == 0
    (bead,) = watched.records("bead")
    assert (bead["occurrence_count"], bead["status"]) == (1000, "open")
    found = messages(watched)
    assert sorted(message["action"] for message in found) == ["log", "mail:mayor", "webhook:ops"]
    assert {message["status"] for message in found} == {"sent"}
    assert len(http_server.requests) == 1
    assert len(list((watched.root / "mail").rglob("*.yaml"))) == 1
    assert len((watched.root / "run" / "escalation.log").read_text().splitlines()) == 1


@pytest.mark.slow
def test_escalate_racing_with_one_signature_is_one(watched: Watched, http_server: HttpServer) -> None:
    """R-004-27: with and without a watcher, whoever comes second is counted."""
    configure(watched, "webhook:ops", ops={"url": http_server.url})
    for turn in range(4):
        if turn == 2:
            watched.start()
        racing = [escalate(watched, f"said by {step}", "--signature", f"race-{turn}") for step in range(3)]
        for one in racing:
            out, error = one.communicate(timeout=60)
            assert one.returncode == 0, out + error
    beads = watched.records("bead")
    assert sorted((bead["signature"], bead["occurrence_count"]) for bead in beads) == [
        (f"key:race-{turn}", 3) for turn in range(4)
    ]
    assert set(Counter(keys(http_server)).values()) == {1}
    assert len(http_server.requests) == 4
    assert watched.verified()


def cpu_seconds(process: int) -> float:
    """Return the processor time that a process has taken, its threads included."""
    fields = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


@pytest.mark.slow
@pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="processor time is read from /proc")
@pytest.mark.parametrize("waits", ["nothing", "future", "hanging", "held", "full", "no lease"])
def test_watch_does_not_spin_over_what_waits(watched: Watched, http_server: HttpServer, waits: str) -> None:
    """A watcher with something it cannot act on yet sleeps."""
    lease = "1s" if waits == "no lease" else "2m"
    configure(watched, "webhook:ops", lease=lease, waits=("1h",), ops={"url": http_server.url, "timeout": "60s"})
    http_server.script = [Answer(500)] if waits == "future" else ["hang"] * 12
    if waits == "held":
        command = [sys.executable, "-m", "prismfs", "-C", str(watched.root), "--as", "olga", "silence", "add"]
        subprocess.run([*command, "source=agent:jade", "--for", "2h", "--reason", "work"], check=True)
    child = watched.start()
    count = {"nothing": 0, "full": 12}.get(waits, 1)
    for step in range(count):
        watched.drop(fire(f"{step}"), f"{step}.json")
    state = {"future": "pending", "held": "held", "no lease": "unknown"}.get(waits, "sending")
    until(lambda: [one["status"] for one in messages(watched)].count(state) == min(count, 8), "it to wait")
    until(lambda: watched.git("status", "--porcelain") == "", "the index to follow")
    used, begun = cpu_seconds(child.pid), time.monotonic()
    until(lambda: time.monotonic() > begun + 4, "some time to pass")
    share = (cpu_seconds(child.pid) - used) / (time.monotonic() - begun)
    http_server.stopping.set()
    assert share < MOST_CPU, f"{share:.0%} of a core over what waits"
