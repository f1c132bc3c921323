"""From a report to a filed issue, past an operator who signs, over a repository served by git (R-000-06, R-000-82)."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from prismfs.clock import FakeClock
from prismfs.kinds import kind_of
from prismfs.kinds.care.approval import Approval
from tests.support.shared import Shared, Watcher, prismfs, roster

pytestmark = pytest.mark.slow

REPORT = """\
kind: signal
from: jade
to: Sage
type: Question
subject: prismfs watch crashes with a traceback
body: The prismfs watcher crashes with an exception when the inbox holds a link. It worked yesterday.
"""


@pytest.fixture
def watcher(desk: Shared) -> Watcher:
    """The watcher, with one report that waits for an operator."""
    made = desk.watcher()
    made.clock = FakeClock(datetime.now(UTC))
    made.turn()
    (made.root / "inbox" / "report.yaml").write_text(REPORT)
    for _ in range(3):
        made.clock.move(timedelta(seconds=1))
        made.turn()
    made.publish()
    (record,) = made.records("phone_home")
    assert record.status == "pending_operator_review", record
    return made


def approve(person: Any, record: Any) -> str:
    """Do what `approve --pull-request` says, in order, but for the push; return the branch."""
    (person.root / "inbox").mkdir(exist_ok=True)
    said = prismfs(person.root, "--as", person.name, "phone-home", "approve", record.id, "--pull-request")["data"]
    switch, add, commit, push = said["commands"]
    assert commit.startswith("git commit -S ")
    person.git(*switch.split(" ")[1:])
    person.git(*add.split(" ")[1:])
    person.git("commit", "--quiet", *([] if person.key is None else ["-S"]), "-m", f"approval: approve {record.id}")
    assert push.startswith("git push -u origin ")
    return str(switch.rpartition(" ")[2])


def test_approved_in_a_signed_commit_and_merged_it_is_filed_once(desk: Shared, watcher: Watcher) -> None:
    (record,) = watcher.records("phone_home")
    frank = desk.person("frank", "frank", "one")
    refused = prismfs(frank.root, "--as", "frank", "phone-home", "approve", record.id, check=False)
    assert refused["error"]["code"] == "signature_required"
    branch = approve(frank, record)
    assert frank.push(f"HEAD:refs/heads/{branch}") == ""
    assert watcher.pull() == [] or watcher.records("phone_home")[0].status == "pending_operator_review"
    forge = desk.person("forge", None, "one")
    forge.git("switch", "--quiet", "main")
    forge.merge(branch)
    assert forge.push() == ""
    watcher.pull()
    (record,) = watcher.records("phone_home")
    assert (record.status, record.issue_number, record.code) == ("shipped", 1, None)
    assert record.operator_review.approved_by == "frank"
    assert record.operator_review.review_surface == "pull_request"
    assert len(list((watcher.root / "run" / "tracker").glob("*.json"))) == 1
    watcher.publish()
    assert watcher.problems() == ()


def test_unsigned_approval_is_refused_by_the_hook_and_without_it_by_the_rule(desk: Shared, watcher: Watcher) -> None:
    (record,) = watcher.records("phone_home")
    gwen = desk.person("gwen", None, "one")
    branch = approve(gwen, record)
    gwen.git("switch", "--quiet", "main")
    gwen.merge(branch)
    assert "[approval_unsigned]" in gwen.push()
    desk.without_hook()
    assert gwen.push() == ""
    watcher.pull()
    assert watcher.records("phone_home")[0].status == "pending_operator_review"
    (row,) = watcher.rows("phone_home.approval_refused")
    assert (row.level, row.meta["code"], row.meta["by"]) == ("error", "signature_required", "gwen")
    (bead,) = (one for one in watcher.records("bead") if one.source == "desk:refusals")
    assert (bead.severity.label, bead.tier) == ("HIGH", "overseer"), "FT-08: it was a row, and nobody was told"
    assert bead.title == "A decision in the name of gwen does not count: signature_required"
    assert not (watcher.root / "run" / "tracker").exists()
    assert watcher.problems() == ()


@pytest.mark.parametrize("way", ["squash", "rebase"])
def test_squash_and_rebase_by_a_forge_do_not_count_and_the_signed_branch_merged_does(
    way: str, desk: Shared, watcher: Watcher
) -> None:
    """Both make another commit, which nobody has signed: nothing is lost, and merging what was signed ends it."""
    (record,) = watcher.records("phone_home")
    frank = desk.person("frank", "frank", "one")
    branch = approve(frank, record)
    signed = frank.head()
    forge = desk.person("forge", None, "one")
    forge.git("switch", "--quiet", "main")
    if way == "squash":
        forge.git("merge", "--quiet", "--squash", branch)
        forge.git("commit", "--quiet", "-m", "squashed by the forge")
    else:
        forge.git("cherry-pick", "--keep-redundant-commits", "--no-gpg-sign", f"main..{branch}")
    assert "[approval_unsigned]" in forge.push()
    desk.without_hook()
    assert forge.push() == ""
    watcher.pull()
    assert watcher.records("phone_home")[0].status == "pending_operator_review"
    (row,) = watcher.rows("phone_home.approval_refused")
    assert (row.level, row.meta["code"]) == ("error", "signature_required")
    assert watcher.problems() == ()
    watcher.publish()
    frank.git("fetch", "--quiet")
    frank.git("switch", "--quiet", "--detach", "origin/main")
    frank.git("merge", "--quiet", "--no-ff", "-S", "-m", "what was signed", signed)
    assert frank.push() == ""
    watcher.pull()
    assert [one.status for one in watcher.records("phone_home")] == ["shipped"]
    assert watcher.problems() == ()


@pytest.mark.parametrize(
    ("key", "code"), [("forged", "unknown_key"), ("iris", "author_mismatch")], ids=["unknown", "another"]
)
def test_operators_name_with_another_key_counts_for_nothing(
    desk: Shared, watcher: Watcher, key: str, code: str
) -> None:
    (record,) = watcher.records("phone_home")
    desk.without_hook()
    forger = desk.person("frank", key, "one")
    branch = approve(forger, record)
    forger.git("switch", "--quiet", "main")
    forger.git("merge", "--quiet", "--ff-only", branch)
    assert forger.push() == ""
    watcher.pull()
    assert watcher.records("phone_home")[0].status == "pending_operator_review"
    assert [row.meta["code"] for row in watcher.rows("phone_home.approval_refused")] == [code]


def test_operators_of_the_same_push_and_trust_taken_away_approve_nothing(desk: Shared, watcher: Watcher) -> None:
    """The push makes mallory an operator, says `trust: local`, and approves: none of it counts."""
    (record,) = watcher.records("phone_home")
    desk.without_hook()
    mallory = desk.person("mallory", "mallory", "one")
    text = (mallory.root / "prismfs.yaml").read_text()
    text = text.replace("trust: signed", "trust: local").replace("- gwen", "- gwen\n  - mallory")
    mallory.commit({"prismfs.yaml": text.encode()})
    mallory.put(roster(desk.keys, "mallory"))
    branch = approve(mallory, record)
    mallory.git("switch", "--quiet", "main")
    mallory.git("merge", "--quiet", "--ff-only", branch)
    assert mallory.push() == ""
    watcher.pull()
    assert watcher.records("phone_home")[0].status == "pending_operator_review"
    assert [row.meta["code"] for row in watcher.rows("phone_home.approval_refused")] == ["not_operator"]
    by_command = prismfs(watcher.root, "--as", "mallory", "phone-home", "approve", record.id, check=False)
    assert by_command["error"]["code"] == "not_operator"
    assert watcher.problems() == ()


def test_text_changed_after_the_approval_leaves_as_it_was_approved(desk: Shared, watcher: Watcher) -> None:
    (record,) = watcher.records("phone_home")
    frank = desk.person("frank", "frank", "one")
    approve(frank, record)
    jade = desk.person("jade", None, "one")
    jade.put(record.changed(body_markdown=f"{record.body_markdown}\nAnd a list of customers.\n"))
    jade.git("switch", "--quiet", "main")
    jade.git("merge", "--quiet", "--ff-only", "@{-1}")
    assert "[approval_stale]" in jade.push()
    desk.without_hook()
    assert jade.push() == ""
    watcher.pull()
    (shipped,) = watcher.records("phone_home")
    assert (shipped.status, shipped.body_markdown) == ("shipped", record.body_markdown)
    refused = watcher.rows("commit.observed")[-1].meta["refused"]
    assert refused == {kind_of(record).place_of(record): "engine_record_changed"}


def test_approval_edited_by_one_byte_before_it_is_taken_counts_as_it_was_signed(desk: Shared, watcher: Watcher) -> None:
    (record,) = watcher.records("phone_home")
    desk.without_hook()
    frank = desk.person("frank", "frank", "one")
    approve(frank, record)
    (path,) = frank.git("diff", "--name-only", "HEAD^", "HEAD").stdout.split()
    data = (frank.root / path).read_bytes()
    made = kind_of(Approval).read(data, path=path)
    assert isinstance(made, Approval)
    jade = desk.person("jade", None, "one")
    jade.put(made.changed(notes="x"))
    jade.git("switch", "--quiet", "main")
    jade.git("merge", "--quiet", "--ff-only", "@{-1}")
    assert jade.push() == ""
    watcher.pull()
    assert watcher.records("phone_home")[0].status == "shipped"
    assert watcher.rows("commit.observed")[-1].meta["refused"] == {path: "approval_changed"}
    assert watcher.files()[path] == data
