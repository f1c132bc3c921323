"""The registry of record kinds: one module a kind, one row here."""

from __future__ import annotations

from typing import TypeVar

from prismfs.errors import RecordError
from prismfs.kinds.care import approval, kb, phone_home, signal, triage_record
from prismfs.kinds.care.settings import consent, tracker, triage
from prismfs.kinds.core import audit, forms, mail, outbox
from prismfs.kinds.core.settings import fingerprint, persona, policy, project, redaction, tenant
from prismfs.kinds.escalation import group, inhibition, silence
from prismfs.kinds.escalation.settings import escalation_policy, routing
from prismfs.kinds.gates import artifact, decision
from prismfs.kinds.gates.settings import workflow
from prismfs.kinds.response import incident, job, pause
from prismfs.kinds.response.settings import response, retry
from prismfs.kinds.work import bead, journal, todo, work_item
from prismfs.records.base import Record, Value
from prismfs.records.document import Document
from prismfs.records.ids import prefix_of
from prismfs.records.kind import Kind

R = TypeVar("R", bound=Record)

KINDS: dict[str, Kind] = {
    module.KIND.name: module.KIND
    for module in (
        tenant,
        project,
        persona,
        policy,
        response,
        retry,
        triage,
        fingerprint,
        escalation_policy,
        routing,
        tracker,
        workflow,
        redaction,
        consent,
        signal,
        incident,
        job,
        pause,
        triage_record,
        phone_home,
        approval,
        artifact,
        decision,
        bead,
        outbox,
        silence,
        inhibition,
        group,
        audit,
        mail,
        todo,
        journal,
        kb,
    )
}

DROPS: dict[str, type[Value]] = {
    "signal": signal.SignalDrop,
    "escalation": bead.EscalationDrop,
    "todo": todo.TodoDrop,
    "journal": journal.JournalDrop,
    "ack": forms.AckDrop,
    "task_result": forms.TaskResultDrop,
    "comment": forms.CommentDrop,
    "task": work_item.WorkDrop,
    "mail": mail.MailDrop,
    "job_failure": forms.JobFailureDrop,
    "artifact": artifact.ArtifactDrop,
}
"""What an agent may drop, by the `kind` it names."""

_BY_MODEL = {model: kind for kind in KINDS.values() for model in (kind.model, *kind.variants)}
_BY_PREFIX = {kind.prefix: kind for kind in KINDS.values() if kind.prefix}


def kind_of(record: Record | type[Record]) -> Kind:
    """Return the kind that a record, or a record's model, belongs to."""
    return _BY_MODEL[record if isinstance(record, type) else type(record)]


def kind_of_id(identifier: str) -> Kind:
    """Return the kind that an id's prefix names.

    Raises:
        RecordError: `unknown_kind` when no kind has that prefix.
    """
    kind = _BY_PREFIX.get(prefix_of(identifier))
    if kind is None:
        known = ", ".join(sorted(f"{prefix}-" for prefix in _BY_PREFIX))
        raise RecordError("unknown_kind", f"no kind of record has ids like {identifier[:60]!r}", hint=known)
    return kind


def kind_of_path(path: str) -> Kind | None:
    """Return the kind of record that stands at `path`, None where none may."""
    return next((kind for kind in KINDS.values() if kind.owns(path)), None)


def form_of(document: Document) -> Value:
    """Return what `document` is as a form that an agent may drop, by the `kind` it names.

    Raises:
        RecordError: `unknown_kind`, or what the form itself refuses; with the field.
    """
    kind = document.get("kind")
    form = DROPS.get(kind) if isinstance(kind, str) else None
    if form is None:
        known = ", ".join(sorted(DROPS))
        raise RecordError("unknown_kind", "no such kind can be dropped", field="/kind", hint=f"one of {known}")
    return form.from_document(document)
