"""An event: one thing that happened and may change the project. The only input that a rule reacts to."""

from typing import Literal

from pydantic import JsonValue

from prismfs.records.base import Identity, Instant, Value

EventType = Literal["drop", "commit", "command", "due", "delivery", "bridge", "sync", "watchdog"]


class Event(Value):
    """One file taken in, commit seen, command given, due time reached, delivery answered, signal that crossed
    from another project, change of a filed issue, or standstill of the engine.

    `kind` is the kind of record (or dropped form) that it is about; `cause` names the happening itself and
    is the same whenever the same thing is looked at again, so that it is handled once; `at` is when it was
    taken up, and ids that follow from it carry that time; `actor` is a claim unless `assurance` says how it
    is known; `document` holds what a rule needs to decide, already scanned and redacted.

    The event is kept whole in the first audit row of the commit that answers it, so that the decision can be
    taken again from the commit alone.
    """

    type: EventType
    kind: str
    cause: str
    at: Instant
    actor: Identity
    assurance: Literal["claimed", "local", "engine"] = "claimed"
    document: dict[str, JsonValue]
