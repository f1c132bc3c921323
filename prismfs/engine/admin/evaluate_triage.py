"""Evaluating the triage rules on labelled reports, before a change to them is merged.

A row is an object with `id`, `title`, `body` and `lane`; an incident's row may have `severity` (P0 to P3), `kind` and
`scope`. Whatever else it has, such as `ambiguous`, is carried along or ignored.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

from prismfs.errors import RecordError
from prismfs.kinds.care.settings.triage import Triage
from prismfs.kinds.care.signal import LANES
from prismfs.kinds.core.values import SCOPES
from prismfs.records.document import Document
from prismfs.rules.care.api import DEFAULT_RANK, Classification, classify, with_floor

_RANKS = {"P0": 0, "P1": 1, "P2": 2, "P3": 3}

_NATURE_OF_KIND = {
    "data-integrity": "data_loss",
    "security": "security",
    "outage": "outage",
    "performance": "performance",
}
"""The nature that says what a label's kind says; every other kind is met by any nature not named here."""


@dataclass(frozen=True, slots=True)
class HardCase:
    """A report whose lane was not found; `confidence` belongs to the lane that had most for it."""

    id: str
    expected: str
    got: str
    confidence: float
    matched: tuple[tuple[str, float], ...]
    ambiguous: bool

    def to_document(self) -> Document:
        """Return the case as a JSON object."""
        return {
            "id": self.id,
            "expected": self.expected,
            "got": self.got,
            "confidence": round(self.confidence, 3),
            "matched": [{"rule": name, "weight": weight} for name, weight in self.matched],
            "ambiguous": self.ambiguous,
        }


@dataclass(frozen=True, slots=True)
class Evaluation:
    """How well the rules do on `count` reports; shares are 0 to 1, and 0 where there is nothing to share.

    `accuracy` counts an unclassified report as wrong, `accuracy_classified` leaves it out. `confusion` gives
    for each labelled lane how often each lane was found, all lanes in the order of `LANES`. Severity and kind
    are judged on all labelled incidents, whichever lane they were sorted into. `hard_cases` are those with a
    wrong lane, the surest first; they are what to read when a rule is tuned. `scope_leaked` counts what is labelled
    customer-internal and was found to be anything else.
    """

    count: int
    correct: int
    unclassified: int
    confusion: Mapping[str, Mapping[str, int]]
    severity_count: int
    severity_exact: int
    severity_within_one: int
    kind_count: int
    kind_correct: int
    scope_count: int
    scope_correct: int
    scope_leaked: int
    hard_cases: tuple[HardCase, ...]

    @property
    def accuracy(self) -> float:
        """The share of all reports whose lane was found."""
        return _share(self.correct, self.count)

    @property
    def accuracy_classified(self) -> float:
        """The share of right lanes among the reports that got one."""
        return _share(self.correct, self.count - self.unclassified)

    @property
    def info_as_incident(self) -> float:
        """The share of questions that were taken for incidents: each of them is a false alarm."""
        return _share(self.confusion["info"]["incident"], sum(self.confusion["info"].values()))

    def to_document(self) -> Document:
        """Return figures, confusion matrix and hard cases as a JSON object."""
        return {
            "count": self.count,
            "accuracy": round(self.accuracy, 4),
            "accuracy_classified": round(self.accuracy_classified, 4),
            "unclassified": self.unclassified,
            "info_as_incident": round(self.info_as_incident, 4),
            "confusion": {lane: dict(found) for lane, found in self.confusion.items()},
            "severity": {
                "count": self.severity_count,
                "exact": round(_share(self.severity_exact, self.severity_count), 4),
                "within_one": round(_share(self.severity_within_one, self.severity_count), 4),
            },
            "kind": {"count": self.kind_count, "accuracy": round(_share(self.kind_correct, self.kind_count), 4)},
            "scope": {
                "count": self.scope_count,
                "accuracy": round(_share(self.scope_correct, self.scope_count), 4),
                "leaked": self.scope_leaked,
            },
            "hard_cases": [case.to_document() for case in self.hard_cases],
        }


