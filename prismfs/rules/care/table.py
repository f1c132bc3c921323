"""The rows of the family `care`: which stages answer what, and who may cause it."""

from functools import partial

from prismfs.rules.care import bridge, intake, judgement, knowledge, lanes, replies, triage
from prismfs.rules.care.outbound_issue import approval, checks, follow, receipts, sending, staging
from prismfs.rules.core.api import AskForTriage, Assess, IncidentOver, Reply, ReplyToReporters, mailbox, signoff
from prismfs.rules.core.road import Row, Stage, Step, Table

# What follows once a signal has its lane; every stage acts on one lane only.
_AFTER_LANE: tuple[Stage, ...] = (knowledge.answer, lanes.report_fault, lanes.hand_to_owner, lanes.ask_for_lane)

_ACCEPT: tuple[Stage, ...] = (intake.accept_signal, intake.deliver_signal, lanes.sort_into_lane, *_AFTER_LANE)

TABLE: Table = {
    ("drop", "signal"): Row(_ACCEPT),
    ("command", "signal.send"): Row(_ACCEPT, right="anyone"),
    ("commit", "signal"): Row((intake.accept_committed, intake.deliver_signal, lanes.sort_into_lane, *_AFTER_LANE)),
    ("bridge", "signal"): Row((bridge.receive, intake.deliver_signal, lanes.sort_into_lane, *_AFTER_LANE)),
    ("command", "classify"): Row((lanes.overrule_lane, *_AFTER_LANE), dropped_as=("task_result", "signal")),
    ("command", "signal.ack"): Row((lanes.acknowledge_signal,), right="anyone", dropped_as=("ack", "signal")),
    ("command", "mail.ack"): Row(
        (mailbox.acknowledge_mail, lanes.note_reading), right="anyone", dropped_as=("ack", "mail")
    ),
    ("command", "kb.add"): Row((knowledge.add_article,)),
    ("command", "incident.triage"): Row((judgement.judge_incident,), dropped_as=("task_result", "incident")),
    ("due", "signal"): Row((lanes.remind_of_signal,)),
    ("due", "triage_record"): Row((judgement.triage_due,)),
    ("commit", "approval"): Row(
        (partial(signoff.decide_by_file, signoff=approval.OUTGOING_ISSUE),),
        refused=partial(signoff.refuse_file, signoff=approval.OUTGOING_ISSUE),
    ),
    ("command", "phone_home.stage"): Row((staging.stage,), right="anyone"),
    ("command", "phone_home.approve"): Row(
        (partial(signoff.decide_by_command, signoff=approval.OUTGOING_ISSUE, decision="approve"),), right="anyone"
    ),
    ("command", "phone_home.reject"): Row(
        (partial(signoff.decide_by_command, signoff=approval.OUTGOING_ISSUE, decision="reject"),), right="anyone"
    ),
    ("command", "phone_home.request_changes"): Row(
        (partial(signoff.decide_by_command, signoff=approval.OUTGOING_ISSUE, decision="request_changes"),),
        right="anyone",
    ),
    ("command", "phone_home.send"): Row((sending.send,), right="anyone"),
    ("command", "phone_home.withdraw"): Row((sending.withdraw,), right="anyone"),
    ("due", "phone_home"): Row((checks.draft_due, approval.approval_due, sending.send_due)),
    ("delivery", "outbox:bridge"): Row((bridge.note_receipt,)),
    ("delivery", "outbox:tracker"): Row((receipts.note_receipt,)),
    ("due", "outbox:bridge"): Row((bridge.nothing_heard,)),
    ("due", "outbox:tracker"): Row((receipts.nothing_heard,)),
    ("command", "outbox.retry:bridge"): Row((bridge.carry_again,)),
    ("command", "outbox.retry:tracker"): Row((receipts.refuse_retry,)),
    ("sync", "phone_home"): Row((follow.follow_issue,)),
}

STEPS: tuple[Step, ...] = (
    Step("assess", Assess, triage.assess),
    Step("assess", AskForTriage, triage.ask_again),
    Step("assess", IncidentOver, triage.end_with_incident),
    Step("assess", staging.StageIssue, staging.stage_issue),
    Step("assess", staging.WithdrawIssue, staging.withdraw_issue),
    Step("reply", Reply, replies.send_reply),
    Step("reply", ReplyToReporters, replies.send_replies),
)
