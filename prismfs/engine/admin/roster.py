"""Proposals to change a project's roster (R-000-84)."""

from collections.abc import Sequence
from datetime import datetime

from prismfs.engine.trust.protection import is_signed
from prismfs.engine.turn.desk import Desk
from prismfs.engine.turn.submit import rehearse, submit
from prismfs.errors import RefusedError
from prismfs.kinds import kind_of
from prismfs.records.api import Decision, Event, Nothing
from prismfs.rules.core.api import Draft
from prismfs.rules.core.api import roster as rules
from prismfs.store.git.plumbing import NewCommit
from prismfs.store.repo import ProjectRepo

BRANCHES = "proposals/"
"""Prefix of the branches that hold proposals."""


def with_bridges(desk: Desk, event: Event) -> Event:
    """Return the event of a proposal with what its rule may know of the tenant."""
    tenancy = desk.tenancy
    return event if tenancy is None else event.changed(document=event.document | {"tenant": tenancy.describe(())})


def propose(desk: Desk, event: Event, now: datetime) -> tuple[Decision, str, str | None]:
    """Commit what `event` proposes on a branch of its own, with an audit row; return decision, branch and commit.

    The branch is checked out nowhere, and nothing of it takes effect before an operator takes it.

    Raises:
        RefusedError: `proposal_exists`; the branch is there and not merged. Or what the rule refuses.
        ForbiddenError: this identity may not propose.
    """
    event = with_bridges(desk, event)
    verb, name = event.document["verb"], event.document["name"]
    branch = f"{BRANCHES}roster-{verb}-{name}"
    decision = rehearse(desk, event, now)
    if isinstance(decision, Nothing):
        return decision, branch, None
    with desk.repo.writer():
        commit = _commit(desk.repo, branch, event, now)
    settled = event.changed(document=event.document | {"branch": branch, "commit": commit})
    decision, _, _ = submit(desk, settled, now)
    return decision, branch, commit


def way_in(repo: ProjectRepo, branch: str) -> str:
    """Return the commands by which an operator takes what a branch proposes; no signed merge answers for its sides."""
    if is_signed(repo.git, repo.snapshot().commit):
        return f"git merge --squash {branch} && git commit -S"
    return f"git merge --no-ff {branch}"


def commit_proposal(
    repo: ProjectRepo, branch: str, files: Sequence[tuple[str, bytes]], *, subject: str, actor: str, now: datetime
) -> str:
    """Make the one commit of a proposal by `actor` on top of the records, as that of `branch`; return it.

    Raises:
        RefusedError: `proposal_exists`; the branch is there and not merged.
    """
    head, reference = repo.snapshot().commit, f"refs/heads/{branch}"
    there = repo.git.resolve(reference)
    if there is not None and repo.git.status("merge-base", "--is-ancestor", there, head):
        raise RefusedError(
            "proposal_exists", "this is proposed already and not yet merged", path=branch,
            hint=f"{way_in(repo, branch)} takes it, git branch -D {branch} drops it",
        )  # fmt: skip
    who = f"{actor} <{actor}@prismfs.invalid>"
    message = f"{subject}\n\nProposed by {actor}. It takes effect when an operator takes it.\n"
    commit = NewCommit(message, author=who, committer=who, seconds=int(now.timestamp()), files=tuple(files))
    return repo.git.write_commits([commit], parent=head, scratch=reference)[0]


def _commit(repo: ProjectRepo, branch: str, event: Event, now: datetime) -> str:
    """Commit what `event` proposes."""
    snapshot = repo.snapshot()
    records = rules.changes(Draft(repo.view(snapshot), event, now))
    assert not isinstance(records, Nothing)
    places = {kind_of(record).place_of(record): record for record in records}
    files = [(path, kind_of(one).write(one, old=repo.read(snapshot, path))) for path, one in places.items()]
    subject = f"roster: {event.document['verb']} {event.document['name']}"
    return commit_proposal(repo, branch, files, subject=subject, actor=event.actor, now=now)
