"""What the knowledge base answers. Imports nothing: a search waits for no models."""

from dataclasses import dataclass

REVIEW_TAG = "post-incident-review"
"""The tag of stored reviews (R-002-50). A search finds them; they are never sent out as an answer."""


@dataclass(frozen=True, slots=True)
class Answer:
    """A passage of the knowledge base that may answer a question.

    `source` is its citation; `coverage` the share of the question's own words that it holds, 0 to 1.
    """

    id: str
    title: str
    excerpt: str
    source: str
    coverage: float
