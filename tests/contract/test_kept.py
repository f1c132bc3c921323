"""What is kept beside a record or a projection never answers for another state."""

from __future__ import annotations

import json

from prismfs.kinds import KINDS, kind_of
from prismfs.kinds.core.settings.policy import Policy
from prismfs.kinds.response.incident import Incident
from prismfs.records.api import codec
from prismfs.store.listing import COLUMNS
from prismfs.store.projection import Projection
from prismfs.store.rows import rows_in, rows_of
from tests.support.project import Project


def with_intake(policy: Policy, name: str) -> dict[str, bytes]:
    return {kind_of(policy).folder: kind_of(policy).write(policy.changed(intake=(name,)))}


def test_settings_are_those_of_the_commit_that_another_process_brought_along(bench: Project) -> None:
    repo = bench.desk.repo
    view = repo.view(repo.snapshot())
    before = view.single(Policy)
    bench.force(with_intake(before, "Gwen"))
    other = Projection(repo.state / "projection.sqlite")
    other.bring_to(bench.truth(), repo.git)
    other.close()
    assert view.head == bench.truth(), "nothing is left for this one to bring along"
    assert repo.view(repo.snapshot()).single(Policy).intake == ("Gwen",)


def test_settings_of_an_overlay_are_forgotten_with_it(bench: Project) -> None:
    repo = bench.desk.repo
    before = repo.view(repo.snapshot()).single(Policy)
    (path, data), *_ = with_intake(before, "Gwen").items()
    with repo.overlay(repo.snapshot()) as view:
        assert view.single(Policy) == before
        view._put(view._take(kind_of(before), path, data))
        assert view.single(Policy).intake == ("Gwen",)
    assert repo.view(repo.snapshot()).single(Policy) == before


def test_the_rows_of_the_writer_are_those_of_the_slow_reader(bench: Project, signals: dict[str, str]) -> None:
    """Each row was made of the record that was decided; a projection from nothing makes it of the file."""
    bench.drop(signals["incident"])
    bench.turn()
    repo = bench.desk.repo
    repo.view(repo.snapshot())
    anew = Projection(None)
    anew.bring_to(bench.truth(), repo.git)
    query = "SELECT * FROM record ORDER BY path"
    kept = repo.view(repo.snapshot()).connection.execute(query).fetchall()
    assert kept == anew.connection.execute(query).fetchall()
    anew.close()


def test_what_a_record_keeps_is_its_own(bench: Project, signals: dict[str, str]) -> None:
    bench.drop(signals["incident"])
    bench.turn()
    (incident,) = bench.records("incident")
    fresh = Incident.model_validate(incident.to_document())
    kind = kind_of(incident)
    data, values = kind.write(incident), *rows_of(incident)
    assert incident == fresh
    assert hash(incident.id) == hash(fresh.id)
    assert incident.document == fresh.to_document() == json.loads(str(values[COLUMNS.index("document")]))
    assert data == kind.encode(fresh.to_document()) == kind.write(fresh)
    assert [values] == rows_in(kind, kind.place_of(fresh), fresh.to_document(), None, kind.version)
    changed = incident.changed(title="another")
    assert (changed.document["title"], incident.document["title"]) == ("another", incident.title)
    assert b"another" in kind.write(changed)
    assert rows_of(changed) != [values]
    assert codec.parse(data, format=kind.format) == fresh.to_document()


def test_no_field_is_called_as_what_records_keep() -> None:
    models = [model for kind in KINDS.values() for model in (kind.model, *kind.variants)]
    assert not [model for model in models if {"document", "once"} & model.model_fields.keys()]
