"""What the git hook of a bare repository checks of what people push.

Of a push to the branch that is served more is asked than the form of its files. The head of the branch before the push
says who its operators are and which keys they have, never what the push brings (R-000-76). With `trust: signed`
protected files and approvals need an operator's signature; what needs none is asked of every project: a verdict is
never changed; an approval is about something that is there, fits it, and is not by an author.
"""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from prismfs.engine.trust.acts import changes_of
from prismfs.engine.trust.endorsement import record_at, void
from prismfs.engine.trust.hook_run import check_files
from prismfs.engine.trust.proposals import VERDICTS, facts_of
from prismfs.engine.trust.protection import endorse_verdict, is_protected, is_signed, step
from prismfs.engine.trust.verdict_file import SIGNOFFS
from prismfs.engine.trust.verify import verify
from prismfs.errors import Problem, RecordError, StoreError
from prismfs.kinds import kind_of, kind_of_path
from prismfs.kinds.core.settings import persona, project
from prismfs.kinds.core.verdict import Verdict
from prismfs.records.api import Document, Kind
from prismfs.rules.core.api import Signoff, proposal, signoff
from prismfs.store.git import place, plumbing, proofs
from prismfs.store.git.form import fault_of
from prismfs.store.git.history import Commit, new_commits, proposal_of, read_commits
from prismfs.store.git.repository import Git

_ROSTER = (persona.KIND, project.KIND)
"""The kinds that say who there is, and who is an operator."""

_SIGN = "an operator takes it over in a commit of her own: git merge --squash BRANCH, git commit -S"


def check_push(root: Path, lines: Sequence[str]) -> list[Problem]:
    """Return what is wrong with a push into the repository at `root`: `lines` of old commit, new commit, reference.

    History only grows, and no audit row is touched, on any branch; of the one that is served more is asked.
    """
    problems: list[Problem] = []
    git_dir = root / ".git" if (root / ".git").exists() else root
    with Git(root, git_dir, in_hook=True) as git:
        for line in lines:
            old, new, reference = line.split(" ", 2)
            if not reference.startswith("refs/heads/") or old == plumbing.NO_OBJECT:
                continue
            if new == plumbing.NO_OBJECT or git.status("merge-base", "--is-ancestor", old, new):
                problems.append(Problem("history_rewritten", "a push may only add commits", path=reference))
                continue
            broken = _broken(git, old, new)
            if broken is not None:
                problems.append(broken)
                continue
            problems += check_files(git, git.changes(old, new))
            if is_served(git, git_dir, reference):
                problems += check_commits(git, old, new)
    return problems


def _broken(git: Git, old: str, new: str) -> Problem | None:
    found = ((commit, fault_of(git, commit)) for commit in new_commits(git, (new,), (old,)))
    commit, why = next((one for one in found if one[1] is not None), ("", None))
    said, hint = f"commit {commit[:12]}: {why}", "git fsck there says more; make that commit anew"
    return None if why is None else Problem("broken_commit", said, path=commit, hint=hint)


def is_served(git: Git, git_dir: Path, reference: str) -> bool:
    """Tell whether `reference` is the branch that decides; every branch is where the repository names none."""
    try:
        served = place.read_branch(git_dir)
    except StoreError:
        return True
    return reference == served or served is None or git.resolve(served) is None


def check_commits(git: Git, old: str, new: str) -> Iterator[Problem]:
    """Yield what is wrong with the commits that lead from `old` to `new`, each problem with commit, path and remedy."""
    commits = list(read_commits(git, since=old, until=new))
    signed = is_signed(git, old)
    # What the engine pushes is the truth, whose own line lies beside what people have pushed.
    if signed and commits and not commits[-1].by_engine and commits[0].parents[:1] != (old,):
        yield Problem(
            "side_history", "the branch's own commits would become a side branch", path=commits[0].id,
            hint="git rebase onto the branch, or merge into it the other way round",
        )  # fmt: skip
        return
    yield from _check_engines(git, commits)
    if signed:
        yield from _check_protected(git, old, commits)
        yield from _check_decided(git, new, commits)
    yield from _check_together(commits)
    for commit in commits:
        for change in commit.changes:
            kind = kind_of_path(change.path)
            if kind is None or kind.chained:
                continue
            if kind in VERDICTS:
                yield from _check_verdict(
                    git, old, new, commit, change.path, kind, added=change.old == plumbing.NO_OBJECT
                )
            elif _is_by_hand(commit) and kind.writers == {"engine"}:
                yield from _check_act(git, old, commit, change.path, kind)


