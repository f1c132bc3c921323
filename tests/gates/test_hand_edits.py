"""Artifacts in commits that people make: words that change open the gate again, all else is put back (C-122)."""

from __future__ import annotations

from typing import Any

import pytest

from prismfs.engine.trust.proposals import contradicted
from prismfs.kinds import kind_of
from prismfs.kinds.gates.artifact import Artifact, content_hash
from prismfs.records.api import derive_id
from prismfs.rules.gates import progress
from prismfs.store.git.history import read_commits
from tests.support.gates import Response

ALL = ("INC-1", "INC-2", "INC-3", "INC-4", "INC-5", "INC-6")


def one_byte(record: Any) -> str:
    text: str = record.body.replace("jade reports it", "Jade reports it")
    assert text != record.body
    return text


def test_one_byte_of_an_approved_triage_opens_its_gate_and_makes_the_rest_stale(response: Response) -> None:
    """C-122: gate 1 is open again and INC-2 to INC-6 are stale."""
    response.pass_gate(*ALL)
    old = response.newest("INC-1")
    response.edit(old, body=one_byte(old))
    new = response.newest("INC-1")
    assert (new.id, new.status, new.decision, new.reads) == (old.id, "presented", None, old.reads)
    assert new.content_hash == new.digest() != old.content_hash
    assert response.states() == {"INC-1": "presented"} | dict.fromkeys(ALL[1:], "stale")
    (row,) = response.rows("phase.reopened")
    assert (row.level, row.meta["editors"], row.meta["code"]) == ("warn", ["pat"], None)
    assert len(response.rows("phase.stale")) == 5
    assert response.refused(lambda: response.submit("INC-2")).code == "phase_out_of_order"
    assert response.bench.problems() == ()


def test_who_edited_it_by_a_commit_does_not_approve_it(response: Response) -> None:
    response.edit(next(iter(response.bench.records("project"))), operators=("olga", "pat"))
    response.pass_gate("INC-1")
    response.edit(response.newest("INC-1"), body=one_byte(response.newest("INC-1")))
    assert response.newest("INC-1").editors == ("pat",)
    assert response.refused(lambda: response.approve("INC-1", by="pat")).code == "self_approval"
    response.approve("INC-1", by="olga")


@pytest.mark.parametrize(
    "changes",
    [
        {"status": "approved"},
        {"author": "somebody"},
        {"revision": 7, "number": 3},
        {"content_hash": "0" * 64},
        {"status": "superseded"},
        {"editors": ("x",), "phase": "INC-2"},
    ],
)
def test_what_only_prismfs_writes_is_put_back(response: Response, changes: dict[str, Any]) -> None:
    """A status that somebody wrote into the file decides nothing."""
    response.submit("INC-1")
    old = response.newest("INC-1")
    response.edit(old, **changes)
    (row,) = response.rows("phase.restored")
    assert row.level == "warn"
    assert response.of("INC-1") == [old]
    assert response.refused(lambda: response.submit("INC-2")).code == "phase_out_of_order"
    assert response.bench.problems() == ()


def test_comment_in_the_file_is_no_edit_of_the_artifact(response: Response) -> None:
    response.submit("INC-1")
    old, bench = response.newest("INC-1"), response.bench
    path = kind_of(old).place_of(old)
    bench.edit_by_hand(files={path: bench.files()[path] + b"# read\n"})
    assert [outcome.event.kind for outcome in bench.turn()] == ["any"]
    assert response.of("INC-1") == [old]


def test_status_and_words_changed_together_are_at_the_gate(response: Response) -> None:
    response.submit("INC-1")
    old = response.newest("INC-1")
    body = one_byte(old)
    digest = old.changed(body=body).digest()
    response.edit(old, body=body, status="approved", content_hash=digest, author="nobody")
    new = response.newest("INC-1")
    assert (new.status, new.author, new.content_hash) == ("presented", "gwen", digest)


