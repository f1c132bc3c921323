"""Every verb that shows a message shows who it is from as Name@PID, and in one word how that is known (FT-04)."""

from __future__ import annotations

import re
from typing import Any

from tests.support.command_line import CommandLine
from tests.support.drops import twin_of

CLAIM = {"kind": "mail", "from": "Onyx", "to": "mayor", "subject": "by a file", "body": "x"}


def only(place: CommandLine, *arguments: str) -> dict[str, Any]:
    (item,) = place.call(*arguments, "--json", actor="mayor").data["items"]
    found: dict[str, Any] = item
    return found


def test_sender_of_a_mail_stands_in_inbox_list_thread_and_show(place: CommandLine) -> None:
    place.drop(CLAIM)
    place.turn()
    said = "Onyx@PID-DESK01 (claimed)"
    mail = only(place, "mail", "inbox")
    assert (mail["sender"], mail["sender_known"]) == ("Onyx@PID-DESK01", "claimed")
    for verb in (("mail", "inbox"), ("list", "mail"), ("mail", "thread", mail["id"]), ("show", mail["id"])):
        assert said in place.call(*verb, actor="mayor").out, verb
    assert only(place, "list", "mail")["sender"] == "Onyx@PID-DESK01"
    assert place.call("show", mail["id"], "--json").data["sender_known"] == "claimed"


def test_sender_of_a_command_is_local(place: CommandLine) -> None:
    place.call("mail", "send", "--to", "mayor", "--subject", "by a command", actor="jade")
    assert "jade@PID-DESK01 (local)" in place.call("mail", "inbox", actor="mayor").out


def test_sender_of_an_escalation_stands_in_prime_and_in_its_notices(place: CommandLine) -> None:
    place.drop({"kind": "escalation", "from": "jade", "severity": "HIGH", "title": "it is full"})
    place.turn()
    said = "jade@PID-DESK01 (claimed)"
    assert f"{said}: it is full" in place.call("prime").out
    assert only(place, "prime")["sender"] == "jade@PID-DESK01"
    assert said in place.call("list", "bead").out
    bodies = [message["body"] for message in place.call("list", "outbox", "--json").data["items"]]
    assert bodies
    assert all(f"From: {said}, agent:jade\n" in body for body in bodies)
    (notice, *_) = place.call("mail", "inbox", "--json", actor="mayor").data["items"]
    assert (notice["sender"], notice["sender_known"]) == ("prismfs@PID-DESK01", "engine")


def test_sender_of_a_signal_that_a_commit_brought_is_a_claim(place: CommandLine) -> None:
    """What the file says of how its sender is known is a word of its sender's."""
    place.drop({"kind": "signal", "from": "jade", "to": "mayor", "type": "Question", "subject": "one"})
    place.turn()
    old = only(place, "signal", "list")
    (path,) = (place.root / "signals").rglob("*.yaml")
    text = path.read_text().replace(old["id"], twin_of(old["id"]))
    text = text.replace("sender_known: claimed", "sender_known: signed").replace(
        "status: delivered", "status: received"
    )
    path.with_name(path.name.replace(path.stem, re.findall(r"(?m)^id: (\S+)$", text)[0])).write_text(text)
    place.git("add", "-A", "signals")
    place.git("-c", "user.name=x", "-c", "user.email=x@x", "commit", "-qm", "by hand")
    place.turn()
    shown = {item["id"]: item["sender_known"] for item in place.call("signal", "list", "--json").data["items"]}
    assert len(shown) == 2
    assert set(shown.values()) == {"claimed"}


def test_sender_of_an_older_record_is_unknown(place: CommandLine) -> None:
    place.drop(CLAIM)
    place.turn()
    (path,) = (place.root / "mail").rglob("*.yaml")
    older = re.sub(r"(?m)^sender_known: .*\n", "", path.read_text())
    place.force(**{str(path.relative_to(place.root)): older.encode()})
    assert only(place, "mail", "inbox")["sender_known"] == "unknown"
    assert "Onyx@PID-DESK01 (unknown)" in place.call("show", only(place, "mail", "inbox")["id"]).out
