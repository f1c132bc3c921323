"""What each channel declares of itself, by its word. Written by `make channels`: do not edit.

The declarations are the `CHANNEL` of each module of `prismfs.delivery`. They are repeated here as the rules and the
settings need them and may not import what delivers.
"""

from prismfs.records.message import ChannelForm

_FORMS = (
    ChannelForm(word="apprise", reaches="target", target="[a-z][a-z0-9_-]{0,63}", shown="<name>"),
    ChannelForm(word="command", reaches="target", target="[a-z][a-z0-9_-]{0,63}", shown="<name>"),
    ChannelForm(
        word="email",
        reaches="contact",
        target="human",
        shown="human",
        contacts=("human_email", "smtp_host"),
        address="human_email",
    ),
    ChannelForm(word="file", reaches="place", target="[a-z0-9-]{1,32}", shown="<name>"),
    ChannelForm(word="job", reaches="engine"),
    ChannelForm(word="log", reaches="place"),
    ChannelForm(word="mail", reaches="persona", target="[A-Za-z0-9][A-Za-z0-9._-]{0,63}", shown="<identity>"),
    ChannelForm(word="nudge", reaches="persona", target="[A-Za-z0-9][A-Za-z0-9._-]{0,63}", shown="<identity>"),
    ChannelForm(word="slack", reaches="contact", contacts=("slack_webhook",), place="webhook"),
    ChannelForm(
        word="sms",
        reaches="contact",
        target="human",
        shown="human",
        contacts=("human_sms", "sms_webhook"),
        address="human_sms",
    ),
    ChannelForm(word="tracker", reaches="engine"),
    ChannelForm(word="webhook", reaches="target", target="[a-z][a-z0-9_-]{0,63}", shown="<name>"),
)

CHANNELS: dict[str, ChannelForm] = {form.word: form for form in _FORMS}
