"""Who is at the other end of a connection: this machine or another, and how its certificate is verified."""

from __future__ import annotations

import ipaddress
import ssl
from collections.abc import Callable

Tls = Callable[[], ssl.SSLContext]
"""Makes the context that certificates are verified with; `ssl.create_default_context` takes the system's."""


def is_loopback(host: str) -> bool:
    """Tell whether `host` is this machine, by its name or address alone."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False
