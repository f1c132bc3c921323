"""Two engines over one project: the decisions of this one are made again on top of the other's (R-004-35).

What was decided here and is not yet in the other history is a list of events, each kept whole in its commit. The same
events are decided by the rules on top of what the other has published, at the times at which they happened, and take
the place of the first decisions in one reference transaction: a reader sees the old history or the new one. Ids follow
from causes, so that what came out the same has the same names.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from prismfs.engine.trust.proposals import events_of
from prismfs.engine.trust.verify import event_of
from prismfs.engine.turn.desk import Desk
from prismfs.engine.turn.refusals import refusal_event
from prismfs.errors import RefusedError
from prismfs.proof.statements import MOST_COVERED
from prismfs.records import plan as trailers
from prismfs.records.api import REFUSED, Decision, Event, Plan, Refused, parse_instant
from prismfs.rules import RULES_VERSION, decide
from prismfs.store.git.history import Commit, Snapshot, proposal_of, read_commit, read_commits
from prismfs.store.git.proofs import has_engines, newest_proven
from prismfs.store.projection import Projection

_MOST = MOST_COVERED // 2
"""Decisions in one group: a refused one is followed by its refusal, and each makes a commit."""


@dataclass(frozen=True, slots=True)
class Redecided:
    """One event that was decided again: its commit before, the new decision, and the new commit.

    `before` is None for the refusal of a drop or of a person's act that was accepted before. `known` tells that the
    history there answers the same cause.
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


def engine_tip(desk: Desk, here: Snapshot, news: Sequence[Commit]) -> str | None:
    """Return the newest decision of another engine among `news`; None if there is none.

    Where the roster has engines, a key of theirs says so and nothing else does: a copy is a commit of whoever made it.

    Raises:
        RefusedError: `newer_rules`.
    """
    theirs = [commit for commit in news if commit.by_engine]
    for commit in theirs:
        if commit.rules > RULES_VERSION:
            raise RefusedError(
                "newer_rules", f"was decided by rules {commit.rules}, these are {RULES_VERSION}", path=commit.id,
                hint="install the version of prismfs that the other clone has",
            )  # fmt: skip
    git, tips = desk.repo.git, [commit.id for commit in reversed(theirs)]
    if tips and has_engines(git, here.commit):
        signed = (commit.id for commit in reversed(theirs) if commit.signed)
        return next((tip for tip in signed if newest_proven(git, here.commit, tip) == tip), None)
    return next(iter(tips), None)


def adopt(desk: Desk, theirs: str) -> list[Redecided]:
    """Decide here again, on top of `theirs`, what that history lacks; the caller holds the writer's lock."""
    repo = desk.repo
    here = repo.snapshot()
    again = rehearse(desk, here, theirs, sign=True)
    repo.follow(here, next((one.commit for one in reversed(again) if one.commit), theirs))
    if not any(one.lost for one in again):
        repo.forget_abandoned(here.commit)  # the new commits hold all of it
    return again


def rehearse(desk: Desk, here: Snapshot, theirs: str, *, sign: bool = False) -> list[Redecided]:
    """Return what would be decided again on top of `theirs`; no reference of a history moves.

    The commits are written group by group: what git says of a person's commit is looked at on top of those before it.
    """
    decided: list[Redecided] = []
    tip = theirs
    with desk.repo.overlay(Snapshot(theirs, here.window)) as view:
        for group in _groups(desk, here.commit, theirs):
            fresh = _on_top_of(desk, tip, group)
            again = [one for commit, event in fresh for one in _decide(view, commit, event)]
            plans = [one.decision for one in again if isinstance(one.decision, Plan)]
            if plans:
                made = iter(desk.repo.write(plans, base=tip, view=view, sign=sign))
                again = [replace(one, commit=next(made)) if isinstance(one.decision, Plan) else one for one in again]
                tip = next(one.commit for one in reversed(again) if one.commit)
            decided += again
    return decided


def _decide(view: Projection, commit: Commit, event: Event) -> Iterator[Redecided]:
    at = parse_instant(commit.trailers[trailers.TIME])
    found = Redecided(event, commit.id, decide(view, event, at), known=view.handled(event.cause))
    both = [found]
    if isinstance(found.decision, Refused) and (event.type == "drop" or event.commit is not None):
        # Its sender was told that it is kept; the history must say that it is not any more.
        refused = refusal_event(event, found.decision.problem)
        both.append(Redecided(refused, None, decide(view, refused, at)))
    for one in both:
        if isinstance(one.decision, Plan):
            view.add(one.decision)
        yield one


def _groups(desk: Desk, here: str, theirs: str) -> Iterator[list[tuple[Commit, Event]]]:
    """Yield the decisions of `here` that `theirs` lacks, oldest first, in groups that one signature may cover.

    One that takes over a person's commit is the first of its group.
    """
    group: list[tuple[Commit, Event]] = []
    for commit in read_commits(desk.repo.git, since=theirs, until=here):
        found = event_of(desk.repo.git, commit)
        assert found is not None, "the truth holds decisions only"
        event = found[0]
        if group and (_is_proposal(event) or len(group) == _MOST):
            yield group
            group = []
        group.append((commit, event))
    if group:
        yield group


def _on_top_of(desk: Desk, tip: str, group: Sequence[tuple[Commit, Event]]) -> Iterator[tuple[Commit, Event]]:
    """Yield the events of a group: what git says of a person's commit, and which commands it gives, on top of `tip`."""
    git = desk.repo.git
    for commit, event in group:
        if _is_proposal(event):
            proposal = proposal_of(git, read_commit(git, str(event.document["commit"])))
            fresh = events_of(git, tip, proposal, event.at)
            yield from ((commit, each) for each in fresh if each.kind == "any" or each.commit is not None)
        elif event.commit is None and not (event.kind == REFUSED and "commit" in event.document):
            yield commit, event


def _is_proposal(event: Event) -> bool:
    return (event.type, event.kind) == ("commit", "any")
