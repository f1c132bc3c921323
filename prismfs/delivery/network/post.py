"""One POST of a JSON object over HTTP, within one time-out, and what its answer means (R-004-29)."""

import json
import logging
import time
from collections.abc import Mapping
from contextlib import closing
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from http import HTTPStatus
from typing import Any

import httpx

from prismfs import __version__
from prismfs.delivery.network.connection import SYSTEM_TLS, Deadline, Tls, describe, is_loopback
from prismfs.delivery.secrets import not_configured
from prismfs.errors import ConfigError
from prismfs.records.api import LONGEST_RETRY_AFTER, Document, Receipt

__all__ = ["SYSTEM_TLS", "TIMEOUT", "Tls", "post"]

_TEMPORARY = {408, 425, 429}
_ASKING_FOR_A_WAIT = {429, 503}

# It would write headers, which hold secrets, into any log there is.
logging.getLogger("httpcore").setLevel(logging.WARNING)

_log = logging.getLogger(__name__)

TIMEOUT = timedelta(seconds=10)
"""How long a POST may take where the settings do not say it."""


def post(
    url: str,
    document: Document,
    *,
    setting: str,
    key: str,
    timeout: timedelta,
    headers: Mapping[str, str] | None = None,
    tls: Tls = SYSTEM_TLS,
) -> Receipt:
    """Send `document` to `url` and return what the answer means; `setting` names the URL in messages.

    `key` goes with it as Idempotency-Key (draft-ietf-httpapi-idempotency-key-header), so that a server can
    tell a repeat. Redirects are not followed and proxies of the environment not used: a message goes where
    the settings say or nowhere. The answer's body is not read; it could repeat what was sent.
    """
    try:
        place = _checked(url, setting)
    except ConfigError as error:
        return not_configured(error)
    own = {
        "Content-Type": "application/json",
        "Idempotency-Key": key,
        "User-Agent": f"prismfs/{__version__}",
        "Connection": "close",
    }
    begin = time.monotonic()
    with Deadline(timeout) as deadline:
        exchange = _Exchange(deadline)
        receipt = exchange.run(place, json.dumps(document).encode(), {**(headers or {}), **own}, tls)
    # Not the address: its path and query are often the password.
    extra = {"id": key, "status": exchange.status, "outcome": receipt.outcome, "seconds": time.monotonic() - begin}
    _log.info("http exchange ended", extra=extra)
    return receipt


class _Exchange:
    """One request; it knows how far it came."""

    def __init__(self, deadline: Deadline) -> None:
        self._deadline = deadline
        self._written = False
        self.status: int | None = None

    def run(self, place: httpx.URL, content: bytes, headers: Mapping[str, str], tls: Tls) -> Receipt:
        try:
            addresses = self._deadline.lookup(place.host, place.port or (443 if place.scheme == "https" else 80))
            # Each address of the host is tried for this long.
            wait = httpx.Timeout(self._deadline.remaining(), connect=self._deadline.remaining() / addresses)
            request = httpx.Request(
                "POST",
                place,
                content=content,
                headers=headers,
                extensions={"timeout": wait.as_dict(), "trace": self._note},
            )
            if place.username:
                next(httpx.BasicAuth(place.username, place.password).auth_flow(request))
            # The transport itself, without the client above it: no redirects, cookies, proxies or logs.
            with (
                httpx.HTTPTransport(verify=tls(), trust_env=False) as transport,
                closing(transport.handle_request(request)) as response,
            ):
                self.status = response.status_code
                return _receipt(response)
        except (httpx.HTTPError, OSError) as error:
            limit = f"{self._deadline.timeout.total_seconds():g}s"
            why = f"no answer within {limit}" if self._deadline.passed else describe(error)
            if self._written:
                return Receipt(outcome="unknown", detail=f"{why}, after the message was sent")
            return Receipt(outcome="temporary", detail=why)

    def _note(self, event: str, info: dict[str, Any]) -> None:
        if event == "connection.connect_tcp.complete":
            self._deadline.watch(info["return_value"].get_extra_info("socket"))
        elif event == "http11.send_request_body.complete":
            self._written = True


def _checked(url: str, setting: str) -> httpx.URL:
    try:
        place = httpx.URL(url)
        if not 0 < (place.port or 1) < 65536:
            raise ValueError("no port")
    except (httpx.InvalidURL, ValueError):
        raise ConfigError("bad_setting", "is no URL", field=setting) from None
    if place.scheme not in ("http", "https") or not place.host:
        raise ConfigError("bad_setting", "is no https URL", field=setting)
    if place.scheme == "http" and not is_loopback(place.host):
        raise ConfigError("bad_setting", "must be https; http is for this machine only", field=setting)
    return place


def _receipt(response: httpx.Response) -> Receipt:
    status = response.status_code
    try:
        detail = f"HTTP {status} {HTTPStatus(status).phrase}"
    except ValueError:
        detail = f"HTTP {status}"
    if response.is_success:
        return Receipt(outcome="sent", detail=detail)
    if response.is_redirect or 300 <= status < 400:
        return Receipt(outcome="permanent", detail=f"{detail}; redirects are not followed")
    if status in _TEMPORARY or status >= 500:
        wait = _retry_after(response) if status in _ASKING_FOR_A_WAIT else None
        return Receipt(outcome="temporary", detail=detail, retry_after=wait)
    return Receipt(outcome="permanent", detail=detail)


def _retry_after(response: httpx.Response) -> timedelta | None:
    """Return the wait that the server asks for, in either form (RFC 9110, 10.2.3); None if it says none."""
    text = response.headers.get("Retry-After", "").strip()
    if text.isascii() and text.isdigit():
        wait = LONGEST_RETRY_AFTER if len(text) > 9 else timedelta(seconds=int(text))
    else:
        until = _date(text)
        if until is None:
            return None
        # By the server's own clock, where it tells it.
        wait = until - (_date(response.headers.get("Date", "")) or datetime.now(UTC))
    return min(max(wait, timedelta()), LONGEST_RETRY_AFTER)


def _date(text: str) -> datetime | None:
    try:
        at = parsedate_to_datetime(text)
    except (ValueError, TypeError, OverflowError, IndexError):
        return None
    return at.replace(tzinfo=UTC) if at.tzinfo is None else at
