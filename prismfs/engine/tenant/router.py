"""The router: carries signals from one project's outbox into another project (R-000-58 to R-000-66).

Two repositories, two commits, one intent. The message in the sender's outbox is the intent; the addressee's project
decides the arrival and commits it; the receipt is committed in the sender's. Only one repository's lock is held at a
time, and a cause that was answered is not answered twice, so that a router killed anywhere goes on where it was.
"""

import platform
from collections.abc import Iterable, Sequence
from datetime import datetime

from prismfs import __version__
from prismfs.engine.event import engine_event
from prismfs.engine.tenant.tenancy import HOME_UNREADABLE, Tenancy
from prismfs.engine.turn.commit_group import Outcome, commit_group
from prismfs.engine.turn.desk import Desk
from prismfs.engine.turn.persona_command import with_classification
from prismfs.engine.turn.sources import note_receipts
from prismfs.errors import ConfigError, ConflictError, PrismfsError, Problem, RecordError
from prismfs.intake.scan import redact
from prismfs.kinds.care.signal import Signal
from prismfs.kinds.core.audit import Audit, Said, said_in
from prismfs.kinds.core.outbox import Outbox
from prismfs.kinds.core.settings.persona import Persona
from prismfs.kinds.core.settings.policy import Policy
from prismfs.kinds.core.settings.project import Project
from prismfs.kinds.core.settings.redaction import RedactionRules
from prismfs.records.api import Document, Event, Plan, Receipt, Refused, View
from prismfs.store.listing import find_documents

CRASH_POINTS = ("before-route", "routed", "before-route-receipts", "route-receipts")
"""Where the fault tests kill the router, beside the stores' own points."""

_ROSTER = 50

_SCANNED = ("subject", "body", "labels", "attachments", "dedup_key")

_PATIENCE = 2.0
"""Seconds to wait for another project's writer; the signals for other projects must not wait longer."""


def route(desk: Desk, messages: Sequence[Outbox], now: datetime) -> list[Outcome]:
    """Carry `messages` into the projects that they are for, then commit how it went; no lock is held by the caller.

    Returns what was decided in the sender's project.
    """
    if not messages:
        return []
    desk.crash_point("before-route")
    carried: list[tuple[Outbox, Receipt]] = []
    for target in sorted({message.target for message in messages}):
        group = [message for message in messages if message.target == target]
        carried += zip(group, _carry_all(desk, target, group, now), strict=True)
        desk.crash_point("routed")
    desk.crash_point("before-route-receipts")
    outcomes = note_receipts(desk, carried, now)
    desk.crash_point("route-receipts")
    return outcomes


def bridge_event(view: View, message: Outbox, source: str, context: Document, now: datetime) -> Event | Receipt:
    """Return the event that the signal of `message` arrives in its project, or the refusal of one that cannot leave.

    It is scanned once more: one that was committed by hand was not.

    `source` is the project that it comes from, as `tenant.yaml` has it: what the record says is a claim.
    """
    signal = view.get(Signal, message.about)
    if signal is None:
        return _refused("not_found", "there is no such signal here")
    document = signal.to_document()
    try:
        scanned = redact(
            {name: document[name] for name in _SCANNED if name in document}, rules=view.single(RedactionRules)
        )
    except RecordError as error:
        return _refused(error.code, error.problem.message)
    known = [redaction.to_document() for redaction in signal.redactions]
    places = {(one["pointer"], one["kind"]) for one in known}
    new = [one for one in scanned.redactions if (one["pointer"], one["kind"]) not in places]
    document |= scanned.document | ({"redactions": [*known, *new]} if known or new else {})
    arrival = {"signal": document, "from_pid": source, **context}
    return engine_event("bridge", "signal", cause=f"bridge:{source}:{signal.id}", at=now, document=arrival)


def context_of(desk: Desk, theirs: Tenancy, source: str) -> Document:
    """Return the project's context that goes with a signal (R-000-19), and the tenant as the addressee sees it."""
    view = desk.view()
    project, policy = view.single(Project), view.single(Policy)
    texts, _ = find_documents(view.connection, "persona", where={}, limit=_ROSTER)
    personas = (Persona.model_validate_json(text) for text in texts)
    names = sorted(persona.identity for persona in personas if persona.persona_class != "engine")
    return {
        "context": {
            "tenant": project.tenant,
            "phone_home": policy.phone_home,
            "roster": list(names),
            "environment": {
                "prismfs": __version__,
                "python": platform.python_version(),
                "platform": platform.system().casefold(),
            },
        },
        "tenant": theirs.describe([source]),
    }


