"""Two clones of one project decide at the same time: one pushes first, the other decides again (R-004-35)."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections import Counter
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from prismfs.engine.tenant import publish as publishing
from prismfs.engine.turn import adopt as adopting
from prismfs.errors import ConflictError, RefusedError, StoreError
from prismfs.kinds.escalation.settings.escalation_policy import EscalationPolicy
from prismfs.records.api import Nothing, Plan, Refused
from tests.support.clone import Clone, MakeClone
from tests.support.memory import planned
from tests.support.project import MakeProject, run_git, write_files

ABANDONED = "refs/prismfs/PID-TEST01/abandoned"
TODO = "kind: todo\nfrom: jade\ntitle: {}\n"


@pytest.fixture
def logged(pair: tuple[Clone, Clone]) -> tuple[Clone, Clone]:
    """The pair, with every escalation written to the log of the clone that decides it."""
    amber, basalt = pair
    settings = json.loads((amber.root / "settings" / "escalation.json").read_text())
    settings["routes"] = {level: ["log"] for level in settings["routes"]}
    amber.commit_by_hand({"settings/escalation.json": json.dumps(settings, indent=2).encode() + b"\n"})
    amber.turn()
    amber.publish()
    with amber.desk.repo.writer():
        amber.desk.repo.bring_window()
    basalt.git("pull", "--quiet", "--ff-only")
    return pair


def settle_both(*clones: Any) -> None:
    """Publish and pull until all clones stand at the same commit, and check each."""
    for _ in range(4):
        for clone in clones:
            clone.publish()
        if len({clone.head() for clone in clones}) == 1:
            break
    assert len({clone.head() for clone in clones}) == 1
    for clone in clones:
        clone.turn()
        clone.check()
    assert len({clone.head() for clone in clones}) == 1, "a turn after it found something new"


def test_clone_that_is_new_simply_works(pair: tuple[Clone, Clone]) -> None:
    amber, _ = pair
    amber.drop(TODO.format("look at it"))
    amber.turn()
    assert [todo.title for todo in amber.records("todo")] == ["look at it"]
    done = amber.publish()
    assert (done.sent, done.taken, done.tries, done.again) == (1, 0, 1, ())
    assert amber.publish().sent == 0
    amber.check()


def test_pull_of_the_other_clones_commits_is_no_news_and_nothing_is_decided(pair: tuple[Clone, Clone]) -> None:
    amber, basalt = pair
    amber.escalate("disk is full")
    amber.publish()
    basalt.git("pull", "--quiet", "--ff-only")
    assert basalt.turn() == []
    assert basalt.head() == amber.head()
    basalt.check()


def test_publish_behind_only_takes_over_what_the_other_has(pair: tuple[Clone, Clone]) -> None:
    amber, basalt = pair
    amber.escalate("disk is full")
    amber.publish()
    done = basalt.publish()
    assert (done.sent, done.taken, done.again) == (0, 2, ())
    assert basalt.head() == amber.head()
    settle_both(amber, basalt)


def test_publish_same_signature_at_the_same_time_becomes_one_escalation_counted_twice(
    logged: tuple[Clone, Clone],
) -> None:
    amber, basalt = logged
    amber.escalate("disk is full", "disk")
    basalt.escalate("no room left", "disk")
    assert amber.publish().tries == 1
    done = basalt.publish()
    assert done.tries == 2
    counted, receipt = (one.decision for one in done.again)
    assert isinstance(counted, Plan)
    assert counted.rule == "count_repeat"
    assert isinstance(receipt, Refused)
    (bead,) = basalt.records("bead")
    assert (bead.title, bead.occurrence_count) == ("disk is full", 2)
    settle_both(amber, basalt)
    assert (len(amber.log()), len(basalt.log())) == (1, 1)


def test_publish_loser_whose_decision_stands_sends_no_notice_again(logged: tuple[Clone, Clone]) -> None:
    """R-004-28: the receipt is an event as well; what was sent stays sent, under the same id."""
    amber, basalt = logged
    amber.escalate("disk is full")
    basalt.escalate("fans are loud")
    before = [message.changed(due_at=None) for message in basalt.records("outbox")]
    assert [message.status for message in before] == ["sent"]
    amber.publish()
    done = basalt.publish()
    assert not any(one.lost for one in done.again)
    kept = [message for message in basalt.records("outbox") if message.id == before[0].id]
    assert kept == before
    settle_both(amber, basalt)
    assert (len(amber.log()), len(basalt.log())) == (1, 1)
    assert sorted(bead.title for bead in amber.records("bead")) == ["disk is full", "fans are loud"]


def test_publish_two_acknowledge_the_same_one_wins_and_the_other_is_told(pair: tuple[Clone, Clone]) -> None:
    amber, basalt = pair
    bead = planned(amber.escalate("disk is full")).subject
    amber.publish()
    basalt.publish()
    amber.give("escalate.ack", {"id": bead}, actor="olga")
    event = basalt.event("escalate.ack", {"id": bead}, actor="mayor")
    basalt.submit(event)
    amber.publish()
    done = basalt.publish()
    decision = done.decision_on(event.cause)
    assert isinstance(decision, Nothing)
    assert "olga" in decision.reason
    assert [one.lost for one in done.again] == [True]
    assert [bead.acknowledged_by for bead in basalt.records("bead")] == ["olga"]
    # What was decided first stays within reach of whoever asks.
    given_up = basalt.git("for-each-ref", "--format=%(objectname)", ABANDONED).split()
    assert [one.before for one in done.again] == given_up
    settle_both(amber, basalt)


def test_publish_same_due_time_acted_upon_by_both_is_one_raise(logged: tuple[Clone, Clone]) -> None:
    """The cause is the same in both clones, so the second one finds it answered."""
    amber, basalt = logged
    amber.escalate("disk is full")
    settle_both(amber, basalt)
    for minutes, clone in enumerate((amber, basalt), start=1):  # at the same time both would make the same commits
        clone.clock.move(EscalationPolicy().stale_threshold + timedelta(minutes=minutes))
        clone.turn()
    amber.publish()
    done = basalt.publish()
    assert [one.known for one in done.again if one.event.type == "due"] == [True]
    assert not any(one.lost for one in done.again)
    settle_both(amber, basalt)
    assert [bead.reescalation_count for bead in amber.records("bead")] == [1]


def test_publish_events_are_decided_again_at_their_own_time(logged: tuple[Clone, Clone]) -> None:
    """A week without network: what was raised in time stays raised, and no clock begins anew."""
    amber, basalt = logged
    basalt.escalate("fans are loud")
    basalt.clock.move(EscalationPolicy().stale_threshold + timedelta(minutes=1))
    basalt.turn()
    before = (basalt.records("bead"), basalt.records("outbox"))
    amber.escalate("disk is full")
    amber.publish()
    basalt.clock.move(timedelta(days=7))
    done = basalt.publish()
    assert not any(one.lost for one in done.again)
    ids = {record.id for record in (*before[0], *before[1])}
    after = tuple([one for one in basalt.records(kind) if one.id in ids] for kind in ("bead", "outbox"))
    assert after == before
    assert basalt.git("for-each-ref", ABANDONED) == ""


def test_publish_drop_that_is_refused_now_has_its_row(pair: tuple[Clone, Clone]) -> None:
    """Whoever dropped it was answered; that the answer changed stands in the history."""
    amber, basalt = pair
    same = "kind: signal\nfrom: jade\nto: mayor\ntype: StatusUpdate\nsubject: {}\nid: sig-01kjmdeb80er8dfw0wemj7sy1g\n"
    for clone in pair:
        clone.drop(same.format(f"all is well at {clone.root.name}"))
        clone.turn()
    amber.publish()
    done = basalt.publish()
    assert [(one.decision.problem.code, one.lost) for one in done.again if isinstance(one.decision, Refused)] == [
        ("id_taken", True)
    ]
    assert basalt.actions().count("inbox.refused") == 1
    settle_both(amber, basalt)


def test_publish_observation_of_the_same_commit_is_one_row(pair: tuple[Clone, Clone]) -> None:
    amber, basalt = pair
    amber.commit_by_hand({"notes.txt": b"mine\n"})
    amber.publish()
    basalt.git("pull", "--quiet", "--ff-only")
    for clone in pair:
        clone.turn()
    settle_both(amber, basalt)
    assert amber.actions() == ["commit.observed"]


def test_publish_commit_of_a_person_at_the_other_clone_is_observed_once(pair: tuple[Clone, Clone]) -> None:
    amber, basalt = pair
    amber.commit_by_hand({"notes.txt": b"mine\n"})
    amber.publish()
    basalt.escalate("disk is full")
    done = basalt.publish()
    assert done.tries == 2
    assert Counter(basalt.actions())["commit.observed"] == 1
    settle_both(amber, basalt)


def test_publish_files_that_are_no_records_come_over_as_they_are(pair: tuple[Clone, Clone]) -> None:
    """Programs, links, removed and oddly named files, and a folder in the place of a file."""
    amber, basalt = pair
    first = {"a.txt": b"a\n", "gone/deep/b.txt": b"b\n", "place": b"file\n", "tool": b"#!/bin/sh\n", "was/c": b"c\n"}
    amber.commit_by_hand(first)
    settle_both(amber, basalt)
    (amber.root / "gone/deep/b.txt").unlink()
    (amber.root / "place").unlink()
    (amber.root / "place").mkdir()
    (amber.root / "place/inside").write_text("inside\n")
    (amber.root / "was/c").unlink()
    (amber.root / "was").rmdir()
    (amber.root / "was").symlink_to("a.txt")
    (amber.root / "tool").chmod(0o755)
    (amber.root / "run.sh").write_text("#!/bin/sh\n")
    (amber.root / "run.sh").chmod(0o755)
    Path(os.fsdecode(os.fsencode(amber.root) + b"/sp\xe4t.txt")).write_text("late\n")
    amber.git("add", "-A")
    amber.git("commit", "--quiet", "-m", "all sorts")
    amber.publish()
    basalt.escalate("disk is full")
    basalt.publish()
    assert not (basalt.root / "gone").exists()
    assert (basalt.root / "place/inside").read_text() == "inside\n"
    assert (basalt.root / "was").readlink() == Path("a.txt")
    assert os.access(basalt.root / "tool", os.X_OK)
    assert os.access(basalt.root / "run.sh", os.X_OK)
    settle_both(amber, basalt)


def test_publish_leaves_what_a_person_is_editing(pair: tuple[Clone, Clone]) -> None:
    """Edits that are not committed, a file and a folder where the other clone has one: all stay as they are."""
    amber, basalt = pair
    amber.commit_by_hand({"notes.txt": b"theirs\n", "notes": b"theirs\n"})
    amber.publish()
    basalt.escalate("fans are loud")
    policy = basalt.root / "settings" / "policy.yaml"
    edited = policy.read_bytes() + b"# being edited\n"
    mine = {"settings/policy.yaml": edited, "notes.txt": b"mine\n", "notes/mine.txt": b"mine\n"}
    write_files(basalt.root, mine)
    assert basalt.publish().sent > 0
    assert {path: (basalt.root / path).read_bytes() for path in mine} == mine
    basalt.git("commit", "--quiet", "-m", "mine", "--", "settings/policy.yaml")
    basalt.turn()
    assert basalt.rows("commit.observed")[-1].meta["taken"] == ["settings/policy.yaml"]


def test_publish_commits_by_hand_are_pushed_while_nobody_was_faster(pair: tuple[Clone, Clone]) -> None:
    amber, _ = pair
    amber.commit_by_hand({"notes.txt": b"mine\n"})
    amber.turn()
    assert amber.publish().sent == 2
    amber.check()


def test_publish_commits_by_hand_in_two_clones_come_together(pair: tuple[Clone, Clone]) -> None:
    """FG-02: `push` said that there are local commits, for ever."""
    amber, basalt = pair
    amber.commit_by_hand({"notes.txt": b"theirs\n"})
    amber.publish()
    basalt.commit_by_hand({"mine.txt": b"mine\n"})
    basalt.turn()
    basalt.escalate("fans are loud")
    assert basalt.publish().sent > 0
    settle_both(amber, basalt)
    assert Counter(basalt.actions())["commit.observed"] == 2
    for clone in pair:
        assert (clone.root / "notes.txt").read_bytes() == b"theirs\n"
        assert (clone.root / "mine.txt").read_bytes() == b"mine\n"


@pytest.mark.parametrize("gesture", ["pull --no-rebase", "pull --rebase", "reset --hard origin/main"])
def test_two_live_clones_that_were_brought_together_by_hand_come_to_one_history(
    pair: tuple[Clone, Clone], gesture: str
) -> None:
    """FG-02: it ended as a broken chain, or as a rewritten history with a hint that did not help."""
    amber, basalt = pair
    amber.escalate("disk is full")
    amber.publish()
    basalt.escalate("fans are loud")
    basalt.drop(TODO.format("look at it"))
    basalt.turn()
    basalt.git("fetch", "--quiet")
    basalt.git(*gesture.split(" "), "--quiet")
    basalt.turn()
    basalt.check()
    settle_both(amber, basalt)
    assert sorted(bead.title for bead in amber.records("bead")) == ["disk is full", "fans are loud"]
    assert [todo.title for todo in amber.records("todo")] == ["look at it"]


def test_publish_after_pull_with_rebase_of_commits_by_hand_alone(pair: tuple[Clone, Clone]) -> None:
    amber, basalt = pair
    amber.escalate("disk is full")
    amber.publish()
    basalt.commit_by_hand({"notes.txt": b"mine\n"})
    basalt.git("pull", "--quiet", "--rebase")
    basalt.turn()
    assert basalt.publish().tries == 1
    settle_both(amber, basalt)


def test_publish_newer_rules_at_the_other_clone_are_refused(
    pair: tuple[Clone, Clone], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Decided by older rules on top of newer ones, the history would not verify."""
    amber, basalt = pair
    amber.escalate("disk is full")
    amber.publish()
    basalt.escalate("fans are loud")
    head = basalt.head()
    monkeypatch.setattr(adopting, "RULES_VERSION", 0)
    with pytest.raises(RefusedError) as refused:
        basalt.publish()
    assert refused.value.code == "newer_rules"
    assert basalt.head() == head


