"""Who is home and who is a member is proven by both sides, whatever `tenant.yaml` and a folder say (FT-05)."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from prismfs.cli import run
from prismfs.clock import FakeClock
from prismfs.engine.admin.membership import first_commit
from prismfs.engine.tenant.places import Places
from prismfs.errors import PrismfsError
from prismfs.kinds import kind_of
from prismfs.kinds.core.settings.members import Members
from prismfs.kinds.core.settings.project import Home
from prismfs.kinds.core.settings.project import Project as Settings
from tests.support.founded import copy_in_place_of
from tests.support.project import START, Project, run_git
from tests.support.town import Town

HOME, ACME, BETA = "PID-HOME01", "PID-ACME01", "PID-BETA01"
SAGE = b"kind: persona\nversion: 1\nidentity: Sage\nclass: bridge\nrole: intake\ntitle: me\n"

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


def codes(cli: Call, pid: str | None) -> set[str]:
    """Return the codes of what `doctor` finds."""
    items = cli(pid, "doctor")[1]["items"]
    return {item["problem"]["code"] for item in items if item["problem"]} - {"no_watcher", "login_of_the_desk"}


def bridges(cli: Call, pid: str) -> tuple[dict[str, str], str | None]:
    """Return the bridges that `whois` shows, with their projects, and the code of what it complains of."""
    _, data = cli(pid, "whois")
    found = {item["identity"]: item["pid"] for item in data["items"] if item["class"] == "bridge"}
    return found, None if data["problem"] is None else data["problem"]["code"]


def refusal(town: Town, pid: str, signal: Any) -> str:
    (row,) = [row for row in town.rows(pid, "bridge.refused") if row.entity_id == signal.id]
    return str(row.meta["code"])


def prepare(town: Town, pid: str, *, members: dict[str, str]) -> None:
    """Make a customer's project one that calls itself the home, with a bridge and members of its own."""
    own, listed = town[pid].records("project")[0].changed(home=True, bridges=("Sage",)), Members(members=members)
    claims = {
        "prismfs.yaml": kind_of(own).write(own),
        "roster/sage.yaml": SAGE,
        "settings/members.yaml": kind_of(listed).write(listed),
    }
    town[pid].settle_by_hand(claims)
    assert town[pid].records("project")[0].is_home


def move_to(town: Town, pid: str, folder: str) -> None:
    """Say in `tenant.yaml` that a project lies elsewhere, as anybody can who may write there."""
    Places(town.folder).name(pid, folder)
    town.restart()


# The attacks


def test_tenant_file_of_before_is_refused_and_names_the_commands(town: Town, cli: Call) -> None:
    """The one edit that once made a customer the home."""
    prepare(town, ACME, members={BETA: first_commit(town[BETA].root)})
    path = town.folder / "tenant.yaml"
    path.write_text(f"{path.read_text()}home: {ACME}\n")
    code, error = cli(BETA, "whois")
    assert (code, error["code"]) == (3, "invalid_setting")
    assert "tenant add" in error["message"]
    assert "tenant join" in error["message"]
    assert codes(cli, None) == {"invalid_setting"}


@pytest.mark.parametrize("place", ["in its own place", "in the home's place"])
def test_prepared_customer_is_nobodys_home(town: Town, cli: Call, place: str) -> None:
    prepare(town, ACME, members={BETA: first_commit(town[BETA].root), HOME: first_commit(town.home.root)})
    if place == "in its own place":
        assert bridges(cli, BETA) == ({"Sage": HOME, "Clara": HOME}, None)
        assert town.send(BETA, to="Sage").status == "routed"
        assert [signal.from_pid for signal in town.home.records("signal") if signal.from_pid] == [BETA]
        assert "several_homes" in codes(cli, None)
    else:
        move_to(town, HOME, town[ACME].root.name)
        assert bridges(cli, BETA) == ({}, "home_mismatch")
        assert codes(cli, BETA) >= {"home_mismatch"}
        subject = town.drop(BETA, to="Sage")
        town.turn(BETA)
        assert town.signal(BETA, subject) is None, "it waits until the home is known"
        assert town.rows(BETA, "inbox.refused") == []
    for target in (BETA, HOME):
        forged = town.forge(ACME, target, sender="Sage", to="mayor")
        assert refusal(town, ACME, forged) in ("not_a_bridge", "home_mismatch", "pid_mismatch")
        assert [signal for signal in town[target].records("signal") if signal.from_pid == ACME] == []


