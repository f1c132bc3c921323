"""Opening an incident by a command: a signal from whoever says so, which goes the road of every report."""

from __future__ import annotations

from prismfs.kinds.care.signal import Signal
from prismfs.kinds.core.forms import OpenForm
from prismfs.kinds.response.incident import Incident
from prismfs.records.severity import read_label
from prismfs.rules.care import address, judgement
from prismfs.rules.core.draft import Draft
from prismfs.rules.core.form import redactions_of
from prismfs.rules.response import opening as incident
from prismfs.rules.response.lifecycle import DRILL


def open_by_command(draft: Draft) -> None:
    """Open an incident that a person reports at the command line, or count it on the one that it repeats (R-002-24).

    A severity that is given counts as judged by that person, and is written in the project's own scale.

    Raises:
        RecordError: `unknown_severity`, naming the labels; what the form refuses, with the field.
        RefusedError: `unknown_nature`, `times_out_of_order`.
    """
    document = draft.event.document
    members = {name: document[name] for name in OpenForm.model_fields if document.get(name) is not None}
    form, policy = OpenForm.from_document(members), draft.policy
    if form.nature is not None:
        judgement.check_nature(draft, form.nature)
    severity = None
    if form.severity is not None:
        severity = read_label(policy.scales, form.severity, scale=policy.incident_scale)
    actor = draft.event.actor
    signal = Signal.model_validate(
        {
            "id": draft.new_id("sig"),
            "pid": draft.project.pid,
            "sender": actor,
            "to": policy.lanes.incident,
            "type": "StatusUpdate",
            "category": "BLOCKER",
            "subject": f"{DRILL}{form.subject}"[:500] if form.drill else form.subject,
            "body": form.body,
            "dedup_key": form.dedup_key,
            "labels": {},
            "created_at": draft.now,
            "received_at": draft.now,
            "payload_hash": "",
            "redactions": redactions_of(draft),
            "status": "received",
            "lane": "incident",
            "lane_reason": "opened by a command",
            "lane_by": actor,
        }
    )
    signal = draft.put(signal.changed(payload_hash=address.payload_hash_of(signal)))
    draft.subject = signal
    draft.because("open", f"{actor} opens an incident")
    draft.row("signal.received", signal, reason=draft.reason, meta={"payload_hash": signal.payload_hash})
    opening = incident.Opening(
        severity=severity,
        nature=form.nature,
        started_at=form.started_at,
        workflow=form.workflow,
        drill=form.drill,
    )
    incident.take_in(draft, signal, opening)
    taken = draft.need(Signal, signal.id)
    draft.subject = draft.need(Incident, str(taken.incident))
