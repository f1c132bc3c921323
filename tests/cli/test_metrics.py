"""`prismfs metrics`: figures from commits, in four forms, equal in every clone (R-002-55 to R-002-60)."""

from __future__ import annotations

import json
import os
import re
import shutil
import stat
import subprocess
from datetime import datetime, timedelta
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest
from prometheus_client.parser import text_string_to_metric_families
from pydantic import JsonValue

from prismfs.kinds import KINDS
from prismfs.kinds.response.incident import Incident
from prismfs.records.api import Record, Severity, derive_id, format_instant
from tests.support.command_line import CommandLine

DAY = "2026-03-02T"
HOSTILE = "<script>alert(1)</script>\N{RIGHT-TO-LEFT OVERRIDE} & \"quoted\" 'title'"


def at(clock: str) -> datetime:
    """Return a time of Monday of 2026-W10."""
    return datetime.fromisoformat(f"{DAY}{clock}+00:00")


def incident(name: str, rank: int, detected: str, *, title: str = "export fails", **given: Any) -> Incident:
    """Return an incident; what ends in `_at` is a time of that day."""
    severity = Severity(rank=rank, scale="prism", label=f"P{rank}")
    times = {member: at(clock) for member, clock in given.items() if member.endswith("_at")}
    return Incident(
        **{
            "id": derive_id("inc", at(detected), cause=name),
            "pid": "PID-DESK01",
            "title": title,
            "nature": "fault",
            "severity": severity,
            "severity_reason": "as judged",
            "sev_initial": severity,
            "sev_max": severity,
            "status": "resolved" if "resolved_at" in given else "triage",
            "owner": "Clara",
            "reporter": "jade",
            "dedup_key": f"key:{name}",
            "detected_at": at(detected),
            "last_seen_at": at(detected),
            "escalations": 1,
            "level": "support",
            **given,
            **times,
        }
    )


def worked() -> list[Incident]:
    """Return the worked example of the definitions: five incidents, one of them open."""
    return [
        incident(
            "A", 0, "10:02", started_at="10:00", responded_at="10:05", resolved_at="10:42", escalations=3,
            root_cause_id="RC1", review="review-a", review_stored_at="17:00",
        ),
        incident(
            "B", 1, "11:10", started_at="11:00", responded_at="11:20", resolved_at="13:10", escalations=2,
            root_cause_id="RC2",
        ),
        incident(
            "C", 2, "12:00:00", resolved_at="12:00:06", status="auto_resolved", auto_resolved=True, escalations=0
        ),
        incident("D", 2, "14:06", started_at="14:00", responded_at="14:36", title=HOSTILE),
        incident(
            "E", 1, "15:02", started_at="15:00", responded_at="15:05", resolved_at="15:32", root_cause_id="RC1"
        ),
    ]  # fmt: skip


def keep(place: CommandLine, *records: Record) -> None:
    """Keep records as they are."""
    place.force(*records)


@pytest.fixture
def measured(place: CommandLine) -> CommandLine:
    """A project that holds the worked example."""
    keep(place, *worked())
    return place


def samples(text: str) -> dict[tuple[str, ...], float]:
    """Return the values of an exposition by name and labels (name=value), as Prometheus' own parser reads it."""
    found = {}
    for family in text_string_to_metric_families(text):
        assert family.type == "gauge"
        assert family.documentation
        for sample in family.samples:
            assert sample.labels.pop("pid") == "PID-DESK01"
            key = (sample.name, *(f"{name}={value}" for name, value in sorted(sample.labels.items())))
            assert key not in found
            found[key] = sample.value
    return found


def test_worked_example_is_told_from_commits(measured: CommandLine) -> None:
    found = measured.call("metrics", "--json").data
    assert (found["mttd"]["mean"], found["mttd"]["n"]) == (300.0, 4)
    assert (found["mtt_respond"]["mean"], found["mtt_respond"]["n"]) == (690.0, 4)
    resolve = found["mtt_resolve"]
    assert (resolve["all"]["mean"], resolve["all"]["n"]) == (2851.5, 4)
    assert (resolve["escalated_only"]["mean"], resolve["escalated_only"]["n"]) == (3800.0, 3)
    assert (found["auto_resolve_rate"]["percent"], found["repeat_rate"]["percent"]) == (25.0, 33.3)
    assert found["weeks"][0]["week"] == "2026-W10"
    assert found["weeks"][0]["sev_final"] == {"P0": 1, "P1": 2, "P2": 2, "P3": 0}
    assert found["review_on_time_rate"] == {"n": 1, "count": 1, "percent": 100.0}
    assert found["breach_rate"]["respond"]["P1"] == {"n": 2, "count": 0, "percent": 0.0}
    assert found["breach_rate"]["resolve"]["all"] == {"n": 4, "count": 0, "percent": 0.0}
    assert found["commit"] == measured.git("rev-parse", "HEAD").strip()


