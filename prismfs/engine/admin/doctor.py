"""The doctor: each check of a project or tenant, and what to do where it fails."""

import json
import pwd
import re
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from prismfs.delivery.plugin import GROUP, is_installed
from prismfs.engine.admin import doctor_tenant, watchdog
from prismfs.engine.admin.check import check_routes
from prismfs.engine.admin.isolation import isolation_of, mount_in
from prismfs.engine.trust import endorsement, hook_scripts, protection, report
from prismfs.errors import ConfigError, PrismfsError, Problem
from prismfs.intake.personal import PERSONAL
from prismfs.intake.scan import redact
from prismfs.kinds import KINDS
from prismfs.kinds.care.settings.tracker import Tracker
from prismfs.kinds.core.channels import CHANNELS
from prismfs.kinds.core.settings.persona import Persona
from prismfs.kinds.core.settings.policy import Policy
from prismfs.kinds.core.settings.project import Project
from prismfs.kinds.escalation.settings.escalation_policy import EscalationPolicy, Routes
from prismfs.kinds.escalation.settings.routing import Route, Routing
from prismfs.records.api import View, format_duration, format_instant
from prismfs.rules.care.outbound_issue.api import MANAGER
from prismfs.rules.core import authority
from prismfs.rules.escalation import api as escalation
from prismfs.store.engine_key import signing_key
from prismfs.store.git import history, repository, signatures
from prismfs.store.listing import find_documents
from prismfs.store.lock import left_locks, lock_left
from prismfs.store.reading import reading
from prismfs.store.repo import ProjectRepo
from prismfs.store.rows import INVALID

_OLDEST_GIT = (2, 39)
_ROSTER = 1000
_ROUTING, _TRACKER = "settings/routing.yaml", "settings/tracker.yaml"


@dataclass(frozen=True, slots=True)
class Finding:
    """One check and its result; `problem` is None where it passed."""

    subject: str
    problem: Problem | None = None


def examine(root: Path, now: datetime) -> list[Finding]:
    """Return the checks of the project at `root`, in order; nothing is changed."""
    findings = [_try("git is new enough", _git_version, root)]
    if findings[0].problem is not None:
        return findings
    with ProjectRepo(root) as repo:
        findings += [
            _try("a branch is checked out and was not rewritten", _check_branch, repo),
            _try("the whole history is here", lambda: history.check_whole(repo.git, repo.snapshot().commit)),
            _try("settings and roster are valid", _check_settings, root),
            _try("every route reaches somebody", _check_routes, repo),
            _try("signatures can be checked, and an operator can sign", _check_signing, repo),
            _try("this clone's engine has a key of the roster", _check_engine, repo),
            _try("no file has rights by the user that the desk runs as", _check_logins, repo),
            _check_isolation(root),
            _try("issues can be reviewed and filed", check_phone_home, repo),
            _try("all records are committed and unedited", _check_status, repo),
            *(Finding(*state(repo)) for state in (report.witness_state, report.verified_state)),
            _try("the branch that people see follows the records", _check_window, repo),
            _try("the git hooks, where there are any, can run", hook_scripts.check_hooks, root),
            _try("no record was written by a newer prismfs", _check_newer, root),
            _try("the inbox can be written", _check_inbox, root),
            _try("the watcher's heartbeat is fresh", _check_heartbeat, repo, now),
            _try("the watcher shares what it is to share", _check_sharing, repo),
            _try("no deadline was let pass", _check_deadlines, repo, now),
            *(_try(subject, look) for subject, look in doctor_tenant.project_checks(repo)),
        ]
    return findings


def examine_tenant(folder: Path) -> list[Finding]:
    """Return the checks of the tenant's folder itself; nothing is changed, and nothing is cloned."""
    return [_try(subject, look) for subject, look in doctor_tenant.tenant_checks(folder)]


def _try(subject: str, look: Callable[..., Problem | None], *about: object) -> Finding:
    try:
        return Finding(subject, look(*about))
    except PrismfsError as error:
        return Finding(subject, error.problem)


def _git_version(root: Path) -> Problem | None:
    text = repository.run_plain(["--version"], cwd=root).decode()
    if tuple(map(int, re.findall(r"\d+", text)[:2])) < _OLDEST_GIT:
        return Problem("git_too_old", text.strip(), hint="install git 2.39 or newer")
    return None


