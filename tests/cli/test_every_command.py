"""What holds of every command there is: one JSON object with `--json`, and a rehearsal where it writes.

The commands are those that a walk over the command line finds. `ARGUMENTS` has a call of each: a new command needs a
row. A command that is declared as one that writes is rehearsed; of every other one this shows that it writes nothing.
"""

from __future__ import annotations

import json
import shlex
from pathlib import Path

import pytest
import yaml

from prismfs.clock import SystemClock
from prismfs.engine.admin.init_project import BRIDGES, init_project
from prismfs.engine.tenant.places import Places
from prismfs.kinds.core.settings.project import Project
from tests.support.command_line import CommandLine
from tests.support.command_tree import COMMANDS, writes
from tests.support.drops import CHANGE_WORKFLOW, PRODUCT_REPORT
from tests.support.founded import copy_in_place_of
from tests.support.project import run_git
from tests.support.signed_desk import line_of
from tests.support.waiting import until

PHASES = Path(__file__).parents[2] / "examples" / "phases"

NOT_RUN = {
    "demo": "works in a new folder of its own, not in a project",
    "attach": "works in a repository of code; contract/test_beside.py has some",
    "tenant join": "works in a project that is no home; tenant/test_membership.py has some",
    "watch": "serves until it is stopped; `react --dry-run` is the rehearsal of a turn",
}

ARGUMENTS = {
    "action done": "{item}",
    "action list": "",
    "archive": "--before 2999-01",
    "audit": "",
    "bead claim": "{task}",
    "bead close": "{task} --reason done",
    "bead comment": "{task} seen",
    "bead create": "'rotate the key'",
    "bead dep add": "{task} {other}",
    "bead dep remove": "{blocked} {other}",
    "bead dep tree": "{blocked}",
    "bead export": "{files}/out.jsonl",
    "bead import": "{files}/in.jsonl",
    "bead list": "",
    "bead ready": "",
    "bead release": "{claimed}",
    "bead reopen": "{closed}",
    "bead show": "{task}",
    "bead update": "{task} --priority 0",
    "check": "",
    "classify": "{question} --lane incident --reason because",
    "doctor": "",
    "recover": "",
    "emit": "{files}/report.json",
    "escalate ack": "{escalation}",
    "escalate close": "{escalation} --reason done",
    "escalate resolve": "{escalation} --reason done",
    "escalate comment": "{escalation} seen",
    "escalate create": "-s CRITICAL help",
    "escalate forward": "{escalation} --reason 'beyond me'",
    "escalate list": "",
    "escalate show": "{escalation}",
    "escalate stale": "",
    "escalate unack": "{acknowledged}",
    "fingerprint eval": "{files}/failures.jsonl",
    "fingerprint of": "{files}/failure.txt",
    "gate approve": "{incident} INC-1",
    "gate list": "",
    "gate revise": "{incident} INC-1 --reason more",
    "gate show": "{incident} INC-1",
    "heartbeat": "",
    "heartbeat list": "",
    "hooks install": "",
    "hooks run": "pre-commit",
    "incident ack": "{incident}",
    "incident close": "{incident} --false-positive --reason wrong",
    "incident correct": "{incident} --detected 1m --reason 'seen before'",
    "incident decide": "{severe} --go --action 'roll back' --reason 'no data is lost'",
    "incident hand-over": "{incident} --to Petra",
    "incident list": "",
    "incident merge": "{incident} --into {severe}",
    "incident mitigate": "{incident} --note 'rolled back'",
    "incident note": "{incident} seen",
    "incident open": "'Payments answer with errors'",
    "incident pause": "{severe} --workflow billing --reason 'wrong amounts'",
    "incident phase list": "{incident}",
    "incident phase submit": "{severe} INC-1 {phases}/INC-1.md",
    "incident phase template": "{incident} INC-1 --output {files}/out.md",
    "incident reopen": "{resolved} --reason again",
    "incident resolve": "{incident} --note mended",
    "incident show": "{incident}",
    "incident triage": "{incident} --severity P0 --reason worse",
    "incident unmerge": "{merged} --reason 'another disk'",
    "incident unpause": "{severe} --agent jade",
    "incident update": "{incident} --service search",
    "init": "{files}/new --pid PID-NEW01",
    "journal add": "'a long day'",
    "journal list": "",
    "kb add": "rotate-key --title 'Rotating a key' --source handbook --body 'Do it.'",
    "kb search": "key",
    "keys accept": "engine-basalt '{key}'",
    "keys enrol": "engine-basalt '{key}'",
    "keys list": "",
    "keys new": "",
    "keys revoke": "engine-spare",
    "keys rotate": "",
    "list": "incident",
    "log": "",
    "mail ack": "{mail}",
    "mail archive": "{mail}",
    "mail inbox": "",
    "mail read": "{mail}",
    "mail reply": "{mail} --body 'it is done'",
    "mail send": "--to mayor --subject 'rotate the key'",
    "mail thread": "{mail}",
    "metrics": "--output {files}/metrics.txt",
    "nudge claim": "--for mayor",
    "nudge done": "{nudge} --for mayor",
    "nudge list": "",
    "nudge send": "mayor 'the build waits'",
    "outbox list": "",
    "outbox retry": "{message}",
    "phone-home approve": "{waiting}",
    "phone-home list": "",
    "phone-home reject": "{waiting} --reason no",
    "phone-home request-changes": "{waiting} --reason 'say more'",
    "phone-home send": "{approved}",
    "phone-home show": "{waiting}",
    "phone-home stage": "{reported} --title 'another title'",
    "phone-home sync": "",
    "phone-home withdraw": "{waiting} --reason fixed",
    "prime": "",
    "push": "origin",
    "react": "",
    "review new": "{resolved} --output {files}/out-review.md",
    "review show": "{resolved}",
    "review submit": "{resolved} {files}/better.md",
    "roster add": "onyx --role tester --title 'Looks at every release'",
    "roster demote": "Sage",
    "roster elevate": "Petra",
    "roster list": "",
    "route test": "{files}/report.json",
    "run": "export",
    "scan eval": "{files}/samples.jsonl",
    "scan file": "{files}/report.json",
    "schema": "--write {files}/schemas",
    "show": "{incident}",
    "signal ack": "{question}",
    "signal list": "",
    "signal send": "--to Sage --type Question --subject 'how do I rotate a key?'",
    "signal show": "{question}",
    "signal thread": "{question}",
    "silence add": "severity=LOW --for 2h --reason 'new disks'",
    "silence expire": "{silence}",
    "silence list": "",
    "silence update": "{silence} --for 4h",
    "status": "",
    "tenant add": "PID-NEXT01 {next}",
    "tenant list": "",
    "tenant remove": "PID-MEMBER",
    "todo add": "'tidy up'",
    "todo done": "{todo}",
    "todo list": "",
    "triage eval": "{files}/reports.jsonl",
    "upgrade": "",
    "verify": "",
    "witness export": "",
    "witness show": "",
    "whois": "",
}
"""Arguments for each command, on the project of `scene`; `{name}` stands for what that has under the name."""

