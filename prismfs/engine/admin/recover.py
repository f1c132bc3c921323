"""Putting back what somebody's hand has taken from a project's records; what mends itself is left to the next turn."""

from dataclasses import dataclass

from prismfs.errors import RefusedError, StoreError
from prismfs.store.git.history import check_whole
from prismfs.store.git.place import read_branch
from prismfs.store.git.plumbing import NO_OBJECT
from prismfs.store.git.proofs import first_truth
from prismfs.store.git.remote import find_remote
from prismfs.store.lock import is_broken, left_locks
from prismfs.store.repo import ProjectRepo

_LOST = ("records_gone", "objects_lost")


@dataclass(frozen=True, slots=True)
class Step:
    """One thing that is put back: a code, and a sentence for people."""

    code: str
    said: str


def recover(repo: ProjectRepo, *, dry_run: bool) -> list[Step]:
    """Put the records back to what this user has seen, and the window to the records; return what is done for it.

    The caller holds no lock. Nothing is deleted: what stood there stays within reach of a reference.

    Raises:
        RefusedError: `nothing_to_recover_from`; the records are gone, and nothing here says what they were.
        ConflictError: another process is writing.
    """
    steps = []
    for lock in left_locks(repo.place):
        steps.append(Step("lock_left", f"{lock.name} goes, which a git that was killed has left"))
        if not dry_run:
            lock.unlink(missing_ok=True)
    wrong = _wrong(repo)
    target = None if wrong is None else _target(repo)
    if is_broken(repo.place, repo.git, repo.place.window):
        said = f"{repo.place.window} is made again, whose file names no commit that is here"
        steps.append(Step("reference_broken", said))
    if not dry_run:
        _clear_references(repo, lost=wrong in _LOST)
    truth = repo.git.resolve(repo.place.truth)
    if wrong is not None and target is not None:
        steps.append(Step(wrong, f"the records {_goes(repo, wrong, truth, target)}"))
        if not dry_run:
            _put_back(repo, truth, target, lost=wrong in _LOST)
    if repo.is_window_behind():
        stays = repo.window.obstacle(repo.git.resolve(repo.place.truth) or NO_OBJECT) if truth else None
        branch = repo.place.window.removeprefix("refs/heads/")
        said = f"{branch} follows the records" if stays is None else f"{branch} waits: {stays.problem.message}"
        said += "" if stays is None else f" ({stays.problem.hint})"
        steps.append(Step("window_behind", said))
        if not dry_run and stays is None:
            with repo.writer():
                repo.bring_window()
    return steps


def _wrong(repo: ProjectRepo) -> str | None:
    """Return the code of what is wrong with the records, None where nothing is."""
    truth = repo.git.resolve(repo.place.truth)
    if truth is None:
        return "records_gone"
    if not _is_whole(repo, truth):
        return "objects_lost"
    try:
        repo.witness.check(truth)
    except StoreError as error:
        return error.code
    return None


def _is_whole(repo: ProjectRepo, commit: str) -> bool:
    """Tell whether nothing was lost of the history of `commit`; what a shallow clone leaves out was not."""
    try:
        check_whole(repo.git, commit)
    except StoreError as error:
        return error.code == "history_shallow"
    return True


def _target(repo: ProjectRepo) -> str:
    """Return where the records go back to: what was seen last, else the newest that is left of them.

    Raises:
        RefusedError: `nothing_to_recover_from`.
    """
    git, place = repo.git, repo.place
    seen = repo.witness.head()
    if seen is not None and _is_whole(repo, seen):
        return seen
    log = place.common / "logs" / place.window
    stood = [line.split(" ")[1] for line in log.read_text().splitlines()[::-1]] if log.exists() else []
    known = git.run("for-each-ref", "--format=%(objectname)", f"{place.own}remote", "refs/remotes").decode().split()
    for commit in (repo.window.head(), *stood, *known):
        if commit is not None and git.resolve(f"{commit}^{{commit}}") == commit and _is_whole(repo, commit):
            return first_truth(git, commit)
    raise RefusedError(
        "nothing_to_recover_from", "the records are gone, and neither branch nor witness is left",
        hint="git fetch --refetch REMOTE, where the project is shared, or that of another clone's folder; then again",
    )  # fmt: skip


def _goes(repo: ProjectRepo, wrong: str, truth: str | None, target: str) -> str:
    """Return where the records go, and what that costs."""
    if wrong in _LOST and target != repo.witness.noted():
        there = find_remote(repo.git, repo.place)
        way = "" if there is None else f", but for what {there.shown} has: prismfs push takes it from there"
        return f"go back to {target[:12]}; what was decided since is lost here{way}"
    if target == truth:
        return f"stay at {target[:12]}; what was seen last is lost"
    return f"go back to {target[:12]}; what stood there is kept"


def _clear_references(repo: ProjectRepo, *, lost: bool) -> None:
    """Take away references that name nothing: git fetches nothing where one is left.

    With `lost` also the window and those of the engine's that stand at what is not whole, and what was made of that.
    """
    place = repo.place
    names = [place.truth, place.window]
    if lost:
        own = (path for path in (place.common / place.own).rglob("*") if path.is_file())
        names += [str(path.relative_to(place.common)) for path in own]
        for pattern in ("carried", "carrying", "worktree", "projection.sqlite*"):
            for path in place.state.glob(pattern):
                path.unlink(missing_ok=True)
    for name in names:
        if is_broken(place, repo.git, name):
            (place.common / name).unlink()
        commit = repo.git.resolve(name)
        if lost and name != place.truth and commit is not None and not _is_whole(repo, commit):
            repo.git.move({name: (commit, NO_OBJECT)})


def _put_back(repo: ProjectRepo, truth: str | None, target: str, *, lost: bool) -> None:
    moves = {repo.place.truth: (truth or NO_OBJECT, target)}
    left = truth not in (None, target) and repo.git.resolve(f"{repo.place.own}abandoned/{truth}") is None
    if truth is not None and left and _is_whole(repo, truth):
        moves[f"{repo.place.own}abandoned/{truth}"] = (NO_OBJECT, truth)
    repo.git.move(moves)
    repo.witness.note(target)
    if lost and read_branch(repo.place.git_dir) == repo.place.window:
        # What is staged may be lost, too, and git ends where it meets that; the files themselves stay.
        repo.git.run("read-tree", target, index=repo.place.git_dir / "index")
