"""Files and claims of a newer program: what this one cannot read it neither overwrites nor takes for absent."""

from __future__ import annotations

import json

import pytest

from prismfs.cli import run
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


def other_layout(bench: Project) -> bytes:
    data = (bench.root / "prismfs.yaml").read_bytes()
    assert b"\nlayout: 1\n" in data
    return data.replace(b"\nlayout: 1\n", b"\nlayout: 2\n")


VERBS = ["status", "list todo", "audit", "metrics", "verify", "react", "todo add x", "watch --once-idle"]


@pytest.mark.parametrize("verb", VERBS)
def test_records_of_another_layout_are_not_taken_for_none(
    bench: Project, verb: str, capsys: pytest.CaptureFixture[str]
) -> None:
    bench.give("todo.add", {"document": {"kind": "todo", "from": "olga", "title": "go on"}})
    bench.force({"prismfs.yaml": other_layout(bench)})
    head = bench.truth()
    assert run(["-C", str(bench.root), "--as", "olga", *verb.split(), "--json"]) == 3
    said = json.loads(capsys.readouterr().out.splitlines()[-1])["error"]
    assert (said["code"], said["path"]) == ("newer_layout", "prismfs.yaml")
    assert "upgrade prismfs" in said["hint"]
    assert bench.truth() == head


def test_a_commit_cannot_say_that_the_records_lie_elsewhere(bench: Project) -> None:
    bench.commit_by_hand({"prismfs.yaml": other_layout(bench)})
    bench.turn()
    assert bench.rows("commit.observed")[-1].meta["refused"] == {"prismfs.yaml": "newer_layout"}
    assert bench.problems() == ()


def test_trailer_of_a_newer_program_in_a_persons_commit_stops_nothing(bench: Project) -> None:
    """A message is a claim: what decided by newer rules brings an audit row."""
    bench.git("commit", "--allow-empty", "--quiet", "-m", "x\n\nPrismfs-Cause: x\nPrismfs-Version: 99")
    bench.give("todo.add", {"document": {"kind": "todo", "from": "olga", "title": "go on"}})
    assert [todo.title for todo in bench.records("todo")] == ["go on"]
