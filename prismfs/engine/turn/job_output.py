"""What a job printed, on its way in: secrets are taken out, and what is more than wanted is cut off, in this order.

Cut first, a secret could lose the half by which it is known.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from prismfs.engine.turn.deliver import is_job
from prismfs.errors import RecordError
from prismfs.intake.mac import scan_key
from prismfs.intake.scan import redact
from prismfs.kinds.core.outbox import Outbox
from prismfs.records.document import Document
from prismfs.records.message import Receipt

if TYPE_CHECKING:
    from prismfs.engine.turn.desk import Desk

_NOT_KEPT = "what it printed was not kept: it could not be looked through for secrets"


def without_secrets(desk: Desk, message: Outbox, receipt: Receipt) -> Receipt:
    """Return the receipt of a job as it may be kept; of any other channel it is kept as it is.

    Raises:
        ConfigError: the project's settings of redaction are invalid.
    """
    if not is_job(message) or receipt.document is None:
        return receipt
    told = dict(receipt.document)
    text, keep = str(told.get("output") or ""), told.pop("keep", None)
    try:
        scanned = redact({"output": text}, rules=desk.redaction(), key=scan_key())
    except RecordError:
        return replace(receipt, document=told | {"output": _NOT_KEPT})
    clean: Document = told | {"output": _end_of(str(scanned.document["output"]), keep if isinstance(keep, int) else 0)}
    if scanned.findings:
        clean["redactions"] = scanned.redactions
    return replace(receipt, document=clean)


def _end_of(text: str, most: int) -> str:
    """Return the last `most` bytes of `text`, from the beginning of a line on where there is one."""
    data = text.encode()
    if len(data) <= most:
        return text
    end = data[-most:]
    _, found, lines = end.partition(b"\n")
    return (lines if found and lines else end).decode(errors="ignore")
