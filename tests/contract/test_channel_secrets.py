"""Where secrets come from, and that no receipt tells one (R-004-04)."""

from __future__ import annotations

import os
import socket
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from prismfs.delivery.secrets import resolve
from prismfs.errors import ConfigError
from prismfs.records.api import Message
from tests.support.channels import MakeChannels
from tests.support.servers import Answer, HttpServer, SmtpServer

SECRET = "s3cr3t/T0K3N"


@pytest.fixture
def outside(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("outside")


def test_resolve_takes_plain_variables_and_files(
    tmp_path: Path, outside: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """R-004-04."""
    monkeypatch.setenv("HOOK", SECRET)
    (outside / "hook").write_text(f"{SECRET}\n")
    (outside / "two").write_text("a\nb\r\n")
    assert resolve("plain", field="f", root=tmp_path) == "plain"
    assert resolve("env:HOOK", field="f", root=tmp_path) == SECRET
    assert resolve(f"file:{outside}/hook", field="f", root=tmp_path) == SECRET
    assert resolve(f"file:{outside}/two", field="f", root=tmp_path) == "a\nb"
    monkeypatch.setenv("HOOK", "changed")
    assert resolve("env:HOOK", field="f", root=tmp_path) == "changed", "it is looked up each time"


def refusal(text: str, root: Path) -> str:
    with pytest.raises(ConfigError) as caught:
        resolve(text, field="contacts.x", root=root)
    return str(caught.value)


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("", "is empty"),
        ("env:NOT_SET_HERE", "the environment variable NOT_SET_HERE is not set"),
        ("env:EMPTY_HERE", "env:EMPTY_HERE is empty"),
        ("env:", "what follows env: is no name of a variable"),
        ("env:A B", "what follows env: is no name of a variable"),
        ("file:relative", "what follows file: must be an absolute path"),
        ("file:/not/there", "/not/there: No such file or directory"),
        ("file:/", "/: Is a directory"),
        ("file:/dev/null", "/dev/null is no regular file"),
    ],
)
def test_resolve_names_what_is_missing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, text: str, why: str) -> None:
    monkeypatch.setenv("EMPTY_HERE", "")
    assert refusal(text, tmp_path) == f"contacts.x: {why}"


def test_resolve_takes_no_file_of_the_project(tmp_path: Path, outside: Path) -> None:
    """R-004-04: what lies in the project is committed sooner or later, and agents write there."""
    project = tmp_path / "desk"
    project.mkdir()
    (project / "hook").write_text(SECRET)
    (outside / "link").symlink_to(project / "hook")
    (tmp_path / "door").symlink_to(project)
    for path in (project / "hook", outside / "link", tmp_path / "door" / "hook", project / ".." / "desk" / "hook"):
        assert "lies in the project" in refusal(f"file:{path}", project)
    (tmp_path / "desk-secrets").write_text(SECRET)
    assert resolve(f"file:{tmp_path}/desk-secrets", field="f", root=project) == SECRET


def test_resolve_does_not_wait_for_a_pipe(tmp_path: Path, outside: Path) -> None:
    os.mkfifo(outside / "pipe")
    assert "is no regular file" in refusal(f"file:{outside}/pipe", tmp_path)


def test_resolve_takes_text_of_some_length_only(tmp_path: Path, outside: Path) -> None:
    (outside / "large").write_bytes(b"x" * 65537)
    (outside / "bytes").write_bytes(b"\xff\xfe")
    assert "is larger than 65536 bytes" in refusal(f"file:{outside}/large", tmp_path)
    assert "is not UTF-8" in refusal(f"file:{outside}/bytes", tmp_path)


Hide = Callable[[str], str]


@pytest.fixture(params=["plain", "env", "file"])
def secret(request: pytest.FixtureRequest, outside: Path, monkeypatch: pytest.MonkeyPatch) -> Hide:
    """Give a way to hide a value: as it is, in a variable, in a file."""

    def hide(value: str) -> str:
        if request.param == "plain":
            return value
        if request.param == "env":
            monkeypatch.setenv("HIDDEN", value)
            return "env:HIDDEN"
        (outside / "hidden").write_text(value)
        return f"file:{outside}/hidden"

    return hide


