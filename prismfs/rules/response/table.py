"""The rows of the family `response`: which stages answer what, and who may cause it."""

from prismfs.rules.core.follow_ups import Attend, IncidentOver, PhaseEffect, ReportFault
from prismfs.rules.core.road import Row, Step, Table
from prismfs.rules.response import clock, lifecycle, merging, opening, orders, owners, phase_effects, reports, status
from prismfs.rules.response.facts import PauseLifted, SetTargets, TellMerged, TellReopened, TellReporter
from prismfs.rules.response.jobs import attempts, failure, run
from prismfs.rules.response.postmortem import actions, duty, storing
from prismfs.rules.response.severity import set_targets

TABLE: Table = {
    ("drop", "job_failure"): Row((failure.accept_failure,)),
    ("command", "job.run"): Row((run.run,), right="anyone"),
    ("delivery", "outbox:job"): Row((run.record_delivery,)),
    ("due", "outbox:job"): Row((attempts.nothing_heard,)),
    ("command", "outbox.retry:job"): Row((attempts.send_again,)),
    ("command", "incident.open"): Row((reports.open_by_command,)),
    ("command", "incident.ack"): Row((lifecycle.acknowledge_incident,), dropped_as=("ack", "incident")),
    ("command", "incident.resolve"): Row((lifecycle.resolve_incident,)),
    ("command", "incident.mitigate"): Row((lifecycle.mitigate_incident,)),
    ("command", "incident.reopen"): Row((lifecycle.reopen_incident,)),
    ("command", "incident.close"): Row((lifecycle.close_incident,)),
    ("command", "incident.merge"): Row((merging.merge_incident,)),
    ("command", "incident.unmerge"): Row((merging.unmerge_incident,)),
    ("command", "incident.update"): Row((status.update,)),
    ("command", "incident.note"): Row((status.note,), right="anyone", dropped_as=("comment", "incident")),
    ("command", "incident.pause"): Row((orders.pause,)),
    ("command", "incident.unpause"): Row((orders.unpause,)),
    ("command", "incident.decide"): Row((orders.decide_on_action,)),
    ("command", "review.store"): Row((storing.store,), right="anyone"),
    ("command", "action.done"): Row((actions.finish,), right="anyone"),
    ("due", "incident"): Row((clock.incident_due,)),
    ("due", "bead"): Row((actions.item_due,)),
    ("watchdog", "engine"): Row((reports.engine_stopped,)),
}

STEPS: tuple[Step, ...] = (
    Step("open", ReportFault, reports.open_or_count),
    Step("assess", PhaseEffect, phase_effects.run_effect),
    Step("target", SetTargets, set_targets),
    Step("escalate", Attend, owners.escalate),
    Step("assign", Attend, owners.assign),
    Step("clock", Attend, clock.keep_time),
    Step("clock", IncidentOver, duty.commission),
    Step("clock", IncidentOver, orders.release_pauses),
    Step("clock", IncidentOver, attempts.cancel_attempts),
    Step("clock", PauseLifted, attempts.release_attempts),
    Step("board", Attend, orders.tell_board),
    Step("reply", TellReporter, opening.tell_reporter),
    Step("reply", TellReopened, lifecycle.tell_reopened),
    Step("reply", TellMerged, merging.tell_merged),
)
