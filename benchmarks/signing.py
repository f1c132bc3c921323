"""What a signature costs: groups of ten with and without one, in turn, and reading the proofs of their line."""

import resource
import time
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory

from benchmarks import desks
from benchmarks.rows import Row, milliseconds
from prismfs.kinds import kind_of
from prismfs.kinds.core.settings.persona import Persona
from prismfs.proof.proofs import Anchor
from prismfs.proof.sshsig import public_line
from prismfs.store.git.history import ENGINE
from prismfs.store.git.keys import FileKey, make_key
from prismfs.store.git.place import find_git_dir
from prismfs.store.git.plumbing import NO_OBJECT, NewCommit
from prismfs.store.git.proofs import classify_branch, protected_files
from prismfs.store.git.repository import Git
from prismfs.store.git.signing import sign_group

_BRANCH, _SCRATCH = "refs/heads/main", "refs/prismfs/scratch"
_A_GROUP = 10


def measure(stock: desks.Stock, *, records: int, groups: int) -> Iterator[Row]:
    """Time so many groups of each sort on a desk of that many records, and the classifier on the signed ones."""
    root = stock.fresh("signing", records)
    with TemporaryDirectory(prefix="prismfs-key-") as folder, Git(root, find_git_dir(root)) as git:
        key = make_key(Path(folder) / "engine")
        _enrol(root, key)
        anchor = git.resolve(_BRANCH)
        assert anchor is not None
        spent: dict[bool, list[float]] = {False: [], True: []}
        worked: dict[bool, list[float]] = {False: [], True: []}
        signing: list[float] = []
        for number in range(groups):
            for signed in (False, True) if number % 2 else (True, False):
                commits = _commits(number, signed=signed)
                step = partial(_group, git, commits, key if signed else None, signing)
                before = _on_a_processor()
                spent[signed].append(_timed(step))
                worked[signed].append(_on_a_processor() - before)
        unsigned, with_one = median(spent[False]), median(spent[True])
        more = median(one - other for one, other in zip(spent[True], spent[False], strict=True))
        yield Row(f"a group of {_A_GROUP}, unsigned", milliseconds(unsigned))
        yield Row(f"a group of {_A_GROUP}, its tip signed", milliseconds(with_one), f"{with_one / unsigned:.2f} x")
        yield Row("what the signature adds to a group", milliseconds(more), "", "at most 10 ms")
        yield Row("of it: the tip written anew, with its start of git", milliseconds(median(signing)))
        unsigned, with_one = median(worked[False]), median(worked[True])
        yield Row("time on a processor, unsigned", milliseconds(unsigned))
        yield Row("time on a processor, signed", milliseconds(with_one), f"{milliseconds(with_one - unsigned)} more")
        yield from _reading(git, key, groups)


def _reading(git: Git, key: FileKey, groups: int) -> Iterator[Row]:
    """Time the classifier on a line of signed groups alone."""
    start = git.resolve(_BRANCH)
    assert start is not None
    for number in range(groups):
        _group(git, _commits(groups + number, signed=True), key, [])
    head = git.resolve(_BRANCH)
    assert head is not None
    anchor = Anchor.at_root(start, protected_files(git, start))
    spent = median(_timed(lambda: classify_branch(git, head, anchor)) for _ in range(3))
    found = classify_branch(git, head, anchor)
    assert {proof.status for proof in found.proofs.values()} == {"engine"}
    yield Row(
        f"the proofs of {len(found.proofs):,} commits read, {groups} tips", milliseconds(spent),
        f"{milliseconds(spent / len(found.proofs))} a commit",
    )  # fmt: skip


def _group(git: Git, commits: list[NewCommit], key: FileKey | None, signing: list[float]) -> None:
    base = git.resolve(_BRANCH)
    assert base is not None
    ids = git.write_commits(commits, parent=base, scratch=_SCRATCH)
    made = ids
    if key is not None:
        begin = time.perf_counter()
        made = sign_group(git, ids, base=base, signer=key)
        signing.append(time.perf_counter() - begin)
    git.move({_BRANCH: (base, made[-1]), _SCRATCH: (ids[-1], NO_OBJECT)})


def _enrol(root: Path, key: FileKey) -> None:
    engine = Persona.from_document(
        {
            "kind": "persona", "version": 1, "identity": "bench", "class": "engine", "role": "engine",
            "title": "the engine of this clone", "clone": "bench", "keys": [public_line(key.public)],
        }
    )  # fmt: skip
    path = kind_of(engine).place_of(engine)
    (root / path).write_bytes(kind_of(engine).write(engine))
    desks.git(root, "add", path)
    desks.git(root, "commit", "--quiet", "-m", "roster: the engine of this clone")


def _commits(number: int, *, signed: bool) -> list[NewCommit]:
    stem = f"{'signed' if signed else 'plain'}/{number:06}"
    return [
        NewCommit(
            f"bench: {stem} {each}\n\nwhat it costs\n\nPrismfs-Cause: bench:{stem}:{each}\n",
            ENGINE, ENGINE, int(desks.BEGIN.timestamp()) + number,
            tuple((f"records/{stem}/{each}-{file}", b"x" * 900) for file in "ab"),
        )
        for each in range(_A_GROUP)
    ]  # fmt: skip


def _on_a_processor() -> float:
    """Return the seconds that this process and its children that have ended have been computing."""
    return sum(sum(resource.getrusage(who)[:2]) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))


def _timed(step: Callable[[], object]) -> float:
    begin = time.perf_counter()
    step()
    return time.perf_counter() - begin
