"""Every channel under one contract: a receipt for everything, and nothing done twice that can be told apart."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path

import pytest

from prismfs.delivery import channels
from prismfs.kinds.mail import Mail
from prismfs.records.ids import derive_id
from prismfs.records.message import Message

AT = datetime(2026, 3, 1, 10, 0, tzinfo=UTC)


def message(channel: str, *, cause: str = "a", subject: str = "[HIGH] disk almost full") -> Message:
    return Message(
        id=derive_id("out", AT, cause=cause),
        channel=channel,
        target="mayor",
        subject=subject,
        body="Answer: prismfs escalate ack",
        about=derive_id("bea", AT, cause="b"),
        priority="high",
        created_at=AT,
    )


@pytest.fixture(params=sorted(channels(Path())))
def name(request: pytest.FixtureRequest) -> str:
    made: str = request.param
    return made


def contents(root: Path) -> dict[str, bytes]:
    return {str(path.relative_to(root)): path.read_bytes() for path in root.rglob("*") if path.is_file()}


def test_send_message_is_sent(tmp_path: Path, name: str) -> None:
    assert channels(tmp_path)[name].send(message(name)).outcome == "sent"


def test_send_again_leaves_what_stood_there(tmp_path: Path, name: str) -> None:
    """R-004-28: at least once means that a message may be sent again after a crash; it must not show twice."""
    first = channels(tmp_path)[name].send(message(name))
    before = contents(tmp_path)
    again = channels(tmp_path)[name].send(message(name))
    assert again == first
    assert contents(tmp_path) == before


def test_send_two_messages_both_are_there(tmp_path: Path, name: str) -> None:
    channel = channels(tmp_path)[name]
    first, second = channel.send(message(name, cause="1")), channel.send(message(name, cause="2"))
    assert first.document is None or first.document != second.document
    if first.document is None:
        told = b"".join((*contents(tmp_path).values(), *(path.encode() for path in contents(tmp_path))))
        assert derive_id("out", AT, cause="1").encode() in told
        assert derive_id("out", AT, cause="2").encode() in told


def test_send_place_that_cannot_be_written_is_for_later(tmp_path: Path, name: str) -> None:
    (tmp_path / "run").write_text("a file where a folder belongs")
    receipt = channels(tmp_path)[name].send(message(name))
    assert receipt.outcome == ("sent" if name == "mail" else "temporary")
    assert (receipt.document is not None) == (name == "mail")


def test_send_by_mail_hands_over_a_valid_record(tmp_path: Path) -> None:
    receipt = channels(tmp_path)["mail"].send(message("mail"))
    assert receipt.document is not None
    mail = Mail.from_document(receipt.document)
    assert (mail.to, mail.type, mail.priority, mail.status) == ("mayor", "escalation", "high", "unread")


def test_send_to_the_log_is_one_line_whatever_the_subject(tmp_path: Path) -> None:
    """R-004-29: text from agents stays on its line and steers no terminal."""
    channels(tmp_path)["log"].send(message("log", subject="two\nlines \x1b[31m"))
    (line,) = (tmp_path / "run" / "escalation.log").read_text().splitlines()
    assert line.endswith(r"two\nlines \x1b[31m")


def test_send_to_the_log_a_link_is_not_followed(tmp_path: Path) -> None:
    (tmp_path / "run").mkdir()
    (tmp_path / "elsewhere").write_text("")
    (tmp_path / "run" / "escalation.log").symlink_to(tmp_path / "elsewhere")
    assert channels(tmp_path)["log"].send(message("log")).outcome == "temporary"
    assert (tmp_path / "elsewhere").read_text() == ""


def test_send_to_a_file_is_json(tmp_path: Path) -> None:
    channels(tmp_path)["file"].send(message("file"))
    (path,) = (tmp_path / "run" / "outbox" / "mayor").iterdir()
    assert json.loads(path.read_text())["subject"] == "[HIGH] disk almost full"
