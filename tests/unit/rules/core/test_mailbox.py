"""The rules of the mailboxes, asked directly: pure functions over a view in memory."""

from __future__ import annotations

from typing import Any

import pytest

from prismfs.errors import ForbiddenError
from prismfs.kinds.core.audit import Audit
from prismfs.kinds.core.mail import Mail
from prismfs.records.api import Decision, Nothing, Plan, Refused, derive_id
from tests.support.memory import NOW, MemoryProject, puts


class Mailboxes(MemoryProject):
    """A project in memory, and the hands that write and answer mail."""

    def answer(self, verb: str, identifier: str, *, actor: str, **more: Any) -> Decision:
        return self.give(verb, {"id": identifier, **more}, actor=actor)

    def drop_mail(self, *, sender: str = "deacon", to: str = "mayor", **more: Any) -> Decision:
        return self.drop({"kind": "mail", "from": sender, "to": to, "subject": "rotate the key", **more}, proven=True)

    def send(self, *, sender: str = "deacon", to: str = "mayor", **more: Any) -> Decision:
        form = {"kind": "mail", "from": sender, "to": to, "subject": "rotate the key", **more}
        return self.give("mail.send", {"document": form}, actor=sender)

    def put_mail(self, **changes: Any) -> Mail:
        """Put a mail of the engine past every rule."""
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
        return self.put(Mail.model_validate(document | changes))


@pytest.fixture
def desk() -> Mailboxes:
    return Mailboxes()


def mails(decision: Decision) -> list[Mail]:
    return puts(decision, Mail)


def actions(decision: Decision) -> list[str]:
    return [row.action for row in puts(decision, Audit)]


def refusal(decision: Decision) -> tuple[str, str | None]:
    assert isinstance(decision, Refused), decision
    return decision.problem.code, decision.problem.field


@pytest.mark.parametrize("way", ["send", "drop_mail"])
def test_send_mail_is_unread_in_the_mailbox_and_begins_a_thread(desk: Mailboxes, way: str) -> None:
    """R-004-33: what is not given is left out of the file."""
    decision = getattr(desk, way)(type="task", priority="urgent", body="by noon")
    (mail,) = mails(decision)
    assert (mail.sender, mail.to, mail.type, mail.priority) == ("deacon", "mayor", "task", "urgent")
    assert (mail.subject, mail.body, mail.status) == ("rotate the key", "by noon", "unread")
    assert not {"thread_id", "in_reply_to", "about"} & mail.to_document().keys()
    assert actions(decision) == ["mail.sent"]


def test_send_mail_of_somebody_not_in_the_roster_needs_no_right(desk: Mailboxes) -> None:
    (mail,) = mails(desk.send(sender="jade"))
    assert (mail.type, mail.priority) == ("notification", "normal")


@pytest.mark.parametrize("way", ["send", "drop_mail"])
@pytest.mark.parametrize("to", ["nobody", "prismfs", "jade"])
def test_send_mail_to_nobody_is_refused(desk: Mailboxes, way: str, to: str) -> None:
    """R-000-66: never delivered to nobody."""
    assert refusal(getattr(desk, way)(to=to)) == ("unknown_identity", "/to")


@pytest.mark.parametrize("to", ["Mayor", "SAGE", "frank", "Frank"])
def test_send_mail_to_a_persona_or_an_operator_in_any_case(desk: Mailboxes, to: str) -> None:
    assert [mail.to for mail in mails(desk.send(to=to))] == [to]


@pytest.mark.parametrize(
    ("more", "field"),
    [({"type": "shout"}, "/type"), ({"priority": "now"}, "/priority"), ({"colour": "red"}, "/colour")],
)
def test_send_mail_with_a_wrong_word_names_the_field(desk: Mailboxes, more: dict[str, str], field: str) -> None:
    assert refusal(desk.drop_mail(**more))[1] == field


def test_send_mail_under_another_name_is_from_whom_acts(desk: Mailboxes) -> None:
    form = {"kind": "mail", "from": "prismfs", "to": "mayor", "subject": "x"}
    (mail,) = mails(desk.give("mail.send", {"document": form}, actor="jade"))
    assert mail.sender == "jade"
    assert refusal(desk.send(sender="Prismfs"))[0] == "reserved_identity"


def test_reply_goes_to_the_sender_in_the_thread_and_marks_the_answered_one(desk: Mailboxes) -> None:
    """R-004-33."""
    about = derive_id("inc", NOW, cause="x")
    (task,) = mails(desk.send(sender="jade", type="task", about=about))
    decision = desk.answer("mail.reply", task.id, actor="mayor", body="done", priority="high")
    reply, answered = mails(decision)
    assert (reply.sender, reply.to, reply.type, reply.priority) == ("mayor", "jade", "reply", "high")
    assert (reply.subject, reply.body, reply.about) == ("Re: rotate the key", "done", about)
    assert (reply.thread_id, reply.in_reply_to) == (task.id, task.id)
    assert (answered.id, answered.status) == (task.id, "read")
    assert actions(decision) == ["mail.sent", "mail.read"]


