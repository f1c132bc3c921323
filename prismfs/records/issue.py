"""An issue as it goes to a tracker, and as the tracker shows it afterwards."""

from dataclasses import dataclass
from typing import Annotated, Literal

from pydantic import Field, StringConstraints

from prismfs.records.base import Value
from prismfs.records.document import impossible_character
from prismfs.records.issue_text import marked, marker_of

MOST_TITLE = 256
MOST_BODY = 65_536
"""Characters that GitHub takes; a longer text is refused there."""

Stamp = Annotated[str, StringConstraints(pattern=r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,9})?Z$")]
"""A tracker's own instant, RFC 3339 in UTC, kept as it was said: it is only compared with what it says later."""


@dataclass(frozen=True, slots=True)
class IssueDraft:
    """What is to be filed, exactly as an operator approved it; `key` is its idempotency key, 64 hex digits.

    Raises:
        ValueError: `key` is no such key. Paths and searches are built from it.
    """

    key: str
    title: str
    body: str

    def __post_init__(self) -> None:
        marker_of(self.key)

    @property
    def marked_body(self) -> str:
        """The body with the marker by which the issue is found again."""
        return marked(self.body, self.key)

    @property
    def fault(self) -> str | None:
        """Why no tracker would take it as it is, in words of our own; None where nothing is wrong."""
        if not self.title.strip() or len(self.title) > MOST_TITLE:
            return f"the title must have 1 to {MOST_TITLE} characters"
        if any(letter < " " or letter == "\x7f" for letter in self.title):
            return "the title holds a control character"
        if len(self.marked_body) > MOST_BODY:
            return f"the body has more than {MOST_BODY} characters"
        if impossible_character(self.title + self.body) is not None:
            return "the text holds a NUL character or half a character"
        return None


class IssueComment(Value):
    """One comment on an issue; `id` is the tracker's own."""

    id: Annotated[str, StringConstraints(min_length=1, max_length=200)]
    author: Annotated[str, StringConstraints(max_length=200)] = "ghost"
    body: Annotated[str, StringConstraints(max_length=MOST_BODY)]
    created_at: Stamp


class IssueState(Value):
    """How an issue stands at its tracker, comments oldest first (R-000-78).

    A file of this form may be dropped in place of asking a tracker. `reason` says why it was closed, such as
    completed or not_planned.
    """

    number: Annotated[int, Field(ge=1)]
    url: Annotated[str, StringConstraints(min_length=1, max_length=2000)]
    state: Literal["open", "closed"]
    reason: Annotated[str, StringConstraints(max_length=100)] | None = None
    title: Annotated[str, StringConstraints(max_length=1000)]
    updated_at: Stamp
    comments: tuple[IssueComment, ...] = ()
