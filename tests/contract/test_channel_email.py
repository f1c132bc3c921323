"""Electronic mail through a real server that refuses, hangs up and hangs at every step."""

from __future__ import annotations

import socket
import ssl
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from email import message_from_bytes, policy
from email.headerregistry import Address
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from prismfs.delivery.email import EmailChannel, compose
from prismfs.kinds.escalation.settings.escalation_policy import Contacts
from prismfs.records.api import Message, Receipt
from tests.support.servers import PASSWORD, Authority, MakeSmtpServer, SmtpServer

Send = Callable[..., Receipt]


@pytest.fixture
def send(tmp_path: Path, message: Message, authority: Authority, monkeypatch: pytest.MonkeyPatch) -> Send:
    """Give a sender through `server`; it logs in if `user` is given, and trusts the test's authority."""
    monkeypatch.setenv("DESK_PASSWORD", PASSWORD)

    def do(server: SmtpServer, *, told: Message = message, timeout: float = 5, **more: Any) -> Receipt:
        of_channel: dict[str, Any] = {name: more.pop(name) for name in ("tls", "tls_port") if name in more}
        contacts = {
            "smtp_host": "127.0.0.1",
            "smtp_port": str(server.port),
            "smtp_from": "desk@example.org",
            "smtp_pass": "env:DESK_PASSWORD",
        }
        channel = EmailChannel(
            tmp_path,
            Contacts().model_copy(update=contacts | more),  # unchecked, as what env: gives is
            timeout=timedelta(seconds=timeout),
            **({"tls": authority.client} | of_channel),
        )
        return channel.send(replace(told, target="pat@example.org") if told.target == "mayor" else told)

    return do


def body_of(data: bytes) -> str:
    """Return the text of a mail, with the ends of lines as a program has them."""
    assert b"=0D" not in data
    text: str = message_from_bytes(data, policy=policy.default).get_content()
    return text.replace("\r\n", "\n")


def test_mail_arrives_as_it_was_meant(smtp_server: SmtpServer, send: Send, message: Message) -> None:
    """R-004-29; the Message-ID follows from the delivery, so that a repeat can be told (R-004-28)."""
    for _ in range(2):
        assert send(smtp_server, smtp_from="The desk <desk@example.org>") == Receipt(outcome="sent")
    (sender, recipients, data), (_, _, again) = smtp_server.mails
    assert again == data
    assert (sender, recipients) == ("desk@example.org", ["pat@example.org"])
    mail = message_from_bytes(data, policy=policy.SMTP)
    assert mail["From"] == "The desk <desk@example.org>"
    assert mail["To"] == "pat@example.org"
    assert mail["Subject"] == "[HIGH] disk almost full"
    assert mail["Message-ID"] == f"<{message.id}@prismfs>"
    assert mail["Date"].datetime == message.created_at
    assert mail["Auto-Submitted"] == "auto-generated"
    assert mail["X-Prismfs-About"] == message.about
    assert body_of(data) == "Answer: prismfs escalate ack\n"


def test_mail_of_a_thread_answers_the_first_one(smtp_server: SmtpServer, send: Send, message: Message) -> None:
    """FD-17: a program shows all of one escalation together."""
    for told in (message, replace(message, thread="out-1")):
        assert send(smtp_server, told=told).outcome == "sent"
    first, later = (message_from_bytes(data, policy=policy.SMTP) for _, _, data in smtp_server.mails)
    assert first["In-Reply-To"] is None
    assert later["In-Reply-To"] == later["References"] == "<out-1@prismfs>"


def test_mail_with_dots_and_foreign_letters_arrives_whole(
    smtp_server: SmtpServer, send: Send, message: Message
) -> None:
    told = replace(message, subject="Größe: 磁盘 \N{GRINNING FACE}" * 9, body=".\n..\nend\r\n.\r\nmore " + "ß" * 3000)
    assert send(smtp_server, told=told).outcome == "sent"
    mail = message_from_bytes(smtp_server.mails[0][2], policy=policy.default)
    assert mail["Subject"] == told.subject
    assert body_of(smtp_server.mails[0][2]) == told.body.replace("\r\n", "\n") + "\n"


@given(body=st.text(alphabet=st.characters(exclude_categories=["Cs"], exclude_characters="\r\n")))
def test_any_line_survives_the_way_in_short_plain_lines(body: str) -> None:
    told = Message("out-1", "email", "", "s", body, "bea-1", "high", datetime(2026, 3, 1, tzinfo=UTC))
    nobody = Address(addr_spec="a@b.c")
    data = compose(told, sender=nobody, recipient=nobody).as_bytes(policy=policy.SMTP)
    assert data.isascii()
    assert max(map(len, data.split(b"\r\n"))) <= 78
    assert body_of(data) == body + "\n"


