"""Writes where kinds and rules are declared, so that each is imported when it is met: `make index` calls it.

`python -m release.index` writes `prismfs/kinds/index.py` and `prismfs/rules/index.py` from the modules of the families.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from importlib import import_module
from pathlib import Path
from pkgutil import walk_packages
from types import ModuleType
from typing import get_args

import prismfs.kinds
import prismfs.rules
from prismfs.records.base import Value
from prismfs.records.kind import Kind
from prismfs.records.registry import path_of
from prismfs.rules.core.road import Step

_WRITTEN = "Written by `make index`: do not edit."

_KINDS_HEAD = f'''"""Where each kind of record and each form is declared. {_WRITTEN}"""

from typing import NamedTuple


class Place(NamedTuple):
    """The module of a kind, and what of it is looked up before the module is imported."""

    module: str
    folder: str
    prefix: str | None
    protected: bool


'''
_RULES_HEAD = f'''"""Which module has the row of an event, which the steps for a value. {_WRITTEN}"""

'''
_MODELS = '"""Kinds by the models of their records."""\n\n'


def modules_of(package: ModuleType) -> Iterator[ModuleType]:
    """Yield every module of every family, by name, so that the order is the same on every machine."""
    for name in sorted(found.name for found in walk_packages(package.__path__, f"{package.__name__}.")):
        yield import_module(name)


def kinds_index() -> str:
    """Return the source of `prismfs/kinds/index.py`."""
    places, models, drops = list[str](), list[str](), list[str]()
    for module in modules_of(prismfs.kinds):
        kind: Kind | None = getattr(module, "KIND", None)
        forms: list[type[Value]] = list(getattr(module, "FORMS", ()))
        if kind is not None:
            prefix = "None" if kind.prefix is None else f'"{kind.prefix}"'
            row = f'"{_below(module)}", "{kind.folder}", {prefix}, {kind.protected}'
            places.append(f'    "{kind.name}": Place({row}),\n')
            named = [one for one in (kind.model, *kind.variants, kind.row) if one]
            models += [f'    "{path_of(model)}": "{kind.name}",\n' for model in named]
            forms += [kind.drop] if kind.drop else []
        drops += [f'    "{word_of(form)}": "{path_of(form)}",\n' for form in forms]
    return (
        _KINDS_HEAD
        + _table("KINDS: dict[str, Place]", places)
        + "\n"
        + _table("MODELS", models)
        + _MODELS
        + _table("DROPS", drops)
    )


def rules_index() -> str:
    """Return the source of `prismfs/rules/index.py`."""
    rows, steps = list[str](), dict[str, list[str]]()
    for module in modules_of(prismfs.rules):
        rows += [f'    ("{of}", "{kind}"): "{_below(module)}",\n' for of, kind in getattr(module, "TABLE", ())]
        found: Iterable[Step] = getattr(module, "STEPS", ())
        for path in dict.fromkeys(path_of(step.answers) for step in found):
            steps.setdefault(path, []).append(_below(module))
    said = [f'    "{path}": {json.dumps(names)},\n' for path, names in steps.items()]
    return _RULES_HEAD + _table("ROWS", rows) + "\n" + _table("ANSWERS", said)


def word_of(form: type[Value]) -> str:
    """Return the `kind` that files of this form give."""
    (word,) = get_args(form.model_fields["kind"].annotation)
    return str(word)


def _below(module: ModuleType) -> str:
    """Return the name of a module below its package: `work.bead`."""
    return module.__name__.split(".", 2)[2]


def _table(name: str, rows: Sequence[str]) -> str:
    twice = [key for key, count in Counter(row.partition(": ")[0].strip() for row in rows).items() if count > 1]
    assert not twice, f"declared by two modules: {twice}"
    return f"{name} = {{\n{''.join(rows)}}}\n"


if __name__ == "__main__":
    for package, source in ((prismfs.kinds, kinds_index()), (prismfs.rules, rules_index())):
        Path(package.__path__[0], "index.py").write_text(source)
