"""Whole files of `issues.jsonl`: each line is one command, decided and committed like every other (R-004-36)."""

import json
import sqlite3
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal, TypeVar

from prismfs.engine.turn.commit_group import commit_group, decide_group
from prismfs.engine.turn.desk import Desk
from prismfs.engine.turn.submit import command_event
from prismfs.errors import ForbiddenError, Problem, RecordError
from prismfs.interop.bead_line import Project, name_of, write_line
from prismfs.kinds import KINDS, kind_of
from prismfs.kinds.core.audit import said_in
from prismfs.kinds.core.bead import Bead
from prismfs.kinds.core.settings.policy import Policy
from prismfs.kinds.core.settings.project import Project as ProjectRecord
from prismfs.kinds.escalation.settings.routing import Routing
from prismfs.records.api import Decision, Document, Event, Nothing, Plan, Record, Refused, codec
from prismfs.rules.work.api import NEWER_HERE
from prismfs.store import listing
from prismfs.store.defaults import default_record

GROUP = 200
"""Lines decided and committed together."""

R = TypeVar("R", bound=Record)
What = Literal["imported", "updated", "unchanged", "older", "refused"]


@dataclass(frozen=True, slots=True)
class ImportedLine:
    """The result of one line, by its number from 1; `older`: the bead here is newer, and the line was left out."""

    number: int
    what: What
    name: str = ""
    subject: str = ""
    problem: Problem | None = None

    def to_document(self) -> Document:
        """Return it as a JSON object."""
        document: Document = {"line": self.number, "what": self.what, "id": self.name, "subject": self.subject}
        return document if self.problem is None else document | {"error": dict(self.problem.as_document())}


def import_lines(
    desk: Desk, data: bytes, *, actor: str, token: str, now: datetime, dry_run: bool = False
) -> tuple[ImportedLine, ...]:
    """Import every line of `data`; a refused line keeps no other back. With `dry_run` nothing changes.

    Raises:
        ForbiddenError: `not_allowed`; the actor may not import.
        PrismfsError: the project is busy or out of reach; the groups of lines before are kept.
    """
    events: list[tuple[int, str, Event]] = []
    taken: list[ImportedLine] = []
    rules = desk.redaction()
    for number, text in enumerate(data.split(b"\n"), start=1):
        if not text.strip():
            continue
        try:
            line = codec.parse(text.rstrip(b"\r"), format="json")
            name = line.get("id")
            cause = f"{token}:{number}"
            event = command_event("bead.import", {"line": line}, actor=actor, token=cause, at=now, rules=rules)
        except RecordError as error:
            if error.code == "bad_identity":
                raise
            taken.append(ImportedLine(number, "refused", problem=error.problem))
        else:
            events.append((number, name if isinstance(name, str) else "", event))
    asked = [event for *_, event in events]
    if dry_run:
        decisions = [decision for _, decision in decide_group(desk, desk.repo.snapshot(), asked, now)]
    else:
        decisions = _committed(desk, asked, now)
    for (number, name, _), decision in zip(events, decisions, strict=True):
        if isinstance(decision, Refused) and decision.error is ForbiddenError:
            raise decision.raised()
        taken.append(_taken(number, name, decision))
    return tuple(sorted(taken, key=lambda one: one.number))


def export_lines(connection: sqlite3.Connection) -> Iterator[Document]:
    """Yield the line of every bead, oldest first; links name beads by the ids that they have in lines."""
    texts, _ = listing.find_documents(connection, "bead", newest_first=False)
    records = [KINDS["bead"].record(json.loads(text)) for text in texts]
    beads = [record for record in records if isinstance(record, Bead)]
    names: dict[str, str] = {bead.id: name_of(bead) for bead in beads}
    policy = _single(connection, Policy)
    project = Project(
        pid=_single(connection, ProjectRecord).pid,
        scales=policy.scales,
        scale=policy.escalation_scale,
        tier=_single(connection, Routing).tiers[0],
        name=lambda on: names.get(on, on),
    )
    for bead in beads:
        yield write_line(bead, project)


def _committed(desk: Desk, events: Sequence[Event], now: datetime) -> list[Decision]:
    decisions: list[Decision] = []
    with desk.repo.writer():
        for begin in range(0, len(events), GROUP):
            group = events[begin : begin + GROUP]
            found = {id(outcome.event): outcome.decision for outcome in commit_group(desk, group, now)}
            decisions += [found[id(event)] for event in group]
            if all(isinstance(decision, Refused) and decision.error is ForbiddenError for decision in decisions):
                return decisions + [decisions[0]] * (len(events) - len(decisions))
        desk.repo.bring_window_if_free()
    return decisions


def _taken(number: int, name: str, decision: Decision) -> ImportedLine:
    match decision:
        case Plan():
            new = any(row.action == "bead.imported" for row in said_in(decision.puts))
            return ImportedLine(number, "imported" if new else "updated", name, decision.subject)
        case Nothing():
            older = decision.reason == NEWER_HERE
            return ImportedLine(number, "older" if older else "unchanged", name, decision.subject)
        case Refused():
            return ImportedLine(number, "refused", name, problem=decision.problem)


def _single(connection: sqlite3.Connection, model: type[R]) -> R:
    kind = kind_of(model)
    text = listing.read_document(connection, kind.name)
    found = default_record(kind.name) if text is None else kind.record(json.loads(text))
    assert isinstance(found, model)
    return found