def test_table_reads_the_same_figures_aloud(measured: CommandLine) -> None:
    said = re.sub(r" +", " ", measured.call("metrics", "--by", "week").out)
    assert "PID-DESK01, all time: 5 incidents, 1 open" in said
    for line in (
        "to detect (MTTD) 4 5m 0s",
        "to respond 4 11m 30s",
        "to resolve, all 4 47m 32s",
        "to resolve, escalated only 3 1h 3m",
        "resolved without escalation, of those resolved 25.0 1/4",
        "same root cause again, of those with one 33.3 1/3",
        "2026-W10 1 2 2 0 5",
        "2026-W10 5 5m 0s 11m 30s 47m 32s 1h 3m 25.0 33.3",
    ):
        assert line in said, said


@pytest.mark.parametrize(
    ("window", "count"),
    [
        (("--from", "2026-03-02", "--to", "2026-03-03"), 5),
        (("--from", "2026-W10", "--to", "2026-W11"), 5),
        (("--from", "2026-03-02T11:10:00Z"), 4),
        (("--to", "2026-03-02T15:02:00Z"), 4),
        (("--from", "2026-03-03"), 0),
    ],
)
def test_window_is_told_in_days_weeks_and_instants(measured: CommandLine, window: tuple[str, ...], count: int) -> None:
    assert measured.call("metrics", *window, "--json").data["incidents"] == count


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (("--from", "yesterday"), "bad_instant"),
        (("--to", "2026-02-30"), "bad_instant"),
        (("--from", "2026-W99"), "bad_instant"),
        (("--from", "2026-03-02T10:00:00"), "bad_instant"),
        (("--from", "2026-03-03", "--to", "2026-03-02"), "usage"),
        (("--format", "html"), "usage"),
        (("--format", "prometheus", "--by", "week", "--output", "out.prom"), "usage"),
    ],
)
def test_metrics_called_wrongly_is_told_so(measured: CommandLine, arguments: tuple[str, ...], code: str) -> None:
    answer = measured.call("metrics", *arguments, "--json")
    assert (answer.code, answer.error["code"]) == (2, code)


def test_clones_of_one_commit_tell_the_same_bytes(measured: CommandLine, tmp_path: Path) -> None:
    """A clone that has no projection yet makes one; another that had it all along says the same."""
    there = tmp_path / "elsewhere" / "clone"
    subprocess.run(["git", "clone", "--quiet", str(measured.root), str(there)], check=True)
    assert not (there / ".git" / "prismfs").exists()
    # The records of the example were put there past the rules: a clone would not begin with what nobody has signed.
    subprocess.run(["git", "-C", str(there), "update-ref", "refs/prismfs/PID-DESK01/records", "HEAD"], check=True)
    forms = [("--json",), ("--by", "week", "--json"), ("--format", "prometheus"), ("--format", "html"), ()]
    for form in forms:
        here, clone = (measured.spawn("-C", str(root), "metrics", *form) for root in (measured.root, there))
        assert (here.code, clone.code) == (0, 0), clone.err
        assert here.out == clone.out
        assert here.out != ""
    shutil.rmtree(measured.root / ".git" / "prismfs")
    assert measured.spawn("metrics", "--json").out == measured.spawn("-C", str(there), "metrics", "--json").out