AS = dict.fromkeys(("phone-home send", "phone-home stage", "phone-home withdraw"), "Clara")
"""Who gives a command that the operator may not give."""

ENDS_WITH = {"doctor": 1}
"""The exit code of a command that finds something on that project: no watcher has run there."""

FILES = {
    "report.json": json.dumps(PRODUCT_REPORT),
    "failure.txt": "run 17 failed: exit code 1\n",
    "failures.jsonl": '{"id": "a", "group": "one", "job": "export", "error_text": "it broke"}\n',
    "samples.jsonl": '{"id": "a", "text": "nothing here", "kinds": []}\n',
    "reports.jsonl": '{"id": "a", "title": "export crashes", "body": "", "lane": "incident"}\n',
    "in.jsonl": '{"id": "bd-1", "title": "rotate the key", "status": "open", "priority": 2, "issue_type": "task", '
    '"created_at": "2025-10-14T14:43:06Z", "updated_at": "2025-10-14T14:43:06Z"}\n',
    "plan.md": "## Soon\n\n- [ ] rotate the logs — @gwen\n\n## Later\n\n- [ ] write a runbook — @jade\n",
    "review.md": "## Timeline\n\n- 2026-03-01 10:00Z — payments answer with errors — alert 7\n\n## Root Cause\n\n"
    + "".join(f"{number}. Why did step {number} fail? — step {number + 1} had failed\n" for number in range(1, 6))
    + "\n## Impact\n\n- **Customers:** 12 could not pay\n- **Revenue:** 340 USD\n- **Operations:** none measured\n"
    + "\n## Corrective Actions\n\n1. [P0] refuse a deploy without a test — gwen\n"
    + "\n## Process Improvements\n\n- the runbook of payments says how to roll back\n",
}


