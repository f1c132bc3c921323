"""Whether a review speaks of people where it should speak of systems (R-003-23). It advises and never refuses.

A sentence is pointed out when it names a person and holds one of the project's words of blame.
"""

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from prismfs.kinds.response.incident import Incident
from prismfs.rules.core import authority
from prismfs.rules.core.draft import ENGINE, Draft

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


def advice_on(text: str, *, phrases: Sequence[str], is_name: Callable[[str], bool]) -> tuple[Advice, ...]:
    """Return what to say otherwise in `text`, in its order.

    `phrases` are compared without regard to case, as whole words; `is_name` tells whether a word names a person.
    """
    blame = [(phrase, _pattern(phrase)) for phrase in phrases if phrase.strip()]
    return tuple(_found(text, blame, is_name))


def advice_for(draft: Draft, incident: Incident, text: str) -> tuple[str, ...]:
    """Return what to say otherwise in `text` so that it blames no person (R-003-23); at most `MOST`."""
    involved = {name.casefold() for name in _involved(incident)}

    def is_name(word: str) -> bool:
        return word.casefold() != ENGINE and (word.casefold() in involved or authority.is_identity(draft.view, word))

    found = advice_on(text, phrases=draft.response.review.blame, is_name=is_name)
    more = len(found) - MOST
    return (*(each.text for each in found[:MOST]), *([f"and {more} more"] if more > 0 else []))


def _found(text: str, blame: Sequence[tuple[str, re.Pattern[str]]], is_name: Callable[[str], bool]) -> Iterator[Advice]:
    for line, sentence in _sentences(text):
        words = next((phrase for phrase, pattern in blame if pattern.search(sentence)), None)
        if words is None:
            continue
        name = next((found for found in _names(sentence) if is_name(found)), None)
        if name is not None:
            yield Advice(line, name, words)


def _sentences(text: str) -> Iterator[tuple[int, str]]:
    at = 0
    for gap in _SENTENCE.finditer(text):
        yield text.count("\n", 0, at) + 1, text[at : gap.start()]
        at = gap.end()
    yield text.count("\n", 0, at) + 1, text[at:]


def _names(sentence: str) -> Iterator[str]:
    for match in _NAME.finditer(sentence):
        yield match[0].rstrip("._-")


def _pattern(phrase: str) -> re.Pattern[str]:
    words = r"\s+".join(re.escape(word) for word in phrase.split())
    return re.compile(rf"(?<!\w){words}(?!\w)", re.IGNORECASE)


def _involved(incident: Incident) -> Iterator[str]:
    yield from (incident.owner, incident.reporter, *incident.assignees, *incident.affected.agents)
    yield from (note.by for note in incident.notes)
    others = (incident.affected_agent, incident.acknowledged_by, incident.resolved_by)
    yield from (name for name in others if name is not None)
