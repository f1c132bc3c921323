"""Actions of a route: `bead`, which is the record itself, or a channel's word and target (R-004-06)."""

import re
from difflib import get_close_matches

from prismfs.kinds.core.channels import CHANNELS
from prismfs.records.message import NAME_TARGET, ChannelForm

BEAD = "bead"
"""The action that sends no notice: the record of the escalation is all."""

ROUTABLE = {word: form for word, form in CHANNELS.items() if form.reaches != "engine"}
"""The channels of prismfs that a route may name, by their word."""


def form_of_channel(word: str) -> ChannelForm:
    """Return the form of a channel; one that is none of `ROUTABLE` reaches a target of the routing settings."""
    return ROUTABLE.get(word) or ChannelForm(word=word, reaches="target", target=NAME_TARGET, shown="<name>")


def check_action(text: str) -> str:
    """Return `text` if it is an action, of a channel of prismfs or in the form of another package's.

    Raises:
        ValueError: it is none, naming those that there are and the nearest.
    """
    word = text.partition(":")[0]
    known = re.fullmatch(NAME_TARGET, word) and form_of_channel(word).takes(text)
    if not known and text != BEAD:
        forms = ", ".join((BEAD, *(form.action for form in ROUTABLE.values())))
        raise ValueError(f"an action is {forms}, or <channel>:<name> of another package{nearest_to(word)}")
    return text


def nearest_to(word: str) -> str:
    """Return a remark that names the channel whose word is nearest to `word`; empty where none is near."""
    found = get_close_matches(word, ROUTABLE, n=1)
    return f"; did you mean {ROUTABLE[found[0]].action}?" if found else ""