def test_exposition_is_what_prometheus_reads(measured: CommandLine) -> None:
    found = samples(measured.call("metrics", "--format", "prometheus").out)
    respond = "prismfs_incident_respond_seconds"
    assert found[respond, "severity=all", "statistic=mean"] == 690
    assert found[respond, "severity=P0", "statistic=mean"] == 180
    assert (respond, "severity=P3", "statistic=mean") not in found
    assert found["prismfs_incident_respond_measured", "severity=all"] == 4
    assert found["prismfs_incident_resolve_seconds", "among=escalated_only", "severity=all", "statistic=mean"] == 3800
    assert found["prismfs_incident_detect_seconds", "severity=all", "statistic=median"] == 240
    assert found["prismfs_incidents", "severity=P1", "which=final"] == 2
    assert found["prismfs_incidents", "severity=P3", "which=worst"] == 0
    assert found["prismfs_incidents_open", "severity=P2"] == 1
    assert found["prismfs_incident_auto_resolve_ratio",] == 0.25
    assert round(found["prismfs_incident_repeat_ratio",], 3) == 0.333
    assert ("prismfs_incident_action_item_closed_ratio",) not in found


def test_file_is_written_whole_or_not_at_all(measured: CommandLine, tmp_path: Path) -> None:
    """A collector reads while it is written; another user may be the collector."""
    file = tmp_path / "collector" / "prismfs.prom"
    answer = measured.call("metrics", "--format", "prometheus", "--output", str(file), "--json")
    assert (answer.code, answer.error["code"]) == (69, "not_written")
    file.parent.mkdir()
    file.write_text("old")
    with file.open() as old:
        answer = measured.call("metrics", "--format", "prometheus", "--output", str(file), "--json")
        assert answer.data == {"file": str(file), "format": "prometheus"}
        assert old.read() == "old"
    assert samples(file.read_text())["prismfs_incidents_open", "severity=P2"] == 1
    assert stat.S_IMODE(file.stat().st_mode) == 0o644
    assert os.listdir(file.parent) == ["prismfs.prom"]


class Page(HTMLParser):
    """Reads a page: its elements, its text, and whether what is opened is closed."""

    def __init__(self, text: str) -> None:
        super().__init__(convert_charrefs=True)
        self.tags: list[str] = []
        self.attributes: list[tuple[str, str]] = []
        self.text = ""
        self._open: list[str] = []
        self.feed(text)
        self.close()
        assert self._open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.handle_startendtag(tag, attrs)
        if tag not in ("meta", "br"):
            self._open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes += [(name, value or "") for name, value in attrs]

    def handle_endtag(self, tag: str) -> None:
        assert self._open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.text += data


def test_page_needs_nothing_else_and_runs_nothing(measured: CommandLine, tmp_path: Path) -> None:
    file = tmp_path / "metrics.html"
    assert measured.call("metrics", "--format", "html", "--output", str(file)).code == 0
    text = file.read_text()
    page = Page(text)
    assert not {"script", "link", "img", "iframe", "object", "embed", "base", "form"} & set(page.tags)
    names = {name for name, _ in page.attributes}
    assert not {name for name in names if name.startswith("on")}
    assert not {"href", "src", "xlink:href", "action", "srcset"} & names
    assert not re.search(r"https?:|url\(|@import", text)
    assert "default-src 'none'" in text
    assert "prefers-color-scheme: dark" in text


def test_page_escapes_what_stands_in_records(measured: CommandLine) -> None:
    text = measured.call("metrics", "--format", "html").out
    assert "alert(1)" in text
    assert "<script" not in text
    assert "\N{RIGHT-TO-LEFT OVERRIDE}" not in text
    assert HOSTILE.replace("\N{RIGHT-TO-LEFT OVERRIDE}", "\N{REPLACEMENT CHARACTER}") in Page(text).text


def test_page_says_in_a_table_what_each_chart_draws(measured: CommandLine) -> None:
    text = measured.call("metrics", "--format", "html").out
    page = Page(text)
    charts = text.count('role="img"')
    assert charts == 3
    labelled = dict(re.findall(r'<(?:title|desc) id="([^"]+)">([^<]+)', text))
    for value in (value for name, value in page.attributes if name == "aria-labelledby"):
        for name in value.split():
            assert name in labelled or f'id="{name}"' in text
    assert len(labelled) == 2 * charts
    words = re.sub(r"\s+", " ", page.text)
    for said in (
        "Time to respond11m 30smean of 4",
        "Time to resolve, all47m 32s",
        "25.0 %1 of 4 resolved",
        "33.3 %1 of 3",
    ):
        assert said in words
    assert text.count("<table>") == charts + 2
    assert "2026-W10: 2 P1" in page.text


