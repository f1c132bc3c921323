"""A bare repository behind `git http-backend` with the shipped hook, operators with and without a key, a watcher."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from prismfs.clock import FakeClock
from prismfs.engine.admin.init_project import init_project
from prismfs.engine.tenant.publish import publish
from prismfs.engine.turn.commit_group import Outcome
from prismfs.engine.turn.desk import Desk
from prismfs.kinds import KINDS, kind_of
from prismfs.kinds.care.approval import Approval
from prismfs.kinds.care.phone_home import PhoneHome
from prismfs.kinds.core.settings.persona import Persona
from prismfs.kinds.core.settings.project import Project as Settings
from prismfs.records.api import Record, Severity, derive_id
from tests.support.clone import share_engine
from tests.support.project import CLEAN, START, Project, write_files

HOOKS = Path(__file__).resolve().parents[2] / "hooks"
BACKEND = subprocess.run(["git", "--exec-path"], capture_output=True, text=True, check=True).stdout.strip()
WITH_PROGRAM = {"PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"}


class _Backend(BaseHTTPRequestHandler):
    """Runs `git http-backend` for each request, as a web server's CGI does."""

    def log_message(self, format: str, *args: Any) -> None:
        pass

    def _serve(self) -> None:
        path, _, query = self.path.partition("?")
        length = int(self.headers.get("Content-Length") or 0)
        environment = CLEAN | {
            **WITH_PROGRAM,
            "GIT_PROJECT_ROOT": str(self.server.folder),  # type: ignore[attr-defined]
            "GIT_HTTP_EXPORT_ALL": "1",
            "PATH_INFO": path,
            "QUERY_STRING": query,
            "REQUEST_METHOD": self.command,
            "CONTENT_TYPE": self.headers.get("Content-Type") or "",
            "CONTENT_LENGTH": str(length),
            "HTTP_CONTENT_ENCODING": self.headers.get("Content-Encoding") or "",
            "GIT_PROTOCOL": self.headers.get("Git-Protocol") or "",
            "REMOTE_USER": "somebody",
            "REMOTE_ADDR": "127.0.0.1",
        }
        done = subprocess.run(
            [f"{BACKEND}/git-http-backend"], input=self.rfile.read(length), env=environment,
            capture_output=True, check=False,
        )  # fmt: skip
        head, _, body = done.stdout.partition(b"\r\n\r\n")
        headers = [line.split(": ", 1) for line in head.decode().split("\r\n") if line]
        status = next((int(value.split(" ")[0]) for name, value in headers if name == "Status"), 200)
        self.send_response(status)
        for name, value in headers:
            if name != "Status":
                self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    do_GET = do_POST = _serve  # noqa: N815


def plain(*arguments: str) -> str:
    """Run git as nobody in particular."""
    done = subprocess.run(
        ["git", *arguments], env=CLEAN | WITH_PROGRAM, capture_output=True, text=True, check=False, timeout=60
    )
    assert done.returncode == 0, f"git {' '.join(arguments)}: {done.stderr}"
    return done.stdout.strip()


