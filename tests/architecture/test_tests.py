"""What holds of the tests themselves: what they ask for can be looked up, and none hangs on how fast a machine is."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

TESTS = Path(__file__).parents[1]
OPEN_ON_PURPOSE = ("dict[str, Any]", "tuple[int, Any]", "tuple[str, Any]", "tuple[str, Any, Any]", "Signoff[Any, Any]")
"""A JSON document, an exit code with its answer, the steps that hypothesis draws, a sign-off on records of any kind."""


def functions() -> Iterator[tuple[str, ast.FunctionDef, bool]]:
    """Yield every test and every fixture with its place; whether it is a fixture."""
    for path in sorted(TESTS.rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.FunctionDef):
                fixture = any("fixture" in ast.unparse(decorator) for decorator in node.decorator_list)
                if fixture or node.name.startswith("test_"):
                    yield f"{path.relative_to(TESTS)}: {node.name}", node, fixture


def is_open(annotation: ast.expr | None) -> bool:
    """Whether a type says nothing: it is missing, or holds Any where none is meant."""
    if annotation is None:
        return True
    text = ast.unparse(annotation)
    for allowed in OPEN_ON_PURPOSE:
        text = text.replace(allowed, "")
    return "Any" in text


def test_fixture_of_a_test_has_a_type_one_can_jump_to() -> None:
    vague = []
    for place, node, fixture in functions():
        arguments = [one for one in (*node.args.args, *node.args.kwonlyargs) if one.arg not in ("self", "cls")]
        vague += [f"{place}({one.arg})" for one in arguments if is_open(one.annotation)]
        if fixture and is_open(node.returns):
            vague.append(f"{place} returns")
    assert vague == []


def test_class_that_two_modules_have_stands_in_support() -> None:
    """A project is made, driven and read by the classes of tests/support, not by one of each module."""
    places: dict[str, list[str]] = {}
    for path in sorted(TESTS.rglob("test_*.py")):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.ClassDef):
                places.setdefault(node.name, []).append(str(path.relative_to(TESTS)))
    assert {name: found for name, found in places.items() if len(found) > 1} == {}


def test_no_test_asserts_how_long_something_took() -> None:
    """A busy machine is slow: a condition is waited for (tests/support/waiting.py); what hangs meets the limit."""
    found = [
        f"{path.relative_to(TESTS)}:{node.lineno}"
        for path in sorted(TESTS.rglob("test_*.py"))
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Assert) and re.search(r"time\.(monotonic|perf_counter|time)\(", ast.unparse(node))
    ]
    assert found == []
