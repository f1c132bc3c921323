from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from prismfs.delivery import Channel, channels
from prismfs.kinds.escalation.settings.escalation_policy import Contacts, EscalationPolicy
from prismfs.kinds.escalation.settings.routing import Route, Routing, Target
from prismfs.records.api import Message, Receipt, derive_id
from tests.support.channels import MakeChannels, PostTo

AT = datetime(2026, 3, 1, 10, 0, tzinfo=UTC)


@pytest.fixture
def message() -> Message:
    return Message(
        id=derive_id("out", AT, cause="a"),
        channel="",
        target="mayor",
        subject="[HIGH] disk almost full",
        body="Answer: prismfs escalate ack\n",
        about=derive_id("bea", AT, cause="b"),
        priority="high",
        created_at=AT,
    )


@pytest.fixture
def make_channels(tmp_path: Path) -> MakeChannels:
    """Give the channels of a project at `tmp_path` with these contacts and targets."""

    def make(
        contacts: Mapping[str, str] | None = None, targets: Mapping[str, Mapping[str, Any]] | None = None
    ) -> Mapping[str, Channel]:
        routing = Routing(
            tiers=("mayor",),
            route=Route(name="all"),
            targets={name: Target.model_validate(target) for name, target in (targets or {}).items()},
        )
        return channels(tmp_path, EscalationPolicy(contacts=Contacts(**(contacts or {}))), routing)

    return make


@pytest.fixture
def post_to(make_channels: MakeChannels, message: Message) -> PostTo:
    """Give a sender of the message by `webhook:ops` to a URL, with more settings of the target."""

    def post(url: str, **more: Any) -> Receipt:
        target = {"channel": "webhook", "url": url, "timeout": "5s"} | more
        return make_channels(targets={"ops": target})["webhook"].send(replace(message, target="ops"))

    return post
