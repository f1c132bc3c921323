"""Signals that the desk writes down itself, and the hash of what any signal says."""

import hashlib

from prismfs.kinds.care.signal import Signal
from prismfs.records.api import JsonValue, canonical_json
from prismfs.rules.core.draft import Draft


def new_signal(draft: Draft, *, role: str = "", **fields: object) -> Signal:
    """Return a signal of this project, written down now, with its hash; not yet in the plan.

    `fields` are the members of the record that differ from signal to signal; `role` tells several of one decision
    apart. Its sender is known as the event says, unless `sender_known` says that the desk itself speaks.
    """
    signal = Signal.model_validate(
        {
            "id": draft.new_id("sig", role),
            "pid": draft.project.pid,
            "labels": {},
            "created_at": draft.now,
            "received_at": draft.now,
            "payload_hash": "",
            "sender_known": draft.event.known(str(fields["sender"])),
            **fields,
        }
    )
    return signal.changed(payload_hash=_payload_hash_of(signal))


def _payload_hash_of(signal: Signal) -> str:
    """Return the SHA-256 (hex) over what a signal says, as canonical JSON; never taken from a file (R-000-11)."""
    payload: dict[str, JsonValue] = {
        "subject": signal.subject,
        "body": signal.body,
        "labels": dict(signal.labels),
        "attachments": dict(signal.attachments),
    }
    return hashlib.sha256(canonical_json(payload)).hexdigest()


def waiting_signal(draft: Draft, *, status: str | None = None, lane: str | None = None) -> Signal | None:
    """Return the signal in focus if it still waits for this stage, None for every other."""
    signal = draft.subject
    assert isinstance(signal, Signal)
    if signal.status in ("delivered", "expired"):
        return None
    if (status is not None and signal.status != status) or (lane is not None and signal.lane != lane):
        return None
    return signal
