"""The chain of tiers: handing an escalation on, taking an acknowledgement back, remarks (R-004-11, R-004-12)."""

from __future__ import annotations

from prismfs.decide import accept, route
from prismfs.decide.draft import Draft
from prismfs.errors import RefusedError
from prismfs.kinds.bead import Bead, Note
from prismfs.kinds.escalation import EscalationSettings
from prismfs.kinds.forms import CommentDrop
from prismfs.kinds.outbox import Outbox
from prismfs.records.plan import Nothing


def forward(draft: Draft) -> Nothing | None:
    """Hand an escalation to the next tier, or to the one named, with the reason; the hop stays on it as a remark."""
    bead = _open_bead(draft)
    reason = str(draft.event.document.get("reason") or "")
    if not reason:
        raise RefusedError("reason_missing", "an escalation is handed on with a reason", field="/reason")
    tiers = draft.policy.tiers
    place = tiers.index(bead.tier) if bead.tier in tiers else -1
    wanted = draft.event.document.get("to")
    if wanted is None and place == len(tiers) - 1:
        raise RefusedError("last_tier", f"{bead.tier} is the last tier", field="/id", hint="resolve it: escalate close")
    tier = tiers[place + 1] if wanted is None else str(wanted)
    if tier not in tiers:
        raise RefusedError("unknown_tier", "no such tier", field="/to", hint=f"one of {', '.join(tiers)}")
    if tier == bead.tier:
        return Nothing(f"it is with {tier} already", bead.id)
    said = f"forwarded from {bead.tier} to {tier}: {reason}"
    draft.subject = draft.put(bead.changed(tier=tier, comments=(*bead.comments, _note(draft, said))))
    draft.mail(
        tier,
        role="forward",
        type="escalation",
        subject=f"[{bead.severity.label}] {bead.title}",
        body=f"{said}\n\n{bead.body}\n\nAnswer: prismfs escalate ack {bead.id}",
        about=bead,
        priority=("urgent", "high", "normal", "low")[bead.severity.rank],
    )
    draft.settle("forward", f"handed on from {bead.tier} to {tier}")
    draft.row("escalation.forwarded", draft.subject, level="warn", reason=draft.reason, meta={"tier": tier})
    return None


def take_back(draft: Draft) -> Nothing | None:
    """Take an acknowledgement back: the escalation is open again and its clock begins anew (R-004-15)."""
    bead = _open_bead(draft)
    if bead.status == "open":
        return Nothing("nobody has acknowledged it", bead.id)
    settings = draft.view.single(EscalationSettings)
    raises_left = bead.reescalation_count < settings.max_reescalations
    draft.subject = draft.put(
        bead.changed(
            status="open",
            acknowledged_by=None,
            acknowledged_at=None,
            acknowledged_note=None,
            due_at=draft.now + settings.stale_threshold if raises_left else None,
        )
    )
    draft.settle("take_back", f"{draft.event.actor} does not have it any more")
    draft.row("escalation.unacknowledged", draft.subject, level="warn", reason=draft.reason)
    return None


def remark(draft: Draft) -> None:
    """Add a remark to an escalation, also to a closed one; dropped as a form or given as a command."""
    form = accept.form_of(draft) if draft.event.type == "drop" else None
    if isinstance(form, CommentDrop):
        identifier, text, by = str(form.id), form.text, form.sender
    else:
        document = draft.event.document
        identifier, text, by = str(document["id"]), str(document.get("text") or ""), draft.event.actor
    bead = draft.need(Bead, identifier)
    if not text:
        raise RefusedError("text_missing", "a remark says something", field="/text")
    note = Note(by=by, at=draft.now, text=text)
    draft.subject = draft.put(bead.changed(comments=(*bead.comments, note)))
    draft.settle("comment", f"a remark of {by}")
    draft.row("escalation.commented", draft.subject, reason=draft.reason)


def send_again(draft: Draft) -> Nothing | None:
    """Put a message that failed, or had no contact, back into the outbox; the next delivery takes it."""
    message = draft.need(Outbox, str(draft.event.document["id"]))
    if message.status in ("sent", "pending"):
        return Nothing(f"the message is {message.status}", message.id)
    channel, _, word = message.action.partition(":")
    target, missing = route.target_of(channel, word, draft.view.single(EscalationSettings))
    if missing:
        raise RefusedError("not_configured", missing, field="/id", hint="set it in settings/escalation.json and commit")
    draft.subject = draft.put(message.changed(status="pending", target=target, due_at=draft.now, detail=None))
    draft.settle("retry", f"{draft.event.actor} asks for another attempt")
    draft.row("outbox.retried", draft.subject, reason=draft.reason, meta={"action": message.action})
    return None


def _open_bead(draft: Draft) -> Bead:
    bead = draft.need(Bead, str(draft.event.document["id"]))
    if bead.status == "closed":
        raise RefusedError("already_closed", "the escalation is closed", field="/id", hint="prismfs show ID")
    return bead


def _note(draft: Draft, text: str) -> Note:
    return Note(by=draft.event.actor, at=draft.now, text=text)
