"""What each channel declares of itself, by its word. Written by `make channels`: do not edit.

The declarations are the `CHANNEL` of each module of `prismfs.delivery`. They are repeated here as the rules and the
settings need them and may not import what delivers.
"""

from prismfs.records.channel import ChannelForm

CHANNELS: dict[str, ChannelForm] = {
    "apprise": ChannelForm(
        word="apprise",
        reaches="target",
        target="[a-z][a-z0-9_-]{0,63}",
        shown="<name>",
    ),
    "command": ChannelForm(
        word="command",
        reaches="target",
        target="[a-z][a-z0-9_-]{0,63}",
        shown="<name>",
    ),
    "email": ChannelForm(
        word="email",
        reaches="contact",
        target="human",
        shown="human",
        contacts=("human_email", "smtp_host"),
        address="human_email",
    ),
    "file": ChannelForm(
        word="file",
        reaches="place",
        target="[a-z0-9-]{1,32}",
        shown="<name>",
    ),
    "job": ChannelForm(
        word="job",
        reaches="engine",
    ),
    "log": ChannelForm(
        word="log",
        reaches="place",
    ),
    "mail": ChannelForm(
        word="mail",
        reaches="persona",
        target="[A-Za-z0-9][A-Za-z0-9._-]{0,63}",
        shown="<identity>",
    ),
    "nudge": ChannelForm(
        word="nudge",
        reaches="persona",
        target="[A-Za-z0-9][A-Za-z0-9._-]{0,63}",
        shown="<identity>",
    ),
    "slack": ChannelForm(
        word="slack",
        reaches="contact",
        contacts=("slack_webhook",),
        place="webhook",
    ),
    "sms": ChannelForm(
        word="sms",
        reaches="contact",
        target="human",
        shown="human",
        contacts=("human_sms", "sms_webhook"),
        address="human_sms",
    ),
    "tracker": ChannelForm(
        word="tracker",
        reaches="engine",
    ),
    "webhook": ChannelForm(
        word="webhook",
        reaches="target",
        target="[a-z][a-z0-9_-]{0,63}",
        shown="<name>",
    ),
}
