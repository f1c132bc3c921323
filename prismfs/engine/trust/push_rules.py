"""What the pre-receive hook asks of a push to the branch that is served, beside the form of its files.

`old` is the head of the branch before the push: its operators and their keys decide, never those that the push
brings (R-000-76).
With `trust: signed` protected files and approvals need an operator's signature; what needs none is asked of every
project: a verdict is never changed; an approval is about something that is there, fits it, and is not by an author.
"""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from prismfs.engine.trust.endorsement import void
from prismfs.engine.trust.foreign_commits import ENGINE_ONLY, VERDICTS
from prismfs.engine.trust.protection import endorse_verdict, is_protected, is_signed, step
from prismfs.engine.trust.verdict_file import SIGNOFFS
from prismfs.engine.trust.verify import verify
from prismfs.errors import Problem, RecordError, StoreError
from prismfs.kinds import kind_of, kind_of_path
from prismfs.kinds.core.settings import persona, project
from prismfs.kinds.core.verdict import Verdict
from prismfs.records.api import Kind, Record
from prismfs.rules.core import signoff
from prismfs.rules.core.signoff import Signoff
from prismfs.store.git.history import Commit, read_commits
from prismfs.store.git.place import read_branch
from prismfs.store.git.plumbing import NO_OBJECT
from prismfs.store.git.repository import Git

_SIGN = "git commit --amend --no-edit -S with an operator's key, or let an operator merge it"


def is_served(git: Git, git_dir: Path, reference: str) -> bool:
    """Tell whether `reference` is the branch that decides; every branch is where the repository names none."""
    try:
        served = read_branch(git_dir)
    except StoreError:
        return True
    return reference == served or git.resolve(served) is None


def check_commits(git: Git, old: str, new: str) -> Iterator[Problem]:
    """Yield what is wrong with the commits that lead from `old` to `new`, each problem with commit, path and remedy."""
    commits = list(read_commits(git, since=old, until=new))
    signed = is_signed(git, old)
    if signed and commits and commits[0].parents[:1] != (old,):
        yield Problem(
            "side_history", "the branch's own commits would become a side branch", path=commits[0].id,
            hint="git rebase onto the branch, or merge into it the other way round",
        )  # fmt: skip
        return
    if signed:
        yield from _check_protected(git, old, commits)
        yield from _check_decided(git, old, new, commits)
    yield from _check_together(commits)
    for commit in commits:
        by_hand = commit.cause is None or len(commit.parents) != 1
        for change in commit.changes:
            kind = kind_of_path(change.path)
            if kind is None or kind.chained:
                continue
            if kind in VERDICTS:
                yield from _check_verdict(git, old, new, commit, change.path, kind, added=change.old == NO_OBJECT)
            elif by_hand and kind.writers == ENGINE_ONLY:
                yield _said(
                    "engine_record_changed", commit, change.path, f"a {kind.name} is written by prismfs alone",
                    "take it out of the commit; a command or a file in inbox/ changes it",
                )  # fmt: skip


def _check_protected(git: Git, old: str, commits: Sequence[Commit]) -> Iterator[Problem]:
    mark: str | None = old
    for commit in commits:
        own = [change.path for change in commit.changes if is_protected(change.path)]
        if not own and len(commit.parents) == 1:
            continue
        done = step(git, mark, commit.id)
        mark = done.after
        if done.stands:
            continue
        why = "prismfs.yaml is invalid there" if done.endorsement is None else done.endorsement.why_not
        for path in own or done.paths:
            yield _said("protected_unsigned", commit, path, f"only an operator may change it, and {why}", _SIGN)


def _check_decided(git: Git, old: str, new: str, commits: Sequence[Commit]) -> Iterator[Problem]:
    """Decide again what says that prismfs decided it, where the push holds any of what may leave (R-000-41).

    The whole history is read for that, a commit in about a millisecond.
    """
    gated = (*(kind_of(use.subject) for use in SIGNOFFS.values()), *VERDICTS)
    if any(
        commit.cause is not None and any(kind_of_path(change.path) in gated for change in commit.changes)
        for commit in commits
    ):
        yield from verify(git, until=new, since=old).problems


