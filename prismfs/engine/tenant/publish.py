"""Two clones of one project: the push is the compare-and-swap; the loser of the push decides again (R-004-35).

What goes to the remote's branch is the truth. What stands there besides is taken as what stands in the window: the
decisions of another engine are adopted, and what people committed is a proposal.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime

from prismfs.engine.turn import adopt
from prismfs.engine.turn.adopt import Redecided
from prismfs.engine.turn.commit_group import commit_group
from prismfs.engine.turn.desk import Desk
from prismfs.errors import ConflictError, Problem, RefusedError, StoreError
from prismfs.records.api import Decision, Plan
from prismfs.store.engine_key import CANNOT_SIGN, signing_key
from prismfs.store.git import checkpoints
from prismfs.store.git import remote as remotes
from prismfs.store.git.history import Snapshot, is_ancestor, merge_base
from prismfs.store.git.remote import Remote
from prismfs.store.lock import Lock
from prismfs.store.repo import ProjectRepo

TRIES = 12
"""Pushes tried before `push_lost`; each lost one is a push that another clone won."""

CRASH_POINTS = ("before-push", "after-push", "before-checkpoint", "after-checkpoint", "after-fetch")
"""Where the fault tests kill the process, beside the store's own points: the swap itself is one of its commits."""

_PATIENCE = 2 * remotes.SECONDS + 15
"""Seconds to wait for another process of this clone that publishes."""


@dataclass(frozen=True, slots=True)
class Published:
    """The result of publishing: the branch is at `head` here and at the remote.

    `sent` commits went there, `taken` came from there; `again` is what was decided again, in order. `unwitnessed` is
    what kept the engine's checkpoint from going there, None where nothing did.
    """

    remote: str
    branch: str
    head: str
    sent: int
    taken: int
    tries: int
    again: tuple[Redecided, ...] = ()
    unwitnessed: Problem | None = None

    def decision_on(self, cause: str) -> Decision | None:
        """Return what the event of this cause came to when it was decided again; None if it was not."""
        return next((one.decision for one in self.again if one.event.cause == cause), None)


def has_upstream(desk: Desk) -> bool:
    """Tell whether the branch is shared with another repository, so that it can be published."""
    return remotes.find_remote(desk.repo.git, desk.repo.place) is not None


def publish(desk: Desk, now: datetime, remote: str | None = None, *, seconds: float = remotes.SECONDS) -> Published:
    """Push the branch to its upstream, or to `remote`; when another clone was faster, decide again and push again.

    The network is used without the writer's lock, `seconds` at most for each push and fetch. `now` is when news of
    the other clone is taken up.

    Raises:
        ConflictError: `push_lost`; others kept winning. What is decided here is kept.
        RefusedError: `no_upstream`, `remote_refused`, `push_refused`, `unrelated`, `broken_commit`, `newer_rules`;
            nothing moved.
        StoreError: `remote_unreachable`, `history_rewritten` or `records_rolled_back` there; nothing moved.
    """
    repo = desk.repo
    place = _place(desk, remote)
    again: dict[str, Redecided] = {}
    taken = 0
    with _alone(repo, place):
        known, here = tuple(checkpoints.kept(repo.git, place.kept)), repo.snapshot().commit
        if not known or not all(is_ancestor(repo.git, one.claim.commit, here) for _, one in known):
            _fetch(desk, place, seconds)  # what a fresh clone is held against comes from elsewhere
        for tries in range(1, TRIES + 1):
            with repo.writer():
                commit_group(desk, [], now)
                repo.bring_window_if_free()
            head = repo.snapshot().commit
            desk.crash_point("before-push")
            pushed = remotes.push(repo.git, place, head, seconds=seconds)
            desk.crash_point("after-push")
            if pushed.accepted:
                remotes.remember(repo.git, place, head)
                remotes.tell_people(repo.git, place, head)
                sent = _count(desk, pushed.old, head)
                missing = _witness(desk, place, head, seconds)
                return Published(place.shown, place.branch, head, sent, taken, tries, tuple(again.values()), missing)
            theirs = _fetch(desk, place, seconds)
            desk.crash_point("after-fetch")
            if theirs is not None:
                taken += _count(desk, repo.snapshot().commit, theirs)
                with repo.writer():
                    redone = take_over(desk, theirs, now)
                again.update((one.event.cause, one) for one in redone if one.before)
    raise ConflictError(
        "push_lost", f"other clones were faster {TRIES} times", path=place.branch, hint="kept here; prismfs push again"
    )


