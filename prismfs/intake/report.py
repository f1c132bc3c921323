"""The scanner's report on texts that are about to leave; a failed scan is a report as well.

Source: R-000-36, R-000-37: what leaves was scanned, and only a report of status `passed` lets it go.
"""

import hashlib
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Literal

from prismfs.errors import PrismfsError
from prismfs.intake.finding import Finding
from prismfs.intake.scan import redact
from prismfs.kinds.core.settings.redaction import RedactionRules
from prismfs.records.codec import canonical_json

SCANNER = "prismfs"


@dataclass(frozen=True, slots=True)
class Report:
    """The result of scanning some texts.

    `passed`: all of it was looked at, and a second look at `redacted`, the texts without what was taken out, found no
    more. Findings of level `suspect` still stand in them: whoever sends them decides about those. `failed`: an error,
    or no time; `redacted` is empty then, and `detail` says why. `version` names the rule sets; the hashes are SHA-256,
    in hex, of the canonical JSON of the texts before and after. `not_run` is for reports that nobody made.
    """

    status: Literal["passed", "failed", "not_run"]
    scanner: str
    version: str
    redacted: dict[str, str]
    findings: tuple[Finding, ...]
    input_hash: str
    output_hash: str | None
    detail: str | None = None


def scan_text(
    texts: Mapping[str, str],
    rules: RedactionRules | None = None,
    key: bytes | None = None,
    deadline: float | None = None,
    clock: Callable[[], float] = time.monotonic,
) -> Report:
    """Return the report on `texts`, by name; a finding's pointer is `/name`. The arguments are as those of `redact`.

    Nothing is raised: what cannot be looked at has a report of status `failed`.
    """
    before = ""
    try:
        before = _hash(texts)
        scanned = redact(dict(texts), rules=rules, key=key, deadline=deadline, clock=clock)
        again = redact(scanned.document, rules=rules, deadline=deadline, clock=clock)
    except PrismfsError as error:
        return Report("failed", SCANNER, "", {}, (), before, None, f"{error.code}: {error.problem.message}")
    if again.taken_out:
        return Report("failed", SCANNER, scanned.rules, {}, (), before, None, "a second look found more")
    after = _hash(scanned.document)
    return Report("passed", SCANNER, scanned.rules, scanned.document, scanned.findings, before, after)


def _hash(texts: Mapping[str, str]) -> str:
    return hashlib.sha256(canonical_json(dict(texts))).hexdigest()
