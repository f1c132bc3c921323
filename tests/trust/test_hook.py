"""What the pre-receive hook takes and refuses, pushed over HTTP to a bare repository (R-000-41, R-000-76, R-000-84)."""

from __future__ import annotations

from typing import Any

import pytest

from prismfs.engine.trust.proven import proofs_of, unproven
from prismfs.kinds import KINDS, kind_of
from prismfs.records.api import Event, Plan
from prismfs.rules import decide
from prismfs.store.git.history import ENGINE
from prismfs.store.repo import ProjectRepo
from tests.support.shared import Shared, phone_home, roster

pytestmark = pytest.mark.slow


def refused(said: str, code: str) -> bool:
    return "pre-receive hook declined" in said and f"[{code}]" in said


def on_a_branch(person: Any, name: str = "approval") -> None:
    person.git("switch", "--quiet", "-c", name)


def test_signed_operators_approval_merged_by_herself_is_taken(shared: Shared) -> None:
    frank = shared.person("frank", "frank")
    on_a_branch(frank)
    frank.put(shared.approval())
    assert frank.push("HEAD:refs/heads/approval") == ""
    frank.git("switch", "--quiet", "main")
    frank.merge("approval")
    assert frank.push() == ""
    assert shared.head() == frank.head()


def test_signed_approval_in_an_unsigned_merge_is_taken(shared: Shared) -> None:
    """A forge merges without the operator's key; what counts is who signed the approval itself."""
    frank = shared.person("frank", "frank", "one")
    on_a_branch(frank)
    frank.put(shared.approval())
    forge = shared.person("forge", None, "one")
    forge.git("switch", "--quiet", "main")
    forge.merge("approval")
    assert forge.push() == ""


def test_unsigned_operators_approval_is_refused(shared: Shared) -> None:
    gwen = shared.person("gwen")
    gwen.put(shared.approval("gwen"))
    assert refused(gwen.push(), "approval_unsigned")
    assert shared.head() != gwen.head()


def test_approval_signed_by_somebody_who_is_no_operator_is_refused(shared: Shared) -> None:
    iris = shared.person("iris", "iris")
    iris.put(shared.approval("iris"))
    assert refused(iris.push(), "approval_unsigned")


def test_approval_in_the_name_of_another_operator_is_refused(shared: Shared) -> None:
    frank = shared.person("frank", "frank")
    frank.put(shared.approval("gwen"))
    assert refused(frank.push(), "approval_not_own")


def test_operators_name_with_another_key_is_refused(shared: Shared) -> None:
    forger = shared.person("frank", "forged")
    forger.put(shared.approval())
    said = forger.push()
    assert refused(said, "approval_unsigned")
    assert "its key stands in no roster entry" in said


def test_key_that_only_the_push_itself_brings_signs_nothing(shared: Shared) -> None:
    forger = shared.person("frank", "forged")
    forger.put(roster(shared.keys, "frank", key="forged"))
    forger.put(shared.approval())
    said = forger.push()
    assert refused(said, "protected_unsigned")
    assert refused(said, "approval_unsigned")
    assert refused(said, "roster_with_approval")


def test_roster_and_approval_in_one_push_are_refused_even_signed(shared: Shared) -> None:
    frank = shared.person("frank", "frank")
    frank.put(roster(shared.keys, "gwen"))
    frank.put(shared.approval())
    assert refused(frank.push(), "roster_with_approval")


def test_roster_change_that_an_operator_signed_is_taken(shared: Shared) -> None:
    frank = shared.person("frank", "frank")
    frank.put(roster(shared.keys, "gwen"))
    assert frank.push() == ""
    gwen = shared.person("gwen", "gwen")
    gwen.put(shared.approval("gwen"))
    assert gwen.push() == ""


def test_unsigned_roster_change_is_refused_on_the_branch_and_taken_as_a_proposal(shared: Shared) -> None:
    jade = shared.person("jade")
    jade.put(roster(shared.keys, "jade"))
    said = jade.push()
    assert refused(said, "protected_unsigned")
    assert "it is not signed" in said
    assert jade.push("HEAD:refs/heads/elevate-jade") == ""


