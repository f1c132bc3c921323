"""The lives that a recorded history is made of, beside the scenarios: each brings rules that no scenario shows.

Every story is lived by the rules as they are, at a clock of its own, in a folder that it is given.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from prismfs.clock import FakeClock
from prismfs.engine.admin.watchdog import report_standstill
from prismfs.engine.tenant.sharing import report_sharing
from prismfs.engine.turn import deliver, tracker_sync
from prismfs.engine.turn.commit_group import commit_group
from prismfs.engine.turn.desk import Desk
from prismfs.engine.turn.sources import note_receipts
from prismfs.engine.turn.submit import command_event
from prismfs.intake.inbox import Drop, Inbox, Refusal
from prismfs.kinds import KINDS, kind_of
from prismfs.kinds.care import approval
from prismfs.kinds.care.phone_home import PhoneHome
from prismfs.kinds.core.outbox import Outbox
from prismfs.kinds.core.settings.persona import Persona
from prismfs.kinds.response.incident import Incident
from prismfs.proof.sshsig import public_line
from prismfs.records.api import Decision, Plan, Receipt, Record, derive_id, format_instant
from tests.support.gates import Response
from tests.support.project import START, Project
from tests.support.town import CUSTOMERS, HOME, Town


class SteadyInbox(Inbox):
    """An inbox whose files are named by what they say alone: inodes and times differ from one making to the next."""

    def read(self, name: str) -> Drop | Refusal | None:
        found = super().read(name)
        if found is None:
            return None
        steady = replace(found, cause=f"drop:{hashlib.sha256(f'{name} {found.sha256}'.encode()).hexdigest()}")
        if isinstance(steady, Drop):
            steady = replace(steady, owner=0)
        self._read[name] = (steady.cause, self._read[name][1])
        return steady


class SteadyDesk(Desk):
    """A desk that makes the same history each time."""

    def __init__(self, root: Path) -> None:
        super().__init__(root)
        self.inbox = SteadyInbox(root)


SECOND, MINUTE, HOUR, DAY = (timedelta(**{unit: 1}) for unit in ("seconds", "minutes", "hours", "days"))
CRASH = "kind: signal\nfrom: jade\nto: Sage\ntype: Question\nsubject: {0}\nbody: It is broken since today, {0}.\n"
HELP = "kind: escalation\nfrom: agate\nseverity: LOW\ntitle: {0}\nlabels: {{service: web}}\n"
FAILED = "kind: job_failure\nfrom: jade\njob: nightly-export\nerror: the warehouse said no\n"


def work_items(folder: Path) -> dict[str, Path]:
    """Work items are linked, handed about, closed, opened again; another engine comes and goes."""
    bench = Project.new(folder / "desk")
    bench.give("keys.enrol", {"name": "engine-spare", "key": public_line(bytes(range(32)))})
    bench.give("keys.revoke", {"name": "engine-spare"})

    def create(title: str) -> str:
        form = {"kind": "task", "from": "jade", "title": title}
        return subject_of(bench.give("bead.create", {"document": form}, actor="jade"))

    first, second = create("the first"), create("the second")
    bench.give("bead.dep", {"id": second, "on": first}, actor="jade")
    bench.give("bead.dep", {"id": second, "on": first, "remove": True}, actor="jade")
    bench.give("bead.update", {"id": second, "priority": 0}, actor="jade")
    bench.give("bead.claim", {"id": first}, actor="jade")
    bench.give("bead.release", {"id": first}, actor="jade")
    bench.give("bead.comment", {"id": first, "text": "seen"}, actor="jade")
    bench.give("bead.close", {"id": first, "reason": "done"}, actor="jade")
    bench.give("bead.reopen", {"id": first, "reason": "not quite"}, actor="jade")
    line = {"id": "gh-7", "title": "from elsewhere", "status": "open", "created_at": "2026-02-01T10:00:00Z"}
    bench.give("bead.import", {"line": line})
    article = {"name": "workers", "title": "Workers", "source": "manual 3.2", "body": "Set `size`."}
    bench.give("kb.add", {"document": article, "replace": False})
    bench.give("kb.add", {"document": article | {"body": "Set `workers`."}, "replace": True})
    return {"work-items": bench.root}


def force(bench: Project, record: Record) -> None:
    """Put a record into the history past every rule, and react."""
    bench.force({kind_of(record).place_of(record): kind_of(record).write(record)})
    bench.turn()


def times_set_by_hand(folder: Path) -> dict[str, Path]:
    """Due times for which nothing is due, as only a broken engine would set them: each is put right, or taken away."""
    bench = Project.new(folder / "desk")

    def by_hand(record: Any, **changes: Any) -> None:
        force(bench, record.changed(**changes))

    set_fields(bench, "settings/retry.yaml", jobs={"nightly-export": {"command": ["false"]}})
    bench.drop(HELP.format("disk full"))
    bench.drop(CRASH.format("prismfs watch crashes"))
    bench.turn()
    bench.wait(MINUTE)
    (incident,) = bench.records("incident")
    bench.give("incident.note", {"id": incident.id, "text": "seen"}, actor="Clara")
    bench.give("incident.mitigate", {"id": incident.id, "begin": True}, actor="Clara")
    bench.give("incident.mitigate", {"id": incident.id}, actor="Clara")
    form = {"kind": "task", "from": "jade", "title": "look at it"}
    item = subject_of(bench.give("bead.create", {"document": form}, actor="jade"))
    for name in ("incident", "bead", "triage_record", "phone_home"):
        for record in bench.records(name):
            if record.id == item or name != "bead":
                by_hand(record, due_at=bench.clock.now() - SECOND)
    escalation = next(bead for bead in bench.records("bead") if bead.id != item)
    by_hand(escalation, due_at=bench.clock.now() - SECOND)
    bench.drop(FAILED)
    bench.turn()
    (planned,) = (each for each in bench.records("outbox") if each.channel == "job" and each.status == "pending")
    by_hand(planned, due_at=bench.clock.now(), planned_at=bench.clock.now())
    return {"times-by-hand": bench.root}


def jobs_and_messages(folder: Path) -> dict[str, Path]:
    """A job is run by hand and never heard of again; messages fail, are tried again, and are muted while they wait."""
    bench = Project.new(folder / "desk")
    pager = {"channel": "command", "run": ["false"]}
    set_fields(bench, "settings/retry.yaml", jobs={"nightly": {"command": ["true"]}})
    set_fields(
        bench,
        "settings/routing.yaml",
        route={"name": "default", "actions": ["command:pager"]},
        targets={"pager": pager},
        throttle=[{"action": "command:pager", "limits": ["1/1m"]}],
    )
    bench.give("job.run", {"job": "nightly"})
    bench.wait(HOUR)
    for title in ("disk full", "net down"):
        bench.drop(HELP.format(title))
        bench.turn()
    ends = {"ends_at": format_instant(bench.clock.now() + HOUR)}
    bench.give("silence.add", {"matchers": ["service=web"], "reason": "new disks", **ends})
    bench.wait(2 * MINUTE)
    bench.wait(8 * HOUR)
    dead = next(each for each in bench.records("outbox") if each.status in ("dead", "failed"))
    bench.give("outbox.retry", {"id": dead.id})
    bench.turn()
    return {"jobs-and-messages": bench.root}


def attempt_that_nobody_wants(folder: Path) -> dict[str, Path]:
    """An incident is somebody's own all at once while the next attempt of its job waits."""
    bench = Project.new(folder / "desk")
    set_fields(bench, "settings/retry.yaml", jobs={"nightly-export": {"command": ["false"]}}, delays=["1h"])
    bench.drop(FAILED)
    bench.turn()
    force(bench, bench.records("incident")[0].changed(status="triage"))
    bench.wait(2 * HOUR)
    return {"attempt-given-up": bench.root}