def test_copy_of_the_home_with_another_first_commit_writes_into_no_member(town: Town, cli: Call) -> None:
    """A home of the same id, the same roster and the same list, made by somebody else, in the place of the real one."""
    settings = town.home.records("project")[0]
    real = town.home.records("members")[0]
    false = Project.new(town.folder / "false", settings, clock=FakeClock(START))
    false.settle_by_hand({"settings/members.yaml": kind_of(real).write(real)})
    move_to(town, HOME, "false")
    town.home.close()
    town.benches[HOME] = false
    assert bridges(cli, ACME) == ({}, "home_mismatch")
    code, status = cli(ACME, "status")
    assert (code, status["tenant"]["home"], status["tenant"]["problem"]["code"]) == (0, HOME, "home_mismatch")
    forged = town.forge(HOME, ACME, sender="Sage", to="mayor")
    assert refusal(town, HOME, forged) == "home_mismatch"
    assert town[ACME].records("signal") == []
    (mail,) = town.mails(HOME, "Sage")
    assert "home_mismatch" in mail.body


def test_copy_of_a_member_with_another_first_commit_is_no_member(town: Town, cli: Call) -> None:
    settings = town[ACME].records("project")[0]
    false = Project.new(town.folder / "false", settings, clock=FakeClock(START))
    move_to(town, ACME, "false")
    town[ACME].close()
    town.benches[ACME] = false
    sent = town.send(ACME, to="Sage")
    assert (sent.status, refusal(town, ACME, sent)) == ("returned", "root_mismatch")
    assert town.home.records("signal") == []
    told = town.send(HOME, **{"from": "Sage"}, to="mayor", to_pid=ACME)
    assert (told.status, refusal(town, HOME, told)) == ("returned", "root_mismatch")
    assert false.records("signal")[0].id == sent.id
    assert len(false.records("signal")) == 1
    assert "root_mismatch" in codes(cli, ACME)
    assert "root_mismatch" in codes(cli, None)
    assert bridges(cli, ACME) == ({}, "root_mismatch")
    assert cli(ACME, "status")[1]["tenant"]["problem"]["code"] == "root_mismatch"


def test_copy_of_a_member_with_its_history_is_that_member(town: Town) -> None:
    """No attack: a project that was moved, or cloned, begins with the same commit."""
    town[ACME].close()
    copy_in_place_of(town[ACME].root, town.folder / "moved")
    town.benches[ACME] = Project(town.folder / "moved", clock=town.clock)
    move_to(town, ACME, "moved")
    assert town.send(ACME, to="Sage").status == "routed"


def test_members_that_nobody_signed_count_for_nobody(town: Town, cli: Call) -> None:
    """Somebody who writes the engine's reference of the home adds a project, or a bridge, without its key."""
    stranger = Settings(
        pid="PID-EVIL01", tenant="acme", operators=("mallory",), home=town[ACME].records("project")[0].home
    )
    town.benches["PID-EVIL01"] = Project.new(town.folder / "evil", stranger, clock=town.clock)
    move_to(town, "PID-EVIL01", "evil")
    assert refusal(town, "PID-EVIL01", town.send("PID-EVIL01", to="Sage")) == "not_a_member"
    known = town.home.records("members")[0]
    more = known.changed(members={**known.members, "PID-EVIL01": first_commit(town.folder / "evil")})
    town.home.force({"settings/members.yaml": kind_of(more).write(more)})
    assert town.home.records("members") == [more]
    town.restart()
    forged = town.forge("PID-EVIL01", HOME)
    assert refusal(town, "PID-EVIL01", forged) == "home_unproven"
    assert town.home.records("signal") == []
    for pid in (ACME, "PID-EVIL01"):
        assert bridges(cli, pid) == ({}, "home_unproven")
        assert "home_unproven" in codes(cli, pid)
    assert cli(ACME, "whois", "Sage")[1]["code"] == "home_unproven"


def test_member_that_names_another_home_hears_nothing_of_this_one(town: Town, cli: Call) -> None:
    own = town[ACME].records("project")[0]
    other = own.changed(home=Home(pid=HOME, root="0" * 40))
    town[ACME].settle_by_hand({"prismfs.yaml": kind_of(own).write(other)})
    told = town.send(HOME, **{"from": "Sage"}, to="mayor", to_pid=ACME)
    assert (told.status, refusal(town, HOME, told)) == ("returned", "home_mismatch")
    assert town[ACME].records("signal") == []
    assert bridges(cli, ACME) == ({}, "home_mismatch")
    town[ACME].settle_by_hand({"prismfs.yaml": kind_of(own).write(own)})
    assert town.send(HOME, **{"from": "Sage"}, to="mayor", to_pid=ACME).status == "routed"


# The commands


def test_tenant_list_says_what_each_project_is(town: Town, cli: Call) -> None:
    Places(town.folder).name("PID-ELSE01", "nowhere")
    _, data = cli(ACME, "tenant", "list")
    assert [(row["pid"], row["role"], row["problem"] and row["problem"]["code"]) for row in data["items"]] == [
        (HOME, "home", None), (ACME, "member", None), (BETA, "member", None), ("PID-ELSE01", "other", "not_a_member"),
    ]  # fmt: skip
    assert data["items"][1]["root"] == first_commit(town[ACME].root)