def test_proposal_that_a_forge_merges_unsigned_is_refused(shared: Shared) -> None:
    jade = shared.person("jade", None, "one")
    on_a_branch(jade, "proposal")
    jade.put(roster(shared.keys, "jade"))
    jade.git("switch", "--quiet", "main")
    jade.merge("proposal")
    assert refused(jade.push(), "protected_unsigned")


def test_operators_signed_change_that_a_forge_merges_is_taken(shared: Shared) -> None:
    frank = shared.person("frank", "frank", "one")
    on_a_branch(frank, "elevate")
    frank.put(roster(shared.keys, "gwen"))
    forge = shared.person("forge", None, "one")
    forge.git("switch", "--quiet", "main")
    forge.merge("elevate")
    assert forge.push() == ""


def test_merge_that_takes_an_old_roster_back_is_refused(shared: Shared) -> None:
    """Both states were signed once; which of them counts is not for whoever merges to choose."""
    frank = shared.person("frank", "frank", "one")
    on_a_branch(frank, "old")
    frank.put(roster(shared.keys, "gwen", key="lost"))
    frank.git("switch", "--quiet", "main")
    frank.put(roster(shared.keys, "gwen"))
    assert frank.push() == ""
    forge = shared.person("forge", None, "one")
    forge.git("merge", "--quiet", "--no-ff", "-X", "theirs", "-m", "merge", "old")
    assert refused(forge.push(), "protected_unsigned")


def test_history_of_the_branch_made_a_side_branch_is_refused(shared: Shared) -> None:
    frank = shared.person("frank", "frank", "one")
    frank.git("branch", "old")
    frank.put(roster(shared.keys, "gwen"))
    assert frank.push() == ""
    other = shared.person("jade", None, "one")
    other.git("switch", "--quiet", "old")
    other.git("merge", "--quiet", "--no-ff", "-s", "ours", "-m", "merge", "main")
    assert refused(other.push(), "side_history")


def test_own_report_is_not_approved_by_its_author(shared: Shared) -> None:
    """hugo is made an operator with a key, and wrote what waits."""
    frank = shared.person("frank", "frank")
    kind = KINDS["project"]
    old = kind.read((frank.root / kind.folder).read_bytes(), path=kind.folder)
    frank.put(old.changed(operators=("frank", "gwen", "hugo")))
    frank.put(roster(shared.keys, "hugo"))
    assert frank.push() == ""
    hugo = shared.person("hugo", "hugo")
    hugo.put(shared.approval("hugo"))
    assert refused(hugo.push(), "self_approval")


def test_commit_slipped_in_after_the_approval_is_refused(shared: Shared) -> None:
    frank = shared.person("frank", "frank", "one")
    on_a_branch(frank)
    frank.put(shared.approval())
    jade = shared.person("jade", None, "one")
    jade.put(shared.pho.changed(body_markdown="It does so, and this is who uses it: …\n"))
    jade.git("switch", "--quiet", "main")
    jade.merge("approval")
    said = jade.push()
    assert refused(said, "approval_stale")
    assert refused(said, "engine_record_changed")


def test_commit_slipped_in_as_the_engines_is_still_not_what_was_approved(shared: Shared) -> None:
    frank = shared.person("frank", "frank", "one")
    frank.put(shared.approval())
    jade = shared.person("jade", None, "one")
    other = shared.pho.changed(body_markdown="It does so, and this is who uses it: …\n")
    jade.put(other, subject="phone_home: compose x\n\nwhy\n\nPrismfs-Cause: command:1")
    assert refused(jade.push(), "approval_stale")


def test_approval_edited_by_one_byte_is_refused_unsigned_and_signed(shared: Shared) -> None:
    frank = shared.person("frank", "frank")
    approval = shared.approval()
    frank.put(approval)
    assert frank.push() == ""
    path = kind_of(approval).place_of(approval)
    data = (frank.root / path).read_bytes()
    frank.commit({path: data + b"\n"})
    assert refused(frank.push(), "approval_changed")
    frank.git("reset", "--quiet", "--hard", "origin/main")
    frank.commit({path: None})
    assert refused(frank.push(), "approval_changed")


