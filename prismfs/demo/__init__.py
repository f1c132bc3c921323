"""The main job before your eyes: two projects, a real watcher, real reports, from signal to resolution."""

import json
import os
import queue
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from prismfs.errors import PrismfsError, StoreError
from prismfs.store.git.keys import KEY_FOLDER

HERE = Path(__file__).parent
PROJECTS = {"PID-SHOP01": "shop", "PID-HOME01": "home"}
PATIENCE = 20.0
"""Seconds that the demo waits for any one thing before it says what is missing."""

STORY = (
    ("shop", "login-loop.yaml", "jade reports that nobody can sign in"),
    ("shop", "login-loop-again.yaml", "a second agent reports the same fault"),
    ("shop", "review-agent-deletes-checkout.yaml", "an agent saw a destructive command run"),
    ("shop", "pool-size.yaml", "a usage question"),
    ("shop", "json-output.yaml", "an idea"),
    ("home", "about-yesterday.yaml", "a report that says too little"),
)

Say = Callable[[str, str], None]


@dataclass
class Stage:
    """The running demonstration: the folders of the tenant and of its engines' keys, and what the watcher printed."""

    tenant: Path
    keys: Path
    say: Say
    printed: queue.Queue[dict[str, Any]] = field(default_factory=queue.Queue)

    @property
    def environment(self) -> dict[str, str]:
        """The environment of each prismfs, whose keys are not this user's own."""
        return os.environ | {KEY_FOLDER: str(self.keys)}

    def prismfs(self, project: str, *arguments: str) -> dict[str, Any]:
        """Run one prismfs command on a project, as a person would, and return its data.

        Raises:
            PrismfsError: what the command itself reported.
        """
        answer = json.loads(_prismfs(self, "-C", str(self.tenant / project), "--json", *arguments) or "{}")
        if not answer.get("ok"):
            error = answer.get("error", {})
            raise PrismfsError(error.get("code", "failed"), error.get("message", "the command failed"))
        data: dict[str, Any] = answer["data"]
        return data

    def drop(self, project: str, name: str) -> None:
        """Put an example file into a project's inbox: written aside, then renamed."""
        inbox = self.tenant / project / "inbox"
        aside = inbox / f".{name}"
        aside.write_bytes((HERE / "signals" / name).read_bytes())
        aside.rename(inbox / name)

    def wait_for(self, action: str) -> dict[str, Any]:
        """Tell what the watcher does until it has done `action`, and return that outcome.

        Raises:
            StoreError: `demo_stuck`; it did not happen in time.
        """
        deadline = time.monotonic() + PATIENCE
        while time.monotonic() < deadline:
            self.say("progress", f"waiting for {action}")
            with suppress(queue.Empty):
                outcome = self.printed.get(timeout=0.1)
                for row in outcome.get("rows", ()):
                    self.say("row", f"{row['action']:28} {row['reason']}")
                if action in outcome.get("actions", ()):
                    return outcome
        raise StoreError("demo_stuck", f"the watcher did not come to {action}", path=str(self.tenant))


def run_demo(folder: Path | None, say: Say) -> dict[str, Any]:
    """Run the demonstration in `folder` (new; a temporary one by default) and return what came of it.

    `say(style, line)` is told everything that happens; styles are `head`, `step`, `row`, `text`, and `progress`
    for a line that the next one replaces.

    Raises:
        StoreError: something did not happen in time.
    """
    started = time.monotonic()
    temporary = Path(tempfile.mkdtemp(prefix="prismfs-demo-")).resolve()
    stage = Stage((folder or temporary).resolve(), temporary / "keys", say)
    _set_up(stage)
    with _watching(stage):
        for number, (project, name, told) in enumerate(STORY, start=1):
            say("step", f"{number}/{len(STORY)} {told}: {name} → {project}/inbox/")
            stage.drop(project, name)
            _follow(stage, name)
        incident = stage.prismfs("shop", "incident", "list", "--severity", "P0")["items"][0]["id"]
        say("step", f"Clara acknowledges {incident}")
        _tell(stage, stage.prismfs("shop", "--as", "Clara", "incident", "ack", incident, "--note", "rolling back"))
        say("step", "Clara resolves it")
        _tell(stage, stage.prismfs("shop", "--as", "Clara", "incident", "resolve", incident, "--note", "rolled back"))
    return _look_back(stage, started)


