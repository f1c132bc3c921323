"""Escalations: a storm of equal ones, listings and the stale scan over many, notices that leave during a storm."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from statistics import median

from benchmarks import desks
from benchmarks.processes import PRISMFS, poll, run, watching
from benchmarks.rows import Row, milliseconds
from prismfs.engine.turn import due
from prismfs.engine.turn.desk import Desk
from prismfs.kinds.core.audit import AuditFile
from prismfs.kinds.escalation.escalation import Escalation
from prismfs.records.ids import derive_id
from prismfs.records.plan import Plan
from prismfs.records.severity import Severity
from prismfs.records.view import ChainHead
from prismfs.store.repo import ProjectRepo

_LABELS = ("CRITICAL", "HIGH", "MEDIUM", "LOW")
_GROUP = 500


def measure_equal(stock: desks.Stock, *, count: int) -> Iterator[Row]:
    """Drop many equal escalations, and let a watcher work until nothing is left."""
    root = stock.fresh("equal", 0)
    for number in range(count):
        text = f"kind: escalation\nfrom: jade\ntitle: disk of node is full\nsource: patrol:disk\nbody: pid {number}\n"
        desks.drop(root, f"equal-{number:06d}.yaml", text)
    spent = run([PRISMFS, "-C", str(root), "watch", "--once-idle"])
    beads = [path.read_text() for path in (root / "beads").rglob("*.yaml")]
    counted = [line for text in beads for line in text.splitlines() if line.startswith("occurrence_count")]
    notices = len(list((root / "outbox").rglob("*.json")))
    what = f"{len(beads)} bead, {', '.join(counted)}, {notices} notice"
    yield Row(f"{count:,} equal escalations until idle", f"{spent:.1f} s", what, "under 20 s" if count == 1000 else "")


def measure_many(stock: desks.Stock, *, count: int, runs: int) -> Iterator[Row]:
    """List and scan a project with many open escalations."""
    root = stock.fresh("beads", 0)
    fill(root, count)
    command = [PRISMFS, "-C", str(root), "escalate", "list", "--unacked", "--severity", "high", "--json"]
    spent = [run(command) for _ in range(runs)]
    bar = count == 10_000
    yield Row(
        f"escalate list --unacked --severity high --json, {count:,} open",
        milliseconds(median(spent)),
        f"slowest {milliseconds(max(spent))}",
        "under 400 ms" if bar else "",
    )
    with Desk(root) as desk:
        for what, now in (("nothing due", desks.BEGIN), ("all due", desks.BEGIN + timedelta(days=365))):
            times = []
            for _ in range(runs):
                begin = time.perf_counter()
                due.due_records(view := desk.view(), now), due.next_due(view, now)
                times.append(time.perf_counter() - begin)
            yield Row(
                f"the watcher's scan for what is due, {count:,} open, {what}",
                milliseconds(median(times)),
                f"slowest {milliseconds(max(times))}",
                "under 100 ms" if bar else "",
            )


def measure_notice(stock: desks.Stock, *, escalations: int, signals: int) -> Iterator[Row]:
    """Let escalations be raised while a storm of signals is taken in: how late does their notice arrive over HTTP?"""
    root = stock.fresh("notice", 0)
    with _listening() as (url, arrived):
        _set_up(root, url)
        with watching(root):
            for number in range(escalations):
                word = "".join(chr(97 + int(digit)) for digit in f"{number:03}")
                desks.drop(root, f"e-{word}.yaml", f"kind: escalation\nfrom: jade\ntitle: disk {word} is full\n")
                time.sleep(0.1)
            poll(lambda: len(arrived) >= escalations, every=0.02)
            for number in range(signals):
                desks.drop(root, f"storm-{number:06d}.yaml", desks.signal_text(number))
            begin = time.perf_counter()
            poll(lambda: len(arrived) >= 2 * escalations, every=0.02)
            storm = len(list((root / "inbox").iterdir()))
            spent = time.perf_counter() - begin
    late = []
    with ProjectRepo(root) as store:
        view = store.view(store.snapshot())
        for at, message in arrived[escalations:]:
            bead = view.get(Escalation, message["about"])
            assert bead is not None
            assert bead.last_reescalated_at is not None
            late.append((at - (bead.created_at + timedelta(seconds=_THRESHOLD))).total_seconds())
    yield Row(
        f"from due time to arrival, {escalations} raises while {signals:,} signals are taken in, slowest",
        milliseconds(max(late)),
        f"median {milliseconds(median(late))}; {storm} files were left after {spent:.1f} s",
        "under 1 s" if signals == 1000 else "",
    )


def fill(root: Path, count: int) -> None:
    """Commit `count` open escalations of mixed severity past the engine, which takes them for its own."""
    with ProjectRepo(root) as store:
        chain = store.view(store.snapshot()).last_audit()
        for first in range(0, count, _GROUP):
            plans = []
            for number in range(first, min(count, first + _GROUP)):
                plan = _plan(number, chain)
                file = plan.puts[-1]
                assert isinstance(file, AuditFile)
                chain = desks.after(file)
                plans.append(plan)
            with store.writer():
                store.apply(plans, base=store.snapshot())
        with store.writer():
            store.bring_window()


def _plan(number: int, chain: ChainHead) -> Plan:
    at = desks.BEGIN + timedelta(seconds=number)
    cause = f"bead:{number}"
    rank = number % 4
    bead = Escalation(
        id=derive_id("bea", at, cause=cause),
        pid="PID-BENCH01",
        type="escalation",
        title=f"worker {number} does not answer",
        body="It was asked three times.\n" * 5,
        severity=Severity(rank=rank, scale="gastown", label=_LABELS[rank]),
        source=f"patrol:worker:{number % 50}",
        reporter=f"agent-{number % 40}",
        tier="deacon",
        signature=cause,
        labels={},
        created_at=at,
        last_seen_at=at,
        status="open",
        raise_at=at + timedelta(hours=4),
        due_at=at + timedelta(hours=4),
    )
    return Plan(
        kind="bead",
        rule="escalate",
        subject=bead.id,
        reason="opened",
        cause=cause,
        actor=bead.reporter,
        at=at,
        version=1,
        puts=(bead, desks.audit_file(bead, chain, at=at, cause=cause, actor=bead.reporter, rule="escalate")),
    )


_THRESHOLD = 8


def _set_up(root: Path, url: str) -> None:
    """Let every notice go to `url`, and what nobody answers be raised once."""
    settings = root / "settings" / "escalation.json"
    document = json.loads(settings.read_text())
    document |= {"stale_threshold": f"{_THRESHOLD}s", "max_reescalations": 1}
    settings.write_text(json.dumps(document, indent=2) + "\n")
    routing = root / "settings" / "routing.yaml"
    text = routing.read_text().replace("actions: [severity]", 'actions: ["webhook:desk"]')
    # Incidents of the storm tell nobody outside: only the raises are looked at.
    text = text.replace(
        "  routes: []\n",
        "  routes:\n    - {name: incidents, matchers: ['source=~\"incident:.+\"'], actions: [bead]}\n",
    )
    routing.write_text(text.replace("targets: {}", f'targets: {{desk: {{channel: webhook, url: "{url}"}}}}'))
    desks.git(root, "commit", "--quiet", "--all", "--message", "routes to the bench")


@contextmanager
def _listening() -> Iterator[tuple[str, list[tuple[datetime, dict[str, str]]]]]:
    """Run an HTTP server on loopback that writes down what arrives, and when."""
    arrived: list[tuple[datetime, dict[str, str]]] = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            at = datetime.now(UTC)
            arrived.append((at, json.loads(self.rfile.read(int(self.headers["Content-Length"])))))
            self.send_response(204)
            self.end_headers()

        def log_message(self, format: str, *arguments: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}/notice", arrived
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
