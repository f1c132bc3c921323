"""What a nudge and a heartbeat say. They are no models of pydantic's: an agent waits for its import at every call.

What is refused, and in which words, is as if they were (`tests/contract/test_nudge_forms.py`).
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Self

from prismfs.errors import RecordError
from prismfs.records.document import Document, JsonValue
from prismfs.records.ids import ID_TARGET, IDENTITY_TARGET, Id
from prismfs.records.instants import format_instant, parse_instant

MOST_TEXT = 4000
"""Characters of one nudge."""

_LINE_TARGET = r"[^\x00-\x1f\x7f]*"

_Check = Callable[[JsonValue], Any]
"""Gives the value of a member; ValueError says what is wrong with it."""


@dataclass(frozen=True, slots=True)
class Nudge:
    """One note: from whom to whom, what it says, and until when it is worth handing out."""

    id: Id
    sender: str
    to: str
    text: str
    at: datetime
    expires_at: datetime
    about: Id | None = None

    @classmethod
    def from_document(cls, document: Document, *, path: str = "") -> Self:
        """Return the nudge that `document` holds.

        Raises:
            RecordError: `unknown_field`, `missing_field` or `bad_field`, with the field; the first that is found.
        """
        found = _read(document, _NUDGE, {"about"}, path)
        return cls(sender=found.pop("from"), **found)

    def to_document(self) -> Document:
        """Return the nudge as a JSON object."""
        about: Document = {} if self.about is None else {"about": self.about}
        head: Document = {"id": self.id, "from": self.sender, "to": self.to, "text": self.text, **about}
        return head | {"at": format_instant(self.at), "expires_at": format_instant(self.expires_at)}


@dataclass(frozen=True, slots=True)
class Heartbeat:
    """When an identity was at work, and on what."""

    at: datetime
    note: str | None = None

    @classmethod
    def from_document(cls, document: Document, *, path: str = "") -> Self:
        """Return the heartbeat that `document` holds.

        Raises:
            RecordError: as for `Nudge.from_document`.
        """
        return cls(**_read(document, _HEARTBEAT, {"note"}, path))

    def to_document(self) -> Document:
        """Return the heartbeat as a JSON object."""
        note: Document = {} if self.note is None else {"note": self.note}
        return {"at": format_instant(self.at), **note}


def _read(document: Document, form: Mapping[str, _Check], optional: set[str], path: str) -> dict[str, Any]:
    def wrong(code: str, said: str, name: str, hint: str | None = None) -> RecordError:
        return RecordError(code, said, path=path or None, field=f"/{name}", hint=hint)

    found: dict[str, Any] = {}
    for name, check in form.items():
        if name not in document and name not in optional:
            raise wrong("missing_field", "a required field is missing", name)
        try:
            value = document.get(name)
            found[name] = None if value is None and name in optional else check(value)
        except ValueError as error:
            raise wrong("bad_field", str(error), name) from None
    for name in document:
        if name not in form:
            raise wrong("unknown_field", "unknown field", name, f"known fields: {', '.join(form)}")
    return found


def _text(target: str = "", *, least: int = 0, most: int | None = None) -> Callable[[JsonValue], str]:
    def check(value: JsonValue) -> str:
        if not isinstance(value, str):
            raise ValueError("input should be a valid string")
        if any("\ud800" <= character <= "\udfff" for character in value):
            raise ValueError("input should be a valid string, unable to parse raw data as a unicode string")
        if most is not None and len(value) > most:
            raise ValueError(f"string should have at most {most} characters")
        if len(value) < least:
            raise ValueError(f"string should have at least {least} character")
        if target and not re.fullmatch(target, value):
            raise ValueError(f"string should match pattern '^{target}$'")
        return value

    return check


def _line(value: JsonValue) -> str:
    text = _text(_LINE_TARGET, least=1, most=500)(value)
    if text.startswith("-"):
        raise ValueError("must not begin with a dash: it looks like an option")
    return text


def _instant(value: JsonValue) -> datetime:
    if not isinstance(value, str):
        raise ValueError("an instant is a text such as 2026-03-01T10:00:00Z")
    return parse_instant(value)


_ID, _IDENTITY = _text(ID_TARGET), _text(IDENTITY_TARGET)
_NUDGE: Mapping[str, _Check] = {
    "id": _ID,
    "from": _IDENTITY,
    "to": _IDENTITY,
    "text": _text(least=1, most=MOST_TEXT),
    "about": _ID,
    "at": _instant,
    "expires_at": _instant,
}
_HEARTBEAT: Mapping[str, _Check] = {"at": _instant, "note": _line}
"""What each member must be, in the order in which they are looked at."""
