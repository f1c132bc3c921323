"""Webhooks, Slack and text messages against a real server that misbehaves in every way a server can."""

from __future__ import annotations

import socket
import ssl
import threading
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from pathlib import Path

import pytest

from prismfs.delivery.slack import SlackChannel
from prismfs.delivery.sms import SmsChannel
from prismfs.delivery.webhook import WebhookChannel
from prismfs.kinds.escalation.settings.escalation_policy import Contacts
from prismfs.kinds.escalation.settings.routing import Target
from prismfs.records.api import LONGEST_RETRY_AFTER, Message, format_instant
from tests.support.channels import MakeChannels, PostTo
from tests.support.servers import Answer, Authority, HttpServer
from tests.support.waiting import LIMIT

KEY = "T0KEN-in-the-path"


def test_webhook_gets_the_whole_message(http_server: HttpServer, post_to: PostTo, message: Message) -> None:
    """R-004-29: one JSON object; its key is the delivery's, so that a repeat can be told."""
    receipt = post_to(f"{http_server.url}/hook?x=1", options={"x-team": "night"})
    assert (receipt.outcome, receipt.detail) == ("sent", "HTTP 200 OK")
    (request,) = http_server.requests
    assert request.method == "POST"
    assert request.path == "/hook?x=1"
    assert request.headers["idempotency-key"] == message.id
    assert request.headers["content-type"] == "application/json"
    assert request.headers["x-team"] == "night"
    assert request.document == {
        "id": message.id,
        "about": message.about,
        "subject": message.subject,
        "body": message.body,
        "priority": "high",
        "created_at": format_instant(message.created_at),
    }


@pytest.mark.parametrize("place", ["https://[bad", "", "\\\\", "gopher://x"])
def test_redirect_to_nowhere_is_a_refusal(http_server: HttpServer, post_to: PostTo, place: str) -> None:
    http_server.script = [Answer(302, {"Location": place, "Set-Cookie": "a=b"})]
    assert post_to(http_server.url).detail == "HTTP 302 Found; redirects are not followed"


def test_sms_gets_number_and_text(http_server: HttpServer, make_channels: MakeChannels, message: Message) -> None:
    """R-004-29: {to, body}."""
    channel = make_channels({"sms_webhook": http_server.url})["sms"]
    assert channel.send(replace(message, target="+4930123456")).outcome == "sent"
    (request,) = http_server.requests
    assert request.document == {"to": "+4930123456", "body": f"[HIGH] disk almost full\n{message.about}"}


def test_slack_gets_text_that_calls_nobody(
    http_server: HttpServer, make_channels: MakeChannels, message: Message
) -> None:
    """R-004-29: {text}; what agents wrote is text."""
    channel = make_channels({"slack_webhook": http_server.url})["slack"]
    assert channel.send(replace(message, target="webhook", body="<!channel> a & b")).outcome == "sent"
    (request,) = http_server.requests
    assert request.document == {"text": "[HIGH] disk almost full\n&lt;!channel&gt; a &amp; b"}


@pytest.mark.parametrize(
    ("status", "outcome"),
    [
        (201, "sent"),
        (202, "sent"),
        (204, "sent"),
        (301, "permanent"),
        (302, "permanent"),
        (304, "permanent"),
        (308, "permanent"),
        (400, "permanent"),
        (401, "permanent"),
        (404, "permanent"),
        (408, "temporary"),
        (410, "permanent"),
        (425, "temporary"),
        (429, "temporary"),
        (500, "temporary"),
        (503, "temporary"),
        (599, "temporary"),
    ],
)
def test_status_says_whether_to_try_again(http_server: HttpServer, post_to: PostTo, status: int, outcome: str) -> None:
    elsewhere = {"Location": f"{http_server.url}/elsewhere"} if 300 <= status < 400 else {}
    http_server.script = [Answer(status, elsewhere, b"" if status in (204, 304) else b"{}")]
    receipt = post_to(http_server.url)
    assert receipt.outcome == outcome
    assert receipt.detail.startswith(f"HTTP {status}")
    assert receipt.retry_after is None
    assert len(http_server.requests) == 1, "no redirect is followed"


@pytest.mark.parametrize("status", [429, 503])
@pytest.mark.parametrize(
    ("asked", "wait"),
    [
        ("120", timedelta(seconds=120)),
        ("0", timedelta()),
        ("999999", LONGEST_RETRY_AFTER),
        ("9" * 400, LONGEST_RETRY_AFTER),
        ("-5", None),
        ("soon", None),
        ("Mon, 32 Foo 2026", None),
    ],
)
def test_retry_after_in_seconds_is_told(
    http_server: HttpServer, post_to: PostTo, status: int, asked: str, wait: timedelta | None
) -> None:
    http_server.script = [Answer(status, {"Retry-After": asked})]
    assert post_to(http_server.url).retry_after == wait


def test_retry_after_as_a_date_is_by_the_servers_clock(http_server: HttpServer, post_to: PostTo) -> None:
    there = datetime(2031, 5, 1, tzinfo=UTC)

    def asked(at: datetime) -> str:
        return format_datetime(at, usegmt=True)

    http_server.script = [
        Answer(429, {"Retry-After": asked(there + timedelta(minutes=5)), "Date": asked(there)}),
        Answer(503, {"Retry-After": asked(there - timedelta(minutes=5)), "Date": asked(there)}),
        Answer(503, {"Retry-After": asked(there + timedelta(days=5)), "Date": asked(there)}),
        Answer(429, {"Retry-After": asked(datetime.now(UTC) + timedelta(hours=1))}),
    ]
    assert post_to(http_server.url).retry_after == timedelta(minutes=5)
    assert post_to(http_server.url).retry_after == timedelta()
    assert post_to(http_server.url).retry_after == LONGEST_RETRY_AFTER
    by_own_clock = post_to(http_server.url).retry_after
    assert timedelta(minutes=59) < by_own_clock <= timedelta(hours=1)


