"""What every command imports when it is run: an agent waits for it at every call.

The commands are those that a walk over the command line finds, on the project of `test_every_command.py`, which is the
home of a tenant; those that write are rehearsed. `architecture/test_imports.py` has the help of all, and those that
must start fast, in a project by itself.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.cli.import_budgets import BUDGETS
from tests.cli.test_every_command import ARGUMENTS, AS, ENDS_WITH, NOT_RUN, Scene
from tests.support.command_tree import COMMANDS, writes

PACKAGES = (
    "cryptography", "dateutil", "git", "httpx", "jinja2", "markdown_it", "phonenumbers", "prometheus_client",
    "pydantic", "re2", "sqlite3", "stdnum", "watchdog", "yaml",
)  # fmt: skip
"""What is heavy beside the modules of prismfs itself."""

PROBE = """
import sys
from prismfs.__main__ import main
try:
    main()
finally:
    print("\\nloaded", *sorted(sys.modules), file=sys.stderr)
"""


@pytest.fixture(scope="module")
def scene(tmp_path_factory: pytest.TempPathFactory) -> Scene:
    made = Scene(tmp_path_factory.mktemp("scene"))
    made.place.call("list", "bead")  # the projection is up to date
    return made


def cost_of(scene: Scene, name: str) -> tuple[int, str]:
    """Run a command in a process of its own; return how many modules of prismfs it loads, and which packages."""
    rehearsed = ["--dry-run"] if writes(COMMANDS[name]) else []
    words = (*name.split(), *scene.words(ARGUMENTS[name]), *rehearsed)
    done = subprocess.run(
        [sys.executable, "-c", PROBE, "-C", str(scene.place.root), "--as", AS.get(name, "olga"), *words],
        cwd=Path(__file__).parents[2], env=os.environ, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == ENDS_WITH.get(name, 0), done.stderr
    loaded = set(done.stderr.rpartition("\nloaded ")[2].split())
    own = [module for module in loaded if module.startswith("prismfs.")]
    return len(own), " ".join(package for package in PACKAGES if package in loaded)


@pytest.mark.slow
@pytest.mark.parametrize("name", [name for name in COMMANDS if name not in NOT_RUN])
def test_command_imports_no_more_than_its_budget(scene: Scene, name: str) -> None:
    modules, packages = cost_of(scene, name)
    most, allowed = BUDGETS[name]
    assert set(packages.split()) <= set(allowed.split())
    assert modules <= most, "import what it does not need where it is used"


def test_every_command_has_a_budget() -> None:
    assert BUDGETS.keys() == COMMANDS.keys() - NOT_RUN.keys()
