"""Nudges and heartbeats are checked without pydantic, and refused as pydantic would refuse them (R-004-34)."""

from __future__ import annotations

from typing import Annotated, Any

import pytest
from pydantic import Field, StringConstraints

from prismfs.delivery.nudges import forms
from prismfs.errors import RecordError
from prismfs.records.api import Id, Identity, Instant, Line, Value

AT = "2026-03-01T10:00:00.000Z"
ID = "nud-01k5n8tq3m9d2v7c4b6h8j0kxz"
NUDGE: dict[str, Any] = {"id": ID, "from": "jade", "to": "mayor", "text": "the build waits", "at": AT, "expires_at": AT}
BEAT: dict[str, Any] = {"at": AT, "note": "step 1"}


class Nudge(Value):
    """The oracle: the form as a model."""

    id: Id
    sender: Identity = Field(alias="from")
    to: Identity
    text: Annotated[str, StringConstraints(min_length=1, max_length=forms.MOST_TEXT)]
    about: Id | None = None
    at: Instant
    expires_at: Instant


class Heartbeat(Value):
    """The oracle: the form as a model."""

    at: Instant
    note: Line | None = None


TEXTS = ["", "x", "-x", "a b", "a\n", "a\nb", "\x00", "ä", "\ud800", "x" * 64, "x" * 65, "x" * 500, "x" * 501]
TIMES = [AT, "2026-03-01T10:00:00.123456Z", "2026-13-01T10:00:00Z", "2026-03-01", "2026-03-01T10:00:00+01:00"]
VALUES = [*TEXTS, *TIMES, "x" * 4000, "x" * 4001, ID, ID.upper(), f"{ID}\n", "nud-", 0, 1.5, True, None, [], {}]


Form = forms.Nudge | forms.Heartbeat | Value


def outcome(form: type[Form], document: dict[str, Any]) -> object:
    try:
        return form.from_document(document, path="run/x.json").to_document()
    except RecordError as error:
        return error.problem


@pytest.mark.parametrize(
    ("form", "model", "good"), [(forms.Nudge, Nudge, NUDGE), (forms.Heartbeat, Heartbeat, BEAT)], ids=["nudge", "beat"]
)
def test_each_member_is_taken_and_refused_as_by_a_model(
    form: type[Form], model: type[Form], good: dict[str, Any]
) -> None:
    names = (*good, "about", "other")
    documents = [good, {}, *({**good, name: value} for name in names for value in VALUES)]
    documents += [{key: value for key, value in good.items() if key != name} for name in good]
    documents += [{**good, "other": 1, "at": "soon"}, {"other": 1}]
    for document in documents:
        assert outcome(form, document) == outcome(model, document), document
    assert outcome(form, good) == good
