"""What verifying a project comes to, in three words: proven, repaired, undecidable; all else is a problem."""

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Literal

from prismfs.engine.trust.proven import proofs_of, unproven
from prismfs.engine.trust.verified import Earlier, Verified, recall, remember
from prismfs.engine.trust.verify import verify
from prismfs.errors import Problem, RecordError, RefusedError, StoreError
from prismfs.proof.checkpoint import LARGEST, Checkpoint, read_checkpoint
from prismfs.proof.proofs import Classified
from prismfs.records.api import Document, format_instant
from prismfs.store.engine_key import read_engine, signing_key
from prismfs.store.git import proofs, remote
from prismfs.store.git.checkpoints import SAID, Standing, bring, kept, standing_of
from prismfs.store.git.history import first_parents
from prismfs.store.repo import ProjectRepo

Word = Literal["proven", "repaired", "undecidable"]

_LATELY = 300
"""Commits that the doctor has decided again at most: about a second's."""


@dataclass(frozen=True, slots=True)
class Line:
    """A word, and what it is said of."""

    word: Word
    said: str


@dataclass(frozen=True, slots=True)
class Held:
    """A checkpoint that the records were held against; `source` says where it lies."""

    source: str
    checkpoint: Checkpoint
    standing: Standing

    def to_document(self) -> Document:
        """Return it as a JSON object."""
        claim = self.checkpoint.claim
        at = format_instant(datetime.fromtimestamp(claim.seconds, UTC))
        return {"source": self.source, "engine": claim.engine, "commit": claim.commit, "at": at,
                "key": self.checkpoint.key, "standing": self.standing}  # fmt: skip


def read_against(repo: ProjectRepo, against: str) -> list[Held]:
    """Return the checkpoint in the file `against`, or those that the remote of this name or address keeps.

    The records are not changed; the remote's checkpoints are brought here.

    Raises:
        RecordError: `bad_checkpoint`; the file is none, or of another project.
        RefusedError: `remote_refused`.
        StoreError: `remote_unreachable`; the file cannot be read.
    """
    head, path = repo.snapshot().commit, Path(against)
    if path.is_file():
        found = [(path.name, _read(path, repo.place.pid))]
    else:
        there = remote.find_remote(repo.git, repo.place, against)
        assert there is not None
        bring(repo.git, there)
        found = [(there.shown, one) for _, one in kept(repo.git, there.kept)]
    return [Held(source, one, standing_of(repo.git, one, head)) for source, one in found]


def known_here(repo: ProjectRepo) -> list[Held]:
    """Return what this user remembers, where it is signed, and what remotes kept when they were last asked."""
    head, own = repo.snapshot().commit, repo.witness.checkpoint()
    found = [] if own is None else [("here", own)]
    found += kept(repo.git, f"{repo.place.own}witnessed/")
    return [Held(source, one, standing_of(repo.git, one, head)) for source, one in found]


def check_end(repo: ProjectRepo) -> None:
    """Hold the records against what this user has seen of them last; a watcher may add to them meanwhile.

    What is looked at for the first time is not remembered: whoever writes does that.

    Raises:
        StoreError: `records_rolled_back`, `records_forged`.
    """
    before = None
    while repo.witness.noted() is not None:
        truth = repo.snapshot().commit
        try:
            repo.witness.check(truth)
        except StoreError:
            if truth == before:
                raise
            before = truth
        else:
            return


