"""The rules. `decide` is a pure function: one view, one event and one now give one decision.

Read the table from the left: what happened to which kind of record, and which stages answer it, in order. A
stage is a function of the draft; it adds records and audit rows, or leaves what does not concern it alone.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from prismfs.decide import (
    accept,
    action_items,
    action_reminder,
    artifact_edit,
    attempt,
    authority,
    bridge,
    chain,
    claim,
    depend,
    escalation,
    follow_issue,
    gate,
    go_no_go,
    groups,
    incident,
    incident_clock,
    incident_end,
    incident_open,
    incident_update,
    issue_line,
    job_failure,
    job_run,
    knowledge,
    looked_through,
    mailbox,
    merge,
    mitigation,
    observe,
    outcome,
    pause,
    phase,
    phone_home,
    post_incident,
    protected,
    review,
    review_duty,
    roster,
    silences,
    staging,
    todo,
    triage,
    triage_answer,
    unsorted,
    watchdog,
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
    ("drop", "task"): (work.create,),
    ("drop", "mail"): (mailbox.send_mail,),
    ("drop", "artifact"): (phase.submit_drop,),
    ("drop", "job_failure"): (job_failure.accept_failure,),
    ("drop", "refused"): (observe.refuse_file,),
    ("commit", "any"): (observe.observe_commit,),
    ("commit", "persona"): (protected.observe_roster,),
    ("commit", "review"): (protected.check_same_review, review.take_review),
    ("commit", "decision"): (protected.check_same_decision, gate.take_decision),
    ("commit", "artifact"): (artifact_edit.take_artifact,),
    ("commit", "signal"): (
        observe.take_up_signal,
        accept.deliver_signal,
        triage.sort_into_lane,
        *_AFTER_LANE,
    ),
    ("bridge", "signal"): (bridge.receive, accept.deliver_signal, triage.sort_into_lane, *_AFTER_LANE),
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
    ("command", "job.run"): (job_run.run,),
    ("command", "incident.ack"): (incident.acknowledge_incident, escalation.follow_incident),
    ("command", "incident.resolve"): (
        incident.resolve_incident,
        triage_answer.end_triage,
        escalation.follow_incident,
        review_duty.commission,
        pause.follow_incident,
        attempt.follow_incident,
    ),
    ("command", "incident.triage"): (triage_answer.judge_incident,),
    ("command", "incident.open"): (incident_open.open_by_command,),
    ("command", "incident.mitigate"): (mitigation.mitigate_incident,),
    ("command", "incident.reopen"): (incident_end.reopen_incident,),
    ("command", "incident.close"): (
        incident_end.close_incident,
        escalation.follow_incident,
        pause.follow_incident,
        attempt.follow_incident,
    ),
    ("command", "incident.merge"): (
        merge.merge_incident,
        escalation.follow_incident,
        pause.follow_incident,
        attempt.follow_incident,
    ),
    ("command", "incident.update"): (incident_update.update,),
    ("command", "incident.note"): (incident_update.note,),
    ("command", "incident.pause"): (pause.pause,),
    ("command", "incident.unpause"): (pause.unpause, attempt.follow_pause),
    ("command", "incident.decide"): (go_no_go.decide_on_action,),
    ("command", "phase.submit"): (phase.submit_command,),
    ("command", "gate.approve"): (gate.approve,),
    ("command", "gate.revise"): (gate.revise,),
    ("command", "signal.ack"): (unsorted.acknowledge_signal,),
    ("command", "mail.send"): (mailbox.send_mail,),
    ("command", "mail.reply"): (mailbox.reply_to_mail,),
    ("command", "mail.ack"): (mailbox.acknowledge_mail, unsorted.note_reading),
    ("command", "mail.archive"): (mailbox.archive_mail,),
    ("command", "kb.add"): (knowledge.add_article,),
    ("command", "todo.add"): (accept.accept_todo,),
    ("command", "todo.done"): (todo.finish_todo,),
    ("command", "journal.add"): (accept.accept_journal,),
    ("command", "review.store"): (post_incident.store,),
    ("command", "action.done"): (action_items.finish,),
    ("command", "roster.propose"): (roster.propose,),
    ("command", "phone_home.stage"): (staging.stage,),
    ("command", "phone_home.approve"): (review.approve,),
    ("command", "phone_home.reject"): (review.reject,),
    ("command", "phone_home.request_changes"): (review.request_changes,),
    ("command", "phone_home.send"): (phone_home.send,),
    ("command", "phone_home.withdraw"): (phone_home.withdraw,),
    ("due", "bead"): (action_reminder.bead_due,),
    ("due", "silence"): (silences.silence_due,),
    ("due", "group"): (groups.flush,),
    ("due", "outbox"): (outcome.nothing_heard,),
    ("due", "incident"): (incident_clock.incident_due,),
    ("due", "signal"): (unsorted.remind_of_signal,),
    ("due", "triage_record"): (triage_answer.triage_due,),
    ("due", "phone_home"): (looked_through.draft_due, review.review_due, phone_home.send_due),
    ("delivery", "outbox"): (outcome.record_receipt,),
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
        form, verbs = accept.form_of(draft), _DROPPED_VERBS[kind]
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
        accept.form_of(draft)
    raise RecordError("unknown_kind", f"no rule answers {draft.event.type} {draft.event.kind}", field="/kind")


__all__ = ["ENGINE", "RULES_VERSION", "STAGES", "decide"]
