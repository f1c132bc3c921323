"""The roster's entries as keys: of engines, of people, and of operators as the project's own file names them."""

import pytest

from prismfs.errors import RecordError
from prismfs.kinds.core.settings import persona
from prismfs.kinds.core.settings.persona import Persona
from prismfs.kinds.core.settings.project import Project
from prismfs.proof.key_ring import Holder
from prismfs.proof.roster import ring_of
from prismfs.records.api import Document, JsonValue
from prismfs.store.defaults import default_files
from tests.support.signed_desk import line_of

ENGINE: Document = {
    "kind": "persona", "version": 1, "identity": "desk-a", "class": "engine", "role": "engine",
    "title": "the engine of desk-a", "keys": [line_of("desk-a")], "clone": "desk-a",
}  # fmt: skip
PERSON: Document = {
    "kind": "persona", "version": 1, "identity": "Clara", "role": "operator", "title": "Clara",
    "keys": [line_of("clara"), line_of("clara at home")],
}  # fmt: skip
RSA = "ssh-rsa AAAAB3NzaC1yc2EAAAADAQABAAAAgQC7"


def made(document: Document, **changes: JsonValue) -> Persona:
    changed: Document = {name: value for name, value in {**document, **changes}.items() if value is not None}
    return Persona.from_document(changed)


def project(trust: str = "signed") -> Project:
    return Project.from_document(
        {"kind": "project", "version": 1, "pid": "PID-TEST01", "tenant": "acme", "trust": trust, "operators": ["clara"]}
    )


def test_ring_of_a_roster_names_engines_operators_and_others() -> None:
    pat = made(PERSON, identity="pat", keys=[line_of("pat")])
    ring = ring_of((made(ENGINE), made(PERSON), pat), project())
    assert ring.holder_of(line_of("desk-a")) == Holder("engine", "desk-a", "roster/desk-a.yaml")
    assert ring.holder_of(line_of("clara at home")) == Holder("person", "Clara", "roster/clara.yaml", operator=True)
    assert ring.holder_of(line_of("pat")) == Holder("person", "pat", "roster/pat.yaml")
    assert ring.holder_of(line_of("mallory")) is None
    assert not ring.engine_vouches
    assert ring_of((), project("local")).engine_vouches


def test_ring_of_a_project_that_cannot_be_read_has_no_operators() -> None:
    ring = ring_of((made(ENGINE), made(PERSON)), None)
    assert ring.holder_of(line_of("clara")) == Holder("person", "Clara", "roster/clara.yaml")
    assert not ring.engine_vouches


def test_engine_named_as_an_operator_is_none() -> None:
    """Else an engine's key could change protected files as a person does."""
    holder = ring_of((made(ENGINE, identity="clara"),), project()).holder_of(line_of("desk-a"))
    assert holder == Holder("engine", "clara", "roster/clara.yaml", operator=False)


@pytest.mark.parametrize("other", ["engine", "person"])
def test_key_that_stands_twice_is_nobodys(other: str) -> None:
    second = made(ENGINE, identity="desk-b") if other == "engine" else made(PERSON, keys=[line_of("desk-a")])
    assert ring_of((made(ENGINE), second), project()).holders == {}


def test_persona_of_class_engine_is_a_key_of_a_clone() -> None:
    entry = made(ENGINE, compromised_since="a" * 40)
    assert persona.KIND.read(persona.KIND.write(entry), path="roster/desk-a.yaml") == entry
    assert ring_of((made(ENGINE, keys=[]),), project()).holders == {}
    wrong: list[Document] = [
        {"clone": None},
        {"keys": [], "compromised_since": "a" * 40},
        {"role": "tester"},
        {"logins": ["desk"]},
        {"keys": [line_of("a"), line_of("b")]},
        {"keys": [RSA]},
        {"authority": ["*"]},
        {"compromised_since": "HEAD"},
        {"class": "project"},
    ]
    for changes in wrong:
        with pytest.raises(RecordError):
            made(ENGINE, **changes)
    with pytest.raises(RecordError):
        made(PERSON, compromised_since="a" * 40)


def test_personas_that_ship_are_written_without_the_fields_of_an_engine() -> None:
    shipped = {path: data for path, data in default_files().items() if persona.KIND.owns(path)}
    assert len(shipped) > 3
    for path, data in shipped.items():
        written = persona.KIND.write(persona.KIND.read(data, path=path))
        assert b"clone" not in written
        assert b"compromised" not in written
