"""Storing a post-incident review: five parts, a root cause found by asking why, an impact in numbers (R-002-45 to -50).

It is kept as an article of the knowledge base, tagged and linked to its incident in the audit trail. Stored again, the
article says what is new, and history keeps what it said before.
"""

import hashlib
from typing import cast

from pydantic import JsonValue

from prismfs.errors import RefusedError
from prismfs.kinds.care.kb import REVIEW_TAG, Article
from prismfs.kinds.response.incident import Incident
from prismfs.records.api import Nothing
from prismfs.rules.core import authority
from prismfs.rules.core.draft import Draft, one_line
from prismfs.rules.core.form import redactions_of, taken_out
from prismfs.rules.gates.api import Parsed, by_dashes, parse, phase_of, read_markdown
from prismfs.rules.response.facts import meta_of, with_timers
from prismfs.rules.response.postmortem import blameless, duty

PHASE = "PIR-1"
"""The phase whose sections a review has (`workflows/post-incident-review.yaml`)."""

WHYS = 5
"""How often why is asked, unless it is said why the questions stop (R-002-46)."""

STOPPED = "stopped:"
_WHY = "why"
_NONE = "none"
_NEVER_REVIEWED = ("duplicate", "false_positive")


def store(draft: Draft) -> Nothing | None:
    """Store the review that a command gives: the incident's `id` and the Markdown in `body`.

    Raises:
        RecordError: what does not fit the sections of a review, such as `section_missing` naming all that lack.
        RefusedError: `not_found`, `not_resolved`, `not_reviewable`, `whys_missing`, `impact_unquantified`.
        ForbiddenError: `not_allowed`; the review of a closed incident is changed by whom the roster allows it.
    """
    incident = draft.need(Incident, str(draft.event.document["id"]))
    body = str(draft.event.document.get("body") or "")
    known = draft.get(Article, name_of(incident))
    if known is not None and known.body == body and duty.is_reviewed(draft, incident):
        return Nothing("the review says that already", incident.id)
    _check_time(draft, incident)
    parsed = parse(phase_of(draft.view, PHASE)[1], body)
    draft.because("store_review", f"its post-incident review is stored as kb/{name_of(incident)}")
    draft.subject = keep(draft, incident, body, parsed, author=draft.event.actor)
    return None


def keep(draft: Draft, incident: Incident, body: str, parsed: Parsed, *, author: str) -> Incident:
    """Keep `body` as the review of `incident`, with the rows and the link; return the incident as it is then.

    Raises:
        RefusedError: `not_resolved`, `not_reviewable`, `whys_missing`, `impact_unquantified`.
        ForbiddenError: `not_allowed`.
    """
    _check_time(draft, incident)
    check(parsed)
    before = draft.get(Article, name_of(incident))
    article = draft.put(
        Article(
            name=name_of(incident),
            title=one_line(f"Post-incident review: {incident.title}"),
            source=f"post-incident review of {incident.id}",
            tags=(REVIEW_TAG,),
            body=body,
        )
    )
    reason = f"the review of {incident.id}"
    taken = taken_out(redactions_of(draft))
    draft.row("kb.added" if before is None else "kb.replaced", article, reason=reason, meta={"redacted": taken})
    changed = with_timers(incident, review=None).changed(
        status="in_review" if incident.status == "resolved" else incident.status,
        review=article.name,
        review_stored_at=draft.now,
    )
    incident = draft.put(changed)
    due = duty.due_for(draft.response, incident)
    meta: dict[str, JsonValue] = {
        "review": article.name,
        "path": f"kb/{article.name}.yaml",
        "content_hash": hashlib.sha256(body.encode()).hexdigest(),
        "tags": [*article.tags],
        "author": author,
        "on_time": None if due is None else draft.now <= due,
        "advice": [*blameless.advice_for(draft, incident, body)],
    }
    reason = f"stored as kb/{article.name}"
    draft.row("incident.review", incident, level="warn", reason=reason, meta=meta_of(incident) | meta)
    return incident


def name_of(incident: Incident) -> str:
    """Return the name of the article that holds the review of `incident`."""
    return f"review-{incident.id}"


def check(parsed: Parsed) -> None:
    """Accept the parts of a review that their types alone do not check.

    Raises:
        RefusedError: `whys_missing`, `impact_unquantified`.
    """
    whys, stopped = whys_of(str(parsed["Root Cause"]))
    if whys < WHYS and not (whys and stopped):
        raise RefusedError(
            "whys_missing",
            f"Root Cause asks why {whys} times of {WHYS}",
            field="/body",
            hint="1. Why …? — because …, five times; or fewer and a paragraph `Stopped: the reason`",
        )
    impact = cast(dict[str, str], parsed["Impact"])
    vague = [name for name, text in impact.items() if not is_quantified(text)]
    if vague:
        raise RefusedError(
            "impact_unquantified",
            f"Impact has no number for {', '.join(vague)}",
            field="/body",
            hint="a number with its unit, or `none` and how that is known",
        )


def whys_of(text: str) -> tuple[int, bool]:
    """Return how many numbered items of `text` ask why and answer it, and whether it says why the questions stop."""
    blocks = read_markdown(text).blocks
    items = [item.text for block in blocks if block.type == "numbers" for item in block.items]
    asked = sum(_is_answered(item) for item in items if item.casefold().startswith(_WHY))
    said = [block.text for block in blocks if block.type == "paragraph" and block.text.casefold().startswith(STOPPED)]
    return asked, any(paragraph[len(STOPPED) :].strip() for paragraph in said)


def _is_answered(item: str) -> bool:
    """Tell whether an item such as `Why …? — because …` has words after its question mark or its dash."""
    return bool(item.partition("?")[2].strip(" —–-")) or len([part for part in by_dashes(item) if part]) > 1


def is_quantified(text: str) -> bool:
    """Tell whether `text` holds a number, or says that there was none (R-002-47)."""
    first = (text.casefold().split() or [""])[0].strip(".,;:!")
    return first == _NONE or any(character.isdigit() for character in text)


def _check_time(draft: Draft, incident: Incident) -> None:
    if incident.status in _NEVER_REVIEWED:
        raise RefusedError("not_reviewable", f"it is {incident.status}", field="/id", hint="review the other incident")
    if incident.is_open:
        raise RefusedError(
            "not_resolved",
            f"it is {incident.status}, and a review tells of all until the resolution",
            field="/id",
            hint=f"prismfs incident resolve {incident.id} --note TEXT",
        )
    if incident.status == "closed":
        authority.check(draft, "review.store")
