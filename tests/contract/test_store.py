"""What every store promises, held against the repository and its in-memory twin."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Protocol

import pytest

from prismfs.errors import ConflictError, StoreError
from prismfs.kinds import kind_of
from prismfs.kinds.care.signal import Signal
from prismfs.kinds.core.audit import Audit
from prismfs.kinds.response.incident import Incident
from prismfs.records.api import Event, Plan
from prismfs.rules import ENGINE, decide
from prismfs.store.git.history import Snapshot
from prismfs.store.repo import ProjectRepo
from tests.support.project import Project
from tests.support.store import MemoryStore, Store

NOW = datetime(2026, 3, 1, 10, 0, 0, tzinfo=UTC)


class Stand(Protocol):
    """A store, and the hand of somebody who commits to it past prismfs."""

    store: Any

    def commit_foreign(self, files: Mapping[str, bytes | None]) -> str:
        """Commit as a person does and return the commit's name."""


class RepoStand:
    def __init__(self, bench: Project) -> None:
        self._bench = bench
        self.store: Store = bench.desk.repo

    def commit_foreign(self, files: Mapping[str, bytes | None]) -> str:
        with self._bench.desk.repo.writer():
            self._bench.desk.repo.bring_index()
        commit: str = self._bench.commit_by_hand(dict(files))
        return commit


class MemoryStand:
    def __init__(self, files: Mapping[str, bytes]) -> None:
        self.store = MemoryStore(files)

    def commit_foreign(self, files: Mapping[str, bytes | None]) -> str:
        return self.store.commit_foreign(files, author="Pat", at=NOW)


@pytest.fixture(params=["repo", "memory"])
def stand(request: pytest.FixtureRequest, bench: Project) -> Iterator[Stand]:
    # The twin is founded with the very files of the repository, those that are no records among them.
    if request.param == "repo":
        yield RepoStand(bench)
    else:
        names = bench.git("ls-tree", "-r", "--name-only", "HEAD").splitlines()
        yield MemoryStand({name: (bench.root / name).read_bytes() for name in names})


def event(number: int, subject: str = "export crashes with a traceback", *, sender: str = "jade") -> Event:
    form = {
        "kind": "signal",
        "from": sender,
        "to": "Sage",
        "type": "Question",
        "subject": subject,
        "body": "It is broken: every run fails with an exception since today.",
    }
    return Event.model_validate(
        {
            "type": "drop",
            "kind": "signal",
            "cause": f"drop:{number:064}",
            "at": NOW,
            "actor": sender,
            "document": {"document": form, "redactions": [], "name": "a.yaml", "sha256": "0" * 64, "size": 1},
        }
    )


def plans_of(store: Store, base: Snapshot, *events: Event, now: datetime = NOW) -> list[Plan]:
    plans = []
    with store.overlay(base) as view:
        for each in events:
            decision = decide(view, each, now)
            assert isinstance(decision, Plan), decision
            view.add(decision)
            plans.append(decision)
    return plans


def put(store: Store, *events: Event, now: datetime = NOW) -> tuple[list[Plan], Snapshot]:
    base = store.snapshot()
    plans = plans_of(store, base, *events, now=now)
    store.apply(plans, base=base)
    return plans, store.snapshot()


def of_kind(plan: Plan, model: type) -> Any:
    return next(record for record in plan.puts if isinstance(record, model))


def test_snapshot_nothing_committed_equals_the_one_before(stand: Stand) -> None:
    assert stand.store.snapshot() == stand.store.snapshot()


def test_read_file_of_an_old_snapshot_gives_the_old_bytes(stand: Stand) -> None:
    old = stand.store.snapshot()
    before = stand.store.read(old, "settings/policy.yaml")
    stand.commit_foreign({"settings/policy.yaml": before + b"# later\n"})
    assert stand.store.read(old, "settings/policy.yaml") == before
    assert stand.store.read(stand.store.snapshot(), "settings/policy.yaml") == before + b"# later\n"


def test_read_path_that_is_not_there_gives_none(stand: Stand) -> None:
    assert stand.store.read(stand.store.snapshot(), "signals/2026/03/01/10/nothing.yaml") is None


def test_apply_plans_makes_one_commit_each_in_order(stand: Stand) -> None:
    """R-002-43: a state change is one commit that holds the records and their audit rows."""
    base = stand.store.snapshot()
    plans = plans_of(stand.store, base, event(1), event(2, "another crash traceback"), event(3))
    commits = stand.store.apply(plans, base=base)
    assert len(commits) == len(set(commits)) == 3
    assert stand.store.snapshot().commit == commits[-1]
    for number, commit in enumerate(commits):
        at = Snapshot(commit=commit, seen=None)
        for later, plan in enumerate(plans):
            path = kind_of(Signal).place_of(of_kind(plan, Signal))
            assert (stand.store.read(at, path) is not None) == (later <= number)


