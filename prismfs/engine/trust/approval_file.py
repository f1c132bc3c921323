"""A review as a file for a pull request: written into the work tree, for an operator to sign and commit (R-000-82)."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Literal

from prismfs.errors import RefusedError, StoreError
from prismfs.kinds.care import approval
from prismfs.kinds.care.approval import Review
from prismfs.kinds.care.phone_home import PhoneHome
from prismfs.records.ids import derive_id


def write_review(
    root: Path,
    record: PhoneHome,
    *,
    decision: Literal["approve", "reject", "request_changes"],
    by: str,
    notes: str,
    token: str,
    now: datetime,
    dry_run: bool = False,
) -> tuple[Review, str]:
    """Write the review of what `record` says now; return it and its path in the project. Nothing is committed.

    `token` tells this review from every other.

    Raises:
        RefusedError: `not_in_review`.
        StoreError: `write_failed`.
        RecordError: a no without its reason.
    """
    if record.status != "pending_operator_review":
        raise RefusedError("not_in_review", f"it is {record.status}", field="ID", hint="prismfs phone-home show ID")
    made = Review.from_document(
        {
            "kind": "review",
            "id": derive_id("rev", now, cause=f"review:{token}"),
            "about": record.id,
            "decision": decision,
            "content_hash": record.content_hash,
            "by": by,
            "at": now.isoformat().replace("+00:00", "Z"),
            "surface": "pull_request",
            "notes": notes,
        }
    )
    path = approval.KIND.place_of(made)
    if not dry_run:
        write_new(root / path, approval.KIND.write(made), name=path)
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