def phases_by_hand(folder: Path) -> dict[str, Path]:
    """People write artifacts and decisions into commits: what fits counts, the rest is put back or refused."""
    bench = Project.new(folder / "desk")
    bench.drop(CRASH.format("export crashes"))
    bench.turn()
    response = Response(bench, bench.records("incident")[0].id)
    response.submit("INC-1")
    response.edit(response.newest("INC-1"), status="approved")  # restored
    response.pass_gate("INC-2") if response.newest("INC-1").status == "approved" else response.approve("INC-1")
    response.pass_gate("INC-2")
    approved = response.newest("INC-1")
    response.edit(approved, body=approved.body.replace("jade reports it", "Jade reports it"))  # reopened, stale
    response.submit("INC-1", response.text("INC-1").replace("jade reports it", "jade told us"))
    over = response.of("INC-1")[0]
    response.edit(over, body=over.body + "\nA word more.\n")  # edited
    new = response.newest("INC-1")
    strange = new.changed(id=derive_id("art", bench.clock.now(), cause="strange"), body="nothing of it\n", revision=9)
    response.edit(strange)  # refused
    decision = {
        "kind": "decision", "version": 1, "about": new.id,
        "id": derive_id(str(KINDS["decision"].prefix), bench.clock.now(), cause="own"),
        "content_hash": new.content_hash, "decision": "approve", "answer": "yes", "by": new.author,
        "at": format_instant(bench.clock.now()), "surface": "pull_request",
    }  # fmt: skip
    kind = KINDS["decision"]
    response.edit(kind.record(decision))  # by its author
    return {"phases-by-hand": bench.root}


