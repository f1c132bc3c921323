"""A desk that agents cannot reach: two real users, the engine's and an agent's, and what the system lets each do."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import sysconfig
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from prismfs.cli import run
from prismfs.engine.admin.doctor import examine
from prismfs.engine.admin.isolation import isolation_of
from tests.support.waiting import until

SOURCES = Path(__file__).resolve().parents[2]
PATHS = os.pathsep.join((str(SOURCES), sysconfig.get_paths()["purelib"]))
PYTHONS = (sys.executable, "/usr/bin/python3")

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="only root makes users")


@dataclass
class User:
    """One user of the operating system, with a home of its own."""

    name: str
    group: str | None
    home: Path
    python: str = ""
    children: list[subprocess.Popen[bytes]] = field(default_factory=list)

    def options(self) -> dict[str, Any]:
        environment = {"HOME": str(self.home), "PATH": os.environ["PATH"], "PYTHONPATH": PATHS, "LC_ALL": "C.UTF-8"}
        groups = [] if self.group is None else [self.group]
        return {"user": self.name, "group": self.name, "extra_groups": groups, "cwd": self.home, "env": environment}

    def run(self, *command: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(command, **self.options(), capture_output=True, text=True, check=False, timeout=60)

    def can_use(self, python: str) -> bool:
        """Tell whether this Python runs as this user, with what prismfs needs."""
        try:
            return self.run(python, "-c", "import prismfs, pydantic, git").returncode == 0
        except PermissionError:
            return False

    def prismfs(self, *arguments: str) -> dict[str, Any]:
        """Call prismfs as this user, and return its answer."""
        done = self.run(self.python, "-m", "prismfs", *arguments, "--json")
        assert done.stdout, done.stderr
        found: dict[str, Any] = json.loads(done.stdout)
        return found

    def start(self, *arguments: str) -> subprocess.Popen[bytes]:
        command = (self.python, "-m", "prismfs", *arguments)
        quiet: Mapping[str, Any] = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL, "umask": 0o077}
        self.children.append(subprocess.Popen(command, **self.options(), **quiet))
        return self.children[-1]

    def tries(self, code: str, *arguments: str) -> str:
        """Run Python as this user; return the name of the error that it ends by, empty where it does not."""
        return self.run(self.python, "-c", code, *arguments).stderr.strip().rpartition("\n")[2].partition(":")[0]


class Town:
    """An engine's user, an agent's in the agents' group, and the desk between them."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.token = folder, f"{os.getpid():x}"
        self.agents = f"pa{self.token}"
        self.root = folder / "desk"
        self.made: list[tuple[str, ...]] = []

    def make(self, command: Sequence[str], undo: Sequence[str]) -> None:
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode:
            pytest.skip(f"no user can be made here: {done.stderr}")
        self.made.insert(0, tuple(undo))

    def user(self, word: str, group: str | None) -> User:
        name, home = f"p{word}{self.token}", self.folder / word
        self.make(["useradd", "--system", "--user-group", "--no-create-home", name], ["userdel", name])
        home.mkdir()
        shutil.chown(home, name, name)
        user = User(name, group, home)
        user.python = next(filter(user.can_use, PYTHONS), "")
        if not user.python:
            pytest.skip("no Python here may be run by another user")
        return user

    def found(self) -> None:
        self.make(["groupadd", "--system", self.agents], ["groupdel", self.agents])
        self.engine, self.jade = self.user("e", self.agents), self.user("j", self.agents)
        self.root.mkdir()
        shutil.chown(self.root, self.engine.name, self.engine.name)
        answer = self.engine.prismfs(
            "init", str(self.root), "--pid", "PID-SEP001", "--separate", "--agents", self.agents
        )
        assert answer["data"]["isolation"] == "own-user", answer
        for identity, login in (("mayor", self.jade.name), ("Clara", self.engine.name)):
            path = self.root / "roster" / f"{identity.lower()}.yaml"
            path.write_text(f"{path.read_text()}logins: [{login}]\n")
        done = self.engine.run(
            "git", "-C", str(self.root), "-c", "user.name=e", "-c", "user.email=e@x", "commit", "-qam", "logins"
        )
        assert done.returncode == 0, done.stderr
        self.watcher = self.engine.start("-C", str(self.root), "watch")
        until((self.root / "run" / "health.json").exists, "the watcher")

    def drop(self, user: User, name: str, **form: Any) -> None:
        code = "import sys, os; open('.w', 'w').write(sys.argv[1]); os.replace('.w', sys.argv[2])"
        options = user.options() | {"cwd": self.root / "inbox"}
        subprocess.run([user.python, "-c", code, json.dumps(form), name], **options, check=True)

    def records(self, kind: str) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = self.engine.prismfs("-C", str(self.root), "list", kind)["data"]["items"]
        return found

    def rows(self, action: str) -> list[dict[str, Any]]:
        answer = self.engine.prismfs("-C", str(self.root), "audit", "--action", action)
        found: list[dict[str, Any]] = answer["data"]["items"]
        return found

    def close(self) -> None:
        for user in (getattr(self, "engine", None), getattr(self, "jade", None)):
            for child in user.children if user else ():
                child.terminate()
                child.wait(20)
        for command in self.made:
            subprocess.run(command, capture_output=True, check=False)


