"""Transports without a network: a tracker of files in `run/tracker/`, and the dry run, which only shows an issue."""

import json
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path

from prismfs.delivery.folder import Folder, opened
from prismfs.delivery.issues import ACCESS_DENIED, CREATE_FAILED, refused
from prismfs.delivery.secrets import one_line
from prismfs.errors import RecordError, RefusedError, StoreError
from prismfs.records.api import Document, IssueDraft, IssueState, Receipt, codec, format_instant, marker_of

_FOLDER = ("run", "tracker")
_PREVIEWS = ("run", "phone-home")
_MOST = 8 * 1024 * 1024  # bytes of one file: an issue with some hundred long comments


class FileTransport:
    """Writes one JSON file an issue, `<number>.json`: an `IssueState` and the `body`. Numbers go up by one.

    A person who looks after the issue changes the file (`state`, `updated_at`, a comment more), or puts the export of
    a tracker elsewhere in its place.
    """

    def __init__(self, root: Path, *, now: Callable[[], datetime] = lambda: datetime.now(UTC)) -> None:
        self._root = root
        self._now = now

    def preflight(self) -> Receipt:
        """Say whether the folder can be used; nothing leaves the machine."""
        try:
            with opened(self._root, *_FOLDER, create=True):
                pass
        except StoreError as error:
            return refused(ACCESS_DENIED, one_line(str(error)), outcome="temporary")
        return Receipt(
            outcome="sent",
            detail="nothing leaves this machine",
            document={"repository": "/".join(_FOLDER), "visibility": None, "login": None},
        )

    def file(self, draft: IssueDraft) -> Receipt:
        """Write the issue's file, unless one holds its marker."""
        if draft.fault is not None:
            return refused(CREATE_FAILED, draft.fault)
        try:
            with opened(self._root, *_FOLDER, create=True) as folder:
                assert folder is not None
                number, existed = self._find(folder, draft.key), True
                if number is None:
                    number, existed = self._add(folder, draft), False
        except (StoreError, RecordError) as error:
            return refused(CREATE_FAILED, one_line(str(error)), outcome="temporary")
        return Receipt(
            outcome="sent",
            detail=_path(number),
            document={"issue_url": _path(number), "issue_number": number, "existed": existed, "visibility": None},
        )

    def look(self, numbers: Sequence[int]) -> list[IssueState]:
        """Read the files back."""
        try:
            with opened(self._root, *_FOLDER, create=False) as folder:
                if folder is None:
                    return []
                found = [_read(folder, number) for number in numbers]
        except StoreError as error:
            raise RefusedError(ACCESS_DENIED, error.problem.message, path=error.problem.path) from error
        states = []
        for document in found:
            if document is not None:
                issue, path = document
                issue.pop("body", None)
                states.append(IssueState.from_document(issue, path=path))
        return states

    @staticmethod
    def _find(folder: Folder, key: str) -> int | None:
        marker = marker_of(key).encode()
        for number in _numbers(folder):
            data = folder.read(f"{number}.json", most=_MOST)
            # A marker holds nothing that JSON would escape.
            if data is not None and marker in data:
                return number
        return None

    def _add(self, folder: Folder, draft: IssueDraft) -> int:
        number = max(_numbers(folder), default=0) + 1
        while True:
            state = IssueState(
                number=number,
                url=_path(number),
                state="open",
                title=draft.title,
                updated_at=format_instant(self._now()),
            )
            document = state.to_document() | {"body": draft.marked_body, "reason": None, "comments": []}
            if folder.add(f"{number}.json", (json.dumps(document, ensure_ascii=False, indent=2) + "\n").encode()):
                return number
            number += 1


def _numbers(folder: Folder) -> Iterator[int]:
    for name in folder.names():
        stem, dot, ending = name.partition(".")
        if dot and ending == "json" and stem.isascii() and stem.isdigit() and stem == str(int(stem)):
            yield int(stem)


def _read(folder: Folder, number: int) -> tuple[Document, str] | None:
    data = folder.read(f"{number}.json", most=_MOST)
    return None if data is None else (codec.parse(data, format="json", path=_path(number)), _path(number))


def _path(number: int) -> str:
    return "/".join((*_FOLDER, f"{number}.json"))


class DryRunTransport:
    """Writes an issue as it would be filed, `<key>.md`: title as a heading, an empty line, body byte for byte."""

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
            with opened(self._root, *_PREVIEWS, create=True) as folder:
                assert folder is not None
                folder.write(name, f"# {draft.title}\n\n{draft.marked_body}".encode())
        except StoreError as error:
            return refused(CREATE_FAILED, one_line(str(error)), outcome="temporary")
        return Receipt(
            outcome="sent",
            detail="/".join((*_PREVIEWS, name)),
            document={"issue_url": None, "issue_number": None, "dry_run": True},
        )

    def look(self, numbers: Sequence[int]) -> list[IssueState]:  # noqa: ARG002 - there are none to look at
        """Return nothing: there is no tracker."""
        return []
