"""Adding is one file: a toy of each is laid over a copy of the project, and everything follows from it.

`additions/` mirrors the package: what lies in `additions/kinds/work/` is added to `prismfs/kinds/work/`.
"""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from prismfs.records.ids import dated_path, derive_id

ADDITIONS = Path(__file__).parent / "additions"
ESCALATION = "settings/escalation.json"

ID = derive_id("pos", datetime(2026, 3, 1, 10, 0, tzinfo=UTC), cause="a holiday")
POSTCARD = f"""\
kind: postcard
version: 1
id: {ID}
from: jade
greeting: wish you were here
sent_at: "2026-03-01T10:00:00.000Z"
status: open
"""


@dataclass(frozen=True)
class Workshop:
    """A copy of the project with the additions, and a desk that it serves."""

    source: Path
    desk: Path

    def python(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Run Python in the copy."""
        return subprocess.run(
            [sys.executable, *arguments], cwd=self.source, capture_output=True, text=True, check=False, timeout=300
        )

    def prismfs(self, *arguments: str) -> tuple[int, dict[str, Any]]:
        """Run a command of the copy on the desk; give its exit code and its answer."""
        done = self.python("-m", "prismfs", "-C", str(self.desk), *arguments, "--json")
        return done.returncode, json.loads(done.stdout)

    def commit(self, path: str, text: str) -> None:
        """Commit a file of the desk by hand."""
        place = self.desk / path
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_text(text)
        git = ("git", "-C", str(self.desk), "-c", "user.name=Olga", "-c", "user.email=olga@example.org")
        subprocess.run([*git, "add", path], check=True)
        subprocess.run([*git, "commit", "-qm", "by hand"], check=True)


@pytest.fixture(scope="module")
def workshop(tmp_path_factory: pytest.TempPathFactory, files: list[Path], root: Path) -> Workshop:
    """The copy, with what is generated from it made anew, as `make channels index` does."""
    made = Workshop(tmp_path_factory.mktemp("additions") / "source", tmp_path_factory.mktemp("desks") / "desk")
    for path in files:
        place = made.source / path.relative_to(root)
        place.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(path, place)
    shutil.copytree(ADDITIONS, made.source / "prismfs", dirs_exist_ok=True)
    table = made.python("-m", "prismfs.delivery")
    assert table.returncode == 0, table.stderr
    (made.source / "prismfs/kinds/core/channels.py").write_text(table.stdout)
    assert (indexed := made.python("-m", "release.index")).returncode == 0, indexed.stderr
    done = made.python("-m", "prismfs", "init", str(made.desk), "--pid", "PID-DESK01")
    assert done.returncode == 0, done.stderr
    return made


def test_each_addition_is_one_file() -> None:
    added = [path.relative_to(ADDITIONS) for path in ADDITIONS.rglob("*.py")]
    assert sorted(path.parts[0] for path in added) == sorted({path.parts[0] for path in added})


@pytest.mark.slow
@pytest.mark.timeout(400)
def test_contract_suites_hold_for_the_additions(workshop: Workshop) -> None:
    done = workshop.python(
        "-m", "pytest", "-p", "no:cacheprovider", "-p", "no:xdist", "-vv", "-k", "postcard or pigeon or not [",
        "tests/contract/test_kinds.py", "tests/unit/kinds/test_kind.py", "tests/contract/test_channels.py",
    )  # fmt: skip
    assert done.returncode == 0, done.stdout[-3000:]
    assert "[postcard]" in done.stdout
    assert "test_send_again_leaves_what_stood_there[pigeon]" in done.stdout


def test_kind_of_one_file_is_checked_listed_shown_and_dropped(workshop: Workshop, tmp_path: Path) -> None:
    (tmp_path / "card.yaml").write_text("kind: postcard\nfrom: jade\ngreeting: hello\n")
    assert workshop.prismfs("check", str(tmp_path / "card.yaml"))[0] == 0
    (tmp_path / "card.yaml").write_text("kind: postcard\nfrom: jade\ngreeting: hello\nweather: fine\n")
    _, answer = workshop.prismfs("check", str(tmp_path / "card.yaml"))
    assert {problem["code"] for problem in answer["data"]["problems"]} == {"unknown_field"}
    workshop.commit(dated_path("postcards", ID, "yaml"), POSTCARD)
    assert workshop.prismfs("react")[0] == 0
    code, answer = workshop.prismfs("list", "postcard", "--open", "--owner", "jade")
    assert (code, [item["greeting"] for item in answer["data"]["items"]]) == (0, ["wish you were here"])
    assert workshop.prismfs("show", "pos-")[1]["data"]["greeting"] == "wish you were here"
    shown = workshop.python("-m", "prismfs", "-C", str(workshop.desk), "list", "postcard").stdout
    assert shown.splitlines()[0].split() == ["ID", "STATUS", "FROM", "WHAT"]
    assert workshop.prismfs("list", "postcard", "--severity", "P1")[0] == 2


def test_channel_of_one_file_is_taken_by_the_settings_and_delivers(workshop: Workshop) -> None:
    settings = json.loads((workshop.desk / ESCALATION).read_text())
    settings["routes"]["low"] = ["bead", "pigeon:north"]
    workshop.commit(ESCALATION, json.dumps(settings))
    code, answer = workshop.prismfs("escalate", "-s", "LOW", "the bridge is out")
    assert code == 0, answer
    (note,) = (workshop.desk / "run" / "lofts" / "north").iterdir()
    assert note.read_text() == "[LOW] the bridge is out"
    settings["routes"]["low"] = ["bead", "pigeons:north"]
    workshop.commit(ESCALATION, json.dumps(settings))
    code, answer = workshop.prismfs("escalate", "-s", "LOW", "the road is out")
    assert (code, answer["error"]["code"], answer["error"]["field"]) == (3, "invalid_setting", "/routes/low/1")
    assert "there is no channel pigeons; did you mean pigeon:<loft>?" in answer["error"]["message"]


def test_rule_of_one_file_decides_and_a_verb_of_one_file_gives_its_command(workshop: Workshop) -> None:
    """The rule's row stands in its own file; the verb has one row more, in the table that `--help` is made of."""
    verbs = workshop.source / "prismfs" / "cli" / "__init__.py"
    row = '    "greet": ("work.greet", "Say hello."),\n'
    verbs.write_text(verbs.read_text().replace("_VERBS = {\n", f"_VERBS = {{\n{row}", 1))
    code, answer = workshop.prismfs("--as", "jade", "greet", "mayor")
    assert (code, answer["data"]["decided"]) == (0, "greet"), answer
    assert [todo["title"] for todo in workshop.prismfs("todo", "list")[1]["data"]["items"]] == ["jade says hello"]
    code, answer = workshop.prismfs("--as", "mayor", "greet", "mayor")
    assert (code, answer["error"]["code"]) == (4, "greets_itself")
    verified, answer = workshop.prismfs("verify")
    assert verified == 0, answer
