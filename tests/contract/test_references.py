"""Where a reference stands is what git says, although git is only asked when its file has changed."""

from __future__ import annotations

from pathlib import Path

import pytest

from prismfs.store.git.repository import Git
from tests.support.project import Project

MAIN = "refs/heads/main"


def test_reference_is_what_git_says_whatever_was_done_to_it(bench: Project) -> None:
    git, file = bench.desk.repo.git, bench.root / ".git" / MAIN
    first, second = bench.head(), bench.git("commit-tree", "-m", "x", "HEAD^{tree}")

    def agree(expected: str | None) -> None:
        assert [git.reference(MAIN), git.reference(MAIN), git.resolve(MAIN)] == [expected] * 3

    agree(first)
    bench.git("update-ref", MAIN, second)
    agree(second)
    bench.git("pack-refs", "--all", "--prune")
    agree(second)
    bench.git("update-ref", MAIN, first)
    agree(first)
    bench.git("update-ref", "-d", MAIN)
    agree(None)
    for text in ("", "nonsense\n", "0" * 40 + "\n", "\udcff"):
        file.write_text(text, errors="surrogateescape")
        agree(None)
    file.write_text(f"ref: {bench.desk.repo.place.truth}\n")
    agree(bench.truth())
    file.write_text(f"{second}\n")
    agree(second)


def test_git_is_asked_once_for_what_stays_where_it_is(bench: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    asked = []
    resolve = Git.resolve

    def counted(git: Git, name: str) -> str | None:
        asked.append(name)
        return resolve(git, name)

    monkeypatch.setattr(Git, "resolve", counted)
    for _ in range(5):
        assert bench.desk.repo.git.reference(MAIN) == bench.head()
        assert bench.desk.repo.snapshot().window == bench.head()
    assert asked.count(MAIN) <= 1


def test_reference_of_a_repository_that_git_has_elsewhere_is_found(bench: Project, tmp_path: Path) -> None:
    """In a linked work tree the references are not below its git directory."""
    bench.git("worktree", "add", "-q", "--detach", str(tmp_path / "other"))
    with Git(tmp_path / "other", bench.root / ".git" / "worktrees" / "other") as git:
        assert git.reference(MAIN) == bench.head()
