"""Transports: how an issue leaves for a tracker (R-000-04). The settings choose one, and by default nothing leaves."""

from collections.abc import Sequence
from pathlib import Path
from typing import Literal, Protocol

from prismfs.kinds.care.settings.tracker import Tracker
from prismfs.records.api import IssueDraft, IssueState, Outcome, Receipt

Code = Literal[
    "phone_home_auth_required", "phone_home_repo_access_denied", "phone_home_issue_create_failed",
    "destination_changed",
]  # fmt: skip

AUTH_REQUIRED: Code = "phone_home_auth_required"
ACCESS_DENIED: Code = "phone_home_repo_access_denied"
CREATE_FAILED: Code = "phone_home_issue_create_failed"
DESTINATION_CHANGED: Code = "destination_changed"


class Transport(Protocol):
    """Files issues in one tracker. It carries what it is given and decides nothing (R-000-05).

    No method raises for what a tracker can do wrong, but for `look`.
    """

    def preflight(self) -> Receipt:
        """Say whether an issue could be filed now: who we are first, then the repository (R-000-43).

        `sent` means that it could; the document then tells `repository`, `visibility` (public, private or
        internal; None where nothing leaves the machine) and `login`. Else it is the receipt that `file`
        would give.
        """

    def file(self, draft: IssueDraft) -> Receipt:
        """File `draft` unless it is there, by its marker, and return how that ended; it may be called again.

        `sent`: the document holds `issue_url`, `issue_number`, `existed` (it was there before) and
        `visibility`. Any other outcome: it holds the `code` (R-000-47, R-000-48, R-000-49). `temporary` has
        filed nothing, `unknown` may have; `permanent` needs a person to mend what the detail names. A new issue is
        not filed where the destination is not what `draft.expected` says: `destination_changed`, with what was `seen`.
        """

    def look(self, numbers: Sequence[int]) -> list[IssueState]:
        """Return the state of the issues, in the order of `numbers`; those that the tracker has not are left out.

        Raises:
            RefusedError: they cannot be asked for now; the codes of `file`.
            RecordError: what the tracker says is no such state.
        """


def refused(code: Code, detail: str, *, outcome: Outcome = "permanent") -> Receipt:
    """Return the receipt of an issue that was not filed, or of which that is not known."""
    return Receipt(outcome=outcome, detail=detail, document={"code": code})


def transport_of(root: Path, tracker: Tracker) -> Transport:
    """Return the transport that `tracker`, the settings of the project at `root`, asks for; dry-run by default."""
    match tracker.transport:
        case "gh":
            from prismfs.delivery.issues.github import GhTransport

            return GhTransport(root, tracker)
        case "file":
            from prismfs.delivery.issues.file import FileTransport

            return FileTransport(root)
        case "dry-run":
            from prismfs.delivery.issues.file import DryRunTransport

            return DryRunTransport(root)
