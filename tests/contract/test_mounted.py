"""Another file system in the inbox: what lies there cannot be moved out, and `doctor` says so."""

from __future__ import annotations

import subprocess

import pytest

from prismfs.engine.admin.doctor import examine
from prismfs.errors import PrismfsError
from tests.support.project import Project


def test_file_system_in_the_inbox_is_named_with_what_ends_it(bench: Project) -> None:
    there = bench.root / "inbox" / "there"
    there.mkdir()
    if subprocess.run(["mount", "-t", "tmpfs", "none", there], check=False, capture_output=True).returncode:
        pytest.skip("this user may mount nothing")
    try:
        bench.drop("kind: todo\nfrom: jade\ntitle: beside it\n")
        with pytest.raises(PrismfsError) as met:
            bench.turn()
        told = {one.problem.code: one.problem for one in examine(bench.root, bench.clock.now()) if one.problem}
    finally:
        subprocess.run(["umount", there], check=True)
    assert f"umount {there}" in (told["mount_in_inbox"].hint or "")
    assert "umount" in (met.value.problem.hint or "")
    assert [todo.title for todo in bench.records("todo")] == ["beside it"]
