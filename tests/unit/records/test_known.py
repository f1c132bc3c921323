"""How a sender is known: derived from the way that the event came, never from what it says, never better than that."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from prismfs.cli.sender import sender_text, with_sender
from prismfs.records.api import Event, OwnerProof, SignatureProof

OWNER = OwnerProof(how="owner", login="jade")
CLARA = {"kind": "mail", "from": "Clara"}
SIGNED = SignatureProof(how="signed", key="k", sha512="0", signature="s")


@pytest.mark.parametrize(
    ("type", "proof", "name", "known"),
    [
        ("drop", None, "jade", "claimed"),
        ("drop", None, "JADE", "claimed"),
        ("drop", OWNER, "jade", "owner"),
        ("drop", SIGNED, "jade", "signed"),
        ("drop", SIGNED, "onyx", "unknown"),
        ("command", None, "jade", "local"),
        ("command", None, "onyx", "unknown"),
        ("bridge", None, "jade", "bridge"),
        ("bridge", None, "prismfs", "bridge"),
        ("due", None, "onyx", "unknown"),
    ],
)
def test_known_is_derived_from_the_event(
    type: str, proof: OwnerProof | SignatureProof | None, name: str, known: str
) -> None:
    said = {"kind": "mail", "cause": "c", "at": datetime(2026, 3, 1, tzinfo=UTC), "actor": "jade"}
    said |= {"document": {"document": {"sender_known": "signed", "proof": "signed"}}}
    event = Event.model_validate(said | {"type": type, "proof": proof})
    assert event.known(name) == known


@pytest.mark.parametrize(
    ("document", "shown"),
    [
        ({"kind": "mail", "from": "Clara", "sender_known": "claimed"}, "Clara@PID-CUST01 (claimed)"),
        (
            {"kind": "mail", "from": "Clara", "from_pid": "PID-HOME01", "sender_known": "bridge"},
            "Clara@PID-HOME01 (bridge)",
        ),
        ({"kind": "signal", "from": "jade"}, "jade@PID-CUST01 (unknown)"),
        ({"kind": "bead", "reporter": "jade", "sender_known": "owner"}, "jade@PID-CUST01 (owner)"),
        ({"kind": "bead", "type": "task"}, ""),
        ({"kind": "incident", "reporter": "jade"}, ""),
    ],
)
def test_known_sender_is_shown_with_project_and_word(document: dict[str, Any], shown: str) -> None:
    assert sender_text(with_sender(document, "PID-CUST01")) == shown
