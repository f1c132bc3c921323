"""The one line of a receipt that says why: printable, short, and without anything secret."""

from collections.abc import Iterable

from prismfs.errors import ConfigError
from prismfs.records.api import Receipt

_MOST = 200


def one_line(text: str, *, without: Iterable[str] = ()) -> str:
    """Return `text` as one printable line of at most 200 characters.

    A text in which one of the secrets `without` occurs is left out altogether: what is next to a secret
    may be another form of it.
    """
    if any(secret and secret.casefold() in text.casefold() for secret in without):
        return "(left out, it holds a secret)"
    line = " ".join("".join(letter if letter.isprintable() else " " for letter in text).split())
    return line if len(line) <= _MOST else line[: _MOST - 1] + "…"


def not_configured(error: ConfigError) -> Receipt:
    """Return the receipt of a message that lacks a setting; the error names it."""
    return Receipt(outcome="not_configured", detail=one_line(str(error)))
