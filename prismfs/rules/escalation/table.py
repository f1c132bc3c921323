"""The rows of the family `escalation`: which stages answer what, and who may cause it."""

from __future__ import annotations

from prismfs.rules.core.follow_ups import Attention, MakeLouder
from prismfs.rules.core.road import Row, Step, Table
from prismfs.rules.escalation import delivery, groups, lifecycle, silences, tiers
from prismfs.rules.work import items

TABLE: Table = {
    ("drop", "escalation"): Row((lifecycle.escalate,)),
    ("command", "escalation"): Row((lifecycle.escalate,), right="anyone"),
    ("command", "escalate.ack"): Row((lifecycle.acknowledge_escalation,), dropped_as=("ack", "bead")),
    ("command", "escalate.close"): Row((lifecycle.close_escalation,)),
    ("command", "escalate.unack"): Row((lifecycle.take_back,)),
    ("command", "escalate.forward"): Row((tiers.forward,)),
    ("command", "escalate.comment"): Row((tiers.remark, items.touch), right="anyone", dropped_as=("comment", "bead")),
    ("command", "bead.comment"): Row((tiers.remark, items.touch), right="anyone"),
    ("command", "outbox.retry"): Row((delivery.send_again,)),
    ("command", "silence.add"): Row((silences.add_silence,)),
    ("command", "silence.change"): Row((silences.change_silence,)),
    ("command", "silence.expire"): Row((silences.expire_silence,)),
    ("due", "silence"): Row((silences.silence_due,)),
    ("due", "group"): Row((groups.flush,)),
    ("due", "outbox"): Row((delivery.nothing_heard,)),
    ("delivery", "outbox"): Row((delivery.record_receipt,)),
}

STEPS: tuple[Step, ...] = (
    Step("escalate", Attention, lifecycle.open_for),
    Step("escalate", MakeLouder, lifecycle.louder_for),
)