def test_apply_plans_gives_their_records_back(stand: Stand) -> None:
    plans, after = put(stand.store, event(1), event(2))
    last = {kind_of(record).place_of(record): record for plan in plans for record in plan.puts}
    for path, record in last.items():
        assert kind_of(record).read(stand.store.read(after, path), path=path) == record
    with stand.store.overlay(after) as view:
        for record in last.values():
            assert view.get(type(record), kind_of(record).name_of(record)) == record
        assert view.last_audit().number == sum(isinstance(record, Audit) for record in last.values())
        assert view.handled("drop:" + "1".zfill(64))


def test_apply_no_plans_moves_nothing(stand: Stand) -> None:
    base = stand.store.snapshot()
    assert stand.store.apply((), base=base) == ()
    assert stand.store.snapshot() == base


def test_apply_branch_moved_meanwhile_is_a_conflict_and_nothing_moves(stand: Stand) -> None:
    base = stand.store.snapshot()
    plans = plans_of(stand.store, base, event(1))
    foreign = stand.commit_foreign({"notes.txt": b"by a person\n"})
    with pytest.raises(ConflictError) as caught:
        stand.store.apply(plans, base=base)
    assert caught.value.code == "branch_moved"
    assert caught.value.exit_code == 5
    after = stand.store.snapshot()
    assert (after.commit, after.seen) == (foreign, base.seen)
    assert stand.store.read(after, kind_of(Signal).place_of(of_kind(plans[0], Signal))) is None


def test_apply_after_a_conflict_decided_again_succeeds_with_the_same_ids(stand: Stand) -> None:
    """Ids follow from the cause, so that deciding again after a conflict doubles nothing."""
    base = stand.store.snapshot()
    first = plans_of(stand.store, base, event(1))
    stand.commit_foreign({"notes.txt": b"by a person\n"})
    with pytest.raises(ConflictError):
        stand.store.apply(first, base=base)
    again, after = put(stand.store, event(1))
    assert [kind_of(each).name_of(each) for each in again[0].puts] == [
        kind_of(each).name_of(each) for each in first[0].puts
    ]
    assert stand.store.read(after, "notes.txt") == b"by a person\n"


def test_apply_no_plans_over_news_counts_them_as_answered(stand: Stand) -> None:
    stand.commit_foreign({"notes.txt": b"by a person\n"})
    base = stand.store.snapshot()
    assert len(stand.store.news(base)) == 1
    stand.store.apply((), base=base)
    assert stand.store.news(stand.store.snapshot()) == ()


def test_overlay_plan_added_is_seen_inside_and_forgotten_after(stand: Stand) -> None:
    base = stand.store.snapshot()
    plan = plans_of(stand.store, base, event(1))[0]
    signal = of_kind(plan, Signal)
    with stand.store.overlay(base) as view:
        view.add(plan)
        assert view.get(Signal, signal.id) == signal
        assert view.handled(plan.cause)
    with stand.store.overlay(base) as view:
        assert view.get(Signal, signal.id) is None
        assert not view.handled(plan.cause)
        assert view.last_audit().number == 0
    assert stand.store.snapshot() == base


def test_overlay_error_inside_is_forgotten_too(stand: Stand) -> None:
    base = stand.store.snapshot()
    plan = plans_of(stand.store, base, event(1))[0]

    def fail() -> None:
        with stand.store.overlay(base) as view:
            view.add(plan)
            raise LookupError

    with pytest.raises(LookupError):
        fail()
    with stand.store.overlay(base) as view:
        assert not view.handled(plan.cause)


def test_news_foreign_commits_come_once_and_oldest_first(stand: Stand) -> None:
    first = stand.commit_foreign({"notes.txt": b"one\n"})
    second = stand.commit_foreign({"notes.txt": b"two\n", "more.txt": b"more\n"})
    base = stand.store.snapshot()
    news = stand.store.news(base)
    assert [commit.commit for commit in news] == [first, second]
    assert [set(commit.puts) for commit in news] == [{"notes.txt"}, {"notes.txt", "more.txt"}]
    assert {commit.author for commit in news} == {"Pat"}
    stand.store.apply(plans_of(stand.store, base, event(1)), base=base)
    assert stand.store.news(stand.store.snapshot()) == ()


def test_news_own_commits_are_none(stand: Stand) -> None:
    _, after = put(stand.store, event(1))
    assert stand.store.news(after) == ()


