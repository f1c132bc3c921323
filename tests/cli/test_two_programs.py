"""Two versions of the program over one desk, each in processes of its own.

The later one is a copy of the package that differs as a release would: `owner` of a todo is written `keeper`, and
`dedup_window` of the policy is written `window`.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import sqlite3
import subprocess
import sys
from contextlib import closing
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest

import prismfs
from prismfs.kinds import KINDS
from prismfs.rules import RULES_VERSION
from prismfs.store.repo import CRASH_POINTS
from tests.support.project import Project

COMMAND = Path(__file__).parents[1] / "faults" / "command.py"
PACKAGE = Path(prismfs.__file__).parent
RENAMED = """
from dataclasses import replace

def _upgrade(document):
    return {{"{new}" if name == "{old}" else name: value for name, value in document.items()}}

class {model}({model}):
    version: Literal[2] = 2
    {old}: {type} = Field(alias="{new}")

KIND = replace(KIND, model={model}, facets=KIND.facets | {facets}, upgrades=(_upgrade,))
"""
TODO = RENAMED.format(model="Todo", type="Identity", old="owner", new="keeper", facets={"owner": "keeper"})
POLICY = RENAMED.format(model="Policy", type="Duration", old="dedup_window", new="window", facets={})
WITHOUT_ARTICLES = """
KINDS = Registry((name for name in index.KINDS if name != "kb"), _kind)
_BY_FOLDER.pop("kb")
"""


class Program:
    """A copy of the package, changed in its text, and calls of it."""

    def __init__(self, home: Path, *, version: str, rules: int = RULES_VERSION, **added: str) -> None:
        self.home = home
        shutil.copytree(PACKAGE, home / "prismfs")  # and what is compiled of it
        self._edit("prismfs", r'__version__ = "[^"]*"', f'__version__ = "{version}"')
        self._edit("prismfs.rules.core.draft", r"\nRULES_VERSION = \d+\n", f"\nRULES_VERSION = {rules}\n")
        for kind, text in added.items():
            path = self._file("prismfs.kinds" if kind == "kinds" else KINDS[kind].model.__module__)
            path.write_text(path.read_text() + text)

    @property
    def environment(self) -> dict[str, str]:
        """The environment of a process that runs this program."""
        return os.environ | {"PYTHONPATH": str(self.home)}

    def __call__(self, root: Path, *arguments: str, code: int = 0) -> dict[str, Any]:
        """Return what a call answers: its data, or its error where another exit code than 0 is awaited."""
        found: dict[str, Any] = json.loads(self.text(root, "--json", *arguments, code=code))
        return found["data"] if found["ok"] else found["error"]  # type: ignore[no-any-return]

    def text(self, root: Path, *arguments: str, code: int = 0) -> str:
        """Return what a call prints."""
        command = [sys.executable, "-m", "prismfs", "-C", str(root), "--as", "olga", *arguments]
        done = subprocess.run(command, cwd=self.home, env=self.environment, capture_output=True, text=True, check=False)
        assert done.returncode == code, done.stdout + done.stderr
        return done.stdout

    def _file(self, module: str) -> Path:
        shipped = Path(str(import_module(module).__file__))
        return self.home / "prismfs" / shipped.relative_to(PACKAGE)

    def _edit(self, module: str, pattern: str, text: str) -> None:
        path = self._file(module)
        changed, count = re.subn(pattern, text, path.read_text())
        assert count == 1, pattern
        path.write_text(changed)


@pytest.fixture(scope="module")
def earlier(tmp_path_factory: pytest.TempPathFactory) -> Program:
    return Program(tmp_path_factory.mktemp("earlier"), version="7.0")


@pytest.fixture(scope="module")
def later(tmp_path_factory: pytest.TempPathFactory) -> Program:
    return Program(tmp_path_factory.mktemp("later"), version="8.0", rules=RULES_VERSION + 1, todo=TODO, policy=POLICY)


@pytest.fixture(scope="module")
def poorer(tmp_path_factory: pytest.TempPathFactory) -> Program:
    """A program of the same version as the earlier one that knows no articles."""
    return Program(tmp_path_factory.mktemp("poorer"), version="7.0", kinds=WITHOUT_ARTICLES)


@pytest.fixture
def bench(bench: Project) -> Project:
    bench.close()
    return bench


def keepers(program: Program, root: Path) -> list[str]:
    return [item["keeper"] for item in program(root, "list", "todo")["items"]]


def titles_in_projection(root: Path, title: str | None = None) -> list[str]:
    """Return the titles that the projection holds; with `title`, write that into all of them first."""
    with closing(sqlite3.connect(root / ".git/prismfs/PID-TEST01/projection.sqlite")) as connection, connection:
        if title is not None:
            connection.execute("UPDATE record SET title = ?", (title,))
        return [row[0] for row in connection.execute("SELECT DISTINCT title FROM record")]


def test_projection_of_a_program_without_a_kind_hides_nothing_from_another(
    earlier: Program, poorer: Program, bench: Project
) -> None:
    """The same version, other schemas."""
    article = b"kind: kb\nversion: 1\nname: workers\ntitle: Workers\nsource: manual\nbody: Set it.\n"
    bench.restart()
    bench.settle_by_hand({"kb/workers.yaml": article})
    assert poorer(bench.root, "show", "workers", code=4)["code"] == "not_found"
    assert earlier(bench.root, "show", "workers")["title"] == "Workers"
    assert poorer(bench.root, "show", "workers", code=4)["code"] == "not_found"


def test_projection_calls_no_setting_invalid_for_what_another_program_thought(
    earlier: Program, later: Program, bench: Project
) -> None:
    """The older program refuses the newer form with what to do, and what it wrote down binds no other."""
    path = "settings/policy.yaml"
    text = (bench.root / path).read_text()
    newer = text.replace("version: 1", "version: 2").replace("dedup_window:", "window:")
    bench.restart()
    bench.force({path: newer.encode()})
    with bench.desk.repo.writer():
        bench.desk.repo.bring_window()
    refused = earlier(bench.root, "escalate", "-s", "LOW", "look at it", code=3)
    assert (refused["code"], refused["path"]) == ("newer_version", path)
    assert "upgrade prismfs" in refused["hint"]
    later(bench.root, "escalate", "-s", "LOW", "look at it")
    assert earlier(bench.root, "check", str(bench.root / path), code=1)["problems"][0]["code"] == "newer_version"


def test_projection_is_kept_for_the_same_program_and_made_anew_for_another_version(
    earlier: Program, bench: Project, tmp_path: Path
) -> None:
    patched = Program(tmp_path, version="7.1")
    earlier(bench.root, "todo", "add", "look at it")
    titles_in_projection(bench.root, "marked")
    earlier(bench.root, "list", "todo")
    assert titles_in_projection(bench.root) == ["marked"]
    patched(bench.root, "list", "todo")
    assert "marked" not in titles_in_projection(bench.root)


def test_upgrade_writes_records_and_settings_in_one_commit_and_the_history_verifies(
    earlier: Program, later: Program, bench: Project
) -> None:
    root = bench.root
    added = [earlier(root, "todo", "add", f"look at it {number}", "--owner", "Clara") for number in range(2)]
    paths = [each["records"][0]["path"] for each in added] + ["settings/policy.yaml"]
    assert keepers(later, root) == ["Clara", "Clara"], "an older record is upgraded as it is read"
    head = bench.head()

    would = later(root, "upgrade", "--dry-run")
    assert sorted(record["path"] for record in would["records"]) == sorted(paths)
    assert (bench.head(), bench.git("status", "--porcelain")) == (head, "")

    done = later(root, "upgrade")
    assert done["actions"] == ["project.upgraded"]
    assert bench.git("rev-list", "--count", f"{head}..main") == "1"
    changed = bench.git("diff", "--name-only", "--diff-filter=M", head, "main").splitlines()
    assert changed == sorted(paths)
    for path in paths:
        text = (root / path).read_text()
        assert "version: 2" in text
        assert re.search("^(keeper: Clara|window: .*)$", text, re.MULTILINE)

    assert later(root, "upgrade")["decided"] == "nothing"
    assert keepers(later, root) == ["Clara", "Clara"]
    found = later(root, "verify")
    assert (found["problems"], found["decided"], found["older"]) == ([], 3, 2)


@pytest.mark.slow
@pytest.mark.parametrize("point", CRASH_POINTS)
def test_upgrade_killed_at_a_crash_point_is_completed_by_the_next(
    point: str, earlier: Program, later: Program, bench: Project
) -> None:
    root = bench.root
    todos = [earlier(root, "todo", "add", f"look at it {number}")["records"][0]["path"] for number in range(2)]
    head = bench.head()
    document = json.dumps({"versions": {name: 2 if name in ("todo", "policy") else 1 for name in KINDS}})
    command = [sys.executable, str(COMMAND), str(root), point, "upgrade", document, "once"]
    killed = subprocess.run(command, env=later.environment, capture_output=True, text=True, check=False)
    assert killed.returncode == -signal.SIGKILL, killed.stderr
    later(root, "upgrade")
    assert later(root, "upgrade")["decided"] == "nothing"
    assert all("version: 2" in (root / path).read_text() for path in (*todos, "settings/policy.yaml"))
    assert bench.git("rev-list", "--count", f"{head}..main") == "1"
    assert bench.git("status", "--porcelain") == ""
    assert later(root, "verify")["problems"] == []


def test_upgrade_refuses_to_write_over_what_is_not_committed(earlier: Program, later: Program, bench: Project) -> None:
    root, policy = bench.root, bench.root / "settings/policy.yaml"
    todos = [earlier(root, "todo", "add", f"look at it {number}")["records"][0]["path"] for number in range(3)]
    policy.write_text("# tuned by hand\n" + policy.read_text())
    (root / todos[0]).write_text((root / todos[0]).read_text().replace("look", "Look"))
    (root / todos[1]).unlink()
    kept, status = bench.kept(), bench.git("status", "--porcelain")
    for arguments in (["upgrade", "--dry-run"], ["upgrade"]):
        refused = later(root, *arguments, code=4)
        assert refused["code"] == "edited"
        assert all(path in refused["message"] for path in (*todos[:2], "settings/policy.yaml"))
        assert todos[2] not in refused["message"]
        assert "git restore" in refused["hint"]
        assert (bench.kept(), bench.git("status", "--porcelain")) == (kept, status)
    bench.git("restore", *todos[:2])
    bench.git("commit", "--quiet", "--all", "--message", "tune")
    later(root, "upgrade")
    assert policy.read_text().startswith("# tuned by hand\n")


def test_upgrade_says_in_text_how_many_files_and_which(earlier: Program, later: Program, bench: Project) -> None:
    assert later(bench.root, "upgrade", "--dry-run")["reason"] == "1 file was of an older version"
    todo = earlier(bench.root, "todo", "add", "look at it")["records"][0]["path"]
    first, *paths = later.text(bench.root, "upgrade", "--dry-run").splitlines()
    assert first.endswith("2 files were of an older version")
    assert sorted(path.strip() for path in paths) == ["settings/policy.yaml", todo]


def test_projection_after_an_upgrade_is_what_one_made_anew_is(later: Program, bench: Project) -> None:
    """A file may say defaults, which the record's own document leaves out."""
    file = bench.root / ".git/prismfs/PID-TEST01/projection.sqlite"
    later(bench.root, "upgrade")
    advanced = documents(file)
    file.unlink()
    later(bench.root, "list", "todo")
    assert advanced == documents(file)


