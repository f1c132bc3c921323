"""A small group is written without a program, and is what git writes of the same commits, id for id."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from prismfs.errors import StoreError
from prismfs.store.git.groups import FEW, Groups
from prismfs.store.git.history import ENGINE
from prismfs.store.git.plumbing import NO_OBJECT, Change, NewCommit
from prismfs.store.git.repository import Git
from prismfs.store.git.signing import sign_group
from tests.support.programs import count_starts
from tests.support.signed_desk import SCRATCH, SECONDS, SignedDesk, key_of, opened


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SignedDesk]:
    with opened(tmp_path_factory.mktemp("groups") / "desk") as made:
        yield made


def commits_of(groups: Sequence[Mapping[str, bytes]]) -> list[NewCommit]:
    who = "jäde <jade@prismfs.invalid>"
    return [
        NewCommit(f"number {at}\n\nPrismfs-Cause: ü{at}\n", who, ENGINE, SECONDS + at, tuple(files.items()))
        for at, files in enumerate(groups)
    ]


def both(desk: SignedDesk, commits: Sequence[NewCommit], base: str) -> tuple[Sequence[str], Sequence[str]]:
    """The ids that this process makes, and those that git makes."""
    with Git(desk.folder, desk.git.git_dir) as git:
        ours = Groups(git, SCRATCH).write(commits, base=base, signer=None)
    return ours, desk.git.write_commits(commits, parent=base, scratch=SCRATCH)


ODD = {
    "a folder sorts as if a slash ended it": [{"a/1": b"1"}, {"a-b": b"2", "a.b": b"3", "a0": b"4", "ab/c": b"5"}],
    "a folder where a file was": [{"x/y": b"1"}, {"x/y/z": b"2"}],
    "a file where a folder was": [{"x/y/z": b"1"}, {"x/y": b"2"}],
    "the same file again": [{"r/1": b"1"}, {"r/1": b"2"}, {"r/1": b"1"}],
    "nothing": [{}],
    "beyond ASCII, and large": [{"ordner/größe": bytes(range(256)) * 900, "leer": b""}],
}


@pytest.mark.parametrize("files", ODD.values(), ids=ODD)
def test_ids_of_a_small_group_are_those_that_git_makes(files: Sequence[Mapping[str, bytes]], desk: SignedDesk) -> None:
    ours, gits = both(desk, commits_of(files), desk.head())
    assert ours == gits
    desk.git.run("fsck", "--strict", "--no-dangling", ours[-1])


NAMES = st.sampled_from(["a", "a-", "a.", "a0", "b", "é"])
FILES = st.dictionaries(st.lists(NAMES, min_size=1, max_size=3).map("/".join), st.binary(max_size=3), max_size=4)


@settings(max_examples=40, deadline=None)
@given(groups=st.lists(FILES, min_size=1, max_size=FEW))
def test_ids_of_any_small_group_are_those_that_git_makes(
    groups: Sequence[Mapping[str, bytes]], desk: SignedDesk
) -> None:
    # In one commit no file stands where another wants a folder: a plan puts records at their own paths.
    groups = [{path: data for path, data in files.items() if not clashes(path, files)} for files in groups]
    ours, gits = both(desk, commits_of(groups), desk.head())
    assert ours == gits


def clashes(path: str, files: Mapping[str, bytes]) -> bool:
    return any(other.startswith(f"{path}/") for other in files)


def test_groups_on_top_of_each_other_are_as_git_makes_them(desk: SignedDesk) -> None:
    """Folders are remembered from group to group; one that was given up leaves nothing in those after it."""
    base = desk.head()
    with Git(desk.folder, desk.git.git_dir) as git:
        groups, tip, expected = Groups(git, SCRATCH), base, base
        for number in range(40):
            made = commits_of([{f"records/{number % 7}/{number}": b"x", f"audit/{number}": b"y"}])
            groups.write(commits_of([{f"records/{number % 7}/given-up": b"z"}]), base=tip, signer=None)
            (tip,) = groups.write(made, base=tip, signer=None)
            (expected,) = desk.git.write_commits(made, parent=expected, scratch=SCRATCH)
        assert tip == expected


def test_small_group_is_signed_as_a_large_one_is_and_lies_in_one_pack(desk: SignedDesk) -> None:
    base, key, packs = desk.head(), key_of("desk-a"), desk.folder / ".git" / "objects" / "pack"
    commits = commits_of([{f"signed/{number}": b"x"} for number in range(3)])
    ids = sign_group(desk.git, both(desk, commits, base)[1], base=base, signer=key)
    before = len(list(packs.glob("*.pack")))
    assert Groups(desk.git, SCRATCH).write(commits, base=base, signer=key) == ids
    assert len(list(packs.glob("*.pack"))) == before + 1


@pytest.mark.parametrize(("count", "starts"), [(1, 0), (FEW, 0), (FEW + 1, 1)])
def test_small_group_starts_no_program(
    count: int, starts: int, desk: SignedDesk, monkeypatch: pytest.MonkeyPatch
) -> None:
    base = desk.head()  # by now the reader of objects runs
    started = count_starts(monkeypatch)
    commits = commits_of([{f"started/{count}/{number}": b"x"} for number in range(count)])
    Groups(desk.git, SCRATCH).write(commits, base=base, signer=key_of("desk-a"))
    assert started == ["fast-import"] * starts


def test_group_that_takes_files_over_is_left_to_git(desk: SignedDesk) -> None:
    base = desk.head()
    blob = desk.git.run("hash-object", "-w", "--stdin", input=b"taken").decode().strip()
    commit = NewCommit("x", ENGINE, ENGINE, SECONDS, (), takes=(Change("taken", NO_OBJECT, blob),))
    (made,) = Groups(desk.git, SCRATCH).write([commit], base=base, signer=None)
    assert desk.git.read(f"{made}:taken") == b"taken"


def test_folder_that_is_not_here_is_named(desk: SignedDesk, monkeypatch: pytest.MonkeyPatch) -> None:
    base, read = desk.head(), Git.read
    tree = desk.git.resolve(f"{base}:roster")
    monkeypatch.setattr(Git, "read", lambda self, name: None if name == tree else read(self, name))
    with pytest.raises(StoreError) as caught:
        Groups(desk.git, SCRATCH).write(commits_of([{"roster/x": b"x"}]), base=base, signer=None)
    assert (caught.value.code, caught.value.problem.path) == ("objects_lost", tree)