@pytest.mark.parametrize("verb", ["EHLO", "MAIL", "RCPT", "DATA"])
@pytest.mark.parametrize(("reply", "outcome"), [("451 4.3.0 later", "temporary"), ("550 5.1.1 no such", "permanent")])
def test_refusal_is_for_now_or_for_good_by_its_code(
    smtp_server: SmtpServer, send: Send, verb: str, reply: str, outcome: str
) -> None:
    if verb == "EHLO":  # the client falls back to HELO, which is accepted
        outcome = "sent"
    smtp_server.says[verb] = reply
    receipt = send(smtp_server)
    assert receipt.outcome == outcome
    if outcome != "sent":
        step = {"MAIL": "MAIL FROM", "RCPT": "RCPT TO", "DATA": "the message"}[verb]
        assert receipt.detail == f"{step}: {reply}"
        assert smtp_server.mails == []


@pytest.mark.parametrize("verb", ["EHLO", "MAIL", "RCPT"])
def test_connection_lost_before_the_message_is_for_later(smtp_server: SmtpServer, send: Send, verb: str) -> None:
    smtp_server.says[verb] = "drop"
    receipt = send(smtp_server)
    assert receipt.outcome == "temporary"
    assert receipt.detail.startswith({"EHLO": "EHLO", "MAIL": "MAIL FROM", "RCPT": "RCPT TO"}[verb])


@pytest.mark.parametrize("said", ["drop", "999 what", "hello"])
def test_no_answer_to_the_message_is_unknown(smtp_server: SmtpServer, send: Send, said: str) -> None:
    """R-004-28: the server has all of it; whether it keeps it, nobody said."""
    smtp_server.says["DATA"] = said
    receipt = send(smtp_server)
    assert receipt.outcome == "unknown"
    assert receipt.detail.endswith("after the message was handed over")


@pytest.mark.parametrize("said", ["hang", "trickle"])
@pytest.mark.parametrize(("verb", "outcome"), [("EHLO", "temporary"), ("DATA", "unknown")])
def test_server_that_does_not_end_is_left_at_the_time_out(
    smtp_server: SmtpServer, send: Send, said: str, verb: str, outcome: str
) -> None:
    """R-004-29: the time-out is for the whole conversation."""
    smtp_server.says[verb] = said
    receipt = send(smtp_server, timeout=1)
    assert receipt.outcome == outcome
    assert "no answer within 1s" in receipt.detail


def test_server_that_never_greets_is_left_at_the_time_out(send: Send) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        silent: Any = type("Silent", (), {"port": listener.getsockname()[1]})
        receipt = send(silent, timeout=1)
    assert (receipt.outcome, receipt.detail) == ("temporary", "connecting: no answer within 1s")


def test_connection_refused_is_for_later(send: Send) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        gone: Any = type("Gone", (), {"port": listener.getsockname()[1]})
    assert send(gone) == Receipt(outcome="temporary", detail="connecting: connection refused")


def test_login_goes_over_tls(make_smtp_server: MakeSmtpServer, send: Send, authority: Authority) -> None:
    """R-004-29; R-004-04: the password is looked up when it is used."""
    server = make_smtp_server(tls=authority.server(), require_starttls=True, auth_required=True)
    assert send(server, smtp_user="desk") == Receipt(outcome="sent")
    assert server.logins == ["PLAIN"]
    assert len(server.mails) == 1


def test_login_that_is_refused_is_for_good(make_smtp_server: MakeSmtpServer, send: Send, authority: Authority) -> None:
    server = make_smtp_server(tls=authority.server(), auth_required=True)
    receipt = send(server, smtp_user="nobody")
    assert receipt == Receipt(outcome="permanent", detail="the server refused the login (535)")
    assert server.mails == []


def test_login_that_cannot_be_judged_now_is_for_later(
    make_smtp_server: MakeSmtpServer, send: Send, authority: Authority
) -> None:
    server = make_smtp_server(tls=authority.server(), auth_required=True)
    server.says["AUTH"] = f"454 4.7.0 {PASSWORD} later"
    receipt = send(server, smtp_user="desk")
    assert receipt == Receipt(outcome="temporary", detail="the server refused the login (454)")


def test_login_without_tls_is_not_tried(smtp_server: SmtpServer, send: Send) -> None:
    """A server that offers no STARTTLS, or somebody between who takes it out, learns no password."""
    receipt = send(smtp_server, smtp_user="desk")
    assert receipt == Receipt(outcome="permanent", detail="the server offers no STARTTLS")
    assert (smtp_server.logins, smtp_server.mails) == ([], [])


