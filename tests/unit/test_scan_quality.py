import json

import pytest

from prismfs.engine.admin.evaluate_scan import evaluate_scan
from prismfs.intake.scan import redact

RECALL, FALSE_POSITIVES = 0.85, 0.05


@pytest.fixture(scope="module")
def rows(scan_samples):  # type: ignore[no-untyped-def]
    return [*scan_samples.dirty(), *scan_samples.clean()]


def test_scanner_finds_most_and_is_seldom_wrong(rows) -> None:  # type: ignore[no-untyped-def]
    found = evaluate_scan(rows)
    assert found.count - found.clean >= 600
    assert found.clean >= 200
    assert found.recall >= RECALL, found.missed
    assert found.false_positives <= FALSE_POSITIVES, found.wrong
    poor = {kind for kind, result in found.by_kind.items() if result.found < RECALL * result.count}
    assert poor == set()


def test_scanner_second_look_finds_no_more_and_names_no_value(rows) -> None:  # type: ignore[no-untyped-def]
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
    assert found.to_document()["kinds"]["github_token"] == {"count": 2, "found": 1, "recall": 0.5}
