"""Mailboxes: messages between identities of the project, sent, answered, read and put away (R-004-33).

Each step is a state of the record; none of them removes it.
"""

from prismfs.errors import RefusedError
from prismfs.kinds import kind_of_id
from prismfs.kinds.core.mail import Mail, MailDrop
from prismfs.kinds.work.bead import KIND as BEAD
from prismfs.records.api import ENGINE, Nothing
from prismfs.rules.core import authority
from prismfs.rules.core.draft import Draft, form_of, one_line, redactions_of, taken_out


def send_mail(draft: Draft) -> None:
    """Keep a mail that was dropped or given as a command; one that names `in_reply_to` is a reply.

    Raises:
        RefusedError: `unknown_identity`, or a reply that is none.
    """
    form = form_of(draft)
    assert isinstance(form, MailDrop)
    if form.in_reply_to is None:
        if form.type == "reply":
            raise RefusedError(
                "in_reply_to_missing", "a reply names the mail that it answers", field="/in_reply_to", hint="its id"
            )
        authority.check_addressee(draft, form.to)
        _keep(draft, form)
        return
    answered = draft.get(Mail, form.in_reply_to)
    if answered is None:
        raise RefusedError(
            "unknown_parent", "answers a mail that is not here", field="/in_reply_to", hint="prismfs list mail"
        )
    _check_may_answer(draft, answered, field="/in_reply_to")
    if form.type not in (None, "reply"):
        raise RefusedError("not_a_reply", "what answers a mail is of type reply", field="/type", hint="leave it out")
    if form.to.casefold() != answered.sender.casefold():
        raise RefusedError(
            "wrong_addressee", "a reply goes to the sender of the mail that it answers", field="/to",
            hint=f"to: {answered.sender}, or leave in_reply_to out",
        )  # fmt: skip
    _keep(draft, form, answered)


def reply_to_mail(draft: Draft) -> None:
    """Answer a mail: to its sender, in its thread; the answered one is read thereby."""
    document = draft.event.document
    answered = draft.need(Mail, str(document["id"]))
    _check_may_answer(draft, answered, field="/id")
    if not document.get("body"):
        raise RefusedError("text_missing", "a reply says something", field="/body", hint="--body TEXT")
    subject = answered.subject
    form = MailDrop.from_document(
        {
            "kind": "mail", "from": draft.event.actor, "to": answered.sender,
            "priority": document.get("priority") or "normal",
            "subject": one_line(subject if subject.casefold().startswith("re:") else f"Re: {subject}"),
            "body": document["body"], "in_reply_to": answered.id, "about": answered.about,
        }
    )  # fmt: skip
    _keep(draft, form, answered)


def acknowledge_mail(draft: Draft) -> Nothing | None:
    """Mark a mail as read; it stays where it is (R-000-13)."""
    mail = _own_mail(draft)
    if mail.status != "unread":
        return Nothing(f"the mail is {mail.status} already", mail.id)
    draft.subject = draft.put(mail.changed(status="read"))
    draft.because("read", "read")
    draft.row("mail.read", draft.subject)
    return None


def archive_mail(draft: Draft) -> Nothing | None:
    """Put a mail away, read or not: listings of the mailbox leave it out, history keeps it."""
    mail = _own_mail(draft)
    if mail.status == "archived":
        return Nothing("the mail is archived already", mail.id)
    draft.subject = draft.put(mail.changed(status="archived"))
    draft.because("archive", f"put away by {draft.event.actor}")
    draft.row("mail.archived", draft.subject)
    return None


def _own_mail(draft: Draft) -> Mail:
    mail = draft.need(Mail, str(draft.event.document["id"]))
    authority.check_own(draft, mail.to)
    return mail


def _check_may_answer(draft: Draft, answered: Mail, *, field: str) -> None:
    authority.check_own(draft, answered.to)
    if answered.sender.casefold() != ENGINE:
        return
    about = answered.about
    if about is not None and kind_of_id(about) is BEAD:
        hint = f"prismfs escalate comment {about} TEXT"
    else:
        hint = "prismfs mail send --to NAME writes to somebody"
    raise RefusedError("not_answerable", f"it is from {ENGINE} itself, where nobody reads", field=field, hint=hint)


def _keep(draft: Draft, form: MailDrop, answered: Mail | None = None) -> None:
    """Put the mail that `form` asks for; the sender is the acting identity, not what the form says."""
    sender = draft.event.actor
    mail = draft.put(
        Mail.model_validate(
            form.model_dump(exclude={"kind", "version"})
            | {
                "id": draft.new_id("mai"), "sender": sender, "sender_known": draft.event.known(sender),
                "type": form.type or ("notification" if answered is None else "reply"),
                "thread_id": None if answered is None else answered.thread_id or answered.id, "created_at": draft.now,
                "status": "unread",
            }
        )
    )  # fmt: skip
    draft.subject = mail
    draft.because("send" if answered is None else "reply", f"{sender} writes to {mail.to}")
    redacted = taken_out(redactions_of(draft))
    draft.row(
        "mail.sent",
        mail,
        meta={"to": mail.to, "type": mail.type, "priority": mail.priority, "redacted": redacted},
    )
    if answered is not None and answered.status == "unread":
        read = draft.put(answered.changed(status="read"))
        draft.row("mail.read", read, reason="it is answered")
