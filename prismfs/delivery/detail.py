"""The one line of a receipt that says why: printable, short, and without anything secret."""

from __future__ import annotations

import socket
import ssl
from collections.abc import Iterable

from prismfs.errors import ConfigError
from prismfs.records.message import Receipt

_MOST = 200
# Verification errors whose text names the host, which may be part of a secret URL.
_OTHER_HOST = {62, 64}


def one_line(text: str, *, without: Iterable[str] = ()) -> str:
    """Return `text` as one printable line of at most 200 characters.

    A text in which one of the secrets `without` occurs is left out altogether: what stands beside a secret
    may be another form of it.
    """
    if any(secret and secret.casefold() in text.casefold() for secret in without):
        return "(left out, it holds a secret)"
    line = " ".join("".join(letter if letter.isprintable() else " " for letter in text).split())
    return line if len(line) <= _MOST else line[: _MOST - 1] + "…"


def not_configured(error: ConfigError) -> Receipt:
    """Return the receipt of a message that lacks a setting; the error names it."""
    return Receipt(outcome="not_configured", detail=one_line(str(error)))


def describe(error: BaseException) -> str:
    """Return why a connection failed, in words that name neither the host nor anything that was sent.

    Libraries wrap what the system said; the innermost error of the operating system or of TLS is told.
    """
    found: BaseException | None = error
    while found is not None and not _says_why(found):
        found = found.__cause__ or found.__context__
    match found:
        case ssl.SSLCertVerificationError():
            why = "it is made for another host" if found.verify_code in _OTHER_HOST else found.verify_message
            return one_line(f"the server's certificate is not trusted: {why}")
        case ssl.SSLError():
            return one_line(f"TLS failed: {(found.reason or 'unknown').lower().replace('_', ' ')}")
        case TimeoutError():
            return "no answer in time"
        case socket.gaierror():
            return "the server's name was not found"
        case OSError():
            return one_line((found.strerror or "").lower())
        case _:
            return "the connection was lost"


def _says_why(error: BaseException) -> bool:
    return isinstance(error, TimeoutError) or (isinstance(error, OSError) and bool(error.strerror))
