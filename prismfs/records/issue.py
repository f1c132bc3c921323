"""An issue as it goes to a tracker, its marker hidden and customers' words made harmless, and as it is shown there.

Source: GitHub's documentation, "Autolinked references and URLs", "Linking a pull request to an issue" and
"Basic writing and formatting syntax": what `neutralised` parts is a link there, notifies somebody, or closes something.
"""

import re
from dataclasses import dataclass
from typing import Annotated, Literal

from pydantic import Field, StringConstraints

from prismfs.records.base import Value
from prismfs.records.document import Document, impossible_character

_KEY = re.compile(r"[0-9a-f]{64}")
_BREAK = "\u200b"
"""The zero-width space: it parts what GitHub would read as one, and is not seen."""

# The end of each is where it is parted. GitHub looks at the text as it is shown, so whatever Markdown takes away on the
# way there (character references, tags, comments, backslashes) must not put a reference together either.
_LIVE = re.compile(
    r"""
      @(?=[A-Z0-9])                                         # a person, a team, a commit of another repository
    | \#(?=[0-9])                                           # an issue, with or without owner/name before it
    | (?<![A-Z0-9])GH\\?-(?=[0-9])                          # an issue, written the other way
    | /(?:issues|pull|pulls|discussions)\\?/(?=[0-9%])      # an issue by its address
    | &(?=\#|[A-Z][A-Z0-9]*;)                               # a character reference: &#64; is shown as @
    | <(?=[A-Z/!?])                                         # a tag or a comment, such as somebody else's marker
    """,
    re.VERBOSE | re.IGNORECASE | re.ASCII,
)


def marker_of(key: str) -> str:
    """Return the comment, not shown, by which an issue is found again; `key` is its idempotency key, 64 hex digits.

    Raises:
        ValueError: `key` is no such key.
    """
    if not _KEY.fullmatch(key):
        raise ValueError("an idempotency key is 64 hexadecimal digits")
    return f"<!-- prismfs:phone-home:{key} -->"


def marked(body: str, key: str) -> str:
    """Return `body`, byte for byte, with the marker of `key` after it; a body already marked stays as it is.

    Raises:
        ValueError: `key` is no idempotency key.
    """
    marker = marker_of(key)
    if marker in body:
        return body
    apart = "" if not body else "\n" if body.endswith("\n") else "\n\n"
    return f"{body}{apart}{marker}\n"


def neutralised(text: str) -> str:
    """Return `text` so that a tracker notifies no one, links to nothing and closes nothing because of it.

    It reads the same: a zero-width space parts mentions (`@name`, `@org/team`), references (`#1`, `owner/name#1`,
    `GH-1`, addresses of issues), and with them what follows a closing keyword (`fixes #1`). Character references
    and HTML, comments and markers included, are shown as they were written. Doing it twice is doing it once.
    """
    return _LIVE.sub(lambda found: found[0] + _BREAK, text)


MOST_TITLE = 256
MOST_BODY = 65_536
"""Characters that GitHub takes; a longer text is refused there."""

Stamp = Annotated[str, StringConstraints(pattern=r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,9})?Z$")]
"""A tracker's own instant, RFC 3339 in UTC, kept as it was said: it is only compared with what it says later."""


@dataclass(frozen=True, slots=True)
class IssueDraft:
    """What is to be filed, exactly as an operator approved it; `key` is its idempotency key, 64 hex digits.

    `expected` is what the destination was seen to be then (`state`, `visibility`, `permission`), empty where nobody had
    looked; None: whatever it is.

    Raises:
        ValueError: `key` is no such key. Paths and searches are built from it.
    """

    key: str
    title: str
    body: str
    expected: Document | None = None

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
