"""A webhook of the operator's own: one POST of the whole message (R-004-29)."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

from prismfs.delivery import ChannelType
from prismfs.delivery.network.post import SYSTEM_TLS, Tls, post
from prismfs.delivery.secrets import find_target, not_configured, resolve_target
from prismfs.errors import ConfigError
from prismfs.kinds.escalation.settings.routing import Target
from prismfs.records.api import NAME_TARGET, ChannelForm, Message, Receipt

_HEADER = re.compile(r"[a-z0-9][a-z0-9_-]*")
_VALUE = re.compile(r"[!-~](?:[\t -~]*[!-~])?")
_OWN_HEADERS = frozenset(
    "connection content-length content-type host idempotency-key te trailer transfer-encoding upgrade".split()
)


@dataclass(frozen=True, slots=True)
class WebhookChannel:
    """Sends the whole message to the target's URL; the target's `options` are further headers."""

    local: ClassVar[bool] = False

    root: Path
    targets: Mapping[str, Target]
    tls: Tls = SYSTEM_TLS

    def send(self, message: Message) -> Receipt:
        """Post id, about, subject, body, priority and created_at."""
        where = f"targets.{message.target}"
        try:
            target = find_target(self.targets, message.target, channel="webhook")
            target = resolve_target(target, name=message.target, root=self.root)
            if not target.url:
                raise ConfigError("missing_setting", "is empty", field=f"{where}.url")
            _check_headers(target.options, where)
        except ConfigError as error:
            return not_configured(error)
        return post(
            target.url,
            message.payload(),
            setting=f"{where}.url",
            key=message.id,
            timeout=target.timeout,
            headers=target.options,
            tls=self.tls,
        )


def _check_headers(options: Mapping[str, str], where: str) -> None:
    for name, value in options.items():
        field = f"{where}.options.{name}"
        if not _HEADER.fullmatch(name) or name in _OWN_HEADERS:
            raise ConfigError("bad_setting", "is no header that may be set", field=field)
        if not _VALUE.fullmatch(value):
            raise ConfigError("bad_setting", "must be one line of plain characters", field=field)


CHANNEL = ChannelType(
    form=ChannelForm(word="webhook", reaches="target", target=NAME_TARGET, shown="<name>"),
    make=lambda site: WebhookChannel(site.root, site.targets),
)