class Scene:
    """One project on which every command has something to do; no test changes it."""

    def __init__(self, folder: Path) -> None:
        self.place = CommandLine(folder / "desk")
        self.files = folder / "files"
        self.names = {"files": str(self.files), "phases": str(PHASES), "key": line_of("basalt")}
        self.files.mkdir()
        for name, text in (FILES | {"better.md": FILES["review.md"] + "- a drill a month\n"}).items():
            (self.files / name).write_text(text)
        settings = Project(pid="PID-DESK01", tenant="local", home=True, operators=("olga",), bridges=BRIDGES)
        init_project(self.place.root, project=settings, now=SystemClock().now())
        self._tenant(folder)
        self._settings()
        self.do(f"keys enrol engine-spare '{line_of('spare')}'")
        self._incidents()
        self._escalations()
        self._work()
        self._notes()
        self._issues()
        self._contacts()
        self._remote()
        self.place.drop(PRODUCT_REPORT | {"subject": "it waits"}, "waiting.json")
        self.before = self.place.state()

    def do(self, line: str, actor: str = "olga") -> str:
        """Give a command; return the id of what it is about."""
        answer = self.place.call(*self.words(line), "--json", actor=actor)
        assert answer.code in (0, 6), (line, answer.out)
        document = json.loads(answer.out)
        return str(document["data"].get("subject") if document["ok"] else document["error"]["path"])

    def words(self, line: str) -> list[str]:
        return [word.format_map(self.names) for word in shlex.split(line)]

    def _tenant(self, folder: Path) -> None:
        Places(folder).name("PID-DESK01", "desk")
        for pid, name in (("PID-MEMBER", "member"), ("PID-NEXT01", "next")):
            project = Project(pid=pid, tenant="local", operators=("olga",))
            init_project(folder / name, project=project, now=SystemClock().now())
        self.names["next"] = str(folder / "next")
        self.do("tenant add PID-MEMBER member")

    def _settings(self) -> None:
        self._set("settings/retry.yaml", jobs={"export": {"command": ["true"]}})
        (self.place.root / "workflows/change.yaml").write_text(CHANGE_WORKFLOW)
        self._commit("settings")

    def _set(self, name: str, **members: object) -> None:
        path = self.place.root / name
        path.write_text(yaml.safe_dump(yaml.safe_load(path.read_text()) | members))
        self._commit(name)

    def _commit(self, message: str) -> None:
        self.place.git("add", "--all")
        self.place.git("commit", "--quiet", "--message", message)
        self.place.turn()

    def _incidents(self) -> None:
        self.names["incident"] = self.do("incident open 'One export fails' --severity P2")
        self.names["severe"] = self.do("incident open 'Database is gone' --severity P0")
        self.names["resolved"] = self.do("incident open 'Payments fail' --severity P1")
        self.do("incident resolve {resolved} --note 'rolled back'")
        self.do("review submit {resolved} {files}/review.md")
        self.names["merged"] = self.do("incident open 'Another export fails' --severity P3")
        self.do("incident merge {merged} --into {severe}")
        self.do("incident pause {severe} --agent jade --reason 'wrong amounts'")
        self.do("incident phase submit {incident} INC-1 {phases}/INC-1.md", actor="gwen")
        self.do("incident phase submit {severe} CHG-1 {files}/plan.md", actor="gwen")
        self.names["item"] = self.place.call("action", "list", "--json").data["items"][0]["id"]

    def _escalations(self) -> None:
        self.names["escalation"] = self.do("escalate create -s HIGH 'disk almost full'")
        found = self.place.call("list", "outbox", "--status", "not_configured", "--json").data["items"]
        self.names["message"] = found[0]["id"]
        self.names["acknowledged"] = self.do("escalate create -s LOW 'look at this'")
        self.do("escalate ack {acknowledged}")
        self.names["silence"] = self.do("silence add severity=LOW --for 2h --reason 'new disks'")

    def _work(self) -> None:
        for name in ("task", "other", "blocked", "claimed", "closed"):
            self.names[name] = self.do(f"bead create {name}")
        self.do("bead dep add {blocked} {other}")
        self.do("bead claim {claimed}")
        self.do("bead close {closed} --reason done")
        self.names["todo"] = self.do("todo add 'tidy up'")

    def _notes(self) -> None:
        self.names["mail"] = self.do("mail send --to mayor --subject 'rotate the key'", actor="jade")
        self.place.call("nudge", "send", "mayor", "the build waits")
        self.place.call("nudge", "send", "mayor", "the build has ended")
        self.names["nudge"] = self.place.call("nudge", "claim", "--for", "mayor", "--limit", "1", "--json").data[
            "items"
        ][0]["id"]
        self.place.drop(
            PRODUCT_REPORT | {"subject": "About yesterday", "body": "Much like the last one."}, "asked.json"
        )
        self.place.turn()
        self.names["question"] = self.place.newest("signal")

    def _issues(self) -> None:
        self._set("settings/tracker.yaml", transport="file")
        for name in ("shipped", "approved", "waiting"):
            subject = f"prismfs crashes with an error: {name}"
            self.place.drop(PRODUCT_REPORT | {"subject": subject})
            self.place.turn()
            self.place.turn()
            self.names[name] = self.place.newest("phone_home")
        self.names["reported"] = self.place.newest("incident")
        self.do("phone-home approve {shipped}")
        issue = self.place.root / "run/tracker/1.json"
        issue.write_text(json.dumps(json.loads(issue.read_text()) | {"state": "closed", "reason": "completed"}))
        self._set("roster/clara.yaml", automation={"mode": "person"})
        self.do("phone-home approve {approved}")

    def _contacts(self) -> None:
        path = self.place.root / "settings/escalation.json"
        settings = json.loads(path.read_text()) | {"stale_threshold": "1s"}
        settings["contacts"] |= {"human_email": "ops@example.org", "smtp_host": "127.0.0.1", "smtp_port": "1"}
        path.write_text(json.dumps(settings))
        self._commit("contacts")
        self.do("escalate create -s LOW 'look at that'")
        until(lambda: self.place.call("escalate", "stale", "--dry-run", "--json").data["total"], "it to be stale")

    def _remote(self) -> None:
        bare = str(self.files / "shared.git")
        self.place.git("clone", "--quiet", "--bare", str(self.place.root), bare)
        self.place.git("remote", "add", "origin", bare)
        self.place.git("fetch", "--quiet", "origin")
        self.do("journal add 'not pushed yet'")


