"""Who may import whom, what a short command may load, and how large modules and folders may be."""

from __future__ import annotations

import ast
import json
import os
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest

MOST_LINES = 300
MOST_MODULES = 20
MOST_IMPORTS = 0.07  # of all lines; more is the price of splitting too far

# Reports on standard error what has been imported when the command is done.
PROBE = """
import sys
from prismfs.__main__ import main
try:
    main()
finally:
    print("\\nloaded", *sorted({name.partition(".")[0] for name in sys.modules}), file=sys.stderr)
"""


def loaded_by(*arguments: str, cwd: Path, **more: str) -> set[str]:
    """Run one command in a process of its own, its environment with `more`; return the top-level modules it loads."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("PRISMFS_")} | more
    done = subprocess.run(
        [sys.executable, "-c", PROBE, *arguments], cwd=cwd, env=environment, capture_output=True, text=True, check=True
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


def test_layers_hold() -> None:
    """The contracts of docs/design.md, kept by import-linter."""
    command = Path(sys.executable).with_name("lint-imports")
    done = subprocess.run(
        [str(command), "--no-cache"], cwd=Path(__file__).parents[2], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout[-3000:]


def test_imports_of_version_are_next_to_none(tmp_path: Path) -> None:
    assert loaded_by("--version", cwd=tmp_path) & {"click", "pydantic", "git", "yaml", "sqlite3"} == set()


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
    ],
    ids=" ".join,
)
def test_imports_of_a_reader_are_light(project: Path, arguments: tuple[str, ...]) -> None:
    """A projection that is up to date is read without the models, GitPython, the YAML reader or a template engine."""
    heavy = {"pydantic", "git", "yaml", "re2", "watchdog", "jinja2", "prometheus_client", "dateutil"}
    assert loaded_by(*arguments, cwd=project) & heavy == set()


@pytest.mark.parametrize("line", ["prismfs ", "prismfs show ", "prismfs escalate ack bea", "prismfs incident close "])
def test_imports_of_completion_are_light(project: Path, line: str) -> None:
    """Who presses the tab key waits for each answer."""
    words = str(len(line.split(" ")) - 1)
    asked = {"_PRISMFS_COMPLETE": "bash_complete", "COMP_WORDS": line, "COMP_CWORD": words}
    assert loaded_by(cwd=project, **asked) & {"pydantic", "git", "yaml", "re2", "watchdog", "jinja2"} == set()


def test_imports_of_signal_send_are_light(project: Path) -> None:
    """Agents send often and wait each time."""
    arguments = ("--as", "jade", "signal", "send", "--to", "Sage", "--type", "Question", "--subject", "hello")
    assert loaded_by(*arguments, cwd=project) & {"pydantic", "git", "yaml", "sqlite3", "re2", "watchdog"} == set()


def test_modules_are_small(sources: list[Path]) -> None:
    lengths = {path.name: len(path.read_text().splitlines()) for path in sources}
    assert {name: lines for name, lines in lengths.items() if lines > MOST_LINES} == {}


def test_folders_hold_few_modules(sources: list[Path]) -> None:
    held = Counter(path.parent for path in sources)
    assert {folder.name: modules for folder, modules in held.items() if modules > MOST_MODULES} == {}


def test_imports_are_few_of_the_lines(sources: list[Path]) -> None:
    """Each physical line of an import statement counts, wherever in its module it stands."""
    lines = imports = 0
    for path in sources:
        text = path.read_text()
        lines += len(text.splitlines())
        imports += sum(
            (node.end_lineno or node.lineno) - node.lineno + 1
            for node in ast.walk(ast.parse(text))
            if isinstance(node, ast.Import | ast.ImportFrom)
        )
    assert imports <= MOST_IMPORTS * lines, f"{imports} of {lines} lines import"


def test_modules_are_called_what_they_are(sources: list[Path]) -> None:
    empty_words = {"utils", "util", "helpers", "helper", "common", "manager", "misc"}
    assert [path for path in sources if path.stem in empty_words or path.parent.name in empty_words] == []


def test_public_functions_and_classes_have_a_docstring(sources: list[Path]) -> None:
    missing = []
    for path in sources:
        tree = ast.parse(path.read_text())
        if path.name != "__init__.py" and ast.get_docstring(tree) is None:
            missing.append(f"{path.name}: the module")
        missing += [f"{path.name}: {node.name}" for node in public(tree) if ast.get_docstring(node) is None]
    assert missing == []


def public(tree: ast.Module | ast.ClassDef) -> list[ast.FunctionDef | ast.ClassDef]:
    """Return the public functions and classes of a module, and the public methods of those classes."""
    found: list[ast.FunctionDef | ast.ClassDef] = []
    for node in tree.body:
        if isinstance(node, ast.FunctionDef | ast.ClassDef) and not node.name.startswith("_"):
            found.append(node)
            if isinstance(node, ast.ClassDef):
                found += public(node)
    return found


def test_wheel_holds_what_the_program_reads(root: Path) -> None:
    """Settings and roster that ship are data of the package, not files beside it."""
    defaults = root / "prismfs" / "defaults"
    shipped = {path.relative_to(defaults).as_posix().partition("/")[2] for path in defaults.rglob("*")}
    assert {"settings/policy.yaml", "settings/triage.yaml", "settings/escalation.json", "roster/sage.yaml"} <= shipped
    assert json.loads((defaults / "escalation/settings/escalation.json").read_text())["type"] == "escalation"
