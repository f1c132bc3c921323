"""Servers of git on this machine: a real sshd, and git's own CGI program behind a small HTTP server."""

from __future__ import annotations

import os
import pwd
import shutil
import signal
import socket
import subprocess
import threading
from base64 import b64encode
from collections.abc import Iterator
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from tests.support.project import CLEAN
from tests.support.waiting import until

PASSWORD = "right-horse-7"

_CONFIG = """\
Port {port}
ListenAddress 127.0.0.1
HostKey {folder}/host
AuthorizedKeysFile {folder}/authorized
PidFile none
StrictModes no
UsePAM no
PasswordAuthentication no
KbdInteractiveAuthentication no
PermitRootLogin prohibit-password
MaxStartups 200
SetEnv GIT_CONFIG_GLOBAL=/dev/null GIT_CONFIG_NOSYSTEM=1
"""


def find_sshd() -> str | None:
    return shutil.which("sshd") or shutil.which("sshd", path="/usr/sbin:/usr/local/sbin")


class SshServer:
    """An sshd with a host key, a port and a list of keys of its own; every client has a configuration of its own."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        folder.mkdir()
        with socket.create_server(("127.0.0.1", 0)) as free:
            self.port: int = free.getsockname()[1]
        self._child: subprocess.Popen[bytes] | None = None
        self.host_key = self._key("host")
        (folder / "authorized").touch()
        (folder / "sshd_config").write_text(_CONFIG.format(port=self.port, folder=folder))

    def start(self) -> None:
        """Serve, from now on or again, at the same port."""
        program = find_sshd()
        assert program is not None
        if os.geteuid() == 0:
            Path("/run/sshd").mkdir(mode=0o755, exist_ok=True)  # where sshd locks up what it does before a login
        with (self.folder / "log").open("ab") as log:
            self._child = subprocess.Popen(
                [program, "-D", "-e", "-f", str(self.folder / "sshd_config")], stdin=subprocess.DEVNULL, stderr=log
            )
        until(self._answers, f"sshd; {self.folder / 'log'}")

    def stop(self) -> None:
        """Serve nobody, and cut off whoever is served."""
        child, self._child = self._child, None
        if child is None:
            return
        served = _children(child.pid)
        for process in (child.pid, *served):
            with suppress(ProcessLookupError):
                os.kill(process, signal.SIGKILL)
        child.wait()

    def client(self, name: str, *, authorized: bool = True, knows_host: bool = True) -> str:
        """Return the ssh command of somebody called `name`, for whom the server is `desk`."""
        key = self._key(name)
        if authorized:
            with (self.folder / "authorized").open("a") as file:
                file.write(key)
        known = self.folder / f"{name}.known"
        known.write_text(f"[127.0.0.1]:{self.port} {self.host_key}" if knows_host else "")
        config = self.folder / f"{name}.config"
        config.write_text(
            f"Host desk\n HostName 127.0.0.1\n Port {self.port}\n User {pwd.getpwuid(os.geteuid()).pw_name}\n"
            f" IdentityFile {self.folder / name}\n IdentitiesOnly yes\n IdentityAgent none\n"
            f" UserKnownHostsFile {known}\n GlobalKnownHostsFile /dev/null\n"
        )
        return f"ssh -F {config}"

    def _key(self, name: str) -> str:
        """Make a key and return its public half."""
        path = self.folder / name
        subprocess.run(
            ["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", name, "-f", str(path)],
            check=True,
            capture_output=True,
        )
        return path.with_suffix(".pub").read_text()

    def _answers(self) -> bool:
        assert self._child is not None
        assert self._child.poll() is None, (self.folder / "log").read_text()
        try:
            with socket.create_connection(("127.0.0.1", self.port), 2) as connection:
                return connection.recv(4) == b"SSH-"
        except OSError:
            return False


def _children(process: int) -> list[int]:
    """Return the processes that one began, and those that these began."""
    try:
        words = Path(f"/proc/{process}/task/{process}/children").read_text().split()
    except OSError:
        return []
    return [each for child in map(int, words) for each in (child, *_children(child))]


class GitHttpServer(ThreadingHTTPServer):
    """Serves the repositories below `root` by `git http-backend`, to jade and her password; `says` comes instead."""

    daemon_threads = False

    def __init__(self, root: Path) -> None:
        self.root = root
        self.says: int | None = None
        super().__init__(("127.0.0.1", 0), _Backend)
        self.url = f"http://127.0.0.1:{self.server_address[1]}"
        self._thread = threading.Thread(target=self.serve_forever, kwargs={"poll_interval": 0.01})
        self._thread.start()

    def stop(self) -> None:
        self.shutdown()
        self.server_close()
        self._thread.join()


class _Backend(BaseHTTPRequestHandler):
    server: GitHttpServer
    timeout = 20

    def do_POST(self) -> None:
        body = self._body()
        if self.server.says is not None:
            self._answer(self.server.says, b"")
            return
        if self.headers.get("Authorization") != "Basic " + b64encode(f"jade:{PASSWORD}".encode()).decode():
            self._answer(401, b"", {"WWW-Authenticate": 'Basic realm="desk"'})
            return
        path, _, query = self.path.partition("?")
        asked = {
            "GIT_PROJECT_ROOT": str(self.server.root), "GIT_HTTP_EXPORT_ALL": "1", "REMOTE_USER": "jade",
            "REQUEST_METHOD": self.command, "PATH_INFO": path, "QUERY_STRING": query,
            "CONTENT_TYPE": self.headers.get("Content-Type", ""), "CONTENT_LENGTH": str(len(body)),
            "HTTP_CONTENT_ENCODING": self.headers.get("Content-Encoding", ""),
            "GIT_PROTOCOL": self.headers.get("Git-Protocol", ""),
        }  # fmt: skip
        done = subprocess.run(["git", "http-backend"], input=body, capture_output=True, env=CLEAN | asked, check=True)
        head, _, rest = done.stdout.partition(b"\r\n\r\n")
        fields = dict(line.split(": ", 1) for line in head.decode().split("\r\n"))
        self._answer(int(fields.pop("Status", "200").split()[0]), rest, fields)

    do_GET = do_POST  # noqa: N815 - named by the standard library

    def _body(self) -> bytes:
        if self.headers.get("Transfer-Encoding") != "chunked":
            return self.rfile.read(int(self.headers.get("Content-Length", 0)))
        pieces = []
        while size := int(self.rfile.readline(), 16):
            pieces.append(self.rfile.read(size))
            self.rfile.readline()
        self.rfile.readline()
        return b"".join(pieces)

    def _answer(self, status: int, body: bytes, fields: dict[str, str] | None = None) -> None:
        self.send_response(status)
        for name, value in (fields or {}).items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: Any) -> None:
        """Print nothing."""


@pytest.fixture
def ssh_server(tmp_path: Path) -> Iterator[SshServer]:
    server = SshServer(tmp_path / "sshd")
    server.start()
    yield server
    server.stop()


@pytest.fixture
def git_http_server(tmp_path: Path) -> Iterator[GitHttpServer]:
    """Serve the repositories of the test's folder that git may serve over HTTP: `http.receivepack` is theirs."""
    server = GitHttpServer(tmp_path)
    yield server
    server.stop()
