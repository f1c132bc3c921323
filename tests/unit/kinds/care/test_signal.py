"""What a signal's form takes: its type, its category, and whom it is for."""

from __future__ import annotations

from typing import Any

import pytest

from prismfs.errors import RecordError
from prismfs.kinds.care.signal import SignalDrop

FORM: dict[str, Any] = {
    "kind": "signal",
    "from": "jade",
    "to": "Sage",
    "type": "Question",
    "subject": "it crashes",
    "body": "how",
}


@pytest.mark.parametrize("category", ["INFO", "TASK", "ASK", "BLOCKER", None])
def test_intake_signal_is_a_question_with_what_happened(category: str | None) -> None:
    """R-000-09, R-000-12."""
    said = {} if category is None else {"category": category}
    form = SignalDrop.from_document(FORM | said)
    assert (form.type, form.subject, form.body, form.category) == ("Question", "it crashes", "how", category)


@pytest.mark.parametrize(
    ("change", "code", "field"),
    [
        ({"category": "incident"}, "bad_field", "/category"),
        ({"type": "Complaint"}, "bad_field", "/type"),
        ({"lane": "incident"}, "unknown_field", "/lane"),
        ({"to": "all"}, "broadcast_refused", "/to"),
        ({"to": ["Sage", "Clara"]}, "broadcast_refused", "/to"),
        ({"to": "Sage@*"}, "broadcast_refused", "/to"),
        ({"to_pid": ""}, "empty_pid", "/to_pid"),
        ({"to_pid": "PID-A/B"}, "bad_field", "/to_pid"),
        ({"to": None}, "missing_field", ""),
    ],
)
def test_form_that_says_what_it_may_not_is_refused_by_its_field(change: dict[str, Any], code: str, field: str) -> None:
    """R-000-01, R-000-12, R-000-64, R-000-66."""
    document = {name: value for name, value in (FORM | change).items() if value is not None}
    with pytest.raises(RecordError) as refused:
        SignalDrop.from_document(document)
    assert (refused.value.code, refused.value.problem.field) == (code, field)