def staged(folder: Path) -> tuple[Project, Incident, PhoneHome]:
    """Return a project in which an incident's issue waits for its review, with both."""
    bench = Project.new(folder / "desk")
    set_fields(bench, "settings/tracker.yaml", transport="file")
    set_fields(bench, "roster/clara.yaml", automation={"mode": "person"})
    bench.drop(CRASH.format("prismfs watch crashes with a traceback"))
    bench.turn()
    (incident,) = bench.records("incident")
    said = {"id": incident.id, "scope": "prism-product", "reason": "as it says"}
    bench.give("incident.triage", said, actor="Clara")
    bench.wait(MINUTE)
    (record,) = bench.records("phone_home")
    return bench, incident, record


def issues(folder: Path) -> dict[str, Path]:
    """An issue is staged anew, approved by a file that does not count, fails, is filed, and is closed elsewhere."""
    bench, incident, record = staged(folder)
    bench.give("phone_home.reject", {"id": record.id, "notes": "say it in fewer words"})
    bench.give("phone_home.stage", {"id": incident.id, "title": "the watcher crashes"}, actor="Clara")
    bench.wait(MINUTE)
    record = bench.records("phone_home")[-1]
    values = {
        "id": derive_id(str(approval.KIND.prefix), bench.clock.now(), cause="stale"),
        "about": record.id, "decision": "approve",
        "content_hash": "0" * 64, "by": "olga", "at": bench.clock.now(), "surface": "pull_request",
    }  # fmt: skip
    Response(bench, "").edit(approval.KIND.model.model_validate(values))  # of another content
    bench.give("phone_home.approve", {"id": record.id})
    tracker = bench.root / "run" / "tracker"
    tracker.parent.mkdir(exist_ok=True)
    tracker.write_text("in the way of a folder\n")
    bench.give("phone_home.send", {"id": record.id}, actor="Clara")
    for _ in range(12):
        bench.wait(4 * HOUR)
    tracker.unlink()
    bench.give("phone_home.send", {"id": record.id}, actor="Clara")
    bench.turn()
    issue = tracker / "1.json"
    if issue.exists():
        document = json.loads(issue.read_text()) | {
            "state": "closed", "reason": "completed", "updated_at": format_instant(bench.clock.now()),
        }  # fmt: skip
        issue.write_text(json.dumps(document))
        tracker_sync.commit_changes(bench.desk, tracker_sync.pull(bench.desk, bench.clock.now())[0], bench.clock.now())
    force(bench, bench.records("phone_home")[-1].changed(due_at=bench.clock.now() - SECOND))
    bench.give("phone_home.stage", {"id": incident.id, "body": "the watcher crashes on links"}, actor="Clara")
    bench.wait(MINUTE)
    again = next(each for each in bench.records("phone_home") if each.status == "pending_operator_review")
    bench.give("phone_home.approve", {"id": again.id})
    bench.give("phone_home.send", {"id": again.id}, actor="Clara")  # filed already
    return {"issues": bench.root}


def destination_changed(folder: Path) -> dict[str, Path]:
    """The place where an issue was to go is another one when it is sent: its review begins again."""
    bench, _, record = staged(folder)
    bench.give("phone_home.approve", {"id": record.id})
    event = command_event("phone_home.send", {"id": record.id}, actor="Clara", token="send", at=bench.clock.now())
    now = bench.clock.now()
    with bench.desk.repo.writer():
        commit_group(bench.desk, [event], now)
        commit_group(bench.desk, [deliver.begin_event(filing(bench), now)], now)
    seen: dict[str, Any] = {"state": "seen", "visibility": "internal", "permission": "WRITE"}
    receipt = Receipt("permanent", "the destination is internal", {"code": "destination_changed", "seen": seen})
    note_receipts(bench.desk, [(filing(bench), receipt)], now)
    bench.wait(MINUTE)
    return {"destination-changed": bench.root}


def filing(bench: Project) -> Outbox:
    """Return the message that files the issue."""
    messages: list[Outbox] = bench.records("outbox")
    return next(message for message in messages if message.channel == "tracker")


