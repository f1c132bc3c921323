"""The other end of a connection: this machine or another, how its certificate is verified, why it failed."""

import ipaddress
import socket
import ssl
from collections.abc import Callable

from prismfs.delivery.receipts import one_line

Tls = Callable[[], ssl.SSLContext]
"""Makes the context that certificates are verified with; `ssl.create_default_context` takes the system's."""


# Verification errors whose text names the host, which may be part of a secret URL.
_OTHER_HOST = {62, 64}


def is_loopback(host: str) -> bool:
    """Tell whether `host` is this machine, by its name or address alone."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False


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
