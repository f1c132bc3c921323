"""Makes `rules-1.bundle`: a small project's life, decided by the rules as they are now, on a clock of its own.

    python tests/replay/make_history.py tests/replay/rules-1.bundle

A bundle that is committed is not made again when the rules change: it is what an older version left behind.
Make another beside it then, under the new version's number.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
from datetime import UTC, datetime, timedelta
from pathlib import Path

from prismfs.clock import FakeClock
from prismfs.engine.admin.init_project import init_project
from prismfs.engine.turn.desk import Desk
from prismfs.engine.turn.react import Moment, react
from prismfs.engine.turn.submit import command_event, submit
from prismfs.kinds.core.settings.project import Project

START = datetime(2026, 3, 1, 10, 0, 0, tzinfo=UTC)
SIGNAL = "kind: signal\nfrom: jade\nto: {to}\ntype: Question\nsubject: {subject!r}\nbody: {body!r}\n"
DROPS = (
    SIGNAL.format(to="Sage", subject="How do I set the number of workers?", body="Which option sets it?"),
    SIGNAL.format(to="Sage", subject="export crashes with a traceback", body="It is broken since today, every run."),
    SIGNAL.format(to="Sage", subject="export crashes with a traceback", body="Once more.") + "labels: {zone: north}\n",
    SIGNAL.format(to="Sage", subject="Feature request: JSON output", body="It would be nice to have --json."),
    SIGNAL.format(to="Sage", subject="About yesterday", body="Much like the last one. password=hunter2hunter2"),
    SIGNAL.format(to="mayor", subject="hello", body="Größe: 12 \U0001f600\n\n  indented\n"),
    "kind: escalation\nfrom: jade\nseverity: HIGH\ntitle: disk is full\nsignature: disk\n",
    "kind: escalation\nfrom: jade\nseverity: CRITICAL\ntitle: disk is full\nsignature: disk\n",
    "kind: todo\nfrom: jade\ntitle: look at it\n",
    "kind: signal\nkind: signal\n",
)


def make(root: Path) -> None:
    """Live through three days of a project at `root`."""
    clock = FakeClock(START)
    init_project(root, project=Project(pid="PID-REPLAY", tenant="acme", operators=("olga",)), now=START)
    with Desk(root) as desk:

        def turn() -> None:
            while react(desk, Moment(now=clock.now(), monotonic=clock.monotonic(), wall=clock.wall())).more:
                pass
            desk.repo.bring_index()

        def give(verb: str, document: dict[str, str], actor: str) -> None:
            event = command_event(verb, dict(document), actor=actor, token=f"{verb}-1", at=clock.now())
            submit(desk, event, clock.now())

        for number, text in enumerate(DROPS):
            (root / "inbox" / f"drop-{number:02}.yaml").write_text(text)
            clock.move(timedelta(seconds=7))
            turn()
        (incident,) = sorted(path.stem for path in (root / "incidents").rglob("*.yaml"))
        beads = sorted(path.stem for path in (root / "beads").rglob("*.yaml"))
        clock.move(timedelta(minutes=20))
        give("incident.ack", {"id": incident, "note": "on it"}, "Clara")
        clock.move(timedelta(hours=5))
        turn()
        commit_by_hand(root, incident, at=clock.now())
        turn()
        give("incident.resolve", {"id": incident, "note": "rolled back"}, "Clara")
        clock.move(timedelta(hours=9))
        turn()
        for bead in beads[1:]:
            give("escalate.close", {"id": bead, "reason": "room was made"}, "olga")
        clock.move(timedelta(hours=30))
        turn()


def commit_by_hand(root: Path, incident: str, *, at: datetime) -> None:
    """Write a remark beside a record, and an article, as a person does."""
    (path,) = (root / "incidents").rglob(f"{incident}.yaml")
    path.write_text(path.read_text() + "# Waiting for the vendor.\n")
    article = root / "kb" / "workers.yaml"
    article.parent.mkdir(exist_ok=True)
    article.write_text("kind: kb\nversion: 1\nname: workers\ntitle: Workers\nsource: manual 3.2\nbody: Set `size`.\n")
    who = ["-c", "user.name=Pat", "-c", "user.email=pat@example.org"]
    date = f"--date={int(at.timestamp())} +0000"
    for command in (["add", "kb", "incidents"], [*who, "commit", "--quiet", date, "-m", "a remark and an article"]):
        subprocess.run(["git", "-C", str(root), *command], check=True)


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as folder:
        make(Path(folder) / "desk")
        target = Path(sys.argv[1]).resolve()
        subprocess.run(["git", "-C", f"{folder}/desk", "bundle", "create", str(target), "main"], check=True)