def test_publish_remote_that_was_rewritten_is_not_followed(pair: tuple[Clone, Clone], shared: Path) -> None:
    amber, basalt = pair
    first = run_git(shared, "rev-parse", "main")
    amber.escalate("disk is full")
    settle_both(amber, basalt)
    run_git(shared, "update-ref", "refs/heads/main", first)
    third = run_git(shared, "commit-tree", "-p", first, "-m", "another", f"{first}^{{tree}}")
    run_git(shared, "update-ref", "refs/heads/main", third)
    head = basalt.head()
    with pytest.raises(StoreError) as refused:
        basalt.publish()
    assert refused.value.code == "history_rewritten"
    assert basalt.head() == head


def test_publish_repository_of_another_project_is_refused(pair: tuple[Clone, Clone], make_bench: MakeProject) -> None:
    amber, _ = pair
    other = make_bench()
    other.git("switch", "--quiet", "-c", "elsewhere")
    other.git("commit", "--quiet", "--amend", "-m", "another project")
    other.git("branch", "-f", "main")
    with pytest.raises(RefusedError) as refused:
        amber.publish(str(other.root))
    assert refused.value.code == "unrelated"


def test_publish_others_that_keep_winning_is_a_conflict_and_nothing_is_lost(
    pair: tuple[Clone, Clone], monkeypatch: pytest.MonkeyPatch
) -> None:
    amber, basalt = pair
    monkeypatch.setattr(publishing, "TRIES", 3)
    basalt.escalate("fans are loud")
    alarms = iter(("disk is full", "door is open", "clock is wrong"))

    def be_faster(point: str) -> None:
        if point == "before-push":
            amber.escalate(next(alarms))
            amber.publish()

    basalt.desk.crash_point = be_faster
    with pytest.raises(ConflictError) as lost:
        basalt.publish()
    assert (lost.value.code, lost.value.exit_code) == ("push_lost", 5)
    basalt.desk.crash_point = lambda _: None
    assert basalt.publish().sent > 0
    settle_both(amber, basalt)
    assert len(basalt.records("bead")) == 4


