"""The knowledge base: questions answered from it, and articles that a command adds (R-000-14, R-000-18)."""

from prismfs.errors import RefusedError
from prismfs.kinds.care.kb import Article
from prismfs.records.answer import REVIEW_TAG
from prismfs.records.api import Document, JsonValue, Nothing
from prismfs.rules.care.signals import waiting_signal
from prismfs.rules.core.api import Draft, Reply, redactions_of, taken_out

_MOST_ANSWERS = 3


def answer(draft: Draft) -> None:
    """Answer a usage question from the knowledge base with its source, or ask back (R-000-14, R-000-18)."""
    signal = waiting_signal(draft, lane="info")
    if signal is None:
        return
    policy = draft.policy
    question = f"{signal.subject}\n{signal.body}"
    found = draft.view.find_answers(question, _MOST_ANSWERS, without=REVIEW_TAG)
    best = found[0] if found and found[0].coverage >= policy.answer_coverage else None
    if best is None:
        near = "".join(f"\n- {candidate.title} ({candidate.source})" for candidate in found)
        body = "The knowledge base holds no answer to this. What did you try, and what did you expect to see?"
        due = draft.now + policy.deadlines.answer
        body += f"\n\nNearest articles:{near}" if near else ""
        draft.follow(
            Reply(signal, role="ask", stage="asked", sender=policy.lanes.info, body=body, told={"due_at": due})
        )
        draft.subject = draft.put(signal.changed(status="asked", due_at=due))
        draft.because("ask_back", "no article of the knowledge base covers the question")
        draft.row("signal.asked", draft.subject, reason=draft.reason, meta={"candidates": [item.id for item in found]})
        return
    body = f"{best.title}\n\n{best.excerpt}\n\nSource: {best.source} (kb/{best.id})"
    draft.follow(Reply(signal, role="answer", stage="answered", sender=policy.lanes.info, body=body))
    draft.subject = draft.put(signal.changed(status="answered", due_at=None))
    draft.because("answer", f"answered from kb/{best.id}")
    meta: dict[str, JsonValue] = {"article": best.id, "coverage": round(best.coverage, 3)}
    draft.row("signal.answered", draft.subject, reason=draft.reason, meta=meta)


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
