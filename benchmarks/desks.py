"""Desks to measure on: projects with many records already there, and signals to drop into them."""

from __future__ import annotations

import hashlib
import subprocess
from collections.abc import Callable, Iterable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

from pydantic import JsonValue

from prismfs.engine.admin.init_project import init_project
from prismfs.kinds import kind_of
from prismfs.kinds.care.signal import Signal
from prismfs.kinds.core.audit import AuditFile
from prismfs.kinds.core.settings.project import Project
from prismfs.kinds.response.incident import Incident
from prismfs.records.base import Record
from prismfs.records.ids import derive_id
from prismfs.records.plan import Plan
from prismfs.records.severity import Severity
from prismfs.records.view import ChainHead
from prismfs.store.engine_key import signing_key
from prismfs.store.git.signing import sign_group
from prismfs.store.repo import ProjectRepo

BEGIN = datetime(2026, 3, 1, tzinfo=UTC)
A_HOUR = 100
"""Records whose ids fall into the same hour, and so into the same folder."""

A_COMMIT = 1000
"""Files a commit of the history that is there already: its length is not what is measured."""

_PID = "PID-BENCH01"
_PARTS = ("export", "login", "backup", "search", "billing", "mail relay", "scheduler", "importer", "cache", "router")
_FAULTS = (
    "fails with exit code 1",
    "is down since 13:40, all requests answer 502",
    "crashes on start with a segmentation fault",
    "lost data after the last release",
    "is broken, error 500 for every third user",
    "reports corrupted records",
)


class Stock:
    """The desks of one run, made in `folder` when they are first asked for."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._made: dict[int, Path] = {}
        self._count = 0

    def desk(self, records: int) -> Path:
        """Return the desk of that many records; what one measurement adds to it, the next one finds."""
        if records not in self._made:
            self._made[records] = self.fresh("desk", records)
        return self._made[records]

    def fresh(self, name: str, records: int) -> Path:
        """Return a desk of that many records which nobody else uses."""
        self._count += 1
        root = self._folder / f"{name}-{self._count}"
        make_desk(root, records)
        return root

    def folder(self, name: str) -> Path:
        """Return the path of a folder that nobody else uses; it is not made."""
        self._count += 1
        return self._folder / f"{name}-{self._count}"


def make_desk(root: Path, records: int) -> None:
    """Make a project of `records` records and as many audit rows, checked out, clean, and its projection built."""
    init_project(root, project=Project(pid=_PID, tenant="bench", operators=("amy",)), now=BEGIN)
    if records:
        import_files(root, _files(records), at=lambda number: _instant(number // 2))
    git(root, "config", "user.name", "bench")
    git(root, "config", "user.email", "bench@prismfs.invalid")
    take_for_seen(root)


def take_for_seen(root: Path) -> None:
    """Let the engine take what was committed past it for its own: signed, on disk, in the index, in the projection."""
    with ProjectRepo(root) as store:
        truth, head = store.place.truth, git(root, "rev-parse", "HEAD")
        base = git(root, "rev-parse", truth)
        past = git(root, "rev-list", "--reverse", f"{base}..{head}").split()
        if past:
            signer = signing_key(store.view(store.snapshot()), store.state)
            head = sign_group(store.git, past, base=base, signer=signer)[-1]
            store.git.move({truth: (base, head), store.place.window: (past[-1], head)})
        for mark in ("worktree", "carried"):
            (store.state / mark).write_text(f"{head}\n")
        store.view(store.snapshot())


def git(root: Path, *arguments: str) -> str:
    """Run one git command as a person would, with git's own settings, and return what it prints."""
    done = subprocess.run(["git", *arguments], cwd=root, check=True, capture_output=True, text=True)
    return done.stdout.strip()


def records_of(number: int, at: datetime, chain: ChainHead) -> tuple[Record, AuditFile]:
    """Return one record and the file of the audit row that stands in its commit; every fourth is an incident."""
    cause = f"bench:{number}"
    part, fault = _PARTS[number % len(_PARTS)], _FAULTS[number % len(_FAULTS)]
    signal_id = derive_id("sig", at, cause=cause)
    record: Record
    if number % 4:
        record = Signal.model_validate(
            {
                "id": signal_id,
                "pid": _PID,
                "sender": f"agent-{number % 40}",
                "to": "Sage",
                "type": "StatusUpdate",
                "subject": f"{part} {number}: run {number * 7 % 1000} is done",
                "body": f"Line one of run {number}.\nIt took {number % 90} seconds and wrote {number * 13} rows.\n",
                "created_at": at,
                "received_at": at,
                "payload_hash": hashlib.sha256(cause.encode()).hexdigest(),
                "status": "handed_off",
                "lane": "info",
                "lane_reason": "a status update",
            }
        )
    else:
        severity = Severity.model_validate({"scale": "priority", "label": "P2", "rank": 2})
        record = Incident(
            id=derive_id("inc", at, cause=cause),
            pid=_PID,
            title=f"{part} {number} {fault}",
            nature="fault",
            severity=severity,
            severity_reason="one workflow is affected",
            sev_initial=severity,
            sev_max=severity,
            status="triage" if number % 8 else "resolved",
            owner="Sage",
            reporter=f"agent-{number % 40}",
            dedup_key=f"bench:{number}",
            opened_by=signal_id,
            detected_at=at,
            last_seen_at=at,
        )
    return record, audit_file(record, chain, at=at, cause=cause, actor=f"agent-{number % 40}", rule="accept")


