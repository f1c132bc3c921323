"""The templates of notices: what they may name, and that what an agent wrote is none."""

from __future__ import annotations

from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from prismfs.errors import RecordError
from prismfs.kinds.core.outbox import Outbox
from prismfs.kinds.escalation.escalation import Escalation
from prismfs.kinds.escalation.settings.notices import Notices, plain_parts
from prismfs.records.api import Plan
from prismfs.rules.escalation import messages
from prismfs.store.defaults import default_files
from tests.support.memory import MemoryProject

SHIPPED: dict[str, Any] = yaml.safe_load(default_files()["settings/notices.yaml"])


@pytest.mark.parametrize(
    ("subject", "said"),
    [
        ("{{ secret }}", "nothing is called secret"),
        ("{{ why", "no Jinja2 template"),
        ("{% for %}", "no Jinja2 template"),
    ],
)
def test_text_that_names_what_is_not_there_is_refused(subject: str, said: str) -> None:
    with pytest.raises(RecordError) as refused:
        Notices.from_document(SHIPPED | {"channels": {"sms": {"over": {"subject": subject, "body": ""}}}})
    assert said in str(refused.value)


def test_every_occasion_has_a_text() -> None:
    texts = {name: text for name, text in SHIPPED["texts"].items() if name != "over"}
    with pytest.raises(RecordError, match="over"):
        Notices.from_document(SHIPPED | {"texts": texts})


def test_words_of_an_agent_are_no_template() -> None:
    """FD-17: text is data."""
    desk = MemoryProject()
    words = "{{ 7 * 7 }} {% include '/etc/passwd' %}"
    form = {"kind": "escalation", "from": "jade", "severity": "HIGH", "title": words, "body": words}
    plan = desk.give("escalation", {"document": form}, actor="jade")
    assert isinstance(plan, Plan)
    (bead,) = [put for put in plan.puts if isinstance(put, Escalation)]
    message = next(put for put in plan.puts if isinstance(put, Outbox))
    assert bead.title == words
    assert message.subject == f"[HIGH] {words}"
    assert words in message.body


PIECES = st.sampled_from(
    ["{{ a }}", "{{ b }}", "{% if a %}", "{% if b %}", "{% else %}", "{% endif %}", "\n", " ", "word", "  {% if b %}\n",
     "{% endif %}\n", "\n\n", "}}", "%}", "{"]
)  # fmt: skip


@given(st.lists(PIECES, max_size=12).map("".join), st.text(max_size=5), st.sampled_from(["", "x"]))
def test_plain_template_is_written_out_as_jinja2_does(text: str, a: str, b: str) -> None:
    parts = plain_parts(text)
    if parts is not None:
        assert messages._plain(parts, {"a": a, "b": b}) == messages._by_jinja2(text, {"a": a, "b": b})


def test_shipped_texts_need_no_jinja2() -> None:
    """Its import costs a command more than all else that it does."""
    every = [*SHIPPED["texts"].values(), *SHIPPED["channels"]["sms"].values()]
    assert all(plain_parts(part) is not None for text in every for part in text.values())
