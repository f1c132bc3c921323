"""Taking secrets and personal data out of a parsed document before any of it becomes part of history.

Each one found in a string becomes `[redacted:<kind>]`, which is inert: a scrubbed document comes through unchanged.
What was found is told by place, kind and count, never by value (R-000-21). A scan that fails or takes too long fails
what it was to look at: nothing passes unscanned.
"""

import time
from collections.abc import Callable
from typing import Any

from prismfs.errors import PrismfsError, RecordError
from prismfs.intake.detectors import SCAN_VERSION
from prismfs.intake.finding import Finding, Scanned, Tally
from prismfs.intake.pack import default_pack, pack_for
from prismfs.intake.scrub import Scrubber, encoded
from prismfs.intake.spans import masked
from prismfs.intake.walk import MAX_DEPTH, Walk, texts_of
from prismfs.kinds.core.settings.redaction import RedactionRules

__all__ = ["MAX_DEPTH", "SCAN_VERSION", "Finding", "Scanned", "redact", "redact_text"]


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
            raise RecordError(
                "scan_failed",
                "the search for secrets took too long",
                hint="make it smaller, or give it more time in settings/redaction.yaml",
            )

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
        raise RecordError(
            "scan_failed",
            f"the search for secrets failed ({type(error).__name__})",
            hint="this is an error of prismfs: report it, without the file",
        ) from None


def redact_text(text: str) -> str:
    """Return `text` without its secrets, for text outside a document: a file name, an error message.

    Where that fails nothing of it is returned.
    """
    try:
        pack = default_pack()
        return Scrubber(pack).scrub(text, pack.candidates(masked(encoded(text)).decode()))[0]
    except Exception:  # any fault must not let the text through
        return "[redacted:unscanned]"


_DEFAULT = RedactionRules()
