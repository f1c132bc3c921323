"""What is installed for development and CI is pinned, and the pins follow from pyproject.toml."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path
from typing import Any

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from packaging.version import Version

PIN = re.compile(r"^(\S+)==([^\s;]+)(?: ; [^\\]+)? \\\n((?:    --hash=sha256:[0-9a-f]{64}(?: \\)?\n)+)", re.MULTILINE)
STALE = "pyproject.toml and requirements/ differ: run make pins"


@pytest.fixture(scope="module")
def project(root: Path) -> dict[str, Any]:
    """The table `project` of pyproject.toml."""
    table: dict[str, Any] = tomllib.loads((root / "pyproject.toml").read_text())["project"]
    return table


def asked_for(project: dict[str, Any], *extras: str) -> dict[str, Requirement]:
    """Return what the package and some of its extras ask for, by name."""
    texts = [*project["dependencies"], *(text for extra in extras for text in project["optional-dependencies"][extra])]
    return {canonicalize_name(one.name): one for one in map(Requirement, texts) if one.name != project["name"]}


def pinned(root: Path, name: str) -> dict[str, Version]:
    """Return the versions of a file of pins, all of which have hashes."""
    text = (root / "requirements" / name).read_text()
    pins = {name: Version(number) for name, number, _ in PIN.findall(text)}
    assert len(pins) == text.count("==") - text.count(" == ")  # that many have a version, markers aside
    return pins


def test_pins_hold_what_pyproject_asks_for(root: Path, project: dict[str, Any]) -> None:
    pins = pinned(root, "dev.txt")
    asked = asked_for(project, "test", "dev")
    assert {name for name, one in asked.items() if pins.get(name) not in one.specifier} == set(), STALE


def test_lowest_pins_are_the_lower_bounds_of_pyproject(root: Path, project: dict[str, Any]) -> None:
    pins = pinned(root, "lowest.txt")
    bounds = {
        name: Version(specifier.version)
        for name, one in asked_for(project, "test").items()
        for specifier in one.specifier
        if specifier.operator == ">="
    }
    assert set(bounds) == set(asked_for(project, "test")), "a dependency has no lower bound"
    # A bound may name a version of which only a later patch was released.
    wrong = {
        name: (str(bound), str(pins[name]))
        for name, bound in bounds.items()
        if pins[name].release[:2] != bound.release[:2]
    }
    assert wrong == {}, STALE


def test_build_takes_the_setuptools_that_the_tests_have(root: Path, project: dict[str, Any]) -> None:
    """The package is built without isolation, with the pinned one."""
    build = tomllib.loads((root / "pyproject.toml").read_text())["build-system"]["requires"]
    assert [Requirement(one) for one in build] == [asked_for(project, "test")["setuptools"]]
