"""Every kind under one contract: what its one value declares holds together, and is enough to list and to check."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from pydantic import BaseModel

from prismfs.cli import run
from prismfs.clock import SystemClock
from prismfs.engine.admin.init_project import init_project
from prismfs.kinds import DROPS, KINDS, form_of, kind_of, kind_of_path
from prismfs.kinds.core.settings.project import Project
from prismfs.records.api import Kind
from prismfs.schema import schema_files

every_kind = pytest.mark.parametrize("kind", KINDS.values(), ids=lambda kind: kind.name)


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A new project."""
    root = tmp_path_factory.mktemp("kinds") / "desk"
    init_project(root, project=Project(pid="PID-DESK01", tenant="local", operators=("olga",)), now=SystemClock().now())
    return root


def members(model: type[BaseModel]) -> Iterator[str]:
    """Yield the dotted paths of a model's members, as its JSON Schema names them."""
    schema = model.model_json_schema(by_alias=True)

    def walk(part: dict[str, Any], prefix: str) -> Iterator[str]:
        for found in (part, *part.get("anyOf", ())):
            target = schema["$defs"][found["$ref"].rpartition("/")[2]] if "$ref" in found else found
            for name, below in target.get("properties", {}).items():
                yield f"{prefix}{name}"
                if prefix.count(".") < 2:
                    yield from walk(below, f"{prefix}{name}.")

    yield from walk(schema, "")


def test_no_two_kinds_share_a_place_an_id_or_a_word() -> None:
    for taken in (
        [kind.folder for kind in KINDS.values()],
        [kind.prefix for kind in KINDS.values() if kind.prefix],
        [model for kind in KINDS.values() for model in (kind.model, *kind.variants)],
    ):
        assert [each for each, times in Counter(taken).items() if times > 1] == []


@every_kind
def test_facets_and_columns_are_members_of_the_model(kind: Kind) -> None:
    known = {path for model in kind.models for path in members(model)}
    named = {path for paths in kind.facets.values() for path in paths.split("|")} | set(kind.listing)
    assert named - known == set()


@every_kind
def test_kind_is_found_by_its_model_and_by_its_path(kind: Kind) -> None:
    assert all(kind_of(model) is kind for model in (kind.model, *kind.variants))
    if kind.layout == "single":
        assert kind_of_path(kind.folder) is kind
    elif kind.layout == "named":
        assert kind_of_path(kind.path_of("a-name")) is kind
    else:
        assert kind_of_path(kind.path_of(f"{kind.prefix}-01m0000000aaaaaaaaaaaaaaaa")) is kind


@every_kind
def test_what_agents_may_write_they_may_drop(kind: Kind) -> None:
    """`drop` and `writers` say the same, but for beads: two forms of other words make them."""
    if kind.name != "bead":
        assert ("agent" in kind.writers) == (kind.drop is not None)
    if kind.drop is not None:
        assert DROPS[kind.name] is kind.drop


@every_kind
def test_kind_has_its_schemas(kind: Kind) -> None:
    assert {f"{kind.name}.schema.json"} | {f"drop-{word}.schema.json" for word in DROPS} <= set(schema_files())


@every_kind
def test_kind_can_be_listed_with_every_filter_that_it_has(
    kind: Kind, project: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    states = ("x",) if kind.lifecycle is None else tuple(kind.lifecycle.edges)
    values = {"open": (), "severity": ("P1",), "status": states[:1]}
    options = [part for name in kind.filters for part in (f"--{name}", *values.get(name, ("x",)))]
    assert run(["-C", str(project), "list", kind.name, *options, "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["data"]["total"] == 0 or not options
    assert run(["-C", str(project), "list", kind.name]) == 0
    for name in {"status", "open", "severity", "owner", "ref"} - set(kind.filters):
        assert run(["-C", str(project), "list", kind.name, f"--{name}", *values.get(name, ("x",))]) == 2


def test_kind_that_is_not_there_is_refused_with_the_nearest(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["-C", str(project), "list", "incidnet"]) == 2
    assert "did you mean incident?" in capsys.readouterr().err


@pytest.mark.parametrize("word", DROPS)
def test_form_is_found_by_its_word(word: str) -> None:
    with pytest.raises(Exception, match=r"missing|required"):
        form_of({"kind": word, "version": 1})
