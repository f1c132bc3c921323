"""Hints: what the file system tells, and doing without where it does not."""

from __future__ import annotations

import errno
import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from watchdog.events import DirModifiedEvent, FileClosedEvent, FileMovedEvent, FileSystemEvent
from watchdog.observers.api import BaseObserver, EventEmitter

from prismfs.daemon.hints import Hints, _InboxHandler, _ReferenceHandler
from tests.support.waiting import until


class Exhausted(EventEmitter):
    """An emitter as the system gives it when all its watches are used up."""

    def on_thread_start(self) -> None:
        raise OSError(errno.EMFILE, "inotify instance limit reached")


def exhausted() -> BaseObserver:
    """Return an observer that cannot start."""
    return BaseObserver(Exhausted)


@pytest.fixture
def folders(tmp_path: Path) -> tuple[Path, Path]:
    """An inbox and the folder of a branch."""
    for name in ("inbox", "heads"):
        (tmp_path / name).mkdir()
    return tmp_path / "inbox", tmp_path / "heads"


@pytest.fixture(params=["system", "polling"])
def hints(request: pytest.FixtureRequest, folders: tuple[Path, Path]) -> Iterator[Hints]:
    """Hints that are being gathered, by the system and by polling."""
    found = Hints(exhausted) if request.param == "polling" else Hints()
    found.start([folders[0]], [folders[1]])
    yield found
    found.stop()


def test_hints_system_cannot_watch_falls_back_to_polling(folders: tuple[Path, Path]) -> None:
    hints = Hints(exhausted)
    try:
        hints.start([folders[0]], [folders[1]])
        assert hints.polling
    finally:
        hints.stop()


def test_hints_file_renamed_into_the_inbox_wakes(hints: Hints, folders: tuple[Path, Path]) -> None:
    inbox = folders[0]
    aside = inbox / ".a.yaml"
    aside.write_text("x")
    until(lambda: hints.wait(0.1) is False, "quiet")
    aside.rename(inbox / "a.yaml")
    until(lambda: hints.wait(0.1), "the hint")


def test_hints_reference_moved_wakes(hints: Hints, folders: tuple[Path, Path]) -> None:
    until(lambda: hints.wait(0.1) is False, "quiet")
    lock = folders[1] / "main.lock"
    lock.write_text("0" * 40)
    os.rename(lock, folders[1] / "main")
    until(lambda: hints.wait(0.1), "the hint")


def test_hints_system_names_what_is_complete_and_nothing_else(folders: tuple[Path, Path]) -> None:
    """A file still open is not named; closed or renamed into the folder it is."""
    inbox = folders[0]
    hints = Hints()
    hints.start([inbox], [folders[1]])
    named: set[str] = set()

    def complete() -> set[str]:
        named.update(hints.take_names(inbox))
        return named

    try:
        if hints.polling:
            pytest.skip("this system cannot watch folders")
        with (inbox / "slow.yaml").open("w") as file:
            file.write("x")
            file.flush()
            outside = inbox.parent / "outside.yaml"
            outside.write_text("x")
            outside.rename(inbox / "moved.yaml")
            until(lambda: "moved.yaml" in complete(), "the rename")
            assert "slow.yaml" not in complete()
        until(lambda: "slow.yaml" in complete(), "the close")
    finally:
        hints.stop()


def test_hints_wake_ends_a_wait_and_is_taken_once() -> None:
    hints = Hints()
    hints.wake()
    assert hints.wait(60) is True
    assert hints.wait(0) is False


def test_hints_what_the_watcher_does_itself_wakes_nobody(folders: tuple[Path, Path]) -> None:
    """It sets a file of the inbox aside, and carries the branch to where it has said; everything else is a hint."""
    inbox, heads = folders
    hints, main = Hints(), heads / "main"
    branch, box = _ReferenceHandler(hints), _InboxHandler(hints, inbox)

    def wakes(handler: _ReferenceHandler | _InboxHandler, event: FileSystemEvent) -> bool:
        handler.dispatch(event)
        return hints.wait(0)

    moved = FileMovedEvent(str(heads / "main.lock"), str(main))
    hints.expect(main, "a" * 40)
    assert wakes(branch, moved), "there is no such file"
    main.write_text(f"{'a' * 40}\n")
    assert not wakes(branch, moved)
    assert not wakes(branch, FileClosedEvent(str(heads / "main.lock")))
    assert not wakes(branch, DirModifiedEvent(str(heads)))
    main.write_text(f"{'b' * 40}\n")
    assert wakes(branch, moved), "a person has moved it meanwhile"
    main.write_text(f"{'a' * 40}\n")
    assert wakes(branch, FileMovedEvent(str(heads / "other.lock"), str(heads / "other")))
    assert not wakes(box, FileMovedEvent(str(inbox / "a.yaml"), str(inbox / ".taken-a.yaml")))
    assert not wakes(box, FileClosedEvent(str(inbox / ".a.yaml")))
    assert wakes(box, FileMovedEvent(str(inbox / ".a.yaml"), str(inbox / "a.yaml")))
    assert hints.take_names(inbox) == {"a.yaml"}
