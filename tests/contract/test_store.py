"""What every store promises, held against the repository and its in-memory twin."""

from __future__ import annotations

import os
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from prismfs.errors import ConflictError
from prismfs.kinds import kind_of
from prismfs.kinds.care.signal import Signal
from prismfs.kinds.core.audit import Audit, AuditFile
from prismfs.kinds.response.incident import Incident
from prismfs.records.api import Event, Plan
from prismfs.rules import ENGINE, decide
from prismfs.store.git.history import Snapshot
from prismfs.store.repo import ProjectRepo
from tests.support.project import Project
from tests.support.rows import rows_of
from tests.support.store import MemoryStore, Store

NOW = datetime(2026, 3, 1, 10, 0, 0, tzinfo=UTC)


@pytest.fixture(params=["repo", "memory"])
def store(request: pytest.FixtureRequest, bench: Project) -> Store:
    # The twin is founded with the very files of the repository, those that are no records among them.
    if request.param == "repo":
        return bench.desk.repo
    names = bench.git("ls-tree", "-r", "--name-only", "HEAD").splitlines()
    return MemoryStore({name: (bench.root / name).read_bytes() for name in names})


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


def test_snapshot_nothing_committed_equals_the_one_before(store: Store) -> None:
    assert store.snapshot() == store.snapshot()


def test_read_path_that_is_not_there_gives_none(store: Store) -> None:
    assert store.read(store.snapshot(), "signals/2026-03/01/10/7/f/nothing.yaml") is None


def test_apply_plans_makes_one_commit_each_in_order(store: Store) -> None:
    """R-002-43: a state change is one commit that holds the records and their audit rows."""
    base = store.snapshot()
    plans = plans_of(store, base, event(1), event(2, "another crash traceback"), event(3))
    commits = store.apply(plans, base=base)
    assert len(commits) == len(set(commits)) == 3
    assert store.snapshot().commit == commits[-1]
    for number, commit in enumerate(commits):
        at = Snapshot(commit=commit, window=None)
        for later, plan in enumerate(plans):
            path = kind_of(Signal).place_of(of_kind(plan, Signal))
            assert (store.read(at, path) is not None) == (later <= number)


def test_apply_plans_gives_their_records_back(store: Store) -> None:
    plans, after = put(store, event(1), event(2))
    last = {kind_of(record).place_of(record): record for plan in plans for record in plan.puts}
    for path, record in last.items():
        assert kind_of(record).read(store.read(after, path), path=path) == record
    with store.overlay(after) as view:
        rows = rows_of(last.values())
        for record in (*last.values(), *rows):
            if not isinstance(record, AuditFile):
                assert view.get(type(record), kind_of(record).name_of(record)) == record
        assert view.last_audit().number == len(rows)
        assert view.handled("drop:" + "1".zfill(64))


def test_read_file_of_an_old_snapshot_gives_the_old_bytes(store: Store) -> None:
    plans, old = put(store, event(1))
    path = kind_of(Incident).place_of(of_kind(plans[0], Incident))
    before = store.read(old, path)
    put(store, event(2))
    assert store.read(old, path) == before != store.read(store.snapshot(), path)


def test_apply_on_what_another_has_moved_is_a_conflict_and_nothing_moves(store: Store) -> None:
    base = store.snapshot()
    plans = plans_of(store, base, event(1))
    _, after = put(store, event(2, "another crash traceback"))
    with pytest.raises(ConflictError) as caught:
        store.apply(plans, base=base)
    assert (caught.value.code, caught.value.exit_code) == ("branch_moved", 5)
    assert store.snapshot() == after
    assert store.read(after, kind_of(Signal).place_of(of_kind(plans[0], Signal))) is None


def test_apply_after_a_conflict_decided_again_succeeds_with_the_same_ids(store: Store) -> None:
    """Ids follow from the cause, so that deciding again after a conflict doubles nothing."""
    first = plans_of(store, store.snapshot(), event(1))
    put(store, event(2, "another crash traceback"))
    again, _ = put(store, event(1))
    names = [[kind_of(each).name_of(each) for each in plans[0].puts] for plans in (first, again)]
    assert names[0] == names[1]


def test_apply_no_plans_moves_nothing(store: Store) -> None:
    base = store.snapshot()
    assert store.apply((), base=base) == ()
    assert store.snapshot() == base


def test_overlay_plan_added_is_seen_inside_and_forgotten_after(store: Store) -> None:
    base = store.snapshot()
    plan = plans_of(store, base, event(1))[0]
    signal = of_kind(plan, Signal)
    with store.overlay(base) as view:
        view.add(plan)
        assert view.get(Signal, signal.id) == signal
        assert view.handled(plan.cause)
    with store.overlay(base) as view:
        assert view.get(Signal, signal.id) is None
        assert not view.handled(plan.cause)
        assert view.last_audit().number == 0
    assert store.snapshot() == base


def test_overlay_error_inside_is_forgotten_too(store: Store) -> None:
    base = store.snapshot()
    plan = plans_of(store, base, event(1))[0]

    def fail() -> None:
        with store.overlay(base) as view:
            view.add(plan)
            raise LookupError

    with pytest.raises(LookupError):
        fail()
    with store.overlay(base) as view:
        assert not view.handled(plan.cause)


# What only the repository can do.


def test_repo_apply_commit_says_who_why_and_by_which_rules(bench: Project) -> None:
    """`git log` alone tells the cause, the rule, the actor, the time and the rules' version."""
    base = bench.head()
    plans, _ = put(bench.desk.repo, event(1))
    subject, body, author, date = bench.git(
        "log", "-1", "--format=%s%x00%b%x00%an%x00%at", bench.desk.repo.snapshot().commit
    ).split("\0")
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
        repo.bring_window()
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
        repo.bring_window()
    assert bench.git("status", "--porcelain") == "A  notes.txt"


