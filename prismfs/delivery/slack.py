"""Slack: one POST to an incoming webhook (R-004-29)."""

from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

from prismfs.delivery import ChannelType
from prismfs.delivery.network.post import SYSTEM_TLS, TIMEOUT, Tls, post
from prismfs.delivery.secrets import not_configured, resolve
from prismfs.errors import ConfigError
from prismfs.kinds.escalation.settings.escalation_policy import Contacts
from prismfs.records.api import ChannelForm, Message, Receipt


@dataclass(frozen=True, slots=True)
class SlackChannel:
    """Sends {text} to `contacts.slack_webhook`. Text from agents can mention no one and hide no link."""

    local: ClassVar[bool] = False

    root: Path
    contacts: Contacts
    tls: Tls = SYSTEM_TLS

    def send(self, message: Message) -> Receipt:
        """Post subject and body."""
        try:
            url = resolve(self.contacts.slack_webhook, field="contacts.slack_webhook", root=self.root)
        except ConfigError as error:
            return not_configured(error)
        # The three characters that Slack gives a meaning to, such as in <!channel>.
        text = f"{message.subject}\n{message.body}".replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
        return post(
            url, {"text": text}, setting="contacts.slack_webhook", key=message.id, timeout=TIMEOUT, tls=self.tls
        )


CHANNEL = ChannelType(
    form=ChannelForm(word="slack", reaches="contact", contacts=("slack_webhook",), place="webhook"),
    make=lambda site: SlackChannel(site.root, site.contacts),
)