def _check_together(commits: Sequence[Commit]) -> Iterator[Problem]:
    """Refuse a change of who may approve in one push with an approval (R-000-84)."""
    by_hand = [commit for commit in commits if commit.cause is None or len(commit.parents) != 1]
    changes = [(commit, change.path) for commit in by_hand for change in commit.changes]
    rosters = [(commit, path) for commit, path in changes if kind_of_path(path) in (persona.KIND, project.KIND)]
    if rosters and any(kind_of_path(path) in VERDICTS for _, path in changes):
        commit, path = rosters[0]
        yield _said(
            "roster_with_approval", commit, path, "who may approve is changed in one push with an approval",
            "push the roster first, by itself",
        )  # fmt: skip


def _check_verdict(
    git: Git, old: str, new: str, commit: Commit, path: str, kind: Kind, *, added: bool
) -> Iterator[Problem]:
    """Hold a verdict against its signature, and an approval by hand against what it is about (R-000-41, R-003-28)."""
    use = SIGNOFFS[kind.name]
    if not added:
        yield _said(
            f"{kind.name}_changed", commit, path, f"a record of the kind {kind.name} is never changed",
            "another one is another file",
        )  # fmt: skip
        return
    try:
        found = kind.read(git.read(f"{commit.id}:{path}") or b"", path=path)
    except RecordError as error:
        yield _said(error.code, commit, path, error.problem.message, "mend the file")
        return
    assert isinstance(found, Verdict)
    by_engine = commit.cause is not None and len(commit.parents) == 1
    if by_engine and found.decision != "approve":
        return
    if is_signed(git, old):
        signature = (
            void("unsigned") if by_engine else endorse_verdict(git, commit.id, path, old, operator=use.operators_only)
        )
        if not (signature.operator if use.operators_only else signature.verified):
            who = "no operator" if use.operators_only else found.by
            yield _said(f"{kind.name}_unsigned", commit, path, f"{who} signed it: {signature.why_not}", _SIGN)
            return
        if (signature.signer or "").casefold() != found.by.casefold():
            yield _said(
                f"{kind.name}_not_own", commit, path,
                f"says that it is by {found.by}, but {signature.signer} signed it", "everybody signs their own",
            )  # fmt: skip
            return
    if not by_engine and found.decision == "approve":
        yield from _check_subject(git, new, commit, path, use, found)


def _check_subject(
    git: Git, new: str, commit: Commit, path: str, use: Signoff[Any, Any], found: Verdict
) -> Iterator[Problem]:
    """Hold an approval against what it is about, as it is at the end of the push (R-000-41)."""
    about = _record(git, new, kind_of(use.subject), found.about)
    if about is None:
        yield _said(
            "unknown_record", commit, path, f"is about {found.about}, which is not there",
            f"{use.program} list names what waits",
        )  # fmt: skip
        return
    if signoff.is_author(use, about, found.by):
        yield _said("self_approval", commit, path, f"{found.by} is an author of what is approved", "ask another person")
    if found.content_hash != use.content_hash(about):
        yield _said(
            "approval_stale", commit, path, "approves another text than the one that is there",
            f"look at it again: {use.program} show, then approve that",
        )  # fmt: skip


def _record(git: Git, commit: str, kind: Kind, identifier: str) -> Record | None:
    try:
        path = kind.path_of(identifier)
        return kind.read(git.read(f"{commit}:{path}") or b"", path=path)
    except RecordError:
        return None


def _said(code: str, commit: Commit, path: str, message: str, hint: str) -> Problem:
    return Problem(code, f"commit {commit.id[:12]}: {message}", path=path, hint=hint)