def test_page_of_nothing_says_so(place: CommandLine) -> None:
    words = re.sub(r"\s+", " ", Page(place.call("metrics", "--format", "html").out).text)
    assert "No incident is open." in words
    assert "None in this window." in words


def test_action_items_and_settings_count(measured: CommandLine) -> None:
    """A repeat window and a review duty of the project's own; action items by the labels that they carry."""
    settings = measured.root / "settings" / "response.yaml"
    text = settings.read_text()
    assert "repeat_window: 90d" in text
    settings.write_text(text.replace("repeat_window: 90d", "repeat_window: 1h"))
    measured.git("commit", "--quiet", "-am", "settings: an hour")
    assert measured.call("metrics", "--json").data["repeat_rate"]["count"] == 0
    settings.unlink()
    measured.git("commit", "--quiet", "-am", "settings: as shipped")
    assert measured.call("metrics", "--json").data["repeat_rate"]["count"] == 1
    about = worked()[0].id
    done = {"status": "closed", "closed_at": format_instant(at("16:00"))}
    tracked = ["action-item", "quick-wins", f"incident:{about}"]
    for number, (labels, state) in enumerate(
        [(tracked, done), (tracked, done), (tracked, {"status": "open"}), ([f"incident:{about}"], done)]
    ):
        document: dict[str, JsonValue] = {
            "kind": "bead",
            "version": 1,
            "id": derive_id("bea", at("15:00"), cause=str(number)),
            "pid": "PID-DESK01",
            "type": "task",
            "title": "mend it",
            "labels": list(labels),
            "created_by": "jade",
            "created_at": format_instant(at("15:00")),
            "updated_at": format_instant(at("16:00")),
            **state,
        }
        keep(measured, KINDS["bead"].record(document))
    assert measured.call("metrics", "--json").data["action_item_closure_rate"] == {"n": 3, "count": 2, "percent": 66.7}


def test_what_is_told_to_be_no_incident_is_left_out(measured: CommandLine) -> None:
    before = measured.call("metrics", "--json").data
    others: list[dict[str, Any]] = [{"drill": True}, {"status": "duplicate"}, {"status": "false_positive"}]
    keep(measured, *(incident(f"other{n}", 0, "13:00", resolved_at="19:00", **one) for n, one in enumerate(others)))
    after = measured.call("metrics", "--json").data
    assert after["excluded"] == {"drill": 1, "duplicate": 1, "false_positive": 1}
    assert {**after, "excluded": 0, "commit": 0} == {**before, "excluded": 0, "commit": 0}


def test_opened_again_is_not_resolved(measured: CommandLine) -> None:
    keep(measured, incident("again", 2, "13:00", resolved_at="13:30", status="triage", reopened=1))
    found = measured.call("metrics", "--json").data
    assert (found["open"], found["mtt_resolve"]["all"]["n"]) == (2, 4)


def test_invalid_setting_is_named(measured: CommandLine) -> None:
    measured.force(**{"settings/response.yaml": b"kind: response\nversion: 1\nlate: soon\n"})
    answer = measured.call("metrics", "--json")
    assert (answer.code, answer.error["code"], answer.error["path"]) == (3, "invalid_setting", "settings/response.yaml")


def test_metrics_by_the_road_are_what_happened(busy: CommandLine) -> None:
    """An incident that a signal opened, that somebody acknowledged and resolved."""
    busy.call("incident", "ack", "inc-")
    busy.call("incident", "resolve", "inc-", "--note", "gone")
    found = busy.call("metrics", "--json").data
    (record,) = busy.call("incident", "list", "--json").data["items"]
    spans = [
        (datetime.fromisoformat(record[name]) - datetime.fromisoformat(record["detected_at"])) / timedelta(seconds=1)
        for name in ("responded_at", "resolved_at")
    ]
    assert [found["mtt_respond"]["mean"], found["mtt_resolve"]["escalated_only"]["mean"]] == spans
    assert found["as_of"] == busy.call("audit", "--limit", "1", "--json").data["items"][0]["at"]
    assert json.loads(busy.call("metrics", "--format", "json").out) == busy.call("metrics", "--json").document