def test_approval_of_nothing_is_refused(shared: Shared) -> None:
    frank = shared.person("frank", "frank")
    frank.put(shared.approval(about=phone_home().id.replace("pho-0", "pho-1", 1)))
    assert refused(frank.push(), "unknown_record")


def test_local_trust_asks_for_no_signature_but_for_the_rest(shared: Shared) -> None:
    frank = shared.person("frank", "frank")
    kind = KINDS["project"]
    old = kind.read((frank.root / kind.folder).read_bytes(), path=kind.folder)
    frank.put(old.changed(trust="local"))
    assert frank.push() == ""
    gwen = shared.person("gwen")
    gwen.put(shared.approval("gwen", content_hash="0" * 64))
    assert refused(gwen.push(), "approval_stale")
    gwen.git("reset", "--quiet", "--hard", "origin/main")
    gwen.put(shared.approval("Clara"))
    assert refused(gwen.push(), "self_approval")
    gwen.git("reset", "--quiet", "--hard", "origin/main")
    gwen.put(shared.approval("gwen"))
    assert gwen.push() == ""


def test_approval_that_a_forged_decision_brings_is_refused(shared: Shared) -> None:
    """jade's clone decides, by the real rules, an event that says frank had signed; its commit is the rules' own."""
    clone = shared.watcher()
    clone.turn()
    clone.publish()
    approval = shared.approval()
    jade = shared.person("jade", None, "watcher")
    commit = jade.put(approval)
    desk, now = clone.desk, clone.clock.now()
    clone.turn()
    said: dict[str, Any] = {"verified": True, "signer": "frank", "operator": True, "code": None}
    document: dict[str, Any] = {
        "id": approval.id,
        "commit": commit,
        "approval": approval.to_document(),
        "endorsement": said,
    }
    event = Event(
        type="commit", kind="approval", cause="commit:forged", at=now, actor="prismfs",
        document=document | {"trust": "signed"},
    )  # fmt: skip
    with desk.repo.writer():
        base = desk.repo.snapshot()
        with desk.repo.overlay(base) as view:
            decision = decide(view, event, now)
        assert isinstance(decision, Plan)
        desk.repo.apply([decision], base=base)
        desk.repo.bring_window()
    assert clone.records("phone_home")[0].status == "approved"
    assert "endorsement_differs" in {problem.code for problem in clone.problems()}
    answer = jade.push()
    assert refused(answer, "approval_unsigned")
    assert refused(answer, "endorsement_differs")


def test_phone_home_forged_as_approved_is_refused(shared: Shared) -> None:
    jade = shared.person("jade")
    forged = shared.pho.changed(status="withdrawn")
    jade.put(forged, subject="phone_home: withdraw x\n\nwhy\n\nPrismfs-Cause: command:1")
    assert refused(jade.push(), "engine_record_changed")


def test_decision_that_no_engine_has_signed_is_refused_and_pulled_it_is_a_proposal(shared: Shared) -> None:
    """FT-01: an event decided by the real rules, in a commit with the engine's name and trailers, unsigned."""
    clone = shared.watcher()
    clone.turn()
    clone.publish()
    before = clone.files()
    forger = shared.person("forger", None, "forger")
    forged = forger.git(
        "commit-tree", "-p", "HEAD", "-m", "x\n\nPrismfs-Cause: command:1", "HEAD^{tree}"
    ).stdout.strip()
    raw = forger.git("cat-file", "commit", forged).stdout.replace("forger <forger@example.org>", ENGINE)
    (forger.root / "raw").write_text(raw)
    forged = forger.git("hash-object", "-t", "commit", "-w", "raw").stdout.strip()
    assert refused(forger.push(f"{forged}:refs/heads/main"), "unproven")
    shared.without_hook()
    assert forger.push(f"{forged}:refs/heads/main") == ""
    fresh = shared.person("anybody", None, "fresh")
    with ProjectRepo(fresh.root) as repo:
        assert repo.snapshot().commit == clone.truth(), "a clone does not begin with what nobody has signed"
    clone.pull()
    assert clone.rows("commit.observed")[-1].meta["commit"] == forged
    after = clone.files()
    assert {path: after[path] for path in before} == before
    proofs = proofs_of(clone.desk.repo.git, clone.truth())
    assert proofs is not None
    assert list(unproven(proofs)) == []
