"""What goes out over HTTP and where to: URLs, headers, proxies, and text that stays data."""

from __future__ import annotations

import json
from base64 import b64encode
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from prismfs.delivery.webhook import WebhookChannel
from prismfs.kinds.escalation.settings.routing import Target
from prismfs.records.api import Message
from tests.support.channels import MakeChannels, PostTo
from tests.support.servers import HttpServer

KEY = "T0KEN-in-the-path"


def test_user_and_password_of_the_url_are_sent_as_a_header(http_server: HttpServer, post_to: PostTo) -> None:
    assert post_to(http_server.url.replace("//", "//pat:right%20horse@")).outcome == "sent"
    (request,) = http_server.requests
    assert request.headers["authorization"] == "Basic " + b64encode(b"pat:right horse").decode()
    assert "horse" not in request.headers["host"]


def test_nothing_is_logged(http_server: HttpServer, post_to: PostTo, caplog: pytest.LogCaptureFixture) -> None:
    """R-004-04: whoever turns logging on must not find URLs and headers there."""
    with caplog.at_level("DEBUG"):
        post_to(f"{http_server.url}/{KEY}", options={"authorization": f"Bearer {KEY}"})
    assert KEY not in caplog.text


@pytest.fixture
def proxied(monkeypatch: pytest.MonkeyPatch) -> Iterator[HttpServer]:
    """Give a proxy that the environment names for everything."""
    proxy = HttpServer()
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"):
        monkeypatch.setenv(name, proxy.url)
        monkeypatch.setenv(name.lower(), proxy.url)
    monkeypatch.delenv("NO_PROXY", raising=False)
    monkeypatch.delenv("no_proxy", raising=False)
    yield proxy
    proxy.stop()


def test_proxies_of_the_environment_are_not_used(http_server: HttpServer, post_to: PostTo, proxied: HttpServer) -> None:
    assert post_to(http_server.url).outcome == "sent"
    assert proxied.connections == 0
    assert len(http_server.requests) == 1


@pytest.mark.parametrize(
    ("url", "why"),
    [
        ("http://example.org/hook", "must be https; http is for this machine only"),
        ("http://127.0.0.1.example.org/", "must be https; http is for this machine only"),
        ("http://0.0.0.0/", "must be https; http is for this machine only"),
        ("http://localhost@example.org/", "must be https; http is for this machine only"),
        ("ftp://example.org/", "is no https URL"),
        ("file:///etc/hostname", "is no https URL"),
        ("example.org/hook", "is no https URL"),
        ("https:///hook", "is no https URL"),
        ("https://exa\nmple.org", "is no URL"),
        ("https://example.org:port/", "is no URL"),
        ("https://example.org:99999/", "is no URL"),
        ("", "is empty"),
    ],
)
def test_url_that_is_not_https_is_not_asked(tmp_path: Path, message: Message, url: str, why: str) -> None:
    channel = WebhookChannel(tmp_path, {"mayor": Target(channel="webhook", url=url)})
    receipt = channel.send(message)
    if url.startswith("file:"):  # a reference to a secret, and that file holds no URL
        assert receipt.outcome == "not_configured"
    else:
        assert (receipt.outcome, receipt.detail) == ("not_configured", f"targets.mayor.url: {why}")


@pytest.mark.parametrize(
    "options",
    [{"host": "elsewhere"}, {"content-length": "1"}, {"idempotency-key": "mine"}, {"x-a": "b\r\nx-c: d"}, {"x-a": "ü"}],
)
def test_header_that_may_not_be_set_sends_nothing(
    http_server: HttpServer, post_to: PostTo, options: dict[str, str]
) -> None:
    receipt = post_to(http_server.url, options=options)
    assert receipt.outcome == "not_configured"
    assert f"targets.ops.options.{next(iter(options))}" in receipt.detail
    assert http_server.connections == 0


def test_number_with_a_line_break_sends_nothing(
    http_server: HttpServer, make_channels: MakeChannels, message: Message
) -> None:
    channel = make_channels({"sms_webhook": http_server.url})["sms"]
    assert channel.send(replace(message, target="+49\n30")).outcome == "permanent"
    assert http_server.connections == 0


def test_text_of_agents_stays_data(
    http_server: HttpServer, post_to: PostTo, message: Message, make_channels: MakeChannels
) -> None:
    nasty = '"}\r\n\r\nPOST /other HTTP/1.1 \x00 \ud800 ü €'
    channel = make_channels(targets={"ops": {"channel": "webhook", "url": http_server.url}})["webhook"]
    assert channel.send(replace(message, target="ops", body=nasty, subject=nasty)).outcome == "sent"
    (request,) = http_server.requests
    assert json.loads(request.body)["body"] == nasty
