"""What was dropped, or given as a command, as its form."""

from collections.abc import Iterable

from prismfs import kinds
from prismfs.kinds.core.values import Redaction
from prismfs.records.api import Value
from prismfs.rules.core.draft import Draft


def form_of(draft: Draft) -> Value:
    """Return what was dropped, or given as a command, as its form.

    Raises:
        RecordError: `unknown_kind`, or what the form itself refuses; with the field.
    """
    document = draft.event.document["document"]
    assert isinstance(document, dict)
    return kinds.form_of(document)


def redactions_of(draft: Draft) -> tuple[Redaction, ...]:
    """Return what the scanner took out of the drop before anybody saw it."""
    found = draft.event.document.get("redactions") or []
    assert isinstance(found, list)
    return tuple(Redaction.model_validate(entry) for entry in found)


def taken_out(found: Iterable[Redaction]) -> int:
    """Return how many secrets were taken out; those that are only suspected still stand in the text."""
    return sum(one.count for one in found if one.level == "redact")
