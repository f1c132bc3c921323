"""The knowledge base: articles that a command adds, beside those that people commit (R-000-18)."""

from __future__ import annotations

from prismfs.errors import RefusedError
from prismfs.kinds.care.kb import Article
from prismfs.records.document import Document
from prismfs.records.plan import Nothing
from prismfs.rules.core.draft import Draft
from prismfs.rules.core.form import redactions_of, taken_out


def add_article(draft: Draft) -> Nothing | None:
    """Keep an article: the event's `document` is its fields, `replace` whether it may take another's place.

    Raises:
        RecordError: what the form refuses; with the field.
        RefusedError: `name_taken`.
    """
    document = draft.event.document
    fields = document["document"]
    assert isinstance(fields, dict)
    form: Document = {"kind": "kb", "version": 1, **fields}
    article = Article.from_document(form)
    known = draft.view.get(Article, article.name)
    if known == article:
        return Nothing("the article says that already", article.name)
    if known is not None and not document.get("replace"):
        raise RefusedError(
            "name_taken", "there is an article of this name", field="/name", hint="another name, or --replace"
        )
    draft.subject = draft.put(article)
    draft.because("add_article", "added" if known is None else "put in the place of the earlier one")
    draft.row(
        "kb.added" if known is None else "kb.replaced",
        article,
        reason=draft.reason,
        meta={"redacted": taken_out(redactions_of(draft))},
    )
    return None
