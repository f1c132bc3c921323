"""Whether git asks the hooks that are installed, and what they import where there is nothing to look at."""

from __future__ import annotations

import subprocess
import sys
from typing import get_args

import pytest

from prismfs.engine.trust.hook_run import FORMATS
from prismfs.engine.trust.hook_scripts import check_hooks, install
from prismfs.kinds import KINDS
from prismfs.records.kind import Format
from tests.contract.test_hooks import commit
from tests.support.project import Project


def test_check_hooks_that_git_is_led_away_from(bench: Project) -> None:
    """As husky does it: commits went unchecked, and nobody was told."""
    install(bench.root)
    husky = bench.root / ".husky"
    (husky / "_").mkdir(parents=True)
    bench.git("config", "core.hooksPath", ".husky/_")
    article = bench.root / "kb" / "x.yaml"
    article.parent.mkdir(exist_ok=True)
    article.write_text("kind: kb\n")
    bench.git("add", "kb")
    assert commit(bench, "-m", "nobody looks").returncode == 0
    found = check_hooks(bench.root)
    assert found is not None
    assert (found.code, found.path) == ("hooks_hidden", "core.hooksPath")
    assert ".husky/_" in found.message
    for name in ("pre-commit", "commit-msg"):
        (husky / name).write_text(f'prismfs hooks run {name} -- "$@"\n')
        (husky / "_" / name).write_text(f'#!/bin/sh\n. "$(dirname "$0")/../{name}"\n')
        (husky / "_" / name).chmod(0o755)
    assert check_hooks(bench.root) is None
    article.write_text("kind: kb\nversion: 1\n")
    assert "[missing_field]" in commit(bench, "-am", "looked at").stderr
    bench.git("config", "--unset", "core.hooksPath")
    assert check_hooks(bench.root) is None


@pytest.mark.parametrize(
    ("file", "imported"), [("src/main.py", False), ("NOTES", False), ("kb/x.yaml", True), ("src/a.json", True)]
)
def test_pre_commit_without_a_file_that_may_be_a_record_imports_no_model(
    bench: Project, file: str, imported: bool
) -> None:
    """A person waits for it at each commit: an interpreter's start, and not ten times as long."""
    (bench.root / file).parent.mkdir(exist_ok=True)
    (bench.root / file).write_text("kind: kb\n")
    bench.git("add", file)
    for name, argument in (("pre-commit", ""), ("commit-msg", str(bench.root / file))):
        script = (
            "import sys; from prismfs.cli import run;"
            f"run(['-C', {str(bench.root)!r}, 'hooks', 'run', {name!r}, '--', {argument!r}]);"
            "print('prismfs.kinds' in sys.modules, 'pydantic' in sys.modules)"
        )
        done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
        wanted = imported and name == "pre-commit"
        assert done.stdout.splitlines()[-1] == f"{wanted} {wanted}", done.stderr


def test_formats_of_all_kinds_are_those_that_the_hook_looks_at() -> None:
    assert {f".{kind.format}" for kind in KINDS.values()} <= set(FORMATS) == {f".{one}" for one in get_args(Format)}