def test_two_commits_before_anybody_looks_are_no_way_around(response: Response) -> None:
    """The second commit leaves everything as the first one forged it."""
    response.submit("INC-1")
    bench, old = response.bench, response.newest("INC-1")
    kind = kind_of(old)
    with bench.desk.repo.writer():
        bench.desk.repo.bring_window()
    forged = old.changed(status="approved")
    bench.commit_by_hand({kind.place_of(old): kind.write(forged)})
    bench.commit_by_hand({kind.place_of(old): kind.write(forged) + b"# looks fine\n"})
    bench.turn()
    assert response.newest("INC-1").status == "presented"
    assert bench.problems() == ()


def test_approved_in_the_file_alone_is_not_settled(response: Response) -> None:
    """Nobody has looked at the commit yet: without a row of the decision an approval counts for nothing."""
    response.submit("INC-1")
    bench, old = response.bench, response.newest("INC-1")
    view = bench.desk.repo.view(bench.desk.repo.snapshot())
    assert not progress.is_done(view, old.changed(status="approved"))
    response.approve("INC-1")
    view = bench.desk.repo.view(bench.desk.repo.snapshot())
    assert progress.is_done(view, response.newest("INC-1"))
    other = response.newest("INC-1").changed(body="other")
    assert not progress.is_done(view, other)
    assert not progress.is_done(view, other.changed(content_hash=other.digest()))


def test_edit_of_a_revision_that_is_over_changes_no_gate(response: Response) -> None:
    response.submit("INC-1")
    response.submit("INC-1", response.text("INC-1").replace("40", "41"))
    response.approve("INC-1")
    old = response.of("INC-1")[0]
    response.edit(old, body=one_byte(old))
    assert [one.status for one in response.of("INC-1")] == ["superseded", "approved"]
    assert len(response.rows("phase.edited")) == 1
    assert response.bench.problems() == ()


def test_edit_that_fits_no_section_any_more_cannot_be_approved(response: Response) -> None:
    response.pass_gate("INC-1")
    response.edit(response.newest("INC-1"), body="nothing of it")
    (row,) = response.rows("phase.reopened")
    assert (row.meta["code"], response.newest("INC-1").status) == ("bad_section_value", "presented")
    assert response.refused(lambda: response.approve("INC-1")).code == "bad_section_value"


def test_edit_of_what_needs_no_gate_holds_if_it_fits(response: Response) -> None:
    response.pass_gate("INC-1", "INC-2", "INC-3")
    response.edit(response.newest("INC-3"), body=response.newest("INC-3").body.replace("12:30Z", "13:30Z"))
    assert response.newest("INC-3").status == "submitted"
    response.edit(response.newest("INC-3"), body="nothing of it")
    assert response.newest("INC-3").status == "stale"
    assert response.refused(lambda: response.submit("INC-4")).code == "phase_out_of_order"
    assert response.bench.problems() == ()


def test_stale_artifact_that_is_edited_stays_stale(response: Response) -> None:
    response.pass_gate("INC-1", "INC-2")
    response.edit(response.newest("INC-1"), body=one_byte(response.newest("INC-1")))
    response.edit(response.newest("INC-2"), body=response.newest("INC-2").body.replace("12 → 0", "13 → 0"))
    assert response.newest("INC-2").status == "stale"


def test_artifact_that_is_removed_or_broken_by_hand_stays(response: Response) -> None:
    response.pass_gate("INC-1")
    bench, old = response.bench, response.newest("INC-1")
    place = kind_of(old).place_of(old)
    for data, code in ((None, "record_removed"), (b"kind: [\n", "syntax")):
        with bench.desk.repo.writer():
            bench.desk.repo.bring_window()
        bench.commit_by_hand({place: data})
        bench.turn()
        assert response.rows("commit.observed")[-1].meta["refused"] == {place: code}
        assert response.newest("INC-1") == old
    assert bench.problems() == ()


