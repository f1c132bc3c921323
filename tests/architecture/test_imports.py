"""What each verb imports: an agent waits for it at every call."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

# Reports on standard error what has been imported when the command is done.
PROBE = """
import sys
from prismfs.__main__ import main
try:
    main()
finally:
    print("\\nloaded", *sorted(sys.modules), file=sys.stderr)
"""
ALL_HELP = """
import sys
import click
from prismfs.cli import cli
from tests.support.command_tree import ALL
for words, command in ALL.items():
    assert command.get_help(click.Context(command, info_name=words))
print(len(ALL))
print("\\nloaded", *sorted(sys.modules), file=sys.stderr)
"""
MODELS = {"pydantic", "yaml", "prismfs.kinds"}
PROGRAMS = {"git", "re2", "watchdog", "jinja2", "prometheus_client", "dateutil", "markdown_it", "prismfs.rules"}
"""What only a decision, a watcher or one verb needs."""


def loaded_by(*arguments: str, cwd: Path, script: str = PROBE, **more: str) -> set[str]:
    """Run one command in a process of its own, its environment with `more`; return the modules it loads."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("PRISMFS_")} | more
    done = subprocess.run(
        [sys.executable, "-c", script, *arguments], cwd=cwd, env=environment, capture_output=True, text=True, check=True
    )
    return set(done.stderr.rpartition("\nloaded ")[2].split())


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A project with a few records and a projection that is up to date."""
    root = tmp_path_factory.mktemp("budget") / "desk"
    prismfs = [sys.executable, "-m", "prismfs"]
    subprocess.run([*prismfs, "init", str(root), "--pid", "PID-DESK01"], capture_output=True, check=True)
    subprocess.run(
        [*prismfs, "-C", str(root), "escalate", "-s", "LOW", "look at this"], capture_output=True, check=True
    )
    subprocess.run([*prismfs, "-C", str(root), "list", "bead"], capture_output=True, check=True)
    return root


def test_imports_of_version_are_next_to_none(tmp_path: Path) -> None:
    assert loaded_by("--version", cwd=tmp_path) & {"click", "sqlite3", *MODELS, *PROGRAMS} == set()


def test_imports_of_help_are_light(root: Path) -> None:
    """Of every verb: the tree is walked, so that a new one is held to it as well."""
    loaded = loaded_by(cwd=root, script=ALL_HELP)
    assert "prismfs.cli.core.watch" in loaded
    assert loaded & (MODELS | PROGRAMS) == set()


@pytest.mark.parametrize(
    "arguments",
    [
        ("list", "bead"),
        ("show", "bea-"),
        ("log",),
        ("audit",),
        ("status",),
        ("metrics", "--json"),
        ("escalate", "list"),
        ("list", "bead", "--json"),
        ("kb", "search", "how do I rotate a key"),
        ("whois",),
        ("whois", "Sage", "--json"),
        ("roster", "list"),
    ],
    ids=" ".join,
)
def test_imports_of_a_reader_are_light(project: Path, arguments: tuple[str, ...]) -> None:
    """A projection that is up to date is read without the models, GitPython, the YAML reader or a template engine."""
    assert loaded_by(*arguments, cwd=project) & (MODELS | PROGRAMS) == set()


@pytest.mark.parametrize(
    "arguments",
    [
        ("nudge", "list"),
        ("--as", "jade", "nudge", "send", "mayor", "the build waits"),
        ("--as", "mayor", "nudge", "claim"),
        ("--as", "jade", "heartbeat"),
        ("heartbeat", "list"),
    ],
    ids=" ".join,
)
def test_imports_of_what_stands_outside_of_git_are_light(project: Path, arguments: tuple[str, ...]) -> None:
    assert loaded_by(*arguments, cwd=project) & {"sqlite3", *MODELS, *PROGRAMS} == set()


@pytest.mark.parametrize("line", ["prismfs ", "prismfs show ", "prismfs escalate ack bea", "prismfs incident close "])
def test_imports_of_completion_are_light(project: Path, line: str) -> None:
    """Who presses the tab key waits for each answer."""
    words = str(len(line.split(" ")) - 1)
    asked = {"_PRISMFS_COMPLETE": "bash_complete", "COMP_WORDS": line, "COMP_CWORD": words}
    assert loaded_by(cwd=project, **asked) & (MODELS | PROGRAMS) == set()


def test_imports_of_signal_send_are_light(project: Path) -> None:
    """Agents send often and wait each time."""
    arguments = ("--as", "jade", "signal", "send", "--to", "Sage", "--type", "Question", "--subject", "hello")
    assert loaded_by(*arguments, cwd=project) & {"sqlite3", *MODELS, *PROGRAMS} == set()


def test_a_model_is_built_when_it_is_used_first(root: Path) -> None:
    """To build all of them costs a fifth of what a writing verb imports."""
    script = (
        "import sys\nimport prismfs.rules\nfrom prismfs.kinds import KINDS\n"
        "built = [kind.name for kind in KINDS.values() if kind.model.__pydantic_complete__]\n"
        "print('\\nloaded', *built, file=sys.stderr)"
    )
    assert len(loaded_by(cwd=root, script=script)) < 8
