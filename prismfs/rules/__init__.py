"""The rules. `decide` is a pure function: one view, one event and one now give one decision.

Read the table from the left: what happened to which kind of record, and which stages answer it, in order. A
stage is a function of the draft; it adds records and audit rows, or leaves what does not concern it alone.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from prismfs.errors import ConflictError, ForbiddenError, RecordError, RefusedError
from prismfs.kinds import kind_of_id
from prismfs.records.event import Event
from prismfs.records.plan import Decision, Nothing, Refused
from prismfs.records.view import View
from prismfs.rules.care import bridge, intake, judgement, knowledge, lanes, unclassified
from prismfs.rules.care.outbound_issue import approval, outbound_scan, sending, staging
from prismfs.rules.care.outbound_issue import follow as follow_issue
from prismfs.rules.core import authority, mailbox, observe, protected, roster
from prismfs.rules.core.draft import ENGINE, RULES_VERSION, Draft
from prismfs.rules.escalation import delivery, groups, lifecycle, silences, tiers
from prismfs.rules.gates import gate, hand_edit, submission
from prismfs.rules.response import (
    clock,
    closing,
    command_opening,
    go_no_go,
    merging,
    mitigation,
    opening,
    pauses,
    status,
    watchdog,
)
from prismfs.rules.response.jobs import attempts, failure
from prismfs.rules.response.jobs import run as job_run
from prismfs.rules.response.postmortem import action_reminder, actions, duty, storing
from prismfs.rules.work import bead_import, claims, items, links, todos

Stage = Callable[[Draft], Nothing | None]
"""Adds to the draft; a `Nothing` that it returns ends the decision."""

# What follows once a signal has its lane; every stage acts on one lane only.
_AFTER_LANE: tuple[Stage, ...] = (
    lanes.answer,
    opening.open_or_join,
    lanes.hand_to_owner,
    lanes.ask_for_lane,
)

STAGES: dict[tuple[str, str], tuple[Stage, ...]] = {
    ("drop", "signal"): (intake.accept_signal, intake.deliver_signal, lanes.sort_into_lane, *_AFTER_LANE),
    ("drop", "escalation"): (lifecycle.escalate,),
    ("drop", "todo"): (intake.accept_todo,),
    ("drop", "journal"): (intake.accept_journal,),
    ("drop", "task"): (items.create,),
    ("drop", "mail"): (mailbox.send_mail,),
    ("drop", "artifact"): (submission.submit_drop,),
    ("drop", "job_failure"): (failure.accept_failure,),
    ("drop", "refused"): (observe.refuse_file,),
    ("commit", "any"): (observe.observe_commit,),
    ("commit", "persona"): (protected.observe_roster,),
    ("commit", "review"): (protected.check_same_review, approval.take_review),
    ("commit", "decision"): (protected.check_same_decision, gate.take_decision),
    ("commit", "artifact"): (hand_edit.take_artifact,),
    ("commit", "signal"): (
        observe.take_up_signal,
        intake.deliver_signal,
        lanes.sort_into_lane,
        *_AFTER_LANE,
    ),
    ("bridge", "signal"): (bridge.receive, intake.deliver_signal, lanes.sort_into_lane, *_AFTER_LANE),
    ("command", "classify"): (lanes.overrule_lane, *_AFTER_LANE),
    ("command", "escalation"): (lifecycle.escalate,),
    ("command", "escalate.ack"): (lifecycle.acknowledge_escalation,),
    ("command", "escalate.close"): (lifecycle.close_escalation,),
    ("command", "escalate.unack"): (lifecycle.take_back,),
    ("command", "escalate.forward"): (tiers.forward,),
    ("command", "escalate.comment"): (tiers.remark, items.touch),
    ("command", "bead.create"): (items.create,),
    ("command", "bead.claim"): (claims.claim,),
    ("command", "bead.release"): (claims.release,),
    ("command", "bead.update"): (items.update,),
    ("command", "bead.close"): (items.close,),
    ("command", "bead.reopen"): (items.reopen,),
    ("command", "bead.dep"): (links.link, items.touch),
    ("command", "bead.comment"): (tiers.remark, items.touch),
    ("command", "bead.import"): (bead_import.take_in,),
    ("command", "outbox.retry"): (delivery.send_again,),
    ("command", "silence.add"): (silences.add_silence,),
    ("command", "silence.change"): (silences.change_silence,),
    ("command", "silence.expire"): (silences.expire_silence,),
    ("command", "job.run"): (job_run.run,),
    ("command", "incident.ack"): (opening.acknowledge_incident, lifecycle.follow_incident),
    ("command", "incident.resolve"): (
        opening.resolve_incident,
        judgement.end_triage,
        lifecycle.follow_incident,
        duty.commission,
        pauses.follow_incident,
        attempts.follow_incident,
    ),
    ("command", "incident.triage"): (judgement.judge_incident,),
    ("command", "incident.open"): (command_opening.open_by_command,),
    ("command", "incident.mitigate"): (mitigation.mitigate_incident,),
    ("command", "incident.reopen"): (closing.reopen_incident,),
    ("command", "incident.close"): (
        closing.close_incident,
        lifecycle.follow_incident,
        pauses.follow_incident,
        attempts.follow_incident,
    ),
    ("command", "incident.merge"): (
        merging.merge_incident,
        lifecycle.follow_incident,
        pauses.follow_incident,
        attempts.follow_incident,
    ),
    ("command", "incident.update"): (status.update,),
    ("command", "incident.note"): (status.note,),
    ("command", "incident.pause"): (pauses.pause,),
    ("command", "incident.unpause"): (pauses.unpause, attempts.follow_pause),
    ("command", "incident.decide"): (go_no_go.decide_on_action,),
    ("command", "phase.submit"): (submission.submit_command,),
    ("command", "gate.approve"): (gate.approve,),
    ("command", "gate.revise"): (gate.revise,),
    ("command", "signal.ack"): (unclassified.acknowledge_signal,),
    ("command", "mail.send"): (mailbox.send_mail,),
    ("command", "mail.reply"): (mailbox.reply_to_mail,),
    ("command", "mail.ack"): (mailbox.acknowledge_mail, unclassified.note_reading),
    ("command", "mail.archive"): (mailbox.archive_mail,),
    ("command", "kb.add"): (knowledge.add_article,),
    ("command", "todo.add"): (intake.accept_todo,),
    ("command", "todo.done"): (todos.finish_todo,),
    ("command", "journal.add"): (intake.accept_journal,),
    ("command", "review.store"): (storing.store,),
    ("command", "action.done"): (actions.finish,),
    ("command", "roster.propose"): (roster.propose,),
    ("command", "phone_home.stage"): (staging.stage,),
    ("command", "phone_home.approve"): (approval.approve,),
    ("command", "phone_home.reject"): (approval.reject,),
    ("command", "phone_home.request_changes"): (approval.request_changes,),
    ("command", "phone_home.send"): (sending.send,),
    ("command", "phone_home.withdraw"): (sending.withdraw,),
    ("due", "bead"): (action_reminder.bead_due,),
    ("due", "silence"): (silences.silence_due,),
    ("due", "group"): (groups.flush,),
    ("due", "outbox"): (delivery.nothing_heard,),
    ("due", "incident"): (clock.incident_due,),
    ("due", "signal"): (unclassified.remind_of_signal,),
    ("due", "triage_record"): (judgement.triage_due,),
    ("due", "phone_home"): (outbound_scan.draft_due, approval.review_due, sending.send_due),
    ("delivery", "outbox"): (delivery.record_receipt,),
    ("sync", "phone_home"): (follow_issue.follow,),
    ("watchdog", "engine"): (watchdog.engine_stopped,),
}

_FREE_FOR_ALL = {
    *("escalation", "escalate.comment", "signal.ack", "todo.add", "todo.done", "journal.add"),
    *("phase.submit", "review.store", "action.done"),
    *("incident.note", "job.run"),
    *(f"mail.{verb}" for verb in ("send", "reply", "ack", "archive")),
    *(f"bead.{verb}" for verb in ("create", "claim", "release", "update", "close", "reopen", "dep", "comment")),
    *(f"phone_home.{verb}" for verb in ("stage", "send", "withdraw", "approve", "reject", "request_changes")),
}
"""Commands that every identity may give: asking for help must never need a right, nor one's own mailbox; of
beads and todos, the stages themselves look whose they are, of phone-homes, who is incident manager and operator."""

_ACK_VERBS = {"incident": "incident.ack", "bead": "escalate.ack", "mail": "mail.ack", "signal": "signal.ack"}
_RESULT_VERBS = {"signal": "classify", "incident": "incident.triage"}
_COMMENT_VERBS = {"bead": "escalate.comment", "incident": "incident.note"}
_DROPPED_VERBS = {"ack": _ACK_VERBS, "task_result": _RESULT_VERBS, "comment": _COMMENT_VERBS}
_OF_ANOTHER_KIND = {"ack": "not_acknowledgeable", "task_result": "not_a_task", "comment": "not_commentable"}
"""Forms that are dropped in place of a command: the command for each kind of record that they may name."""


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
    if event.type == "drop" and kind in _DROPPED_VERBS:
        # A dropped acknowledgement or result is the command of the same name, by the identity that it claims.
        form, verbs = intake.form_of(draft), _DROPPED_VERBS[kind]
        target = kind_of_id(str(getattr(form, "id")))  # noqa: B009
        if target.name not in verbs:
            hint = f"it is for: {', '.join(verbs)}"
            raise RefusedError(_OF_ANOTHER_KIND[kind], f"a {target.name} takes no {kind}", field="/id", hint=hint)
        kind = verbs[target.name]
        draft.event = event.changed(document=event.document | form.to_document())
        if kind not in _FREE_FOR_ALL:
            authority.check(draft, kind)
        return STAGES["command", kind]
    if event.type == "command" and kind not in _FREE_FOR_ALL:
        authority.check(draft, kind)
    return STAGES.get((event.type, kind), (_unknown,))


def _unknown(draft: Draft) -> None:
    if draft.event.type == "drop":
        intake.form_of(draft)
    raise RecordError("unknown_kind", f"no rule answers {draft.event.type} {draft.event.kind}", field="/kind")


__all__ = ["ENGINE", "RULES_VERSION", "STAGES", "decide"]
