"""git's index and two trees, without a program: what comes out is what git makes of the same, byte for byte."""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from prismfs.store.git.formats import index_file
from prismfs.store.git.formats.index_file import amend
from prismfs.store.git.formats.trees import few_changes
from prismfs.store.git.plumbing import EMPTY_TREE, NO_OBJECT, Change
from prismfs.store.git.worktree import bring_index
from tests.support.programs import count_starts
from tests.support.signed_desk import SignedDesk, opened

NAMES = st.sampled_from(["a", "a-", "a.", "a0", "b", "é", "zz"])
FILES = st.dictionaries(
    st.lists(NAMES, min_size=1, max_size=3).map("/".join), st.sampled_from([b"1", b"2", b"3"]), max_size=8
)


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SignedDesk]:
    with opened(tmp_path_factory.mktemp("index") / "desk") as made:
        yield made


def tree_of(desk: SignedDesk, files: Mapping[str, bytes], index: Path) -> str:
    """Put the files into the index at that path, as git does, and return their tree."""
    files = {path: data for path, data in files.items() if not any(one.startswith(f"{path}/") for one in files)}
    lines = []
    for path, data in files.items():
        blob = desk.git.run("hash-object", "-w", "--stdin", input=data).decode().strip()
        mode = "100755" if data == b"3" else "100644"
        lines.append(f"{mode} {blob}\t{path}")
    index.unlink(missing_ok=True)
    desk.git.run("read-tree", "--empty", index=index)
    desk.git.run("update-index", "--index-info", input="\n".join([*lines, ""]).encode(), index=index)
    return desk.git.run("write-tree", index=index).decode().strip()  # which leaves the ids of folders in the index


def both(desk: SignedDesk, old: str, new: str, index: Path) -> tuple[bytes, bytes]:
    """The index as this process brings it, and as git does."""
    changes = desk.git.changes(old, new)
    made = []
    for by_git in (False, True):
        copy = index.with_name("copy")
        shutil.copyfile(index, copy)
        with pytest.MonkeyPatch.context() as patch:
            if by_git:
                patch.setattr("prismfs.store.git.formats.index_file.amend", lambda *_: False)
            bring_index(desk.git, copy, new, changes)
        desk.git.run("write-tree", index=copy)
        made.append(copy.read_bytes())
    return made[0], made[1]


@settings(max_examples=60, deadline=None)
@given(old=FILES, new=FILES, staged=FILES)
def test_index_is_brought_as_git_brings_it(
    old: Mapping[str, bytes], new: Mapping[str, bytes], staged: Mapping[str, bytes], desk: SignedDesk
) -> None:
    index = desk.folder / "index"
    before, after = tree_of(desk, old, index), tree_of(desk, new, index)
    tree_of(desk, {**old, **staged} if staged else old, index)
    ours, gits = both(desk, before, after, index)
    assert ours == gits


@settings(max_examples=60, deadline=None)
@given(old=FILES, new=FILES)
def test_changes_of_two_trees_are_those_that_git_finds(
    old: Mapping[str, bytes], new: Mapping[str, bytes], desk: SignedDesk
) -> None:
    index = desk.folder / "index"
    before, after = tree_of(desk, old, index), tree_of(desk, new, index)
    assert few_changes(desk.git, before, after) == desk.git.changes(before, after)
    assert few_changes(desk.git, EMPTY_TREE, after) == desk.git.changes(EMPTY_TREE, after)


def test_many_folders_that_differ_are_left_to_git(desk: SignedDesk) -> None:
    index = desk.folder / "index"
    after = tree_of(desk, {f"folder-{number}/file": b"1" for number in range(100)}, index)
    assert few_changes(desk.git, EMPTY_TREE, after) is None
    assert few_changes(desk.git, EMPTY_TREE, "f" * 40) is None


OURS, THEIRS = {"a/1": b"1", "a/2": b"1", "b": b"1"}, {"a/1": b"2", "a/3": b"1", "b": b"1"}


def test_plain_index_is_brought_without_a_program(desk: SignedDesk, monkeypatch: pytest.MonkeyPatch) -> None:
    index = desk.folder / "index"
    before, after = tree_of(desk, OURS, index), tree_of(desk, THEIRS, index)
    changes = desk.git.changes(before, after)
    tree_of(desk, OURS, index)
    started = count_starts(monkeypatch)
    bring_index(desk.git, index, after, changes)
    assert started == []
    assert desk.git.run("write-tree", index=index).decode().strip() == after


