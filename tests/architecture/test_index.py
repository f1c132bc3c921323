"""Where kinds and rules are declared is written from the tree, and is what the tree says. Mended with: make index."""

from __future__ import annotations

from pathlib import Path

import prismfs.kinds
import prismfs.rules
from prismfs.kinds import DROPS, KINDS, index, kind_of
from prismfs.records.registry import path_of
from prismfs.rules import STEPS, TABLE
from prismfs.rules import index as rules
from release.index import kinds_index, modules_of, rules_index, word_of


def test_index_of_kinds_is_what_the_modules_declare() -> None:
    assert Path(index.__file__).read_text() == kinds_index()


def test_index_of_rules_is_what_the_modules_declare() -> None:
    assert Path(rules.__file__).read_text() == rules_index()


def test_every_kind_and_form_of_a_module_is_met_by_its_name_and_its_model() -> None:
    """The slow way: all modules are imported."""
    modules = list(modules_of(prismfs.kinds))
    kinds = [module.KIND for module in modules if hasattr(module, "KIND")]
    assert list(KINDS.values()) == kinds
    for kind in kinds:
        assert [kind_of(model) for model in (kind.model, *kind.variants, kind.row) if model] == [kind] * (
            1 + len(kind.variants) + (kind.row is not None)
        )
    forms = [kind.drop for kind in kinds if kind.drop]
    forms += [form for module in modules for form in getattr(module, "FORMS", ())]
    assert {word_of(form): form for form in forms} == dict(DROPS)


def test_every_row_and_step_of_a_module_is_met() -> None:
    modules = list(modules_of(prismfs.rules))
    rows = {key: row for module in modules for key, row in getattr(module, "TABLE", {}).items()}
    assert dict(TABLE) == rows
    steps = [step for module in modules for step in getattr(module, "STEPS", ())]
    assert sum(map(len, STEPS.values())) == len(steps)
    for step in steps:  # of several that answer one value, the order of the modules is that of the tree
        assert STEPS[path_of(step.answers)] == tuple(one for one in steps if one.answers is step.answers)
