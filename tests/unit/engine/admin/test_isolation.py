"""Isolation: the form of a desk follows from owners and modes, and the first path that is open is named."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from prismfs.engine.admin.isolation import isolation_of
from tests.support.project import Project


@pytest.fixture
def shut(bench: Project) -> Path:
    """A desk into whose inbox others may write, and nowhere else."""
    for folder, _, files in os.walk(bench.root):
        for path in (Path(folder), *(Path(folder, name) for name in files)):
            if not path.is_symlink():
                path.chmod(path.stat().st_mode & 0o755)
    for name, mode in {"inbox": 0o3770, "quarantine": 0o700, "run": 0o700}.items():
        (bench.root / name).chmod(mode)
    return bench.root


def test_isolation_inbox_is_the_owners_alone_is_same_user(bench: Project) -> None:
    (bench.root / "inbox").chmod(0o755)
    found = isolation_of(bench.root)
    assert (found.form, found.open) == ("same-user", None)


def test_isolation_inbox_alone_is_open_is_own_user(shut: Path) -> None:
    assert isolation_of(shut).form == "own-user"


@pytest.mark.parametrize(
    ("path", "mode"),
    [
        (".", 0o775),
        (".git", 0o770),
        (".git/HEAD", 0o664),
        (".git/refs/heads", 0o775),
        (".git/refs/heads/main", 0o646),
        (".git/objects", 0o777),
        (".git/prismfs", 0o770),
        ("settings/policy.yaml", 0o664),
        ("roster", 0o777),
        ("inbox", 0o2770),
        ("quarantine", 0o750),
        ("run", 0o705),
    ],
)
def test_isolation_one_more_is_open_is_same_user_and_names_it(shut: Path, path: str, mode: int) -> None:
    (shut / path).chmod(mode)
    found = isolation_of(shut)
    assert (found.form, found.open) == ("same-user", path)


def test_isolation_folder_above_is_open_is_same_user_and_names_it(shut: Path) -> None:
    shut.parent.chmod(0o777)
    assert isolation_of(shut).open == str(shut.parent)


def test_isolation_folder_of_the_keys_is_open_is_same_user_and_names_it(
    shut: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Who can put another file in place of the engine's key stops the engine."""
    keys = tmp_path / "state" / "keys"
    (keys / "PID-TEST01").mkdir(parents=True)
    monkeypatch.setenv("PRISMFS_KEY_FOLDER", str(keys))
    assert isolation_of(shut).form == "own-user"
    for path in (keys / "PID-TEST01", keys, keys.parent):
        path.chmod(0o777)
        assert isolation_of(shut).open == str(path)


def test_isolation_of_another_owner_in_the_tree_is_same_user(shut: Path) -> None:
    if os.geteuid():
        pytest.skip("only root gives files away")
    os.chown(shut / "roster", 1, -1)
    assert isolation_of(shut).open == "roster"
