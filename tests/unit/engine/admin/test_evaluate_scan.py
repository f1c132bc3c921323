from __future__ import annotations

import json
from typing import Any

import pytest

from prismfs.engine.admin.evaluate_scan import evaluate_scan
from prismfs.intake.scan import redact
from tests.support import samples

RECALL, FALSE_POSITIVES = 0.85, 0.05


@pytest.fixture(scope="module")
def rows() -> list[dict[str, Any]]:
    return [*samples.dirty(), *samples.clean()]


def test_scanner_finds_most_and_is_seldom_wrong(rows: list[dict[str, Any]]) -> None:
    found = evaluate_scan(rows)
    assert found.count - found.clean >= 600
    assert found.clean >= 200
    assert found.recall >= RECALL, found.missed
    assert found.false_positives <= FALSE_POSITIVES, found.wrong
    poor = {kind for kind, result in found.by_kind.items() if result.found < RECALL * result.count}
    assert poor == set()


def test_scanner_second_look_finds_no_more_and_names_no_value(rows: list[dict[str, Any]]) -> None:
    for row in rows:
        document = row["document"] if "document" in row else {"text": row["text"]}
        once = redact(document, key=b"k" * 32)
        assert redact(once.document).taken_out == (), row["id"]
        told = json.dumps(once.redactions)
        secrets = row.get("secret", [])
        for secret in [secrets] if isinstance(secrets, str) else secrets:
            assert secret not in told
        assert list(once.document) == list(document)


def test_evaluation_counts_found_missed_and_wrong() -> None:
    token = "ghp_" + "a1B2" * 9
    found = evaluate_scan(
        [
            {"id": "one", "text": token, "kinds": ["github_token"]},
            {"text": "nothing here", "kinds": ["github_token"]},
            {"document": {"a": f"x {token}"}, "kinds": ["any"], "secret": token},
            {"text": "x hidden", "kinds": ["any"], "value": "hidden"},
            {"text": token, "kinds": []},
            {"text": "5.6.7.8", "kinds": []},
        ]
    )
    assert (found.recall, found.false_positives, found.suspected) == (0.5, 0.5, 1)
    assert found.missed == (("2", ("github_token",)), ("4", ("any",)))
    assert found.wrong == (("5", ("github_token",)),)
    document: dict[str, Any] = found.to_document()
    assert document["kinds"]["github_token"] == {"count": 2, "found": 1, "recall": 0.5}
