"""Evaluating the fingerprint rules on labelled failures, before a change to them is merged.

A row is an object with `id`, the failure's text (`text` or `error_text`), the group it belongs to (`group` or
`expected_fingerprint_group`) and, if it has one, `job`. Whatever else it has is ignored.
"""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from itertools import combinations

from prismfs.errors import RecordError
from prismfs.kinds.core.settings.fingerprint import Fingerprint
from prismfs.records.document import Document
from prismfs.rules.core.fingerprint import fingerprint

_KIND = "job_failure"


@dataclass(frozen=True, slots=True)
class Grouping:
    """How well fingerprints group `count` failures, counted in pairs of failures.

    `together` pairs got one fingerprint, `expected` pairs are labelled as one fault, `right` pairs are both.
    `joined` are the pairs of ids that should be apart, `split` those that should be together, in row order.
    """

    count: int
    groups: int
    groups_expected: int
    together: int
    expected: int
    right: int
    joined: tuple[tuple[str, str], ...]
    split: tuple[tuple[str, str], ...]

    @property
    def precision(self) -> float:
        """The share of the pairs put together that belong together; 1 where none was put together."""
        return self.right / self.together if self.together else 1.0

    @property
    def recall(self) -> float:
        """The share of the pairs that belong together that were put together; 1 where none does."""
        return self.right / self.expected if self.expected else 1.0

    @property
    def f1(self) -> float:
        """The harmonic mean of precision and recall."""
        both = self.precision + self.recall
        return 2 * self.precision * self.recall / both if both else 0.0

    def to_document(self) -> Document:
        """Return figures and wrong pairs as a JSON object."""
        return {
            "count": self.count,
            "groups": self.groups,
            "groups_expected": self.groups_expected,
            "precision": round(self.precision, 4),
            "recall": round(self.recall, 4),
            "f1": round(self.f1, 4),
            "wrongly_joined": [list(pair) for pair in self.joined],
            "wrongly_split": [list(pair) for pair in self.split],
        }


def evaluate_grouping(rules: Fingerprint, rows: Iterable[Mapping[str, object]]) -> Grouping:
    """Return how the fingerprints of labelled `rows`, made by `rules`, agree with their groups.

    Raises:
        RecordError: `bad_row` for a row without text or group, naming the row.
    """
    found = []
    for number, row in enumerate(rows, start=1):
        fields = {"error": _text(row, ("text", "error_text"), number)}
        if isinstance(job := row.get("job"), str):
            fields["job"] = job
        group = _text(row, ("group", "expected_fingerprint_group"), number)
        found.append((str(row.get("id") or number), group, fingerprint(rules, _KIND, fields)))
    joined, split = [], []
    for (one, group, key), (other, other_group, other_key) in combinations(found, 2):
        if key == other_key and group != other_group:
            joined.append((one, other))
        elif key != other_key and group == other_group:
            split.append((one, other))
    together, expected = (Counter(row[place] for row in found) for place in (2, 1))
    return Grouping(
        count=len(found),
        groups=len(together),
        groups_expected=len(expected),
        together=_pairs(together),
        expected=_pairs(expected),
        right=_pairs(together) - len(joined),
        joined=tuple(joined),
        split=tuple(split),
    )


def _pairs(sizes: Counter[str]) -> int:
    return sum(size * (size - 1) // 2 for size in sizes.values())


def _text(row: Mapping[str, object], names: tuple[str, ...], number: int) -> str:
    value = next((row[name] for name in names if row.get(name)), None)
    if isinstance(value, str):
        return value
    raise RecordError(
        "bad_row", f"row {number}: {names[0]} is missing", field=f"/{names[0]}", hint=f"a text, {' or '.join(names)}"
    )
