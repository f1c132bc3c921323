"""Nudges and heartbeats at the command line (R-004-34)."""

from __future__ import annotations

import os

from tests.support.command_line import CommandLine


def test_nudge_is_sent_claimed_once_and_done(place: CommandLine) -> None:
    before = place.git("rev-parse", "HEAD")
    sent = place.call("nudge", "send", "Mayor", "the build waits", "--json", actor="jade").data["nudge"]
    assert (sent["from"], sent["to"], sent["text"]) == ("jade", "Mayor", "the build waits")
    assert place.call("nudge", "list", "--json").data["items"][0]["state"] == "waiting"
    got = place.call("nudge", "claim", "--json", actor="mayor").data
    assert ([item["id"] for item in got["items"]], got["total"]) == ([sent["id"]], 1)
    assert place.call("nudge", "claim", "--json", actor="mayor").data["items"] == []
    assert place.call("nudge", "list", "--json").data["items"][0]["state"] == "claimed"
    assert place.call("nudge", "done", "nud-", "--json", actor="mayor").data["changed"]
    again = place.call("nudge", "done", sent["id"], actor="mayor")
    assert (again.code, again.out) == (0, f"nothing to do: {sent['id']} was done before\n")
    assert place.call("nudge", "list", "--json").data["total"] == 0
    assert (place.git("rev-parse", "HEAD"), place.git("status", "--porcelain")) == (before, "")


def test_nudge_survives_the_process_that_claimed_it(place: CommandLine) -> None:
    """The command that claims has ended when the work begins; without --process only time gives a nudge back."""
    place.spawn("--as", "jade", "nudge", "send", "mayor", "one")
    assert len(place.spawn("--as", "mayor", "nudge", "claim", "--json").data["items"]) == 1
    assert place.spawn("--as", "mayor", "nudge", "claim", "--json").data["items"] == []


def test_nudge_of_a_process_that_has_gone_goes_back(place: CommandLine) -> None:
    place.call("nudge", "send", "mayor", "one")
    gone = place.python("import os; print(os.getpid())", place.root).out.strip()
    for process, number in ((gone, 1), (str(os.getpid()), 1), (gone, 0)):
        got = place.call("nudge", "claim", "--process", process, "--json", actor="mayor").data["items"]
        assert len(got) == number


def test_nudge_claim_for_another_and_at_most_so_many(place: CommandLine) -> None:
    for text in ("one", "two", "three"):
        place.call("nudge", "send", "mayor", text)
    rehearsed = place.call("nudge", "claim", "--for", "mayor", "--limit", "2", "--dry-run", "--json").data
    got = place.call("nudge", "claim", "--for", "mayor", "--limit", "2", "--json").data
    assert [item["text"] for item in got["items"]] == ["one", "two"]
    assert (got["items"], got["total"], rehearsed["total"]) == (rehearsed["items"], 3, 3)
    assert "three" in place.call("nudge", "claim", actor="Mayor").out
    assert place.call("nudge", "claim", actor="mayor").out == "no nudge waits\n"
    answer = place.call("nudge", "done", "nud-", "--for", "mayor", "--json")
    assert (answer.code, answer.error["code"]) == (4, "ambiguous")


def test_nudge_called_wrongly_names_the_field(place: CommandLine) -> None:
    for arguments, field in (
        (("send", "../../mayor", "x"), "/to"),
        (("send", "mayor", ""), "/text"),
        (("send", "mayor", "x" * 4001), "/text"),
        (("send", "mayor", "x", "--ttl", "0s"), "/ttl"),
        (("claim", "--for", ".."), "/to"),
    ):
        answer = place.call("nudge", *arguments, "--json")
        assert (answer.code, answer.error["field"]) == (3, field), arguments
    assert place.call("nudge", "send", "mayor", "x", "--json", actor="Prismfs").error["code"] == "reserved_identity"
    assert place.call("nudge", "done", "nud-", "--json").error["code"] == "not_found"
    assert not (place.root / "run" / "nudges").exists()


def test_nudge_that_is_broken_is_named_and_stops_no_other(place: CommandLine) -> None:
    place.call("nudge", "send", "mayor", "one")
    (place.root / "run" / "nudges" / "mayor" / "\x1b[2J.json").write_text("{")
    listed = place.call("nudge", "list")
    assert (listed.code, "one" in listed.out, "bad_name" in listed.err, "\x1b" in listed.err) == (0, True, True, False)
    got = place.call("nudge", "claim", "--json", actor="mayor")
    assert (got.code, len(got.data["items"]), got.data["problems"][0]["code"]) == (0, 1, "bad_name")


def test_nudge_text_steers_no_terminal(place: CommandLine) -> None:
    place.call("nudge", "send", "mayor", "\u202egnp.exe")
    shown = place.call("nudge", "list").out + place.call("nudge", "claim", actor="mayor").out
    assert "\u202e" not in shown


def test_heartbeat_is_listed_with_its_age_and_stale_when_older(place: CommandLine) -> None:
    before = place.git("rev-parse", "HEAD")
    assert place.call("heartbeat", "list").out == "no heartbeat\n"
    assert place.call("heartbeat", "--note", "step 3 of 7", "--json", actor="Jade").data["path"].endswith("/jade.json")
    place.call("heartbeat", actor="onyx")
    (place.root / "run" / "heartbeats" / "opal.json").write_text('{"at": "2020-01-01T00:00:00Z"}')
    (place.root / "run" / "heartbeats" / "ruby.json").write_text('{"at": "yesterday"}')
    found = place.call("heartbeat", "list", "--json").data
    states = {item["identity"]: (item["state"], item["note"]) for item in found["items"]}
    assert states == {"jade": ("alive", "step 3 of 7"), "onyx": ("alive", None), "opal": ("stale", None)}
    assert [problem["path"] for problem in found["problems"]] == ["run/heartbeats/ruby.json"]
    assert found["items"][0]["age_seconds"] < 60
    old = place.call("heartbeat", "list", "--older", "5000d", "--json").data["items"]
    assert {item["state"] for item in old} == {"alive"}
    assert place.call("heartbeat", "list").out.splitlines()[2].split()[:3] == ["jade", "alive", "0s"]
    assert (place.git("rev-parse", "HEAD"), place.git("status", "--porcelain")) == (before, "")


def test_heartbeat_called_wrongly_names_the_field(place: CommandLine) -> None:
    for arguments, actor, field in (
        (("heartbeat",), "../jade", "/from"),
        (("heartbeat", "--note", "two\nlines"), "jade", "/note"),
    ):
        answer = place.call(*arguments, "--json", actor=actor)
        assert (answer.code, answer.error["field"]) == (3, field)
    assert not (place.root / "run" / "heartbeats").exists()