def _carry_all(desk: Desk, pid: str, messages: Sequence[Outbox], now: datetime) -> list[Receipt]:
    """Commit the arrival of `messages` in the project `pid`; return how each went."""
    try:
        tenancy = desk.tenancy
        root = None if tenancy is None else tenancy.places.root_of(pid)
        if tenancy is None or root is None:
            return [_refused("unknown_pid", f"no project {pid} in this tenant")] * len(messages)
        source = tenancy.places.pid_at(desk.root)
        if source is None:
            return [_refused("unknown_pid", "tenant.yaml does not have this project")] * len(messages)
        theirs = tenancy.seen_from(root)
        kept_back = _kept_back(desk, tenancy, theirs, source, pid)
        if kept_back is not None:
            return [kept_back] * len(messages)
        context = context_of(desk, theirs, source)
        with Desk(root, crash_point=desk.crash_point) as target:
            view = desk.view()
            events = [bridge_event(view, message, source, context, now) for message in messages]
            shown = target.view()
            known = [
                with_classification(target, shown, event, _signal(event))
                for event in events
                if isinstance(event, Event)
            ]
            with target.repo.writer(wait=_PATIENCE):
                outcomes = commit_group(target, known, now)
                target.repo.bring_window_if_free()
                found = {outcome.event.cause: _receipt(target, outcome) for outcome in outcomes}
    except (ConflictError, ConfigError, RecordError) as error:
        return [Receipt("temporary", str(error.problem.message))] * len(messages)
    except PrismfsError as error:
        return [Receipt("temporary", f"{pid} is out of reach: {error.problem.code}")] * len(messages)
    return [found[event.cause] if isinstance(event, Event) else event for event in events]


def _kept_back(desk: Desk, tenancy: Tenancy, theirs: Tenancy, source: str, pid: str) -> Receipt | None:
    """Return why nothing may cross from this project to `pid` now; the policy may have changed since (R-000-83).

    Each of both has to be of the other's tenant, as its own protected files and those of its home have it (FT-05).
    """
    view = desk.view()
    own, mode = view.single(Project).pid, view.single(Policy).bridge
    if own != source:
        return _refused("pid_mismatch", f"tenant.yaml has this project as {source}, prismfs.yaml as {own}")
    if mode == "off":
        return _refused("bridge_off", "the policy says bridge: off")
    if (problem := tenancy.problem_with(pid) or theirs.problem_with(source)) is not None:
        return _not_of_one_tenant(problem)
    home = tenancy.home()
    if mode == "inbound-only" and home is not None and home.pid == pid:
        return _refused("bridge_inbound_only", "the policy says bridge: inbound-only")
    return None


def _not_of_one_tenant(problem: Problem) -> Receipt:
    if problem.code == HOME_UNREADABLE:
        return Receipt("temporary", problem.message)
    return _refused(problem.code, problem.message)


def _receipt(target: Desk, outcome: Outcome) -> Receipt:
    """Return the sender's receipt of one arrival, with the row of the earlier one where it was routed before."""
    decision = outcome.decision
    if isinstance(decision, Refused):
        return _refused(decision.problem.code, decision.problem.message)
    if isinstance(decision, Plan):
        return Receipt("sent", "", _routed(said_in(decision.puts)))
    view = target.repo.view(target.repo.snapshot())
    texts, _ = find_documents(view.connection, "audit", where={"cause": outcome.event.cause})
    return Receipt("sent", "was there before", _routed(map(Audit.model_validate_json, texts)))


def _routed(rows: Iterable[Audit | Said]) -> Document:
    """Return what the row of an arrival says, which both projects keep (R-000-70 to R-000-72)."""
    return next((dict(row.meta) for row in rows if row.action == "bridge.routed"), {})


def _refused(code: str, message: str) -> Receipt:
    return Receipt("permanent", message, {"code": code})


def _signal(event: Event) -> Document:
    document = event.document["signal"]
    assert isinstance(document, dict)
    return document
