"""Versions of kinds: what the shipped files say, what an upgrade changes in them, and the rules beside them."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest
from pydantic import create_model

from prismfs.kinds import KINDS, kind_of_path
from prismfs.records import codec
from prismfs.records.api import Kind
from prismfs.rules import RULES_VERSION
from prismfs.store.defaults import default_files

SHIPPED = [(kind, path, data) for path, data in default_files().items() if (kind := kind_of_path(path)) is not None]


@pytest.mark.parametrize(("kind", "path", "data"), SHIPPED, ids=[path for _, path, _ in SHIPPED])
def test_shipped_file_is_of_todays_version(kind: Kind, path: str, data: bytes) -> None:
    assert codec.parse(data, format=kind.format, path=path)["version"] == kind.version


@pytest.mark.parametrize(("kind", "path", "data"), SHIPPED, ids=[path for _, path, _ in SHIPPED])
def test_upgrade_that_changes_nothing_else_changes_the_version_line_alone(kind: Kind, path: str, data: bytes) -> None:
    later = raised(kind)
    written = later.write(later.read(data, path=path), old=data)
    line = rf"(?m)^(\W*version\W+){kind.version}\b".encode()
    assert len(re.findall(line, data)) == 1
    assert written == re.sub(line, rb"\g<1>%d" % later.version, data)


def raised(kind: Kind) -> Kind:
    """Return the kind in a next version whose form is the same."""
    version = kind.version + 1
    model, *variants = (
        create_model(model.__name__, __base__=model, version=(int, version)) for model in (kind.model, *kind.variants)
    )
    return replace(kind, model=model, variants=tuple(variants), upgrades=(*kind.upgrades, dict))


@pytest.mark.parametrize("kind", KINDS.values(), ids=lambda kind: kind.name)
def test_version_of_a_kind_is_not_above_that_of_the_rules(kind: Kind) -> None:
    said = f"{kind.name} is of version {kind.version}: raise RULES_VERSION with it (docs/versions.md)"
    assert kind.version <= RULES_VERSION, said
