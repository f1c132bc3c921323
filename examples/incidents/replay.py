"""Play a real incident through prismfs at the times that it had: `python examples/incidents/replay.py SLUG DIR`.

SLUG is a folder beside this file, DIR one to be made. Nobody waits: the clock is set from step to step, and whatever
falls due in between (reminders, missed targets, the review) happens at its time. Then look at it: `prismfs -C DIR
incident list`, `git -C DIR log`.
"""

from __future__ import annotations

import json
import os
import pwd
import subprocess
import sys
import tempfile
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

from prismfs.clock import FakeClock
from prismfs.engine.admin.init_project import init_project
from prismfs.engine.turn.desk import Desk
from prismfs.engine.turn.react import Moment, react
from prismfs.engine.turn.submit import command_event, submit
from prismfs.errors import PrismfsError
from prismfs.kinds.core.settings.project import Project
from prismfs.kinds.gates.artifact import Artifact
from prismfs.kinds.response.incident import Incident
from prismfs.kinds.work.bead import Bead
from prismfs.records import codec
from prismfs.records.base import format_instant, parse_instant
from prismfs.records.plan import Refused
from prismfs.store.git.keys import KEY_FOLDER

HERE = Path(__file__).resolve().parent
OPERATOR = "duty-manager"
"""Who decides at the gates: whoever wrote an artifact may not approve it."""

_TICK = timedelta(milliseconds=1)


