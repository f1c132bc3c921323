"""What the git hooks check of the commits that people make; the engine's own commits run none."""

from collections.abc import Iterable, Sequence
from pathlib import Path

from prismfs.engine.trust.push_rules import check_commits, is_served
from prismfs.errors import Problem, RecordError
from prismfs.intake.personal import PERSONAL
from prismfs.intake.scan import redact
from prismfs.kinds import kind_of_path
from prismfs.records import codec
from prismfs.store.git.place import find_git_dir
from prismfs.store.git.plumbing import EMPTY_TREE, NO_OBJECT, Change, parse_raw
from prismfs.store.git.repository import Git

_SCRIPT = '#!/bin/sh\nexec prismfs hooks run {name} -- "$@"\n'


def install_hooks(root: Path, names: Sequence[str], *, dry_run: bool) -> tuple[list[str], list[str]]:
    """Write the hook scripts; return the names written, and those left because they are not prismfs's."""
    folder = find_git_dir(root) / "hooks"
    written, kept = [], []
    for name in names:
        path, script = folder / name, _SCRIPT.format(name=name)
        if path.exists() and path.read_text(errors="replace") != script:
            kept.append(name)
            continue
        written.append(name)
        if not dry_run:
            folder.mkdir(exist_ok=True)
            path.write_text(script)
            path.chmod(0o755)
    return written, kept


def run_hook(name: str, root: Path, arguments: Sequence[str], lines: Sequence[str]) -> list[Problem]:
    """Return what the hook `name` objects to.

    `pre-commit` checks what is staged; `commit-msg` that nobody claims the engine's trailers; `pre-receive`
    (lines of old, new, reference) that history only grows, that no audit row is touched, and what `push_rules` says
    of the branch that is served; after a merge or checkout nothing is refused: the watcher takes the news up itself.
    """
    if name == "commit-msg":
        text = Path(arguments[0]).read_text(errors="replace")
        if "\nPrismfs-" in text:
            return [
                Problem(
                    "engine_trailer",
                    "Prismfs- trailers are the engine's own",
                    path=arguments[0],
                    hint="take them out",
                )
            ]
        return []
    if name == "pre-commit":
        with Git(root, find_git_dir(root), in_hook=True) as git:
            base = "HEAD" if git.resolve("HEAD") else EMPTY_TREE
            raw = git.run("diff-index", "--cached", "-r", "-z", "--raw", "--no-renames", base)
            return list(_check(git, parse_raw(raw.split(b"\0")), by_hand=not (git.git_dir / "MERGE_HEAD").exists()))
    if name == "pre-receive":
        return _check_push(root, lines)
    return []


def _check_push(root: Path, lines: Sequence[str]) -> list[Problem]:
    problems: list[Problem] = []
    git_dir = root / ".git" if (root / ".git").exists() else root
    with Git(root, git_dir, in_hook=True) as git:
        for line in lines:
            old, new, reference = line.split(" ", 2)
            if not reference.startswith("refs/heads/") or old == NO_OBJECT:
                continue
            if new == NO_OBJECT or git.status("merge-base", "--is-ancestor", old, new):
                problems.append(Problem("history_rewritten", "a push may only add commits", path=reference))
                continue
            problems += _check(git, git.changes(old, new))
            if is_served(git, git_dir, reference):
                problems += check_commits(git, old, new)
    return problems


def _check(git: Git, changes: Iterable[Change], *, by_hand: bool = False) -> Iterable[Problem]:
    for change in changes:
        kind = kind_of_path(change.path)
        if kind is None:
            continue
        if kind.chained and (by_hand or change.old != NO_OBJECT):
            hint = "git reset -- audit; if the watcher was just busy, commit again"
            yield Problem("audit_changed", "audit rows are the engine's own", path=change.path, hint=hint)
            continue
        if change.new == NO_OBJECT:
            continue
        try:
            data = git.read(change.new) or b""
            kind.read(data, path=change.path)
            for finding in redact(codec.parse(data, format=kind.format, path=change.path)).taken_out:
                if finding.kind not in PERSONAL:
                    yield Problem(
                        "secret",
                        f"holds a {finding.kind}",
                        path=change.path,
                        field=finding.pointer,
                        hint="take it out",
                    )
        except RecordError as error:
            yield error.problem.at(change.path)
