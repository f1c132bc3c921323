"""Putting back what somebody's hand has taken from a project's records; what mends itself is left to the next turn."""

from dataclasses import dataclass

from prismfs.errors import RefusedError, StoreError
from prismfs.store.git.plumbing import NO_OBJECT
from prismfs.store.git.proofs import first_truth
from prismfs.store.lock import is_broken, left_locks
from prismfs.store.repo import ProjectRepo


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
    for name in (repo.place.truth, repo.place.window):
        if is_broken(repo.place, repo.git, name):
            if name == repo.place.window:
                steps.append(Step("reference_broken", f"{name} is made again, whose file names no commit that is here"))
            if not dry_run:
                (repo.place.common / name).unlink()
    truth, seen = repo.git.resolve(repo.place.truth), repo.witness.head()
    wrong = _wrong(repo, truth)
    if wrong is not None:
        head = repo.window.head()
        target = seen or (head and first_truth(repo.git, head))
        if target is None:
            raise RefusedError(
                "nothing_to_recover_from", "the records are gone, and neither branch nor witness is left",
                hint="git fetch from where the project is shared, then again",
            )  # fmt: skip
        goes = (
            "stay at {}; what was seen last is lost" if target == truth else "go back to {}; what stood there is kept"
        )
        steps.append(Step(wrong, f"the records {goes.format(target[:12])}"))
        if not dry_run:
            _put_back(repo, truth, target)
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


def _wrong(repo: ProjectRepo, truth: str | None) -> str | None:
    """Return the code of what is wrong with the records, None where nothing is."""
    if truth is None:
        return "records_gone"
    try:
        repo.witness.check(truth)
    except StoreError as error:
        return error.code
    return None


def _put_back(repo: ProjectRepo, truth: str | None, target: str) -> None:
    moves = {repo.place.truth: (truth or NO_OBJECT, target)}
    if truth not in (None, target) and repo.git.resolve(f"{repo.place.own}abandoned/{truth}") is None:
        moves[f"{repo.place.own}abandoned/{truth}"] = (NO_OBJECT, truth)
    repo.git.move(moves)
    repo.witness.note(target)
