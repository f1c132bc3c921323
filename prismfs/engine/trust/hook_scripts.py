"""The scripts that git runs as hooks: a courtesy, on which nothing depends; a foreign hook is left as it is."""

import os
import shlex
import sys
from pathlib import Path

from prismfs.errors import Problem
from prismfs.store.git import place, repository

SERVED = ("pre-receive",)
"""The hooks of a bare repository: people only push to it."""

COMMIT = ("pre-commit", "commit-msg")
"""The hooks that check something in a project's own repository."""

HOOKS = (*COMMIT, "post-merge", "post-checkout", *SERVED)

_SCRIPT = """#!/bin/sh
# Written by prismfs hooks install. git runs it with a PATH of its own: the program that wrote it comes first.
[ -x {python} ] && exec {python} -m prismfs hooks run {name} -- "$@"
{absent}exec prismfs hooks run {name} -- "$@"
"""
_ABSENT = """\
command -v prismfs >/dev/null || { echo "prismfs is gone, nothing was checked: prismfs hooks install" >&2; exit 0; }
"""
"""A program that was removed keeps nobody from committing; where a branch is served, nothing passes unchecked."""


def install(root: Path, *, dry_run: bool = False) -> tuple[list[str], list[str]]:
    """Write the hook scripts of a project, or of a bare repository; return the names written, and those left.

    Left are those that are not prismfs's. A project beside code gets none: they would check the code's commits.

    Raises:
        StoreError: `not_a_repository`.
    """
    git_dir = place.find_git_dir(root)
    names = SERVED if git_dir == root else HOOKS if place.find_common_dir(git_dir) == git_dir else ()
    written, kept = [], []
    for name in names:
        path = git_dir / "hooks" / name
        if os.path.lexists(path) and not _is_ours(path, name):
            kept.append(name)
            continue
        written.append(name)
        if not dry_run:
            path.parent.mkdir(exist_ok=True)
            aside = path.with_name(f".{name}.new")  # half a script would be taken for somebody else's
            aside.write_text(_script(name, sys.executable))
            aside.chmod(0o755)
            aside.replace(path)
    return written, kept


def check_hooks(root: Path) -> Problem | None:
    """Return what is wrong where a project has any hooks of prismfs: one cannot run, is missing, or hidden."""
    folder = place.find_git_dir(root) / "hooks"
    ours = [name for name in HOOKS if _is_ours(folder / name, name)]
    for name in ours:
        text = (folder / name).read_text()
        words = [shlex.split(line) for line in text.splitlines() if line.startswith("[ -x ")]
        program = words[0][2] if words else ""
        if text != _script(name, program) or not os.access(program, os.X_OK) or not os.access(folder / name, os.X_OK):
            said = "was written by a prismfs that is gone, or by an older one"
            return Problem("hook_stale", said, path=f"hooks/{name}", hint="prismfs hooks install")
    for name in HOOKS if ours else ():
        if not os.path.lexists(folder / name):
            said = "is not there, and others are"
            return Problem("hook_missing", said, path=f"hooks/{name}", hint="prismfs hooks install")
    return _hidden(root, folder) if ours else None


def _hidden(root: Path, folder: Path) -> Problem | None:
    """Return that git looks for hooks elsewhere than in `folder`, as husky has it, and those there do not ask ours.

    The scripts of husky lie beside the folder to which it leads git.
    """
    told = repository.run_plain(["rev-parse", "--git-path", "hooks"], cwd=root).decode().strip()
    asked = (root / told).resolve()
    if asked == folder.resolve() or all(
        any(_asks(each / name, name) for each in (asked, asked.parent)) for name in COMMIT
    ):
        return None
    calls = " and ".join(f"prismfs hooks run {name}" for name in COMMIT)
    said = f"leads git to {told}, and the hooks there do not call {calls}: commits are not checked before they are made"
    hint = 'git config --unset core.hooksPath, or add to each of them: prismfs hooks run NAME -- "$@"'
    return Problem("hooks_hidden", said, path="core.hooksPath", hint=hint)


def _script(name: str, program: str) -> str:
    absent = "" if name in SERVED else _ABSENT
    return _SCRIPT.format(name=name, python=shlex.quote(program), absent=absent)


def _is_ours(path: Path, name: str) -> bool:
    return _asks(path, name, f'exec prismfs hooks run {name} -- "$@"\n')


def _asks(path: Path, name: str, call: str = "") -> bool:
    try:
        return (call or f"prismfs hooks run {name}") in path.read_text(errors="replace")
    except OSError:
        return False
