"""The text of an issue that leaves for a tracker: its hidden marker, and customers' words made harmless.

Source: GitHub's documentation, "Autolinked references and URLs", "Linking a pull request to an issue" and
"Basic writing and formatting syntax": what follows is shown as a link, notifies somebody, or closes something.
"""

import re

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
    """Return `body`, byte for byte, with the marker of `key` after it; one that has it already stays as it is.

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
