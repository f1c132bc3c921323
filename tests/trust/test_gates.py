"""Gates where decisions are signed: the file, the signature and the merge count, a command does not (R-003-28)."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import yaml

from prismfs.clock import FakeClock
from prismfs.kinds import kind_of
from tests.support.shared import Shared, Watcher, prismfs, roster

pytestmark = pytest.mark.slow

TRIAGE = (Path(__file__).parents[2] / "examples" / "phases" / "INC-1.md").read_text()
REPORT = """\
kind: signal
from: jade
to: Sage
type: Question
subject: export crashes with a traceback
body: "It is broken: every run fails with an exception since today."
"""


@pytest.fixture
def watcher(desk: Shared) -> Watcher:
    """The watcher, with a triage assessment at its gate; iris may decide, and is no operator."""
    frank = desk.person("frank", "frank", "rosters")
    entry = roster(desk.keys, "iris", role="clerk")
    frank.put(entry.changed(authority=("gate.approve", "gate.revise")))
    assert frank.push() == ""
    made = desk.watcher()
    made.clock = FakeClock(datetime.now(UTC))
    made.turn()

    def drop(text: str) -> None:
        (made.root / "inbox" / "it.yaml").write_text(text)
        for _ in range(3):
            made.clock.move(timedelta(seconds=1))
            made.turn()

    drop(REPORT)
    (incident,) = made.records("incident")
    form = {"kind": "artifact", "from": "jade", "incident": incident.id, "phase": "INC-1", "body": TRIAGE}
    drop(yaml.safe_dump(form))
    assert made.records("artifact")[0].status == "presented"
    made.publish()
    return made


def decide(person: Any, watcher: Watcher, *, by: str | None = None) -> str:
    """Do what `gate approve --pull-request` says, in order, but for the push; return the branch."""
    (artifact,) = watcher.records("artifact")
    (person.root / "inbox").mkdir(exist_ok=True)
    said = prismfs(person.root, "--as", by or person.name, "gate", "approve", artifact.id, "--pull-request")["data"]
    switch, add, commit, push = said["commands"]
    assert commit.startswith("git commit -S ")
    assert push.startswith("git push -u origin ")
    person.git(*switch.split(" ")[1:])
    person.git(*add.split(" ")[1:])
    person.git("commit", "--quiet", *([] if person.key is None else ["-S"]), "-m", "gate: approve INC-1")
    return str(switch.rpartition(" ")[2])


def refusals(watcher: Watcher) -> list[tuple[str, str]]:
    return [(str(row.meta["code"]), str(row.meta["by"])) for row in watcher.rows("gate.approval_refused")]


def test_decision_signed_by_whom_the_roster_allows_and_merged_by_a_forge_counts(desk: Shared, watcher: Watcher) -> None:
    iris = desk.person("iris", "iris", "one")
    (artifact,) = watcher.records("artifact")
    refused = prismfs(iris.root, "--as", "iris", "gate", "approve", artifact.id, check=False)
    assert refused["error"]["code"] == "signature_required"
    branch = decide(iris, watcher)
    assert iris.push(f"HEAD:refs/heads/{branch}") == ""
    forge = desk.person("forge", None, "one")
    forge.git("switch", "--quiet", "main")
    forge.merge(branch)
    assert forge.push() == ""
    watcher.pull()
    (artifact,) = watcher.records("artifact")
    assert artifact.status == "approved"
    (row,) = watcher.rows("gate.approved")
    assert (row.meta["by"], row.meta["surface"]) == ("iris", "pull_request")
    watcher.publish()
    assert watcher.problems() == ()


def test_unsigned_decision_is_refused_by_the_hook_and_without_it_by_the_rule(desk: Shared, watcher: Watcher) -> None:
    gwen = desk.person("gwen", None, "one")
    branch = decide(gwen, watcher)
    gwen.git("switch", "--quiet", "main")
    gwen.merge(branch)
    assert "[decision_unsigned]" in gwen.push()
    desk.without_hook()
    assert gwen.push() == ""
    watcher.pull()
    assert watcher.records("artifact")[0].status == "presented"
    assert refusals(watcher) == [("signature_required", "gwen")]
    assert watcher.problems() == ()


def test_decision_in_another_ones_name_is_refused_by_both(desk: Shared, watcher: Watcher) -> None:
    iris = desk.person("iris", "iris", "one")
    decide(iris, watcher, by="frank")
    assert "[decision_not_own]" in iris.push()
    desk.without_hook()
    assert iris.push() == ""
    watcher.pull()
    assert watcher.records("artifact")[0].status == "presented"
    assert refusals(watcher) == [("forged_signature", "frank")]


def test_decision_that_was_changed_after_it_was_signed_counts_as_it_was_signed(desk: Shared, watcher: Watcher) -> None:
    iris = desk.person("iris", "iris", "one")
    decide(iris, watcher)
    assert iris.push() == ""
    forger = desk.person("forge", None, "two")
    (path,) = (forger.root / "decisions").rglob("*.yaml")
    forger.commit({str(path.relative_to(forger.root)): path.read_bytes().replace(b"yes", b"surely")})
    assert "[decision_changed]" in forger.push()
    desk.without_hook()
    assert forger.push() == ""
    watcher.pull()
    assert watcher.records("artifact")[0].status == "approved"
    assert watcher.rows("commit.observed")[-1].meta["refused"] == {
        str(path.relative_to(forger.root)): "decision_changed"
    }
    assert b"surely" not in watcher.files()[str(path.relative_to(forger.root))]


def test_workflow_that_no_operator_signed_changes_no_phase(desk: Shared, watcher: Watcher) -> None:
    """A gate that somebody takes out of the file is no gate that is gone."""
    forger = desk.person("forge", None, "two")
    place = "workflows/incident.yaml"
    document = yaml.safe_load((forger.root / place).read_text())
    del document["phases"][1]["gate"]
    document["phases"][1]["on_approved"] = []
    forger.commit({place: yaml.safe_dump(document).encode()})
    assert "[protected_unsigned]" in forger.push()
    desk.without_hook()
    assert forger.push() == ""
    watcher.pull()
    incident = watcher.records("incident")[0]
    form = {
        "kind": "artifact",
        "from": "jade",
        "incident": incident.id,
        "phase": "INC-1",
        "body": TRIAGE + "\n- more\n",
    }
    (watcher.root / "inbox" / "more.yaml").write_text(yaml.safe_dump(form))
    for _ in range(3):
        watcher.clock.move(timedelta(seconds=1))
        watcher.turn()
    assert [row.meta["code"] for row in watcher.rows("protected.refused")] == ["protected_unsigned"]
    assert [artifact.status for artifact in watcher.records("artifact")][-1] == "presented", "its gate is there"


def test_artifact_that_is_edited_in_the_head_waits_again(desk: Shared, watcher: Watcher) -> None:
    iris = desk.person("iris", "iris", "one")
    decide(iris, watcher)
    assert iris.push() == ""
    watcher.pull()
    (approved,) = watcher.records("artifact")
    assert approved.status == "approved"
    watcher.publish()
    hugo = desk.person("hugo", None, "three")
    changed = approved.changed(body=approved.body.replace("about 40", "about 41"))
    hugo.commit({kind_of(changed).place_of(changed): kind_of(changed).write(changed)})
    assert hugo.push() == ""
    watcher.pull()
    (artifact,) = watcher.records("artifact")
    assert (artifact.status, artifact.editors) == ("presented", ("hugo",))
    assert watcher.problems() == ()
