"""What the watcher makes of commits that no hook has looked at: the rows, the events (R-000-75, R-000-76)."""

from __future__ import annotations

import os
import shutil
from pathlib import Path
from typing import Any

import pytest

from prismfs.engine.admin.doctor import examine
from prismfs.engine.tenant.places import Places
from prismfs.engine.tenant.tenancy import Tenancy
from prismfs.kinds import KINDS, kind_of
from prismfs.kinds.core.settings.members import Members
from tests.support.project import Project
from tests.support.shared import Shared, Watcher, roster

pytestmark = pytest.mark.slow


@pytest.fixture
def watcher(shared: Shared) -> Watcher:
    """The watcher of a repository whose hook somebody has taken away."""
    shared.without_hook()
    made = shared.watcher()
    made.turn()
    made.publish()
    return made


def endorsements(outcomes: Any) -> list[Any]:
    return [outcome.event.document["endorsement"] for outcome in outcomes if outcome.event.kind == "approval"]


def project_of(person: Any) -> Any:
    kind = KINDS["project"]
    return kind.read((person.root / kind.folder).read_bytes(), path=kind.folder)


def persona_of(person: Any, name: str) -> Any:
    kind = KINDS["persona"]
    path = kind.path_of(name)
    return kind.read((person.root / path).read_bytes(), path=path)


def test_signed_operators_approval_is_endorsed(shared: Shared, watcher: Watcher) -> None:
    frank = shared.person("frank", "frank")
    frank.put(shared.approval())
    assert frank.push() == ""
    outcomes = watcher.pull()
    assert endorsements(outcomes) == [{"verified": True, "signer": "frank", "operator": True, "code": None}]
    assert [one.event.document["trust"] for one in outcomes if one.event.kind == "approval"] == ["signed"]
    assert watcher.problems() == ()


@pytest.mark.parametrize(
    ("name", "key", "code"),
    [
        ("gwen", None, "unsigned"),
        ("frank", "forged", "unknown_key"),
        ("gwen", "frank", "author_mismatch"),
        ("iris", "iris", "not_operator"),
    ],
)
def test_approval_without_an_operators_own_signature_is_not_endorsed(
    shared: Shared, watcher: Watcher, name: str, key: str | None, code: str
) -> None:
    person = shared.person(name, key)
    person.put(shared.approval(name))
    assert person.push() == ""
    (found,) = endorsements(watcher.pull())
    assert (found["operator"], found["code"]) == (False, code)


def test_signature_taken_from_another_commit_is_forged(shared: Shared, watcher: Watcher) -> None:
    frank = shared.person("frank", "frank", "one")
    frank.put(shared.approval())
    signed = frank.git("cat-file", "commit", "HEAD").stdout
    jade = shared.person("jade", None, "one")
    (jade.root / "note").write_text("and more\n")
    jade.git("add", "note")
    tree = jade.git("write-tree").stdout.strip()
    (jade.root / "forged").write_text(f"tree {tree}\n{signed.partition(chr(10))[2]}")
    forged = jade.git("hash-object", "-t", "commit", "-w", "forged").stdout.strip()
    assert jade.push(f"{forged}:refs/heads/main") == ""
    assert [found["code"] for found in endorsements(watcher.pull())] == ["forged_signature"]


def test_approval_edited_by_one_byte_before_anybody_looked_stays_what_was_signed(
    shared: Shared, watcher: Watcher
) -> None:
    frank = shared.person("frank", "frank", "one")
    approval = shared.approval()
    frank.put(approval)
    jade = shared.person("jade", None, "one")
    path = kind_of(approval).place_of(approval)
    data = (jade.root / path).read_bytes()
    jade.commit({path: data.replace(b"surface: pull_request", b"surface: chat")})
    assert jade.push() == ""
    assert [found["operator"] for found in endorsements(watcher.pull())] == [True]
    row = watcher.rows("commit.observed")[-1]
    assert (row.level, row.meta["refused"]) == ("error", {path: "approval_changed"})
    assert watcher.files()[path] == data
    assert watcher.problems() == ()


