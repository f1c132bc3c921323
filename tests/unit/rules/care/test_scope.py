"""Whose matter a report is: by the shipped rules, by rules of one's own, section by section."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from prismfs.kinds.care.settings.triage import ScopeRule, Triage
from prismfs.rules.care.classifier import scope_of, weigh_scope
from prismfs.rules.care.outbound_issue.wording import sections_of
from prismfs.store.defaults import default_record


@pytest.fixture(scope="module")
def shipped() -> Triage:
    record = default_record("triage")
    assert isinstance(record, Triage)
    return record


@pytest.mark.parametrize(
    ("text", "scope"),
    [
        ("`prismfs escalate ack` ends with exit code 70 and a traceback", "prism-product"),
        ("The watcher leaves a file in inbox/ that is a link, and quarantine/ has no reason for it", "prism-product"),
        ("`prism escalate` does nothing", "prism-product"),
        ("Our web shop shows an empty basket since the deploy", "customer-internal"),
        ("The nightly export of invoices is empty", "customer-internal"),
        ("Postgres refuses connections from our api", "customer-internal"),
        ("prismfs watch hangs while our deploy job runs", "mixed"),
        ("After the upgrade of prismfs our customers get no invoices", "mixed"),
        ("It is broken", "customer-internal"),
        ("", "customer-internal"),
        ("My inbox is full and the quarantine of the mail server, too", "customer-internal"),
    ],
)
def test_scope_of_shipped_rules_tells_product_from_customer(shipped: Triage, text: str, scope: str) -> None:
    """R-000-26, R-000-53, R-000-54, R-000-57."""
    found, rules = scope_of(shipped, text)
    assert found == scope
    assert bool(rules) or scope == "customer-internal"


def test_scope_of_names_every_rule_that_matched(shipped: Triage) -> None:
    assert scope_of(shipped, "prismfs log is slow on our server")[1] == ("names-the-product", "own-things")


_SIDES = st.lists(st.tuples(st.sampled_from(["customer", "product"]), st.floats(-3, 3)), max_size=8)


@given(sides=_SIDES, threshold=st.floats(0.1, 3))
def test_weigh_scope_lets_out_only_what_is_surely_the_products(
    sides: list[tuple[str, float]], threshold: float
) -> None:
    """Scope fails closed: without enough weight for the product everything is the customer's (R-000-27)."""
    rules = [
        ScopeRule.model_validate({"name": f"r{number}", "scope": side, "match": "x", "weight": weight})
        for number, (side, weight) in enumerate(sides)
    ]
    scope, reason = weigh_scope(Triage(threshold=0.5, lanes=(), scope_weight=threshold), rules)
    sums = {name: sum(weight for side, weight in sides if side == name) for name in ("customer", "product")}
    assert (scope == "customer-internal") == (sums["product"] < threshold)
    assert (scope == "mixed") == (sums["product"] >= threshold and sums["customer"] >= threshold)
    assert reason


def test_sections_of_keeps_headings_and_fences_with_what_they_belong_to() -> None:
    body = "# A\n\nfirst\nsecond\n\n\n## B\n\n### C\n\n```yaml\na: 1\n\nb: 2\n```\nafter\n\n- x\n- y\n"
    assert sections_of(body) == (
        ("/body/0", "# A\nfirst\nsecond"),
        ("/body/1", "## B\n### C\n```yaml\na: 1\n\nb: 2\n```\nafter"),
        ("/body/2", "- x\n- y"),
    )


def test_sections_of_fence_that_never_ends_is_one_section() -> None:
    assert len(sections_of("see\n```\na\n\nb\n\nc")) == 1
    assert sections_of(" \n\n") == ()


@given(st.text(alphabet="ab #`~\n", max_size=200))
def test_sections_of_loses_no_line_and_invents_none(body: str) -> None:
    """R-000-30: what is carved out and what is left are the whole report."""
    told = [line for _, text in sections_of(body) for line in text.splitlines() if line.strip()]
    assert told == [line for line in body.splitlines() if line.strip()]