def test_another_machine_without_tls_gets_no_mail(smtp_server: SmtpServer, send: Send) -> None:
    receipt = send(smtp_server, smtp_host="0.0.0.0")
    assert receipt == Receipt(outcome="permanent", detail="the server offers no STARTTLS")
    assert smtp_server.mails == []


@pytest.mark.parametrize("implicit", [False, True])
def test_certificate_that_is_not_trusted_gets_no_password(
    make_smtp_server: MakeSmtpServer, send: Send, authority: Authority, implicit: bool
) -> None:
    server = make_smtp_server(tls=authority.server(), implicit=implicit)
    receipt = send(server, smtp_user="desk", tls=ssl.create_default_context, tls_port=server.port if implicit else 465)
    assert receipt.outcome == "temporary"
    assert "the server's certificate is not trusted: unable to get local issuer" in receipt.detail
    assert (server.logins, server.mails) == ([], [])


def test_port_of_its_own_speaks_tls_from_the_start(
    make_smtp_server: MakeSmtpServer, send: Send, authority: Authority
) -> None:
    # The server library counts STARTTLS alone as TLS.
    server = make_smtp_server(tls=authority.server(), implicit=True, auth_require_tls=False)
    assert send(server, smtp_user="desk", tls_port=server.port) == Receipt(outcome="sent")
    assert server.logins == ["PLAIN"]
    assert len(server.mails) == 1


@pytest.mark.parametrize("text", ["two\nlines", "a\rb", "a\r\nBcc: x@example.org", "a\x00b", "a\x85b", "a\u2028b"])
def test_header_that_would_not_stay_one_line_sends_nothing(
    smtp_server: SmtpServer, send: Send, message: Message, text: str
) -> None:
    """R-004-29: header injection."""
    for told in (
        replace(message, subject=text),
        replace(message, about=text),
        replace(message, target=f"pat@example.org{text}"),
    ):
        assert send(smtp_server, told=told).outcome == "permanent"
    assert send(smtp_server, smtp_from=f"{text} <desk@example.org>").outcome == "permanent"
    assert (smtp_server.greeted, smtp_server.mails) == (0, [])


@pytest.mark.parametrize(
    "address",
    [
        "pat",
        "pat@",
        "@example.org",
        "pat@exa mple.org",
        "pat@example.org, eve@example.org",
        "pat@example.org> SIZE=1",
        "pat@-example.org",
        "pät@example.org",
        "a" * 65 + "@example.org",
        "pat@" + "a." * 130 + "org",
        "Pat <pat@example.org> <eve@example.org>",
    ],
)
def test_what_is_no_address_gets_no_mail(smtp_server: SmtpServer, send: Send, message: Message, address: str) -> None:
    receipt = send(smtp_server, told=replace(message, target=address))
    assert receipt == Receipt(outcome="permanent", detail="the address is no mail address")
    assert smtp_server.greeted == 0


@pytest.mark.parametrize(
    ("contacts", "named"),
    [
        ({"smtp_host": ""}, "contacts.smtp_host: is empty"),
        ({"smtp_host": "exa\nmple"}, "contacts.smtp_host: is no name of a host"),
        ({"smtp_port": "smtp"}, "contacts.smtp_port: is no port from 1 to 65535"),
        ({"smtp_port": "70000"}, "contacts.smtp_port: is no port from 1 to 65535"),
        ({"smtp_from": ""}, "contacts.smtp_from: is empty"),
        ({"smtp_user": "desk", "smtp_pass": ""}, "contacts.smtp_pass: is empty"),
        (
            {"smtp_user": "desk", "smtp_pass": "env:NOT_SET_HERE"},
            "contacts.smtp_pass: the environment variable NOT_SET_HERE is not set",
        ),
    ],
)
def test_setting_that_is_missing_is_named(
    smtp_server: SmtpServer, send: Send, contacts: dict[str, str], named: str
) -> None:
    assert send(smtp_server, **contacts) == Receipt(outcome="not_configured", detail=named)


def test_carriage_returns_and_escapes_of_a_log_end_no_mail_and_begin_none(
    smtp_server: SmtpServer, send: Send, message: Message
) -> None:
    """A text may hold what a program printed, also what a server could take for the end of the mail (R-004-09)."""
    body = "50 %\r100 %\r\n.\r\nMAIL FROM:<evil@example.org>\r\n\x1b[31mfailed\x1b[0m\n"
    assert send(smtp_server, told=replace(message, body=body)).outcome == "sent"
    ((sender, _, data),) = smtp_server.mails
    assert sender == "desk@example.org"
    text: str = message_from_bytes(data, policy=policy.default).get_content()
    assert "\x1b[31mfailed\x1b[0m" in text
    assert "MAIL FROM:<evil@example.org>" in text
