"""Full-text search in the knowledge base, by SQLite FTS5, the same for every view."""

from __future__ import annotations

import re
import sqlite3
from typing import TYPE_CHECKING

from prismfs.records.answer import Answer

if TYPE_CHECKING:  # listings import this module and must not wait for pydantic
    from prismfs.records.document import Document

SCHEMA = (
    "CREATE VIRTUAL TABLE IF NOT EXISTS article USING fts5("
    "name UNINDEXED, source UNINDEXED, title, tags, body, tokenize = 'porter unicode61')"
)
_WORD = re.compile(r"[^\W_]{2,40}")
_MAX_TERMS = 32
# Words of any question, of no use to find an answer by.
_STOP_WORDS = frozenset(
    """
    about after all also an and any are as at be been but by can could do does for from get has have how
    if in into is it its just like me my no not of on one or our should so some such than that the their
    them then there these they this to us use used using want was way we were what when where which
    while who why will with would you your hi hello please thanks thank need does doing possible anyone
    know help question
    """.split()
)


def put_article(connection: sqlite3.Connection, document: Document) -> None:
    """Index one article in place of any earlier one of its name."""
    name = str(document["name"])
    remove_article(connection, name)
    tags = document.get("tags") or []
    connection.execute(
        "INSERT INTO article (name, source, title, tags, body) VALUES (?, ?, ?, ?, ?)",
        (
            name,
            document["source"],
            document["title"],
            " ".join(map(str, tags)) if isinstance(tags, list) else "",
            document["body"],
        ),
    )


def remove_article(connection: sqlite3.Connection, name: str) -> None:
    """Take one article out of the index."""
    connection.execute("DELETE FROM article WHERE name = ?", (name,))


def find_answers(connection: sqlite3.Connection, text: str, limit: int, *, without: str = "") -> tuple[Answer, ...]:
    """Return the articles that share the most words with `text`, best first, at most `limit`.

    `Answer.coverage` is the share of the question's own words that the article holds, 0 to 1; words are
    compared by stem. Ties go to the smaller bm25 (SQLite FTS5 manual, section 5.1.1), then to the name. Articles with
    the tag `without` are left out.
    """
    terms = _terms(text)
    hits: dict[str, int] = {}
    for term in terms:
        for (name,) in connection.execute("SELECT name FROM article WHERE article MATCH ?", (f'"{term}"',)):
            hits[name] = hits.get(name, 0) + 1
    if not hits:
        return ()
    query = " OR ".join(f'"{term}"' for term in terms)
    rows = connection.execute(
        "SELECT name, source, title, body, bm25(article, 0, 0, 4.0, 3.0, 1.0) FROM article"
        " WHERE article MATCH ? AND instr(' ' || tags || ' ', ' ' || ? || ' ') = 0",
        (query, without or "\n"),
    ).fetchall()
    rows.sort(key=lambda row: (-hits[row[0]], round(row[4], 6), row[0]))
    return tuple(
        Answer(id=name, title=title, source=source, excerpt=_excerpt(body), coverage=hits[name] / len(terms))
        for name, source, title, body, _ in rows[:limit]
    )


def _terms(text: str) -> list[str]:
    words = dict.fromkeys(word.casefold() for word in _WORD.findall(text))
    return [word for word in words if word not in _STOP_WORDS][:_MAX_TERMS]


def _excerpt(body: str, length: int = 1200) -> str:
    return body if len(body) <= length else body[:length].rsplit(" ", 1)[0] + " …"