def _check_logins(repo: ProjectRepo) -> Problem | None:
    """Name the first persona whose rights every file has that is written by the desk's own user."""
    user = pwd.getpwuid(repo.root.stat().st_uid).pw_name
    texts, _ = find_documents(repo.view(repo.snapshot()).connection, "persona", where={}, limit=_ROSTER)
    named = next((entry for entry in map(Persona.model_validate_json, texts) if user in entry.logins), None)
    if named is None:
        return None
    return Problem(
        "login_of_the_desk", f"whatever runs as {user} has the rights of {named.identity}, the desk and its agents too",
        path=f"roster/{named.identity.casefold()}.yaml", field="/logins",
        hint=f"let {named.identity} sign its files (prismfs emit --sign KEY), or run agents as another user",
    )  # fmt: skip


def _check_isolation(root: Path) -> Finding:
    """Say which form the desk has; a fault is one that others may drop into and that is not shut besides."""
    found = isolation_of(root)
    subject = f"isolation: {found.form} ({found.meaning})"
    if found.open is None:
        return Finding(subject)
    said = "may be changed or read by others, who may also write into the inbox"
    hint = "prismfs init DIR --separate sets owners and modes (docs/trust.md)"
    return Finding(subject, Problem("not_separated", said, path=found.open, hint=hint))


def _check_branch(repo: ProjectRepo) -> None:
    repo.news(repo.snapshot())


def _check_settings(root: Path) -> None:
    for kind in KINDS.values():
        if not kind.protected:
            continue
        names = kind.folder if kind.layout == "single" else f"{kind.folder}/*.{kind.format}"
        for path in filter(Path.is_file, sorted(root.glob(names))):
            place = path.relative_to(root).as_posix()
            document = kind.read(path.read_bytes(), path=place).to_document()
            for finding in redact(document).taken_out:
                if finding.kind not in PERSONAL:
                    raise ConfigError(
                        "secret_in_settings", f"holds a {finding.kind}", path=place, field=finding.pointer,
                        hint="name it as env:NAME",
                    )  # fmt: skip
    check_routes(root)


def _check_routes(repo: ProjectRepo) -> Problem | None:
    """Name the first route whose notices of some severity have no receiver, or that repeats too often (C-26)."""
    view = repo.view(repo.snapshot())
    settings, routing = view.single(EscalationPolicy), view.single(Routing)
    for tier in routing.known_tiers:
        if not authority.is_identity(view, tier):
            said = f"nobody in the roster is {tier}"
            return Problem("tier_without_persona", said, path=_ROUTING, hint=f"add roster/{tier}.yaml")
    lease = view.single(Policy).delivery_lease
    for name, target in routing.targets.items():
        if target.timeout >= lease:
            said = f"target {name}: its timeout is not shorter than delivery_lease, so that it may be sent to twice"
            return Problem("timeout_too_long", said, path=_ROUTING, hint="shorten it, or lengthen the lease")
        if target.channel not in CHANNELS and not is_installed(target.channel):
            said = f"target {name}: no installed package provides the channel {target.channel}"
            hint = f"install it: an entry point {target.channel} in the group {GROUP}"
            return Problem("no_channel", said, path=_ROUTING, hint=hint)
    found = (_check_route(view, route, settings.routes) for route in routing.route.walk())
    return next(filter(None, found), None)


def _check_route(view: View, route: Route, routes: Routes) -> Problem | None:
    for rank in range(4):
        lacking = {action: escalation.lacks(view, action) for action in escalation.actions_of(route, routes, rank)}
        if lacking and all(lacking.values()):
            why = "; ".join(f"{action}: {why}" for action, why in lacking.items())
            said = f"route {route.name} reaches nobody at rank {rank}: {why}"
            hint = "fill in the contacts or targets, or give the route another action"
            return Problem("nobody_reachable", said, path=_ROUTING, hint=hint)
    least = route.group_interval or escalation.INTERVAL
    if route.group_by is not None and route.repeat_interval and route.repeat_interval < least:
        said = f"route {route.name}: repeat_interval is shorter than group_interval, and rounds up to it"
        return Problem("repeat_too_short", said, path=_ROUTING)
    return None


def _check_signing(repo: ProjectRepo) -> Problem | None:
    """Name what keeps every approval from counting where decisions are signed (R-000-41)."""
    head = repo.snapshot().commit
    if not protection.is_signed(repo.git, head):
        return None
    if not signatures.can_check():
        return Problem(
            "signature_unverifiable", f"{signatures.PROGRAM} is missing: no signature counts", hint="install OpenSSH"
        )
    found = endorsement.project_at(repo.git, head)
    keys = {name.casefold() for name in endorsement.keys_of(repo.git, head)}
    if found is not None and not any(name.casefold() in keys for name in found.operators):
        return Problem(
            "no_operator_key", "trust is signed, but no operator has a key in the roster", path="roster",
            hint="docs/trust.md: trust: local, add the keys, then trust: signed",
        )  # fmt: skip
    return None


def _check_engine(repo: ProjectRepo) -> None:
    signing_key(repo.view(repo.snapshot()), repo.state)


