"""Silences: made, changed, begun and ended; what they held goes on when they end (C-50 to C-53)."""

from datetime import datetime

from prismfs.errors import RefusedError
from prismfs.kinds.escalation.escalation import OWN_LABELS, Escalation
from prismfs.kinds.escalation.silence import Silence, SilenceForm
from prismfs.records.api import Nothing, first_mismatch, parse_matcher
from prismfs.rules.core.draft import Draft
from prismfs.rules.escalation import notices


def add_silence(draft: Draft) -> None:
    """Mute what fulfils the matchers from `starts_at` (now, if left out) until `ends_at`."""
    draft.subject = _made(draft, _form(draft))
    _say(draft, "silence.added", "silence", _mutes(draft))


def change_silence(draft: Draft) -> Nothing | None:
    """Change a silence's reason or end, or, as a new one that replaces it, its matchers or its beginning.

    A change that is refused leaves the old one as it is.
    """
    silence = draft.need(Silence, str(draft.event.document["id"]))
    if silence.status == "expired":
        raise RefusedError("already_expired", "the silence is over", field="/id", hint="prismfs silence add")
    form = _form(draft)
    wanted = SilenceForm(
        matchers=silence.matchers if form.matchers is None else form.matchers,
        reason=form.reason or silence.reason,
        starts_at=form.starts_at or silence.starts_at,
        ends_at=form.ends_at or silence.ends_at,
    )
    if form.starts_at is not None and form.starts_at != silence.starts_at:
        _check_begin(draft, silence, form.starts_at)
    if form.matchers is not None or form.starts_at is not None:
        draft.subject = _made(draft, wanted, replaces=silence)
        _end(draft, silence)
        _say(draft, "silence.replaced", "change_silence", f"takes the place of {silence.id}; {_mutes(draft)}")
        return None
    changed = silence.changed(reason=wanted.reason, ends_at=wanted.ends_at)
    if form.reason is None and changed.ends_at == silence.ends_at:
        return Nothing("it is so already", silence.id)
    _check_end(draft, changed.starts_at, changed.ends_at)
    draft.subject = draft.put(_with_due(draft, changed))
    _say(draft, "silence.changed", "change_silence", "its reason or end is another")
    return None


def expire_silence(draft: Draft) -> Nothing | None:
    """End a silence now; what it held is notified of if it is still open."""
    silence = draft.need(Silence, str(draft.event.document["id"]))
    if silence.status == "expired":
        return Nothing("it is over already", silence.id)
    draft.subject = _end(draft, silence)
    _say(draft, "silence.expired", "expire_silence", "ended by hand")
    return None


def silence_due(draft: Draft) -> None:
    """Begin or end a silence whose time has come."""
    silence = draft.need(Silence, str(draft.event.document["id"]))
    if draft.now >= silence.ends_at:
        draft.subject = _end(draft, silence)
        _say(draft, "silence.expired", "end_silence", "its time is over")
        return
    draft.subject = draft.put(_with_due(draft, silence))
    _say(draft, "silence.began", "begin_silence", "its time has come")


def _made(draft: Draft, form: SilenceForm, *, replaces: Silence | None = None) -> Silence:
    if not form.matchers:
        hint = "name=value, such as source=patrol:disk"
        raise RefusedError("matchers_missing", "a silence says what it mutes", field="/matchers", hint=hint)
    if not form.reason:
        raise RefusedError("reason_missing", "a silence has a reason", field="/reason", hint="--reason TEXT")
    if form.ends_at is None:
        raise RefusedError("end_missing", "a silence has an end", field="/ends_at", hint="--for 2h, or --until TIME")
    starts = form.starts_at or draft.now
    if replaces is None:
        starts = max(starts, draft.now)
    _check_end(draft, starts, form.ends_at)
    silence = Silence(
        id=draft.new_id("sil"), matchers=form.matchers, reason=form.reason, author=draft.event.actor,
        created_at=draft.now, starts_at=starts, ends_at=form.ends_at, status="pending",
        replaces=None if replaces is None else replaces.id,
    )  # fmt: skip
    return draft.put(_with_due(draft, silence))


def _with_due(draft: Draft, silence: Silence) -> Silence:
    begun = silence.starts_at <= draft.now
    return silence.changed(
        status="active" if begun else "pending", due_at=silence.ends_at if begun else silence.starts_at
    )


def _check_begin(draft: Draft, silence: Silence, starts_at: datetime) -> None:
    if silence.status == "active":
        raise RefusedError(
            "begun_already", "a silence that has begun keeps its beginning", field="/starts_at",
            hint="prismfs silence expire, then silence add",
        )  # fmt: skip
    if starts_at < draft.now:
        raise RefusedError("begin_too_early", "a silence begins now or later", field="/starts_at", hint="--from TIME")


def _check_end(draft: Draft, starts_at: datetime, ends_at: datetime) -> None:
    if ends_at <= max(starts_at, draft.now):
        raise RefusedError(
            "end_too_early", "a silence ends after it begins, and not in the past", field="/ends_at", hint="--for 2h"
        )


def _form(draft: Draft) -> SilenceForm:
    fields = SilenceForm.model_fields
    return SilenceForm.from_document(
        {name: draft.event.document[name] for name in fields if name in draft.event.document}
    )


def _mutes(draft: Draft) -> str:
    """Return what the silence mutes now, and which of its labels nothing has: one may be misspelt (FD-20)."""
    silence = draft.subject
    assert isinstance(silence, Silence)
    labels = [bead.match_labels for bead in draft.view.open_of(Escalation)]
    muted = sum(first_mismatch(silence.matchers, each) is None for each in labels)
    known = {*OWN_LABELS}.union(*labels)
    wrong = sorted({parse_matcher(text)[0] for text in silence.matchers} - known)
    said = f"matches {muted} of {len(labels)} that are not settled"
    return f"{said}; none of them has a label {', '.join(wrong)}" if wrong else said


def _end(draft: Draft, silence: Silence) -> Silence:
    ends = min(silence.ends_at, draft.now)
    starts = min(silence.starts_at, ends)  # one that never began is over as it begins (C-51)
    ended = draft.put(silence.changed(status="expired", starts_at=starts, ends_at=ends, due_at=None))
    notices.release(draft, silence.id)
    return ended


def _say(draft: Draft, action: str, rule: str, reason: str) -> None:
    silence = draft.subject
    assert isinstance(silence, Silence)
    draft.because(rule, reason)
    draft.row(
        action, silence, level="warn", reason=reason,
        meta={"matchers": list(silence.matchers), "ends_at": silence.to_document()["ends_at"]},
    )  # fmt: skip