@pytest.fixture
def refused_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port: int = listener.getsockname()[1]
    return port


ANSWERS: tuple[Answer | str, ...] = (
    Answer(),
    Answer(302, {"Location": f"https://example.org/{SECRET}"}),
    Answer(404, {}, f"no {SECRET} \x1b[31m here".encode()),
    Answer(429, {"Retry-After": SECRET}),
    Answer(500, {"X": "y"}, SECRET.encode()),
    Answer(777),
    "drop",
    "drop_unread",
)


@pytest.mark.parametrize("answer", ANSWERS, ids=lambda answer: getattr(answer, "status", answer))
@pytest.mark.parametrize("word", ["slack", "sms", "webhook"])
def test_detail_tells_no_url_whatever_the_server_says(
    http_server: HttpServer,
    make_channels: MakeChannels,
    message: Message,
    secret: Hide,
    word: str,
    answer: Answer | str,
) -> None:
    """R-004-04: nothing of the URL but what its setting is called, and nothing that the server chose."""
    http_server.script = [answer]
    url = secret(f"{http_server.url.replace('//', '//user:' + SECRET[:6] + '@')}/{SECRET}?key={SECRET}")
    channels = make_channels(
        {"slack_webhook": url, "sms_webhook": url},
        {"ops": {"channel": "webhook", "url": url, "options": {"authorization": f"Bearer {SECRET}"}}},
    )
    receipt = channels[word].send(replace(message, target="ops"))
    assert_tells_nothing(receipt.detail)
    assert http_server.connections == 1


@pytest.mark.parametrize("word", ["slack", "sms", "webhook"])
@pytest.mark.parametrize(
    "url",
    [
        f"http://example.org/{SECRET}",
        f"gopher://example.org/{SECRET}",
        f"https://[{SECRET}]/",
        f"https://{SECRET[:6]}.invalid/{SECRET}",
        SECRET,
        "https://127.0.0.1:PORT/" + SECRET,
    ],
)
def test_detail_of_a_wrong_url_tells_nothing_of_it(
    make_channels: MakeChannels, message: Message, secret: Hide, refused_port: int, word: str, url: str
) -> None:
    url = secret(url.replace("PORT", str(refused_port)))
    channels = make_channels({"slack_webhook": url, "sms_webhook": url}, {"ops": {"channel": "webhook", "url": url}})
    receipt = channels[word].send(replace(message, target="ops"))
    assert receipt.outcome in ("not_configured", "temporary")
    assert_tells_nothing(receipt.detail)


@pytest.mark.parametrize("verb", ["MAIL", "RCPT", "DATA"])
def test_detail_of_a_mail_is_one_line_without_the_recipients_secret(
    smtp_server: SmtpServer, make_channels: MakeChannels, message: Message, secret: Hide, verb: str
) -> None:
    contacts = {"smtp_host": secret("127.0.0.1"), "smtp_port": str(smtp_server.port), "smtp_from": "desk@example.org"}
    smtp_server.says[verb] = f"550-\x1b[31m one \x00\r\n550 two {'long ' * 99}"
    receipt = make_channels(contacts)["email"].send(replace(message, target="pat@example.org"))
    assert receipt.outcome == "permanent"
    assert receipt.detail.startswith({"MAIL": "MAIL FROM", "RCPT": "RCPT TO", "DATA": "the message"}[verb] + ": 550 ")
    assert " one two long long" in receipt.detail
    assert_tells_nothing(receipt.detail)


def assert_tells_nothing(detail: str) -> None:
    assert detail
    assert detail.isprintable()
    assert len(detail) <= 200
    for part in (*SECRET.split("/"), "user:", "key=", "HIDDEN="):
        assert part.casefold() not in detail.casefold()
    assert "://" not in detail
