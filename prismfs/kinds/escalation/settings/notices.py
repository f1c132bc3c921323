"""What notices say, and when they may not disturb: `settings/notices.yaml` (FD-17, C-72).

A text is a Jinja2 template of names that are known beforehand; what comes from a record is given as a value and is
never read as a template.
"""

import re
from functools import lru_cache
from typing import Annotated, Literal, Self

from pydantic import Field, StringConstraints, model_validator

from prismfs.kinds.core.settings import settings_kind
from prismfs.kinds.core.values import Window
from prismfs.records.api import Rank, Record, Value, Word

_INDENT = re.compile(r"(?m)^[ \t]+(?=\{%)")
_PLAIN = re.compile(r"(\{\{ [a-z_]+ \}\}|\{% (?:if [a-z_]+|else|endif) %\}\n?)")

Occasion = Literal["escalation", "over", "group"]

_OF_ESCALATION = frozenset({
    "why", "severity", "title", "body", "id", "pid", "tier", "sender", "source", "since", "count", "times", "related",
    "next", "another_of", "differs", "labels", "folder",
})  # fmt: skip
NAMES: dict[Occasion, frozenset[str]] = {
    "escalation": _OF_ESCALATION,
    "over": _OF_ESCALATION | {"by", "reason", "lasted"},
    "group": frozenset({"why", "severity", "about", "opened", "resolved", "lines", "id", "pid", "folder"}),
}
"""What the templates of each occasion may name; all but the counts and `labels` are texts, empty for none."""


class Text(Value):
    """A notice's subject, of which one line is left, and its body."""

    subject: Annotated[str, StringConstraints(min_length=1, max_length=1000)]
    body: Annotated[str, StringConstraints(max_length=8000)]


class Quiet(Window):
    """A window in which notices of these ranks wait for its end (C-72)."""

    ranks: Annotated[tuple[Rank, ...], Field(min_length=1)]


class Notices(Record):
    """The texts of each occasion, those of single channels before them, and the quiet hours.

    `folder` is what the commands in a notice give as `-C`, where operators have the project.
    """

    kind: Literal["notices"] = "notices"
    folder: Annotated[str, StringConstraints(max_length=300, pattern=r"^[^\x00-\x1f\x7f]*$")] = ""
    texts: dict[Occasion, Text]
    channels: dict[Word, dict[Occasion, Text]] = Field(default_factory=dict)
    quiet: tuple[Quiet, ...] = ()

    def text_of(self, channel: str, occasion: Occasion) -> Text:
        """Return the text that `channel` says on this occasion."""
        return self.channels.get(channel, {}).get(occasion) or self.texts[occasion]

    @model_validator(mode="after")
    def _texts_are_templates(self) -> Self:
        missing = NAMES.keys() - self.texts.keys()
        if missing:
            raise ValueError(f"texts: no {', '.join(sorted(missing))}")
        for of, texts in {"texts": self.texts, **self.channels}.items():
            for occasion, text in texts.items():
                for part in (text.subject, text.body):
                    _check_template(part, NAMES[occasion], f"{of}: {occasion}")
        return self


def _check_template(text: str, known: frozenset[str], place: str) -> None:
    parts = plain_parts(text)
    used = {name for word, name in parts if word in ("value", "if")} if parts is not None else _names_in(text, place)
    if unknown := sorted(used - known):
        raise ValueError(f"{place}: nothing is called {unknown[0]}; one of {', '.join(sorted(known))}")


def _names_in(text: str, place: str) -> set[str]:
    from jinja2 import Environment, TemplateSyntaxError, meta

    try:
        return meta.find_undeclared_variables(Environment(autoescape=False).parse(text))  # noqa: S701  # no HTML
    except TemplateSyntaxError as error:
        raise ValueError(f"{place}: no Jinja2 template: line {error.lineno}: {error.message}") from error


@lru_cache(maxsize=64)
def plain_parts(text: str) -> tuple[tuple[str, str], ...] | None:
    """Return a template of `{{ name }}` and `{% if name %}` alone as its parts; None for one that needs more.

    A part is what it is (`text`, `value`, `if`, `else`, `endif`) with its text or name. Such a one is written out
    without Jinja2, whose import costs a command more than all else that it does.
    """
    parts: list[tuple[str, str]] = []
    for place, token in enumerate(_PLAIN.split(_INDENT.sub("", text))):
        if place % 2 == 0:
            if token.endswith("{") or any(mark in token for mark in ("{{", "{%", "{#", "\r")):
                return None
            parts.append(("text", token))
        elif token.startswith("{{"):
            parts.append(("value", token[3:-3]))
        else:
            word, _, name = token.strip()[3:-3].partition(" ")
            parts.append((word, name))
    return tuple(parts) if _is_balanced([word for word, _ in parts]) else None


def _is_balanced(words: list[str]) -> bool:
    inside: list[str] = []
    for word in words:
        if word == "if":
            inside.append(word)
        elif word in ("else", "endif"):
            if not inside or (word == "else" and inside[-1] == "else"):
                return False
            inside[-1] = word
            if word == "endif":
                inside.pop()
    return not inside


KIND = settings_kind("notices", Notices)
