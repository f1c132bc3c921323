"""Channels that other packages add, by an entry point in the group `prismfs.channels` (R-004-06)."""

from collections.abc import Mapping
from dataclasses import replace
from importlib.metadata import EntryPoint, entry_points
from pathlib import Path
from typing import ClassVar

from prismfs.delivery.secrets import find_target, not_configured, one_line, resolve_target
from prismfs.errors import ConfigError
from prismfs.kinds.escalation.settings.routing import Target
from prismfs.records.api import LONGEST_RETRY_AFTER, Message, Receipt

GROUP = "prismfs.channels"


def is_installed(word: str) -> bool:
    """Tell whether an installed package provides the channel `word`."""
    return bool(entry_points(group=GROUP, name=word))


class PluginChannel:
    """Hands a message to the channel that an entry point's factory makes of the target.

    The factory is called as `factory(target)`, with the URL and the options looked up, for each message. What
    it or its channel raises is a failure of that delivery only.

    Raises on being made:
        KeyError: no installed package provides `word`.
    """

    local: ClassVar[bool] = False

    def __init__(self, word: str, root: Path, targets: Mapping[str, Target]) -> None:
        found = tuple(entry_points(group=GROUP, name=word))
        if not found:
            raise KeyError(word)
        self._word = word
        self._root = root
        self._targets = targets
        self._found: tuple[EntryPoint, ...] = found

    def send(self, message: Message) -> Receipt:
        """Send by the other package's channel; its receipt is checked and its detail freed of secrets."""
        try:
            target = find_target(self._targets, message.target, channel=self._word)
            target = resolve_target(target, name=message.target, root=self._root)
            if len(self._found) > 1:
                several = f"{len(self._found)} packages provide the channel {self._word}"
                raise ConfigError("ambiguous", several, hint="uninstall all but one")
        except ConfigError as error:
            return not_configured(error)
        try:
            receipt = self._found[0].load()(target).send(message)
        except Exception as error:
            return Receipt(outcome="temporary", detail=f"the channel {self._word} failed: {type(error).__name__}")
        if not isinstance(receipt, Receipt):
            return Receipt(outcome="permanent", detail=f"the channel {self._word} gave no receipt")
        wait = receipt.retry_after
        return replace(
            receipt,
            detail=one_line(receipt.detail, without=(target.url, *target.options.values())),
            document=None,
            retry_after=None if wait is None else min(wait, LONGEST_RETRY_AFTER),
        )
