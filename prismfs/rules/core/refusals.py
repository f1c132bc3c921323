"""Refusals are history: a refused command leaves a row; privileged tries that are repeated or forged reach a person.

Of one identity, code and verb only so many rows are left within the window of `refusals` in `settings/policy.yaml`.
What was refused beyond them is counted by the engine (`engine/turn/refusals.py`) and told in the next row. A row holds
who gave the command as far as is known, the verb, the ids that were named, and why; never what else was said.
"""

from collections.abc import Sequence
from datetime import datetime

from prismfs.errors import ForbiddenError
from prismfs.kinds.core.audit import Audit
from prismfs.records.api import ENGINE, Nothing, format_instant, with_rank
from prismfs.rules.core import authority
from prismfs.rules.core.draft import Draft, Refusal
from prismfs.rules.core.follow_ups import Attention

PRIVILEGED = frozenset(
    {
        "forged_signature", "not_allowed", "not_executive", "not_incident_manager", "not_operator", "not_yours",
        "reserved_identity", "self_approval", "signature_required", "unproven_identity",
    }
)  # fmt: skip
"""Codes that refuse somebody a right, of commands and files; all others are slips, or what the state does not allow."""

_MOST_ROWS = 500
"""Rows of refused commands within the window, of all together; beyond them they are only counted."""


def refuse_command(draft: Draft) -> Nothing | None:
    """Write down that a command was refused, unless enough was said of it within the window.

    The event is the engine's own: who (`by`), the verb, the problem, and in `more` how many more were refused before
    and left no row; without a `code` of a new one those are all that it tells.

    Raises:
        ForbiddenError: `reserved_identity`; somebody gave it as a command.
    """
    if draft.event.actor != ENGINE:
        raise ForbiddenError("reserved_identity", "only the engine says what was refused", field="/from")
    document, policy = draft.event.document, draft.policy.refusals
    who, verb, code = str(document["by"]), str(document["verb"]), str(document["code"])
    recent = _recent(draft, "command.refused")
    alike = [row for row in recent if _said(row) == (who, code) and row.meta.get("verb") == verb]
    if len(recent) >= _MOST_ROWS or len(alike) >= policy.rows:
        return Nothing("refused often enough within the hour; it is counted", verb)
    draft.because("refuse", f"refused: {code}")
    draft.row_about("command.refused", "command", verb, level="warn", meta=dict(document))
    if code in PRIVILEGED:
        _tell_repeated(draft, recent, who, code, what=verb)
    return None


def tell_of_file(draft: Draft) -> None:
    """Tell people of a refused file that claims a right, where it is not the first of its kind."""
    document = draft.event.document
    code, who = str(document["code"]), document.get("by")
    if code in PRIVILEGED and isinstance(who, str):
        _tell_repeated(draft, _recent(draft, "inbox.refused"), who, code, what="a file in the inbox")


def tell_of_verdict(draft: Draft, error: Refusal, *, by: str, what: str) -> None:
    """Tell people at once of a verdict in a commit that bears a name whose right it does not prove."""
    if isinstance(error, ForbiddenError):
        title = f"A decision in the name of {by} does not count: {error.code}"
        body = f"A commit brought {what} in the name of {by}, which is refused: {error.code}."
        _tell(draft, by, error.code, title=title, body=body, rank=draft.policy.refusals.loudest)


def _tell_repeated(draft: Draft, recent: Sequence[Audit], who: str, code: str, *, what: str) -> None:
    """Tell people of the newest try and those before it, once there are enough; each so many more make it louder."""
    policy, more = draft.policy.refusals, draft.event.document.get("more")
    before = [row for row in recent if _said(row) == (who, code)]
    now = (0 if draft.event.document.get("message") is None else 1) + (more if isinstance(more, int) else 0)
    count = sum(_count(row) for row in before) + now
    if count < policy.tries:
        return
    began = str(draft.event.document.get("since") or format_instant(draft.now))
    since = min([began, *(format_instant(row.at) for row in before)])
    rank = max(policy.severity - (count // policy.tries - 1), policy.loudest)
    body = f"{count} tries since {since} were refused with {code}, the last one of {what}."
    times = "once" if count == 1 else f"{count} times"
    _tell(draft, who, code, title=f"{who} was refused {times}: {code} ({what})", body=body, rank=rank)


def _tell(draft: Draft, who: str, code: str, *, title: str, body: str, rank: int) -> None:
    """Ask for an escalation to the last tier; all whom the roster does not know share one, as names cost nothing."""
    known = authority.is_identity(draft.view, who)
    how = f"{who} is a name of the roster" if known else f"{who} is in no roster entry"
    next_step = f"Next: prismfs audit --refused --actor {who} lists them; ask {who}, or look at who used the name."
    text = f"{body}\n{how}; names are claims until something proves them.\n{next_step}\n"
    policy = draft.policy
    draft.follow(
        Attention(
            severity=with_rank(policy.scales, rank, scale=policy.escalation_scale), title=title[:500],
            body=text, source="desk:refusals", reporter=ENGINE, tier=draft.routing.chain_of(None)[-1],
            signature=f"refused:{who.casefold() if known else ''}:{code}",
        )
    )  # fmt: skip


def _recent(draft: Draft, action: str) -> list[Audit]:
    """Return the rows of `action` within the window, newest first."""
    since: datetime = draft.now - draft.policy.refusals.window
    return [row for row in draft.view.latest_of(Audit, action, ("warn",), _MOST_ROWS) if row.at > since]


def _said(row: Audit) -> tuple[object, object]:
    return row.meta.get("by"), row.meta.get("code")


def _count(row: Audit) -> int:
    more = row.meta.get("more")
    return (0 if row.meta.get("message") is None else 1) + (more if isinstance(more, int) else 0)
