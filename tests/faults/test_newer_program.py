"""Files and claims of a newer program: what this one cannot read it neither overwrites nor takes for absent."""

from __future__ import annotations

import pytest

from prismfs.engine.admin.doctor import examine
from prismfs.errors import PrismfsError
from tests.support.project import Project

NEWER = b"kind: kb\nversion: 9\nname: workers\ntitle: Workers\nsource: manual 9\nbody: Set `size`.\nrating: 5\n"
ARTICLE = {"name": "workers", "title": "W", "source": "me", "body": "b"}


def test_article_of_a_newer_program_is_not_overwritten(bench: Project) -> None:
    bench.force({"kb/workers.yaml": NEWER})
    with bench.desk.repo.writer():
        bench.desk.repo.bring_window()
    with pytest.raises(PrismfsError) as caught:
        bench.give("kb.add", {"document": ARTICLE, "replace": True})
    assert caught.value.code == "newer_version"
    assert (bench.root / "kb" / "workers.yaml").read_bytes() == NEWER
    said = {finding.problem.code for finding in examine(bench.root, bench.clock.now()) if finding.problem}
    assert "newer_version" in said


def test_trailer_of_a_newer_program_in_a_persons_commit_stops_nothing(bench: Project) -> None:
    """A message is a claim: what decided by newer rules brings an audit row."""
    bench.git("commit", "--allow-empty", "--quiet", "-m", "x\n\nPrismfs-Cause: x\nPrismfs-Version: 99")
    bench.give("todo.add", {"document": {"kind": "todo", "from": "olga", "title": "go on"}})
    assert [todo.title for todo in bench.records("todo")] == ["go on"]