def standstill(folder: Path) -> dict[str, Path]:
    """The engine's loop stands still while an escalation is due."""
    bench = Project.new(folder / "desk")
    bench.drop(HELP.format("disk full"))
    bench.turn()
    bench.clock.move(DAY)
    report_standstill(bench.desk, bench.clock.now(), None)
    bench.turn()
    return {"standstill": bench.root}


def sharing(folder: Path) -> dict[str, Path]:
    """A clone cannot share for long, then it can."""
    bench = Project.new(folder / "desk")
    report_sharing(bench.desk, bench.clock.now(), {"code": "push_refused", "since": format_instant(START)})
    bench.turn()
    bench.clock.move(HOUR)
    report_sharing(bench.desk, bench.clock.now(), None)
    bench.turn()
    return {"sharing": bench.root}


def bridges(folder: Path) -> dict[str, Path]:
    """Signals cross between the projects of a tenant; one comes back; who is a bridge, a member, the home changes."""
    town = Town(folder / "acme", FakeClock(START))
    home, customer = town.home, CUSTOMERS[0]
    town.send(customer, to="Sage")
    with town.broken(HOME):
        town.drop(customer, to="Sage")
        for _ in range(12):
            town.turn(customer)
            town.clock.move(town.later * 120)
    town.turn()
    town.forge(customer, HOME, created_at=town.clock.now() - HOUR, ttl=MINUTE)  # past its time when it arrives
    added = {"verb": "add", "name": "nia", "role": "tester", "title": "one of the tests"}
    home.give("roster.propose", added | {"branch": "proposals/nia", "commit": "0" * 40})
    roster = Response(home, "").edit
    (mayor,) = (each for each in home.records("persona") if each.identity == "mayor")
    (project,) = home.records("project")
    roster(mayor.changed(persona_class="bridge"))
    roster(project, bridges=(*project.bridges, "mayor"))
    roster(project)
    home.give("tenant.remove", {"pid": customer})
    town[customer].give("tenant.join", {"pid": HOME, "root": "f" * 40}, actor="cora")
    return {"bridge-home": home.root, "bridge-customer": town[customer].root}


def signatures(folder: Path) -> dict[str, Path]:
    """A project that wants signatures: a change that an operator signed, and one that nobody did."""
    key = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
    private = folder / "key"
    private.touch(mode=0o600)
    openssh = (serialization.PrivateFormat.OpenSSH, serialization.NoEncryption())
    private.write_bytes(key.private_bytes(serialization.Encoding.PEM, *openssh))
    public = key.public_key().public_bytes(serialization.Encoding.OpenSSH, serialization.PublicFormat.OpenSSH).decode()
    bench = Project.new(folder / "desk")
    operator = Persona(identity="olga", role="operator", title="Olga", keys=(public,))
    put(bench, operator)
    put(bench, bench.records("project")[0].changed(trust="signed"))
    put(bench, Persona(identity="nia", role="tester", title="One of the tests"), "-c", f"user.signingkey={private}")
    put(bench, Persona(identity="ada", role="tester", title="One of the tests"))
    return {"signatures": bench.root}


STORIES: tuple[Callable[[Path], dict[str, Path]], ...] = (
    work_items, times_set_by_hand, jobs_and_messages, attempt_that_nobody_wants, phases_by_hand, issues,
    destination_changed, standstill, sharing, bridges, signatures,
)  # fmt: skip


def subject_of(decision: Decision) -> str:
    assert isinstance(decision, Plan)
    return decision.subject


def put(bench: Project, record: Record, *config: str) -> None:
    """Commit a record as olga, signed where `config` names a key, and let the project react."""
    with bench.desk.repo.writer():
        bench.desk.repo.bring_window()
    path = kind_of(record).place_of(record)
    (bench.root / path).write_bytes(kind_of(record).write(record))
    bench.git("add", "--", path)
    sign = ("-c", "gpg.format=ssh", *config) if config else ()
    who = {f"GIT_{role}_NAME": "olga" for role in ("AUTHOR", "COMMITTER")}
    bench.git(*sign, "commit", "--quiet", *(["-S"] if config else []), "-m", "by hand", environment=who)
    bench.turn()


def set_fields(bench: Project, path: str, **fields: Any) -> None:
    """Change some fields of a settings file, as a person does."""
    (kind,) = (kind for kind in KINDS.values() if kind.owns(path))
    record = kind.read((bench.root / path).read_bytes(), path=path)
    document = record.to_document() | fields
    Response(bench, "").edit(kind.record(document, path=path))