def test_approval_edited_later_is_an_error_and_no_event(shared: Shared, watcher: Watcher) -> None:
    frank = shared.person("frank", "frank")
    approval = shared.approval()
    frank.put(approval)
    assert frank.push() == ""
    watcher.pull()
    watcher.publish()
    frank.git("pull", "--quiet", "--ff-only")
    path = kind_of(approval).place_of(approval)
    frank.commit({path: None})
    assert frank.push() == ""
    assert endorsements(watcher.pull()) == []
    assert watcher.rows("commit.observed")[-1].meta["refused"] == {path: "approval_changed"}


def test_roster_of_the_same_push_gives_nobody_a_right(shared: Shared, watcher: Watcher) -> None:
    mallory = shared.person("mallory", "mallory")
    before = watcher.files()
    mallory.put(
        roster(shared.keys, "mallory"),
        project_of(mallory).changed(operators=("frank", "gwen", "mallory"), trust="local"),
    )
    mallory.put(shared.approval("mallory"))
    assert mallory.push() == ""
    outcomes = watcher.pull()
    assert [found["code"] for found in endorsements(outcomes)] == ["unknown_key"]
    assert [(row.level, row.meta["code"]) for row in watcher.rows("protected.refused")] == [
        ("error", "protected_unsigned")
    ]
    assert watcher.rows("protected.endorsed", "roster.elevated") == []
    after = watcher.files()
    assert {path: after[path] for path in before} == before
    assert watcher.problems() == ()


def test_bridge_is_elevated_and_demoted_by_an_operators_commit_alone(shared: Shared, watcher: Watcher) -> None:
    jade = shared.person("jade", None, "one")
    jade.put(
        persona_of(jade, "mayor").changed(persona_class="bridge"), project_of(jade).changed(bridges=("mayor",)),
        Members(members={"PID-EVIL01": "0" * 40}),
    )  # fmt: skip
    assert jade.push() == ""
    watcher.pull()
    assert watcher.rows("roster.elevated", "roster.demoted") == []
    assert [row.action for row in watcher.rows("protected.endorsed", "protected.refused")] == ["protected.refused"]
    watcher.publish()

    frank = shared.person("frank", "frank", "one")
    frank.git("pull", "--quiet", "--ff-only")
    frank.put(
        persona_of(frank, "mayor").changed(persona_class="bridge"), project_of(frank).changed(bridges=("Sage", "mayor"))
    )
    assert frank.push() == ""
    watcher.pull()
    assert [row.entity_id for row in watcher.rows("roster.elevated")] == ["mayor"]
    assert [row.entity_id for row in watcher.rows("roster.demoted")] == ["Clara"]
    assert watcher.problems() == ()


def test_roster_that_nobody_signed_gives_no_key_in_a_new_clone_either(shared: Shared, watcher: Watcher) -> None:
    """FT-02: what is not endorsed never becomes part of the records, so that no verb can read it."""
    jade = shared.person("jade", None, "one")
    jade.put(roster(shared.keys, "frank", key="forged"))
    assert jade.push() == ""
    watcher.pull()
    before = watcher.files()["roster/frank.yaml"]
    watcher.publish()
    forger = shared.person("frank", "forged", "one")
    forger.git("pull", "--quiet", "--ff-only")
    assert (forger.root / "roster/frank.yaml").read_bytes() == before
    forger.put(shared.approval())
    assert forger.push() == ""
    assert [found["code"] for found in endorsements(watcher.pull())] == ["unknown_key"]


