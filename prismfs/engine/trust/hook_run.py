"""What each git hook does; a person waits for it at every commit, so that no model is imported without need."""

from collections.abc import Iterable, Sequence
from pathlib import Path

from prismfs.errors import Problem, RecordError
from prismfs.store.git import place, plumbing
from prismfs.store.git.repository import Git

FORMATS = (".yaml", ".json")
"""How the files of all kinds end: a commit of others touches no record, whatever kinds there are."""


def run(name: str, root: Path, arguments: Sequence[str], lines: Sequence[str]) -> list[Problem]:
    """Return what the hook `name` objects to.

    `pre-commit` checks what is staged and is not the records' own; `commit-msg` that nobody claims the engine's
    trailers; `pre-receive` (lines of old, new, reference) what `check_push` says; after a merge or checkout nothing is
    refused: the watcher takes the news up itself.
    """
    if name == "commit-msg":
        path = arguments[0]
        said, hint = "Prismfs- trailers are the engine's own", "take them out"
        claimed = "\nPrismfs-" in Path(path).read_text(errors="replace")
        return [Problem("engine_trailer", said, path=path, hint=hint)] if claimed else []
    if name == "pre-commit":
        return _check_staged(root)
    if name == "pre-receive":
        from prismfs.engine.trust.hooks import check_push

        return check_push(root, lines)
    return []


def _check_staged(root: Path) -> list[Problem]:
    with Git(root, place.find_git_dir(root), in_hook=True) as git:
        base = "HEAD" if git.resolve("HEAD") else plumbing.EMPTY_TREE
        raw = git.run("diff-index", "--cached", "-r", "-z", "--raw", "--no-renames", base)
        changes = [one for one in plumbing.parse_raw(raw.split(b"\0")) if one.path.endswith(FORMATS)]
        desk = place.locate(root) if changes else None
        if desk is not None:  # what the engine has just brought, or a reset has left staged, is nobody's change
            changes = [one for one in changes if git.blob(f"{desk.truth}:{one.path}") != one.new]
        return list(check_files(git, changes, by_hand=not (git.git_dir / "MERGE_HEAD").exists())) if changes else []


def check_files(git: Git, changes: Iterable[plumbing.Change], *, by_hand: bool = False) -> Iterable[Problem]:
    """Yield what is wrong with the form of each changed record file; `by_hand`, audit rows may not be added either."""
    from prismfs.intake import personal, scan
    from prismfs.kinds import kind_of_path
    from prismfs.records import codec

    for change in changes:
        kind = kind_of_path(change.path)
        if kind is None:
            continue
        if kind.chained and (by_hand or change.old != plumbing.NO_OBJECT):
            hint = "git reset -- audit; if the watcher was just busy, commit again"
            yield Problem("audit_changed", "audit rows are the engine's own", path=change.path, hint=hint)
            continue
        if change.new == plumbing.NO_OBJECT:
            continue
        try:
            data = git.read(change.new) or b""
            kind.read(data, path=change.path)
            for finding in scan.redact(codec.parse(data, format=kind.format, path=change.path)).taken_out:
                if finding.kind not in personal.PERSONAL:
                    said = f"holds a {finding.kind}"
                    yield Problem("secret", said, path=change.path, field=finding.pointer, hint="take it out")
        except RecordError as error:
            yield error.problem.at(change.path)
