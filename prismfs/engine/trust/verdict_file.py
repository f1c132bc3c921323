"""A verdict as a file for a pull request: written into the work tree, to be signed and committed (R-000-82)."""

from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

from prismfs.errors import StoreError
from prismfs.kinds import kind_of
from prismfs.kinds.core.verdict import Verdict
from prismfs.records.api import Document, Record, View, derive_id
from prismfs.rules.care.outbound_issue.api import OUTGOING_ISSUE
from prismfs.rules.core.api import Signoff, signoff
from prismfs.rules.gates.api import GATE

SIGNOFFS: Mapping[str, Signoff[Any, Any]] = {kind_of(each.verdict).name: each for each in (OUTGOING_ISSUE, GATE)}
"""What is signed off, by the name of the kind of its verdicts."""


def write_verdict(
    root: Path,
    view: View,
    use: Signoff[Any, Any],
    subject: Record,
    decision: str,
    *,
    by: str,
    said: Document,
    token: str,
    now: datetime,
    dry_run: bool = False,
) -> tuple[Verdict, str]:
    """Write a verdict on what `subject` says now; return it and its path in the project. Nothing is committed.

    `said` is as for `signoff.make_verdict`; `token` tells this verdict from every other.

    Raises:
        PrismfsError: it would not count, with the code of what is against it.
        StoreError: `write_failed`.
    """
    kind = kind_of(use.verdict)
    made: Verdict = signoff.make_verdict(
        view, use, subject, decision,
        identifier=derive_id(signoff.prefix_of(use), now, cause=f"{kind.name}:{token}"),
        by=by, at=now, surface="pull_request", said=said,
    )  # fmt: skip
    use.check(view, subject, made)
    path = kind.place_of(made)
    if not dry_run:
        write_new(root / path, kind.write(made), name=path)
    return made, path


def write_new(place: Path, data: bytes, *, name: str) -> None:
    """Write a file that must not be there yet; `name` is how an error calls it.

    Raises:
        StoreError: `write_failed`.
    """
    try:
        place.parent.mkdir(parents=True, exist_ok=True)
        with place.open("xb") as file:
            file.write(data)
    except OSError as error:
        raise StoreError("write_failed", error.strerror or "cannot be written", path=name) from error
