"""The rules. `decide` is a pure function: one view, one event and one now give one decision.

Read the table from the left: what happened to which kind of record, and which stages answer it, in order. A
stage is a function of the draft; it adds records and audit rows, or leaves what does not concern it alone.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from prismfs.decide import (
    accept,
    authority,
    chain,
    claim,
    depend,
    escalation,
    groups,
    incident,
    issue_line,
    mailbox,
    observe,
    outcome,
    silences,
    triage,
    work,
)
from prismfs.decide.draft import ENGINE, RULES_VERSION, Draft
from prismfs.errors import ConflictError, ForbiddenError, RecordError, RefusedError
from prismfs.kinds import kind_of_id
from prismfs.records.event import Event
from prismfs.records.plan import Decision, Nothing, Refused
from prismfs.records.view import View

Stage = Callable[[Draft], Nothing | None]
"""Adds to the draft; a `Nothing` that it returns ends the decision."""

# What follows once a signal has its lane; every stage acts on one lane only.
_AFTER_LANE: tuple[Stage, ...] = (
    triage.answer,
    incident.open_or_join,
    triage.hand_to_owner,
    triage.ask_for_lane,
)

STAGES: dict[tuple[str, str], tuple[Stage, ...]] = {
    ("drop", "signal"): (accept.accept_signal, accept.deliver_signal, triage.sort_into_lane, *_AFTER_LANE),
    ("drop", "escalation"): (escalation.escalate,),
    ("drop", "todo"): (accept.accept_todo,),
    ("drop", "journal"): (accept.accept_journal,),
    ("drop", "comment"): (chain.remark, work.touch),
    ("drop", "task"): (work.create,),
    ("drop", "mail"): (mailbox.send_mail,),
    ("drop", "refused"): (observe.refuse_file,),
    ("commit", "any"): (observe.observe_commit,),
    ("commit", "signal"): (
        observe.take_up_signal,
        accept.deliver_signal,
        triage.sort_into_lane,
        *_AFTER_LANE,
    ),
    ("command", "classify"): (triage.overrule_lane, *_AFTER_LANE),
    ("command", "escalation"): (escalation.escalate,),
    ("command", "escalate.ack"): (escalation.acknowledge_escalation,),
    ("command", "escalate.close"): (escalation.close_escalation,),
    ("command", "escalate.unack"): (escalation.take_back,),
    ("command", "escalate.forward"): (chain.forward,),
    ("command", "escalate.comment"): (chain.remark, work.touch),
    ("command", "bead.create"): (work.create,),
    ("command", "bead.claim"): (claim.claim,),
    ("command", "bead.release"): (claim.release,),
    ("command", "bead.update"): (work.update,),
    ("command", "bead.close"): (work.close,),
    ("command", "bead.reopen"): (work.reopen,),
    ("command", "bead.dep"): (depend.link, work.touch),
    ("command", "bead.comment"): (chain.remark, work.touch),
    ("command", "bead.import"): (issue_line.take_in,),
    ("command", "outbox.retry"): (outcome.send_again,),
    ("command", "silence.add"): (silences.add_silence,),
    ("command", "silence.change"): (silences.change_silence,),
    ("command", "silence.expire"): (silences.expire_silence,),
    ("command", "incident.ack"): (incident.acknowledge_incident, escalation.follow_incident),
    ("command", "incident.resolve"): (incident.resolve_incident, escalation.follow_incident),
    ("command", "mail.send"): (mailbox.send_mail,),
    ("command", "mail.reply"): (mailbox.reply_to_mail,),
    ("command", "mail.ack"): (mailbox.acknowledge_mail,),
    ("command", "mail.archive"): (mailbox.archive_mail,),
    ("due", "bead"): (escalation.escalation_due,),
    ("due", "silence"): (silences.silence_due,),
    ("due", "group"): (groups.flush,),
    ("due", "outbox"): (outcome.nothing_heard,),
    ("due", "incident"): (incident.overdue_incident,),
    ("due", "signal"): (triage.remind_of_signal,),
    ("delivery", "outbox"): (outcome.record_receipt,),
}

_FREE_FOR_ALL = {"escalation", "escalate.comment", "mail.send", "mail.reply", "mail.ack", "mail.archive"} | {
    f"bead.{verb}" for verb in ("create", "claim", "release", "update", "close", "reopen", "dep", "comment")
}
"""Commands that every identity may give: asking for help must never need a right, nor one's own mailbox; of
beads, the stages themselves look whose they are."""

_ACK_VERBS = {"incident": "incident.ack", "bead": "escalate.ack", "mail": "mail.ack"}


def decide(view: View, event: Event, now: datetime) -> Decision:
    """Return what `event` means for the project that `view` shows, as of `now`.

    A plan is to be committed; `Refused` carries the problem; `Nothing` says that all is so already. An event
    whose cause is answered in the history gives `Nothing`, so that it may be offered any number of times.

    Raises:
        ConfigError: a setting is invalid; nothing can be decided until it is mended, and nothing is refused
            for it.
    """
    if view.handled(event.cause):
        return Nothing("handled already")
    draft = Draft(view, event, now)
    try:
        for stage in _stages(draft):
            ended = stage(draft)
            if ended is not None:
                return ended
    except (RecordError, RefusedError, ForbiddenError, ConflictError) as error:
        return Refused(error.problem, type(error))
    return draft.plan()


def _stages(draft: Draft) -> tuple[Stage, ...]:
    event = draft.event
    kind = event.kind
    authority.check_name(draft)
    if event.type == "drop" and kind == "ack":
        # A dropped acknowledgement is the command of the same name, by the identity that it claims.
        form = accept.form_of(draft)
        target = kind_of_id(str(getattr(form, "id")))  # noqa: B009
        if target.name not in _ACK_VERBS:
            raise RefusedError("not_acknowledgeable", f"a {target.name} cannot be acknowledged", field="/id")
        kind = _ACK_VERBS[target.name]
        draft.event = event.changed(document=event.document | form.to_document())
        if kind not in _FREE_FOR_ALL:
            authority.check(draft, kind)
        return STAGES["command", kind]
    if event.type == "command" and kind not in _FREE_FOR_ALL:
        authority.check(draft, kind)
    return STAGES.get((event.type, kind), (_unknown,))


def _unknown(draft: Draft) -> None:
    if draft.event.type == "drop":
        accept.form_of(draft)
    raise RecordError("unknown_kind", f"no rule answers {draft.event.type} {draft.event.kind}", field="/kind")


__all__ = ["ENGINE", "RULES_VERSION", "STAGES", "decide"]