@pytest.fixture(scope="module")
def scene(tmp_path_factory: pytest.TempPathFactory) -> Scene:
    return Scene(tmp_path_factory.mktemp("scene"))


@pytest.mark.parametrize("name", COMMANDS)
def test_command_answers_with_one_object_and_writes_nothing_in_a_rehearsal(scene: Scene, name: str) -> None:
    if name in NOT_RUN:
        pytest.skip(NOT_RUN[name])
    assert name in ARGUMENTS, f"add a row for {name!r} to ARGUMENTS: a call of it on the project of `scene`"
    rehearsed = ["--dry-run"] if writes(COMMANDS[name]) else []
    words = (*name.split(), *scene.words(ARGUMENTS[name]), *rehearsed, "--json")
    answer = scene.place.call(*words, actor=AS.get(name, "olga"))
    assert (answer.code, answer.err) == (ENDS_WITH.get(name, 0), ""), answer.out
    assert isinstance(answer.data, dict)
    assert answer.data.get("dry_run", bool(rehearsed)) is bool(rehearsed)
    assert scene.place.state() == scene.before
    assert not (scene.files / "new").exists()


@pytest.mark.parametrize("name", [name for name, command in COMMANDS.items() if writes(command)])
def test_command_declared_as_one_that_writes_does(scene: Scene, name: str, tmp_path: Path) -> None:
    """Else its rehearsal above shows nothing: each row has something to do."""
    if name == "init":
        pytest.skip("writes into a new folder")
    if name == "upgrade":
        pytest.skip("no kind has changed its form yet; test_two_programs.py has a program in which some have")
    if name in NOT_RUN:
        pytest.skip(NOT_RUN[name])
    if name == "recover":
        pytest.skip("nobody has moved the records; contract/test_gestures.py has projects where somebody has")
    if name == "keys new":
        pytest.skip("the project has a key; test_keys.py has clones without one")
    if name == "keys accept":
        pytest.skip("it writes beside the user's keys; test_keys_accept.py looks there")
    copy_in_place_of(scene.place.root, tmp_path / "desk")
    place = CommandLine(tmp_path / "desk")
    before = place.state()
    answer = place.call(*name.split(), *scene.words(ARGUMENTS[name]), "--json", actor=AS.get(name, "olga"))
    assert answer.code in (0, 6), answer.out
    assert place.state() != before