@pytest.fixture(scope="module")
def town() -> Iterator[Town]:
    """A desk that is served by a user of its own; below a folder that everybody may pass through."""
    with tempfile.TemporaryDirectory(prefix="prismfs-", ignore_cleanup_errors=True) as name:
        Path(name).chmod(0o755)
        made = Town(Path(name))
        try:
            made.found()
            yield made
        finally:
            made.close()


def test_separate_drop_of_a_mapped_login_is_proven_by_its_owner(town: Town) -> None:
    town.drop(town.jade, "look.json", kind="escalation", **{"from": "jade"}, severity="LOW", title="look at it")
    (bead,) = until(lambda: town.records("bead"), "the escalation")
    town.drop(town.jade, "ack.json", kind="ack", **{"from": "mayor"}, id=bead["id"])
    until(lambda: town.records("bead")[0]["status"] == "acknowledged", "the acknowledgement")
    assert town.rows("escalation.acknowledged")[0]["assurance"] == "owner"


def test_separate_agent_reads_what_the_engine_writes_and_the_form(town: Town) -> None:
    """The engine's own umask was 077."""
    town.drop(town.jade, "note.json", kind="journal", **{"from": "jade"}, subject="seen by all")
    until(lambda: town.records("journal"), "the entry")
    answer = town.jade.prismfs("-C", str(town.root), "list", "journal")
    assert [item["subject"] for item in answer["data"]["items"]] == ["seen by all"]
    assert town.jade.prismfs("-C", str(town.root), "status")["data"]["isolation"] == "own-user"
    verified = town.jade.prismfs("-C", str(town.root), "verify")["data"]
    assert (verified["isolation"], verified["problems"]) == ("own-user", [])
    assert town.jade.run("git", "-C", str(town.root), "log", "-1").returncode != 0
    town.jade.run("git", "config", "--global", "--add", "safe.directory", str(town.root))
    assert town.jade.run("git", "-C", str(town.root), "log", "-1").returncode == 0
    for path in (town.root / ".git").rglob("*"):
        assert path.lstat().st_mode & (0o050 if path.is_dir() else 0o040), path


WRITES = {
    "a record": "import sys, pathlib; next(pathlib.Path('{root}/audit').rglob('*.json')).write_text('x')",
    "a new record": "open('{root}/signals.yaml', 'w')",
    "a setting": "open('{root}/settings/policy.yaml', 'a')",
    "a reference": "open('{root}/.git/refs/heads/main', 'w')",
    "a new reference": "open('{root}/.git/refs/heads/other', 'w')",
    "a hook": "open('{root}/.git/hooks/post-merge', 'w')",
    "an object": "import pathlib; (pathlib.Path('{root}') / '.git/objects/aa').mkdir()",
    "the whole git": "import os; os.rename('{root}/.git', '{root}/.old')",
    "the desk": "import os; os.rename('{root}', '{root}-old')",
    "another's drop": "import os; os.unlink('{root}/inbox/.other.yaml')",
    "another's drop, by a rename": "import os; os.rename('{root}/inbox/.other.yaml', '{root}/inbox/.mine')",
    "the quarantine": "import os; os.listdir('{root}/quarantine')",
    "what runs": "import os; os.listdir('{root}/run')",
    "the engine's key": "import os; os.listdir('{root}/../e/.local/state/prismfs/keys/PID-SEP001')",
}


@pytest.mark.parametrize("what", WRITES)
def test_separate_agent_cannot_reach(town: Town, what: str) -> None:
    town.drop(town.engine, ".other.yaml", kind="journal", **{"from": "Clara"}, subject="mine")
    assert town.jade.tries(WRITES[what].format(root=town.root)) == "PermissionError"


