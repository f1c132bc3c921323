"""What follows from a kind's one value: path, reading, writing, facets, lifecycle."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import Literal

import pytest

from prismfs.errors import RecordError
from prismfs.kinds import DROPS, KINDS, kind_of_id, kind_of_path
from prismfs.kinds.work.todo import KIND as TODO
from prismfs.kinds.work.todo import Todo
from prismfs.records.api import Document, Kind, Record, derive_id

AT = datetime(2026, 3, 1, 10, 0, tzinfo=UTC)
ID = derive_id("tod", AT, cause="a")
RECORD = Todo(id=ID, title="rotate the key", owner="mayor", created_at=AT, status="open")
PATH = f"todos/2026-03/01/10/f/2/{ID}.yaml"


def test_write_then_read_gives_the_record_and_the_same_bytes() -> None:
    data = TODO.write(RECORD)
    assert TODO.read(data, path=PATH) == RECORD
    assert TODO.write(RECORD, old=data) == data
    assert data.startswith(
        b"# yaml-language-server: $schema=../../../../../../schemas/todo.schema.json\nkind: todo\nversion: 1\n"
    )


def test_write_over_an_edited_file_keeps_every_other_byte() -> None:
    """C-94: a change of status keeps what a person wrote around it."""
    edited = TODO.write(RECORD).replace(b"owner: mayor\n", b"# asked for by the auditors\nowner:   'mayor'\n")
    done = TODO.write(RECORD.changed(status="done"), old=edited)
    assert done == edited.replace(b"status: open", b"status: done")


@pytest.mark.parametrize(
    ("change", "code", "field"),
    [
        ({"owner": None}, "bad_field", "/owner"),
        ({"colour": "red"}, "unknown_field", "/colour"),
        ({"title": "-rf"}, "bad_field", "/title"),
        ({"title": "two\nlines"}, "bad_field", "/title"),
        ({"status": "maybe"}, "bad_field", "/status"),
        ({"created_at": "yesterday"}, "bad_field", "/created_at"),
        ({"version": 2}, "newer_version", "/version"),
        ({"version": "one"}, "bad_field", "/version"),
        ({"kind": "journal"}, "bad_field", "/kind"),
    ],
)
def test_record_bad_field_is_refused_by_name(change: dict[str, object], code: str, field: str) -> None:
    """C-96: an unknown key or value is refused with its path; nothing is dropped silently."""
    with pytest.raises(RecordError) as refused:
        TODO.record(RECORD.to_document() | change, path=PATH)  # type: ignore[arg-type]
    assert (refused.value.code, refused.value.problem.field, refused.value.problem.path) == (code, field, PATH)


@pytest.mark.parametrize("name", ["kind", "version", "id"])
def test_record_missing_head_is_refused(name: str) -> None:
    document = RECORD.to_document()
    del document[name]
    with pytest.raises(RecordError) as refused:
        TODO.record(document)
    assert (refused.value.code, refused.value.problem.field) == ("missing_field", f"/{name}")


def test_record_at_another_path_is_refused() -> None:
    with pytest.raises(RecordError) as refused:
        TODO.read(TODO.write(RECORD), path=PATH.replace("/10/", "/11/"))
    assert refused.value.code == "wrong_path"
    assert refused.value.problem.hint == f"move it to {PATH}"


def test_facets_are_read_by_their_dotted_paths() -> None:
    facets = TODO.facets_of(RECORD.to_document())
    assert (facets.id, facets.title, facets.status, facets.open, facets.owner) == (
        ID,
        "rotate the key",
        "open",
        True,
        "mayor",
    )
    assert facets.rank is None


def test_lifecycle_edge_that_is_not_there_is_refused() -> None:
    assert TODO.lifecycle is not None
    TODO.lifecycle.check("open", "done")
    TODO.lifecycle.check("done", "done")
    with pytest.raises(RecordError) as refused:
        TODO.lifecycle.check("done", "open")
    assert refused.value.code == "bad_transition"


@pytest.mark.parametrize("kind", KINDS.values(), ids=lambda kind: kind.name)
def test_kind_declares_a_whole_lifecycle_and_known_facets(kind: object) -> None:
    from prismfs.records.kind import Kind

    assert isinstance(kind, Kind)
    models = kind.models
    if kind.lifecycle is not None:
        states = set(kind.lifecycle.edges)
        assert kind.lifecycle.open <= states
        assert {after for edges in kind.lifecycle.edges.values() for after in edges} <= states
        declared = {state for model in models for state in model.model_json_schema()["properties"]["status"]["enum"]}
        assert declared == states
    aliases = {field.alias or name for model in models for name, field in model.model_fields.items()}
    assert {path.partition(".")[0] for paths in kind.facets.values() for path in paths.split("|")} <= aliases
    assert (kind.model.__doc__ or "").strip()


def test_kind_of_path_only_knows_places_of_records() -> None:
    assert kind_of_path(PATH) is TODO
    assert kind_of_path("prismfs.yaml") is KINDS["project"]
    assert kind_of_path("roster/sage.yaml") is KINDS["persona"]
    for path in ("todos/x.yaml", f"todos/{ID}.yaml", PATH.replace(".yaml", ".json"), "README.md", "roster/a/b.yaml"):
        assert kind_of_path(path) is None


def test_kind_of_id_unknown_prefix_is_refused() -> None:
    assert kind_of_id(ID) is TODO
    with pytest.raises(RecordError) as refused:
        kind_of_id("zzz-" + "0" * 26)
    assert refused.value.code == "unknown_kind"


def test_drops_name_their_own_kind() -> None:
    for name, form in DROPS.items():
        assert form.model_json_schema()["properties"]["kind"]["const"] == name


class Memo(Record):
    """A made-up kind in its third form: `about` was called `topic`, and `tags` was one text."""

    kind: Literal["memo"] = "memo"
    version: Literal[3] = 3  # type: ignore[assignment]
    name: str
    about: str
    tags: tuple[str, ...] = ()


def _with_about(document: Document) -> Document:
    return {"about" if name == "topic" else name: value for name, value in document.items()}


def _with_tags(document: Document) -> Document:
    return document | {"tags": [*str(document["tags"]).split()]}


MEMO = Kind(
    name="memo",
    model=Memo,
    folder="memos",
    format="yaml",
    layout="named",
    writers=frozenset({"person"}),
    upgrades=(_with_about, _with_tags),
)
OLDEST = b"kind: memo\nversion: 1\nname: m\n# why\ntopic: disks\ntags: a b\n"


def test_upgrades_lead_step_by_step_to_todays_form_as_a_file_is_read() -> None:
    memo = MEMO.read(OLDEST, path="memos/m.yaml")
    assert memo == Memo(name="m", about="disks", tags=("a", "b"))
    middle = OLDEST.replace(b"version: 1", b"version: 2").replace(b"topic", b"about")
    assert MEMO.read(middle, path="memos/m.yaml") == memo
    assert MEMO.read(MEMO.write(memo), path="memos/m.yaml") == memo


def test_upgrade_is_written_with_the_next_change_and_keeps_what_a_person_wrote() -> None:
    """C-94."""
    written = MEMO.write(MEMO.read(OLDEST, path="memos/m.yaml"), old=OLDEST)
    assert b"version: 3\n" in written
    assert b"# why\n" in written
    assert b"topic" not in written


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ((b"version: 1", b"version: 4"), "newer_version"),
        ((b"tags: a b\n", b""), "bad_field"),
        ((b"topic: disks", b"topic: []"), "bad_field"),
        ((b"version: 1", b"version: 0"), "bad_field"),
    ],
)
def test_file_that_no_upgrade_makes_todays_is_refused(change: tuple[bytes, bytes], code: str) -> None:
    with pytest.raises(RecordError) as refused:
        MEMO.read(OLDEST.replace(*change), path="memos/m.yaml")
    assert refused.value.code == code
    assert (code == "newer_version") == ("upgrade prismfs" in str(refused.value))


def test_upgrade_of_a_kind_whose_bytes_are_hashed_is_a_mistake() -> None:
    with pytest.raises(AssertionError):
        replace(MEMO, chained=True)


@pytest.mark.parametrize("kind", KINDS.values(), ids=lambda kind: kind.name)
def test_model_says_the_version_that_its_upgrades_lead_to(kind: Kind) -> None:
    assert {model.model_fields["version"].default for model in (kind.model, *kind.variants)} == {kind.version}