def rehearse(desk: Desk, remote: str | None = None) -> Published:
    """Return what publishing would do now, and change neither repository's branch.

    Raises:
        PrismfsError: as `publish` would.
    """
    repo = desk.repo
    place = _place(desk, remote)
    with _alone(repo, place):
        theirs = _fetch(desk, place)
    here = repo.snapshot()
    if theirs is not None:
        _check_related(desk, here, theirs)
    new = _count(desk, theirs, here.commit)
    tip = None if theirs is None else adopt.engine_tip(desk, here, repo.news(here, (theirs,)))
    if theirs is None or tip is None:
        came = 0 if theirs is None else _count(desk, here.commit, theirs)
        return Published(place.shown, place.branch, here.commit, new, came, 0)
    decided = adopt.rehearse(desk, here, tip)
    new = sum(isinstance(one.decision, Plan) for one in decided)
    again = tuple(one for one in decided if one.before)
    return Published(place.shown, place.branch, here.commit, new, _count(desk, here.commit, theirs), 0, again)


def take_over(desk: Desk, theirs: str, now: datetime) -> list[Redecided]:
    """Take over what the history of `theirs` has and the truth lacks; return what was decided again for it.

    The caller holds the writer's lock.

    Raises:
        RefusedError: `unrelated`, `broken_commit`, `newer_rules`.
    """
    here = desk.repo.snapshot()
    _check_related(desk, here, theirs)
    tip = adopt.engine_tip(desk, here, desk.repo.news(here, (theirs,)))
    again = [] if tip is None else adopt.adopt(desk, tip)
    commit_group(desk, [], now, heads=(theirs,))
    desk.repo.bring_window_if_free()
    return again


def _fetch(desk: Desk, place: Remote, seconds: float = remotes.SECONDS) -> str | None:
    """Bring the remote's branch; refuse one that lacks what engines have signed as its head."""
    git = desk.repo.git
    theirs = remotes.fetch(git, place, seconds=seconds)
    if theirs is not None:
        checkpoints.check_branch(git, place, theirs)
    return theirs


def _witness(desk: Desk, place: Remote, head: str, seconds: float) -> Problem | None:
    """Put this engine's checkpoint over `head` at the remote; return what keeps it from going there."""
    repo = desk.repo
    try:
        data = repo.witness.signed(head, signing_key(desk.view(), repo.state))
        if data is not None:
            desk.crash_point("before-checkpoint")
            checkpoints.push_checkpoint(repo.git, place, data, seconds=seconds)
            desk.crash_point("after-checkpoint")
    except (RefusedError, StoreError) as error:
        return None if error.code in CANNOT_SIGN else error.problem
    return None


def _check_related(desk: Desk, here: Snapshot, theirs: str) -> None:
    fault = desk.repo.window.fault(here.commit, theirs)
    if fault is not None:
        said, hint = f"what stands there cannot be taken: {fault[1]}", "take that commit away there, then again"
        raise RefusedError("broken_commit", said, path=fault[0], hint=hint)
    if merge_base(desk.repo.git, here.commit, theirs) is None:
        raise RefusedError("unrelated", "the other repository holds another project", hint="prismfs push REMOTE")


def _place(desk: Desk, named: str | None) -> Remote:
    found = remotes.find_remote(desk.repo.git, desk.repo.place, named)
    if found is None:
        branch = desk.repo.place.window.removeprefix("refs/heads/")
        raise RefusedError(
            "no_upstream", f"{branch} is not shared with another repository", path=branch,
            hint=f"git push --set-upstream REMOTE {branch}, or prismfs push REMOTE",
        )  # fmt: skip
    return found


@contextmanager
def _alone(repo: ProjectRepo, place: Remote) -> Iterator[None]:
    """Hold this clone's lock on publishing."""
    lock = Lock(repo.state / "publish.lock")
    try:
        lock.acquire(wait=_PATIENCE)
        if lock.broken_since is not None:
            remotes.clear_dead_locks(repo.git, place)
        try:
            yield
        finally:
            lock.release()
    finally:
        lock.close()


def _count(desk: Desk, old: str | None, new: str) -> int:
    """Return the number of commits that `new` has and `old` lacks."""
    span = [new] if old is None else [new, f"^{old}"]
    return int(desk.repo.git.run("rev-list", "--count", *span))
