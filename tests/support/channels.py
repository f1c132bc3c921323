"""The shapes of what the contract tests ask for: the channels of a project, and a sender to one URL."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Protocol

from prismfs.delivery import Channel
from prismfs.records.api import Receipt


class MakeChannels(Protocol):
    """Gives the channels of a project with these contacts and targets."""

    def __call__(
        self, contacts: Mapping[str, str] | None = None, targets: Mapping[str, Mapping[str, Any]] | None = None
    ) -> Mapping[str, Channel]: ...


class PostTo(Protocol):
    """Sends the message by `webhook:ops` to a URL, with more settings of the target."""

    def __call__(self, url: str, **more: Any) -> Receipt: ...
