"""One walk through a document: every string is scrubbed, then secrets that are spread over several.

Those are found in the texts of one mapping or list, joined in their order. Where the settings ask for it, Microsoft
Presidio, an extra of the package, gives a second opinion on persons, places and numbers. What it finds is only
suspected: a model that reads prose is often wrong about logs.
"""

import importlib
import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

from prismfs.errors import ConfigError, RecordError
from prismfs.intake.detector import Detector, Hit, find, masked, replaced
from prismfs.intake.detectors import SECRET_KEY
from prismfs.intake.finding import Tally
from prismfs.intake.scrub import Scrubber, encoded
from prismfs.intake.values import is_harmless
from prismfs.records.document import MAX_DEPTH

_NAMES = ("name", "key", "field", "header", "variable", "env", "option")
_VALUES = ("value", "val", "content", "default", "text")
_OPTION = re.compile(r"(?i)-{1,2}[a-z-]*(?:password|passwd|passphrase|secret|token|api-?key|access-?key|credentials?)")
_CARD_PARTS = frozenset("4444 465 464".split())
_PASS = re.compile(r"(?i)pass|pwd")
_MAX_JOINS = 4  # taking out what spans two fields may bring two others together

_PRESIDIO = "presidio_analyzer"
_SURE = 0.6
"""From this score on (0 to 1) a finding counts; a pattern without context has 0.5 or less."""


def texts_of(document: dict[str, Any]) -> list[str]:
    """Return all keys and strings of `document`; the strings of one mapping or list follow one another.

    Raises:
        RecordError: `too_deep`.
    """
    texts: list[str] = []
    _collect(document, texts, 0)
    return texts


def _collect(value: dict[str, Any] | list[Any], texts: list[str], depth: int) -> None:
    if depth > MAX_DEPTH:
        said = f"more than {MAX_DEPTH} mappings and lists inside each other"
        raise RecordError("too_deep", said, field="", hint="flatten it, or put the inner part into a text field")
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
        _collect(member, texts, depth + 1)


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
            name = _name_of_value(members, key)
            under = whole or self._kind_under(key) or (name and self._kind_under(name)) or None
            if secret and key in ("data", "stringData") and isinstance(member, dict):
                under = "secret"
            # A value under a key such as `token` is taken out whole if it is a string or in a list, but a mapping
            # there has names of its own.
            inner = under if not isinstance(member, dict) or whole or (secret and under) else None
            scrubbed[key] = self.value(member, below(pointer, key), whole=inner)
        return self._joined(scrubbed, pointer)

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
            named = "secret" if at and _announces(items[at - 1]) and isinstance(item, str) else None
            scrubbed.append(self.value(item, f"{pointer}/{at}", whole=whole or named))
        return list(self._joined(dict(enumerate(scrubbed)), pointer).values())

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
            self.tally.note(pointer, _second_opinion(scrubbed))
        return scrubbed

    def _joined(self, members: dict[Any, Any], pointer: str) -> dict[Any, Any]:
        """Take secrets out of the strings among `members` that only show when these are joined."""
        keys = [key for key, member in members.items() if isinstance(member, str) and member]
        rows = [row for row in self.rows if row.strong or row.kind == "payment_card"]
        for _ in range(_MAX_JOINS if len(keys) > 1 and rows else 0):
            parts = [encoded(members[key]) for key in keys]
            found = _across([masked(part) for part in parts], rows)
            if not any(found):
                break
            for key, part, hits in zip(keys, parts, found, strict=True):
                self._take_out(members, key, part, hits, below(pointer, str(key)))
        return members

    def _take_out(self, members: dict[Any, Any], key: Any, part: bytes, hits: list[Hit], pointer: str) -> None:
        """Replace `hits` in `part`, the member under `key`, and look again at what is left of it."""
        self.tally.note(pointer, hits)
        if any(hit.level == "redact" for hit in hits):
            left = replaced(part, hits).decode(errors="replace")
            members[key], more = self.scrubber.scrub(left, self.rows)
            self.tally.note(pointer, [hit for hit in more if hit.level == "redact"])

    def _check_key(self, key: str, pointer: str) -> None:
        if key in self.scrubber.pack.clean_keys:
            return
        hits = self.scrubber.scrub(key, self.rows)[1]
        kinds = sorted({hit.kind for hit in hits if hit.level == "redact"})
        if kinds:
            said = f"a key of this mapping holds a secret ({', '.join(kinds)})"
            hint = "move it into a value, where it is taken out, or leave it away"
            raise RecordError("secret_in_key", said, field=pointer, hint=hint)
        self.scrubber.pack.remember_clean(key)

    def _kind_under(self, key: str) -> str | None:
        """Return the kind as which a string under `key` is taken out whole, or None when it is only scanned."""
        if not SECRET_KEY.search(key):
            return None
        return "password" if _PASS.search(key) else "secret"


