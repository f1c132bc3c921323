"""The rows of the family `gates`: which stages answer what, and who may cause it."""

from __future__ import annotations

from prismfs.rules.core import protected
from prismfs.rules.core.road import Row, Step, Table
from prismfs.rules.gates import gate, hand_edit, submission

TABLE: Table = {
    ("drop", "artifact"): Row((submission.submit_drop,)),
    ("commit", "decision"): Row((protected.check_same_decision, gate.take_decision)),
    ("commit", "artifact"): Row((hand_edit.take_artifact,)),
    ("command", "phase.submit"): Row((submission.submit_command,), right="anyone"),
    ("command", "gate.approve"): Row((gate.approve,)),
    ("command", "gate.revise"): Row((gate.revise,)),
}

STEPS: tuple[Step, ...] = ()
