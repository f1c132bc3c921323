"""Scope: whether an incident concerns the customer's own things, the product, or both (R-000-26 to R-000-30).

What is not surely the product's stays with the customer: scope fails closed.
"""

import re
from collections.abc import Sequence

from prismfs.kinds.care.settings.triage import ScopeRule, Triage
from prismfs.kinds.core.values import Scope
from prismfs.rules.care.matching import MAX_CHARACTERS, listed, matching_rules

_HEADING = re.compile(r"#{1,6}\s")
_FENCE = re.compile(r"\s*(```|~~~)")


def scope_of(triage: Triage, text: str) -> tuple[Scope, tuple[str, ...]]:
    """Return the scope of one passage of a report, and the names of the scope rules that matched it (R-000-26).

    The passage is judged by its own words alone; one that speaks of nothing known is customer-internal.
    """
    found = matching_rules(triage.scopes, {"body": text[:MAX_CHARACTERS]})
    scopes = [rule for rule in found if isinstance(rule, ScopeRule)]
    return weigh_scope(triage, scopes)[0], tuple(rule.name for rule in scopes)


def weigh_scope(triage: Triage, rules: Sequence[ScopeRule]) -> tuple[Scope, str]:
    """Return the scope that `rules`, those that matched, make, and a sentence of their names (R-000-26)."""
    sides = {side: sum(rule.weight for rule in rules if rule.scope == side) for side in ("product", "customer")}
    product, customer = (sides[side] >= triage.scope_weight for side in ("product", "customer"))
    scope: Scope = "customer-internal"
    if product:
        scope = "mixed" if customer else "prism-product"
    if not rules:
        return scope, "no scope rule matched; what is not surely the product's stays here"
    return scope, f"product {sides['product']:g}, customer {sides['customer']:g}: {listed(rules)}"


def sections_of(body: str) -> tuple[tuple[str, str], ...]:
    """Return the sections of a Markdown body, in order, each with a JSON pointer to it (`/body/0`, `/body/1`, …).

    A section is a paragraph; headings belong to the paragraph after them, and a fenced block stays whole with the
    lines that it follows directly. Joined by blank lines the sections say all that the body says (R-000-30).
    """
    blocks: list[list[str]] = [[]]
    fence = ""
    for line in body.splitlines():
        mark = _FENCE.match(line)
        if fence:
            fence = "" if mark is not None and mark[1] == fence else fence
            blocks[-1].append(line)
        elif mark is not None:
            fence = mark[1]
            blocks[-1].append(line)
        elif line.strip():
            blocks[-1].append(line)
        elif any(not _HEADING.match(text) for text in blocks[-1]):
            blocks.append([])
    texts = ["\n".join(block) for block in blocks if block]
    return tuple((f"/body/{number}", text) for number, text in enumerate(texts))
