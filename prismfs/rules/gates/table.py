"""The rows of the family `gates`: which stages answer what, and who may cause it."""

from functools import partial

from prismfs.rules.core.road import Row, Table
from prismfs.rules.core.signoff import decide_by_command, decide_by_file, refuse_file
from prismfs.rules.gates import hand_edit, submission
from prismfs.rules.gates.gate import GATE

TABLE: Table = {
    ("drop", "artifact"): Row((submission.submit_drop,)),
    ("commit", "decision"): Row((partial(decide_by_file, signoff=GATE),), refused=partial(refuse_file, signoff=GATE)),
    ("commit", "artifact"): Row((hand_edit.answer_edit,), refused=hand_edit.refuse_edit),
    ("command", "phase.submit"): Row((submission.submit_command,), right="anyone"),
    ("command", "gate.approve"): Row((partial(decide_by_command, signoff=GATE, decision="approve"),)),
    ("command", "gate.revise"): Row((partial(decide_by_command, signoff=GATE, decision="revise"),)),
}
