"""What an option takes: times in one way, and words that are known; a walk finds the options of every verb (FD-20)."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import click
import pytest

from prismfs.cli.instants import Instant, Length
from prismfs.errors import PrismfsError
from prismfs.records.instants import cut_to_milliseconds
from tests.support.command_line import CommandLine
from tests.support.command_tree import COMMANDS

FREE = frozenset(
    """
    --about --acceptance --action --actor --add-label --agent --agents --assign --assignee --at --body --by
    --customer --design --draft --entity --external-ref --field --financial-impact --for --hash
    --in-reply-to --incident --into --key --kind --label --matcher --nature --note --notes --owner --parent --pid
    --ref --related --remove-label --retain --role --root-cause --service --signature --source --status-text
    --subject --tag --tenant --text-field --title --to-pid --unaffected --unassign --workaround --workflow
    --dep --criterion --reason --against --compromised-since --author
    """.split()
)
"""Options whose word is free: a text, a name, an id. What is none of these is of a type, or stands in `KNOWN`."""

KNOWN = {
    "archive --before": "2026-03",
    "bead create --priority": None,
    "bead list --priority": None,
    "bead update --priority": None,
    "escalate create --severity": "CRITICAL, HIGH, MEDIUM",
    "escalate create --category": "decision",
    "escalate create --to": "deacon",
    "escalate forward --to": "deacon",
    "escalate forward --from": None,
    "escalate list --category": "decision",
    "escalate list --tier": "deacon",
    "incident hand-over --from": None,
    "incident hand-over --to": None,
    "incident list --level": "coordination",
    "incident list --status": "mitigating",
    "incident open --severity": "P0",
    "incident triage --severity": "P0",
    "list --status": "mitigating",
    "mail send --to": None,
    "outbox list --status": "not_configured",
    "phone-home list --status": "pending_operator_review",
    "signal list --status": "unclassified",
    "signal send --to": None,
    "verify --since": None,
}
"""Options that take words of the project's own, and one that the refusal names; None where it names none."""

PLACES = {"escalate create": ("help",), "incident open": ("it fails",), "list": ("incident",)}
REST: dict[str, tuple[str, ...]] = {
    "incident triage": ("--reason", "worse"),
    "escalate forward": ("--reason", "more"),
    "mail send": ("--subject", "s"),
}
REST["signal send"] = ("--type", "Question", "--subject", "s")


def options() -> list[tuple[str, click.Option]]:
    return [(name, one) for name, verb in COMMANDS.items() for one in verb.params if isinstance(one, click.Option)]


def test_each_option_takes_free_text_or_knows_its_words() -> None:
    loose = {
        f"{name} {one.opts[-1]}"
        for name, one in options()
        if isinstance(one.type, click.types.StringParamType) and not FREE & {*one.opts}
    }
    assert {spelt for _, one in options() for spelt in one.opts} >= FREE
    assert loose == set(KNOWN), "a new option: give it a type, or say in KNOWN which word its refusal names"


@pytest.mark.parametrize("call", [f"{name} {one.opts[-1]}" for name, one in options() if isinstance(one.type, Instant)])
def test_what_is_no_time_is_refused_by_the_options_name(call: str, tmp_path: Path) -> None:
    *verb, option = call.split()
    for text in ("yesterday", "2026-13-01", "2026-03-01T10:00:00", "2026-02-30", "9", "", "٢٠٢٦-03-01", "2h ago"):
        answer = CommandLine(tmp_path).call(*verb, option, text, "--json")
        clears = verb == ["incident", "update"] and text == ""
        if not clears:
            assert (answer.code, answer.error["code"], answer.error["field"]) == (2, "bad_instant", option)
            assert "2026-03-01" in answer.error["hint"]


def test_options_of_lengths_name_what_they_take(tmp_path: Path) -> None:
    for name, one in options():
        if isinstance(one.type, Length):
            answer = CommandLine(tmp_path).call(*name.split(), one.opts[0], "soon", "--json")
            assert (answer.code, answer.error["code"], answer.error["field"]) == (2, "bad_length", one.opts[0])


@pytest.mark.parametrize(
    ("text", "at"),
    [
        ("2026-03-01", "2026-03-01T00:00:00+00:00"),
        ("2026-W10", "2026-03-02T00:00:00+00:00"),
        ("2026-03-01T10:00Z", "2026-03-01T10:00:00+00:00"),
        ("2026-03-01T10:00:00.1239+02:00", "2026-03-01T08:00:00.123+00:00"),
        ("2026-03-01 10:00:00-0530", "2026-03-01T15:30:00+00:00"),
    ],
)
def test_instants_are_read_in_every_form(text: str, at: str) -> None:
    assert Instant().convert(text, None, None) == datetime.fromisoformat(at)