def test_retry_after_of_a_refusal_is_not_heeded(http_server: HttpServer, post_to: PostTo) -> None:
    http_server.script = [Answer(404, {"Retry-After": "5"})]
    assert post_to(http_server.url).retry_after is None


def test_connection_refused_is_for_later(post_to: PostTo) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    receipt = post_to(f"http://127.0.0.1:{port}/{KEY}")
    assert (receipt.outcome, receipt.detail) == ("temporary", "connection refused")


def test_unknown_name_is_for_later(post_to: PostTo) -> None:
    receipt = post_to("https://nowhere.invalid/")
    assert (receipt.outcome, receipt.detail) == ("temporary", "the server's name was not found")


def test_name_service_that_hangs_is_left(post_to: PostTo, monkeypatch: pytest.MonkeyPatch) -> None:
    """R-004-29: the system's resolver keeps to its own time-outs, not to ours."""
    left, found = threading.Event(), threading.Event()

    def look_up(*_: object, **__: object) -> list[object]:
        left.wait()
        found.set()
        return []

    monkeypatch.setattr(socket, "getaddrinfo", look_up)
    receipt = post_to("https://example.org/", timeout="1s")
    assert (receipt.outcome, receipt.detail) == ("temporary", "no answer within 1s")
    left.set()
    assert found.wait(LIMIT)


def test_connection_lost_after_the_request_is_unknown(http_server: HttpServer, post_to: PostTo) -> None:
    """R-004-28: the server may have taken it. Only the answer would say."""
    http_server.script = ["drop"]
    receipt = post_to(http_server.url)
    assert receipt.outcome == "unknown"
    assert receipt.detail.endswith("after the message was sent")
    assert len(http_server.requests) == 1


def test_connection_lost_before_the_request_was_read_is_never_sent(http_server: HttpServer, post_to: PostTo) -> None:
    """From here it looks as if it had been read, when the system took all the bytes."""
    http_server.script = ["drop_unread"]
    assert post_to(http_server.url).outcome in ("temporary", "unknown")
    assert http_server.requests == []


def test_connection_lost_while_the_request_is_written_is_for_later(
    http_server: HttpServer, post_to: PostTo, make_channels: MakeChannels, message: Message
) -> None:
    http_server.script = ["drop_unread"]
    channel = make_channels(targets={"ops": {"channel": "webhook", "url": http_server.url}})["webhook"]
    # More than the buffers of both sides hold.
    assert channel.send(replace(message, target="ops", body="x" * 20_000_000)).outcome == "temporary"


@pytest.mark.parametrize("step", ["hang", "trickle"])
@pytest.mark.parametrize("server", ["http_server", "https_server"])
def test_server_that_does_not_end_is_left_at_the_time_out(
    request: pytest.FixtureRequest, tmp_path: Path, authority: Authority, message: Message, step: str, server: str
) -> None:
    """R-004-29: the time-out is for the whole delivery, however many bytes come."""
    slow: HttpServer = request.getfixturevalue(server)
    slow.script = [step]
    target = Target(channel="webhook", url=slow.url, timeout=timedelta(seconds=1))
    receipt = WebhookChannel(tmp_path, {"mayor": target}, tls=authority.client).send(message)
    assert (receipt.outcome, receipt.detail) == ("unknown", "no answer within 1s, after the message was sent")


def test_server_that_never_greets_in_tls_is_left_at_the_time_out(tmp_path: Path, message: Message) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        url = f"https://127.0.0.1:{listener.getsockname()[1]}"
        target = Target(channel="webhook", url=url, timeout=timedelta(seconds=1))
        receipt = WebhookChannel(tmp_path, {"mayor": target}).send(message)
    assert (receipt.outcome, receipt.detail) == ("temporary", "no answer within 1s")


def test_certificate_of_a_trusted_authority_is_taken(
    https_server: HttpServer, tmp_path: Path, authority: Authority, message: Message
) -> None:
    target = Target(channel="webhook", url=https_server.url)
    assert WebhookChannel(tmp_path, {"mayor": target}, tls=authority.client).send(message).outcome == "sent"
    contacts = Contacts(slack_webhook=https_server.url, sms_webhook=https_server.url)
    assert SlackChannel(tmp_path, contacts, tls=authority.client).send(message).outcome == "sent"
    assert SmsChannel(tmp_path, contacts, tls=authority.client).send(message).outcome == "sent"
    assert len(https_server.requests) == 3


def test_certificate_that_is_not_trusted_gets_nothing(https_server: HttpServer, post_to: PostTo) -> None:
    receipt = post_to(https_server.url)
    assert receipt.outcome == "temporary"
    assert receipt.detail.startswith("the server's certificate is not trusted: unable to get local issuer")
    assert https_server.requests == []


def test_certificate_for_another_host_gets_nothing(
    https_server: HttpServer, tmp_path: Path, authority: Authority, message: Message
) -> None:
    def strict() -> ssl.SSLContext:
        return authority.client()

    # The certificate is for 127.0.0.1; the same server answers here.
    target = Target(channel="webhook", url=https_server.url.replace("127.0.0.1", "0.0.0.0"))
    receipt = WebhookChannel(tmp_path, {"mayor": target}, tls=strict).send(message)
    assert receipt.detail == "the server's certificate is not trusted: it is made for another host"
    assert https_server.requests == []