def witness_state(repo: ProjectRepo) -> tuple[str, Problem | None]:
    """Return who outside of the repository has seen the records, and what is wrong with that; no network is used."""
    try:
        check_end(repo)
        there = remote.find_remote(repo.git, repo.place)
        signs = proofs.has_engines(repo.git, repo.snapshot().commit)
    except (StoreError, RefusedError) as error:
        return "witness: the records are as seen last, or signed since", error.problem
    seen = repo.witness.head()
    if not signs or seen is None:
        said, hint = (
            "nothing outside of the repository remembers the records",
            "prismfs keys new; once the roster has that key prismfs react (docs/trust.md; it lies below HOME)",
        )
        return "witness: none", Problem("no_witness", said, hint=hint) if signs else None
    engines = [] if there is None else [one.claim.engine for _, one in kept(repo.git, there.kept)]
    signed = ", signed" if repo.witness.checkpoint() else ""
    subject = f"witness: this user saw {seen[:12]} last{signed}{'; remote: ' if engines else ''}{', '.join(engines)}"
    if there is None or engines or repo.git.resolve(there.ours) is None:
        return subject, None
    said = f"{there.shown} keeps no checkpoint of an engine"
    return subject, Problem("not_witnessed", said, hint="prismfs push says why")


def verified_state(repo: ProjectRepo, most: int = _LATELY) -> tuple[str, Problem | None]:
    """Return what of the records was decided again since they were verified last, and the first fault in it.

    All signatures are checked, and the newest `most` commits decided; nothing is remembered of it.
    """
    subject = "the records verify"
    try:
        head = repo.snapshot().commit
        known = recall(repo, head)
        line = first_parents(repo.git, head)
        left = len(line) if known.stand is None else len(line) - line.index(known.stand.commit) - 1
        since = line[-most - 1] if left > most else None
        if since is not None:
            subject = f"the newest {most} commits of the records verify (all {left} by prismfs verify)"
        found = verify(repo.git, until=head, since=since, start=known.stand)
        signed = proofs_of(repo.git, head, known.anchor)
    except StoreError as error:
        return subject, error.problem
    problems = found.problems or tuple(unproven(signed) if signed is not None else ())
    if not problems:
        return subject, None
    first = problems[0]
    said = f"{counted(len(problems), 'fault')}, the first: {first.message} [{first.code}]"
    hint = f"prismfs verify names all of them; {first.hint}"
    return subject, Problem("not_verified", said, path=first.path, field=first.field, hint=hint)


def export(repo: ProjectRepo) -> tuple[Held, bytes]:
    """Return the checkpoint of the records as they are, which this clone's engine signs now, and its bytes.

    Raises:
        StoreError: `no_checkpoint`; or why the engine does not sign, as in `signing_key`.
    """
    now = repo.snapshot()
    data = repo.witness.signed(now.commit, signing_key(repo.view(now), repo.state))
    found = None if data is None else read_checkpoint(data)
    if data is None or found is None:
        raise StoreError("no_checkpoint", "no engine signs here", hint="prismfs keys new")
    return Held("here", found, "held"), data


def conclude(
    repo: ProjectRepo, *, since: str | None, against: str | None, full: bool, progress: Callable[[int], None]
) -> tuple[Verified, list[Line], str | None]:
    """Verify the history, its signatures and its end: return the finding with all problems, the report, and a word.

    Judged are commits after `since`, else those after what was verified last, or with `full` all. The word says why
    all were, where something was verified before. `against` is as in `read_against`, and raises what that does.
    """
    held = [] if against is None else read_against(repo, against)
    head = repo.snapshot().commit
    known = recall(repo, head) if since is None and not full else Earlier()
    found = verify(repo.git, until=head, since=since, start=known.stand, progress=progress)
    signed = proofs_of(repo.git, head, known.anchor)
    unsigned = () if found.problems or signed is None else unproven(signed)  # of what differs more is said already
    found = replace(found, problems=(*found.problems, *unsigned, *_problems(repo, held)))
    if since is None and signed is not None:
        remember(repo, found, signed)
    lines = list(_report(repo, found, signed, held))
    if against is not None and not held:
        lines.append(Line("undecidable", f"checkpoint: {remote.said(against)} keeps none of this project"))
    return found, lines, known.why