class Keys:
    """SSH keys by name, made when first asked for."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def private(self, name: str) -> Path:
        path = self.folder / name
        if not path.exists():
            subprocess.run(
                ["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", "", "-f", str(path)], check=True, timeout=30
            )
        return path

    def public(self, name: str) -> str:
        return self.private(name).with_suffix(".pub").read_text().strip()


class Person:
    """Somebody with a clone, a name, and perhaps a key to sign with."""

    def __init__(self, root: Path, keys: Keys, name: str, key: str | None = None) -> None:
        self.root, self.keys, self.name, self.key = root, keys, name, key
        self.at = START + timedelta(minutes=5)

    def git(self, *arguments: str, check: bool = True) -> subprocess.CompletedProcess[str]:
        sign = [] if self.key is None else ["-c", f"user.signingkey={self.keys.private(self.key)}"]
        date = f"{int(self.at.timestamp())} +0000"
        person = {
            f"GIT_{role}_{field}": value
            for role in ("AUTHOR", "COMMITTER")
            for field, value in (("NAME", self.name), ("EMAIL", f"{self.name}@example.org"), ("DATE", date))
        }
        done = subprocess.run(
            ["git", "-C", str(self.root), "-c", "gpg.format=ssh", *sign, *arguments],
            env=CLEAN | WITH_PROGRAM | person, capture_output=True, text=True, check=False, timeout=60,
        )  # fmt: skip
        assert not check or done.returncode == 0, f"git {' '.join(arguments)}: {done.stderr}"
        return done

    def commit(self, files: dict[str, bytes | None], subject: str = "by hand") -> str:
        """Commit exactly these files (None: removed), signed where this person has a key."""
        write_files(self.root, files)
        self.git("add", "-A", "--", *files)
        self.git("commit", "--quiet", "-m", subject, *([] if self.key is None else ["-S"]))
        return self.head()

    def merge(self, branch: str) -> str:
        """Merge with a commit of its own, signed where this person has a key."""
        sign = [] if self.key is None else ["-S"]
        self.git("merge", "--quiet", "--no-ff", "-m", f"merge {branch}", *sign, branch)
        return self.head()

    def put(self, *records: Record, subject: str = "by hand") -> str:
        return self.commit({kind_of(one).place_of(one): kind_of(one).write(one) for one in records}, subject)

    def head(self) -> str:
        return self.git("rev-parse", "HEAD").stdout.strip()

    def push(self, reference: str = "HEAD:refs/heads/main") -> str:
        """Push; return what the other side says, empty where it takes it."""
        done = self.git("push", "origin", reference, check=False)
        return "" if done.returncode == 0 else done.stderr


class Shared:
    """One signed home project in a bare repository, and whoever works with it."""

    def __init__(self, folder: Path, address: str, keys: Keys) -> None:
        self.folder, self.address, self.keys = folder, address, keys
        self.bare = folder / "desk.git"
        self.hook = self.bare / "hooks" / "pre-receive"
        self.pho = phone_home()
        self._made: list[Desk] = []

    def found(self, *records: Record) -> None:
        """Make the project, with `records` that it starts with beside the keys."""
        root = self.folder / "founding"
        person = Person(root, self.keys, "frank")
        # What only the engine writes is there before the project is: nobody could put it there afterwards.
        own = [record for record in records if "person" not in kind_of(record).writers]
        if own:
            root.mkdir()
            person.git("init", "--quiet", "--initial-branch=main")
            person.put(*own)
        init_project(root, project=Settings(pid="PID-PGR01", tenant="acme", home=True, operators=("frank", "gwen"),
                                            bridges=("Sage", "Clara")), now=START)  # fmt: skip
        path = KINDS["project"].folder
        old = KINDS["project"].read((root / path).read_bytes(), path=path)
        person.put(
            roster(self.keys, "frank"),
            roster(self.keys, "iris", role="clerk"),
            *(record for record in records if record not in own),
        )
        person.put(old.changed(trust="signed"))  # the last commit that nobody has to sign
        plain("clone", "--quiet", "--bare", str(root), str(self.bare))
        plain("-C", str(self.bare), "config", "http.receivepack", "true")
        self.set_hook()

    def set_hook(self) -> None:
        self.hook.parent.mkdir(exist_ok=True)
        shutil.copy(HOOKS / "pre-receive", self.hook)

    def without_hook(self) -> None:
        """Whoever may write to the repository's own folder is asked nothing."""
        self.hook.unlink()

    def person(self, name: str, key: str | None = None, place: str | None = None) -> Person:
        root = self.folder / (place or f"of-{name}-{key}")
        if not root.exists():
            plain("clone", "--quiet", self.address, str(root))
        return Person(root, self.keys, name, key)

    def approval(self, by: str = "frank", *, tag: str = "", **changes: Any) -> Approval:
        """An approval of what waits, as it stands at the start."""
        values = {
            "id": derive_id("apr", START, cause=f"{by}{tag}"),
            "about": self.pho.id,
            "decision": "approve",
            "content_hash": self.pho.content_hash,
            "by": by,
            "at": START,
            "surface": "pull_request",
        }
        return Approval.model_validate(values | changes)

    def watcher(self) -> Watcher:
        place = self.folder / "watcher"
        plain("clone", "--quiet", self.address, str(place))
        share_engine(self.folder / "founding", place)
        watcher = Watcher(place)
        self._made.append(watcher.desk)
        return watcher

    def head(self) -> str:
        return plain("-C", str(self.bare), "rev-parse", "main")

    def close(self) -> None:
        for desk in self._made:
            desk.repo.close()


class Watcher(Project):
    """The clone that decides: it pulls, turns and publishes."""

    def __init__(self, root: Path) -> None:
        super().__init__(root, clock=FakeClock(START + timedelta(minutes=10)))

    def pull(self) -> list[Outcome]:
        plain("-C", str(self.root), "pull", "--quiet", "--ff-only")
        return self.turn()

    def publish(self) -> None:
        with self.desk.repo.writer():
            self.desk.repo.bring_window()
        publish(self.desk, self.clock.now())


def roster(keys: Keys, name: str, *, role: str = "operator", key: str | None = None) -> Persona:
    return Persona(identity=name, role=role, title=name.capitalize(), keys=(keys.public(key or name),))


def phone_home(**changes: Any) -> PhoneHome:
    """What waits for an operator; Clara and hugo wrote it."""
    values = {
        "id": derive_id("pho", START, cause="test"),
        "pid": "PID-PGR01",
        "source_pid": "PID-CUST01",
        "incident": derive_id("inc", START, cause="test"),
        "signal": derive_id("sig", START, cause="test"),
        "scope": "prism-product",
        "severity": Severity.model_validate({"scale": "prism", "label": "P1", "rank": 1}),
        "nature": "defect",
        "title": "export writes an empty file",
        "body_markdown": "It does so since the last release.\n",
        "destination": "dry-run",
        "requested_by": "Clara",
        "authors": ("Clara", "hugo"),
        "redaction_report": {"status": "passed"},
        "idempotency_key": "0" * 64,
        "status": "pending_operator_review",
        "staged_at": START,
        "review_due": START + timedelta(days=1),
        "due_at": START + timedelta(hours=4),
    }
    return PhoneHome.model_validate(values | changes)


@contextmanager
def serving(folder: Path, keys: Keys, *records: Record) -> Iterator[Shared]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Backend)
    server.folder = folder  # type: ignore[attr-defined]
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    made = Shared(folder, f"http://127.0.0.1:{server.server_address[1]}/desk.git", keys)
    try:
        made.found(*records)
        yield made
    finally:
        made.close()
        server.shutdown()
        thread.join()
        server.server_close()


def prismfs(root: Path, *arguments: str, check: bool = True) -> Any:
    """Call prismfs at `root` as a process of its own, and return its answer."""
    done = subprocess.run(
        [sys.executable, "-m", "prismfs", "-C", str(root), "--json", *arguments],
        capture_output=True, text=True, check=False, timeout=60,
    )  # fmt: skip
    assert not check or done.returncode == 0, done.stdout + done.stderr
    return json.loads(done.stdout)
