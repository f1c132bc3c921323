"""Lines of `issues.jsonl`: read and written again they are equal, whatever the peer wrote (R-004-36)."""

from __future__ import annotations

import json
from datetime import date
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from prismfs.interop.bead_line import Project, read_line, write_line
from prismfs.kinds import kind_of
from prismfs.kinds.core.bead import Bead
from prismfs.kinds.core.settings.policy import Policy
from prismfs.kinds.escalation.escalation import Escalation
from prismfs.kinds.work.bead import WorkItem
from prismfs.records.codec import parse, same
from prismfs.store.defaults import default_record

policy = default_record("policy")
assert isinstance(policy, Policy)
PROJECT = Project(pid="PID-TEST01", scales=policy.scales, scale=policy.escalation_scale, tier="deacon")

# Lines are large: on a busy machine drawing them is what takes the time.
patient = settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
texts = st.text(st.characters(codec="utf-8", exclude_categories=("Cc", "Cs"), exclude_characters="\ufeff"), max_size=40)
bodies = st.one_of(texts, st.just("a\n\n  b\n"), st.just("- x: 'y'\n"))
names = st.one_of(st.sampled_from(["jade", "gastown/crew/joe", "Steve Y.", "a@b", "prismfs", "-", ""]), texts)
ids = st.from_regex(r"[A-Za-z0-9][A-Za-z0-9._-]{0,20}", fullmatch=True)


@st.composite
def times(draw: st.DrawFn) -> str:
    """A time as Go, Rust and Python programs write it: any zone, up to nine digits."""
    day = draw(st.dates(min_value=date(1971, 1, 2)))
    clock = draw(st.times())
    digits = draw(st.integers(0, 9))
    fraction = "." + draw(st.text("0123456789", min_size=digits, max_size=digits)) if digits else ""
    zone = draw(st.sampled_from(["Z", "+00:00", "-07:00", "+05:30"]))
    return f"{min(day.year, 8998):04}-{day:%m-%d}T{clock:%H:%M:%S}{fraction}{zone}".replace("-02-29", "-02-28")


json_values = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**62), 2**62) | st.floats(allow_nan=False, allow_infinity=False) | texts,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(texts, inner, max_size=3),
    max_leaves=6,
)


@st.composite
def lines(draw: st.DrawFn) -> dict[str, Any]:
    """A line as the peer writes it, with members left out, unknown ones, and empty ones."""
    name = draw(ids)
    kind = draw(st.sampled_from(["task", "bug", "feature", "epic", "chore", "decision", "gate", "escalation"]))
    statuses = ["open", "in_progress", "closed"] + (["blocked", "deferred"] if kind != "escalation" else [])
    labels = st.one_of(
        texts.filter(bool),
        st.sampled_from(
            ["severity:HIGH", "source:patrol:deacon", "acknowledged:true", "original_severity:LOW", "help"]
        ),
    )
    links = st.fixed_dictionaries(
        {
            "issue_id": st.just(name),
            "depends_on_id": ids,
            "type": st.sampled_from(["blocks", "parent-child", "related", "discovered-from", "tracks", "relates-to"]),
            "created_at": times(),
        },
        optional={"created_by": names, "metadata": texts, "thread_id": texts},
    )
    remarks = st.fixed_dictionaries(
        {
            "id": st.integers(1, 99) | texts,
            "issue_id": st.just(name),
            "author": names,
            "text": bodies,
            "created_at": times(),
        }
    )
    known = {
        "title": texts | st.just("x" * 600) | st.just("--title"),
        "created_at": times(),
        "status": st.sampled_from(statuses),
        "priority": st.integers(0, 4),
        "issue_type": st.just(kind),
    }
    optional = {
        "description": bodies,
        "design": bodies,
        "acceptance_criteria": bodies,
        "notes": bodies,
        "assignee": names,
        "estimated_minutes": st.integers(0, 10**6) | st.none(),
        "created_by": names,
        "updated_at": times(),
        "closed_at": times(),
        "close_reason": bodies,
        "external_ref": texts,
        "labels": st.lists(labels, max_size=6),
        "dependencies": st.lists(links, max_size=4),
        "comments": st.lists(remarks, max_size=4),
        "compaction_level": st.integers(0, 3),
        "metadata": json_values,
        "_type": st.just("issue"),
    }
    line: dict[str, Any] = {"id": name} | draw(st.fixed_dictionaries(known, optional=optional))
    return line


@patient
@given(lines())
def test_line_read_kept_and_written_again_is_equal(line: dict[str, Any]) -> None:
    bead = read_line(line, PROJECT)
    kind = kind_of(bead)
    data = kind.write(bead)
    kept = kind.record(parse(data, format="yaml"))
    assert isinstance(kept, Bead)
    assert same(write_line(kept, PROJECT), line)
    assert same(write_line(read_line(write_line(kept, PROJECT), PROJECT), PROJECT), line)


@patient
@given(lines())
def test_line_of_no_peer_is_read_as_it_was_written(line: dict[str, Any]) -> None:
    """What a record alone writes needs nothing kept beside it."""
    bead = read_line(line, PROJECT)
    alone = write_line(bead.changed(peer={}), PROJECT)
    again = read_line(json.loads(json.dumps(alone)), PROJECT)
    assert again.peer.said.keys() <= {"labels"}
    assert again.peer.left_out == ()


@patient
@given(lines())
def test_what_changes_here_is_written_and_the_rest_stays(line: dict[str, Any]) -> None:
    bead = read_line(line, PROJECT)
    if isinstance(bead, WorkItem):
        changed = bead.changed(priority=4 - bead.priority, assignee="jade", notes="changed here")
        wanted = line | {"priority": 4 - line["priority"], "assignee": "jade", "notes": "changed here"}
        assert same(write_line(changed, PROJECT), wanted)


@patient
@given(lines())
def test_imported_escalation_has_no_due_time(line: dict[str, Any]) -> None:
    bead = read_line(line | {"issue_type": "escalation", "status": "open"}, PROJECT)
    assert isinstance(bead, Escalation)
    assert (bead.due_at, bead.raise_at, bead.hop_at, bead.groups) == (None, None, None, ())
