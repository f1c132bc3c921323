"""Writes the table of channels, `prismfs/kinds/core/channels.py`, to standard output: `python -m prismfs.delivery`."""

import json
from dataclasses import fields
from importlib import import_module
from pkgutil import iter_modules

import prismfs.delivery
from prismfs.delivery import ChannelType
from prismfs.records.message import ChannelForm

_HEAD = '''"""What each channel declares of itself, by its word. Written by `make channels`: do not edit.

The declarations are the `CHANNEL` of each module of `prismfs.delivery`. They are repeated here as the rules and the
settings need them and may not import what delivers.
"""

from prismfs.records.message import ChannelForm

_FORMS = (
'''
_TAIL = """)

CHANNELS: dict[str, ChannelForm] = {form.word: form for form in _FORMS}
"""
_WIDTH = 121
"""Characters of a line with its end, as ruff formats the house."""


def channel_table() -> str:
    """Return the source of the table: every module of `prismfs.delivery` that declares a channel, by name."""
    modules = (import_module(f"prismfs.delivery.{found.name}") for found in iter_modules(prismfs.delivery.__path__))
    declared: list[ChannelType] = [module.CHANNEL for module in modules if hasattr(module, "CHANNEL")]
    return _HEAD + "".join(_row(channel.form) for channel in declared) + _TAIL


def _row(form: ChannelForm) -> str:
    given = ((each.name, getattr(form, each.name)) for each in fields(form) if getattr(form, each.name) != each.default)
    said = [f"{name}={_literal(value)}" for name, value in given]
    row = f"    ChannelForm({', '.join(said)}),\n"
    if len(row) > _WIDTH:
        row = "    ChannelForm(\n" + "".join(f"        {each},\n" for each in said) + "    ),\n"
    return row


def _literal(value: str | tuple[str, ...]) -> str:
    if isinstance(value, str):
        return json.dumps(value)
    inside = ", ".join(map(json.dumps, value))
    return f"({inside},)" if len(value) == 1 else f"({inside})"


if __name__ == "__main__":
    print(channel_table(), end="")
