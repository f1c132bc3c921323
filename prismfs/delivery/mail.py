"""The mailbox of a persona in the same project: the message becomes a mail record with the receipt."""

from typing import ClassVar

from prismfs.delivery import ChannelType
from prismfs.records.api import IDENTITY_TARGET, ChannelForm, Message, Receipt, derive_id, format_instant


class MailChannel:
    """Hands over a mail record; its id follows from the delivery's, so that it exists once."""

    local: ClassVar[bool] = True

    def send(self, message: Message) -> Receipt:
        """Return the mail as a document to be committed with the receipt."""
        return Receipt(
            outcome="sent",
            document={
                "kind": "mail",
                "version": 1,
                "id": derive_id("mai", message.created_at, cause=message.id),
                "from": "prismfs",
                "sender_known": "engine",
                "to": message.target,
                "type": "escalation",
                "priority": message.priority,
                "subject": message.subject,
                "body": message.body,
                "about": message.about,
                "created_at": format_instant(message.created_at),
                "status": "unread",
            },
        )


CHANNEL = ChannelType(
    form=ChannelForm(word="mail", reaches="persona", target=IDENTITY_TARGET, shown="<identity>"),
    make=lambda _: MailChannel(),
)
