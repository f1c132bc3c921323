"""Servers on this machine that do what a test tells them: HTTP, SMTP, and an authority that signs for them."""

from __future__ import annotations

import asyncio
import json
import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest
import trustme
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import AuthResult

PASSWORD = "right-horse-7"


@dataclass(frozen=True)
class Answer:
    """What the HTTP server says to one request."""

    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes = b"{}"


@dataclass(frozen=True)
class Request:
    """What the HTTP server was asked."""

    method: str
    path: str
    headers: dict[str, str]
    body: bytes

    @property
    def document(self) -> Any:
        return json.loads(self.body)


class HttpServer(ThreadingHTTPServer):
    """Answers each connection with the next step of its script, then with 200.

    A step is an `Answer` or a word: `drop_unread` closes before the request is read, `drop` after that, `hang`
    says nothing, `trickle` sends a byte of the headers now and then, for ever.
    """

    daemon_threads = False

    def __init__(self, tls: ssl.SSLContext | None = None) -> None:
        self.script: list[Answer | str] = []
        self.requests: list[Request] = []
        self.connections = 0
        self.stopping = threading.Event()
        self.tls = tls
        super().__init__(("127.0.0.1", 0), _Handler)
        self.port = self.server_address[1]
        self.url = f"{'https' if tls else 'http'}://127.0.0.1:{self.port}"
        self._thread = threading.Thread(target=self.serve_forever, kwargs={"poll_interval": 0.01})
        self._thread.start()

    def stop(self) -> None:
        self.stopping.set()
        self.shutdown()
        self.server_close()
        self._thread.join()

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that goes away, or does not trust the certificate, is no error of the server."""


class _Handler(BaseHTTPRequestHandler):
    server: HttpServer

    def handle(self) -> None:
        self.server.connections += 1
        self.step = self.server.script.pop(0) if self.server.script else Answer()
        if self.server.tls is not None:
            self.connection = self.server.tls.wrap_socket(self.connection, server_side=True)
            self.rfile.close()
            self.rfile = self.connection.makefile("rb")
        try:
            if self.step != "drop_unread":
                self.handle_one_request()
        finally:
            if self.server.tls is not None:
                self.connection.close()

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        headers = {name.lower(): value for name, value in self.headers.items()}
        self.server.requests.append(Request(self.command, self.path, headers, body))
        if isinstance(self.step, Answer):
            head = "".join(f"{name}: {value}\r\n" for name, value in self.step.headers.items())
            self.connection.sendall(
                f"HTTP/1.1 {self.step.status} As told\r\n{head}Content-Length: {len(self.step.body)}\r\n\r\n".encode()
                + self.step.body
            )
        elif self.step == "hang":
            self.server.stopping.wait(30)
        elif self.step == "trickle":
            self._trickle()
        self.close_connection = True

    do_GET = do_CONNECT = do_POST  # noqa: N815 - named by the standard library

    def _trickle(self) -> None:
        self.connection.sendall(b"HTTP/1.1 200 OK\r\nX-Slow: ")
        for _ in range(600):
            if self.server.stopping.wait(0.05):
                return
            self.connection.sendall(b"x")

    def log_message(self, format: str, *args: Any) -> None:
        """Print nothing."""


class SmtpServer(Controller):
    """A real SMTP server. `says` holds what it does at a verb, in place of accepting.

    A reply such as `451 later`, or a word: `drop` cuts the connection, `hang` says nothing, `trickle` sends a
    byte now and then. At `DATA` it has read the whole message.
    """

    def __init__(self, *, tls: ssl.SSLContext | None = None, implicit: bool = False, **more: Any) -> None:
        self.says: dict[str, str] = {}
        self.mails: list[tuple[str, list[str], bytes]] = []
        self.logins: list[str] = []
        self.greeted = 0
        self._listener = socket.create_server(("127.0.0.1", 0))
        super().__init__(
            self,
            hostname="127.0.0.1",
            port=self._listener.getsockname()[1],
            tls_context=None if implicit else tls,
            ssl_context=tls if implicit else None,
            authenticator=self._authenticate,
            **more,
        )

    def _create_server(self) -> Any:
        return self.loop.create_server(self._factory_invoker, sock=self._listener, ssl=self.ssl_context)

    def _trigger_server(self) -> None:
        socket.create_connection(("127.0.0.1", self.port), 5).close()

    def _authenticate(self, server: Any, session: Any, envelope: Any, mechanism: str, data: Any) -> AuthResult:
        self.logins.append(mechanism)
        if "AUTH" in self.says:
            return AuthResult(success=False, handled=False, message=self.says["AUTH"])
        right = (data.login, data.password) == (b"desk", PASSWORD.encode())
        return AuthResult(success=right, handled=False)

    async def handle_EHLO(  # noqa: N802 - named by the library
        self, server: Any, session: Any, envelope: Any, host: str, responses: list[str]
    ) -> list[str]:
        self.greeted += 1
        said = await self._step("EHLO", server)
        session.host_name = host
        return [said] if said else responses

    async def handle_MAIL(  # noqa: N802 - named by the library
        self, server: Any, session: Any, envelope: Any, address: str, options: Any
    ) -> str:
        said = await self._step("MAIL", server)
        envelope.mail_from = address
        return said or "250 OK"

    async def handle_RCPT(  # noqa: N802 - named by the library
        self, server: Any, session: Any, envelope: Any, address: str, options: Any
    ) -> str:
        said = await self._step("RCPT", server)
        if not said:
            envelope.rcpt_tos.append(address)
        return said or "250 OK"

    async def handle_DATA(  # noqa: N802 - named by the library
        self, server: Any, session: Any, envelope: Any
    ) -> str:
        said = await self._step("DATA", server)
        if not said:
            self.mails.append((envelope.mail_from, envelope.rcpt_tos, envelope.content))
        return said or "250 taken"

    async def _step(self, verb: str, server: Any) -> str:
        said = self.says.get(verb, "")
        if said == "trickle":
            for _ in range(600):
                server._writer.write(b"2")
                await asyncio.sleep(0.05)
        if said == "drop":
            server.transport.abort()
        if said in ("drop", "hang"):
            await asyncio.sleep(30)  # ended when the connection is
        return said


class Authority:
    """Signs the certificates of this machine's servers; only who asks it for a context trusts them."""

    def __init__(self) -> None:
        self._ca = trustme.CA()
        self._certificate = self._ca.issue_cert("127.0.0.1", "localhost")

    def server(self) -> ssl.SSLContext:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self._certificate.configure_cert(context)
        return context

    def client(self) -> ssl.SSLContext:
        context = ssl.create_default_context()
        self._ca.configure_trust(context)
        return context


MakeSmtpServer = Callable[..., SmtpServer]


@pytest.fixture(scope="session")
def authority() -> Authority:
    return Authority()


@pytest.fixture
def http_server() -> Iterator[HttpServer]:
    server = HttpServer()
    yield server
    server.stop()


@pytest.fixture
def https_server(authority: Authority) -> Iterator[HttpServer]:
    server = HttpServer(authority.server())
    yield server
    server.stop()


@pytest.fixture
def make_smtp_server() -> Iterator[MakeSmtpServer]:
    """Give a maker of SMTP servers; its arguments are those of `SmtpServer`."""
    made: list[SmtpServer] = []

    def make(**more: Any) -> SmtpServer:
        server = SmtpServer(**more)
        made.append(server)
        server.start()
        return server

    yield make
    for server in made:
        server.stop()


@pytest.fixture
def smtp_server(make_smtp_server: MakeSmtpServer) -> SmtpServer:
    return make_smtp_server()
