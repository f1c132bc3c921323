"""A silence: for a time, no notice of what matches it is sent. State, audit and deadlines go on.

A maintenance window is a silence that begins later. Nothing muted is lost: it is notified of when the silence
ends and it is still open (C-50 to C-55).
"""

from typing import Annotated, Literal

from pydantic import Field

from prismfs.records.api import Act, Id, Identity, Instant, Kind, Lifecycle, Line, Matcher, Record, Value


class Silence(Record):
    """What it mutes, why, by whom, from when until when. `due_at` is its next beginning or end."""

    kind: Literal["silence"] = "silence"
    id: Id
    matchers: Annotated[tuple[Matcher, ...], Field(min_length=1, max_length=32)]
    reason: Line
    author: Identity
    created_at: Instant
    starts_at: Instant
    ends_at: Instant
    status: Literal["pending", "active", "expired"]
    replaces: Id | None = None
    due_at: Instant | None = None


class SilenceForm(Value):
    """A new silence, or a change of one: members that are left out keep their value."""

    matchers: Annotated[tuple[Matcher, ...], Field(max_length=32)] | None = None
    reason: Line | None = None
    starts_at: Instant | None = None
    ends_at: Instant | None = None


KIND = Kind(
    name="silence", model=Silence, folder="silences", format="yaml", layout="dated", prefix="sil",
    writers=frozenset({"engine"}),
    lifecycle=Lifecycle(
        edges={"pending": ("active", "expired"), "active": ("expired",), "expired": ()},
        open=frozenset({"pending", "active"}),
    ),
    facets={"title": "reason", "status": "status", "due_at": "due_at", "owner": "author"},
    listing=("status", "ends_at", "matchers"),
    acts=(Act("silence.expire", {"status": ("expired",)}), Act("silence.change", any_of=("reason", "ends_at"))),
)  # fmt: skip
