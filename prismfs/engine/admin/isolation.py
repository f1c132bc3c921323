"""Isolation: whether agents could write a desk's branch at all; read from owners and modes, never from a setting.

`own-user`: the engine runs as an operating-system user of its own, and everybody else may drop files into the inbox and
read. `same-user`: whoever drops files can write the repository, too.
"""

import grp
import os
import pwd
import stat
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from prismfs.errors import Problem, RefusedError, StoreError
from prismfs.store.git.keys import key_folder
from prismfs.store.git.place import find_git_dir

_ENGINE = "prismfs"  # the engine's user in the commands that are printed
_HIDDEN = ("quarantine", "run")
_OTHERS_WRITE = stat.S_IWGRP | stat.S_IWOTH
_TREE, _INBOX, _PRIVATE = 0o2750, 0o3770, 0o700
"""Modes of folders: what is made in them has the agents' group; in the inbox nobody removes what is another's."""

_UMASK = 0o027

_MEANS = {
    "own-user": "agents can drop files and read, the operating system keeps them from the branch",
    "same-user": "who drops files can write the branch; tampering is seen and repaired, not prevented",
}


@dataclass(frozen=True, slots=True)
class Isolation:
    """The form of a desk; `open` is the first path that keeps a desk whose inbox others may write from `own-user`."""

    form: Literal["own-user", "same-user"]
    open: str | None = None

    @property
    def meaning(self) -> str:
        """What the form is worth, in one sentence."""
        return _MEANS[self.form]


def isolation_of(root: Path) -> Isolation:
    """Return the form of the project at `root`.

    The folder of the engine's key is looked at where the engine's own user asks: every user has another one.

    Raises:
        StoreError: `not_a_repository`.
    """
    root = root.resolve()
    inbox = root / "inbox"
    if not inbox.is_dir() or not inbox.lstat().st_mode & _OTHERS_WRITE:
        return Isolation("same-user")  # nobody else can drop: agents run as its owner
    owner = root.stat().st_uid
    found = next((path for path in _guarded(root) if _is_open(path, owner)), None)
    if found is None and not inbox.stat().st_mode & stat.S_ISVTX:
        found = inbox
    if found is None:
        found = next((root / name for name in _HIDDEN if _is_readable(root / name)), None)
    if found is None:
        return Isolation("own-user")
    return Isolation("same-user", str(found.relative_to(root)) if found.is_relative_to(root) else str(found))


def check_separable(root: Path, group: str) -> None:
    """Accept that this user makes `root` a desk of its own, for agents in `group` to drop into and read.

    Raises:
        RefusedError: `not_separable`; the hint has the commands that root gives first.
    """
    said = _lacking(root, group)
    if said is not None:
        hint = "\n    ".join(["as root:", *_root_commands(root, group)])
        raise RefusedError("not_separable", said, path=str(root), hint=hint)


def separate(root: Path, group: str) -> None:
    """Set groups and modes so that the users in `group` can read the project at `root` and write its inbox alone.

    What lies in the inbox and in the quarantine keeps its owner and mode.

    Raises:
        RefusedError: `not_separable`.
    """
    check_separable(root, group)
    number = grp.getgrnam(group).gr_gid
    for folder, names, files in os.walk(root):
        if Path(folder) == root:
            names[:] = [name for name in names if name not in ("inbox", *_HIDDEN)]
        _set(Path(folder), number, _TREE)
        for path in (Path(folder, name) for name in files):
            kept = stat.S_IMODE(path.lstat().st_mode) & 0o700
            _set(path, number, kept | (kept & 0o500) >> 3)
    _set(root / "inbox", number, _INBOX)
    for name in _HIDDEN:
        _set(root / name, number, _PRIVATE)


def mount_in(inbox: Path) -> Problem | None:
    """Name the first entry of the inbox that another file system is mounted on: it cannot be moved out of there."""
    mounted = (entry for entry in sorted(inbox.iterdir()) if not entry.is_symlink() and os.path.ismount(entry))
    found = next(mounted, None)
    if found is None:
        return None
    said = "another file system is mounted on it, and what lies there is not taken"
    return Problem("mount_in_inbox", said, path=f"inbox/{found.name}", hint=f"umount {found}; drop files into inbox/")


