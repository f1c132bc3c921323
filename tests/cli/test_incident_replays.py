"""Real incidents, played through all six phases at the times that they had (`examples/incidents`).

Each folder there says what it must end with; times and minutes come from public sources.
"""

from __future__ import annotations

import importlib.util
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from prismfs.cli import run
from prismfs.engine.trust.verify import verify
from prismfs.engine.turn.desk import Desk
from prismfs.kinds import KINDS
from prismfs.records import codec
from prismfs.records.answer import REVIEW_TAG
from tests.support.rows import records_in

FOLDER = Path(__file__).parents[2] / "examples" / "incidents"
SLUGS = sorted(path.parent.name for path in FOLDER.glob("*/steps.yaml"))
FILES = {"README.md", "report.yaml", "steps.yaml", "expected.yaml", "review.md"} | {
    f"inc-{number}.md" for number in range(1, 7)
}


class Played:
    """An incident that was played in a project, and what must have come of it."""

    def __init__(self, slug: str, root: Path, wanted: dict[str, Any]) -> None:
        self.slug = slug
        self.root = root
        self.wanted = wanted

    def records(self, name: str) -> list[Any]:
        """Return the records of one kind as the branch holds them."""
        kind = KINDS[name]
        with Desk(self.root) as desk:
            files = sorted(desk.repo.files(desk.repo.snapshot()))
        found: list[Any] = [one for path, data in files if kind.owns(path) for one in records_in(kind, data, path=path)]
        return sorted(found, key=lambda record: record.number) if kind.chained else found

    def rows(self, action: str) -> list[Any]:
        return [row for row in self.records("audit") if row.action == action]


@pytest.fixture(scope="module", params=SLUGS)
def played(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Played:
    slug = request.param
    root = tmp_path_factory.mktemp(slug) / "desk"
    replay_script().Replay(slug, root).play()
    wanted = codec.parse((FOLDER / slug / "expected.yaml").read_bytes(), format="yaml")
    return Played(slug, root, dict(wanted))


def replay_script() -> Any:
    """Return the script beside the examples as a module."""
    spec = importlib.util.spec_from_file_location("incident_replay", FOLDER / "replay.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_there_are_three_and_each_is_whole() -> None:
    assert len(SLUGS) >= 3
    for slug in SLUGS:
        assert {path.name for path in (FOLDER / slug).iterdir()} >= FILES, slug
        assert (FOLDER / slug / "README.md").read_text().count("https://") >= 1, slug


def test_replay_ends_closed_at_the_times_of_the_sources(played: Played) -> None:
    (incident,) = played.records("incident")
    document = incident.to_document()
    found = {name: document.get(name) for name in played.wanted["incident"]}
    assert found | {"severity": incident.severity.label} == played.wanted["incident"]
    assert incident.closed_at is not None
    assert incident.due_at is None


def test_replay_every_phase_is_there_in_all_its_revisions(played: Played) -> None:
    """R-003-02, R-003-03: six phases, four gates; what was sent back is kept."""
    artifacts = played.records("artifact")
    newest: dict[str, int] = {}
    for artifact in artifacts:
        newest[artifact.label] = max(newest.get(artifact.label, 0), artifact.revision)
    assert newest == played.wanted["artifacts"]
    assert len(artifacts) == sum(newest.values())
    settled = {each.label: each.status for each in artifacts if each.revision == newest[each.label]}
    assert {settled[phase] for phase in ("INC-1", "INC-2", "INC-4", "INC-5")} == {"approved"}
    assert {status for label, status in settled.items() if label[:5] in ("INC-3", "INC-6")} == {"submitted"}
    assert {row.actor for row in played.rows("gate.approved")} == {"duty-manager"}
    assert len(played.rows("gate.approved")) == 4


def test_replay_action_items_became_work_items(played: Played) -> None:
    """R-003-24, R-003-29: each with its owner, its priority and its deadline."""
    fields = ("title", "assignee", "priority", "status")
    beads = [bead for bead in played.records("bead") if "action-item" in bead.tags]
    found = [{name: getattr(bead, name) for name in fields} for bead in beads]
    assert sorted(found, key=str) == sorted(played.wanted["actions"], key=str)
    assert all(bead.due_at is not None for bead in beads if bead.status == "open")


def test_replay_review_is_an_article_with_its_tag_and_linked(played: Played) -> None:
    """R-002-50; that it came later than it should have is written down, too."""
    (incident,) = played.records("incident")
    (article,) = (one for one in played.records("kb") if REVIEW_TAG in one.tags)
    assert incident.review == article.name
    (row,) = played.rows("incident.review")
    assert (row.meta["review"], row.meta["on_time"]) == (article.name, played.wanted["review_on_time"])
    assert bool(played.rows("incident.review_overdue")) != played.wanted["review_on_time"]


def test_replay_missed_targets_are_one_row_each(played: Played) -> None:
    assert [row.meta["target"] for row in played.rows("incident.overdue")] == played.wanted["missed"]


def test_replay_figures_are_the_arithmetic_of_the_times(played: Played, capsys: pytest.CaptureFixture[str]) -> None:
    """R-002-55 to R-002-57: to detect, to respond, to resolve."""
    assert run(["-C", str(played.root), "metrics", "--json"]) == 0
    figures = json.loads(capsys.readouterr().out)["data"]
    assert figures["incidents"] == 1
    told = {
        "mttd": figures["mttd"],
        "mtt_respond": figures["mtt_respond"],
        "mtt_resolve": figures["mtt_resolve"]["escalated_only"],
    }
    assert {name: each["n"] for name, each in told.items()} == dict.fromkeys(told, 1)
    assert {name: each["mean"] / 60 for name, each in told.items()} == played.wanted["minutes"]


def test_replay_history_is_what_the_rules_make_of_it(played: Played) -> None:
    with Desk(played.root) as desk:
        assert verify(desk.repo.git, until=desk.repo.snapshot().commit).problems == ()


@pytest.mark.slow
def test_replay_twice_gives_the_same_trail(played: Played, tmp_path: Path) -> None:
    """Nothing that happens in it hangs on the machine, the day or chance."""
    replay_script().Replay(played.slug, tmp_path / "again").play()
    again = Played(played.slug, tmp_path / "again", played.wanted)
    first, second = (
        [(row.number, row.at, row.action, row.actor) for row in one.records("audit")] for one in (played, again)
    )
    assert first == second


def test_replay_script_as_a_newcomer_runs_it(tmp_path: Path) -> None:
    words = [sys.executable, str(FOLDER / "replay.py")]
    done = subprocess.run([*words, SLUGS[0], str(tmp_path / "desk")], capture_output=True, text=True, check=True)
    assert "incident close" in done.stdout
    assert f"git -C {tmp_path / 'desk'} log --oneline" in done.stdout
    wrong = subprocess.run(
        [*words, "no-such-incident", str(tmp_path / "x")], capture_output=True, text=True, check=False
    )
    assert wrong.returncode == 2
    assert SLUGS[0] in wrong.stderr
    assert not (tmp_path / "x").exists()
