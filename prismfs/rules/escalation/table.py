"""The rows of the family `escalation`: which stages answer what, and who may cause it."""

from prismfs.rules.core.follow_ups import Attention, IncidentAnswered, IncidentOver, MakeLouder
from prismfs.rules.core.road import Row, Step, Table
from prismfs.rules.escalation import groups, hold, lifecycle, notices, opening, sharing, silences, tiers

TABLE: Table = {
    ("drop", "escalation"): Row((opening.escalate,)),
    ("command", "escalation"): Row((opening.escalate,), right="anyone"),
    ("command", "escalate.ack"): Row((lifecycle.acknowledge_escalation,), dropped_as=("ack", "bead")),
    ("command", "escalate.close"): Row((lifecycle.close_escalation,)),
    ("command", "escalate.unack"): Row((lifecycle.unacknowledge,)),
    ("command", "escalate.forward"): Row((tiers.forward,)),
    ("command", "outbox.retry"): Row((notices.send_again,)),
    ("command", "silence.add"): Row((silences.add_silence,)),
    ("command", "silence.change"): Row((silences.change_silence,)),
    ("command", "silence.expire"): Row((silences.expire_silence,)),
    ("due", "bead:escalation"): Row((lifecycle.escalation_due,)),
    ("due", "silence"): Row((silences.silence_due,)),
    ("due", "group"): Row((groups.flush,)),
    ("due", "outbox"): Row((notices.nothing_heard,)),
    ("commit", "escalation_policy"): Row((lifecycle.retime_open,)),
    ("commit", "routing"): Row((lifecycle.retime_open,)),
    ("delivery", "outbox"): Row((notices.note_receipt,)),
    ("watchdog", "sharing.fails"): Row((sharing.sharing_fails,)),
    ("watchdog", "sharing.works"): Row((sharing.sharing_works,)),
}

STEPS: tuple[Step, ...] = (
    Step("escalate", Attention, opening.open_for),
    Step("escalate", MakeLouder, opening.make_louder),
    Step("escalate", IncidentAnswered, lifecycle.answer_with_incident),
    Step("escalate", IncidentOver, lifecycle.close_with_incident),
    Step("route", notices.Notify, notices.route),
    Step("hold", hold.Hold, hold.hold),
    Step("enqueue", hold.Enqueue, notices.enqueue),
    Step("clock", tiers.Climb, tiers.climb),
)
