"""The transport that sends nothing: the issue as it would be filed, in `run/phone-home/` (the default)."""

from collections.abc import Sequence
from pathlib import Path

from prismfs.delivery.folder import opened
from prismfs.delivery.issues.transport import CREATE_FAILED, refused
from prismfs.delivery.receipts import one_line
from prismfs.errors import StoreError
from prismfs.records.api import IssueDraft, IssueState, Receipt

_FOLDER = ("run", "phone-home")


class DryRunTransport:
    """Writes `<key>.md`: the title as a heading, an empty line, the body byte for byte."""

    def __init__(self, root: Path) -> None:
        self._root = root

    def preflight(self) -> Receipt:
        """Say that an issue could be filed; nothing leaves."""
        return Receipt(
            outcome="sent",
            detail="dry run: nothing leaves",
            document={"repository": None, "visibility": None, "login": None, "dry_run": True},
        )

    def file(self, draft: IssueDraft) -> Receipt:
        """Write the file; writing it again writes the same."""
        if draft.fault is not None:
            return refused(CREATE_FAILED, draft.fault)
        name = f"{draft.key}.md"
        try:
            with opened(self._root, *_FOLDER, create=True) as folder:
                assert folder is not None
                folder.write(name, f"# {draft.title}\n\n{draft.marked_body}".encode())
        except StoreError as error:
            return refused(CREATE_FAILED, one_line(str(error)), outcome="temporary")
        return Receipt(
            outcome="sent",
            detail="/".join((*_FOLDER, name)),
            document={"issue_url": None, "issue_number": None, "dry_run": True},
        )

    def look(self, numbers: Sequence[int]) -> list[IssueState]:  # noqa: ARG002 - there are none to look at
        """Return nothing: there is no tracker."""
        return []
