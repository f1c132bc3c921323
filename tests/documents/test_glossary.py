"""One word for one thing: each term stands once in the glossary, with a module that is there."""

from __future__ import annotations

import re

from prismfs.kinds import KINDS
from tests.documents.walks import ROOT

ROWS = re.findall(
    r"^\| ([^|]+) \| ([^|]+) \| `([^`|]+)` \|$", (ROOT / "docs" / "glossary.md").read_text(), re.MULTILINE
)


def test_terms_stand_once_and_in_order() -> None:
    terms = [term.casefold() for term, _, _ in ROWS]
    assert terms == sorted(set(terms))


def test_terms_are_owned_by_modules_that_are_there() -> None:
    assert [module for _, _, module in ROWS if not (ROOT / "prismfs" / module).is_file()] == []


def test_kinds_of_records_are_all_explained() -> None:
    known = {"decision": "gate decision", "fingerprint": "fingerprint", "audit": "audit row"}
    terms = {term.casefold() for term, _, _ in ROWS}
    wanted = {known.get(name, name.replace("_", " ").replace("phone home", "phone-home")) for name in KINDS}
    assert sorted(wanted - terms) == []
