"""A verdict: a person's decision on exact bytes, as a file of its own (R-000-32, R-000-82, R-003-28).

It is written by a command, or added by a pull request that somebody merges. It is never changed: another verdict is
another file.
"""

from typing import Literal

from prismfs.records.api import Digest, Id, Identity, Instant, Record

Surface = Literal["chat", "dashboard", "cli", "pull_request"]
"""Where the person decided."""


class Verdict(Record):
    """What the kinds of verdicts have in common: who decided what on the record `about`, and when.

    `content_hash` is of what that record said then; `decision` is one word of the kind's own.
    """

    id: Id
    about: Id
    decision: str
    content_hash: Digest
    by: Identity
    at: Instant
    surface: Surface
