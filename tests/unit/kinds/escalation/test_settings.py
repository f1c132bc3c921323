"""Settings of escalations that cannot work are refused by name, with what is allowed (R-004-04)."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

import pytest
from pydantic import JsonValue

from prismfs.engine.admin.doctor import examine
from prismfs.errors import ConfigError, RecordError
from prismfs.kinds.escalation.settings.escalation_policy import EscalationPolicy
from prismfs.kinds.escalation.settings.routing import Routing
from prismfs.store.defaults import default_files
from tests.support.project import Project

SHIPPED = json.loads(default_files()["settings/escalation.json"])
ROUTING: dict[str, JsonValue] = {
    "kind": "routing",
    "version": 1,
    "tiers": ["deacon"],
    "route": {"name": "root", "actions": ["log"]},
}


@pytest.mark.parametrize(
    ("change", "field", "said"),
    [
        ({"colour": 1}, "/colour", "known fields: type, version, routes, contacts, stale_threshold"),
        ({"contacts": {"human_phone": "1"}}, "/contacts/human_phone", "known fields: human_email, human_sms"),
        ({"routes": {"urgent": ["bead"]}}, "/routes/urgent", "known fields: low, medium, high, critical"),
        ({"routes": {"HIGH": ["bead"]}}, "/routes/HIGH", "known fields: low, medium, high, critical"),
        ({"routes": {"high": ["pigeon"]}}, "/routes/high/0", "an action is bead, apprise:<name>"),
        ({"routes": {"high": ["bead", "email:mayor"]}}, "/routes/high/1", "did you mean email:human?"),
        ({"routes": {"high": ["mail:"]}}, "/routes/high/0", "an action is"),
        ({"routes": {"high": "bead"}}, "/routes/high", "tuple"),
        ({"stale_threshold": "4x"}, "/stale_threshold", "written as 30s, 15m, 4h or 2d"),
        ({"stale_threshold": "-4h"}, "/stale_threshold", "written as 30s, 15m, 4h or 2d"),
        ({"stale_threshold": 4}, "/stale_threshold", "a text such as 4h"),
        ({"stale_threshold": ""}, "/stale_threshold", "written as 30s, 15m, 4h or 2d"),
        ({"stale_threshold": "99999999999d"}, "/stale_threshold", "at most 36500d"),
        ({"max_reescalations": -1}, "/max_reescalations", "greater than or equal to 0"),
        ({"max_reescalations": "many"}, "/max_reescalations", "integer"),
        ({"max_reescalations": 1.5}, "/max_reescalations", "integer"),
        ({"version": 2}, "/version", "should be 1"),
        ({"type": "escalations"}, "/type", "'escalation'"),
        ({"contacts": {"smtp_pass": "hunter2"}}, "/contacts", "env:NAME"),
        ({"contacts": {"human_email": "a@example.org\nBcc: b@example.org"}}, "/contacts/human_email", "one line"),
    ],
)
def test_escalation_settings_refused_name_the_key_and_what_is_allowed(
    change: dict[str, Any], field: str, said: str
) -> None:
    """R-004-04."""
    with pytest.raises(RecordError) as refused:
        EscalationPolicy.from_document(SHIPPED | change)
    problem = refused.value.problem
    assert problem.field == field
    assert said in f"{problem.message} {problem.hint}"


@pytest.mark.parametrize(
    ("change", "field", "said"),
    [
        ({"tires": []}, "/tires", "known fields: kind, version, tiers"),
        ({"route": {"name": "root", "mute": 1}}, "/route/mute", "known fields: name, matchers, continue"),
        (
            {"route": {"name": "root", "routes": [{"name": "x", "routes": [{"name": "y", "group": 1}]}]}},
            "/route/routes/0/routes/0/group",
            "known fields: name, matchers, continue",
        ),
        ({"throttle": [{"action": "log", "rate": 1}]}, "/throttle/0/limits", "a required field is missing"),
        ({"targets": {"pager": {"channel": "command", "cmd": 1}}}, "/targets/pager/cmd", "unknown field"),
    ],
)
def test_routing_refused_names_the_key_and_what_is_allowed(change: dict[str, Any], field: str, said: str) -> None:
    with pytest.raises(RecordError) as refused:
        Routing.from_document(ROUTING | change)
    assert refused.value.problem.field == field
    assert said in f"{refused.value.problem.message} {refused.value.problem.hint}"


def test_escalation_settings_zero_is_never_and_every_key_may_be_left_out() -> None:
    """R-004-03, R-004-05."""
    assert EscalationPolicy.from_document({"type": "escalation", "version": 1}) == EscalationPolicy()
    assert EscalationPolicy.from_document(SHIPPED | {"max_reescalations": 0}).max_reescalations == 0
    assert EscalationPolicy.from_document(SHIPPED | {"stale_threshold": "1d12h"}).stale_threshold == timedelta(hours=36)


def test_invalid_escalation_settings_stop_the_desk_and_no_drop_is_lost(bench: Project) -> None:
    """R-004-04, C-96: nothing is decided by half a configuration; what was dropped waits and is taken afterwards."""
    good = bench.files()["settings/escalation.json"]
    bench.force({"settings/escalation.json": json.dumps(SHIPPED | {"max_reescalations": -1}).encode()})
    with bench.desk.repo.writer():
        bench.desk.repo.bring_window()
    bench.drop("kind: escalation\nfrom: jade\ntitle: disk full\n")
    with pytest.raises(ConfigError) as refused:
        bench.turn()
    assert "/max_reescalations" in f"{refused.value} {refused.value.problem.field}"
    finding = next(f for f in examine(bench.root, bench.clock.now()) if f.subject == "settings and roster are valid")
    assert finding.problem is not None
    assert (finding.problem.path, finding.problem.field) == ("settings/escalation.json", "/max_reescalations")
    bench.force({"settings/escalation.json": good})
    bench.turn()
    assert [bead.title for bead in bench.records("bead")] == ["disk full"]


def test_escalation_settings_file_removed_means_the_defaults(bench: Project) -> None:
    """R-004-03."""
    bench.commit_by_hand({"settings/escalation.json": None})
    bench.drop("kind: escalation\nfrom: jade\ntitle: disk full\n")
    bench.turn()
    (bead,) = bench.records("bead")
    assert (bead.severity.label, bead.raise_at - bead.created_at) == ("MEDIUM", timedelta(hours=4))
    assert [message.action for message in bench.records("outbox")] == ["mail:mayor"]