class Replay:
    """One incident of a folder beside this file, played in a new project at `root`; `say` is told of each step."""

    def __init__(self, slug: str, root: Path, say: Callable[[str], None] = lambda _line: None) -> None:
        self.folder = HERE / slug
        self.root = root
        self._say = say
        self._played = 0
        self.incident = ""
        self.steps: list[dict[str, Any]] = list(self._read("steps.yaml")["steps"])
        self.clock = FakeClock(parse_instant(self.steps[0]["at"]) - timedelta(hours=1))
        project = Project(pid="PID-REPLAY01", tenant="examples", operators=(OPERATOR,))
        init_project(root, project=project, now=self.clock.now())
        # Every part is played by the user that runs this: its files are each persona's own.
        login = pwd.getpwuid(os.getuid()).pw_name
        for path in sorted((HERE / "roster").glob("*.yaml")):
            (root / "roster" / path.name).write_text(f"{path.read_text()}logins: [{login}]\n")
        self._git("add", "roster")
        self._git("commit", "--quiet", "--message", "roster: who has which part in the incident")

    def play(self) -> None:
        """Take every step at its time, and with it whatever falls due before it.

        Raises:
            PrismfsError: a step was refused.
        """
        with Desk(self.root) as desk:
            for step in self.steps:
                self._turn_until(desk, step)
                before = desk.repo.snapshot().commit
                told = self._take(desk, step)
                self._turn(desk)
                self._tell(desk, step, told, before)
            desk.repo.bring_window()

    def _take(self, desk: Desk, step: dict[str, Any]) -> str:
        """Take one step and return what to call it."""
        by = str(step["by"])
        if "drop" in step:
            self._drop((self.folder / step["drop"]).read_bytes(), step["drop"])
            self._turn(desk)
            (found,) = desk.view().open_of(Incident)
            self.incident = found.id
            return f"{by} reports: {found.title}"
        if "submit" in step:
            body = (self.folder / step["file"]).read_text()
            form = {"kind": "artifact", "from": by, "incident": self.incident, "phase": step["submit"], "body": body}
            self._drop(json.dumps(form).encode(), f"{step['file']}.json")
            return f"{by} hands in {step['submit']}"
        for verb in ("approve", "revise"):
            if verb in step:
                reason = {"reason": step["reason"]} if "reason" in step else {}
                self._command(desk, by, f"gate.{verb}", {"id": self._artifact(desk, step[verb]), **reason})
                return f"{by}, {step[verb]}: {verb}"
        if "done" in step:
            self._command(desk, by, "action.done", {"id": self._action(desk, step["done"])})
            return f"{by} is done: {step['done']}"
        document = {"id": self.incident, **step.get("document", {})}
        if "body" in step:
            document["body"] = (self.folder / step["body"]).read_text()
        self._command(desk, by, step["command"], document)
        return f"{by}: {step['command'].replace('.', ' ')}"

    def _command(self, desk: Desk, by: str, verb: str, document: dict[str, Any]) -> None:
        self._played += 1
        event = command_event(verb, document, actor=by, token=f"replay-{self._played}", at=self.clock.now())
        submit(desk, event, self.clock.now())

    def _drop(self, data: bytes, name: str) -> None:
        self._played += 1
        (self.root / "inbox" / f"{self._played:03}-{name}").write_bytes(data)

    def _artifact(self, desk: Desk, phase: str) -> str:
        """Return the newest revision of a phase."""
        found = desk.view().with_ref(Artifact, self.incident)
        return max((each for each in found if each.phase == phase), key=lambda each: each.revision).id

    def _action(self, desk: Desk, title: str) -> str:
        """Return the action item of this title."""
        found = desk.view().open_of(Bead)
        return next(bead.id for bead in found if bead.title == title)

    def _turn_until(self, desk: Desk, step: dict[str, Any]) -> None:
        """Take a turn whenever something is due before the step, one instant after its time, as a watcher does."""
        end = parse_instant(step["at"])
        while (due := self._turn(desk)) is not None and due < end:
            self.clock.move(max(due, self.clock.now()) + _TICK - self.clock.now())
        self.clock.move(max(end, self.clock.now()) - self.clock.now())

    def _turn(self, desk: Desk) -> Any:
        """Take turns until nothing is left to do now; return when something is due next."""
        while True:
            clock = self.clock
            turn = react(desk, Moment(now=clock.now(), monotonic=clock.monotonic(), wall=clock.wall()))
            for outcome in turn.outcomes:
                if isinstance(outcome.decision, Refused):
                    raise outcome.decision.raised()
            if not turn.more:
                return turn.next_due

    def _tell(self, desk: Desk, step: dict[str, Any], told: str, before: str) -> None:
        commits = desk.repo.git.run("rev-list", "--count", f"{before}..{desk.repo.snapshot().commit}").decode().strip()
        source = f"  [{step['because']}]" if "because" in step else ""
        self._say(f"{format_instant(self.clock.now())[:16]}Z  {told}{source}  ({commits} commits)")

    def _read(self, name: str) -> dict[str, Any]:
        return dict(codec.parse((self.folder / name).read_bytes(), format="yaml", path=name))

    def _git(self, *arguments: str) -> None:
        date = format_instant(self.clock.now())
        clean = {name: value for name, value in os.environ.items() if not name.startswith("GIT_")}
        identity = ("-c", f"user.name={OPERATOR}", "-c", f"user.email={OPERATOR}@example.org")
        identity += ("-c", "commit.gpgsign=false")
        subprocess.run(
            ["git", "-C", str(self.root), *identity, *arguments],
            check=True,
            env=clean | {"GIT_AUTHOR_DATE": date, "GIT_COMMITTER_DATE": date},
        )


def main() -> int:
    """Play the incident that the command line names, and say what to look at."""
    known = sorted(path.parent.name for path in HERE.glob("*/steps.yaml"))
    if len(sys.argv) != 3 or sys.argv[1] not in known:
        sys.stderr.write(f"usage: python {sys.argv[0]} SLUG DIR, where SLUG is one of: {', '.join(known)}\n")
        return 2
    slug, root = sys.argv[1], Path(sys.argv[2])
    if KEY_FOLDER not in os.environ:
        # The key of a project that is only looked at does not belong among this user's own.
        os.environ[KEY_FOLDER] = tempfile.mkdtemp(prefix="prismfs-keys-")
    try:
        replay = Replay(slug, root, lambda line: sys.stdout.write(line + "\n"))
        replay.play()
    except PrismfsError as error:
        sys.stderr.write(f"error: {error.problem}\n")
        return error.exit_code
    sys.stdout.write(f"\nNow look at it:\n  git -C {root} log --oneline\n")
    for words in (f"incident show {replay.incident}", f"log {replay.incident}", "metrics", "action list"):
        sys.stdout.write(f"  prismfs -C {root} {words}\n")
    sys.stdout.write(f"To change something there: export {KEY_FOLDER}={os.environ[KEY_FOLDER]}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
