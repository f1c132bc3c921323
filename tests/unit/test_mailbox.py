"""The rules of the mailboxes, asked directly: pure functions over a view in memory."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from prismfs.errors import ForbiddenError
from prismfs.kinds import kind_of
from prismfs.kinds.core.audit import Audit
from prismfs.kinds.core.mail import Mail
from prismfs.kinds.core.settings.project import Project
from prismfs.records.event import Event
from prismfs.records.ids import derive_id
from prismfs.records.plan import Decision, Nothing, Plan, Refused
from prismfs.rules import decide
from prismfs.store.defaults import default_files
from prismfs.store.memory import MemoryView

NOW = datetime(2026, 3, 1, 10, 0, tzinfo=UTC)


class Desk:
    """A view in memory with the operator frank, and the hands that write and answer mail."""

    def __init__(self) -> None:
        project = Project(pid="PID-TEST01", tenant="acme", operators=("frank",))
        self.view = MemoryView({**default_files(), "prismfs.yaml": kind_of(project).write(project)})
        self._count = 0

    def take(self, type: str, kind: str, document: dict[str, Any], actor: str) -> Decision:
        self._count += 1
        event = Event.model_validate(
            {
                "type": type,
                "kind": kind,
                "cause": f"{type}:{self._count}",
                "at": NOW,
                "actor": actor,
                "assurance": "claimed" if type == "drop" else "local",
                "document": document,
            }
        )
        decision = decide(self.view, event, NOW)
        if isinstance(decision, Plan):
            self.view.add(decision)
        return decision

    def give(self, verb: str, identifier: str, *, actor: str, **more: Any) -> Decision:
        return self.take("command", verb, {"id": identifier, **more}, actor)

    def drop(self, *, sender: str = "deacon", to: str = "mayor", **more: Any) -> Decision:
        form = {"kind": "mail", "from": sender, "to": to, "subject": "rotate the key", **more}
        return self.take("drop", "mail", {"document": form, "name": "x.yaml", "sha256": "0" * 64, "size": 1}, sender)

    def send(self, *, sender: str = "deacon", to: str = "mayor", **more: Any) -> Decision:
        form = {"kind": "mail", "from": sender, "to": to, "subject": "rotate the key", **more}
        return self.take("command", "mail.send", {"document": form}, sender)

    def put(self, **changes: Any) -> Mail:
        """Put a mail of the engine, or of whomever, straight into the view."""
        self._count += 1
        document = {
            "id": derive_id("mai", NOW, cause=str(self._count)),
            "sender": "prismfs",
            "to": "mayor",
            "type": "escalation",
            "priority": "high",
            "subject": "[HIGH] disk almost full",
            "body": "",
            "created_at": NOW,
            "status": "unread",
        }
        mail = Mail.model_validate(document | changes)
        self.view.put_file(kind_of(mail).place_of(mail), kind_of(mail).write(mail))
        return mail


@pytest.fixture
def desk() -> Desk:
    return Desk()


def mails(decision: Decision) -> list[Mail]:
    assert isinstance(decision, Plan), decision
    return [put for put in decision.puts if isinstance(put, Mail)]


def actions(decision: Decision) -> list[str]:
    assert isinstance(decision, Plan), decision
    return [put.action for put in decision.puts if isinstance(put, Audit)]


def refusal(decision: Decision) -> tuple[str, str | None]:
    assert isinstance(decision, Refused), decision
    return decision.problem.code, decision.problem.field


@pytest.mark.parametrize("way", ["send", "drop"])
def test_send_mail_is_unread_in_the_mailbox_and_begins_a_thread(desk: Desk, way: str) -> None:
    """R-004-33: what is not given is left out of the file."""
    decision = getattr(desk, way)(type="task", priority="urgent", body="by noon")
    (mail,) = mails(decision)
    assert (mail.sender, mail.to, mail.type, mail.priority) == ("deacon", "mayor", "task", "urgent")
    assert (mail.subject, mail.body, mail.status) == ("rotate the key", "by noon", "unread")
    assert not {"thread_id", "in_reply_to", "about"} & mail.to_document().keys()
    assert actions(decision) == ["mail.sent"]


def test_send_mail_of_somebody_not_in_the_roster_needs_no_right(desk: Desk) -> None:
    (mail,) = mails(desk.send(sender="jade"))
    assert (mail.type, mail.priority) == ("notification", "normal")


@pytest.mark.parametrize("way", ["send", "drop"])
@pytest.mark.parametrize("to", ["nobody", "prismfs", "jade"])
def test_send_mail_to_nobody_is_refused(desk: Desk, way: str, to: str) -> None:
    """R-000-66: never delivered to nobody."""
    assert refusal(getattr(desk, way)(to=to)) == ("unknown_identity", "/to")


@pytest.mark.parametrize("to", ["Mayor", "SAGE", "frank", "Frank"])
def test_send_mail_to_a_persona_or_an_operator_in_any_case(desk: Desk, to: str) -> None:
    assert [mail.to for mail in mails(desk.send(to=to))] == [to]


@pytest.mark.parametrize(
    ("more", "field"),
    [({"type": "shout"}, "/type"), ({"priority": "now"}, "/priority"), ({"colour": "red"}, "/colour")],
)
def test_send_mail_with_a_wrong_word_names_the_field(desk: Desk, more: dict[str, str], field: str) -> None:
    assert refusal(desk.drop(**more))[1] == field


def test_send_mail_under_another_name_is_from_whom_acts(desk: Desk) -> None:
    form = {"kind": "mail", "from": "prismfs", "to": "mayor", "subject": "x"}
    (mail,) = mails(desk.take("command", "mail.send", {"document": form}, "jade"))
    assert mail.sender == "jade"
    assert refusal(desk.send(sender="Prismfs"))[0] == "reserved_identity"


def test_reply_goes_to_the_sender_in_the_thread_and_marks_the_answered_one(desk: Desk) -> None:
    """R-004-33."""
    about = derive_id("inc", NOW, cause="x")
    (task,) = mails(desk.send(sender="jade", type="task", about=about))
    decision = desk.give("mail.reply", task.id, actor="mayor", body="done", priority="high")
    reply, answered = mails(decision)
    assert (reply.sender, reply.to, reply.type, reply.priority) == ("mayor", "jade", "reply", "high")
    assert (reply.subject, reply.body, reply.about) == ("Re: rotate the key", "done", about)
    assert (reply.thread_id, reply.in_reply_to) == (task.id, task.id)
    assert (answered.id, answered.status) == (task.id, "read")
    assert actions(decision) == ["mail.sent", "mail.read"]


def test_reply_to_a_reply_keeps_thread_and_subject(desk: Desk) -> None:
    (task,) = mails(desk.send())
    first = mails(desk.give("mail.reply", task.id, actor="mayor", body="which one?"))[0]
    second = mails(desk.give("mail.reply", first.id, actor="deacon", body="the old one"))[0]
    assert (second.to, second.subject) == ("mayor", "Re: rotate the key")
    assert (second.thread_id, second.in_reply_to) == (task.id, first.id)


@pytest.mark.parametrize("subject", ["RE: rotate", "re: rotate", "Re:rotate"])
def test_reply_subject_has_one_re_whoever_wrote_it(desk: Desk, subject: str) -> None:
    (task,) = mails(desk.send(subject=subject))
    assert mails(desk.give("mail.reply", task.id, actor="mayor", body="done"))[0].subject == subject


def test_reply_to_the_longest_subject_still_fits(desk: Desk) -> None:
    (task,) = mails(desk.send(subject="x" * 500))
    reply = mails(desk.give("mail.reply", task.id, actor="mayor", body="done"))[0]
    assert (len(reply.subject), reply.subject[:5]) == (500, "Re: x")


def test_reply_to_what_is_read_or_archived_changes_no_state(desk: Desk) -> None:
    for verb, status in (("mail.ack", "read"), ("mail.archive", "archived")):
        (task,) = mails(desk.send())
        desk.give(verb, task.id, actor="mayor")
        decision = desk.give("mail.reply", task.id, actor="mayor", body="done")
        assert actions(decision) == ["mail.sent"]
        found = desk.view.get(Mail, task.id)
        assert found is not None
        assert found.status == status


@pytest.mark.parametrize("verb", ["mail.reply", "mail.ack", "mail.archive"])
def test_mail_of_another_is_not_touched_but_by_an_operator(desk: Desk, verb: str) -> None:
    (task,) = mails(desk.send(sender="jade"))
    for actor in ("jade", "deacon"):
        decision = desk.give(verb, task.id, actor=actor, body="x")
        assert refusal(decision)[0] == "not_yours"
        assert isinstance(decision, Refused)
        assert decision.error is ForbiddenError
    assert isinstance(desk.give(verb, task.id, actor="MAYOR", body="x"), Plan)
    (other,) = mails(desk.send(sender="jade"))
    assert isinstance(desk.give(verb, other.id, actor="frank", body="x"), Plan)


@pytest.mark.parametrize("verb", ["mail.reply", "mail.ack", "mail.archive"])
def test_mail_that_is_none_is_not_found(desk: Desk, verb: str) -> None:
    for prefix in ("mai", "sig"):
        missing = derive_id(prefix, NOW, cause="missing")
        assert refusal(desk.give(verb, missing, actor="mayor", body="x")) == ("not_found", "/id")


@pytest.mark.parametrize(("body", "code"), [("", "text_missing"), ("x" * 70_000, "bad_field"), (7, "bad_field")])
def test_reply_without_a_text_or_with_none_that_fits_is_refused(desk: Desk, body: object, code: str) -> None:
    (task,) = mails(desk.send())
    assert refusal(desk.give("mail.reply", task.id, actor="mayor", body=body)) == (code, "/body")


def test_reply_to_the_engine_is_refused_with_where_to_say_it(desk: Desk) -> None:
    """Nobody reads there; an escalation has remarks."""
    bead, incident = derive_id("bea", NOW, cause="b"), derive_id("inc", NOW, cause="i")
    hints = {bead: f"prismfs escalate comment {bead} TEXT", incident: "prismfs mail send", None: "prismfs mail send"}
    for about, hint in hints.items():
        mail = desk.put(about=about)
        for decision in (
            desk.give("mail.reply", mail.id, actor="mayor", body="x"),
            desk.drop(sender="mayor", to="prismfs", in_reply_to=mail.id),
        ):
            assert refusal(decision)[0] == "not_answerable"
            assert isinstance(decision, Refused)
            assert str(decision.problem.hint).startswith(hint)


def test_dropped_reply_is_a_reply_like_any_other(desk: Desk) -> None:
    (task,) = mails(desk.drop(sender="jade"))
    decision = desk.drop(sender="mayor", to="Jade", subject="as you wish", in_reply_to=task.id)
    reply, answered = mails(decision)
    assert (reply.type, reply.subject, reply.thread_id, reply.in_reply_to) == ("reply", "as you wish", task.id, task.id)
    assert answered.status == "read"


@pytest.mark.parametrize(
    ("more", "code", "field"),
    [
        ({"type": "reply"}, "in_reply_to_missing", "/in_reply_to"),
        ({"in_reply_to": derive_id("mai", NOW, cause="missing")}, "unknown_parent", "/in_reply_to"),
        ({"in_reply_to": "$task", "type": "task"}, "not_a_reply", "/type"),
        ({"in_reply_to": "$task", "to": "deacon"}, "wrong_addressee", "/to"),
        ({"in_reply_to": "$task", "sender": "deacon"}, "not_yours", "/from"),
    ],
)
def test_dropped_reply_that_is_none_is_refused(desk: Desk, more: dict[str, str], code: str, field: str) -> None:
    (task,) = mails(desk.drop(sender="jade"))
    more = {name: task.id if value == "$task" else value for name, value in more.items()}
    assert refusal(desk.drop(**{"sender": "mayor", "to": "jade", **more})) == (code, field)


def test_archive_is_a_state_and_the_last_one(desk: Desk) -> None:
    """R-004-33: unread, read and archived are states; nothing is lost."""
    (task,) = mails(desk.send(body="by noon"))
    decision = desk.give("mail.archive", task.id, actor="mayor")
    assert actions(decision) == ["mail.archived"]
    (kept,) = mails(decision)
    assert (kept.status, kept.body) == ("archived", "by noon")
    for verb in ("mail.archive", "mail.ack"):
        assert isinstance(desk.give(verb, task.id, actor="mayor"), Nothing)