def test_member_is_taken_out_and_in_again_by_an_operator_of_the_home(town: Town, cli: Call) -> None:
    before = town.home.head()
    assert cli(HOME, "tenant", "remove", ACME, "--dry-run")[1]["dry_run"] is True
    assert town.home.head() == before
    assert cli(HOME, "tenant", "remove", ACME, actor="cora")[1]["code"] == "not_allowed"
    assert cli(ACME, "tenant", "remove", BETA, actor="cora")[1]["code"] == "not_home"
    assert cli(HOME, "tenant", "remove", ACME)[0] == 0
    assert refusal(town, ACME, town.send(ACME, to="Sage")) == "not_a_member"
    assert town.send(HOME, **{"from": "Sage"}, to="mayor", to_pid=ACME) is None
    assert town.refused(HOME) == "unknown_pid"
    assert cli(HOME, "tenant", "add", "PID-NONE01")[1]["code"] == "unknown_pid"
    assert cli(HOME, "tenant", "add", ACME, "pid-beta01")[1]["code"] == "pid_mismatch"
    assert cli(HOME, "tenant", "add", HOME)[1]["code"] == "own_pid"
    assert cli(HOME, "tenant", "add", ACME)[0] == 0
    assert cli(HOME, "tenant", "add", ACME)[1]["decided"] == "nothing"
    assert town.send(ACME, to="Sage").status == "routed"
    rows = [(row.action, row.meta["pid"], row.actor) for row in town.home.rows("tenant.removed", "tenant.added")]
    assert rows[-2:] == [("tenant.removed", ACME, "olga"), ("tenant.added", ACME, "olga")]
    town.check()


def test_member_that_lies_nowhere_here_is_listed_as_that(town: Town, cli: Call) -> None:
    path = town.folder / "tenant.yaml"
    path.write_text("".join(line for line in path.read_text().splitlines(keepends=True) if ACME not in line))
    items = {item["pid"]: item["problem"] for item in cli(HOME, "tenant", "list")[1]["items"]}
    assert items[ACME]["code"] == "no_place"
    assert items[BETA] is None


def test_repository_in_which_no_engine_began_has_no_founding(tmp_path: Path) -> None:
    made = Settings(pid="PID-NEXT01", tenant="acme", operators=("nina",))
    run_git(tmp_path, "init", "--quiet", "--initial-branch", "main")
    (tmp_path / "prismfs.yaml").write_bytes(kind_of(made).write(made))
    run_git(tmp_path, "add", ".")
    run_git(tmp_path, "-c", "user.name=nina", "-c", "user.email=nina@example.org", "commit", "--quiet", "-m", "mine")
    with pytest.raises(PrismfsError) as caught:
        first_commit(tmp_path)
    assert caught.value.code == "no_founding"


def test_project_names_its_home_by_an_operator_of_its_own(town: Town, cli: Call) -> None:
    made = Settings(pid="PID-NEXT01", tenant="acme", operators=("nina",))
    town.benches["PID-NEXT01"] = Project.new(town.folder / "next", made, clock=town.clock)
    assert cli(HOME, "tenant", "add", "PID-NEXT01", "next")[0] == 0
    assert Places(town.folder).known["PID-NEXT01"] == "next"
    told = town.send(HOME, **{"from": "Sage"}, to="mayor", to_pid="PID-NEXT01")
    assert (told.status, refusal(town, HOME, told)) == ("returned", "no_home")
    assert "no_home" in codes(cli, None)
    assert cli("PID-NEXT01", "tenant", "join", HOME, actor="olga")[1]["code"] == "not_allowed"
    assert cli("PID-NEXT01", "tenant", "join", HOME, actor="nina")[0] == 0
    assert cli(HOME, "tenant", "join", ACME)[1]["code"] == "is_home"
    assert cli("PID-NEXT01", "tenant", "join", HOME, actor="nina")[1]["decided"] == "nothing"
    assert town.send(HOME, **{"from": "Sage"}, to="mayor", to_pid="PID-NEXT01").status == "routed"
    assert codes(cli, None) == set()
    town.check()


def test_signed_home_has_the_list_written_for_an_operator_to_sign(town: Town, cli: Call) -> None:
    signed = town.home.records("project")[0].changed(trust="signed")
    town.home.settle_by_hand({"prismfs.yaml": kind_of(signed).write(signed)})
    before = town.home.truth()
    _, data = cli(HOME, "tenant", "remove", ACME)
    assert data["commands"] == [
        "git add settings/members.yaml",
        f'git commit -S -m "settings: remove {ACME}" -- settings/members.yaml',
    ]
    assert ACME not in (town.home.root / "settings" / "members.yaml").read_text()
    assert town.home.truth() == before
    town.home.git("commit", "--quiet", "--all", "--message", "nobody signs this")
    town.turn()
    assert town.home.records("members")[0].members.keys() == {ACME, BETA}
    assert ACME in (town.home.root / "settings" / "members.yaml").read_text()
