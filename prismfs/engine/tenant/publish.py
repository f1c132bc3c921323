"""Two clones of one project: the push is the compare-and-swap; the loser of the push decides again (R-004-35).

What was decided here and is not yet in the other repository is a list of events, each kept whole in its commit.
When the push is lost, the same events are decided by the rules on top of what the winner has published, at the
times at which they happened, and take the place of the first decisions in one reference transaction: a reader
sees the old history or the new one. Ids follow from causes, so that what came out the same has the same names.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime

from prismfs.engine.trust.protection import keep_mark
from prismfs.engine.trust.verify import event_of
from prismfs.engine.turn.desk import Desk
from prismfs.engine.turn.ingest import news_events
from prismfs.engine.turn.refusals import refusal_event
from prismfs.errors import ConflictError, RefusedError
from prismfs.records import plan as trailers
from prismfs.records.api import Decision, Event, Plan, Refused, parse_instant
from prismfs.rules import RULES_VERSION, decide
from prismfs.store.git import remote as remotes
from prismfs.store.git.history import Commit, Snapshot, meeting_point, read_commits, unpublished
from prismfs.store.git.remote import Remote
from prismfs.store.git.worktree import check_tidy
from prismfs.store.lock import Lock
from prismfs.store.repo import ABANDONED, ProjectRepo

TRIES = 12
"""Pushes tried before `push_lost`; each lost one is a push that another clone won."""

CRASH_POINTS = ("before-push", "after-push", "after-fetch")
"""Where the fault tests kill the process, beside the store's own points: the swap itself is one of its commits."""

_PATIENCE = 2 * remotes.SECONDS + 15
"""Seconds to wait for another process of this clone that publishes."""


@dataclass(frozen=True, slots=True)
class Redecided:
    """One event that was decided again: its commit before, the new decision, and the new commit.

    `before` is None for news of the other clone. `known` tells that the history there answers the same cause.
    """

    event: Event
    before: str | None
    decision: Decision
    known: bool = False
    commit: str | None = None

    @property
    def lost(self) -> bool:
        """Whether the event led to a plan before and does not now. The same decision made elsewhere is no loss."""
        return not self.known and not isinstance(self.decision, Plan)


@dataclass(frozen=True, slots=True)
class Published:
    """The result of publishing: the branch is at `head` here and at the remote.

    `sent` commits went there, `taken` came from there; `again` is what was decided again, in order.
    """

    remote: str
    branch: str
    head: str
    sent: int
    taken: int
    tries: int
    again: tuple[Redecided, ...] = ()

    def decision_on(self, cause: str) -> Decision | None:
        """Return what the event of this cause came to when it was decided again; None if it was not."""
        return next((one.decision for one in self.again if one.event.cause == cause), None)


def has_upstream(desk: Desk) -> bool:
    """Tell whether the branch is shared with another repository, so that it can be published."""
    return remotes.find_remote(desk.repo.git, desk.repo.branch) is not None


def publish(desk: Desk, now: datetime, remote: str | None = None, *, seconds: float = remotes.SECONDS) -> Published:
    """Push the branch to its upstream, or to `remote`; when another clone was faster, decide again and push again.

    The network is used without the writer's lock, `seconds` at most for each push and fetch. `now` is when news of
    the other clone is taken up.

    Raises:
        ConflictError: `push_lost`; others kept winning. What is decided here is kept.
        RefusedError: `no_upstream`, `remote_refused`, `push_refused`, `local_commits`, `edited`, `in_the_way`,
            `unrelated`, `newer_rules`; nothing moved.
        StoreError: `remote_unreachable`, or `history_rewritten` there or here; nothing moved.
    """
    repo = desk.repo
    place = _place(desk, remote)
    again: dict[str, Redecided] = {}
    taken = 0
    with _alone(repo, place):
        for tries in range(1, TRIES + 1):
            head = repo.snapshot().commit
            desk.crash_point("before-push")
            pushed = remotes.push(repo.git, place, head, seconds=seconds)
            desk.crash_point("after-push")
            if pushed.accepted:
                remotes.remember(repo.git, place, head)
                sent = _count(desk, pushed.old, head)
                return Published(place.shown, place.branch, head, sent, taken, tries, tuple(again.values()))
            theirs = remotes.fetch(repo.git, place, seconds=seconds)
            desk.crash_point("after-fetch")
            if theirs is not None:
                with repo.writer():
                    redone, came = _decide_again(desk, theirs, now)
                taken += came
                again.update((one.event.cause, one) for one in redone)
    raise ConflictError(
        "push_lost", f"other clones were faster {TRIES} times", path=place.branch, hint="kept here; prismfs push again"
    )


