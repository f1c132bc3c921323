"""Who may import whom, what a short command may load, and how large modules and folders may be."""

from __future__ import annotations

import ast
import json
import subprocess
import sys
from collections import Counter
from pathlib import Path

MOST_LINES = 300
MOST_MODULES = 20
MOST_IMPORTS = 0.07  # of all lines; more is the price of splitting too far


def test_layers_hold() -> None:
    """The contracts of docs/design.md, kept by import-linter."""
    command = Path(sys.executable).with_name("lint-imports")
    done = subprocess.run(
        [str(command), "--no-cache"], cwd=Path(__file__).parents[2], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout[-3000:]


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
