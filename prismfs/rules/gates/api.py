"""What other families may ask of gates: phases and their artifacts, read, and how gates are signed off."""

from prismfs.rules.gates.findings import findings_in, read_findings
from prismfs.rules.gates.gate import GATE
from prismfs.rules.gates.markdown import by_dashes, read_markdown
from prismfs.rules.gates.progress import is_done, phase_of
from prismfs.rules.gates.reading import Parsed, parse, rows_of, text_of
from prismfs.rules.gates.template import plain, skeleton

__all__ = [
    "GATE", "Parsed", "by_dashes", "findings_in", "is_done", "parse", "phase_of", "plain", "read_findings",
    "read_markdown", "rows_of", "skeleton", "text_of",
]  # fmt: skip
