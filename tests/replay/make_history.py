"""Makes `unreleased/rules-N.bundle`, N being today's version of the rules: what they decide, as commits.

    python tests/replay/make_history.py

It holds one branch a life: the one below, the stories, and the scenarios named here. All is lived on a clock of its
own with ids that follow from it, so that the same rules make the same records; keys are new each time. A few minutes
on a busy machine.

A recorded history is a promise: each later version of the program decides it again and comes to the same. Until a
version of the rules is released its history may be made anew, and is after every change of what they decide. With the
release it moves to `released/`, its line goes into `released/SHA256SUMS`, and nothing touches it again: this program
refuses to make the history of a released version. Then the rules get a new number (docs/versions.md).
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
TESTS = HERE.parent
sys.path.insert(0, str(TESTS.parent))
SCENARIOS = (
    "act_of_who_may_not_refused",
    "act_several_in_one_commit",
    "c05_acknowledged_never_raised",
    "c117_close_needs_a_review_by_the_worst_severity",
    "c120_mitigation_before_triage_is_approved",
    "c15_merged_the_worst_holds",
    "c23_nothing_said_of_what_nobody_waits_for",
    "c50_silence_made_and_changed",
    "c69_acknowledgement_lapses",
    "fd18_changed_threshold_holds_for_what_is_open",
    "c53_silence_of_a_source",
    "c55_answers_pass_through_a_window",
    "c94_what_a_person_wrote_stays",
    "c80_limits_hold_after_a_time_down",
    "classifier_command_talks_nonsense",
    "expired_signal_kept_and_left",
    "false_alarm_ends_what_waits",
    "fd01_no_more_than_the_policy_says",
    "fd02_p0_again_after_resolve_is_open_again",
    "fd02_reopened_is_raised_and_answered_anew",
    "fd32_outage_of_the_night_told_in_the_morning",
    "fd32_times_corrected_after_the_end",
    "fd34_handed_over_at_the_change_of_shift",
    "fd36_merge_taken_back",
    "fd36_false_alarm_was_none",
    "go_no_go_by_the_executive_only",
    "incident_reopened_goes_on",
    "info_answered_from_kb",
    "info_asked_back",
    "job_of_a_paused_agent_waits",
    "mail_archived_kept",
    "mail_sent_and_answered",
    "phone_home_changes_requested",
    "phone_home_dry_run_keeps_the_approval",
    "phone_home_duplicate_of_a_shipped_one",
    "phone_home_review_after_a_time_down",
    "phone_home_suspect_kept_on_purpose",
    "sage_left_to_a_person",
    "six_phases_and_what_they_do",
    "targets_are_strict",
    "todo_done_by_its_owner",
    "triage_by_rules_in_five_tiers",
    "triage_command_talks_nonsense",
    "triage_left_to_a_person_is_late",
)
"""Scenarios that show a rule or an action that neither the stories nor another one of these shows."""

START = datetime(2026, 3, 1, 10, 0, 0, tzinfo=UTC)
ENVIRONMENT = {
    "GIT_CONFIG_GLOBAL": os.devnull,
    "GIT_CONFIG_NOSYSTEM": "1",
    "GIT_AUTHOR_DATE": f"{int(START.timestamp())} +0000",
    "GIT_COMMITTER_DATE": f"{int(START.timestamp())} +0000",
    "LC_ALL": "C",
}
SIGNAL = "kind: signal\nfrom: jade\nto: {to}\ntype: Question\nsubject: {subject!r}\nbody: {body!r}\n"
DROPS = (
    SIGNAL.format(to="Sage", subject="How do I set the number of workers?", body="Which option sets it?"),
    SIGNAL.format(to="Sage", subject="export crashes with a traceback", body="It is broken since today, every run."),
    SIGNAL.format(to="Sage", subject="export crashes with a traceback", body="Once more.") + "labels: {zone: north}\n",
    SIGNAL.format(to="Sage", subject="Feature request: JSON output", body="It would be nice to have --json."),
    SIGNAL.format(to="Sage", subject="About yesterday", body="Much like the last one. password=hunter2hunter2"),
    SIGNAL.format(to="mayor", subject="hello", body="Größe: 12 \U0001f600\n\n  indented\n"),
    "kind: escalation\nfrom: jade\nseverity: HIGH\ntitle: disk is full\nsignature: disk\n",
    "kind: escalation\nfrom: jade\nseverity: CRITICAL\ntitle: disk is full\nsignature: disk\n",
    "kind: todo\nfrom: jade\ntitle: look at it\n",
    "kind: signal\nkind: signal\n",
)
"""What the life on the branch `main` begins with; the tests of tampering are about it."""


def main() -> None:
    """Live through everything, and write the bundle."""
    from prismfs.rules import RULES_VERSION

    name = f"rules-{RULES_VERSION}.bundle"
    if (HERE / "released" / name).exists():
        sys.exit(f"{name} is released and stays as it is: raise RULES_VERSION (docs/versions.md)")
    with tempfile.TemporaryDirectory() as folder:
        key = Path(folder) / "scan.key"
        key.touch(mode=0o600)
        key.write_bytes(b"a key of the tests, of no secret" * 2)
        os.environ.update(ENVIRONMENT, PRISMFS_SCAN_KEY_FILE=str(key), PRISMFS_KEY_FOLDER=f"{folder}/keys")
        bare = Path(folder) / "all.git"
        git("init", "--quiet", "--bare", str(bare))
        for branch, root in lives(Path(folder)):
            git("-C", str(bare), "fetch", "--quiet", str(root), f"main:refs/heads/{branch}")
            print(branch)
        target = HERE / "unreleased" / name
        git("-C", str(bare), "-c", "pack.threads=1", "bundle", "create", "--quiet", str(target), "--branches")


def lives(folder: Path) -> Iterator[tuple[str, Path]]:
    """Yield branch and root of every project that was lived through, each in a folder of its own below `folder`."""
    from prismfs.records import codec
    from tests.replay import stories
    from tests.support.owner import Owner
    from tests.support.project import Project
    from tests.support.stage import Stage

    Owner.login = "root"

    Project.open_desk = Stage.open_desk = stories.SteadyDesk
    yield "main", first_days(folder / "main")
    for story in stories.STORIES:
        (folder / story.__name__).mkdir()
        yield from story(folder / story.__name__).items()
    for name in SCENARIOS:
        scenario = TESTS / "scenarios" / name
        when: Any = codec.parse((scenario / "when.yaml").read_bytes(), format="yaml")
        (folder / name).mkdir()
        played = Stage(scenario, folder / name / "desk")
        played.play(when["steps"])
        yield name, played.root


def first_days(root: Path) -> Path:
    """Live through three days of a project at `root`."""
    from prismfs.kinds.core.settings.project import Project as Settings
    from tests.support.project import Project

    bench = Project.new(root, Settings(pid="PID-REPLAY", tenant="acme", operators=("olga",)))
    for number, text in enumerate(DROPS):
        bench.drop(text, f"drop-{number:02}.yaml")
        bench.wait(timedelta(seconds=7))
    incident, *_ = sorted(bench.records("incident"), key=lambda one: one.detected_at)
    beads = bench.records("bead")
    bench.clock.move(timedelta(minutes=20))
    bench.give("incident.ack", {"id": incident.id, "note": "on it"}, actor="Clara")
    bench.wait(timedelta(hours=5))
    with bench.desk.repo.writer():
        bench.desk.repo.bring_window()
    (path,) = (root / "incidents").rglob(f"{incident.id}.yaml")
    article = b"kind: kb\nversion: 1\nname: workers\ntitle: Workers\nsource: manual 3.2\nbody: Set `size`.\n"
    remark = path.read_bytes() + b"# Waiting for the vendor.\n"
    files = {path.relative_to(root).as_posix(): remark, "kb/workers.yaml": article}
    bench.commit_by_hand(files, subject="a remark and an article")
    bench.turn()
    bench.give("incident.resolve", {"id": incident.id, "note": "rolled back"}, actor="Clara")
    bench.wait(timedelta(hours=9))
    for bead in beads[1:]:
        bench.give("escalate.close", {"id": bead.id, "reason": "room was made"})
    bench.wait(timedelta(hours=30))
    return root


def git(*arguments: str) -> None:
    """Run git."""
    subprocess.run(["git", *arguments], check=True)


if __name__ == "__main__":
    main()