def test_separate_agent_commits_nothing(town: Town) -> None:
    before = town.engine.run("git", "-C", str(town.root), "rev-parse", "main").stdout
    town.jade.run("git", "config", "--global", "--add", "safe.directory", str(town.root))
    done = town.jade.run("git", "-C", str(town.root), "update-ref", "refs/heads/main", "HEAD~1")
    assert "ermission denied" in done.stderr
    answer = town.jade.prismfs("-C", str(town.root), "--as", "mayor", "journal", "add", "by the back door")
    assert answer["ok"] is False or "drop" in str(answer["data"])
    assert town.engine.run("git", "-C", str(town.root), "rev-parse", "main").stdout == before


def test_separate_emitted_file_of_a_careful_agent_is_read(town: Town) -> None:
    """Its umask keeps its files from everybody; the engine is in the group and must read this one."""
    form = town.jade.home / "careful.yaml"
    form.write_text("kind: journal\nfrom: jade\nsubject: careful\n")
    code = "import os, sys; os.umask(0o077); os.execv(sys.executable, [sys.executable, '-m', 'prismfs', *sys.argv[1:]])"
    done = town.jade.run(town.jade.python, "-c", code, "-C", str(town.root), "emit", str(form))
    assert done.returncode == 0, done.stderr
    until(lambda: "careful" in str(town.records("journal")), "the entry")


def test_separate_folder_of_an_agent_is_refused_and_stops_nobody(town: Town) -> None:
    """Another user's folder can be renamed where it is and not moved: once that is known it is looked at no more."""
    subprocess.run(["mkdir", "trap.yaml"], **(town.jade.options() | {"cwd": town.root / "inbox"}), check=True)
    until(lambda: list((town.root / "inbox").glob(".refused-*-trap.yaml")), "the folder to be put aside")
    town.drop(town.jade, "after.json", kind="journal", **{"from": "jade"}, subject="after it")
    until(lambda: "after it" in str(town.records("journal")), "the next file")
    assert town.watcher.poll() is None
    assert len(town.rows("inbox.refused")) == 1


def test_separate_file_that_its_owner_keeps_to_itself_stops_nobody(town: Town) -> None:
    """The engine's user may not read it; it is the agent's, and a refusal says so."""
    script = "umask 077; echo 'kind: journal' > .kept; chmod 0 .kept; mv .kept kept.yaml"
    subprocess.run(["sh", "-c", script], **(town.jade.options() | {"cwd": town.root / "inbox"}), check=True)
    until(lambda: "unreadable" in str(town.rows("inbox.refused")), "the refusal")
    town.drop(town.jade, "next.json", kind="journal", **{"from": "jade"}, subject="next to it")
    until(lambda: "next to it" in str(town.records("journal")), "the next file")
    assert town.watcher.poll() is None
    assert not (town.root / "inbox" / "kept.yaml").exists()


def test_separate_what_is_opened_afterwards_is_named(town: Town) -> None:
    path = town.root / ".git" / "refs" / "heads"
    path.chmod(0o2770)
    try:
        found = isolation_of(town.root)
        assert (found.form, found.open) == ("same-user", ".git/refs/heads")
        assert "not_separated" in [one.problem.code for one in examine_now(town) if one.problem]
    finally:
        path.chmod(0o2750)
    assert isolation_of(town.root).form == "own-user"
    assert any("isolation: own-user" in one.subject for one in examine_now(town))


def examine_now(town: Town) -> list[Any]:
    from prismfs.clock import SystemClock

    return examine(town.root, SystemClock().now())


def test_separate_refused_names_what_root_has_to_do(town: Town, capsys: pytest.CaptureFixture[str]) -> None:
    other, arguments = str(town.folder / "other"), ("--pid", "PID-SEP002", "--separate", "--agents")
    assert run(["init", other, *arguments, town.agents, "--json"]) == 4
    said = json.loads(capsys.readouterr().out)["error"]
    assert said["code"] == "not_separable"
    assert "useradd --system" in said["hint"]
    for user, group in (
        (town.jade, "no-such-group"),
        (User(town.jade.name, None, town.jade.home, town.jade.python), town.agents),
    ):
        said = user.prismfs("init", other, *arguments, group)["error"]
        assert said["code"] == "not_separable"
        assert f"usermod --append --groups {group} {user.name}" in said["hint"]
    assert not Path(other).exists()