ALSO_REALLY = ("react", "run", "escalate create", "outbox retry", "phone-home send", "incident resolve", "tenant add")
"""Commands that may start a program or send something: what no operator signed must not do so even then."""


class Hostile:
    """A copy of the scene with `trust: signed`, in whose window stands what nobody signed, as files or as a commit."""

    def __init__(self, scene: Scene, folder: Path, state: str) -> None:
        copy_in_place_of(scene.place.root.parent, folder)
        self.scene, self.place, self.touched = scene, CommandLine(folder / "desk"), folder / "touched"
        self._write("prismfs.yaml", trust="signed")
        self.place.git("commit", "--quiet", "--all", "--message", "from now on signed")
        self.place.turn()
        command = ["touch", str(self.touched)]
        target = {"hostile": {"channel": "command", "run": command}}
        route = {"name": "hostile", "actions": ["command:hostile"], "routes": []}
        self._write("prismfs.yaml", operators=["olga", "hostile"], bridges=["Sage", "Clara", "Hostile"])
        self._write("settings/routing.yaml", targets=target, route=route)
        self._write("settings/retry.yaml", jobs={"export": {"command": command}})
        self._write("settings/tracker.yaml", transport="gh", repository="evil/hostile", gh=command)
        self._write("settings/members.yaml", members={"PID-HOSTILE": "a" * 40})
        self._write("roster/sage.yaml", automation={"mode": "command", "command": command})
        text = (
            "kind: persona\nversion: 1\nidentity: Hostile\nclass: bridge\nrole: intake\ntitle: me\nauthority: ['*']\n"
        )
        (self.place.root / "roster/hostile.yaml").write_text(text)
        if state == "commit":
            run_git(self.place.root, "add", "--all")  # and the engine has not looked at it yet
            run_git(self.place.root, "commit", "--quiet", "--message", "nobody signs this")

    def give(self, name: str, *more: str) -> None:
        """Give a command; nothing that nobody signed starts, is shown, or comes into the records."""
        answer = self.place.call(*name.split(), *self.scene.words(ARGUMENTS[name]), *more, actor=AS.get(name, "olga"))
        assert answer.code != 70, answer.err
        assert not self.touched.exists()
        assert "hostile" not in answer.out.casefold()
        places = ("prismfs.yaml", "settings", "roster")
        truth = "refs/prismfs/PID-DESK01/records"
        assert "hostile" not in self.place.git("ls-tree", "-r", "--name-only", truth)
        found = [self.place.git("show", f"{truth}:{path}") for path in self._protected(truth, places)]
        assert [text for text in found if "hostile" in text.casefold()] == []

    def _protected(self, truth: str, places: tuple[str, ...]) -> list[str]:
        return self.place.git("ls-tree", "-r", "--name-only", truth, "--", *places).split()

    def _write(self, name: str, **members: object) -> None:
        path = self.place.root / name
        path.write_text(yaml.safe_dump(yaml.safe_load(path.read_text()) | members))


@pytest.fixture(scope="module", params=["files", "commit"])
def hostile(request: pytest.FixtureRequest, scene: Scene, tmp_path_factory: pytest.TempPathFactory) -> Hostile:
    return Hostile(scene, tmp_path_factory.mktemp("unsigned") / "all", request.param)


@pytest.mark.slow
@pytest.mark.parametrize("name", sorted(set(COMMANDS) - set(NOT_RUN)))
def test_command_uses_nothing_that_no_operator_signed(hostile: Hostile, name: str) -> None:
    """FT-02, FT-05: settings, roster, channels, commands, members are those of the records, not of the window."""
    hostile.give(name, *(["--dry-run"] if writes(COMMANDS[name]) else []))


@pytest.mark.slow
@pytest.mark.parametrize("state", ["files", "commit"])
@pytest.mark.parametrize("name", ALSO_REALLY)
def test_command_that_acts_uses_nothing_that_no_operator_signed(
    scene: Scene, tmp_path: Path, name: str, state: str
) -> None:
    Hostile(scene, tmp_path / "all", state).give(name)


def test_rows_are_for_commands_that_there_are() -> None:
    assert set(ARGUMENTS) | set(NOT_RUN) == set(COMMANDS)