def commit_by_hand(bench: Project, files: Mapping[str, bytes | None]) -> str:
    """Commit as a person does who has the truth in the window."""
    with bench.desk.repo.writer():
        bench.desk.repo.bring_window()
    return bench.commit_by_hand(files)


def test_repo_news_are_what_people_committed_each_after_what_it_builds_on(bench: Project) -> None:
    repo = bench.desk.repo
    first = commit_by_hand(bench, {"notes.txt": b"one\n"})
    second = bench.commit_by_hand({"notes.txt": b"two\n", "more.txt": b"more\n"})
    assert [(one.id, one.author) for one in repo.news(repo.snapshot())] == [(first, "Pat"), (second, "Pat")]
    bench.turn()
    assert repo.news(repo.snapshot()) == ()
    assert bench.files() == bench.files(repo.snapshot().commit)


def test_repo_news_own_commits_are_none_wherever_the_window_stands(bench: Project) -> None:
    repo = bench.desk.repo
    base = repo.snapshot()
    _, after = put(repo, event(1))
    assert repo.news(after) == ()
    bench.turn()
    bench.git("reset", "--hard", "--quiet", base.commit)
    assert repo.news(repo.snapshot()) == ()
    bench.turn()
    assert bench.head() == repo.snapshot().commit
    assert bench.git("status", "--porcelain") == ""


def test_repo_records_stay_what_a_person_removes_or_spoils(bench: Project) -> None:
    """A record is never deleted, and a file that cannot be read never becomes one: a row says why."""
    plans, _ = put(bench.desk.repo, event(1))
    signal = of_kind(plans[0], Signal)
    path = kind_of(Signal).place_of(signal)
    rows = {kind_of(Audit).place_of(file): None for file in plans[0].puts if isinstance(file, AuditFile)}
    for files in ({path: None}, {path: b"kind: signal\nkind: signal\n"}, rows):
        commit_by_hand(bench, files)
        bench.turn()
        with bench.desk.repo.overlay(bench.desk.repo.snapshot()) as view:
            assert view.get(Signal, signal.id) is not None
            assert view.handled(plans[0].cause)
        row = bench.rows("commit.observed")[-1]
        assert row.level == "error"
        assert row.meta["refused"].keys() == files.keys()  # type: ignore[union-attr]
    assert bench.git("status", "--porcelain") == ""
    assert bench.problems() == ()


def test_repo_words_that_a_person_writes_around_a_record_are_kept(bench: Project) -> None:
    """C-94: what people write around a record survives the engine's change of it, also of two plans in one group."""
    plans, after = put(bench.desk.repo, event(1))
    path = kind_of(Incident).place_of(of_kind(plans[0], Incident))
    written = bench.desk.repo.read(after, path) or b""
    edited = written.replace(b"status: triage\n", b"# Waiting for the vendor, see my mail.\nstatus:   triage  # mine\n")
    assert edited != written
    commit_by_hand(bench, {path: edited + b"# the end\n"})
    bench.turn()
    assert bench.desk.repo.read(bench.desk.repo.snapshot(), path) == edited + b"# the end\n"
    _, later = put(bench.desk.repo, event(2), event(3), now=NOW + timedelta(minutes=1))
    amended = bench.desk.repo.read(later, path) or b""
    for words in (b"# Waiting for the vendor, see my mail.\nstatus:   triage  # mine\n", b"# the end\n", b"count: 3\n"):
        assert words in amended
    assert bench.problems() == ()


def test_repo_goes_on_while_another_branch_is_checked_out(bench: Project) -> None:
    bench.git("switch", "--quiet", "-c", "mine")
    bench.drop("kind: todo\nfrom: jade\ntitle: go on\n")
    bench.turn()
    assert [row.action for row in bench.rows()] == ["todo.created"]
    assert not list((bench.root / "todos").glob("**/*.yaml"))
    bench.git("switch", "--quiet", "main")
    bench.turn()
    assert list((bench.root / "todos").glob("**/*.yaml"))
    assert bench.git("status", "--porcelain") == ""


def test_repo_foreign_commits_are_answered_by_one_audit_row_each(bench: Project) -> None:
    """R-002-43: the trail has no hole where a person committed, whatever they committed."""
    policy = (bench.root / "settings/policy.yaml").read_bytes()
    commits = [
        bench.commit_by_hand({"settings/policy.yaml": policy + b"# mine\n"}),
        bench.commit_by_hand({"beads/2026-03/01/10/7/f/nonsense.yaml": b"[1, 2\n"}, subject="\x1b[31mred\x1b[0m"),
        bench.commit_by_hand({"beads/2026-03/01/10/7/f/nonsense.yaml": None}, subject="zwölf"),
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
    assert rows[1].meta["refused"] == {"beads/2026-03/01/10/7/f/nonsense.yaml": "engine_record_changed"}
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
    assert [row.level for row in rows] == ["error", "info"]
    assert bench.problems() == ()


def test_repo_commits_that_a_person_merges_are_answered_one_by_one(bench: Project) -> None:
    bench.git("switch", "--quiet", "-c", "topic")
    bench.commit_by_hand({"a.txt": b"a\n"})
    bench.commit_by_hand({"b.txt": b"b\n"})
    bench.git("switch", "--quiet", "main")
    bench.git("merge", "--quiet", "--no-ff", "-m", "merge topic", "topic")
    bench.turn()
    rows = bench.records("audit")
    assert [(row.action, row.meta["taken"]) for row in rows] == [
        ("commit.observed", ["a.txt"]), ("commit.observed", ["b.txt"]), ("commit.observed", []),
    ]  # fmt: skip
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