def _set_up(stage: Stage) -> None:
    stage.say("head", f"A tenant with two projects in {stage.tenant}")
    for pid, name in PROJECTS.items():
        root = stage.tenant / name
        home = ["--home"] if name == "home" else []
        _prismfs(stage, "init", str(root), "--pid", pid, "--tenant", "demo", *home)
        (root / "kb").mkdir()
        for article in sorted((HERE / "kb").glob("*.yaml")):
            (root / "kb" / article.name).write_bytes(article.read_bytes())
        settings = root / "settings" / "escalation.json"
        routes = json.loads(settings.read_text())
        # What a newcomer has no server for (e-mail, text messages) is left out; the log is put in.
        routes["routes"] = {level: ["bead", "mail:mayor", "log"] for level in ("medium", "high", "critical")}
        settings.write_text(json.dumps(routes, indent=2) + "\n")
        identity = ("-c", "user.name=operator", "-c", "user.email=operator@example.invalid")
        _git(root, "add", "kb", "settings")
        _git(root, *identity, "commit", "--quiet", "-m", "settings: log every escalation; add articles")
        stage.say("text", f"{pid}  {root}  (an operator's commit: four articles, escalations to mailbox and log)")


@contextmanager
def _watching(stage: Stage) -> Iterator[None]:
    command = [sys.executable, "-m", "prismfs", "-C", str(stage.tenant), "watch", "--json"]
    stage.say("head", "The watcher serves both: prismfs -C " + str(stage.tenant) + " watch")
    watcher = subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, env=stage.environment
    )
    assert watcher.stdout is not None
    reader = threading.Thread(target=_read, args=(watcher.stdout, stage.printed), daemon=True)
    reader.start()
    try:
        yield
    finally:
        watcher.terminate()
        watcher.wait(timeout=PATIENCE)
        reader.join(timeout=PATIENCE)
        watcher.stdout.close()


def _read(lines: Iterable[str], printed: queue.Queue[dict[str, Any]]) -> None:
    for line in lines:
        printed.put(json.loads(line))


def _follow(stage: Stage, name: str) -> None:
    outcome = stage.wait_for("signal.received")
    if "escalation.created" in outcome["actions"]:
        stage.wait_for("outbox.sent")
        stage.wait_for("outbox.sent")
    if "signal.unclassified" in outcome["actions"]:
        stage.say("text", f"{name}: a person is asked; nothing is guessed")


def _tell(stage: Stage, data: dict[str, Any]) -> None:
    for row in data["rows"]:
        stage.say("row", f"{row['action']:28} {row['reason']}")


def _look_back(stage: Stage, started: float) -> dict[str, Any]:
    shop = stage.tenant / "shop"
    stage.say("head", "The mayor's mailbox")
    for mail in stage.prismfs("shop", "list", "mail", "--owner", "mayor")["items"]:
        stage.say("text", f"{mail['priority']:7} {mail['subject']}")
    stage.say("head", "The escalation log, shop/run/escalation.log")
    for line in (shop / "run" / "escalation.log").read_text().splitlines():
        stage.say("text", line)
    stage.say("head", f"git -C {shop} log --oneline")
    for line in _git(shop, "log", "--oneline").splitlines():
        stage.say("text", line)
    verified = stage.prismfs("shop", "verify")
    stage.say("head", "prismfs verify")
    counted = f"{verified['commits']} commits, {verified['decided']} decided again and equal, the others by hand"
    stage.say("text", counted)
    seconds = round(time.monotonic() - started, 1)
    stage.say("head", f"Done in {seconds} s. The repositories lie in {stage.tenant}")
    stage.say("text", f"To change something there: export {KEY_FOLDER}={stage.keys}")
    return {"path": str(stage.tenant), "key_folder": str(stage.keys), "seconds": seconds, "verified": verified}


def _git(root: Path, *arguments: str) -> str:
    done = subprocess.run(["git", "-C", str(root), *arguments], stdout=subprocess.PIPE, text=True, check=True)
    return done.stdout


def _prismfs(stage: Stage, *arguments: str) -> str:
    command = [sys.executable, "-m", "prismfs", *arguments]
    done = subprocess.run(command, env=stage.environment, capture_output=True, text=True, check=False)
    if done.returncode and not done.stdout:
        raise PrismfsError("demo_failed", done.stderr.strip() or f"prismfs {arguments[0]} failed")
    return done.stdout
