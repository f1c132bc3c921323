"""Every channel under one contract: a receipt for everything, and nothing done twice that can be told apart."""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import replace
from importlib import import_module
from pathlib import Path
from pkgutil import iter_modules

import pytest

import prismfs.delivery
from prismfs.delivery.__main__ import channel_table
from prismfs.kinds.core.actions import ROUTABLE
from prismfs.kinds.core.channels import CHANNELS
from prismfs.kinds.core.mail import Mail
from prismfs.kinds.escalation.settings.escalation_policy import Contacts
from prismfs.records.api import Message, derive_id
from tests.support.channels import MakeChannels

LOCAL = tuple(word for word, form in ROUTABLE.items() if form.reaches in ("persona", "place"))
REMOTE = tuple(word for word in ROUTABLE if word not in LOCAL)
BY_TARGET = tuple(word for word, form in ROUTABLE.items() if form.reaches == "target")


@pytest.fixture(params=LOCAL)
def name(request: pytest.FixtureRequest) -> str:
    made: str = request.param
    return made


def contents(root: Path) -> dict[str, bytes]:
    return {str(path.relative_to(root)): path.read_bytes() for path in root.rglob("*") if path.is_file()}


def test_channels_are_local_or_not(make_channels: MakeChannels) -> None:
    """R-004-28: only a local channel may be sent to again without a second thought."""
    channels = make_channels()
    assert tuple(channels) == tuple(sorted(CHANNELS))
    assert len(channels) == len(CHANNELS)
    assert {word for word, channel in channels.items() if channel.local} == set(LOCAL)


def test_table_of_channels_is_what_their_modules_declare() -> None:
    """Mended with: make channels."""
    import prismfs.kinds.core.channels as table

    assert Path(table.__file__).read_text() == channel_table()


def test_module_of_a_channel_is_called_by_its_word_and_names_contacts_that_there_are() -> None:
    for word, form in CHANNELS.items():
        assert import_module(f"prismfs.delivery.{word}").CHANNEL.form == form
        assert {*form.contacts, *filter(None, [form.address])} <= set(Contacts.model_fields)


def test_class_that_delivers_is_declared_by_its_module() -> None:
    """A channel whose CHANNEL was forgotten is noticed: every class with `local` and `send` is one that is made."""
    modules = [import_module(f"prismfs.delivery.{found.name}") for found in iter_modules(prismfs.delivery.__path__)]
    delivering = {
        module.__name__.rpartition(".")[2]
        for module in modules
        for made in vars(module).values()
        if isinstance(made, type) and made.__module__ == module.__name__ and {"local", "send"} <= set(dir(made))
    }
    assert delivering - {"plugin"} == set(CHANNELS)


def test_channel_that_nobody_provides_is_not_there(make_channels: MakeChannels) -> None:
    channels = make_channels()
    assert channels.get("semaphore") is None
    assert "semaphore" not in channels


@pytest.mark.parametrize("word", REMOTE)
def test_send_without_settings_is_not_configured(make_channels: MakeChannels, message: Message, word: str) -> None:
    """R-004-28: what is missing is named, and nothing raises."""
    receipt = make_channels()[word].send(message)
    assert receipt.outcome == "not_configured"
    needed = [f"contacts.{name}" for name in ROUTABLE[word].contacts] or ["targets.mayor"]
    assert any(name in receipt.detail for name in needed)


@pytest.mark.parametrize("word", BY_TARGET)
def test_send_to_a_target_of_another_channel_is_not_configured(
    make_channels: MakeChannels, message: Message, word: str
) -> None:
    receipt = make_channels(targets={"mayor": {"channel": "pager", "url": "https://example.org", "run": ["true"]}})[
        word
    ].send(message)
    assert (receipt.outcome, receipt.detail) == ("not_configured", f"targets.mayor: is of channel pager, not {word}")


def test_opening_a_desk_imports_no_network() -> None:
    """What channels need is imported when one is used: most commands send nothing."""
    code = (
        "import sys; from pathlib import Path; from prismfs.delivery import channels\n"
        "from prismfs.kinds.escalation.settings.escalation_policy import EscalationPolicy\n"
        "from prismfs.kinds.escalation.settings.routing import Route, Routing\n"
        "made = channels(Path(), EscalationPolicy(), Routing(tiers=('a',), route=Route(name='all')))\n"
        "made['log'], made['file'], made['mail']\n"
        "print(sorted({'httpx', 'smtplib', 'ssl', 'apprise', 'importlib.metadata'} & set(sys.modules)))\n"
    )
    # pydantic reads entry points of its own; that is nothing this package could leave out.
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() in ("[]", "['importlib.metadata']")


def test_send_message_is_sent(make_channels: MakeChannels, message: Message, name: str) -> None:
    assert make_channels()[name].send(message).outcome == "sent"


def test_send_again_leaves_what_stood_there(
    tmp_path: Path, make_channels: MakeChannels, message: Message, name: str
) -> None:
    """R-004-28: at least once means that a message may be sent again after a crash; it must not show twice."""
    first = make_channels()[name].send(message)
    before = contents(tmp_path)
    again = make_channels()[name].send(message)
    assert again == first
    assert contents(tmp_path) == before


def test_send_two_messages_both_are_there(
    tmp_path: Path, make_channels: MakeChannels, message: Message, name: str
) -> None:
    other = replace(message, id=derive_id("out", message.created_at, cause="other"))
    channel = make_channels()[name]
    first, second = channel.send(message), channel.send(other)
    assert first.document is None or first.document != second.document
    if first.document is None:
        told = b"".join((*contents(tmp_path).values(), *(path.encode() for path in contents(tmp_path))))
        assert message.id.encode() in told
        assert other.id.encode() in told


def test_send_place_that_cannot_be_written_is_for_later(
    tmp_path: Path, make_channels: MakeChannels, message: Message, name: str
) -> None:
    (tmp_path / "run").write_text("a file where a folder belongs")
    receipt = make_channels()[name].send(message)
    assert receipt.outcome == ("sent" if name == "mail" else "temporary")
    assert (receipt.document is not None) == (name == "mail")


def test_send_by_mail_hands_over_a_valid_record(make_channels: MakeChannels, message: Message) -> None:
    receipt = make_channels()["mail"].send(message)
    mail = Mail.from_document(receipt.document)
    assert (mail.to, mail.type, mail.priority, mail.status) == ("mayor", "escalation", "high", "unread")


def test_send_to_the_log_is_one_line_whatever_the_subject(
    tmp_path: Path, make_channels: MakeChannels, message: Message
) -> None:
    """R-004-29: text from agents stays on its line and steers no terminal."""
    make_channels()["log"].send(replace(message, subject="two\nlines \x1b[31m"))
    (line,) = (tmp_path / "run" / "escalation.log").read_text().splitlines()
    assert line.endswith(r"two\nlines \x1b[31m")


def test_send_to_the_log_a_link_is_not_followed(tmp_path: Path, make_channels: MakeChannels, message: Message) -> None:
    (tmp_path / "run").mkdir()
    (tmp_path / "elsewhere").write_text("")
    (tmp_path / "run" / "escalation.log").symlink_to(tmp_path / "elsewhere")
    assert make_channels()["log"].send(message).outcome == "temporary"
    assert (tmp_path / "elsewhere").read_text() == ""


def test_send_to_a_file_is_json(tmp_path: Path, make_channels: MakeChannels, message: Message) -> None:
    make_channels()["file"].send(message)
    (path,) = (tmp_path / "run" / "outbox" / "mayor").iterdir()
    assert json.loads(path.read_text())["subject"] == "[HIGH] disk almost full"
