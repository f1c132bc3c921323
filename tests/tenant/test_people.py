"""Who can be addressed, proposals to change that, and what `doctor` and `audit --bridge` say of it."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from prismfs.cli import run
from tests.support.town import Town

HOME, ACME, BETA = "PID-HOME01", "PID-ACME01", "PID-BETA01"


Call = Callable[..., tuple[int, Any]]


@pytest.fixture
def cli(town: Town, capsys: pytest.CaptureFixture[str]) -> Call:
    """Give the command line at a project, or at the tenant's folder; it returns the exit code and the answer."""

    def call(pid: str | None, *arguments: str, actor: str = "olga") -> tuple[int, Any]:
        root = town.folder if pid is None else town[pid].root
        code = run(["-C", str(root), "--as", actor, *arguments, "--json"])
        answer = json.loads(capsys.readouterr().out)
        return code, answer["data"] if answer["ok"] else answer["error"]

    return call


def test_whois_lists_the_own_roster_and_the_bridges_and_nothing_else_of_home(town: Town, cli: Call) -> None:
    """R-000-73, R-000-74."""
    town.persona(HOME, "secret-agent", title="nobody else's business")
    town.persona(ACME, "onyx", availability="weekdays")
    code, data = cli(ACME, "whois", actor="cora")
    assert code == 0
    found = {item["identity"]: item for item in data["items"]}
    assert found["Sage"] == {
        "identity": "Sage", "role": "intake", "class": "bridge", "pid": HOME, "availability": None, "address": "Sage",
    }  # fmt: skip
    assert found["onyx"]["availability"] == "weekdays"
    assert {item["pid"] for item in data["items"] if item["class"] == "bridge"} == {HOME}
    assert {name for name, item in found.items() if item["pid"] == HOME} == {"Sage", "Clara"}
    assert "secret-agent" not in json.dumps(data)
    assert set(found["Sage"]) == {"identity", "role", "class", "pid", "availability", "address"}


def test_whois_shows_how_a_hidden_bridge_is_addressed_and_no_claim(town: Town, cli: Call) -> None:
    town.persona(ACME, "Sage", **{"class": "bridge"})
    _, data = cli(ACME, "whois", "sage")
    assert [(item["address"], item["class"], item["pid"]) for item in data["items"]] == [
        ("Sage", "project", ACME),
        ("Sage@PID-HOME01", "bridge", HOME),
    ]
    assert [item["pid"] for item in cli(ACME, "whois", "Sage@PID-HOME01")[1]["items"]] == [HOME]
    assert cli(ACME, "whois", "nobody")[1]["code"] == "unknown_identity"


def test_proposal_has_no_effect_before_an_operator_merges_it(town: Town, cli: Call) -> None:
    """R-000-75, R-000-84: a branch, a row, and nothing else; the merge makes the bridge."""
    before = town.home.head()
    code, data = cli(HOME, "roster", "elevate", "mayor")
    assert (code, data["branch"]) == (0, "proposals/roster-elevate-mayor")
    (row,) = town.rows(HOME, "roster.proposed")
    assert (row.entity_id, row.meta["commit"], row.actor) == ("mayor", data["commit"], "olga")
    assert town.home.git("rev-parse", f"{data['branch']}^") == before
    changed = town.home.git("diff", "--name-only", before, data["branch"]).split()
    assert changed == ["prismfs.yaml", "roster/mayor.yaml"]
    assert town.home.git("status", "--porcelain") == ""
    assert town.send(ACME, to="mayor@PID-HOME01") is None
    assert town.refused(ACME) == "project_isolation"

    town.home.git("merge", "--quiet", "--no-ff", "--no-edit", data["branch"])
    town.turn()
    assert town.send(ACME, to="mayor@PID-HOME01").status == "routed"
    assert [row.entity_id for row in town.rows(HOME, "roster.elevated")] == ["mayor"]

    code, data = cli(HOME, "roster", "demote", "mayor")
    town.home.git("merge", "--quiet", "--no-ff", "--no-edit", data["branch"])
    town.turn()
    assert town.send(ACME, to="mayor@PID-HOME01") is None
    assert town.refused(ACME) == "project_isolation"
    assert [row.entity_id for row in town.rows(HOME, "roster.demoted")] == ["mayor"]
    town.check()


def test_proposal_that_is_made_twice_or_means_nothing_makes_no_second_branch(town: Town, cli: Call) -> None:
    assert cli(HOME, "roster", "elevate", "mayor")[0] == 0
    assert cli(HOME, "roster", "elevate", "mayor")[1]["code"] == "proposal_exists"
    assert cli(HOME, "roster", "elevate", "Sage")[1]["decided"] == "nothing"
    assert cli(HOME, "roster", "demote", "deacon")[1]["decided"] == "nothing"
    assert town.home.git("branch", "--list", "proposals/*").split() == ["proposals/roster-elevate-mayor"]
    assert len(town.rows(HOME, "roster.proposed")) == 1


