"""The names of rules and of audit actions that the code can give, found in its text."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import prismfs.rules

RULES = Path(str(prismfs.rules.__file__)).parent
ANY = "[a-z_]+"


@dataclass
class Names:
    """Names as patterns, for a part of one may come from a record, by family; and calls whose name cannot be told."""

    found: dict[str, set[str]] = field(default_factory=dict)
    untold: set[str] = field(default_factory=set)


class Module:
    """One module of the rules: its functions, and what its names stand for."""

    def __init__(self, path: Path) -> None:
        parts = path.relative_to(RULES.parents[1]).with_suffix("").parts
        self.name = ".".join(parts).removesuffix(".__init__")
        self.family = path.relative_to(RULES).parts[0]
        self.tree = ast.parse(path.read_text())
        self.functions = {node.name: node for node in ast.walk(self.tree) if isinstance(node, ast.FunctionDef)}
        self._imported = {
            each.asname or each.name: f"{node.module}.{each.name}"
            for node in ast.walk(self.tree)
            if isinstance(node, ast.ImportFrom)
            for each in node.names
        }

    def calls(
        self, tree: ast.AST | None = None, scope: ast.FunctionDef | None = None
    ) -> Iterator[tuple[str, ast.Call, ast.FunctionDef | None]]:
        """Yield each call: what is called, the call, and the function that it stands in."""
        for node in ast.iter_child_nodes(tree or self.tree):
            if isinstance(node, ast.Call):
                yield self._called(node.func), node, scope
            yield from self.calls(node, node if isinstance(node, ast.FunctionDef) else scope)

    def _called(self, function: ast.expr) -> str:
        match function:
            case ast.Name(name):
                return f"{self.name}.{name}" if name in self.functions else self._imported.get(name, name)
            case ast.Attribute(ast.Name(base), name):
                return f"{self._imported.get(base, base)}.{name}"
        return ""


def names_in_code(parameter: str) -> Names:
    """Return what the rules hand to the first parameter of the draft's methods where it is called so: `rule`, `action`.

    A function that hands on a parameter of its own is followed to its callers.
    """
    modules = [Module(path) for path in sorted(RULES.rglob("*.py"))]
    (draft,) = (module for module in modules if module.name == "prismfs.rules.core.draft")
    # (what is called, the place of the argument, its name)
    known = {
        (f"draft.{name}", 0, parameter)
        for name, method in draft.functions.items()
        if [each.arg for each in method.args.args[:2]] == ["self", parameter] and not name.startswith("_")
    }
    names, done = Names(), set[tuple[str, int, str]]()
    while known - done:
        function, place, argument = min(known - done)
        done.add((function, place, argument))
        for module in modules:
            for called, call, scope in module.calls():
                if called != function:
                    continue
                for kind, text in _told(_handed(call, place, argument), scope):
                    if kind == "name":
                        names.found.setdefault(module.family, set()).add(text)
                    elif kind == "parameter" and scope is not None:
                        own = [each.arg for each in scope.args.args]
                        known.add((f"{module.name}.{scope.name}", own.index(text), text))
                    else:
                        names.untold.add(f"{module.name}:{call.lineno}: {text}")
    return names


def _handed(call: ast.Call, place: int, argument: str) -> ast.expr:
    by_name = [each.value for each in call.keywords if each.arg == argument]
    return by_name[0] if by_name else call.args[min(place, len(call.args) - 1)]


def _told(value: ast.expr, scope: ast.FunctionDef | None) -> Iterator[tuple[str, str]]:
    """Yield what an argument can be: names, the parameter of the function around it, or what cannot be told."""
    match value:
        case ast.Constant(str(text)):
            yield "name", re.escape(text)
        case ast.Starred():
            return  # what was named before is put back
        case ast.IfExp():
            yield from _told(value.body, scope)
            yield from _told(value.orelse, scope)
        case ast.JoinedStr():
            parts = (part.value if isinstance(part, ast.Constant) else None for part in value.values)
            yield "name", "".join(ANY if part is None else re.escape(str(part)) for part in parts)
        case ast.Name(name) if scope is not None and name in [each.arg for each in scope.args.args]:
            yield "parameter", name
        case ast.Name(name) if scope is not None and (values := list(_assigned(scope, name))):
            for each in values:
                yield from _told(each, scope)
        case _:
            yield "untold", ast.unparse(value)


def _assigned(scope: ast.FunctionDef, name: str) -> Iterator[ast.expr]:
    for node in (each for each in ast.walk(scope) if isinstance(each, ast.Assign)):
        for target in node.targets:
            if isinstance(target, ast.Name) and target.id == name:
                yield node.value
            elif isinstance(target, ast.Tuple) and isinstance(node.value, ast.Tuple):
                pairs = zip(target.elts, node.value.elts, strict=True)
                yield from (value for part, value in pairs if isinstance(part, ast.Name) and part.id == name)