def cut(data: bytes) -> bytes:
    return data[:-30]


def emptied(_: bytes) -> bytes:
    return b""


def turned(data: bytes) -> bytes:
    return data[:50] + bytes([data[50] ^ 1]) + data[51:]


@pytest.mark.parametrize("damage", [cut, emptied, turned])
def test_index_that_is_damaged_is_left_to_git_as_it_is(damage: object, desk: SignedDesk) -> None:
    index = desk.folder / "index"
    before, after = tree_of(desk, OURS, index), tree_of(desk, THEIRS, index)
    tree_of(desk, OURS, index)
    index.write_bytes(damage(index.read_bytes()))  # type: ignore[operator]
    broken = index.read_bytes()
    assert not amend(index, wanted(desk.git.changes(before, after)))
    assert index.read_bytes() == broken
    assert not amend(desk.folder / "none", {})


def wanted(changes: tuple[Change, ...]) -> dict[str, dict[str, Change]]:
    return {change.path: {change.old: change} for change in changes}


FORMS = {
    "compressed paths": ("update-index", "--index-version=4"),
    "split": ("update-index", "--split-index"),
    "untracked cache": ("update-index", "--force-untracked-cache"),
    "assumed unchanged": ("update-index", "--assume-unchanged", "a/1"),
    "not in the work tree": ("update-index", "--skip-worktree", "a/1"),
}


@pytest.mark.parametrize("form", FORMS)
def test_index_of_another_form_is_left_to_git(form: str, desk: SignedDesk) -> None:
    index = desk.git.git_dir / "form"
    before, after = tree_of(desk, OURS, index), tree_of(desk, THEIRS, index)
    tree_of(desk, OURS, index)
    desk.git.run(f"--work-tree={desk.folder}", *FORMS[form], index=index)
    was = index.read_bytes()
    assert not amend(index, wanted(desk.git.changes(before, after)))
    assert index.read_bytes() == was


def test_file_with_flags_that_is_not_changed_is_in_nobodys_way(desk: SignedDesk) -> None:
    index = desk.folder / "index"
    before, after = tree_of(desk, OURS, index), tree_of(desk, THEIRS, index)
    tree_of(desk, OURS, index)
    desk.git.run(f"--work-tree={desk.folder}", "update-index", "--skip-worktree", "b", index=index)
    ours, gits = both(desk, before, after, index)
    assert ours == gits
    assert amend(index, wanted(desk.git.changes(before, after)))


def test_file_of_a_merge_under_way_is_left_to_git(desk: SignedDesk) -> None:
    index = desk.folder / "index"
    before, after = tree_of(desk, OURS, index), tree_of(desk, THEIRS, index)
    blob = desk.git.run("hash-object", "-w", "--stdin", input=b"1").decode().strip()
    tree_of(desk, {"b": b"1"}, index)
    sides = "".join(f"100644 {blob} {stage}\ta/3\n" for stage in (1, 2, 3))
    desk.git.run("update-index", "--index-info", input=sides.encode(), index=index)
    assert not amend(index, wanted(desk.git.changes(before, after)))


def test_new_file_where_a_folder_is_staged_is_left_to_git(desk: SignedDesk) -> None:
    index = desk.folder / "index"
    new = {"a": {NO_OBJECT: Change("a", NO_OBJECT, "1" * 40)}}
    tree_of(desk, {"a/1": b"1"}, index)
    assert not amend(index, new)
    tree_of(desk, {"a": b"1"}, index)
    assert not amend(index, {"a/1": {NO_OBJECT: Change("a/1", NO_OBJECT, "1" * 40)}})


def test_large_index_is_left_to_git(desk: SignedDesk, monkeypatch: pytest.MonkeyPatch) -> None:
    index = desk.folder / "index"
    tree_of(desk, {"a": b"1"}, index)
    new = {"b": {NO_OBJECT: Change("b", NO_OBJECT, "1" * 40)}}
    monkeypatch.setattr(index_file, "_LARGE", index.stat().st_size - 1)
    assert not amend(index, new)
    monkeypatch.setattr(index_file, "_LARGE", index.stat().st_size)
    assert amend(index, new)