def _problems(repo: ProjectRepo, against: Sequence[Held]) -> Iterator[Problem]:
    """Yield what is wrong with the end of the records: it lacks what somebody outside has seen of it."""
    engine = read_engine(repo.state)
    try:
        check_end(repo)
    except StoreError as error:
        yield error.problem
    for one in against:
        claim, said = one.checkpoint.claim, _said(one)
        if one.standing == "equivocation":
            yield Problem("equivocation", said, hint=f"prismfs keys revoke {claim.engine}")
        elif one.standing == "behind" and engine is not None and engine.name == claim.engine:
            yield Problem("records_rolled_back", f"{said}, and it is this clone's own", hint="prismfs recover")


def counted(number: int, noun: str) -> str:
    """Return such as "1 commit" or "2 commits"."""
    return f"{number} {noun}{'' if number == 1 else 's'}"


def _report(repo: ProjectRepo, found: Verified, signed: Classified | None, against: Sequence[Held]) -> Iterator[Line]:
    """Yield what is proven of the records, what was repaired in them, and what nobody can decide here, and why."""
    if not found.problems:
        said = f"{found.decided} decided again and equal ({found.older} by older rules), {found.foreign} made by people"
        yield Line(
            "proven",
            f"decisions: {counted(found.commits, 'commit')}, {said}; {counted(found.rows, 'audit row')} in one chain",
        )
    if found.taken is not None:
        said = f"before: {counted(found.taken.counts['commits'], 'commit')} up to {found.taken.commit[:12]}"
        yield Line("proven", f"{said}, as this program found here last; prismfs verify --full decides them again")
    if signed is None:
        yield Line(
            "undecidable", "authors: the roster has no engine from the first commit on, so that nothing is signed"
        )
    else:
        yield from _authors(signed)
    if found.repaired:
        yield Line("repaired", f"{counted(found.repaired, 'commit')} of people: what was refused of them was put back")
    wrong = {problem.code for problem in found.problems}
    seen = repo.witness.head()
    if seen is None and not any(one.standing == "held" for one in against):
        why = "nothing outside of the repository has seen these records; prismfs verify --against REMOTE"
        yield Line("undecidable", f"end: whether the records go on after {found.head[:12]}: {why}")
    elif seen is not None and not wrong & {"records_rolled_back", "records_forged"}:
        yield Line("proven", f"end: {found.head[:12]} holds all that this user has seen ({seen[:12]} last)")
    for one in against:
        if one.standing == "held":
            yield Line("proven", _said(one))
        elif one.standing != "equivocation" and not (one.standing == "behind" and "records_rolled_back" in wrong):
            yield Line("undecidable", _said(one))


def _authors(found: Classified) -> Iterator[Line]:
    signed = [proof for proof in found.proofs.values() if proof.status == "engine"]
    for name, count in sorted(Counter(proof.name for proof in signed if not proof.doubted).items(), key=str):
        yield Line("proven", f"authors: {counted(count, 'commit')} signed by {name}")
    for proof in signed:
        if proof.reason == "accepted":
            said = f"keys: you take the key of {proof.name} for that engine's, and no roster does (keys accept),"
            yield Line("repaired", f"{said} from {proof.commit[:12]} on")
    doubted = [proof for proof in signed if proof.doubted]
    if doubted:
        said = f"authors: {counted(len(doubted), 'commit')} from {doubted[0].commit[:12]} on"
        yield Line("undecidable", f"{said}: the key of {doubted[0].name} was compromised before them")


def _said(one: Held) -> str:
    claim = one.checkpoint.claim
    return f"checkpoint of {claim.engine} over {claim.commit[:12]} ({one.source}): {SAID[one.standing]}"


def _read(path: Path, pid: str) -> Checkpoint:
    try:
        with path.open("rb") as file:
            found = read_checkpoint(file.read(LARGEST + 1))
    except OSError as error:
        raise StoreError("unreadable", str(error.strerror), path=str(path)) from error
    if found is None or found.claim.pid != pid:
        said = "is no checkpoint" if found is None else f"is a checkpoint of {found.claim.pid}"
        raise RecordError("bad_checkpoint", said, path=str(path), hint="prismfs witness export writes one")
    return found
