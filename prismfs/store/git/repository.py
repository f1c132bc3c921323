"""The only module that runs git: one repository, its long-lived children, and the commands of the engine.

What each call is told besides, so that nothing in the repository runs a program, is in `git_env`.
Source: git(1), git-fast-import(1), git-update-ref(1), git-cat-file(1), of git 2.39.
"""

import os
import signal
import subprocess
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from itertools import islice
from pathlib import Path
from typing import Self

from prismfs.errors import ConflictError, StoreError
from prismfs.store.git.failures import failure, not_started
from prismfs.store.git.git_env import HOOK_VARIABLES, NETWORK_SETTINGS, SETTINGS, environment, network_environment
from prismfs.store.git.plumbing import NO_OBJECT, Change, NewCommit, clear_failed_import, parse_raw, stream_of

_AT_ONCE = 64
"""Requests sent to the reader before its answers are taken: few enough that a pipe holds them all."""

_PIECE = 1 << 16
_LOOK = 0.2  # seconds between two looks whether to go on waiting for another repository


class Git:
    """One repository's git, with one long-lived reader and one long-lived reference writer.

    `git_dir` is the engine's own (`place.make_engine_git`), or that of a work tree where a hook runs. `inherit` is a
    file descriptor that children keep open, so that a lock on it outlives a crash of this process exactly as long as
    one of its children does. `in_hook` lets git say which index and which objects the hook that runs is about.
    `kept` are `.keep` files of packs that no reference holds before the next move. Once `stopping` holds, `reach` ends.
    """

    def __init__(self, root: Path, git_dir: Path, *, inherit: int | None = None, in_hook: bool = False) -> None:
        self.root = root
        self.git_dir = git_dir.absolute()  # children run in `root`
        self._inherit = () if inherit is None else (inherit,)
        self._kept = HOOK_VARIABLES if in_hook else frozenset()
        self._reader: subprocess.Popen[bytes] | None = None
        self._references: subprocess.Popen[bytes] | None = None
        self._known: dict[str, str | None] = {}
        self.kept: list[Path] = []
        self.stopping: Callable[[], bool] = lambda: False

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """End the long-lived children."""
        for child in (self._reader, self._references):
            if child is not None:
                for pipe in filter(None, (child.stdin, child.stdout, child.stderr)):
                    with suppress(OSError):
                        pipe.close()
                child.wait()
        self._reader = self._references = None

    def run(
        self, *arguments: str, input: bytes | None = None, accept: Sequence[int] = (0,), index: Path | None = None
    ) -> bytes:
        """Return the standard output of one git command; `index` is the index that it works on.

        Raises:
            StoreError: git is not installed, or it ended with a code that is not in `accept`.
        """
        return self._finish(arguments, input, accept, index)[1]

    def status(self, *arguments: str, accept: Sequence[int] = (0, 1)) -> int:
        """Return the exit code of one git command that answers with it."""
        return self._finish(arguments, None, accept)[0]

    def _finish(
        self, arguments: Sequence[str], input: bytes | None, accept: Sequence[int], index: Path | None = None
    ) -> tuple[int, bytes]:
        child = self._start(*arguments, index=index)
        output, errors = child.communicate(input)
        if child.returncode not in accept:
            raise failure(arguments[0], child.returncode, errors, self.git_dir, index)
        return child.returncode, output

    def reach(self, *arguments: str, seconds: float, personal: Iterable[tuple[str, str]]) -> tuple[int, str, str]:
        """Run a git command that speaks with another repository; return its exit code, output and errors.

        It has no terminal and does not prompt, does not hold the writer's lock, and is killed with its children
        after `seconds` or once `stopping` holds. `personal` are keys of the person's configuration, as in
        `network_environment`.

        Raises:
            StoreError: `remote_unreachable` when it was killed.
        """
        with self._start(*arguments, personal=personal) as child:
            end = time.monotonic() + seconds
            try:
                while True:
                    with suppress(subprocess.TimeoutExpired):
                        output, errors = child.communicate(timeout=_LOOK)
                        break
                    if self.stopping() or time.monotonic() > end:
                        said, hint = f"no answer within {seconds:g} s", "try again, or git push by hand"
                        raise StoreError("remote_unreachable", said, hint=hint)  # of one that stops nobody hears it
            except BaseException:
                with suppress(ProcessLookupError):
                    os.killpg(child.pid, signal.SIGKILL)
                raise
        return child.returncode, output.decode(errors="replace"), errors.decode(errors="replace")

    def resolve(self, name: str) -> str | None:
        """Return the object id of `name` (a reference, `commit:path`, …), None if there is none."""
        self._send([f"info {name}"])
        header = self._header()
        return None if header is None else header[0]

    def reference(self, name: str) -> str | None:
        """Return the commit at which the reference `name` (`refs/…`) stands, None where there is none."""
        try:
            with open(f"{self.git_dir}/{name}", "rb", buffering=0) as file:
                text = file.read()
        except OSError:  # packed, or none
            return self.resolve(name)
        # Asked dozens of times a turn: git is, when the file is another than at the last time.
        known = self._known.get(name)
        if known is None or f"{known}\n".encode() != text:
            known = self._known[name] = self.resolve(name)
        return known

    def blob(self, name: str) -> str | None:
        """Return the object id of the file that `name` (`commit:path`) is, None where there is none, or a folder."""
        self._send([f"info {name}"])
        header = self._header()
        return header[0] if header is not None and header[1] == "blob" else None

    def read(self, name: str) -> bytes | None:
        """Return the content of the object named `name`, None if there is none."""
        self._send([f"contents {name}"])
        return self._content()

    def read_many(self, names: Iterable[str]) -> Iterator[bytes | None]:
        """Yield the content of each object in turn; `names` are taken some at a time."""
        waiting = iter(names)
        while batch := [f"contents {name}" for name in islice(waiting, _AT_ONCE)]:
            self._send(batch)
            yield from [self._content() for _ in batch]

    def changes(self, old: str, new: str) -> tuple[Change, ...]:
        """Return the files that differ between two commits or trees, in path order."""
        return tuple(self.each_change(old, new))

    def each_change(self, old: str, new: str) -> Iterator[Change]:
        """Yield the files that differ between two commits or trees, in path order, as git finds them."""
        with self._start("diff-tree", "-r", "-z", "--raw", "--no-renames", "--no-commit-id", old, new) as child:
            assert child.stdout is not None
            rest = b""
            while piece := child.stdout.read(_PIECE):
                parts = (rest + piece).split(b"\0")
                whole = (len(parts) - 1) // 2 * 2
                yield from parse_raw(parts[:whole])
                rest = b"\0".join(parts[whole:])
            errors = child.communicate()[1]
            if child.returncode:
                raise failure("diff-tree", child.returncode, errors, self.git_dir)

    def write_commits(self, commits: Iterable[NewCommit], *, parent: str | None, scratch: str) -> tuple[str, ...]:
        """Write `commits`, each the child of the one before, into one pack and return their ids.

        git starts before the first is made and works on each while the next is being made. The pack is flushed
        to the disk before this returns. No branch moves: only the reference `scratch` points at the last commit.

        Raises:
            ConflictError: another git command was in the way, such as `git gc --prune=now`.
            StoreError: fast-import failed (disk full, objects out of reach); `scratch` may have moved.
        """
        count = 0
        options = ("--quiet", "--done", "--force", "--date-format=raw", "--cat-blob-fd=1")
        with self._start("fast-import", *options) as child:
            assert child.stdin is not None
            try:
                for count, commit in enumerate(commits, start=1):
                    child.stdin.write(stream_of(commit, scratch, mark=count, parent=parent if count == 1 else None))
                marks = "".join(f"get-mark :{mark}\n" for mark in range(1, count + 1))
                child.stdin.write(f"{marks}done\n".encode())
            except BrokenPipeError:
                pass  # it has died; its answer says why
            except BaseException:
                child.kill()
                with suppress(OSError):
                    child.stdin.close()
                raise
            output, errors = child.communicate()
        ids = output.decode().split()
        if child.returncode or len(ids) != count:
            clear_failed_import(self.git_dir, child.pid)
            raise failure("fast-import", child.returncode, errors, self.git_dir)
        return tuple(ids)

    def move(self, moves: Mapping[str, tuple[str, str]]) -> None:
        """Move each reference from its old value to its new one, all of them or none; flushed to the disk.

        `moves` maps a reference to (old, new); `NO_OBJECT` as old means that it must not exist.

        Raises:
            ConflictError: a reference no longer had its old value; none moved.
        """
        self._check_unmoved(moves)  # git would refuse, and end with that
        child = self._references
        if child is None or child.poll() is not None:
            child = self._references = self._start("update-ref", "--stdin", "--no-deref")
        self._step(child, moves, "start", *(f"update {name} {new} {old}" for name, (old, new) in moves.items()))
        self._step(child, moves, "commit")
        while self.kept:
            with suppress(OSError):  # one that stays goes with the next upkeep
                self.kept.pop().unlink(missing_ok=True)

    def _step(self, child: subprocess.Popen[bytes], moves: Mapping[str, tuple[str, str]], *lines: str) -> None:
        """Take one step of a transaction, which git answers with one line."""
        assert child.stdin is not None
        assert child.stdout is not None
        try:
            child.stdin.write("".join(f"{line}\n" for line in lines).encode())
            child.stdin.flush()
        except OSError:
            child.stdin = None
        if child.stdout.readline() == f"{lines[0]}: ok\n".encode():
            return
        _, errors = child.communicate()
        self._references = None
        self._check_unmoved(moves)
        raise failure("update-ref", child.returncode, errors, self.git_dir)

    def _check_unmoved(self, moves: Mapping[str, tuple[str, str]]) -> None:
        if any(self.reference(name) != (None if old == NO_OBJECT else old) for name, (old, _) in moves.items()):
            raise ConflictError("branch_moved", "the branch moved meanwhile", hint="try again")

    def _send(self, requests: Sequence[str]) -> None:
        if any("\n" in request for request in requests):
            raise StoreError("bad_object_name", "an object name must not hold a line break")
        if self._reader is None or self._reader.poll() is not None:
            self._reader = self._start("cat-file", "--batch-command")
        child = self._reader
        assert child.stdin is not None
        with suppress(OSError):  # a reader that has died says why when its answer is missed
            child.stdin.write(("\n".join(requests) + "\n").encode())
            child.stdin.flush()

    def _content(self) -> bytes | None:
        header = self._header()
        if header is None:
            return None
        assert self._reader is not None
        output = self._reader.stdout
        assert output is not None
        return output.read(int(header[2]) + 1)[:-1]  # a line break ends it

    def _header(self) -> list[str] | None:
        child = self._reader
        assert child is not None
        assert child.stdout is not None
        header = child.stdout.readline().decode(errors="replace").rstrip("\n").split(" ")
        if len(header) == 3:
            return header
        if header[-1] in ("missing", "ambiguous"):
            return None
        _, errors = child.communicate()
        self._reader = None
        raise failure("cat-file", child.returncode, errors)

    def _start(
        self, *arguments: str, personal: Iterable[tuple[str, str]] | None = None, index: Path | None = None
    ) -> subprocess.Popen[bytes]:
        """Start git; with `personal` (see `reach`) as one that may use the network."""
        alone = personal is None
        settings = SETTINGS if alone else SETTINGS | NETWORK_SETTINGS
        options = [part for key, value in settings.items() for part in ("-c", f"{key}={value}")]
        variables = environment(self._kept) if personal is None else network_environment(personal)
        if index is not None:
            variables["GIT_INDEX_FILE"] = str(index)
        try:
            return subprocess.Popen(
                ["git", f"--git-dir={self.git_dir}", *options, *arguments],
                stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, cwd=self.root, env=variables,
                pass_fds=self._inherit if alone else (), start_new_session=not alone,
            )  # fmt: skip
        except OSError as error:
            raise not_started(error) from error


def run_plain(arguments: Sequence[str], *, cwd: Path) -> bytes:
    """Return the output of a git command that needs no repository settings (such as `git --version`)."""
    try:
        return subprocess.run(["git", *arguments], cwd=cwd, capture_output=True, check=True).stdout
    except OSError as error:
        raise not_started(error) from error
    except subprocess.CalledProcessError as error:
        raise failure(arguments[0], error.returncode, error.stderr) from None
