"""What git's plumbing reads and writes: raw differences, and the stream of new commits.

Source: git-diff-tree(1), section "raw output format"; git-fast-import(1), section "input format".
"""

import os
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

NO_OBJECT = "0" * 40
"""Stands for an object that is absent."""

EMPTY_TREE = "4b825dc642cb6eb9a060e54bf8d69288fbee4904"
"""The tree without entries, known to every git."""

PLAIN, PROGRAM, LINK, SUBMODULE = "100644", "100755", "120000", "160000"
"""The modes that an entry of a tree may have, beside a folder's. The engine itself writes plain files only."""


class Change(NamedTuple):
    """One path that differs between two trees; `NO_OBJECT` where it is absent on one side. `mode` is the new one."""

    path: str
    old: str
    new: str
    mode: str = PLAIN


@dataclass(frozen=True, slots=True)
class NewCommit:
    """A commit to be written: message, author line, seconds since 1970, and the files it puts.

    `takes` are files whose content is in the repository already, or that are removed (`new` is `NO_OBJECT`); `merges`
    is a second parent.
    """

    message: str
    author: str
    committer: str
    seconds: int
    files: tuple[tuple[str, bytes], ...]
    takes: tuple[Change, ...] = ()
    merges: str | None = None


def parse_raw(parts: Sequence[bytes]) -> Iterator[Change]:
    """Yield the changes in the NUL-separated parts of git's raw diff format."""
    for head, path in zip(parts[::2], parts[1::2], strict=False):
        _, mode, old, new, _ = head.decode().split(" ", 4)
        # What is nearly always the same is one text, not one each.
        yield Change(
            path.decode(errors="surrogateescape"), NO_OBJECT if old == NO_OBJECT else old,
            NO_OBJECT if new == NO_OBJECT else new, PLAIN if mode == PLAIN else mode,
        )  # fmt: skip


def stream_of(commit: NewCommit, reference: str, *, mark: int, parent: str | None) -> bytes:
    """Return `commit` as fast-import reads it: child of `parent`, or of the reference's commit where None."""
    message = commit.message.encode()
    stream = bytearray(f"commit {reference}\nmark :{mark}\n".encode())
    stream += f"author {commit.author} {commit.seconds} +0000\n".encode()
    stream += f"committer {commit.committer} {commit.seconds} +0000\n".encode()
    stream += b"data %d\n%s\n" % (len(message), message)
    if parent is not None:
        stream += f"from {parent}\n".encode()
    if commit.merges is not None:
        stream += f"merge {commit.merges}\n".encode()
    # What goes makes room first: a file may come where a folder was.
    for take in sorted(commit.takes, key=lambda take: take.new != NO_OBJECT):
        name = quoted(take.path)
        stream += b"D %s\n" % name if take.new == NO_OBJECT else f"M {take.mode} {take.new} ".encode() + name + b"\n"
    for path, data in commit.files:
        stream += f"M 100644 inline {path}\ndata {len(data)}\n".encode()
        stream += data
        stream += b"\n"
    return bytes(stream)


def quoted(path: str) -> bytes:
    """Return a path of people's as fast-import reads it, whatever bytes it holds."""
    inner = os.fsencode(path).replace(b"\\", b"\\\\").replace(b'"', b'\\"').replace(b"\n", b"\\n")
    return b'"' + inner + b'"'


def keeps_of_imports(git_dir: Path) -> Iterator[Path]:
    """Yield the `.keep` files that imports of the engine's, or of others, hold while a pack has no reference yet."""
    for keep in (git_dir / "objects" / "pack").glob("*.keep"):
        with suppress(OSError):
            if keep.read_text().strip() in ("fast-import", "prismfs"):
                yield keep


def clear_failed_import(git_dir: Path, process: int) -> None:
    """Remove what a fast-import that failed leaves: its report, and the `.keep` that stops the same import for ever."""
    (git_dir / f"fast_import_crash_{process}").unlink(missing_ok=True)
    for keep in keeps_of_imports(git_dir):
        if not keep.with_suffix(".pack").exists():
            keep.unlink(missing_ok=True)
