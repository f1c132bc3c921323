"""Secrets that are spread over several fields: the texts of one mapping or list, joined in their order."""

import re
from collections.abc import Sequence

from prismfs.intake.detector import Detector
from prismfs.intake.spans import Hit, find

_NAMES = ("name", "key", "field", "header", "variable", "env", "option")
_VALUES = ("value", "val", "content", "default", "text")
_OPTION = re.compile(r"(?i)-{1,2}[a-z-]*(?:password|passwd|passphrase|secret|token|api-?key|access-?key|credentials?)")
_CARD_PARTS = frozenset("4444 465 464".split())


def name_of_value(members: dict[str, object], key: str) -> str | None:
    """Return the name that `members` give to the value under `key`, as in {name: DB_PASSWORD, value: …}."""
    if key.casefold() not in _VALUES:
        return None
    named = {member.casefold(): text for member, text in members.items() if isinstance(text, str)}
    return next((named[name] for name in _NAMES if name in named), None)


def announces(item: object) -> bool:
    """Tell whether a list's item is an option, such as `--token`, whose value is the next item."""
    return isinstance(item, str) and _OPTION.fullmatch(item) is not None


def across(parts: Sequence[bytes], rows: Sequence[Detector]) -> list[list[Hit]]:
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
