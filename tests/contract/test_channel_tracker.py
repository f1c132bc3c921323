"""The channel `tracker`: the approved bytes go to the transport of the settings, and nothing else does."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from prismfs.delivery.tracker import TrackerChannel
from prismfs.kinds.care.settings.tracker import Tracker
from prismfs.records.api import Message, marker_of

KEY = "0123456789abcdef" * 4
BODY = f"It crashes.\n\n{marker_of(KEY)}\n"


@pytest.fixture
def told() -> Message:
    return Message(
        id="out-01kjmdeb80er8dfw0wemj7sy1g",
        channel="tracker",
        target="file",
        subject="the watcher crashes",
        body=BODY,
        about="pho-01kjmdeb80er8dfw0wemj7sy1g",
        priority="normal",
        created_at=datetime(2026, 3, 1, 10, tzinfo=UTC),
    )


def test_title_and_body_are_filed_byte_for_byte_once(tmp_path: Path, told: Message) -> None:
    channel = TrackerChannel(tmp_path, Tracker(transport="file"))
    first, again = channel.send(told), channel.send(told)
    assert (first.outcome, again.outcome) == ("sent", "sent")
    assert again.document is not None
    assert again.document["existed"] is True
    (path,) = (tmp_path / "run/tracker").iterdir()
    issue = json.loads(path.read_text())
    assert (issue["title"], issue["body"]) == (told.subject, BODY)


@pytest.mark.parametrize("body", ["the disk is full", f"{BODY}{marker_of('f' * 64)}"], ids=["none", "two"])
def test_body_without_exactly_one_marker_is_not_filed(tmp_path: Path, told: Message, body: str) -> None:
    receipt = TrackerChannel(tmp_path, Tracker(transport="file")).send(replace(told, body=body))
    assert receipt.outcome == "permanent"
    assert not (tmp_path / "run").exists()


def test_message_approved_for_another_place_is_not_filed(tmp_path: Path, told: Message) -> None:
    receipt = TrackerChannel(tmp_path, Tracker()).send(told)
    assert receipt.outcome == "permanent"
    assert receipt.document == {"code": "phone_home_issue_create_failed"}
    assert not (tmp_path / "run").exists()