@pytest.mark.parametrize(
    ("pid", "arguments", "code"),
    [
        (ACME, ("elevate", "mayor"), "not_home"),
        (ACME, ("demote", "mayor"), "not_home"),
        (HOME, ("elevate", "nobody"), "unknown_identity"),
        (ACME, ("add", "mayor", "--role", "tier", "--title", "once more"), "known_identity"),
        (ACME, ("add", "sage", "--role", "intake", "--title", "our own"), "bridge_name"),
        (ACME, ("add", "prismfs", "--role", "intake", "--title", "the engine"), "reserved_identity"),
        (ACME, ("add", "../x", "--role", "intake", "--title", "a path"), "bad_field"),
        (ACME, ("add", "onyx", "--role", "Not A Word", "--title", "x"), "bad_field"),
    ],
)
def test_proposal_that_may_not_be_is_refused_and_leaves_no_branch(
    town: Town, cli: Call, pid: str, arguments: tuple[str, ...], code: str
) -> None:
    assert cli(pid, "roster", *arguments, actor="olga" if pid == HOME else "cora")[1]["code"] == code
    assert town[pid].git("branch", "--list", "proposals/*") == ""
    assert town.rows(pid, "roster.proposed") == []


def test_proposal_of_somebody_without_the_right_is_refused(town: Town, cli: Call) -> None:
    code, error = cli(HOME, "roster", "elevate", "mayor", actor="mallory")
    assert (code, error["code"]) == (7, "not_allowed")
    assert town.home.git("branch", "--list", "proposals/*") == ""


def test_persona_added_under_a_bridges_name_is_qualified(town: Town, cli: Call) -> None:
    arguments = ("roster", "add", "Sage", "--role", "intake", "--title", "our own", "--qualified")
    code, plan = cli(ACME, *arguments, "--dry-run", actor="cora")
    assert (code, plan["dry_run"], town[ACME].git("branch", "--list", "proposals/*")) == (0, True, "")
    _, data = cli(ACME, *arguments, actor="cora")
    town[ACME].git("merge", "--quiet", "--no-ff", "--no-edit", data["branch"])
    town.turn()
    _, listed = cli(ACME, "roster", "list")
    (sage,) = [item for item in listed["items"] if item["identity"] == "Sage"]
    assert (sage["class"], sage["authority"]) == ("project", [])
    assert town.send(ACME, to="Sage@PID-HOME01").status == "routed"
    assert town.send(ACME, to="Sage").to_pid is None


def problems(cli: Call, pid: str | None) -> set[str]:
    items = cli(pid, "doctor")[1]["items"]
    return {item["problem"]["code"] for item in items if item["problem"]} - {"no_watcher", "login_of_the_desk"}


@pytest.mark.parametrize("pid", [ACME, HOME])
def test_doctor_names_who_claims_to_be_a_bridge(town: Town, cli: Call, pid: str) -> None:
    """R-000-76."""
    assert problems(cli, pid) == set()
    town.persona(pid, "onyx", **{"class": "bridge"})
    assert problems(cli, pid) == {"claims_bridge"}


def test_doctor_names_a_bridge_that_is_only_listed(town: Town, cli: Call) -> None:
    town.edit(HOME, "roster/sage.yaml", "class: bridge", "class: project")
    assert problems(cli, HOME) == {"claims_bridge"}


def test_doctor_shows_who_was_told_what_may_leave(town: Town, cli: Call) -> None:
    subjects = [item["subject"] for item in cli(ACME, "doctor")[1]["items"]]
    assert "what may leave was told to cora on 2026-03-01" in subjects
    town[ACME].settle_by_hand({"settings/consent.yaml": None})
    assert problems(cli, ACME) == {"no_consent"}


def test_doctor_looks_the_tenant_over(town: Town, cli: Call) -> None:
    assert problems(cli, None) == set()
    town.edit(ACME, "prismfs.yaml", f"pid: {ACME}", "pid: PID-OTHER1")
    town.edit(BETA, "prismfs.yaml", "tenant: acme", "tenant: other")
    text = (town.folder / "tenant.yaml").read_text()
    odd = '  PID-GONE01: gone\n  PID-ODD001: "ext::sh -c touch% /tmp/x"\n  PID-FAR001: https://127.0.0.1:1/far.git\n'
    (town.folder / "tenant.yaml").write_text(text.rstrip("\n") + "\n" + odd)
    found = problems(cli, None)
    assert found >= {"pid_mismatch", "other_tenant", "missing_project", "not_cloned"}
    town.edit(HOME, "prismfs.yaml", "bridges:\n  - Sage\n  - Clara\n", "")
    assert "no_bridges" in problems(cli, None)
    (town.folder / "tenant.yaml").write_text("kind: tenant\n")
    assert problems(cli, None) == {"invalid_setting"}


def test_audit_of_bridges_shows_all_at_home_and_its_own_to_a_customer(town: Town, cli: Call) -> None:
    """R-000-71, R-000-72: the rows of others are not in a customer's repository at all."""
    sent = {pid: town.send(pid, to="Sage") for pid in (ACME, BETA)}
    town.send(ACME, to="mayor", to_pid=BETA)
    _, at_home = cli(HOME, "audit", "--bridge")
    assert {row["meta"]["from_pid"] for row in at_home["items"]} == {HOME, ACME, BETA}
    _, of_acme = cli(ACME, "audit", "--bridge")
    assert {row["action"] for row in of_acme["items"]} == {"bridge.routed", "inbox.refused"}
    assert sent[ACME].id in {row["entity_id"] for row in of_acme["items"]}
    for text in (sent[BETA].id, "bridge:PID-BETA01"):
        assert [path for path, data in town[ACME].files().items() if text.encode() in data] == []
    _, everywhere = cli(None, "audit", "--bridge")
    (row,) = [row for row in everywhere["items"] if row["entity_id"] == sent[ACME].id]
    assert row["views"] == ["home", "pid-acme01"]
    assert cli(None, "audit", "--bridge", "--limit", "1")[1]["total"] == everywhere["total"] > 1
    assert cli(ACME, "audit", "--bridge", "--action", "x.y")[1]["code"] == "usage"
