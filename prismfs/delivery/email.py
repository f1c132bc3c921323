"""Electronic mail by SMTP (R-004-29)."""

import re
import ssl
from datetime import timedelta
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime
from pathlib import Path
from typing import ClassVar

from prismfs.delivery import ChannelType
from prismfs.delivery.network.peer import Tls
from prismfs.delivery.network.smtp import Server, hand_over
from prismfs.delivery.receipts import not_configured
from prismfs.delivery.secrets import resolve
from prismfs.errors import ConfigError
from prismfs.kinds.escalation.settings.escalation_policy import Contacts
from prismfs.records.api import ChannelForm, Message, Receipt

_TIMEOUT = timedelta(seconds=30)

_CONTROL = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]")
"""What could end a header line, for some reader of it."""

_LABEL = r"[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?"
# The part before the @ as RFC 5322 allows it without quotes, in the length that RFC 5321 allows.
_ADDRESS = re.compile(
    r"(?=.{1,254}\Z)(?=[^@]{1,64}@)"
    rf"[A-Za-z0-9!#$%&'*+/=?^_`{{|}}~-]+(?:\.[A-Za-z0-9!#$%&'*+/=?^_`{{|}}~-]+)*@{_LABEL}(?:\.{_LABEL})*"
)
_NAMED = re.compile(r"([^<>]*?) *<([^<>]*)>")


class EmailChannel:
    """Sends to the address in the message's target through the server in `contacts`."""

    local: ClassVar[bool] = False

    def __init__(
        self,
        root: Path,
        contacts: Contacts,
        *,
        timeout: timedelta = _TIMEOUT,
        tls: Tls = ssl.create_default_context,
        tls_port: int = 465,
    ) -> None:
        self._root = root
        self._contacts = contacts
        self._timeout = timeout
        self._tls = tls
        self._tls_port = tls_port

    def send(self, message: Message) -> Receipt:
        """Send the mail. A header that would not stay one line is refused for good, and nothing is sent."""
        try:
            server = self._server()
            sender = self._setting("smtp_from")
            recipient = resolve(message.target, field="contacts.human_email", root=self._root)
        except ConfigError as error:
            return not_configured(error)
        try:
            from_address, to_address = _address(sender, "contacts.smtp_from"), _address(recipient, "the address")
            mail = compose(message, sender=from_address, recipient=to_address)
        except ValueError as error:
            return Receipt(outcome="permanent", detail=str(error))
        return hand_over(
            server,
            mail.as_bytes(policy=SMTP),
            sender=from_address.addr_spec,
            recipient=to_address.addr_spec,
            timeout=self._timeout,
            tls=self._tls,
        )

    def _server(self) -> Server:
        host, port = self._setting("smtp_host"), self._setting("smtp_port")
        if not (port.isascii() and port.isdigit() and 0 < int(port[:6]) < 65536):
            raise ConfigError("bad_setting", "is no port from 1 to 65535", field="contacts.smtp_port")
        if _CONTROL.search(host) or " " in host:
            raise ConfigError("bad_setting", "is no name of a host", field="contacts.smtp_host")
        has_user = bool(self._contacts.smtp_user)
        return Server(
            host=host,
            port=int(port),
            user=self._setting("smtp_user") if has_user else "",
            password=self._setting("smtp_pass") if has_user else "",
            tls_port=self._tls_port,
        )

    def _setting(self, name: str) -> str:
        return resolve(getattr(self._contacts, name), field=f"contacts.{name}", root=self._root)


def compose(message: Message, *, sender: Address, recipient: Address) -> EmailMessage:
    """Return the mail. Its Message-ID follows from the delivery's id, so that a repeat can be told.

    Raises:
        ValueError: a header would hold a control character; the message says which, without its value.
    """
    for name, text in (("subject", message.subject), ("id", message.id), ("about", message.about)):
        if _CONTROL.search(text):
            raise ValueError(f"the {name} holds a control character")
    mail = EmailMessage(policy=SMTP)
    mail["From"] = sender
    mail["To"] = recipient
    mail["Subject"] = message.subject
    mail["Date"] = format_datetime(message.created_at)
    mail["Message-ID"] = f"<{message.id}@prismfs>"
    mail["Auto-Submitted"] = "auto-generated"  # RFC 3834: no holiday notices in answer
    mail["X-Prismfs-About"] = message.about
    # Quoted-printable: no line is too long and no byte is one that a server on the way might change.
    mail.set_content(message.body.encode(errors="replace").decode(), cte="quoted-printable")
    return mail


def _address(text: str, what: str) -> Address:
    """Return the address in `text`, with or without a name: `desk@example.org`, `The desk <desk@example.org>`.

    Raises:
        ValueError: it is none, or holds a control character.
    """
    if _CONTROL.search(text):
        raise ValueError(f"{what} holds a control character")
    named = _NAMED.fullmatch(text)
    name, address = named.groups() if named else ("", text)
    if not _ADDRESS.fullmatch(address):
        raise ValueError(f"{what} is no mail address")
    return Address(display_name=name.strip('"'), addr_spec=address)


CHANNEL = ChannelType(
    form=ChannelForm(
        word="email",
        reaches="contact",
        target="human",
        shown="human",
        contacts=("human_email", "smtp_host"),
        address="human_email",
    ),
    make=lambda site: EmailChannel(site.root, site.contacts),
)
