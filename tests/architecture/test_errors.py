"""No code hangs on the words of a dependency: words change with its version, its platform and its language."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

TEXT_OF_ERROR = {"args", "message", "msg", "reason", "strerror", "stderr"}
LOOKS_INTO = {"startswith", "endswith", "find", "index", "count", "search", "match", "fullmatch", "removeprefix"}


def test_words_of_a_caught_error_decide_nothing(sources: list[Path]) -> None:
    """PyYAML 6.0.4 once had a limit more than 6.0.2, and the code for deep nesting changed."""
    found = [f"{path.name}:{line}" for path in sources for line in decided_by_words(ast.parse(path.read_text()))]
    assert found == []


def test_decided_by_words_sees_them() -> None:
    body = "try:\n    f()\nexcept E as error:\n    "
    for told in (
        "if 'deep' in str(error): g()",
        "if 'deep' in (error.problem or ''): g()",
        "if error.problem.message.startswith('deep'): g()",
        "h = 'deep' in f'{error}'",
        "h = PATTERN.search(str(error))",
        "text = str(error)\n    if 'deep' in text: g()",
        "if error.args[0] == 'deep': g()",
    ):
        assert list(decided_by_words(ast.parse(body + told))), told
    given = "def h(error: yaml.YAMLError) -> None:\n    problem = error.problem or ''\n    if 'deep' in problem: g()"
    assert list(decided_by_words(ast.parse(given)))
    for told in (
        "raise Refused(f'no: {error}') from error",
        "if error.code == 'deep': g()",
        "if error.problem.code in CODES: g()",
        "if error.errno in (1, 2): g()",
    ):
        assert not list(decided_by_words(ast.parse(body + told))), told


def decided_by_words(tree: ast.AST) -> Iterator[int]:
    """Yield the lines that compare or search the text of an error that they caught or were given."""
    for scope, error in errors_of(tree):
        texts = {
            target.id
            for node in ast.walk(scope)
            if isinstance(node, ast.Assign) and is_text(node.value, error, set())
            for target in node.targets
            if isinstance(target, ast.Name)
        }
        for node in ast.walk(scope):
            if isinstance(node, ast.Compare):
                looked_at = [node.left, *node.comparators]
            elif isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in LOOKS_INTO:
                looked_at = [node.func.value, *node.args]
            else:
                continue
            if any(is_text(part, error, texts) for part in looked_at):
                yield node.lineno


def errors_of(tree: ast.AST) -> Iterator[tuple[ast.AST, str]]:
    """Yield each handler and function that has an error by a name, with that name."""
    for node in ast.walk(tree):
        if isinstance(node, ast.ExceptHandler) and node.name:
            yield node, node.name
        elif isinstance(node, ast.FunctionDef):
            for argument in (*node.args.args, *node.args.kwonlyargs):
                if argument.annotation and ast.unparse(argument.annotation).endswith(("Error", "Exception")):
                    yield node, argument.arg


def is_text(expression: ast.AST, error: str, texts: set[str]) -> bool:
    """Tell whether `expression` is, or picks from, what the error says: `str(error)`, `error.msg`, `error.problem`."""
    match expression:
        case ast.Name(id=name):
            return name in texts
        case ast.Call(func=ast.Name(id="str" | "repr"), args=[ast.Name(id=name)]):
            return name == error
        case ast.JoinedStr(values=values):
            return any(isinstance(part, ast.FormattedValue) and is_error(part.value, error) for part in values)
        case ast.Attribute(value=value, attr="problem"):
            return is_error(value, error)
        case ast.Attribute(value=value, attr=attribute) if attribute in TEXT_OF_ERROR:
            return is_error(value, error) or is_text(value, error, texts)
        case ast.Subscript(value=value):
            return is_text(value, error, texts)
        case ast.BoolOp(values=values):
            return any(is_text(part, error, texts) for part in values)
        case ast.Call(func=ast.Attribute(value=value), args=[]):  # .lower(), .strip()
            return is_text(value, error, texts)
    return False


def is_error(expression: ast.AST, error: str) -> bool:
    return isinstance(expression, ast.Name) and expression.id == error


CARRY_A_CODE = re.compile(r"[A-Za-z]*Error|Problem|_?problem|refusal|_?refused?|_no")
"""How what makes an error is called; its first words are its code."""

NAMED_IN = ("*.py", "*.yaml", "*.json", "*.md")

UNNAMED = frozenset(
    (
        "bad_record claim_lost demo_failed demo_stuck escalation_here inbox_unwritable missing_package"
        " not_decidable not_sending not_triaged not_withdrawable owner_missing phone_home_nothing_left"
        " privacy_blocked projection_busy publish_failed quarantine_failed sync_failed too_many_decisions"
        " unknown_bucket unknown_verb unreadable_project"
    ).split()
)
"""Codes that no test names. It only ever shrinks: a new code needs a test that brings it about."""


def test_every_code_of_an_error_is_named_by_a_test(sources: list[Path]) -> None:
    """A refusal that no test has seen may never come, or come with the wrong words."""
    tests = Path(__file__).parents[1]
    files = [path for pattern in NAMED_IN for path in tests.rglob(pattern) if path != Path(__file__)]
    words = {word for path in files for word in re.findall(r"[a-z][a-z_]*[a-z]", path.read_text(errors="replace"))}
    codes = {code for path in sources for code in codes_of(ast.parse(path.read_text()))}
    assert len(codes) > 250
    assert codes - words == UNNAMED


def test_codes_of_sees_them() -> None:
    text = (
        'raise StoreError("no_commits", f"{x}")\nProblem("a_b", "c d")\nself._problem(commit, "e_f", "g h")\nf("i_j")'
    )
    assert set(codes_of(ast.parse(text))) == {"no_commits", "a_b", "e_f"}


def codes_of(tree: ast.AST) -> Iterator[str]:
    """Yield the codes of the errors and problems that are made in a module."""
    for node in ast.walk(tree):
        if not isinstance(node, ast.Call):
            continue
        name = node.func.id if isinstance(node.func, ast.Name) else getattr(node.func, "attr", "")
        if CARRY_A_CODE.fullmatch(name):
            for argument in node.args[:2]:
                value = argument.value if isinstance(argument, ast.Constant) else None
                if isinstance(value, str) and re.fullmatch("[a-z]+(_[a-z]+)+", value):
                    yield value