def documents(projection: Path) -> list[tuple[str, str, int]]:
    with closing(sqlite3.connect(projection)) as connection:
        return connection.execute("SELECT path, document, version FROM record ORDER BY path").fetchall()


def test_upgrade_is_for_whom_the_roster_allows_it(later: Program, bench: Project) -> None:
    assert later(bench.root, "--as", "jade", "upgrade", code=7)["code"] == "not_allowed"


def test_upgrade_leaves_protected_files_to_a_signed_commit(earlier: Program, later: Program, bench: Project) -> None:
    root = bench.root
    earlier(root, "todo", "add", "look at it")
    project = (root / "prismfs.yaml").read_text()
    bench.commit_by_hand({"prismfs.yaml": (project + "trust: signed\n").encode()})
    before = (root / "settings/policy.yaml").read_bytes()
    done = later(root, "upgrade")
    assert [record["kind"] for record in done["records"]] == ["todo"]
    assert (root / "settings/policy.yaml").read_bytes() == before
    assert "settings/policy.yaml" in later(root, "upgrade")["reason"]


def test_program_older_than_the_history_refuses_to_go_on(earlier: Program, later: Program, bench: Project) -> None:
    """What it cannot read it names; what it cannot decide it leaves alone."""
    root = bench.root
    added = later(root, "todo", "add", "look at it")["records"][0]
    head = bench.head()
    refused = earlier(root, "todo", "add", "one more", code=69)
    assert (refused["code"], bench.head()) == ("newer_rules", head)
    assert "upgrade prismfs" in refused["hint"]
    assert earlier(root, "verify", code=1)["problems"][0]["code"] == "newer_rules"
    assert "version 2" in earlier(root, "show", added["id"])["invalid"]
    (listed,) = earlier(root, "list", "todo")["items"]
    assert (listed["id"], listed["status"]) == (added["id"], "invalid")


def test_verify_holds_an_older_file_to_the_bytes_of_its_own_version(
    earlier: Program, later: Program, bench: Project
) -> None:
    """It is compared as what it means today; a space more is noticed all the same."""
    root = bench.root
    path = earlier(root, "todo", "add", "look at it")["records"][0]["path"]
    assert later(root, "verify")["problems"] == []
    text = (root / path).read_text()
    for old, new in (("title: look", "title:  look"), ("title: look", "title: Look")):
        assert old in text
        (root / path).write_text(text.replace(old, new))
        bench.git("commit", "--quiet", "--all", "--amend", "--no-edit")
        bench.git("update-ref", "refs/prismfs/PID-TEST01/records", "HEAD")
        (problem, *_) = later(root, "verify", code=1)["problems"]
        assert (problem["code"], problem["field"]) == ("differs", path)
