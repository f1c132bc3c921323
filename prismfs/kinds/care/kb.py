"""A knowledge-base article: what the intake desk answers questions from, with its citation (R-000-18).

People write the files and commit them; `prismfs kb add` does the same by a command.
"""

from typing import Annotated, Literal

from pydantic import StringConstraints

from prismfs.records.api import Kind, Line, Record, Text, Word

ArticleName = Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9._-]{0,99}$")]


class Article(Record):
    """One article; `source` is cited with every answer that is taken from it."""

    kind: Literal["kb"] = "kb"
    name: ArticleName
    title: Line
    source: Line
    tags: tuple[Word, ...] = ()
    body: Text


KIND = Kind(
    name="kb",
    model=Article,
    folder="kb",
    format="yaml",
    layout="named",
    writers=frozenset({"person", "engine"}),
    facets={"title": "title", "owner": "source"},
    listing=("source",),
)