def evaluate(
    triage: Triage, rows: Iterable[Mapping[str, object]], *, nature_floor: Mapping[str, int] | None = None
) -> Evaluation:
    """Return how the rules of `triage` do on labelled `rows`.

    `nature_floor` is the policy's; without one the rank stands as the severity rules give it.

    Raises:
        RecordError: `bad_row` for a row without title or with an unknown lane, severity or scope, naming the row.
    """
    lanes: tuple[str, ...] = LANES
    confusion = {expected: dict.fromkeys(lanes, 0) for expected in lanes}
    gaps: list[int] = []
    kinds: list[bool] = []
    scopes: list[tuple[str, str]] = []
    hard: list[HardCase] = []
    for number, row in enumerate(rows):
        expected = _word(row, "lane", number, allowed=LANES)
        found = _classified(triage, row, number, nature_floor or {})
        confusion[expected][found.lane] += 1
        if found.lane != expected:
            hard.append(_hard_case(row, number, expected, found))
        if expected == "incident":
            _judge_incident(row, number, found, gaps, kinds)
        if row.get("scope") is not None:
            scopes.append((_word(row, "scope", number, allowed=SCOPES), found.scope))
    return Evaluation(
        count=sum(sum(found_lanes.values()) for found_lanes in confusion.values()),
        correct=sum(confusion[lane][lane] for lane in lanes),
        unclassified=sum(confusion[lane]["unclassified"] for lane in lanes),
        confusion=confusion,
        severity_count=len(gaps),
        severity_exact=gaps.count(0),
        severity_within_one=gaps.count(0) + gaps.count(1),
        kind_count=len(kinds),
        kind_correct=sum(kinds),
        scope_count=len(scopes),
        scope_correct=sum(expected == got for expected, got in scopes),
        scope_leaked=sum(expected == "customer-internal" != got for expected, got in scopes),
        hard_cases=tuple(sorted(hard, key=lambda case: (-case.confidence, case.id))),
    )


def _judge_incident(
    row: Mapping[str, object], number: int, found: Classification, gaps: list[int], kinds: list[bool]
) -> None:
    """Add by how many ranks the severity is off, and whether the kind is met, where the row is labelled with them."""
    if row.get("severity") is not None:
        assert found.rank is not None
        gaps.append(abs(found.rank - _RANKS[_word(row, "severity", number, allowed=tuple(_RANKS))]))
    if row.get("kind") is not None:
        kinds.append(_kind_is_met(str(row["kind"]), found.nature))


def _hard_case(row: Mapping[str, object], number: int, expected: str, found: Classification) -> HardCase:
    return HardCase(
        id=str(row.get("id") or number),
        expected=expected,
        got=found.lane,
        confidence=found.confidence,
        matched=found.matched,
        ambiguous=row.get("ambiguous") is True,
    )


def _classified(
    triage: Triage, row: Mapping[str, object], number: int, nature_floor: Mapping[str, int]
) -> Classification:
    found = classify(triage, subject=_word(row, "title", number), body=str(row.get("body") or ""))
    if found.rank is None:
        # An incident in the wrong lane has no rank yet; its severity is judged as if a person had put it right.
        found = replace(found, rank=DEFAULT_RANK)
    return with_floor(found, nature_floor)


def _kind_is_met(kind: str, nature: str) -> bool:
    wanted = _NATURE_OF_KIND.get(kind)
    return nature == wanted if wanted is not None else nature not in _NATURE_OF_KIND.values()


def _word(row: Mapping[str, object], name: str, number: int, *, allowed: tuple[str, ...] = ()) -> str:
    value = row.get(name)
    if isinstance(value, str) and (not allowed or value in allowed):
        return value
    hint = f"one of {', '.join(allowed)}" if allowed else "give a text"
    raise RecordError("bad_row", f"row {number + 1}: {name} is missing or unknown", field=f"/{name}", hint=hint)


def _share(part: int, whole: int) -> float:
    return part / whole if whole else 0.0
