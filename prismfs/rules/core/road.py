"""The road that every event takes: rows of stages, and the steps that follow, in one order.

A row answers one event of one kind with stages, in order; a stage does one thing, or leaves what does not concern it
alone. What a stage wants of another family it does not call: it asks for it with `draft.follow(value)`. When the
stages of the row are done, the steps that answer those values run in the order of `ORDER`, whatever stage asked first,
until none is left; a step may ask for more.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, Protocol

from prismfs.records.api import Nothing
from prismfs.records.registry import path_of
from prismfs.rules.core.draft import Draft, Refusal

Stage = Callable[[Draft], Nothing | None]
"""Adds to the draft; a `Nothing` that it returns ends the decision."""

Right = Literal["anyone", "roster"]
"""Who may give a command: `anyone`, or whom the roster allows the verb, and operators (`roster`)."""

ORDER = (
    "open", "assess", "target", "escalate", "route", "hold", "enqueue", "assign", "clock", "board", "reply", "settle",
)  # fmt: skip
"""What follows what, once the stages of a row are done: accept > address > classify come before."""


class Refuse(Protocol):
    """Decides what a refusal leaves behind, such as a row and a mail to the person who sent it."""

    def __call__(self, draft: Draft, error: Refusal) -> Nothing | None:
        """Add to the empty `draft` what the refusal `error` leaves behind."""


@dataclass(frozen=True, slots=True)
class Row:
    """The stages that answer an event, and who may cause it.

    `right` is asked for commands alone: what is dropped, committed, due or received needs none. `dropped_as` names
    the form and the kind of record for which this command may be dropped as a file: `("ack", "bead")`. `refused`
    decides instead, on an empty draft, where a stage or a step refuses: a commit is there, whatever the rules say.
    """

    stages: tuple[Stage, ...]
    right: Right = "roster"
    dropped_as: tuple[str, str] | None = None
    refused: Refuse | None = None


@dataclass(frozen=True, slots=True)
class Step:
    """One step of the road: `run` answers each value of the type `answers`, at the place `at` of `ORDER`."""

    at: str
    answers: type
    run: Callable[[Draft, Any], None]

    def __post_init__(self) -> None:
        assert self.at in ORDER, f"no place {self.at!r} in the order of the road"


Table = Mapping[tuple[str, str], Row]
"""Rows by type and kind of the event."""

Steps = Mapping[str, Sequence[Step]]
"""Steps by `path_of` the type that they answer."""


def follow_road(draft: Draft, steps: Steps) -> None:
    """Run the steps that answer what the draft was asked for, in the order of the road, until nothing is left.

    Of two values at the same place the one that was asked for first goes first.
    """
    waiting: list[tuple[int, Callable[[Draft, Any], None], object]] = []
    while True:
        for value in draft.take_follow_ups():
            waiting += [(ORDER.index(step.at), step.run, value) for step in steps[path_of(type(value))]]
        if not waiting:
            return
        waiting.sort(key=lambda entry: entry[0])  # stable: of equals the first stays the first
        _, run, value = waiting.pop(0)
        run(draft, value)
