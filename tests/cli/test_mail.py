"""Mail at the command line: sending, the inbox as a table, answering, conversations, putting away (R-004-33)."""

from __future__ import annotations

from tests.support.command_line import CommandLine


def send(
    place: CommandLine, *options: str, actor: str = "jade", to: str = "mayor", subject: str = "rotate the key"
) -> str:
    answer = place.call("mail", "send", "--to", to, "--subject", subject, *options, "--json", actor=actor)
    assert answer.code == 0, answer.out
    found: str = answer.data["subject"]
    return found


def test_send_is_one_commit_and_at_once_in_the_mailbox(place: CommandLine) -> None:
    before = place.git("rev-list", "--count", "HEAD")
    mail = send(place, "--type", "task", "--priority", "high", "--body", "by noon")
    assert int(place.git("rev-list", "--count", "HEAD")) == int(before) + 1
    (item,) = place.call("mail", "inbox", "--json", actor="MAYOR").data["items"]
    assert (item["id"], item["from"], item["type"], item["priority"]) == (mail, "jade", "task", "high")
    assert (item["body"], item["status"]) == ("by noon", "unread")
    (row,) = place.call("log", mail, "--json").data["items"]
    assert (row["action"], row["actor"]) == ("mail.sent", "jade")
    assert place.call("verify").code == 0


def test_send_reads_the_text_from_standard_input(place: CommandLine) -> None:
    done = place.spawn(
        "--as", "jade", "mail", "send", "--to", "mayor", "--subject", "x", "--body", "-", "--json", input="one\ntwo\n"
    )
    assert place.call("show", done.data["subject"], "--json").data["body"] == "one\ntwo\n"


def test_send_to_nobody_is_refused(place: CommandLine) -> None:
    """R-000-66."""
    answer = place.call("mail", "send", "--to", "nobody", "--subject", "x", "--json")
    assert (answer.code, answer.error["code"], answer.error["field"]) == (4, "unknown_identity", "/to")


def test_dropped_mail_is_taken_in(place: CommandLine) -> None:
    place.drop({"kind": "mail", "from": "jade", "to": "mayor", "subject": "rotate the key"})
    place.turn()
    assert place.call("mail", "inbox", "--json", actor="mayor").data["total"] == 1


def test_inbox_is_a_table_with_unread_and_urgent_ones_first(place: CommandLine) -> None:
    subjects = {}
    sent = {"tea": "low", "old": "normal", "key": "high", "fire": "urgent", "new": "normal"}
    for subject, priority in sent.items():
        subjects[subject] = send(place, "--priority", priority, subject=subject)
    place.call("mail", "ack", subjects["fire"], actor="mayor")
    place.call("mail", "archive", subjects["tea"], actor="mayor")

    def listed(*options: str) -> list[str]:
        items = place.call("mail", "inbox", *options, "--json", actor="mayor").data["items"]
        return [item["subject"] for item in items]

    assert listed() == ["key", "new", "old"]
    assert listed("--all") == ["key", "new", "old", "fire"]
    assert listed("--archived") == ["tea"]
    lines = place.call("mail", "inbox", "--all", actor="mayor").out.splitlines()
    assert lines[0].split() == ["ID", "STATUS", "PRIORITY", "FROM", "SUBJECT", "AGE"]
    assert lines[2].split()[1:6] == ["unread", "high", "jade@PID-DESK01", "(local)", "key"]
    assert lines[-1].split()[1:6] == ["read", "urgent", "jade@PID-DESK01", "(local)", "fire"]
    assert lines[-1].split()[6].endswith("s")
    cut = place.call("mail", "inbox", "--limit", "1", "--json", actor="mayor").data
    assert (len(cut["items"]), cut["total"]) == (1, 3)
    assert "2 more" in place.call("mail", "inbox", "--limit", "1", actor="mayor").out
    assert place.call("mail", "inbox", actor="deacon").out == "no mail matches\n"


def test_thread_is_the_conversation_oldest_first_by_any_mail_of_it(place: CommandLine) -> None:
    task = send(place, "--body", "by noon")
    send(place, subject="something else")
    first = place.call("mail", "reply", task, "--body", "which one?", "--json", actor="mayor").data["subject"]
    second = place.call("mail", "reply", first, "--body", "the old one", "--json").data["subject"]
    for mail in (task, first, second, second[:-4]):
        found = place.call("mail", "thread", mail, "--json").data
        assert ([item["id"] for item in found["items"]], found["total"]) == ([task, first, second], 3)
    said = place.call("mail", "thread", task).out
    assert said.index("by noon") < said.index("which one?") < said.index("the old one")
    assert said.count("Re: rotate the key") == 2
    assert place.call("show", second, "--json").data["status"] == "unread", "showing a thread marks nothing"


def test_thread_of_what_is_no_mail_is_not_found(busy: CommandLine) -> None:
    answer = busy.call("mail", "thread", busy.newest("incident"), "--json")
    assert (answer.code, answer.error["code"]) == (4, "not_found")


def test_reply_reads_the_answered_mail_and_is_the_addressees_alone(place: CommandLine) -> None:
    task = send(place)
    assert place.call("mail", "reply", task, "--body", "mine", "--json", actor="deacon").code == 7
    done = place.call("mail", "reply", task, "--body", "done", "--priority", "low", "--json", actor="mayor")
    assert done.data["actions"] == ["mail.sent", "mail.read"]
    assert place.call("show", task, "--json").data["status"] == "read"
    (item,) = place.call("mail", "inbox", "--json", actor="jade").data["items"]
    assert (item["type"], item["priority"], item["thread_id"]) == ("reply", "low", task)


def test_reply_to_the_engine_says_where_to_answer(busy: CommandLine) -> None:
    bead = busy.call("escalate", "-s", "MEDIUM", "disk almost full", "--json").data["subject"]
    mails = busy.call("mail", "inbox", "--json", actor="mayor").data["items"]
    mail = next(item["id"] for item in mails if item.get("about") == bead)
    answer = busy.call("mail", "reply", mail, "--body", "on it", "--json", actor="mayor")
    assert (answer.code, answer.error["code"]) == (4, "not_answerable")
    assert answer.error["hint"] == f"prismfs escalate comment {bead} TEXT"


def test_archive_twice_changes_nothing(place: CommandLine) -> None:
    task = send(place)
    assert place.call("mail", "archive", task, "--json", actor="mayor").data["actions"] == ["mail.archived"]
    head = place.git("rev-parse", "HEAD")
    again = place.call("mail", "archive", task, actor="mayor")
    assert (again.code, again.out) == (0, "nothing to do: the mail is archived already\n")
    assert place.git("rev-parse", "HEAD") == head
    assert place.call("mail", "read", task, "--json", actor="mayor").data["status"] == "archived"


def test_hostile_text_of_mail_steers_no_terminal(place: CommandLine) -> None:
    mail = send(place, "--body", "\u202egnp.exe\u200b", subject="caf\u00e9 \u202elmay")
    for arguments in (("inbox",), ("thread", mail), ("read", mail)):
        out = place.call("mail", *arguments, actor="mayor").out
        assert "\u202e" not in out
        assert "caf\u00e9" in out
