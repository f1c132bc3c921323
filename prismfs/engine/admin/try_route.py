"""Showing a file's way through the routes, without changing anything."""

import hashlib
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from prismfs.engine.turn.commit_group import decide_one
from prismfs.engine.turn.desk import Desk
from prismfs.errors import RecordError
from prismfs.intake.scan import redact
from prismfs.kinds.core.outbox import Outbox
from prismfs.kinds.escalation.escalation import Escalation
from prismfs.kinds.escalation.settings.routing import Routing
from prismfs.records.api import Decision, Event, Plan, codec
from prismfs.rules.escalation.api import LookedAt, explain


@dataclass(frozen=True, slots=True)
class Trial:
    """The decision on a file; for each escalation the routes tried, and the messages that would be made."""

    decision: Decision
    escalations: tuple[tuple[Escalation, tuple[LookedAt, ...]], ...]
    messages: tuple[Outbox, ...]


def try_route(desk: Desk, path: Path, now: datetime) -> Trial:
    """Decide the file at `path` as a drop of now and return the way of its notices; nothing is written or sent.

    Raises:
        RecordError: the file is no valid drop.
    """
    data = path.read_bytes()
    document = codec.parse(data, format="json" if data.lstrip()[:1] == b"{" else "yaml", path=str(path))
    scanned = redact(document).document
    kind, sender = scanned.get("kind"), scanned.get("from")
    if not isinstance(kind, str) or not isinstance(sender, str):
        raise RecordError("missing_field", "a drop says its kind and who it is from", path=str(path), field="/kind")
    event = Event(
        type="drop",
        kind=kind,
        cause=f"trial:{hashlib.sha256(data).hexdigest()}",
        at=now,
        actor=sender,
        document={"name": path.name, "document": scanned},
    )
    decision = decide_one(desk, event, now)
    puts = decision.puts if isinstance(decision, Plan) else ()
    routing = desk.view().single(Routing)
    beads = [put for put in puts if isinstance(put, Escalation)]
    return Trial(
        decision,
        tuple((bead, explain(routing, bead.match_labels)) for bead in beads),
        tuple(put for put in puts if isinstance(put, Outbox)),
    )
