"""One conversation with an SMTP server, within one time-out, and what its answers mean (R-004-29)."""

import base64
import re
import smtplib
import socket
import ssl
from contextlib import closing, suppress
from dataclasses import dataclass, field
from datetime import timedelta

from prismfs.delivery.network.deadline import Deadline
from prismfs.delivery.network.peer import Tls, describe, is_loopback
from prismfs.delivery.receipts import one_line
from prismfs.records.api import Outcome, Receipt

_ERRORS = (smtplib.SMTPException, OSError, ValueError)
"""What smtplib raises; ValueError is for challenges that are no base64 and passwords that are not ASCII."""


@dataclass(frozen=True, slots=True)
class Server:
    """A mail server and the login for it, none without a user. `tls_port` is the port that begins with TLS."""

    host: str
    port: int
    user: str = ""
    password: str = field(default="", repr=False)
    tls_port: int = 465


def hand_over(server: Server, mail: bytes, *, sender: str, recipient: str, timeout: timedelta, tls: Tls) -> Receipt:
    """Give `mail` to the server and return how it ended.

    Port 465 speaks TLS from the start. On other ports STARTTLS is required with a login, or when the server is
    another machine; to this machine, without a login, no TLS is used. A lost connection is `temporary` until
    the whole message was handed over, then `unknown`: the server may have taken it.
    """
    with Deadline(timeout) as deadline:
        conversation = _Conversation(server, deadline, tls)
        try:
            return conversation.run(mail, sender=sender, recipient=recipient)
        except _ERRORS as error:
            return conversation.receipt(error)


class _Conversation:
    """What is said to the server; it knows how far it came."""

    def __init__(self, server: Server, deadline: Deadline, tls: Tls) -> None:
        self._server = server
        self._deadline = deadline
        self._tls = tls
        self._step = "connecting"
        self._handed_over = False

    def run(self, mail: bytes, *, sender: str, recipient: str) -> Receipt:
        server = self._server
        implicit = self._tls() if server.port == server.tls_port else None
        with closing(_Client(server, self._deadline, implicit)) as client:
            self._step = "EHLO"
            client.ehlo_or_helo_if_needed()
            if implicit is None and self._needs_tls():
                self._step = "STARTTLS"
                client.starttls(context=self._tls())
                client.ehlo_or_helo_if_needed()
            if server.user:
                self._step = "login"
                client.login(server.user, server.password)
            self._step = "MAIL FROM"
            size = [f"size={len(mail)}"] if client.has_extn("size") else []
            _accepted(*client.mail(sender, size))
            self._step = "RCPT TO"
            _accepted(*client.rcpt(recipient))
            self._step = "DATA"
            code, reply = client.docmd("data")
            if code != 354:
                raise smtplib.SMTPResponseException(code, reply)
            client.send(_stuffed(mail))
            self._handed_over = True
            _accepted(*client.getreply())
            with suppress(*_ERRORS):
                client.putcmd("quit")
        return Receipt(outcome="sent")

    def receipt(self, error: Exception) -> Receipt:
        """Return what `error`, at the step that was come to, means for the delivery."""
        if isinstance(error, smtplib.SMTPNotSupportedError):
            return Receipt(outcome="permanent", detail=f"the server offers no {self._step}")
        if isinstance(error, smtplib.SMTPResponseException) and 400 <= error.smtp_code < 600:
            outcome: Outcome = "temporary" if error.smtp_code < 500 else "permanent"
            return Receipt(outcome=outcome, detail=self._said(error))
        lost = isinstance(error, smtplib.SMTPServerDisconnected)
        if self._step == "login" and isinstance(error, (smtplib.SMTPException, ValueError)) and not lost:
            return Receipt(outcome="permanent", detail="no way to log in that both sides know")
        limit = f"{self._deadline.timeout.total_seconds():g}s"
        why = f"no answer within {limit}" if self._deadline.passed else describe(error)
        if self._handed_over:
            return Receipt(outcome="unknown", detail=f"{why}, after the message was handed over")
        return Receipt(outcome="temporary", detail=f"{self._step}: {why}")

    def _said(self, error: smtplib.SMTPResponseException) -> str:
        if self._step == "login":
            return f"the server refused the login ({error.smtp_code})"
        reply = error.smtp_error
        text = reply.decode(errors="replace") if isinstance(reply, bytes) else str(reply)
        secrets = (self._server.user, self._server.password)
        coded = [base64.b64encode(secret.encode()).decode() for secret in secrets]
        step = "the message" if self._handed_over else self._step
        return one_line(f"{step}: {error.smtp_code} {one_line(text, without=(*secrets, *coded))}")

    def _needs_tls(self) -> bool:
        return bool(self._server.user) or not is_loopback(self._server.host)


class _Client(smtplib.SMTP):
    """The library's client over a connection that ends at the deadline."""

    def __init__(self, server: Server, deadline: Deadline, tls: ssl.SSLContext | None) -> None:
        self._deadline = deadline
        self._tls = tls
        # The library would ask the name service for the own name.
        own = socket.gethostname()
        super().__init__(server.host, server.port, own if "." in own and own.isascii() else "[127.0.0.1]")

    def _get_socket(self, host: str, port: int, _: float) -> socket.socket:
        connection = self._deadline.connect(host, port)
        return connection if self._tls is None else self._tls.wrap_socket(connection, server_hostname=host)


def _accepted(code: int, reply: bytes) -> None:
    if code not in (250, 251):  # 251: taken, and forwarded (RFC 5321, 4.2.3)
        raise smtplib.SMTPResponseException(code, reply)


def _stuffed(mail: bytes) -> bytes:
    """Return `mail` as it goes over the line: CRLF, a dot before each line's dot, and the dot that ends it."""
    lines = re.sub(rb"\r\n|\r|\n", b"\r\n", mail)
    lines = re.sub(rb"(?m)^\.", b"..", lines)
    return lines + (b"" if lines.endswith(b"\r\n") else b"\r\n") + b".\r\n"
