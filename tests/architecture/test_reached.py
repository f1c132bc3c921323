"""What proves things is reached by the program: a proof that only tests ask for proves nothing to anybody."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

LOOKED_AT = ("proof/", "store/witness.py", "store/git/checkpoints.py", "store/git/proofs.py", "engine/trust/")


def functions_of(tree: ast.Module) -> Iterator[ast.FunctionDef]:
    """Yield a module's public functions, and the public methods of its classes."""
    for node in tree.body:
        members = node.body if isinstance(node, ast.ClassDef) else [node]
        yield from (one for one in members if isinstance(one, ast.FunctionDef) and not one.name.startswith("_"))


def names_in(node: ast.AST) -> set[str]:
    """Return every name that is used in `node`: called, handed on or asked of something."""
    found = {one.id for one in ast.walk(node) if isinstance(one, ast.Name)}
    return found | {one.attr for one in ast.walk(node) if isinstance(one, ast.Attribute)}


def unreached(trees: dict[str, ast.Module], places: tuple[str, ...]) -> list[str]:
    """Return the functions below `places` that no other code of `trees` uses, directly or by one that is used."""
    bodies = {(path, one.name): one for path, tree in trees.items() for one in functions_of(tree)}
    looked_at = {key for key in bodies if key[0].startswith(places)}
    dead: set[tuple[str, str]] = set()
    while True:
        skipped = {id(bodies[key]) for key in dead}
        used = {path: uses(tree, skipped) for path, tree in trees.items()}
        everywhere = [name for names in used.values() for name in names]
        found = {key for key in looked_at if key[1] not in set(everywhere)}
        if found <= dead:
            return sorted(f"{path}: {name}" for path, name in dead)
        dead |= found


def uses(tree: ast.Module, skipped: set[int]) -> set[str]:
    """Return the names that a module uses, but for those that a function uses to call itself, and dead ones'."""
    found: set[str] = set()
    for node in tree.body:
        for one in node.body if isinstance(node, ast.ClassDef) else [node]:
            if isinstance(one, ast.FunctionDef):
                found |= set() if id(one) in skipped else names_in(one) - {one.name}
            elif not isinstance(one, ast.Import | ast.ImportFrom):
                found |= names_in(one)
        if isinstance(node, ast.ClassDef):
            found |= {name for base in (*node.bases, *node.decorator_list) for name in names_in(base)}
    return found


def test_every_public_function_that_proves_something_is_reached(sources: list[Path]) -> None:
    root = Path(__file__).parents[2] / "prismfs"
    trees = {path.relative_to(root).as_posix(): ast.parse(path.read_text()) for path in sources if root in path.parents}
    assert unreached(trees, LOOKED_AT) == []


def test_unreached_sees_what_only_dead_code_uses() -> None:
    body = "def a():\n    b()\ndef b():\n    b()\nclass C:\n    def d(self):\n        e()\ndef e():\n    pass\n"
    assert unreached({"x.py": ast.parse(body)}, ("x",)) == ["x.py: a", "x.py: b", "x.py: d", "x.py: e"]
    assert unreached({"x.py": ast.parse(body + "a()\nC().d()\n")}, ("x",)) == []