def test_news_removed_file_is_named(stand: Stand) -> None:
    """A record that a person removed is news, and gone from the view."""
    plans, _ = put(stand.store, event(1))
    signal = of_kind(plans[0], Signal)
    path = kind_of(Signal).place_of(signal)
    stand.commit_foreign({path: None})
    after = stand.store.snapshot()
    assert [(commit.puts, commit.removed) for commit in stand.store.news(after)] == [((), (path,))]
    assert stand.store.read(after, path) is None
    with stand.store.overlay(after) as view:
        assert view.get(Signal, signal.id) is None


def test_news_invalid_record_is_news_and_no_record(stand: Stand) -> None:
    """A file that cannot be read is a loud event, never a skip, and never a record."""
    plans, _ = put(stand.store, event(1))
    signal = of_kind(plans[0], Signal)
    path = kind_of(Signal).place_of(signal)
    stand.commit_foreign({path: b"kind: signal\nkind: signal\n"})
    after = stand.store.snapshot()
    assert [commit.puts for commit in stand.store.news(after)] == [(path,)]
    with stand.store.overlay(after) as view:
        assert view.get(Signal, signal.id) is None


def test_view_removed_audit_row_leaves_the_row_before_as_head(stand: Stand) -> None:
    """Equal files give equal answers, however the project came by them."""
    first, middle = put(stand.store, event(1))
    with stand.store.overlay(middle) as view:
        head = view.last_audit()
    second, _ = put(stand.store, event(2))
    rows = [record for record in second[0].puts if isinstance(record, Audit)]
    stand.commit_foreign({kind_of(Audit).place_of(row): None for row in rows})
    with stand.store.overlay(stand.store.snapshot()) as view:
        assert view.last_audit() == head
        assert view.handled(first[0].cause)
        assert not view.handled(second[0].cause)


def test_apply_record_edited_by_a_person_keeps_every_byte_beside_the_change(stand: Stand) -> None:
    """C-94: what people write around a record survives the engine's change of it."""
    plans, after = put(stand.store, event(1))
    incident = of_kind(plans[0], Incident)
    path = kind_of(Incident).place_of(incident)
    written = stand.store.read(after, path)
    assert written is not None
    edited = written.replace(b"status: triage\n", b"# Waiting for the vendor, see my mail.\nstatus:   triage  # mine\n")
    assert edited != written
    stand.commit_foreign({path: edited + b"# the end\n"})
    _, later = put(stand.store, event(2))
    amended = stand.store.read(later, path)
    assert amended is not None
    assert amended == edited.replace(b"count: 1\n", b"count: 2\n").rstrip(b"\n") + b"\n# the end\n" + (
        b"" if b"count: 1\n" in edited else b"count: 2\n"
    )
    with stand.store.overlay(later) as view:
        assert view.get(Incident, incident.id).count == 2


def test_apply_two_plans_over_one_record_keep_a_persons_bytes_through_both(stand: Stand) -> None:
    """C-94, within one group: the second plan amends what the first one wrote."""
    plans, after = put(stand.store, event(1))
    path = kind_of(Incident).place_of(of_kind(plans[0], Incident))
    stand.commit_foreign({path: (stand.store.read(after, path) or b"") + b"# mine\n"})
    _, later = put(stand.store, event(2), event(3), now=NOW + timedelta(minutes=1))
    amended = stand.store.read(later, path)
    assert amended is not None
    assert b"# mine\n" in amended
    assert b"count: 3\n" in amended


# What only the repository can do.


def test_repo_apply_commit_says_who_why_and_by_which_rules(bench: Project) -> None:
    """`git log` alone tells the cause, the rule, the actor, the time and the rules' version."""
    base = bench.head()
    plans, _ = put(bench.desk.repo, event(1))
    subject, body, author, date = bench.git("log", "-1", "--format=%s%x00%b%x00%an%x00%at").split("\0")
    assert subject == f"signal: open_incident {of_kind(plans[0], Signal).id}"
    trailers = dict(line.split(": ", 1) for line in body.strip().splitlines()[-6:])
    assert trailers == {
        "Prismfs-Cause": plans[0].cause,
        "Prismfs-Rule": "open_incident",
        "Prismfs-Actor": "jade",
        "Prismfs-Time": "2026-03-01T10:00:00.000Z",
        "Prismfs-Version": str(plans[0].version),
        "Prismfs-Covers": f"{base} 1",
    }
    assert (author, int(date)) == ("jade", int(NOW.timestamp()))


def test_repo_apply_leaves_files_and_status_as_committed(bench: Project) -> None:
    repo: ProjectRepo = bench.desk.repo
    with repo.writer():
        plans, after = put(repo, event(1))
        repo.bring_index()
    for record in plans[0].puts:
        path = kind_of(record).place_of(record)
        assert (bench.root / path).read_bytes() == repo.read(after, path)
    assert bench.git("status", "--porcelain") == ""


