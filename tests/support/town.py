"""A tenant of several projects in one process: a home with its bridges, and the customers beside it."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

from prismfs.clock import FakeClock
from prismfs.engine.admin.init_project import BRIDGES, init_project
from prismfs.engine.admin.membership import first_commit
from prismfs.engine.tenant.places import Places
from prismfs.engine.turn.commit_group import Outcome
from prismfs.engine.turn.react import react
from prismfs.kinds import kind_of
from prismfs.kinds.care.signal import Signal
from prismfs.kinds.core.audit import Audit
from prismfs.kinds.core.outbox import Outbox
from prismfs.kinds.core.settings.project import Home
from prismfs.kinds.core.settings.project import Project as Settings
from prismfs.records.api import derive_id
from prismfs.store.engine_key import engine_key
from tests.support.founded import copy_of_founded
from tests.support.owner import Owner
from tests.support.project import START, Project

HOME = "PID-HOME01"
CUSTOMERS = ("PID-ACME01", "PID-BETA01")


class Town:
    """The projects of one tenant, each a bench of its own at one clock; `home` is the first."""

    later = timedelta(minutes=2)
    """After the pause before a second attempt."""

    def __init__(self, folder: Path, clock: FakeClock, customers: tuple[str, ...] = CUSTOMERS) -> None:
        self.folder = folder
        self.clock = clock
        names = {HOME: "home"} | {pid: pid.casefold() for pid in customers}
        copy_of_founded(folder, f"town {customers} {clock.now()}", lambda place: found_town(place, names, clock))
        given = {HOME: len(customers)}  # the members were added by commands of the home
        self.benches = {
            pid: Project(folder / name, clock=clock, count=given.get(pid, 0)).witnessed() for pid, name in names.items()
        }
        self.count = 0

    def __getitem__(self, pid: str) -> Project:
        return self.benches[pid]

    @property
    def home(self) -> Project:
        return self.benches[HOME]

    def close(self) -> None:
        for bench in self.benches.values():
            bench.close()

    def restart(self) -> None:
        for bench in self.benches.values():
            bench.restart()

    def drop(self, pid: str, **form: Any) -> str:
        """Drop a signal, a Question from jade unless something else is said; return its subject, which tells it."""
        self.count += 1
        subject = f"matter {self.count}: the export crashes with an error"
        document = {"kind": "signal", "from": "jade", "type": "Question", "subject": subject, **form}
        document = {name: value for name, value in document.items() if value is not None}
        self.benches[pid].drop(json.dumps(document), f"signal-{self.count:04}.json")
        return str(document["subject"])

    @contextmanager
    def broken(self, pid: str) -> Iterator[None]:
        """Put a project out of reach of everybody."""
        bench = self.benches[pid]
        bench.close()
        bench.root.rename(bench.root.with_name("aside"))
        yield
        bench.root.with_name("aside").rename(bench.root)
        bench.restart()

    def turn(self, *pids: str) -> list[Outcome]:
        """React everywhere (or in `pids` only) until nothing is left to do anywhere at this time."""
        outcomes: list[Outcome] = []
        for _ in range(50):
            busy = False
            for bench in [self.benches[pid] for pid in pids or self.benches]:
                turn = react(bench.desk, bench.moment())
                outcomes += turn.outcomes
                busy = busy or turn.more or turn.crossed
            if not busy:
                return outcomes
        raise AssertionError("a turn that never ends")

    def send(self, pid: str, **form: Any) -> Any:
        """Drop a signal, react, and return it as the sender's project has it; None where it was refused."""
        subject = self.drop(pid, **form)
        self.turn()
        return self.signal(pid, subject)

    def signal(self, pid: str, subject: str) -> Any:
        found = [signal for signal in self.benches[pid].records("signal") if signal.subject == subject]
        assert len(found) <= 1, found
        return found[0] if found else None

    def rows(self, pid: str, action: str) -> list[Audit]:
        return self.benches[pid].rows(action)

    def refused(self, pid: str) -> str | None:
        """Return the code of the last file that was refused."""
        rows = self.rows(pid, "inbox.refused")
        return str(rows[-1].meta["code"]) if rows else None

    def mails(self, pid: str, to: str) -> list[Any]:
        return [mail for mail in self.benches[pid].records("mail") if mail.to == to]

    def edit(self, pid: str, path: str, old: str, new: str) -> None:
        """Change a setting and commit it, as an operator does."""
        text = (self.benches[pid].root / path).read_text()
        assert old in text, (path, old)
        self.benches[pid].settle_by_hand({path: text.replace(old, new).encode()})

    def persona(self, pid: str, name: str, **more: str) -> None:
        lines = [f"kind: persona\nversion: 1\nidentity: {name}\nrole: tester\ntitle: one of the tests\n"]
        lines += [f"{key}: {value}\n" for key, value in more.items()]
        self.benches[pid].settle_by_hand({f"roster/{name.lower()}.yaml": "".join(lines).encode()})

    def forge(self, source: str, target: str, **fields: Any) -> Signal:
        """Put a signal and the message that is to carry it into the records past every rule, and react."""
        self.count += 1
        now = self.clock.now()
        signal = Signal.model_validate(
            {
                "id": derive_id("sig", now, cause=f"forged {self.count}"),
                "pid": source,
                "sender": "mallory",
                "to": "Sage",
                "to_pid": target,
                "type": "Question",
                "subject": f"forged {self.count}: the export crashes with an error",
                "labels": {},
                "created_at": now,
                "received_at": now,
                "payload_hash": "0" * 64,
                "status": "routing",
            }
            | fields
        )
        message = Outbox(
            id=derive_id("out", now, cause=f"forged {self.count}"), about=signal.id, action=f"bridge:{target}",
            level=0, channel="bridge", target=target, subject="forged", body="", priority="normal", created_at=now,
            planned_at=now, due_at=now, status="pending",
        )  # fmt: skip
        files = {kind_of(record).place_of(record): kind_of(record).write(record) for record in (signal, message)}
        bench = self.benches[source]
        # What nobody signed in the records of a home crosses nowhere (tests/tenant/test_membership.py).
        is_home = bench.desk.view().single(Settings).is_home
        bench.force(files, signer=engine_key(bench.desk.repo.state, source) if is_home else None)
        self.turn()
        return signal

    def check(self) -> None:
        """Accept what must hold everywhere and always: each project verifies, each view is complete and its own."""
        views = {pid: self.rows(pid, "bridge.routed") for pid in self.benches}
        for pid, bench in self.benches.items():
            assert bench.problems() == ()
            assert [row for row in views[pid] if pid not in (row.meta["from_pid"], row.meta["to_pid"])] == []
        for row in (row for rows in views.values() for row in rows):
            ends = [str(row.meta["from_pid"]), str(row.meta["to_pid"])]
            for end in ends:
                twins = [other for other in views[end] if other.entity_id == row.entity_id]
                assert [twin.meta for twin in twins] == [row.meta]
            assert HOME in ends


def found_town(folder: Path, names: Mapping[str, str], clock: FakeClock) -> None:
    """Make the home, and the other projects of `names` (folder by pid) as its members."""
    folder.mkdir(parents=True, exist_ok=True)
    settings = Settings(pid=HOME, tenant="acme", home=True, operators=("olga",), bridges=BRIDGES)
    init_project(
        folder / names[HOME], project=settings, now=START
    )  # not Project.new: a test may make another of the same settings
    home, places = Project(folder / names[HOME], clock=clock), Places(folder)
    places.name(HOME, names[HOME])
    for name in BRIDGES:  # their answers are dropped by the user that the tests run as
        path = f"roster/{name.casefold()}.yaml"
        home.settle_by_hand({path: (home.root / path).read_bytes() + f"logins: [{Owner.login}]\n".encode()})
    named = Home(pid=HOME, root=first_commit(home.root))
    for pid, name in names.items():
        if pid != HOME:
            project = Settings(pid=pid, tenant="acme", operators=("cora",), home=named)
            init_project(folder / name, project=project, now=START)
            places.name(pid, name)
            home.give("tenant.add", {"pid": pid, "root": first_commit(folder / name)})
    home.close()


MakeTown = Callable[..., Town]