def test_an_age_lies_behind_and_ahead_where_the_option_is_about_what_comes() -> None:
    now = cut_to_milliseconds(datetime.now(UTC))
    for text, option, wait in (
        ("9d", Instant(), -timedelta(days=9)),
        ("1h30m", Instant(), -timedelta(minutes=90)),
        ("2h", Instant(ahead=True), timedelta(hours=2)),
        ("+2h", Instant(), timedelta(hours=2)),
    ):
        found = option.convert(text, None, None)
        assert isinstance(found, datetime)
        assert abs(found - now - wait) < timedelta(minutes=1)
    for text in ("0001-01-01T00:00:00+14:00", "99999d", "999999999d"):
        with pytest.raises(PrismfsError):
            Instant().convert(text, None, None)


@pytest.mark.parametrize("call", [name for name in KNOWN if KNOWN[name] is not None])
def test_words_that_are_not_known_are_refused_with_those_that_are(place: CommandLine, call: str) -> None:
    *verb, option = call.split()
    name = " ".join(verb)
    about = PLACES.get(name, ())
    if name == "escalate forward":
        about = (place.call("escalate", "help", "--json").data["subject"],)
    if name == "incident triage":
        place.call("incident", "open", "it fails")
        about = (place.newest("incident"),)
    answer = place.call(*verb, *about, option, "nonsense", *REST.get(name, ()), "--json")
    assert answer.code in (2, 3, 4), answer
    assert str(KNOWN[call]) in f"{answer.error['message']} {answer.error.get('hint')}"
    assert name == "archive" or option in f"--{answer.error.get('field', '').lstrip('-/')}"


def test_lists_are_cut_by_an_instant_of_any_offset(place: CommandLine) -> None:
    place.call("escalate", "help")
    local = (datetime.now(UTC) - timedelta(hours=1)).astimezone(datetime.fromisoformat("2026-03-01T10:00+09:00").tzinfo)
    for since, many in (("2h", 1), (local.isoformat(), 1), ("+1m", 0), ("2020-01-01", 1)):
        assert place.call("escalate", "list", "--since", since, "--json").data["total"] == many
    near = place.call("escalate", "list", "--tier", "mayr", "--json").error
    assert near["code"] == "unknown_word"
    assert "did you mean mayor?" in near["hint"]


def test_what_is_kept_and_not_delivered_answers_its_data_beside_the_error(place: CommandLine) -> None:
    """FD-60."""
    answer = place.call("escalate", "-s", "CRITICAL", "help", "--json")
    assert (answer.code, answer.error["code"]) == (6, "undelivered")
    data = answer.document["data"]
    assert data["id"] == answer.error["path"] == place.newest("bead")
    assert {"mail:mayor", "sms:human"} <= {one["action"] for one in data["deliveries"]}
    waiting = place.call("outbox", "list", "--undelivered").out
    assert "no contact" in waiting or "human_sms" in waiting
    assert place.call("escalate", "resolve", data["id"], "--reason", "done", "--json").data["id"] == data["id"]
    assert place.call("escalate", "close", data["id"], "--reason", "done", "--json").data["decided"] == "nothing"


def test_a_mistyped_command_of_escalate_opens_nothing(place: CommandLine) -> None:
    """FD-23."""
    for word, meant in (("lst", "list"), ("clsoe", "close"), ("Ack", "ack")):
        answer = place.call("escalate", word, "--json")
        assert (answer.code, answer.error["code"]) == (2, "usage")
        assert f"did you mean {meant}" in answer.error["message"]
    assert place.call("escalate", "list", "--json").data["total"] == 0
    assert place.call("escalate", "-s", "LOW", "list is short").code == 0


def test_export_to_a_dash_is_standard_output(place: CommandLine) -> None:
    """FD-23."""
    place.call("bead", "create", "rotate the key")
    assert '"rotate the key"' in place.spawn("-C", str(place.root), "bead", "export", "-").out
    assert not (place.root / "-").exists()


def test_prime_says_how_long_each_waits_and_when_it_is_raised(place: CommandLine) -> None:
    """FD-62."""
    place.call("escalate", "-s", "LOW", "the disk is full")
    line = next(line for line in place.call("prime").out.splitlines() if "the disk is full" in line)
    assert "next in 3h" in line
    assert "s  next" in line