def test_repo_bring_index_leaves_what_a_person_staged(bench: Project) -> None:
    repo: ProjectRepo = bench.desk.repo
    (bench.root / "notes.txt").write_bytes(b"mine\n")
    bench.git("add", "notes.txt")
    with repo.writer():
        put(repo, event(1))
        repo.bring_index()
    assert bench.git("status", "--porcelain") == "A  notes.txt"


def test_repo_news_rewritten_history_is_refused(bench: Project) -> None:
    """A branch that lost the commit seen last is not quietly followed."""
    repo: ProjectRepo = bench.desk.repo
    base = repo.snapshot()
    put(repo, event(1))
    bench.git("update-ref", "refs/heads/main", base.commit)
    with pytest.raises(StoreError) as caught:
        repo.news(repo.snapshot())
    assert caught.value.code == "history_rewritten"
    assert caught.value.exit_code == 69


def test_repo_snapshot_other_branch_checked_out_is_refused(bench: Project) -> None:
    bench.git("switch", "--quiet", "-c", "mine")
    with pytest.raises(StoreError) as caught:
        bench.desk.repo.snapshot()
    assert caught.value.code == "branch_changed"


def test_repo_foreign_commits_are_answered_by_one_audit_row_each(bench: Project) -> None:
    """R-002-43: the trail has no hole where a person committed, whatever they committed."""
    policy = (bench.root / "settings/policy.yaml").read_bytes()
    commits = [
        bench.commit_by_hand({"settings/policy.yaml": policy + b"# mine\n"}),
        bench.commit_by_hand({"beads/2026/03/01/10/nonsense.yaml": b"[1, 2\n"}, subject="\x1b[31mred\x1b[0m"),
        bench.commit_by_hand({"beads/2026/03/01/10/nonsense.yaml": None}, subject="zwölf"),
    ]
    bench.turn()
    bench.turn()
    bench.restart()
    bench.turn()
    rows = bench.records("audit")
    assert [row.action for row in rows] == ["commit.observed"] * 3
    assert [row.meta["commit"] for row in rows] == commits
    assert [row.actor for row in rows] == [ENGINE] * 3
    assert [row.level for row in rows] == ["info", "error", "info"]
    assert rows[1].meta["invalid"] == {"beads/2026/03/01/10/nonsense.yaml": "not_a_mapping"}
    assert bench.problems() == ()


@pytest.mark.parametrize("name", [b"sp\xe4t.txt", b"kb/sp\xe4t.yaml", b"kb/two\nlines.yaml", b"kb/\x1b[31m.yaml"])
def test_repo_foreign_commit_of_a_name_that_is_no_text_is_answered(bench: Project, name: bytes) -> None:
    """A name in Latin-1, or with a line break, once stopped the watcher or was passed over in silence."""
    place = os.path.join(os.fsencode(bench.root), name)
    os.makedirs(os.path.dirname(place), exist_ok=True)
    with open(place, "wb") as file:
        file.write(b"kind: kb\n")
    bench.git("add", "-A")
    bench.git("commit", "--quiet", "-m", "an odd name")
    bench.drop("kind: todo\nfrom: jade\ntitle: go on\n")
    bench.turn()
    rows = bench.records("audit")
    assert [row.action for row in rows] == ["commit.observed", "todo.created"]
    assert [row.level for row in rows] == ["error" if name.startswith(b"kb/") else "info", "info"]
    assert bench.problems() == ()


def test_repo_merge_by_a_person_is_one_piece_of_news(bench: Project) -> None:
    bench.git("switch", "--quiet", "-c", "topic")
    bench.commit_by_hand({"a.txt": b"a\n"})
    bench.commit_by_hand({"b.txt": b"b\n"})
    bench.git("switch", "--quiet", "main")
    bench.git("merge", "--quiet", "--no-ff", "-m", "merge topic", "topic")
    bench.turn()
    rows = bench.records("audit")
    assert [(row.action, sorted(row.meta["puts"])) for row in rows] == [("commit.observed", ["a.txt", "b.txt"])]
    assert bench.problems() == ()


def test_repo_signal_by_pull_is_taken_up_like_a_drop(bench: Project, tmp_path: Path) -> None:
    """A received signal that came in by a commit is sorted, once."""
    plans = plans_of(bench.desk.repo, bench.desk.repo.snapshot(), event(1))
    signal = of_kind(plans[0], Signal).changed(
        status="received", lane=None, lane_reason=None, lane_by=None, incident=None, disposition=None
    )
    kind = kind_of(Signal)
    bench.commit_by_hand({kind.place_of(signal): kind.write(signal)})
    bench.turn()
    bench.turn()
    assert [incident.opened_by for incident in bench.records("incident")] == [signal.id]
    assert bench.records("signal")[0].status == "handed_off"
    assert bench.problems() == ()
