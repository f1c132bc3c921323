"""The rows of the family `care`: which stages answer what, and who may cause it."""

from __future__ import annotations

from prismfs.rules.care import bridge, intake, judgement, knowledge, lanes, replies, unclassified
from prismfs.rules.care.outbound_issue import approval, follow, outbound_scan, sending, staging
from prismfs.rules.core import mailbox, protected
from prismfs.rules.core.follow_ups import Reply, ReplyToReporters
from prismfs.rules.core.observe import take_up_signal
from prismfs.rules.core.road import Row, Stage, Step, Table
from prismfs.rules.response import opening

# What follows once a signal has its lane; every stage acts on one lane only.
_AFTER_LANE: tuple[Stage, ...] = (lanes.answer, opening.open_or_join, lanes.hand_to_owner, lanes.ask_for_lane)

TABLE: Table = {
    ("drop", "signal"): Row((intake.accept_signal, intake.deliver_signal, lanes.sort_into_lane, *_AFTER_LANE)),
    ("commit", "signal"): Row((take_up_signal, intake.deliver_signal, lanes.sort_into_lane, *_AFTER_LANE)),
    ("bridge", "signal"): Row((bridge.receive, intake.deliver_signal, lanes.sort_into_lane, *_AFTER_LANE)),
    ("command", "classify"): Row((lanes.overrule_lane, *_AFTER_LANE), dropped_as=("task_result", "signal")),
    ("command", "signal.ack"): Row((unclassified.acknowledge_signal,), right="anyone", dropped_as=("ack", "signal")),
    ("command", "mail.ack"): Row(
        (mailbox.acknowledge_mail, unclassified.note_reading), right="anyone", dropped_as=("ack", "mail")
    ),
    ("command", "kb.add"): Row((knowledge.add_article,)),
    ("command", "incident.triage"): Row((judgement.judge_incident,), dropped_as=("task_result", "incident")),
    ("due", "signal"): Row((unclassified.remind_of_signal,)),
    ("due", "triage_record"): Row((judgement.triage_due,)),
    ("commit", "review"): Row((protected.check_same_review, approval.take_review)),
    ("command", "phone_home.stage"): Row((staging.stage,), right="anyone"),
    ("command", "phone_home.approve"): Row((approval.approve,), right="anyone"),
    ("command", "phone_home.reject"): Row((approval.reject,), right="anyone"),
    ("command", "phone_home.request_changes"): Row((approval.request_changes,), right="anyone"),
    ("command", "phone_home.send"): Row((sending.send,), right="anyone"),
    ("command", "phone_home.withdraw"): Row((sending.withdraw,), right="anyone"),
    ("due", "phone_home"): Row((outbound_scan.draft_due, approval.review_due, sending.send_due)),
    ("sync", "phone_home"): Row((follow.follow,)),
}

STEPS: tuple[Step, ...] = (
    Step("reply", Reply, replies.send_reply),
    Step("reply", ReplyToReporters, replies.send_replies),
)
