"""The escalation chain, the start of a session and the outbox, at the command line."""

from __future__ import annotations

import json

from tests.support.command_line import CommandLine


def test_forward_unack_and_comment_change_the_escalation(busy: CommandLine) -> None:
    """R-004-12, R-004-15."""
    bead = busy.newest("bead")
    assert busy.call("escalate", "forward", bead, "--reason", "beyond me", "--json").code == 0
    assert busy.call("escalate", "ack", bead, "--json").code == 0
    assert busy.call("escalate", "unack", bead, "--json").data["actions"] == ["escalation.unacknowledged"]
    assert busy.call("escalate", "comment", bead, "it is the shared disk", actor="jade").code == 0
    shown = busy.call("show", bead, "--json").data
    assert (shown["tier"], shown["status"]) == ("mayor", "open")
    assert [comment["by"] for comment in shown["comments"]] == ["olga", "jade"]
    assert busy.call("verify").code == 0


def test_stale_raises_what_is_due_and_says_so_when_nothing_is(busy: CommandLine) -> None:
    """R-004-17: the same rule as the watcher's, run by hand; once is enough. What is open already counts (FD-18)."""
    assert busy.call("escalate", "stale").out == "nothing is stale\n"
    settings = busy.root / "settings" / "escalation.json"
    short = json.loads(settings.read_text()) | {"stale_threshold": "0s", "max_reescalations": 1}
    settings.write_text(json.dumps(short, indent=2) + "\n")
    busy.git("commit", "--quiet", "-am", "settings: at once")
    known = busy.newest("bead")
    bead = busy.call("escalate", "-s", "MEDIUM", "disk almost full", "--json").data["subject"]
    planned = busy.call("escalate", "stale", "--dry-run", "--json").data
    assert {item["subject"] for item in planned["items"]} == {known, bead}
    raised = busy.call("escalate", "stale", "--json").data
    assert [item["decided"] for item in raised["items"] if item["subject"] == bead] == ["raise"]
    assert busy.call("show", bead, "--json").data["severity"]["label"] == "HIGH"
    assert busy.call("escalate", "stale", "--json").data["total"] == 0
    assert busy.call("verify").code == 0


def test_prime_groups_what_waits_by_severity(busy: CommandLine) -> None:
    """R-004-20: the most urgent first; what is acknowledged does not wait."""
    known = busy.newest("bead")
    busy.call("escalate", "-s", "CRITICAL", "the desk is on fire")
    said = busy.call("prime")
    assert said.code == 0
    assert said.out.index("CRITICAL (1)") < said.out.index(known)
    busy.call("escalate", "ack", known)
    assert [bead["severity"]["label"] for bead in busy.call("prime", "--json").data["items"]] == ["CRITICAL"]


def test_prime_with_nothing_that_waits_is_no_failure(place: CommandLine) -> None:
    """R-004-20: exit 0 with none."""
    answer = place.call("prime")
    assert (answer.code, answer.out) == (0, "no escalations wait for an answer\n")


def test_mail_is_listed_read_and_marked_by_whom_it_is_to(busy: CommandLine) -> None:
    """R-000-13: reading marks a message; it never removes it."""
    (mail,) = busy.call("mail", "inbox", "--json", actor="mayor").data["items"]
    assert busy.call("mail", "read", mail["id"], "--json", actor="jade").code == 7
    assert busy.call("mail", "inbox", "--json", actor="MAYOR").data["total"] == 1
    assert busy.call("mail", "read", mail["id"], "--json", actor="mayor").data["status"] == "read"
    assert busy.call("mail", "ack", mail["id"], "--json", actor="mayor").data["decided"] == "nothing"
    assert busy.call("mail", "inbox", "--json", actor="mayor").data["total"] == 0
    assert busy.call("mail", "inbox", "--all", "--json", actor="mayor").data["items"][0]["status"] == "read"


def test_outbox_retry_without_a_contact_is_refused_and_listed(busy: CommandLine) -> None:
    """R-004-28: what is not delivered is visible, and another attempt says what is missing."""
    assert busy.call("escalate", "-s", "HIGH", "disk almost full").code == 6
    (message,) = busy.call("outbox", "list", "--undelivered", "--json").data["items"]
    assert (message["action"], message["status"]) == ("email:human", "not_configured")
    answer = busy.call("outbox", "retry", message["id"], "--json")
    assert (answer.code, answer.error["code"]) == (4, "not_configured")