def audit_file(record: Record, chain: ChainHead, *, at: datetime, cause: str, actor: str, rule: str) -> AuditFile:
    """Return the file of the one audit row of a commit that puts `record`; it follows `chain`."""
    kind = kind_of(record)
    row: JsonValue = {
        "id": derive_id("aud", at, cause=cause),
        "action": "signal.received",
        "level": "info",
        "entity_type": kind.name,
        "entity_id": kind.name_of(record),
        "reason": "accepted",
        "meta": {"category": None, "redacted": 0},
    }
    return AuditFile.model_validate(
        {
            "id": derive_id("aud", at, cause=cause),
            "number": chain.number + 1,
            "at": at,
            "actor": actor,
            "assurance": "claimed",
            "rule": rule,
            "cause": cause,
            "prev": chain.digest,
            "rows": [row],
        }
    )


def after(file: AuditFile) -> ChainHead:
    """Return the head of the chain that ends with `file`."""
    return ChainHead(file.number, hashlib.sha256(kind_of(file).write(file)).hexdigest())


def plans(first: int, count: int, chain: ChainHead) -> list[Plan]:
    """Return `count` state changes that follow the audit row `chain`, each of one record and its row."""
    made = []
    for number in range(first, first + count):
        at = _instant(number)
        record, file = records_of(number, at, chain)
        chain = after(file)
        made.append(
            Plan(
                kind=kind_of(record).name,
                rule="accept",
                subject=kind_of(record).name_of(record),
                reason="accepted",
                cause=file.cause,
                actor=file.actor,
                at=at,
                version=1,
                puts=(record, file),
            )
        )
    return made


def signal_text(number: int) -> str:
    """Return a signal as an agent drops it: of ten, six report a new fault, two one that is known, one asks."""
    part = f"{_PARTS[number % len(_PARTS)]} {number}"
    kind, category, key = "IncidentUpdate", "BLOCKER", f"bench-{number}"
    subject = f"{part} {_FAULTS[number % len(_FAULTS)]}"
    if number % 10 in (3, 7):
        key = f"bench-{number // 10 * 10}"
    elif number % 10 == 5:
        kind, category, subject, key = "Question", "ASK", f"how do I rotate the key of {part}?", ""
    elif number % 10 == 9:
        kind, category, subject, key = "Question", "INFO", f"idea: it would be nice if {part} had a dark mode", ""
    return (
        f"kind: signal\nfrom: agent-{number % 40}\nto: Sage\ntype: {kind}\ncategory: {category}\n"
        f'subject: "{subject}"\n'
        f"body: |\n  Seen at run {number}. The log says: {part} gave up after {number % 9 + 1} attempts.\n"
        "  Nothing else was changed before it began.\n" + (f"dedup_key: {key}\n" if key else "")
    )


def drop(root: Path, name: str, text: str) -> None:
    """Write a file aside and rename it into the inbox."""
    aside = root / "inbox" / f".{name}"
    aside.write_text(text)
    aside.rename(root / "inbox" / name)


def import_files(root: Path, files: Iterable[tuple[str, bytes]], *, at: Callable[[int], datetime]) -> None:
    """Commit files (path, bytes) on top of the branch, `A_COMMIT` a commit; `at` gives the time by a file's number."""
    with subprocess.Popen(
        ["git", "fast-import", "--quiet", "--date-format=raw"], cwd=root, stdin=subprocess.PIPE
    ) as child:
        assert child.stdin is not None
        head = git(root, "rev-parse", "refs/heads/main")
        for number, (path, data) in enumerate(files):
            if number % A_COMMIT == 0:
                message = f"bench: files from {number}\n".encode()
                child.stdin.write(
                    b"commit refs/heads/main\ncommitter bench <bench@prismfs.invalid> %d +0000\ndata %d\n%s"
                    % (int(at(number).timestamp()), len(message), message)
                )
                if number == 0:
                    child.stdin.write(f"from {head}\n".encode())
            child.stdin.write(f"M 100644 inline {path}\ndata {len(data)}\n".encode() + data + b"\n")
    if child.returncode:
        raise RuntimeError("git fast-import failed")
    git(root, "reset", "--hard", "--quiet", "main")


def _files(records: int) -> Iterator[tuple[str, bytes]]:
    chain = ChainHead(0, "0" * 64)
    for number in range(records):
        record, file = records_of(number, _instant(number), chain)
        yield from ((kind_of(put).place_of(put), kind_of(put).write(put)) for put in (record, file))
        chain = after(file)


def _instant(number: int) -> datetime:
    return BEGIN + timedelta(hours=1) * (number / A_HOUR)
