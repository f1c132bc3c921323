"""What notices say, from the templates of `settings/notices.yaml` and what is known of an escalation (FD-17)."""

from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any

from prismfs.errors import ConfigError
from prismfs.kinds.escalation.escalation import Escalation
from prismfs.kinds.escalation.group import Group
from prismfs.kinds.escalation.settings.notices import Notices, Occasion, plain_parts
from prismfs.records.api import format_duration, format_instant, raised
from prismfs.rules.core.api import Draft, one_line

_BODY_LIMIT = 2000
_LIST_LIMIT = 20

Said = tuple[str, str]
"""Subject and body."""


def of_escalation(draft: Draft, bead: Escalation, channel: str, why: str) -> Said:
    """Return what `channel` says of an open escalation; `why` is what happened to it now."""
    return _said(draft, channel, "escalation", _known(draft, bead, why))


def of_end(draft: Draft, bead: Escalation, channel: str) -> Said:
    """Return what `channel` says of a closed escalation to those who were told of it."""
    assert bead.closed_at is not None
    told = {
        "by": bead.closed_by or "", "reason": bead.closed_reason or "",
        "lasted": format_duration(bead.closed_at - bead.created_at),
    }  # fmt: skip
    return _said(draft, channel, "over", _known(draft, bead, "it is over") | told)


def of_group(
    draft: Draft, group: Group, channel: str, opened: Sequence[Escalation], gone: Sequence[Escalation], why: str
) -> Said:
    """Return what `channel` says of a group of notices."""
    lines = [f"[{bead.severity.label}] {bead.title} ({bead.id})" for bead in opened]
    lines += [f"resolved: {bead.title} ({bead.id})" for bead in gone]
    if len(lines) > _LIST_LIMIT:
        lines[_LIST_LIMIT:] = [f"… {len(lines) - _LIST_LIMIT} more"]
    worst = min((bead.severity for bead in opened), key=lambda severity: severity.rank, default=None)
    about = ", ".join(f"{name}={value}" for name, value in group.labels.items()) or group.route
    told = {
        "why": why, "severity": "" if worst is None else worst.label, "about": about, "opened": len(opened),
        "resolved": len(gone), "lines": "\n".join(lines), "id": group.id,
        "pid": draft.project.pid,
    }  # fmt: skip
    return _said(draft, channel, "group", told)


def _known(draft: Draft, bead: Escalation, why: str) -> dict[str, Any]:
    body = bead.body if len(bead.body) <= _BODY_LIMIT else bead.body[:_BODY_LIMIT] + " …"
    return {
        "why": why, "severity": bead.severity.label, "title": bead.title, "body": body.rstrip("\n"), "id": bead.id,
        "pid": bead.pid, "tier": bead.tier, "source": bead.source, "since": format_instant(bead.created_at),
        "sender": f"{bead.reporter}@{bead.from_pid or bead.pid} ({bead.sender_known})",
        "count": bead.occurrence_count,
        "times": f", {bead.occurrence_count} times" if bead.occurrence_count > 1 else "",
        "related": bead.related or "", "next": _next(draft, bead),
        "another_of": bead.another_of or "", "differs": bead.differs or "", "labels": dict(bead.labels),
    }  # fmt: skip


def _next(draft: Draft, bead: Escalation) -> str:
    """Return what comes next where nobody answers, and when."""
    if bead.due_at is None:
        return "nothing more by itself: it waits for an answer"
    if bead.due_at == bead.hop_at:
        return f"goes to the next tier at {format_instant(bead.due_at)}"
    settings = draft.escalation_policy
    worse = raised(draft.policy.scales, bead.severity).label
    left = f"{bead.reescalation_count + 1} of {settings.max_reescalations}"
    return f"raised to {worse} at {format_instant(bead.due_at)} unless it is acknowledged ({left})"


def _said(draft: Draft, channel: str, occasion: Occasion, told: Mapping[str, Any]) -> Said:
    settings = draft.view.single(Notices)
    text = settings.text_of(channel, occasion)
    told = {**told, "folder": settings.folder}
    return one_line(_rendered(text.subject, told)), _rendered(text.body, told)


def _rendered(text: str, told: Mapping[str, Any]) -> str:
    parts = plain_parts(text)
    return _by_jinja2(text, told) if parts is None else _plain(parts, told)


def _plain(parts: Sequence[tuple[str, str]], told: Mapping[str, Any]) -> str:
    """Write out a template of values and conditions alone, as Jinja2 does."""
    said: list[str] = []
    holds: list[bool] = []
    for word, name in parts:
        if word == "if":
            holds.append(bool(told[name]))
        elif word == "else":
            holds[-1] = not holds[-1]
        elif word == "endif":
            holds.pop()
        elif all(holds):
            said.append(name if word == "text" else str(told[name]))
    return "".join(said)


def _by_jinja2(text: str, told: Mapping[str, Any]) -> str:
    from jinja2 import TemplateError

    try:
        return str(_compiled(text).render(told))
    except (TemplateError, TypeError, ValueError, ArithmeticError) as error:
        raise ConfigError(
            "invalid_setting", f"a template fails: {one_line(str(error), 200)}", path="settings/notices.yaml",
            field="/texts", hint="mend the text and commit it",
        ) from None  # fmt: skip


@lru_cache(maxsize=64)
def _compiled(text: str) -> Any:
    """Return the template; what a text may do is to write out values, and nothing else of this program."""
    import jinja2.sandbox

    environment = jinja2.sandbox.ImmutableSandboxedEnvironment(
        undefined=jinja2.StrictUndefined, trim_blocks=True, lstrip_blocks=True, keep_trailing_newline=True
    )
    return environment.from_string(text)