def _check_status(repo: ProjectRepo) -> Problem | None:
    now = repo.snapshot()
    edited = () if repo.window.fault(now.commit, now.window) else repo.window.edited()  # its own check says that
    said = f"{len(edited)} files differ from the branch"
    return Problem("edited", said, path=edited[0], hint="git status") if edited else None


def _check_window(repo: ProjectRepo) -> Problem | None:
    """Name what keeps the branch that people see from following the records, or people from seeing it."""
    stays = repo.window.obstacle(repo.snapshot().commit)
    if stays is not None:
        return stays.problem
    for left in left_locks(repo.place):
        return lock_left(left)
    return repo.window.unseen() or repo.window.unknown(repo.snapshot().commit)


def _check_newer(root: Path) -> Problem | None:
    with reading(root) as connection:
        found = [
            json.loads(text)["id"]
            for kind in KINDS.values()
            if kind.layout != "single"
            for text in find_documents(connection, kind.name, where={"status": INVALID})[0]
        ]
    if not found:
        return None
    said = f"{len(found)} records are of a newer version and take part in nothing, such as {found[0]}"
    return Problem("newer_version", said, hint="upgrade prismfs")


def _check_inbox(root: Path) -> Problem | None:
    inbox = root / "inbox"
    if not (inbox.exists() or inbox.is_symlink()):  # as in a fresh clone: git keeps no empty folder
        return Problem("no_inbox", "is not there yet", path="inbox", hint="prismfs watch makes it")
    is_none = Problem("no_inbox", "is not a folder", path="inbox", hint="make it a folder")
    return is_none if inbox.is_symlink() or not inbox.is_dir() else mount_in(inbox)


def _check_heartbeat(repo: ProjectRepo, now: datetime) -> Problem | None:
    heartbeat = watchdog.read_heartbeat(repo.root)
    if heartbeat is None:
        return Problem("no_watcher", "no watcher has run here", hint="prismfs watch")
    at = format_instant(heartbeat.at)
    if heartbeat.state == watchdog.STOPPED:
        return Problem("watcher_stopped", f"the watcher stopped at {at}", hint="prismfs watch")
    if watchdog.is_silent(heartbeat, now, watchdog.late_of(repo.view(repo.snapshot()))):
        return Problem("watcher_silent", f"the watcher was last heard of at {at}", hint="prismfs watch")
    return None


def _check_sharing(repo: ProjectRepo) -> Problem | None:
    """Name what kept the watcher's last push or fetch from being made."""
    heartbeat = watchdog.read_heartbeat(repo.root)
    if heartbeat is None or heartbeat.sharing is None:
        return None
    problem = Problem.from_document(heartbeat.sharing)
    said = f"not since {heartbeat.sharing['since']}: {problem.message} [{problem.code}]"
    return Problem("not_shared", said, path=problem.path, hint="prismfs push")


def _check_deadlines(repo: ProjectRepo, now: datetime) -> Problem | None:
    """Name the oldest deadline that the engine missed; the next watcher or `react` opens an incident for it."""
    view = repo.view(repo.snapshot())
    late = watchdog.late_of(view)
    found = watchdog.overdue(view, now, late)
    if not found:
        return None
    due_at, name = found[0]
    said = f"{len(found)} are overdue by more than {format_duration(late)}; {name} since {format_instant(due_at)}"
    return Problem("engine_stopped", said, hint="prismfs watch, or prismfs react")


def check_phone_home(repo: ProjectRepo) -> Problem | None:
    """Name what would keep an issue of this project from being reviewed or filed; the network is not used."""
    view = repo.view(repo.snapshot())
    policy, tracker = view.single(Policy), view.single(Tracker)
    manager = view.get(Persona, policy.lanes.incident)
    if manager is None or manager.role != MANAGER or policy.phone_home == "never":
        return None  # nothing is staged here
    operators = view.single(Project).operators
    if all(name.casefold() == manager.identity.casefold() for name in operators):
        return Problem(
            "nobody_may_approve", f"{manager.identity} stages issues and is the only operator", path="prismfs.yaml",
            field="operators", hint="name another operator: nobody approves what they staged",
        )  # fmt: skip
    if tracker.transport == "gh" and shutil.which(tracker.gh[0]) is None:
        return Problem(
            "gh_missing", f"{tracker.gh[0]} is not there", path=_TRACKER, field="gh", hint="install the GitHub CLI"
        )
    if tracker.timeout >= policy.delivery_lease:
        said = "its timeout is not shorter than delivery_lease, so that two attempts may be under way at once"
        return Problem("timeout_too_long", said, path=_TRACKER, field="timeout", hint="shorten it")
    return None