def below(pointer: str, key: str) -> str:
    """Return the JSON pointer of the member `key` of the value at `pointer`."""
    return f"{pointer}/{key.replace('~', '~0').replace('/', '~1')}"


def _name_of_value(members: dict[str, object], key: str) -> str | None:
    """Return the name that `members` give to the value under `key`, as in {name: DB_PASSWORD, value: …}."""
    if key.casefold() not in _VALUES:
        return None
    named = {member.casefold(): text for member, text in members.items() if isinstance(text, str)}
    return next((named[name] for name in _NAMES if name in named), None)


def _announces(item: object) -> bool:
    """Tell whether a list's item is an option, such as `--token`, whose value is the next item."""
    return isinstance(item, str) and _OPTION.fullmatch(item) is not None


def _across(parts: Sequence[bytes], rows: Sequence[Detector]) -> list[list[Hit]]:
    """Return the secrets that span several of `parts`: for each part the hits in it.

    Only strong rows look, and only what crosses from one part into the next counts.
    """
    hits: list[list[Hit]] = [[] for _ in parts]
    for between, chosen in _ways(parts, rows):
        # All of them, and each with the next: an entry before a key in the same list must not hide where it begins.
        windows = [(0, len(parts)), *((at, at + 2) for at in range(len(parts) - 1) if len(parts) > 2 and not between)]
        for start, stop in windows if chosen else ():
            for hit in find(between.join(parts[start:stop]), chosen):
                touched = [(start + at, one) for at, one in _split(hit, parts[start:stop], len(between))]
                if len(touched) > 1 and not any(_overlap(one, hits[at]) for at, one in touched):
                    for at, one in touched:
                        hits[at].append(one)
    return [sorted(found, key=lambda hit: hit.start) for found in hits]


def _ways(parts: Sequence[bytes], rows: Sequence[Detector]) -> tuple[tuple[bytes, list[Detector]], ...]:
    shape = "".join(str(len(part)) for part in parts if part.isdigit() and len(part) <= 6)
    cards = any(card in shape for card in _CARD_PARTS)
    return (
        (b"", [row for row in rows if row.strong]),
        (b"\n", [row for row in rows if row.kind == "private_key"]),
        (b" ", [row for row in rows if row.kind == "payment_card" and cards]),
    )


def _split(hit: Hit, parts: Sequence[bytes], gap: int) -> list[tuple[int, Hit]]:
    found, offset = [], 0
    for at, part in enumerate(parts):
        start, end = max(hit.start - offset, 0), min(hit.end - offset, len(part))
        if start < end:
            found.append((at, hit.moved(start, end)))
        offset += len(part) + gap
    return found


def _overlap(hit: Hit, others: Sequence[Hit]) -> bool:
    return any(hit.start < other.end and other.start < hit.end for other in others)


def _second_opinion(text: str) -> list[Hit]:
    """Return what Presidio takes for personal data in `text`, which stays as it is.

    Raises:
        ConfigError: `presidio_missing`; it is not installed.
    """
    found = _analyzer().analyze(text=text, language="en", score_threshold=_SURE)
    return [
        Hit(one.start, one.end, f"presidio_{one.entity_type.lower()}", "suspect", text[one.start : one.end].encode())
        for one in found
        if "[redacted:" not in text[max(0, one.start - 10) : one.end]
    ]


@cache
def _analyzer() -> Any:
    try:
        module = importlib.import_module(_PRESIDIO)
    except ImportError:
        raise ConfigError(
            "presidio_missing",
            "the settings ask for Presidio, which is not installed",
            path="settings/redaction.yaml",
            field="/presidio",
            hint="pip install 'prismfs[presidio]', or set presidio to false",
        ) from None
    return module.AnalyzerEngine()