def test_rehearse_says_what_would_come_out_and_moves_nothing(pair: tuple[Clone, Clone]) -> None:
    amber, basalt = pair
    bead = planned(amber.escalate("disk is full")).subject
    settle_both(amber, basalt)
    amber.give("escalate.ack", {"id": bead})
    amber.publish()
    basalt.give("escalate.ack", {"id": bead})
    head = basalt.head()
    rehearsed = publishing.rehearse(basalt.desk)
    assert [one.lost for one in rehearsed.again] == [True]
    assert (rehearsed.sent, rehearsed.taken) == (0, 1)
    assert basalt.head() == head
    done = basalt.publish()
    assert [one.lost for one in done.again] == [True]


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_publish_three_clones_that_race_end_in_the_same_history(make_clone: MakeClone) -> None:
    """Ten rounds of real processes: every escalation counts once, whoever wins."""
    clones = [make_clone(name) for name in ("amber", "basalt", "coral")]
    for number in range(10):
        prismfs = [[sys.executable, "-m", "prismfs", "-C", str(clone.root), "--as", "olga"] for clone in clones]
        for each in prismfs:
            document = ["escalate", "-s", "LOW", f"round {number}", "--signature", f"round-{number}"]
            subprocess.run([*each, *document], check=False, capture_output=True)
        children = [
            subprocess.Popen([*each, "push", "--json"], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
            for each in prismfs
        ]
        for child in children:
            out, err = child.communicate(timeout=120)
            assert child.returncode == 0, out + err
    for clone in clones:
        clone.publish()
    for clone in clones:
        clone.publish()
    assert len({clone.head() for clone in clones}) == 1
    for clone in clones:
        clone.check()
        assert [bead.occurrence_count for bead in clone.records("bead")] == [3] * 10