def keep_group_reading(root: Path) -> None:
    """Let what this process writes from now on be readable to the group of the project at `root`, if that is set so."""
    with suppress(OSError):  # what is not there is complained of by whoever needs it
        mode = root.stat().st_mode
        if mode & stat.S_ISGID and mode & stat.S_IRGRP:
            os.umask(_UMASK)


def _set(path: Path, group: int, mode: int) -> None:
    os.chown(path, -1, group, follow_symlinks=False)  # before the mode: it takes the set-group-id bit away
    if not path.is_symlink():
        path.chmod(mode)


def _guarded(root: Path) -> Iterator[Path]:
    """Give what only the engine may write: folders above, the tree, git's directory with its references, its keys."""
    yield from root.parents
    git_dir = find_git_dir(root).resolve()
    yield from (root, git_dir)
    for folder in (root, git_dir, git_dir / "objects"):
        yield from (path for path in sorted(folder.iterdir()) if path.name not in ("inbox", *_HIDDEN))
    for name in ("settings", "roster", "workflows"):
        yield from sorted((root / name).glob("*"))
    yield from sorted((git_dir / "refs").rglob("*"))
    yield from sorted((git_dir / "prismfs").rglob("*"))
    if os.geteuid() == root.stat().st_uid:
        with suppress(StoreError):  # no folder is named, and so there is no key
            keys = key_folder(os.environ).resolve()
            if keys.is_dir():
                yield from (*keys.parents, keys, *sorted(keys.rglob("*")))


def _is_open(path: Path, owner: int) -> bool:
    """Tell whether somebody but `owner` and root may write `path`, or put another in its place."""
    try:
        info = path.lstat()
    except FileNotFoundError:
        return False
    if stat.S_ISLNK(info.st_mode):
        return info.st_uid not in (owner, 0)
    sticky = stat.S_ISDIR(info.st_mode) and info.st_mode & stat.S_ISVTX
    return info.st_uid not in (owner, 0) or bool(info.st_mode & _OTHERS_WRITE and not sticky)


def _is_readable(path: Path) -> bool:
    return path.is_dir() and bool(path.stat().st_mode & 0o077)


def _lacking(root: Path, group: str) -> str | None:
    """Return why this user cannot separate `root`, None where it can."""
    me = os.geteuid()
    if me == 0:
        return "the engine must not run as root: let a user of its own make the desk"
    try:
        number = grp.getgrnam(group).gr_gid
    except KeyError:
        return f"there is no group {group}"
    if number not in (os.getegid(), *os.getgroups()):
        return f"{_name(me)} is not in the group {group}, and so cannot give files to it"
    for folder, names, files in os.walk(root):
        if Path(folder) == root:
            names[:] = [name for name in names if name not in ("inbox", *_HIDDEN)]
        paths = (Path(folder, name) for name in ("", *files))
        other = next((path for path in paths if path.lstat().st_uid != me), None)
        if other is not None:
            return f"{other} is not {_name(me)}'s"
    above = next(path for path in (root.absolute(), *root.absolute().parents) if path.exists())
    return None if os.access(above, os.W_OK | os.X_OK) else f"{_name(me)} may not write {above}"


def _root_commands(root: Path, group: str) -> list[str]:
    user = _name(os.geteuid()) if os.geteuid() else _ENGINE
    return [
        f"groupadd --system {group}",
        f"useradd --system --create-home --home-dir /var/lib/{user} {user}",
        f"usermod --append --groups {group} {user}",
        f"usermod --append --groups {group} LOGIN    # each user that agents run as",
        f"install --directory --mode 2750 --owner {user} --group {group} {root.absolute()}",
        f"chown --recursive {user}:{group} {root.absolute()}",
        f"runuser --user {user} -- prismfs init {root.absolute()} --pid PID --separate --agents {group}",
    ]


def _name(user: int) -> str:
    try:
        return pwd.getpwuid(user).pw_name
    except KeyError:
        return str(user)