def test_reply_to_a_reply_keeps_thread_and_subject(desk: Mailboxes) -> None:
    (task,) = mails(desk.send())
    first = mails(desk.answer("mail.reply", task.id, actor="mayor", body="which one?"))[0]
    second = mails(desk.answer("mail.reply", first.id, actor="deacon", body="the old one"))[0]
    assert (second.to, second.subject) == ("mayor", "Re: rotate the key")
    assert (second.thread_id, second.in_reply_to) == (task.id, first.id)


@pytest.mark.parametrize("subject", ["RE: rotate", "re: rotate", "Re:rotate"])
def test_reply_subject_has_one_re_whoever_wrote_it(desk: Mailboxes, subject: str) -> None:
    (task,) = mails(desk.send(subject=subject))
    assert mails(desk.answer("mail.reply", task.id, actor="mayor", body="done"))[0].subject == subject


def test_reply_to_the_longest_subject_still_fits(desk: Mailboxes) -> None:
    (task,) = mails(desk.send(subject="x" * 500))
    reply = mails(desk.answer("mail.reply", task.id, actor="mayor", body="done"))[0]
    assert (len(reply.subject), reply.subject[:5]) == (500, "Re: x")


def test_reply_to_what_is_read_or_archived_changes_no_state(desk: Mailboxes) -> None:
    for verb, status in (("mail.ack", "read"), ("mail.archive", "archived")):
        (task,) = mails(desk.send())
        desk.answer(verb, task.id, actor="mayor")
        decision = desk.answer("mail.reply", task.id, actor="mayor", body="done")
        assert actions(decision) == ["mail.sent"]
        found = desk.view.get(Mail, task.id)
        assert found is not None
        assert found.status == status


@pytest.mark.parametrize("verb", ["mail.reply", "mail.ack", "mail.archive"])
def test_mail_of_another_is_not_touched_but_by_an_operator(desk: Mailboxes, verb: str) -> None:
    (task,) = mails(desk.send(sender="jade"))
    for actor in ("jade", "deacon"):
        decision = desk.answer(verb, task.id, actor=actor, body="x")
        assert refusal(decision)[0] == "not_yours"
        assert isinstance(decision, Refused)
        assert decision.error is ForbiddenError
    assert isinstance(desk.answer(verb, task.id, actor="MAYOR", body="x"), Plan)
    (other,) = mails(desk.send(sender="jade"))
    assert isinstance(desk.answer(verb, other.id, actor="frank", body="x"), Plan)


@pytest.mark.parametrize("verb", ["mail.reply", "mail.ack", "mail.archive"])
def test_mail_that_is_none_is_not_found(desk: Mailboxes, verb: str) -> None:
    for prefix in ("mai", "sig"):
        missing = derive_id(prefix, NOW, cause="missing")
        assert refusal(desk.answer(verb, missing, actor="mayor", body="x")) == ("not_found", "/id")


@pytest.mark.parametrize(("body", "code"), [("", "text_missing"), ("x" * 70_000, "bad_field"), (7, "bad_field")])
def test_reply_without_a_text_or_with_none_that_fits_is_refused(desk: Mailboxes, body: object, code: str) -> None:
    (task,) = mails(desk.send())
    assert refusal(desk.answer("mail.reply", task.id, actor="mayor", body=body)) == (code, "/body")


def test_reply_to_the_engine_is_refused_with_where_to_say_it(desk: Mailboxes) -> None:
    """Nobody reads there; an escalation has remarks."""
    bead, incident = derive_id("bea", NOW, cause="b"), derive_id("inc", NOW, cause="i")
    hints = {bead: f"prismfs escalate comment {bead} TEXT", incident: "prismfs mail send", None: "prismfs mail send"}
    for about, hint in hints.items():
        mail = desk.put_mail(about=about)
        for decision in (
            desk.answer("mail.reply", mail.id, actor="mayor", body="x"),
            desk.drop_mail(sender="mayor", to="prismfs", in_reply_to=mail.id),
        ):
            assert refusal(decision)[0] == "not_answerable"
            assert isinstance(decision, Refused)
            assert str(decision.problem.hint).startswith(hint)


def test_dropped_reply_is_a_reply_like_any_other(desk: Mailboxes) -> None:
    (task,) = mails(desk.drop_mail(sender="jade"))
    decision = desk.drop_mail(sender="mayor", to="Jade", subject="as you wish", in_reply_to=task.id)
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
def test_dropped_reply_that_is_none_is_refused(desk: Mailboxes, more: dict[str, str], code: str, field: str) -> None:
    (task,) = mails(desk.drop_mail(sender="jade"))
    more = {name: task.id if value == "$task" else value for name, value in more.items()}
    assert refusal(desk.drop_mail(**{"sender": "mayor", "to": "jade", **more})) == (code, field)


def test_archive_is_a_state_and_the_last_one(desk: Mailboxes) -> None:
    """R-004-33: unread, read and archived are states; nothing is lost."""
    (task,) = mails(desk.send(body="by noon"))
    decision = desk.answer("mail.archive", task.id, actor="mayor")
    assert actions(decision) == ["mail.archived"]
    (kept,) = mails(decision)
    assert (kept.status, kept.body) == ("archived", "by noon")
    for verb in ("mail.archive", "mail.ack"):
        assert isinstance(desk.answer(verb, task.id, actor="mayor"), Nothing)
