"""Taking secrets and personal data out of a parsed document before any of it becomes part of history.

Each one found in a string becomes `[redacted:<kind>]`, which is inert: a scrubbed document comes through unchanged.
What was found is told by place, kind and count, never by value (R-000-21). A scan that fails or takes too long fails
what it was to look at: nothing passes unscanned.
"""

import hashlib
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from prismfs.errors import PrismfsError, RecordError
from prismfs.intake.detector import masked
from prismfs.intake.detectors import SCAN_VERSION
from prismfs.intake.finding import Finding, Scanned, Tally, as_document, scan_key
from prismfs.intake.pack import default_pack, pack_for
from prismfs.intake.scrub import Scrubber, encoded
from prismfs.intake.walk import Walk, texts_of
from prismfs.kinds.core.settings.redaction import RedactionRules
from prismfs.records.codec import canonical_json

__all__ = ["SCAN_VERSION", "Finding", "Scanned", "as_document", "redact", "redact_text", "scan_key", "scan_text"]

SCANNER = "prismfs"
_DEFAULT = RedactionRules()


def redact(
    document: dict[str, Any],
    *,
    rules: RedactionRules | None = None,
    key: bytes | None = None,
    deadline: float | None = None,
    clock: Callable[[], float] = time.monotonic,
) -> Scanned:
    """Return `document` without its secrets; the one given stays unchanged, key order is kept.

    A string under a key such as `password` is taken out whole, and so is one in a list under such a key. An integer
    that is a payment card number becomes text. Lone surrogates, which no file can hold, become U+FFFD in the strings
    that are scanned.

    `rules` are the project's; without them the defaults hold. With `key` each finding carries a code by which equal
    values can be told. `deadline` is on `clock`, in seconds; without it the time limit of `rules` counts from now.

    Raises:
        RecordError: `secret_in_key`, a mapping key holds a secret; `too_deep`, more than 32 levels; `scan_failed`, over
            the time limit or an error of a detector.
        ConfigError: `presidio_missing`; the rules ask for it, and it is not installed.
    """
    until = clock() + (rules or _DEFAULT).timeout.total_seconds() if deadline is None else deadline

    def check() -> None:
        if clock() > until:
            hint = "make it smaller, or give it more time in settings/redaction.yaml"
            raise RecordError("scan_failed", "the search for secrets took too long", hint=hint)

    try:
        pack = pack_for(rules)
        tally = Tally(pack.version, key)
        texts = texts_of(document)
        rows = pack.candidates(masked(encoded("".join(texts))).decode())
        walk = Walk(Scrubber(pack, check), rows, tally, presidio=rules is not None and rules.presidio)
        return Scanned(walk.mapping(document, ""), tally.findings(), pack.version)
    except PrismfsError:
        raise
    except Exception as error:
        # Not its text, and not as its cause: both could hold the value.
        said = f"the search for secrets failed ({type(error).__name__})"
        hint = "this is an error of prismfs: report it, without the file"
        raise RecordError("scan_failed", said, hint=hint) from None


def redact_text(text: str) -> str:
    """Return `text` without its secrets, for text outside a document: a file name, an error message.

    Where that fails nothing of it is returned.
    """
    try:
        pack = default_pack()
        return Scrubber(pack).scrub(text, pack.candidates(masked(encoded(text)).decode()))[0]
    except Exception:  # any fault must not let the text through
        return "[redacted:unscanned]"


@dataclass(frozen=True, slots=True)
class Report:
    """The result of scanning some texts.

    `passed`: all of it was looked at, and a second look at `redacted`, the texts without what was taken out, found no
    more. Findings of level `suspect` still stand in them: their sender decides about those. `failed`: an error,
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
