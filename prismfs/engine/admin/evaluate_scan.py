"""Evaluating the scanner on labelled texts: the share of secrets that it finds, and its false positives.

A row is an object with `text` or `document`, and `kinds`, the kinds of secrets in it (none: a clean one). With `secret`
(or `value`), a text or a list of texts, a row is found when those are gone; without, when each of its kinds is named.
"""

import json
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from prismfs.errors import RecordError
from prismfs.intake.scan import Scanned, redact
from prismfs.kinds.core.settings.redaction import RedactionRules
from prismfs.records.document import Document


@dataclass(frozen=True, slots=True)
class KindResult:
    """Of `count` rows with secrets of a kind, `found` were found whole."""

    count: int = 0
    found: int = 0


@dataclass(frozen=True, slots=True)
class ScanEvaluation:
    """How well the scanner does; shares are 0 to 1, and 0 where there is nothing to share.

    `missed` names the rows with secrets that were not all found, `wrong` the clean ones of which something was taken
    out, each with the kinds that were named. `suspected` counts clean rows in which something was only suspected.
    `seconds` is what scanning `size` bytes took.
    """

    rules: str
    count: int
    clean: int
    by_kind: Mapping[str, KindResult]
    missed: tuple[tuple[str, tuple[str, ...]], ...]
    wrong: tuple[tuple[str, tuple[str, ...]], ...]
    suspected: int
    seconds: float
    size: int

    @property
    def recall(self) -> float:
        """The share of the rows with secrets that were found."""
        with_secrets = self.count - self.clean
        return 1 - len(self.missed) / with_secrets if with_secrets else 0.0

    @property
    def false_positives(self) -> float:
        """The share of the clean rows of which something was taken out."""
        return len(self.wrong) / self.clean if self.clean else 0.0

    def to_document(self) -> Document:
        """Return figures and rows as a JSON object."""
        return {
            "rules": self.rules,
            "count": self.count,
            "clean": self.clean,
            "recall": round(self.recall, 4),
            "false_positives": round(self.false_positives, 4),
            "suspected": self.suspected,
            "ms_per_kb": round(self.seconds * 1000 / (self.size / 1024), 4) if self.size else 0.0,
            "kinds": {
                kind: {"count": result.count, "found": result.found, "recall": round(result.found / result.count, 4)}
                for kind, result in sorted(self.by_kind.items())
            },
            "missed": [{"id": name, "kinds": list(kinds)} for name, kinds in self.missed],
            "wrong": [{"id": name, "kinds": list(kinds)} for name, kinds in self.wrong],
        }


def evaluate_scan(
    rows: Iterable[Mapping[str, Any]],
    rules: RedactionRules | None = None,
    *,
    clock: Callable[[], float] = time.perf_counter,
) -> ScanEvaluation:
    """Return how the scanner, with the project's `rules`, does on labelled `rows`; `clock` is in seconds.

    Raises:
        RecordError: `bad_row`, naming the row; or the scan of one failed.
    """
    by_kind: dict[str, KindResult] = {}
    missed, wrong = [], []
    count = clean = suspected = size = 0
    seconds = 0.0
    version = ""
    for number, row in enumerate(rows, start=1):
        document, kinds, secrets = _row(row, number)
        begun = clock()
        scanned = redact(document, rules=rules)
        seconds += clock() - begun
        size += len(json.dumps(document, ensure_ascii=False).encode(errors="replace"))
        count, version = count + 1, scanned.rules
        named = tuple(sorted({finding.kind for finding in scanned.taken_out}))
        name = str(row.get("id") or number)
        if not kinds:
            clean += 1
            suspected += any(finding.level == "suspect" for finding in scanned.findings)
            if named:
                wrong.append((name, named))
            continue
        found = _is_found(scanned, kinds, secrets)
        if not found:
            missed.append((name, kinds))
        for kind in kinds:
            known = by_kind.get(kind, KindResult())
            by_kind[kind] = KindResult(known.count + 1, known.found + found)
    return ScanEvaluation(
        version, count, clean, by_kind, tuple(missed), tuple(wrong), suspected, seconds=seconds, size=size
    )


def _is_found(scanned: Scanned, kinds: tuple[str, ...], secrets: tuple[str, ...]) -> bool:
    if secrets:
        left = json.dumps(scanned.document, ensure_ascii=False)
        return not any(secret in left or json.dumps(secret)[1:-1] in left for secret in secrets)
    return set(kinds) <= {finding.kind for finding in scanned.taken_out}


def _row(row: Mapping[str, Any], number: int) -> tuple[dict[str, Any], tuple[str, ...], tuple[str, ...]]:
    document, kinds = row.get("document"), row.get("kinds")
    if isinstance(row.get("text"), str):
        document = {"text": row["text"]}
    if not isinstance(document, dict) or not isinstance(kinds, list):
        raise RecordError(
            "bad_row",
            f"row {number}: a row has text or document, and kinds",
            hint='{"text": "…", "kinds": ["github_token"]}',
        )
    secrets = row.get("secret", row.get("value", ()))
    secrets = (secrets,) if isinstance(secrets, str) else secrets
    return document, tuple(map(str, kinds)), tuple(map(str, secrets))
