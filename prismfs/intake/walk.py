"""One walk through a document: every string is scrubbed, then secrets that are spread over several."""

import re
from dataclasses import dataclass
from typing import Any

from prismfs.errors import RecordError
from prismfs.intake import presidio as second
from prismfs.intake import siblings
from prismfs.intake.detector import Detector
from prismfs.intake.detectors import SECRET_KEY
from prismfs.intake.finding import Tally
from prismfs.intake.scrub import Scrubber, encoded
from prismfs.intake.spans import Hit, masked, replaced
from prismfs.intake.values import is_harmless

MAX_DEPTH = 32
"""Mappings and lists inside each other; the strict parser allows no more."""

_PASS = re.compile(r"(?i)pass|pwd")
_MAX_JOINS = 4  # taking out what spans two fields may bring two others together


def texts_of(document: dict[str, Any]) -> list[str]:
    """Return all keys and strings of `document`; the strings of one mapping or list follow one another.

    Raises:
        RecordError: `too_deep`.
    """
    texts: list[str] = []
    _collect(document, "", texts, 0)
    return texts


def _collect(value: dict[str, Any] | list[Any], pointer: str, texts: list[str], depth: int) -> None:
    if depth > MAX_DEPTH:
        raise RecordError(
            "too_deep",
            f"more than {MAX_DEPTH} mappings and lists inside each other",
            field=pointer,
            hint="flatten it, or put the inner part into a text field",
        )
    members = value
    if isinstance(value, dict):
        texts.extend(value)
        texts.append("\n")
        members = list(value.values())
    inner = []
    for member in members:
        if isinstance(member, str):
            texts.append(member)
        elif isinstance(member, dict | list):
            inner.append(member)
    texts.append("\n")
    for member in inner:
        _collect(member, pointer, texts, depth + 1)


@dataclass(frozen=True, slots=True)
class Walk:
    """Scrubs with the candidate `rows` and counts into `tally`."""

    scrubber: Scrubber
    rows: tuple[Detector, ...]
    tally: Tally
    presidio: bool = False

    def mapping(self, members: dict[str, Any], pointer: str, *, whole: str | None = None) -> dict[str, Any]:
        """Return `members` scrubbed.

        Raises:
            RecordError: `secret_in_key`.
        """
        scrubbed = {}
        secret = str(members.get("kind")).casefold() == "secret"
        for key, member in members.items():
            self._check_key(key, pointer)
            name = siblings.name_of_value(members, key)
            under = whole or self._kind_under(key) or (name and self._kind_under(name)) or None
            if secret and key in ("data", "stringData") and isinstance(member, dict):
                under = "secret"
            # A value under a key such as `token` is taken out whole if it is a string or in a list, but a mapping
            # there has names of its own.
            inner = under if not isinstance(member, dict) or whole or (secret and under) else None
            scrubbed[key] = self.value(member, below(pointer, key), whole=inner)
        return self._joined(scrubbed, {key: below(pointer, key) for key in scrubbed})

    def value(self, value: Any, pointer: str, *, whole: str | None) -> Any:
        """Return `value` scrubbed; with `whole` a string is taken out whole, as that kind."""
        if isinstance(value, str):
            return self._string(value, pointer, whole=whole)
        if isinstance(value, dict):
            return self.mapping(value, pointer, whole=whole)
        if isinstance(value, list):
            return self._list(value, pointer, whole=whole)
        if type(value) is int and 10**12 <= value < 10**19:
            text, hits = self.scrubber.scrub(str(value), [row for row in self.rows if row.kind == "payment_card"])
            self.tally.note(pointer, hits)
            return value if text == str(value) else text
        return value

    def _list(self, items: list[Any], pointer: str, *, whole: str | None) -> list[Any]:
        scrubbed = []
        for at, item in enumerate(items):
            named = "secret" if at and siblings.announces(items[at - 1]) and isinstance(item, str) else None
            scrubbed.append(self.value(item, f"{pointer}/{at}", whole=whole or named))
        joined = self._joined(dict(enumerate(scrubbed)), {at: f"{pointer}/{at}" for at in range(len(items))})
        return list(joined.values())

    def _string(self, text: str, pointer: str, *, whole: str | None) -> str:
        if whole and not is_harmless(encoded(text)):
            level = self.scrubber.pack.level_of(whole)
            if level is not None:
                value = encoded(text)
                self.tally.note(pointer, [Hit(0, len(value), whole, level, value)])
                if level == "redact":
                    return f"[redacted:{whole}]"
        scrubbed, hits = self.scrubber.scrub(text, self.rows)
        self.tally.note(pointer, hits)
        if self.presidio:
            self.tally.note(pointer, second.opinion(scrubbed))
        return scrubbed

    def _joined(self, members: dict[Any, Any], pointers: dict[Any, str]) -> dict[Any, Any]:
        """Take secrets out of the strings among `members` that only show when these are joined."""
        keys = [key for key, member in members.items() if isinstance(member, str) and member]
        rows = [row for row in self.rows if row.strong or row.kind == "payment_card"]
        for _ in range(_MAX_JOINS if len(keys) > 1 and rows else 0):
            parts = [encoded(members[key]) for key in keys]
            found = siblings.across([masked(part) for part in parts], rows)
            if not any(found):
                break
            for key, part, hits in zip(keys, parts, found, strict=True):
                self.tally.note(pointers[key], hits)
                if any(hit.level == "redact" for hit in hits):
                    members[key] = self._again(replaced(part, hits), pointers[key])
        return members

    def _again(self, data: bytes, pointer: str) -> str:
        text, hits = self.scrubber.scrub(data.decode(errors="replace"), self.rows)
        self.tally.note(pointer, [hit for hit in hits if hit.level == "redact"])
        return text

    def _check_key(self, key: str, pointer: str) -> None:
        if key in self.scrubber.pack.clean_keys:
            return
        hits = self.scrubber.scrub(key, self.rows)[1]
        kinds = sorted({hit.kind for hit in hits if hit.level == "redact"})
        if kinds:
            raise RecordError(
                "secret_in_key",
                f"a key of this mapping holds a secret ({', '.join(kinds)})",
                field=pointer,
                hint="move it into a value, where it is taken out, or leave it away",
            )
        self.scrubber.pack.remember_clean(key)

    def _kind_under(self, key: str) -> str | None:
        """Return the kind as which a string under `key` is taken out whole, or None when it is only scanned."""
        if not SECRET_KEY.search(key):
            return None
        return "password" if _PASS.search(key) else "secret"


def below(pointer: str, key: str) -> str:
    """Return the JSON pointer of the member `key` of the value at `pointer`."""
    return f"{pointer}/{key.replace('~', '~0').replace('/', '~1')}"
