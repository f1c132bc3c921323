"""Severity: one rank from 0 (most urgent) to 3, and the scales in which others write it.

Only ranks are compared; labels are display. A scale with fewer levels rounds toward the more urgent side,
on import and on export, so that a translation never makes anything less urgent.
"""

from typing import Annotated, Self

from pydantic import Field, model_validator

from prismfs.errors import RecordError
from prismfs.records.base import Value, Word

MOST_URGENT, LEAST_URGENT = 0, 3
Rank = Annotated[int, Field(ge=MOST_URGENT, le=LEAST_URGENT)]


class Label(Value):
    """A label in the scale it belongs to."""

    scale: Word
    label: str


class Severity(Value):
    """A rank, the label shown for it, and the reporter's own label where that was another scale."""

    rank: Rank
    scale: Word
    label: str
    source: Label | None = None


class Scale(Value):
    """How one community writes severity.

    `ranks` maps each label to the rank it is read as; `labels` gives for each rank 0 to 3 the label written
    for it, null where the scale has no such level.
    """

    ranks: dict[str, Rank]
    labels: tuple[str | None, str | None, str | None, str | None]

    @model_validator(mode="after")
    def _labels_are_known_and_not_less_urgent(self) -> Self:
        for rank, label in enumerate(self.labels):
            if label is None:
                continue
            if label not in self.ranks:
                raise ValueError(f"label {label} of rank {rank} is not among the ranks")
            if self.ranks[label] > rank:
                raise ValueError(f"label {label} would make rank {rank} less urgent")
        return self


Scales = dict[Word, Scale]


def read_label(scales: Scales, text: str, *, scale: str) -> Severity:
    """Return the severity that `text` means in `scale`, without regard to case.

    Raises:
        RecordError: `unknown_severity`, naming the labels that the scale has (R-004-01).
    """
    ranks = _scale(scales, scale).ranks
    for label, rank in ranks.items():
        if label.casefold() == text.casefold():
            return Severity(rank=rank, scale=scale, label=label)
    raise RecordError(
        "unknown_severity", f"unknown severity {text[:40]!r}", field="/severity", hint=f"one of {', '.join(ranks)}"
    )


def with_rank(scales: Scales, rank: int, *, scale: str) -> Severity:
    """Return `rank` as `scale` writes it; a rank without a label takes the next more urgent one that has.

    Raises:
        RecordError: `no_such_level` when neither this rank nor a more urgent one has a label.
    """
    labels = _scale(scales, scale).labels
    for candidate in range(rank, MOST_URGENT - 1, -1):
        label = labels[candidate]
        if label is not None:
            return Severity(rank=candidate, scale=scale, label=label)
    raise RecordError("no_such_level", f"scale {scale} has no label for rank {rank}")


def raised(scales: Scales, severity: Severity) -> Severity:
    """Return the severity one rank more urgent; at rank 0 it stays (R-004-21, R-004-23)."""
    if severity.rank == MOST_URGENT:
        return severity
    return with_rank(scales, severity.rank - 1, scale=severity.scale)


def _scale(scales: Scales, name: str) -> Scale:
    if name not in scales:
        raise RecordError(
            "unknown_scale", f"unknown severity scale {name!r}", hint=f"one of {', '.join(sorted(scales))}"
        )
    return scales[name]