def rehearse(desk: Desk, now: datetime, remote: str | None = None) -> Published:
    """Return what publishing would do now, and change neither repository's branch.

    Raises:
        PrismfsError: as `publish` would.
    """
    repo = desk.repo
    place = _place(desk, remote)
    with _alone(repo, place):
        theirs = remotes.fetch(repo.git, place)
    here = repo.snapshot()
    if theirs is None or not _count(desk, here.commit, theirs):
        return Published(place.shown, place.branch, here.commit, _count(desk, theirs, here.commit), 0, 0)
    base, commits = _meet(desk, here, theirs)
    decided = _decide_all(desk, base, commits, now)
    new = sum(isinstance(one.decision, Plan) for one in decided)
    again = tuple(one for one in decided if one.before)
    return Published(place.shown, place.branch, here.commit, new, _count(desk, here.commit, theirs), 0, again)


def _place(desk: Desk, named: str | None) -> Remote:
    found = remotes.find_remote(desk.repo.git, desk.repo.branch, named)
    if found is None:
        branch = desk.repo.branch.removeprefix("refs/heads/")
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


def _decide_again(desk: Desk, theirs: str, now: datetime) -> tuple[list[Redecided], int]:
    """Decide the unpublished events again on top of `theirs`; return the results, and how many commits were fetched."""
    repo = desk.repo
    here = repo.snapshot()
    came = _count(desk, here.commit, theirs)
    if not came:
        return [], 0
    repo.bring_index()
    base, commits = _meet(desk, here, theirs)
    check_tidy(repo.git, here.commit, theirs)
    decided = _decide_all(desk, base, commits, now)
    plans = [one.decision for one in decided if isinstance(one.decision, Plan)]
    made = iter(repo.apply(plans, base=base, instead_of=here))
    keep_mark(repo.git, base.commit)
    again = [replace(one, commit=next(made)) if isinstance(one.decision, Plan) else one for one in decided]
    again = [one for one in again if one.before]
    if not any(one.lost for one in again):
        # The new commits hold all of it; otherwise the old ones stay within reach.
        repo.git.run("update-ref", "-d", ABANDONED + here.commit, here.commit)
    repo.bring_index()
    return again, came


def _meet(desk: Desk, here: Snapshot, theirs: str) -> tuple[Snapshot, Sequence[tuple[Commit, Event]]]:
    """Return the state to decide on, and the commits made here that `theirs` lacks, with their events."""
    git = desk.repo.git
    desk.repo.news(here)  # refuses a branch that lost the commit seen last
    base = meeting_point(git, here, theirs)
    for commit in read_commits(git, since=base.seen, until=theirs):
        if commit.rules > RULES_VERSION:
            raise RefusedError(
                "newer_rules", f"was decided by rules {commit.rules}, these are {RULES_VERSION}", path=commit.id,
                hint="install the version of prismfs that the other clone has",
            )  # fmt: skip
    mine, dropped = unpublished(git, here.commit, theirs)
    events = []
    for commit in mine:
        found = event_of(git, commit)
        if found is None or len(commit.parents) != 1 or trailers.TIME not in commit.trailers:
            raise _made_by_hand(commit, theirs)
        event = found[0]
        if event.type != "commit" or event.document.get("commit") not in dropped:
            events.append((commit, event))
    return base, events


def _made_by_hand(commit: Commit, theirs: str) -> RefusedError:
    short = commit.id[:12]
    carry = f"git cherry-pick {short} on top of {theirs[:12]} in another work tree, git push, then prismfs push"
    return RefusedError(
        "local_commits", f"{short} was made here by hand, and the other repository has moved on", path=commit.id,
        hint="git pull" if len(commit.parents) > 1 else carry,
    )  # fmt: skip


def _decide_all(desk: Desk, base: Snapshot, commits: Sequence[tuple[Commit, Event]], now: datetime) -> list[Redecided]:
    """Decide the news of `base`, then each event at its own time."""
    steps: list[tuple[Event, str | None, datetime]] = [(event, None, now) for event in news_events(desk, base, now)]
    steps += [(event, commit.id, parse_instant(commit.trailers[trailers.TIME])) for commit, event in commits]
    decided = []
    with desk.repo.overlay(base) as view:
        for event, before, at in steps:
            one = Redecided(event, before, decide(view, event, at), known=view.handled(event.cause))
            decided.append(one)
            if isinstance(one.decision, Refused) and event.type == "drop":
                # Its sender was told that it is kept; the history must say that it is not any more.
                refused = refusal_event(event, one.decision.problem)
                one = Redecided(refused, None, decide(view, refused, at))
                decided.append(one)
            if isinstance(one.decision, Plan):
                view.add(one.decision)
    return decided
