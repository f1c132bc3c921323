"""Text messages: one POST to the operator's gateway (R-004-29)."""

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
class SmsChannel:
    """Sends {to, body} to `contacts.sms_webhook`. The body is the subject and the id: text messages are short."""

    local: ClassVar[bool] = False

    root: Path
    contacts: Contacts
    tls: Tls = SYSTEM_TLS

    def send(self, message: Message) -> Receipt:
        """Post the text for the number in the message's target."""
        try:
            url = resolve(self.contacts.sms_webhook, field="contacts.sms_webhook", root=self.root)
            number = resolve(message.target, field="contacts.human_sms", root=self.root)
        except ConfigError as error:
            return not_configured(error)
        if not number.isprintable():
            return Receipt(outcome="permanent", detail="the number holds a control character")
        return post(
            url,
            {"to": number, "body": f"{message.subject}\n{message.about}"},
            setting="contacts.sms_webhook",
            key=message.id,
            timeout=TIMEOUT,
            tls=self.tls,
        )


CHANNEL = ChannelType(
    form=ChannelForm(
        word="sms",
        reaches="contact",
        target="human",
        shown="human",
        contacts=("human_sms", "sms_webhook"),
        address="human_sms",
    ),
    make=lambda site: SmsChannel(site.root, site.contacts),
)
