"""Channels that are one POST each: text messages, Slack, and webhooks of the operator's own (R-004-29)."""

from __future__ import annotations

import re
import ssl
from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path
from typing import ClassVar

from prismfs.delivery.detail import not_configured
from prismfs.delivery.payload import payload
from prismfs.delivery.peer import Tls
from prismfs.delivery.post import post
from prismfs.delivery.secrets import find_target, resolve, resolve_target
from prismfs.errors import ConfigError
from prismfs.kinds.escalation.settings.escalation_policy import Contacts
from prismfs.kinds.escalation.settings.routing import Target
from prismfs.records.message import Message, Receipt

_TIMEOUT = timedelta(seconds=10)

_HEADER = re.compile(r"[a-z0-9][a-z0-9_-]*")
_VALUE = re.compile(r"[!-~](?:[\t -~]*[!-~])?")
_OWN_HEADERS = frozenset(
    "connection content-length content-type host idempotency-key te trailer transfer-encoding upgrade".split()
)


class _ContactChannel:
    """What the channels have in common whose address is a contact."""

    local: ClassVar[bool] = False

    def __init__(
        self, root: Path, contacts: Contacts, *, timeout: timedelta = _TIMEOUT, tls: Tls = ssl.create_default_context
    ) -> None:
        self._root = root
        self._contacts = contacts
        self._timeout = timeout
        self._tls = tls


class SmsChannel(_ContactChannel):
    """Sends {to, body} to `contacts.sms_webhook`. The body is the subject and the id: text messages are short."""

    def send(self, message: Message) -> Receipt:
        """Post the text for the number in the message's target."""
        try:
            url = resolve(self._contacts.sms_webhook, field="contacts.sms_webhook", root=self._root)
            number = resolve(message.target, field="contacts.human_sms", root=self._root)
        except ConfigError as error:
            return not_configured(error)
        if not number.isprintable():
            return Receipt(outcome="permanent", detail="the number holds a control character")
        return post(
            url,
            {"to": number, "body": f"{message.subject}\n{message.about}"},
            setting="contacts.sms_webhook",
            key=message.id,
            timeout=self._timeout,
            tls=self._tls,
        )


class SlackChannel(_ContactChannel):
    """Sends {text} to `contacts.slack_webhook`. What agents wrote calls nobody and hides no link."""

    def send(self, message: Message) -> Receipt:
        """Post subject and body."""
        try:
            url = resolve(self._contacts.slack_webhook, field="contacts.slack_webhook", root=self._root)
        except ConfigError as error:
            return not_configured(error)
        # The three characters that Slack gives a meaning to, such as in <!channel>.
        text = f"{message.subject}\n{message.body}".replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
        return post(
            url,
            {"text": text},
            setting="contacts.slack_webhook",
            key=message.id,
            timeout=self._timeout,
            tls=self._tls,
        )


class WebhookChannel:
    """Sends the whole message to the target's URL; the target's `options` are further headers."""

    local: ClassVar[bool] = False

    def __init__(self, root: Path, targets: Mapping[str, Target], *, tls: Tls = ssl.create_default_context) -> None:
        self._root = root
        self._targets = targets
        self._tls = tls

    def send(self, message: Message) -> Receipt:
        """Post id, about, subject, body, priority and created_at."""
        where = f"targets.{message.target}"
        try:
            target = find_target(self._targets, message.target, channel="webhook")
            target = resolve_target(target, name=message.target, root=self._root)
            if not target.url:
                raise ConfigError("missing_setting", "is empty", field=f"{where}.url")
            _check_headers(target.options, where)
        except ConfigError as error:
            return not_configured(error)
        return post(
            target.url,
            payload(message),
            setting=f"{where}.url",
            key=message.id,
            timeout=target.timeout,
            headers=target.options,
            tls=self._tls,
        )


def _check_headers(options: Mapping[str, str], where: str) -> None:
    for name, value in options.items():
        field = f"{where}.options.{name}"
        if not _HEADER.fullmatch(name) or name in _OWN_HEADERS:
            raise ConfigError("bad_setting", "is no header that may be set", field=field)
        if not _VALUE.fullmatch(value):
            raise ConfigError("bad_setting", "must be one line of plain characters", field=field)
