"""Import of one line of another program's `issues.jsonl` (R-004-36); no notice is sent of it.

The same line again changes nothing. What is here already is written over by a newer writing only.
"""

from prismfs.errors import RefusedError
from prismfs.interop.bead_line import Project, changed_at, name_of, read_line, write_line
from prismfs.kinds.core.bead import Bead
from prismfs.kinds.escalation.escalation import Escalation
from prismfs.kinds.work.bead import WorkItem
from prismfs.records.api import JsonValue, Nothing, same
from prismfs.rules.core.draft import Draft, redactions_of
from prismfs.rules.core.road import Row, Table
from prismfs.rules.work.links import find

NEWER_HERE = "what is here is newer"
"""Why an older writing of a bead changes nothing."""


def import_bead(draft: Draft) -> Nothing | None:
    """Keep the bead that a line means, or bring the one that is here up to it.

    Raises:
        RecordError: the line means no bead; with its member.
        RefusedError: `id_taken`, another writing of the same age is here; `escalation_here`, one that lives here
            is answered by its own verbs.
    """
    line = draft.event.document["line"]
    assert isinstance(line, dict)
    project = project_of(draft)
    bead = read_line(line, project)
    known = find(draft, name_of(bead)) or draft.get(Bead, bead.id)
    if known is None:
        kept, action, said = bead, "bead.imported", "came in by an import"
    else:
        ended = _unchanged(known, bead, project)
        if ended is not None:
            return ended
        kept, action, said = _newer(draft, known, bead), "bead.updated", "a newer writing came in by an import"
    found = redactions_of(draft)
    if isinstance(kept, WorkItem | Escalation) and found:
        kept = kept.changed(redactions=found)
    draft.subject = draft.put(kept)
    draft.because("import", said)
    meta: dict[str, JsonValue] = {"external_id": kept.external_id, "type": kept.type, "status": kept.status}
    draft.row(action, kept, reason=said, meta=meta)
    return None


def project_of(draft: Draft) -> Project:
    """Return what an imported bead takes from this project."""

    def name(on: str) -> str:
        other = draft.get(Bead, on)
        return on if other is None else name_of(other)

    policy = draft.policy
    tier = draft.routing.tiers[0]
    return Project(pid=draft.project.pid, scales=policy.scales, scale=policy.escalation_scale, tier=tier, name=name)


def _unchanged(known: Bead, bead: Bead, project: Project) -> Nothing | None:
    if same(write_line(known, project), write_line(bead, project)):
        return Nothing("the same stands here already", known.id)
    if changed_at(bead) < changed_at(known):
        return Nothing(NEWER_HERE, known.id)
    if changed_at(bead) == changed_at(known) or (known.type != bead.type and "escalation" in (known.type, bead.type)):
        hint = f"prismfs bead show {known.id}"
        raise RefusedError("id_taken", f"{known.id} says something else and is as new", field="/id", hint=hint)
    if isinstance(known, Escalation):
        hint = "prismfs escalate ack, forward, comment or close"
        raise RefusedError("escalation_here", f"{known.id} is an escalation that lives here", field="/id", hint=hint)
    return None


def _newer(draft: Draft, known: Bead, bead: Bead) -> Bead:
    """Return `bead` in the place of `known`; remarks that were made here stay, and make it the newest of all."""
    own = tuple(note for note in known.comments if note not in bead.comments)
    fresh = bead.changed(id=known.id, pid=known.pid, created_at=known.created_at)
    if isinstance(fresh, WorkItem) and isinstance(known, WorkItem):  # what no line says stays
        due = None if fresh.status == "closed" else known.due_at
        fresh = fresh.changed(related=known.related, deadline=known.deadline, due_at=due)
    if own:
        fresh = fresh.changed(comments=(*fresh.comments, *own), updated_at=draft.now)
    return fresh


TABLE: Table = {("command", "bead.import"): Row((import_bead,))}
