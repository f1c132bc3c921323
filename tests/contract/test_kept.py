"""What is kept beside a record or a projection never answers for another state."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import timedelta

import pytest

from prismfs.kinds import KINDS, kind_of
from prismfs.kinds.core.outbox import Outbox
from prismfs.kinds.core.settings.policy import Policy
from prismfs.kinds.escalation.silence import Silence
from prismfs.kinds.response.incident import Incident
from prismfs.records.api import Plan, View, codec
from prismfs.records.view import GENESIS
from prismfs.store.listing import COLUMNS
from prismfs.store.memory import MemoryView
from prismfs.store.projection import Projection
from prismfs.store.rows import put_rows, rows_in, rows_of
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
        put_rows(view._connection, view._take(kind_of(before), path, data))
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


def plans_of(bench: Project, signals: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> list[Plan]:
    """Return the plans of a turn over each of the signals twice, in order."""
    plans, add = list[Plan](), Projection.add

    def note(view: Projection, plan: Plan) -> None:
        plans.append(plan)
        add(view, plan)

    with monkeypatch.context() as watched:
        watched.setattr(Projection, "add", note)
        for signal in (*signals.values(), *signals.values()):
            bench.drop(signal)
        bench.turn()
    assert len(plans) > len(signals)
    return plans


def asked_about(view: View, plans: list[Plan]) -> dict[str, object]:
    """Ask a view what rules ask about each record of the plans."""
    found: dict[str, object] = {"silences": tuple(view.open_of(Silence)), "policy": view.single(Policy)}
    for put in (put for plan in plans for put in plan.puts if kind_of(put).row is None):
        kind, model = kind_of(put), kind_of(put).models[0]
        facets = kind.facets_of(put.document)
        found[f"get {facets.id}"] = view.get(model, facets.id)
        found[f"newer {facets.id}"] = view.is_newer(model, facets.id)
        for name in filter(None, (facets.key, facets.ref, facets.owner)):
            found[f"open {kind.name} {name}"] = view.open_with_key(model, name)
            found[f"latest {kind.name} {name}"] = view.latest_with_key(model, name)
            found[f"all {kind.name} {name}"] = tuple(view.all_with_key(model, name))
            found[f"ref {kind.name} {name}"] = tuple(view.with_ref(model, name))
            found[f"owner {kind.name} {name}"] = tuple(view.latest_of(model, name, (facets.status,), 3))
    return found


def test_what_was_asked_before_a_plan_is_answered_anew_after_it(
    bench: Project, signals: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    repo, base = bench.desk.repo, bench.desk.repo.snapshot()
    files = bench.files()
    plans = plans_of(bench, signals, monkeypatch)
    repo.follow(repo.snapshot(), base.commit)  # back, so that the truth has none of them
    slow = MemoryView(files)
    before = asked_about(slow, plans)
    assert asked_about(repo.view(base), plans) == before
    with repo.overlay(base) as quick:
        for plan in plans:
            quick.add(plan)
            slow.add(plan)
            assert asked_about(quick, plans) == asked_about(slow, plans)
    assert asked_about(repo.view(base), plans) == before


def test_a_message_about_another_record_now_is_found_there(
    bench: Project, signals: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    (*_, plan) = plans_of(bench, signals, monkeypatch)
    (message, *_), repo = bench.records("outbox"), bench.desk.repo
    assert isinstance(message, Outbox)
    moved = replace(plan, puts=(message.changed(about="bea-" + "0" * 26),))

    def found(view: View) -> list[bool]:
        there = view.get(Outbox, message.id)
        assert there is not None
        return [message.id in {one.id for one in view.with_ref(Outbox, name)} for name in (message.about, there.about)]

    assert found(repo.view(repo.snapshot())) == [True, True]
    with repo.overlay(repo.snapshot()) as view:
        view.add(moved)
        assert found(view) == [False, True]
    assert found(repo.view(repo.snapshot())) == [True, True]
    with repo.writer():
        repo.apply([moved], base=repo.snapshot())
    assert found(repo.view(repo.snapshot())) == [False, True], "no overlay has made this plan"


def test_rows_that_wait_answer_as_those_in_the_tables_do(
    bench: Project, signals: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    repo, base = bench.desk.repo, bench.desk.repo.snapshot()
    plans = plans_of(bench, signals, monkeypatch)
    settled = Projection(None)
    with settled.overlay(base.commit, repo.git) as slow, repo.overlay(base) as quick:
        for plan in plans:
            assert not quick.handled(plan.cause)
            for view in (slow, quick):
                view.add(plan)
            assert slow.connection is not None  # a listing may be asked for of it: nothing waits any more
            assert quick.last_audit() == slow.last_audit() != GENESIS
            assert quick.handled(plan.cause)
            for put in plan.puts:
                kind, name = kind_of(put), kind_of(put).name_of(put)
                assert quick.holds(kind, kind.place_of(put)) is (kind.row is None)
                found = [(one.get(kind.models[0], name), one.get(Incident, name)) for one in (quick, slow)]
                assert found[0] == found[1]
        owners = {(put.about, put.channel) for plan in plans for put in plan.puts if isinstance(put, Outbox)}
        assert owners
        for about, channel in owners:
            assert quick.with_ref(Outbox, about) == slow.with_ref(Outbox, about) != ()
            assert quick.latest_of(Outbox, channel, ("pending",), 9) == slow.latest_of(Outbox, channel, ("pending",), 9)
        later = bench.clock.now() + timedelta(days=1)
        assert quick.due_before(later, 99) == slow.due_before(later, 99) != ()
        assert quick.due_before(later, 99, of=Outbox) == slow.due_before(later, 99, of=Outbox)
        assert quick.next_due() == slow.next_due()
        query = "SELECT * FROM record ORDER BY path"
        assert quick.connection.execute(query).fetchall() == slow.connection.execute(query).fetchall()
    assert repo.view(base).last_audit() == GENESIS, "what the overlay took is forgotten"
    settled.close()
