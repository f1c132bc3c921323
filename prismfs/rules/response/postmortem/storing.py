"""Storing a post-incident review: five parts, a root cause found by asking why, an impact in numbers (R-002-45 to -50).

It is kept as an article of the knowledge base, tagged and linked to its incident in the audit trail. Stored again, the
article says what is new, and history keeps what it said before.

It speaks of systems and not of people (R-003-23): a sentence that names a person and holds one of the project's words
of blame is pointed out. That advises and never refuses.
"""

import hashlib
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from prismfs.errors import RefusedError
from prismfs.kinds.care.kb import Article
from prismfs.kinds.response.incident import Incident
from prismfs.records.answer import REVIEW_TAG
from prismfs.records.api import Nothing
from prismfs.rules.core.api import ENGINE, Draft, authority, one_line, redactions_of, taken_out
from prismfs.rules.gates.api import Parsed, by_dashes, parse, phase_of, read_markdown
from prismfs.rules.response.facts import add_row, incident_of, with_timers
from prismfs.rules.response.postmortem import duty

PHASE = "PIR-1"
"""The phase whose sections a review has (`workflows/post-incident-review.yaml`)."""

WHYS = 5
"""How often why is asked, unless it is said why the questions stop (R-002-46)."""

STOPPED = "stopped:"

MOST = 20
"""Pieces of advice on one text; what is more is said by their number alone."""

_SENTENCE = re.compile(r"(?<=[.!?])\s+|\n+")
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")


@dataclass(frozen=True, slots=True)
class Advice:
    """A sentence (by the line it begins in, counted from 1) that names `name` beside `words`."""

    line: int
    name: str
    words: str

    @property
    def text(self) -> str:
        """The advice as a sentence, without words of the text itself."""
        return f"line {self.line}: {self.name!r} beside {self.words!r}; say what of the system let it happen"


def store(draft: Draft) -> Nothing | None:
    """Store the review that a command gives: the incident's `id` and the Markdown in `body`.

    Raises:
        RecordError: what does not fit the sections of a review, such as `section_missing` naming all that lack.
        RefusedError: `not_found`, `not_resolved`, `not_reviewable`, `whys_missing`, `impact_unquantified`.
        ForbiddenError: `not_allowed`; the review of a closed incident is changed by whom the roster allows it.
    """
    incident = incident_of(draft)
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
    taken = taken_out(redactions_of(draft))
    action, reason = "kb.added" if before is None else "kb.replaced", f"the review of {incident.id}"
    draft.row(action, article, reason=reason, meta={"redacted": taken})
    changed = with_timers(incident, review=None).changed(
        status="in_review" if incident.status == "resolved" else incident.status,
        review=article.name,
        review_stored_at=draft.now,
    )
    incident = draft.put(changed)
    due = duty.due_for(draft.response, incident)
    add_row(
        draft,
        "incident.review",
        incident,
        reason=f"stored as kb/{article.name}",
        meta={
            "review": article.name,
            "path": f"kb/{article.name}.yaml",
            "content_hash": hashlib.sha256(body.encode()).hexdigest(),
            "tags": [*article.tags],
            "author": author,
            "on_time": None if due is None else draft.now <= due,
            "advice": [*advice_for(draft, incident, body)],
        },
    )
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
        hint = "1. Why …? — because …, five times; or fewer and a paragraph `Stopped: the reason`"
        raise RefusedError("whys_missing", f"Root Cause asks why {whys} times of {WHYS}", field="/body", hint=hint)
    impact = parsed["Impact"]
    assert isinstance(impact, dict)
    vague = [name for name, text in impact.items() if not is_quantified(str(text))]
    if vague:
        said = f"Impact has no number for {', '.join(vague)}"
        hint = "a number with its unit, or `none` and how that is known"
        raise RefusedError("impact_unquantified", said, field="/body", hint=hint)


def whys_of(text: str) -> tuple[int, bool]:
    """Return how many numbered items of `text` ask why and answer it, and whether it says why the questions stop."""
    blocks = read_markdown(text).blocks
    items = [item.text for block in blocks if block.type == "numbers" for item in block.items]
    asked = sum(_is_answered(item) for item in items if item.casefold().startswith("why"))
    said = [block.text for block in blocks if block.type == "paragraph" and block.text.casefold().startswith(STOPPED)]
    return asked, any(paragraph[len(STOPPED) :].strip() for paragraph in said)


def advice_on(text: str, *, phrases: Sequence[str], is_name: Callable[[str], bool]) -> tuple[Advice, ...]:
    """Return what to say otherwise in `text`, in its order.

    `phrases` are compared without regard to case, as whole words; `is_name` tells whether a word names a person.
    """
    blame = [(phrase, _pattern(phrase)) for phrase in phrases if phrase.strip()]
    found = []
    for line, sentence in _sentences(text):
        words = next((phrase for phrase, pattern in blame if pattern.search(sentence)), None)
        names = (word.rstrip("._-") for word in _NAME.findall(sentence) if words is not None)
        name = next((name for name in names if is_name(name)), None)
        if words is not None and name is not None:
            found.append(Advice(line, name, words))
    return tuple(found)


def advice_for(draft: Draft, incident: Incident, text: str) -> tuple[str, ...]:
    """Return what to say otherwise in `text` so that it blames no person (R-003-23); at most `MOST`."""
    involved = {name.casefold() for name in _involved(incident)}

    def is_name(word: str) -> bool:
        return word.casefold() != ENGINE and (word.casefold() in involved or authority.is_identity(draft.view, word))

    found = advice_on(text, phrases=draft.response.review.blame, is_name=is_name)
    more = len(found) - MOST
    return (*(each.text for each in found[:MOST]), *([f"and {more} more"] if more > 0 else []))


def _is_answered(item: str) -> bool:
    """Tell whether an item such as `Why …? — because …` has words after its question mark or its dash."""
    return bool(item.partition("?")[2].strip(" —–-")) or len([part for part in by_dashes(item) if part]) > 1


def is_quantified(text: str) -> bool:
    """Tell whether `text` holds a number, or says that there was none (R-002-47)."""
    first = (text.casefold().split() or [""])[0].strip(".,;:!")
    return first == "none" or any(character.isdigit() for character in text)


def _check_time(draft: Draft, incident: Incident) -> None:
    if incident.status in ("duplicate", "false_positive"):
        raise RefusedError("not_reviewable", f"it is {incident.status}", field="/id", hint="review the other incident")
    if incident.is_open:
        said = f"it is {incident.status}, and a review tells of all until the resolution"
        hint = f"prismfs incident resolve {incident.id} --note TEXT"
        raise RefusedError("not_resolved", said, field="/id", hint=hint)
    if incident.status == "closed":
        authority.check(draft, "review.store")


def _sentences(text: str) -> Iterator[tuple[int, str]]:
    at = 0
    for gap in _SENTENCE.finditer(text):
        yield text.count("\n", 0, at) + 1, text[at : gap.start()]
        at = gap.end()
    yield text.count("\n", 0, at) + 1, text[at:]


def _pattern(phrase: str) -> re.Pattern[str]:
    words = r"\s+".join(re.escape(word) for word in phrase.split())
    return re.compile(rf"(?<!\w){words}(?!\w)", re.IGNORECASE)


def _involved(incident: Incident) -> Iterator[str]:
    yield from (incident.owner, incident.reporter, *incident.assignees, *incident.affected.agents)
    yield from (note.by for note in incident.notes)
    others = (incident.affected_agent, incident.acknowledged_by, incident.resolved_by)
    yield from (name for name in others if name is not None)