def _check_engines(git: Git, commits: Sequence[Commit]) -> Iterator[Problem]:
    """Refuse what says that it is the engine's and has no signature of an engine of the roster (FT-01)."""
    base = commits[0].parents[:1] if commits else ()
    claimed = [commit for commit in commits if commit.by_engine]
    if not (claimed and base and proofs.has_engines(git, base[0])):
        return
    if proofs.newest_proven(git, base[0], claimed[-1].id) != claimed[-1].id:
        yield Problem(
            "unproven", f"commit {claimed[-1].id[:12]}: no engine of the roster has signed it", path=claimed[-1].id,
            hint="prismfs keys list; commit under a name of your own",
        )  # fmt: skip


def _check_protected(git: Git, old: str, commits: Sequence[Commit]) -> Iterator[Problem]:
    mark: str | None = old
    for commit in commits:
        own = [change.path for change in commit.changes if is_protected(change.path)]
        if commit.by_engine or (not own and len(commit.parents) == 1):
            continue
        done = step(git, mark, commit.id)
        mark = done.after
        if done.stands:
            continue
        why = "prismfs.yaml is invalid there" if done.endorsement is None else done.endorsement.why_not
        for path in own or done.paths:
            yield _said("protected_unsigned", commit, path, f"only an operator may change it, and {why}", _SIGN)


def _check_decided(git: Git, new: str, commits: Sequence[Commit]) -> Iterator[Problem]:
    """Decide again what says that prismfs decided it, where the push holds any of what may leave (R-000-41).

    The whole history is read for that, a commit in about a millisecond.
    """
    gated = (*(kind_of(use.subject) for use in SIGNOFFS.values()), *VERDICTS)
    if any(
        commit.by_engine and any(is_protected(path) or kind_of_path(path) in gated for path in commit.paths)
        for commit in commits
    ):
        yield from verify(git, until=new, since=commits[0].parents[0]).problems


def _check_together(commits: Sequence[Commit]) -> Iterator[Problem]:
    """Refuse a change of who may approve in one push with an approval (R-000-84)."""
    changes = [(commit, change.path) for commit in filter(_is_by_hand, commits) for change in commit.changes]
    rosters = [(commit, path) for commit, path in changes if kind_of_path(path) in _ROSTER]
    if rosters and any(kind_of_path(path) in VERDICTS for _, path in changes):
        commit, path = rosters[0]
        yield _said(
            "roster_with_approval", commit, path, "who may approve is changed in one push with an approval",
            "push the roster first, by itself",
        )  # fmt: skip


def _check_act(git: Git, old: str, commit: Commit, path: str, kind: Kind) -> Iterator[Problem]:
    """Refuse a change of what only prismfs writes, unless it asks for a command and its author is known (FT-06)."""
    facts = facts_of(git, old, proposal_of(git, commit))
    change: Document = next((one for one in changes_of(facts) if one["path"] == path), {"path": path})
    if proposal.act_of(change, facts, late=True) is None:
        commands = proposal.instead_of(change) or "a command, or a file in inbox/,"
        said = f"a {kind.name} is written by prismfs alone"
        yield _said("engine_record_changed", commit, path, said, f"take it out of the commit; {commands} changes it")


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
    if not _is_by_hand(commit) and found.decision != "approve":
        return
    problem = _not_signed(git, old, commit, path, use, found) if is_signed(git, old) else None
    if problem is not None:
        yield problem
    elif _is_by_hand(commit) and found.decision == "approve":
        yield from _check_subject(git, new, commit, path, use, found)


def _not_signed(
    git: Git, old: str, commit: Commit, path: str, use: Signoff[Any, Any], found: Verdict
) -> Problem | None:
    """Return what the signature of a verdict lacks; None where it is that of who gave it."""
    name = kind_of(found).name
    # What the engine has taken over is signed in the commit that it names.
    signed = commit.id if _is_by_hand(commit) else commit.parents[-1] if len(commit.parents) == 2 else None
    signature = void("unsigned")
    if signed is not None:
        signature = endorse_verdict(git, signed, path, old)
    if not (signature.operator if use.operators_only else signature.verified):
        who = "no operator" if use.operators_only else found.by
        return _said(f"{name}_unsigned", commit, path, f"{who} signed it: {signature.why_not}", _SIGN)
    if (signature.signer or "").casefold() != found.by.casefold():
        said = f"says that it is by {found.by}, but {signature.signer} signed it"
        return _said(f"{name}_not_own", commit, path, said, "everybody signs their own")
    return None


def _check_subject(
    git: Git, new: str, commit: Commit, path: str, use: Signoff[Any, Any], found: Verdict
) -> Iterator[Problem]:
    """Hold an approval against what it is about, as it is at the end of the push (R-000-41)."""
    try:
        about = record_at(git, new, kind_of(use.subject).path_of(found.about), use.subject)
    except RecordError:  # the id is of another kind
        about = None
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


def _is_by_hand(commit: Commit) -> bool:
    return commit.cause is None or not commit.by_engine


def _said(code: str, commit: Commit, path: str, message: str, hint: str) -> Problem:
    return Problem(code, f"commit {commit.id[:12]}: {message}", path=path, hint=hint)
