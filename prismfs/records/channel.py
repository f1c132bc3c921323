"""What a channel declares of itself: the word that an action begins with, what may follow it, and what it needs."""

import re
from dataclasses import dataclass
from typing import Literal

NAME_TARGET = r"[a-z][a-z0-9_-]{0,63}"
"""The pattern of a target's name in `settings/routing.yaml`, and of a channel's word."""

IDENTITY_TARGET = r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}"


@dataclass(frozen=True, slots=True)
class ChannelForm:
    """The form of a channel's actions, `word` or `word:target`, and the settings without which none is delivered.

    `reaches` says what the target is: a `persona` of the roster, a person by a `contact`, a `target` that
    `settings/routing.yaml` describes, a `place` on this machine; no route names what only the `engine` uses.
    `target` is the pattern of the part after the colon, None where there is none, and `shown` how people write it.
    `contacts` of `settings/escalation.json` must be filled in; `address` is the one that a message goes to. Without an
    address and a target it goes to `place`.
    """

    word: str
    reaches: Literal["persona", "contact", "target", "place", "engine"]
    target: str | None = None
    shown: str = ""
    contacts: tuple[str, ...] = ()
    address: str | None = None
    place: str = "escalation"

    @property
    def action(self) -> str:
        """The channel's action as people write it, such as `mail:<identity>`."""
        return self.word if self.target is None else f"{self.word}:{self.shown}"

    def takes(self, action: str) -> bool:
        """Tell whether `action` is one of this channel, as it may stand in a route."""
        pattern = self.word if self.target is None else f"{self.word}:(?:{self.target})"
        return re.fullmatch(pattern, action) is not None
