"""The rows of the family `response`: which stages answer what, and who may cause it."""

from __future__ import annotations

from prismfs.rules.care.judgement import end_triage
from prismfs.rules.core.follow_ups import Attend
from prismfs.rules.core.road import Row, Step, Table
from prismfs.rules.escalation.lifecycle import follow_incident as follow_escalation
from prismfs.rules.response import (
    clock,
    closing,
    command_opening,
    go_no_go,
    lifecycle,
    merging,
    mitigation,
    opening,
    pauses,
    status,
    watchdog,
)
from prismfs.rules.response.jobs import attempts, failure, run
from prismfs.rules.response.postmortem import action_reminder, actions, duty, storing

TABLE: Table = {
    ("drop", "job_failure"): Row((failure.accept_failure,)),
    ("command", "job.run"): Row((run.run,), right="anyone"),
    ("command", "incident.open"): Row((command_opening.open_by_command,)),
    ("command", "incident.ack"): Row((opening.acknowledge_incident, follow_escalation), dropped_as=("ack", "incident")),
    ("command", "incident.resolve"): Row(
        (
            opening.resolve_incident,
            end_triage,
            follow_escalation,
            duty.commission,
            pauses.follow_incident,
            attempts.follow_incident,
        )
    ),
    ("command", "incident.mitigate"): Row((mitigation.mitigate_incident,)),
    ("command", "incident.reopen"): Row((closing.reopen_incident,)),
    ("command", "incident.close"): Row(
        (closing.close_incident, follow_escalation, pauses.follow_incident, attempts.follow_incident)
    ),
    ("command", "incident.merge"): Row(
        (merging.merge_incident, follow_escalation, pauses.follow_incident, attempts.follow_incident)
    ),
    ("command", "incident.update"): Row((status.update,)),
    ("command", "incident.note"): Row((status.note,), right="anyone", dropped_as=("comment", "incident")),
    ("command", "incident.pause"): Row((pauses.pause,)),
    ("command", "incident.unpause"): Row((pauses.unpause, attempts.follow_pause)),
    ("command", "incident.decide"): Row((go_no_go.decide_on_action,)),
    ("command", "review.store"): Row((storing.store,), right="anyone"),
    ("command", "action.done"): Row((actions.finish,), right="anyone"),
    ("due", "incident"): Row((clock.incident_due,)),
    ("due", "bead"): Row((action_reminder.bead_due,)),
    ("watchdog", "engine"): Row((watchdog.engine_stopped,)),
}

STEPS: tuple[Step, ...] = (Step("assign", Attend, lifecycle.attend_to),)