def test_doctor_says_why_no_signature_counts(
    shared: Shared, watcher: Watcher, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    def found() -> str | None:
        subject = "signatures can be checked, and an operator can sign"
        (finding,) = [one for one in examine(watcher.root, watcher.clock.now()) if one.subject == subject]
        return None if finding.problem is None else finding.problem.code

    assert found() is None
    git = shutil.which("git")
    assert git is not None
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin" / "git").symlink_to(git)
    monkeypatch.setenv("PATH", str(tmp_path / "bin"))
    assert found() == "signature_unverifiable"


def test_signed_project_without_a_key_of_an_operator_is_named_by_doctor(bench: Project) -> None:
    kind = KINDS["project"]
    old = kind.read((bench.root / kind.folder).read_bytes(), path=kind.folder)
    bench.commit_by_hand({kind.folder: kind.write(old.changed(trust="signed"))})
    bench.turn()
    codes = {finding.problem.code for finding in examine(bench.root, bench.clock.now()) if finding.problem}
    assert "no_operator_key" in codes


def test_router_reads_bridges_and_members_as_an_operator_answers_for_them_in_a_new_clone_too(
    shared: Shared, watcher: Watcher, tmp_path: Path
) -> None:
    jade = shared.person("jade", None, "one")
    jade.put(
        persona_of(jade, "mayor").changed(persona_class="bridge"), project_of(jade).changed(bridges=("mayor",)),
        Members(members={"PID-EVIL01": "0" * 40}),
    )  # fmt: skip
    assert jade.push() == ""
    watcher.pull()
    shared.person("somebody", None, "fresh")
    for place in ("watcher", "fresh"):
        folder = tmp_path / f"tenant-of-{place}"
        folder.mkdir()
        Places(folder).name("PID-PGR01", str(shared.folder / place))
        found = Tenancy(Places(folder), shared.folder / place).home()
        assert found is not None
        assert ([bridge.identity for bridge in found.bridges], found.members) == (["Sage", "Clara"], {})


def test_operators_later_commit_does_not_answer_for_somebody_elses_before(
    shared: Shared,
    watcher: Watcher,
) -> None:
    jade = shared.person("jade", None, "one")
    jade.put(roster(shared.keys, "jade"))
    frank = shared.person("frank", "frank", "one")
    frank.put(roster(shared.keys, "gwen"))
    assert frank.push() == ""
    watcher.pull()
    assert [row.meta["code"] for row in watcher.rows("protected.refused")] == ["protected_unsigned"]
    watcher.publish()
    gwen = shared.person("gwen", "gwen")
    assert not (gwen.root / "roster/jade.yaml").exists()
    gwen.put(shared.approval("gwen"))
    assert gwen.push() == ""
    assert [found["code"] for found in endorsements(watcher.pull())] == [None]


def test_old_roster_brought_back_by_turning_a_merge_round_does_not_count(
    shared: Shared,
    watcher: Watcher,
) -> None:
    """Whichever way round it merges, it brings nothing of its own, and the records are the engine's to state."""
    frank = shared.person("frank", "frank", "one")
    frank.put(roster(shared.keys, "gwen"))
    assert frank.push() == ""
    watcher.pull()
    watcher.publish()
    frank.git("pull", "--quiet", "--ff-only")
    old = frank.git("rev-parse", "HEAD").stdout.strip()
    frank.put(roster(shared.keys, "gwen", key="new"))
    assert frank.push() == ""
    watcher.pull()
    watcher.publish()
    frank.git("pull", "--quiet", "--ff-only")
    jade = shared.person("jade", None, "one")
    jade.git("switch", "--quiet", "-c", "back", old)
    jade.git("merge", "--quiet", "--no-ff", "-s", "ours", "-m", "merge", "main")
    assert jade.push() == ""
    gwen = shared.person("gwen", "gwen", "one")
    gwen.put(shared.approval("gwen"))
    assert gwen.push() == ""
    outcomes = watcher.pull()
    assert [found["code"] for found in endorsements(outcomes)] == ["unknown_key"]
    assert watcher.rows("protected.refused") == []


def test_command_of_a_role_that_nobody_signed_is_not_started(shared: Shared, watcher: Watcher, tmp_path: Path) -> None:
    """R-000-76: the change comes in together with what would start it, and stays without effect."""
    started = tmp_path / "started"
    jade = shared.person("jade", None, "one")
    path = jade.root / "roster/sage.yaml"
    text = path.read_text() + f"automation: {{mode: command, command: [touch, {started}]}}\n"
    bad = jade.commit({"roster/sage.yaml": text.encode()})
    assert jade.push() == ""
    report = watcher.root / "inbox" / "report.yaml"
    report.write_text("kind: signal\nfrom: jade\nto: Sage\ntype: Question\nsubject: it crashes\n")
    os.utime(report, (1, 1))
    watcher.pull()
    assert [row.meta["code"] for row in watcher.rows("protected.refused")] == ["protected_unsigned"]
    assert watcher.rows("commit.observed")[-1].meta["commit"] == bad
    assert not report.exists()
    assert not started.exists()
    assert watcher.problems() == ()
