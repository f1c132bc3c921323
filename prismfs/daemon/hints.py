"""Hints from the file system: something may have changed. The scan stays the truth.

Watched are each project's `inbox/` and the folder of its branch, never the record folders, and none of them
recursively. A lost or doubled hint costs a moment, never a file. What the watcher itself does there is none: a
file that it sets aside, a branch that it carries.
"""

import threading
from collections.abc import Callable, Sequence
from pathlib import Path

import watchdog.utils
from watchdog.events import FileSystemEvent, FileSystemEventHandler
from watchdog.observers.api import BaseObserver
from watchdog.observers.polling import PollingObserver


class Hints:
    """Gathers the names of files that were renamed into, or closed in, an inbox; wakes the loop."""

    def __init__(self, observer: Callable[[], BaseObserver] | None = None) -> None:
        self._make_observer = observer or _system_observer
        self._condition = threading.Condition()
        self._names: dict[Path, set[str]] = {}
        self._expected: dict[Path, str] = {}
        self._hinted = self._knocked = False
        self._observers: list[BaseObserver] = []
        self.polling = False

    def start(self, inboxes: Sequence[Path], references: Sequence[Path]) -> None:
        """Begin to watch. Where the system cannot, a polling watcher takes over and `polling` says so."""
        try:
            self._start(self._make_observer(), inboxes, references)
        except OSError:
            # The instances or watches that the system allows are used up.
            self.polling = True
            self._start(PollingObserver(timeout=1), inboxes, references)

    def stop(self) -> None:
        """End watching."""
        for observer in self._observers:
            observer.stop()
        for observer in self._observers:
            observer.join()

    def wake(self) -> None:
        """Wake the loop, as a signal, a courier or a stop does."""
        with self._condition:
            self._hinted = True
            self._condition.notify_all()

    def knock(self) -> None:
        """Wake the loop for what is no news of a project, such as a command."""
        with self._condition:
            self._knocked = True
            self._condition.notify_all()

    def expect(self, reference: Path, commit: str) -> None:
        """Take it for no hint when the file `reference` holds `commit`: the watcher is about to move it there."""
        with self._condition:
            self._expected[reference] = commit

    def wait(self, seconds: float) -> bool:
        """Wait for a hint or a knock, at most `seconds`; tell whether a hint came. Taking it clears it."""
        with self._condition:
            if not (self._hinted or self._knocked):
                self._condition.wait(max(0.0, seconds))
            hinted, self._hinted, self._knocked = self._hinted, False, False
            return hinted

    def take_names(self, inbox: Path) -> frozenset[str]:
        """Return the names in `inbox` that were seen renamed or closed since the last call."""
        with self._condition:
            return frozenset(self._names.pop(inbox, ()))

    def _start(self, observer: BaseObserver, inboxes: Sequence[Path], references: Sequence[Path]) -> None:
        for inbox in inboxes:
            observer.schedule(_InboxHandler(self, inbox), str(inbox), recursive=False)
        for folder in references:
            while not folder.is_dir():  # git takes it away where its branches are packed
                folder = folder.parent
            observer.schedule(_ReferenceHandler(self), str(folder), recursive=False)
        observer.daemon = True
        try:
            observer.start()
        except OSError:
            # Some of its watches may run; they would hint a second time.
            observer.unschedule_all()
            raise
        self._observers.append(observer)

    def _is_expected(self, reference: Path) -> bool:
        with self._condition:
            expected = self._expected.get(reference)
        try:
            return expected is not None and reference.read_text().strip() == expected
        except (OSError, ValueError):
            return False

    def _complete(self, inbox: Path, name: str) -> None:
        with self._condition:
            self._names.setdefault(inbox, set()).add(name)
            self._hinted = True
            self._condition.notify_all()


def _system_observer() -> BaseObserver:
    """Return the system's observer; with inotify one that tells a rename from outside from a new file."""
    try:
        from watchdog.observers.inotify import InotifyObserver
    except (ImportError, OSError, watchdog.utils.UnsupportedLibcError):
        from watchdog.observers import Observer

        return Observer()
    return InotifyObserver(generate_full_events=True)


class _InboxHandler(FileSystemEventHandler):
    """Names a file once it was renamed into the inbox or closed after writing."""

    def __init__(self, hints: Hints, inbox: Path) -> None:
        self._hints = hints
        self._inbox = inbox

    def dispatch(self, event: FileSystemEvent) -> None:
        moved = event.event_type == "moved" and event.dest_path
        target = Path(str(event.dest_path if moved else event.src_path))
        if target.name.startswith("."):  # aside, by whoever: no scan looks at it
            return
        if moved:
            if target.parent == self._inbox:
                self._hints._complete(self._inbox, target.name)
        elif event.event_type == "closed":
            self._hints._complete(self._inbox, target.name)
        elif event.event_type == "created":
            self._hints.wake()


class _ReferenceHandler(FileSystemEventHandler):
    """Wakes for every change of a branch but those that the watcher makes itself."""

    def __init__(self, hints: Hints) -> None:
        self._hints = hints

    def dispatch(self, event: FileSystemEvent) -> None:
        if event.event_type not in ("moved", "created", "modified", "deleted"):
            return
        target = Path(str(event.dest_path or event.src_path))
        # git writes a lock first and renames it; the folder itself is modified by either.
        if target.suffix == ".lock" or (event.is_directory and event.event_type == "modified"):
            return
        if not self._hints._is_expected(target):
            self._hints.wake()
