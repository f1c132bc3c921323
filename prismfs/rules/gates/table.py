"""The rows of the family `gates`: which stages answer what, and who may cause it."""

from prismfs.rules.core.road import Row, Step, Table
from prismfs.rules.gates import gate, hand_edit, submission

TABLE: Table = {
    ("drop", "artifact"): Row((submission.submit_drop,)),
    ("commit", "decision"): Row((gate.decide_by_file,), refused=gate.refuse_file),
    ("commit", "artifact"): Row((hand_edit.answer_edit,), refused=hand_edit.refuse_edit),
    ("command", "phase.submit"): Row((submission.submit_command,), right="anyone"),
    ("command", "gate.approve"): Row((gate.approve,)),
    ("command", "gate.revise"): Row((gate.revise,)),
}

STEPS: tuple[Step, ...] = ()
