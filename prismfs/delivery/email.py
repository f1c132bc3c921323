"""Mail by SMTP: one conversation with a server, within one time-out, and what its answers mean (R-004-29)."""

import base64
import re
import smtplib
import socket
import ssl
from contextlib import closing, suppress
from dataclasses import dataclass, field
from datetime import timedelta
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime
from pathlib import Path
from typing import ClassVar

from prismfs.delivery import ChannelType
from prismfs.delivery.network.connection import SYSTEM_TLS, Deadline, Tls, describe, is_loopback
from prismfs.delivery.secrets import not_configured, one_line, resolve
from prismfs.errors import ConfigError
from prismfs.kinds.escalation.settings.escalation_policy import Contacts
from prismfs.records.api import ChannelForm, Message, Outcome, Receipt

_CONTROL = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]")
"""What could end a header line, for some reader of it."""

_LABEL = r"[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?"
# The part before the @ as RFC 5322 allows it without quotes, in the length that RFC 5321 allows.
_ADDRESS = re.compile(
    r"(?=.{1,254}\Z)(?=[^@]{1,64}@)"
    rf"[A-Za-z0-9!#$%&'*+/=?^_`{{|}}~-]+(?:\.[A-Za-z0-9!#$%&'*+/=?^_`{{|}}~-]+)*@{_LABEL}(?:\.{_LABEL})*"
)
_NAMED = re.compile(r"([^<>]*?) *<([^<>]*)>")


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
            if implicit is None and (server.user or not is_loopback(server.host)):
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


@dataclass(frozen=True, slots=True)
class EmailChannel:
    """Sends to the address in the message's target through the server in `contacts`."""

    local: ClassVar[bool] = False

    root: Path
    contacts: Contacts
    timeout: timedelta = timedelta(seconds=30)
    tls: Tls = SYSTEM_TLS
    tls_port: int = 465

    def send(self, message: Message) -> Receipt:
        """Send the mail. A header that would not stay one line is refused for good, and nothing is sent."""
        try:
            server = self._server()
            sender = self._setting("smtp_from")
            recipient = resolve(message.target, field="contacts.human_email", root=self.root)
        except ConfigError as error:
            return not_configured(error)
        try:
            from_address, to_address = _address(sender, "contacts.smtp_from"), _address(recipient, "the address")
            mail = compose(message, sender=from_address, recipient=to_address)
        except ValueError as error:
            return Receipt(outcome="permanent", detail=str(error))
        return hand_over(
            server,
            mail.as_bytes(policy=SMTP),
            sender=from_address.addr_spec,
            recipient=to_address.addr_spec,
            timeout=self.timeout,
            tls=self.tls,
        )

    def _server(self) -> Server:
        host, port = self._setting("smtp_host"), self._setting("smtp_port")
        if not (port.isascii() and port.isdigit() and 0 < int(port[:6]) < 65536):
            raise ConfigError("bad_setting", "is no port from 1 to 65535", field="contacts.smtp_port")
        if _CONTROL.search(host) or " " in host:
            raise ConfigError("bad_setting", "is no name of a host", field="contacts.smtp_host")
        has_user = bool(self.contacts.smtp_user)
        return Server(
            host=host,
            port=int(port),
            user=self._setting("smtp_user") if has_user else "",
            password=self._setting("smtp_pass") if has_user else "",
            tls_port=self.tls_port,
        )

    def _setting(self, name: str) -> str:
        return resolve(getattr(self.contacts, name), field=f"contacts.{name}", root=self.root)


def compose(message: Message, *, sender: Address, recipient: Address) -> EmailMessage:
    """Return the mail. Its Message-ID follows from the delivery's id, so that a repeat can be told.

    Raises:
        ValueError: a header would hold a control character; the message says which, without its value.
    """
    for name, text in (("subject", message.subject), ("id", message.id), ("about", message.about)):
        if _CONTROL.search(text):
            raise ValueError(f"the {name} holds a control character")
    mail = EmailMessage(policy=SMTP)
    mail["From"] = sender
    mail["To"] = recipient
    mail["Subject"] = message.subject
    mail["Date"] = format_datetime(message.created_at)
    mail["Message-ID"] = f"<{message.id}@prismfs>"
    if message.thread is not None:  # RFC 5322, 3.6.4: programs show it below the first one
        mail["In-Reply-To"] = mail["References"] = f"<{message.thread}@prismfs>"
    mail["Auto-Submitted"] = "auto-generated"  # RFC 3834: no holiday notices in answer
    mail["X-Prismfs-About"] = message.about
    # Quoted-printable: no line is too long and no byte is one that a server on the way might change.
    mail.set_content(message.body.encode(errors="replace").decode(), cte="quoted-printable")
    return mail


def _address(text: str, what: str) -> Address:
    """Return the address in `text`, with or without a name: `desk@example.org`, `The desk <desk@example.org>`.

    Raises:
        ValueError: it is none, or holds a control character.
    """
    if _CONTROL.search(text):
        raise ValueError(f"{what} holds a control character")
    named = _NAMED.fullmatch(text)
    name, address = named.groups() if named else ("", text)
    if not _ADDRESS.fullmatch(address):
        raise ValueError(f"{what} is no mail address")
    return Address(display_name=name.strip('"'), addr_spec=address)


CHANNEL = ChannelType(
    form=ChannelForm(
        word="email",
        reaches="contact",
        target="human",
        shown="human",
        contacts=("human_email", "smtp_host"),
        address="human_email",
    ),
    make=lambda site: EmailChannel(site.root, site.contacts),
)
