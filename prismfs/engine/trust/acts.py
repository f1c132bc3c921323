"""Acts by commit: an edit of what only the engine writes, as facts of its commit and as the command that it asks for.

The rule says which edits are acts (`rules/core/proposal.py`); here is what it judges by, and the command as an event.
"""

from collections.abc import Iterator
from datetime import datetime
from typing import Any

from prismfs.engine.trust.endorsement import author_of
from prismfs.errors import RecordError
from prismfs.intake.scan import redact
from prismfs.records.api import CommitProof, Document, Event, JsonValue, Record, canonical_json, edit_of
from prismfs.rules.core.api import proposal
from prismfs.store.git.repository import Git

_MOST = 100
"""Edits of the engine's records in a commit that may be acts; where there are more, none is."""

_MOST_EDITED = 64 * 1024  # bytes of JSON that one edit may be: the event is kept in its audit row


def acts_of(facts: Document, at: datetime) -> Iterator[Event]:
    """Yield the commands that a commit with these `facts` gives, each about one record; its author gives them."""
    by: Any = facts.get("acting")
    for change in changes_of(facts):
        act = proposal.act_of(change, facts)
        if act is not None:
            edit: Any = change["edit"]
            proof = CommitProof(how="commit", commit=str(facts["commit"]), signed=by["signed"], edited=edit["to"])
            yield Event(
                type="command", kind=act[0], cause=f"commit:{proof.commit}:{edit['id']}", at=at, actor=by["identity"],
                document=act[1], proof=proof,
            )  # fmt: skip


def with_author(git: Git, base: str, facts: Document) -> Document:
    """Return the facts of a commit with who acts by it (`acting`), if it has edits; without these if they are many."""
    edited = sum("edit" in change for change in changes_of(facts))
    if edited > _MOST:
        facts = facts | {"changes": [without_edit(change, "too_many_acts") for change in changes_of(facts)]}
    return facts | {"acting": author_of(git, str(facts["commit"]), base)} if edited else facts


def with_edit(change: Document, before: Record | None, after: Record | None, here: Record | None) -> Document:
    """Return a changed path with its edit, where the file is a record before and after it, and in the records."""
    if before is None or after is None or here is None or before == after:
        return change
    edit = edit_of(before.to_document(), after.to_document(), here.to_document())
    return change if len(canonical_json(edit)) > _MOST_EDITED else change | {"edit": edit}


def without_edit(change: Document, code: str | None = None) -> Document:
    """Return a changed path without its edit, if it has one; `code` says why it is no act."""
    rest = {name: value for name, value in change.items() if name != "edit"}
    return rest if code is None or "edit" not in change else rest | {"code": code}


def scanned(facts: Document) -> Document:
    """Return facts with no edit that holds a secret: what an act says goes into records, and may leave in a message."""

    def is_clean(change: Document) -> bool:
        try:
            return "edit" not in change or not redact({"subject": facts["subject"], "edit": change["edit"]}).taken_out
        except RecordError:
            return False

    changes = changes_of(facts)
    return facts | {"changes": [one if is_clean(one) else without_edit(one, "secret") for one in changes]}


def changes_of(facts: Document) -> list[Document]:
    """Return the changed paths that the facts of a commit name."""
    changes: JsonValue = facts.get("changes")
    return [change for change in changes if isinstance(change, dict)] if isinstance(changes, list) else []