def written(response: Response, phase: str, body: str, **changes: Any) -> Artifact:
    """Return an artifact as somebody writes it into a file of their own."""
    digest = content_hash(about=response.about, workflow="incident", phase=phase, number=1, body=body, findings=())
    fields = {
        "id": derive_id("art", response.bench.clock.now(), cause=f"by hand {phase}"),
        "about": response.about, "workflow": "incident", "phase": phase, "title": "mine", "author": "hugo",
        "status": "approved", "content_hash": digest, "submitted_at": response.bench.clock.now(), "body": body,
    }  # fmt: skip
    return Artifact.model_validate(fields | changes)


def test_artifact_that_a_commit_brings_is_submitted_by_it(response: Response) -> None:
    """R-003-28: opening a phase is committing its artifact; that it says approved is not believed."""
    made = written(response, "INC-1", response.text("INC-1"))
    response.bench.commit_by_hand({kind_of(made).place_of(made): kind_of(made).write(made)})
    response.bench.turn()
    (artifact,) = response.of("INC-1")
    assert (artifact.id, artifact.status, artifact.author, artifact.editors) == (made.id, "presented", "hugo", ("pat",))
    assert artifact.title == "Triage Assessment"
    response.approve("INC-1")
    assert response.bench.problems() == ()


@pytest.mark.parametrize(
    ("phase", "body", "code"),
    [
        ("INC-2", None, "phase_out_of_order"),
        ("INC-1", "nothing of it", "bad_section_value"),
        ("CHG-1", "x", "no_workflow"),
    ],
)
def test_artifact_that_a_commit_brings_and_that_does_not_fit_is_refused(
    response: Response, phase: str, body: str | None, code: str
) -> None:
    made = written(response, phase, response.text(phase) if body is None else body)
    response.bench.commit_by_hand({kind_of(made).place_of(made): kind_of(made).write(made)})
    response.bench.turn()
    (row,) = response.rows("phase.refused")
    assert (row.level, row.meta["code"]) == ("error", code)
    assert response.newest(phase).status == "refused"
    assert response.bench.problems() == ()
    if phase == "INC-1":  # it is in nobody's way
        response.submit("INC-1")
        assert response.newest("INC-1").revision == 1


def test_who_edited_it_on_a_branch_that_another_merged_does_not_approve_it(response: Response) -> None:
    """The address tells who it was where the name is a full name."""
    response.pass_gate("INC-1")
    bench, old = response.bench, response.newest("INC-1")
    place = kind_of(old).place_of(old)
    with bench.desk.repo.writer():
        bench.desk.repo.bring_window()
    bench.git("switch", "--quiet", "-c", "side")
    (bench.root / place).write_bytes(kind_of(old).write(old.changed(body=one_byte(old))))
    petra = {"GIT_AUTHOR_NAME": "Petra Petrova", "GIT_AUTHOR_EMAIL": "petra@example.org"}
    bench.git("commit", "--quiet", "-am", "mend it", environment=petra)
    bench.git("switch", "--quiet", "main")
    bench.git("merge", "--quiet", "--no-ff", "-m", "merge side", "side")
    bench.turn()
    assert response.newest("INC-1").editors == ("petra",)
    assert response.refused(lambda: response.approve("INC-1", by="Petra")).code == "self_approval"
    response.approve("INC-1", by="olga")
    assert bench.problems() == ()


def test_verify_holds_what_was_there_before_against_the_commits(response: Response) -> None:
    """An event that says otherwise than its commits would put back what nobody had written."""
    response.pass_gate("INC-1")
    response.edit(response.newest("INC-1"), body=one_byte(response.newest("INC-1")))
    (row,) = response.rows("phase.reopened")
    git, commit = response.bench.desk.repo.git, str(row.event.document["commit"])
    (taken,) = (one for one in read_commits(git, since=None, until=response.bench.truth()) if commit in one.parents[1:])
    bases = {commit: taken.parents[0]}
    assert contradicted(git, row.event, taken.parents, bases) is None
    before = row.event.document["before"]
    assert (before["status"], "body" in before) == ("approved", False)
    for forged in (before | {"status": "presented"}, None):
        event = row.event.changed(document=row.event.document | {"before": forged})
        assert contradicted(git, event, taken.parents, bases) == "says another thing of it than git does"
