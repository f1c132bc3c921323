"""Staging: a phone-home is written down as a draft, in the incident manager's name, or is withdrawn (R-000-31).

An incident manager does it, or triage asks for it (R-000-27).
"""

from dataclasses import dataclass

from prismfs.errors import ForbiddenError, RecordError, RefusedError
from prismfs.kinds.care.phone_home import PhoneHome, RedactionReport, Retained, Reviewed, idempotency_key
from prismfs.kinds.care.settings.tracker import Tracker
from prismfs.kinds.care.settings.triage import Triage
from prismfs.kinds.care.signal import Signal
from prismfs.kinds.care.triage_record import TriageRecord
from prismfs.kinds.core.settings.persona import Persona
from prismfs.kinds.core.settings.policy import Policy
from prismfs.kinds.core.values import Scope
from prismfs.kinds.response.incident import Incident
from prismfs.records.api import Id, JsonValue, Nothing
from prismfs.rules.care.outbound_issue import wording
from prismfs.rules.core.draft import Draft
from prismfs.rules.response.api import meta_of

MANAGER = "incident-manager"
"""The role that alone may stage and send (R-000-03); names of personas are only shown."""

SCOPE_FORBIDDEN = "phone_home_scope_forbidden"

WITHDRAWABLE = ("draft", "pending_operator_review", "approved", "failed")
"""States of an issue that has not left."""

_EDITABLE = ("draft", "pending_operator_review")


@dataclass(frozen=True, slots=True)
class StageIssue:
    """Stage an issue of an incident whose triage found that it may leave."""

    incident: Id


@dataclass(frozen=True, slots=True)
class WithdrawIssue:
    """Withdraw what was staged of an incident and has not left.

    With `stage_anew` what may still leave is a task for the incident's owner.
    """

    incident: Id
    reason: str
    stage_anew: bool = False


def stage(draft: Draft) -> Nothing | None:
    """Stage an incident by hand, or change what is staged of it: title, body, sensitive fields that are kept.

    Every change goes through the scanner and the operators again.

    Raises:
        ForbiddenError: `not_incident_manager`.
        RefusedError: `not_triaged`, `phone_home_never`, `already_approved`, `privacy_blocked`, and those of `compose`.
        RecordError: `phone_home_scope_forbidden`, the schema's own refusal (R-000-27).
    """
    check_manager(draft, "phone_home.stage")
    document = draft.event.document
    incident = draft.need(Incident, str(document["id"]))
    record = draft.get(TriageRecord, incident.triage) if incident.triage is not None else None
    if record is None or record.status != "done":
        raise RefusedError(
            "not_triaged", "its triage is not done", field="/id", hint="prismfs incident triage ID --reason TEXT"
        )
    words = {name: document[name] for name in ("title", "body", "retain") if document.get(name) is not None}
    actor = draft.event.actor
    staged = _put_draft(draft, incident, record, manager=actor, authors=(actor,), words=words, again=True)
    if staged is None:
        return Nothing("staged already", incident.id)
    draft.subject = staged
    draft.because("stage", f"{actor} stages it for review")
    return None


def stage_issue(draft: Draft, asked: StageIssue) -> None:
    """The step that answers `StageIssue`, in the incident manager's name (R-000-31).

    What keeps the issue here is said in an audit row and in a task for the incident manager, and changes nothing else.
    """
    incident = draft.need(Incident, asked.incident)
    record = draft.need(TriageRecord, str(incident.triage))
    manager = draft.policy.lanes.incident
    try:
        _check_role(draft, manager)
        _put_draft(draft, incident, record, manager=manager, authors=_hands(draft), words={}, again=False)
    except (RefusedError, RecordError, ForbiddenError) as error:
        problem = error.problem
        meta = meta_of(incident) | {"code": problem.code}
        draft.row("phone_home.blocked", incident, level="warn", reason=f"not staged: {problem.code}", meta=meta)
        hint = f"\n{problem.hint}" if problem.hint else ""
        draft.mail(
            manager, role="not-staged", type="task", subject=f"Not staged: {incident.title}",
            body=f"{problem.message} ({problem.code}).{hint}\n", about=incident,
        )  # fmt: skip


def withdraw_issue(draft: Draft, asked: WithdrawIssue) -> None:
    """The step that answers `WithdrawIssue`; what is on its way or was filed stays as it is."""
    incident = draft.need(Incident, asked.incident)
    for found in draft.view.with_ref(PhoneHome, incident.id):
        staged = draft.need(PhoneHome, found.id)
        if staged.status in WITHDRAWABLE:
            back = draft.put(staged.changed(status="withdrawn", detail=asked.reason, due_at=None))
            draft.row("phone_home.withdrawn", back, level="warn", reason=asked.reason)
    if asked.stage_anew:
        draft.mail(
            incident.owner,
            role="restage",
            type="task",
            subject=f"Stage it anew: {incident.title}",
            body=f"The scope of {incident.id} is {incident.scope} now.\n\nprismfs phone-home stage {incident.id}\n",
            about=incident,
        )


def opted_out(draft: Draft, signal: Signal) -> bool:
    """Tell whether the policy of this project, or of the reporting one, forbids that reports leave (R-000-83)."""
    told = "ask" if signal.context is None else signal.context.phone_home
    return "never" in (told, draft.view.single(Policy).phone_home)


def check_manager(draft: Draft, verb: str) -> None:
    """Accept a command of an incident manager whose roster entry lists it; operators have no part in it (R-000-03).

    Raises:
        ForbiddenError: `not_incident_manager`.
    """
    actor = draft.event.actor
    persona = _check_role(draft, actor)
    if not persona.may(verb):
        hint = f"roster/{persona.identity.lower()}.yaml: authority"
        raise ForbiddenError("not_allowed", f"{actor} may not give {verb}", field="/from", hint=hint)


def _check_role(draft: Draft, name: str) -> Persona:
    """Accept `name` as an incident manager of the roster, and return that persona."""
    persona = draft.view.get(Persona, name)
    if persona is None or persona.role != MANAGER:
        raise ForbiddenError(
            "not_incident_manager", f"{name} is no {MANAGER} of the roster", field="/from",
            hint="act as the incident manager: --as NAME",
        )  # fmt: skip
    return persona


def _put_draft(
    draft: Draft,
    incident: Incident,
    record: TriageRecord,
    *,
    manager: str,
    authors: tuple[str, ...],
    words: dict[str, JsonValue],
    again: bool,
) -> PhoneHome | None:
    """Put the draft of a phone-home, or a change of the one that is there; None where nothing is to do."""
    if incident.drill:
        raise RefusedError("is_drill", "a drill never leaves the project", field="/id", hint="prismfs incident show ID")
    tracker, triage = draft.view.single(Tracker), draft.view.single(Triage)
    signal = draft.need(Signal, str(incident.opened_by))
    scope = _check_may_leave(draft, signal, record)
    source = incident.reporter_pid or draft.project.pid
    key = idempotency_key(
        tenant=draft.project.tenant, source_pid=source, incident=incident.id, destination=tracker.destination
    )
    known = draft.view.open_with_key(PhoneHome, key)
    if known is not None:
        return _change(draft, known, authors, words) if again else None
    earlier = draft.view.latest_with_key(PhoneHome, key)
    if earlier is not None and earlier.status in ("shipped", "duplicate") and not again:
        return None
    if "body" in words:
        carved = wording.carve_out(triage, signal, scope)
        made = wording.Issue(incident.title, str(words["body"]), carved)
    else:
        made = wording.compose(tracker, triage, incident, signal, record, scope=scope, key=key)
    judgement = record.classification
    assert judgement is not None
    staged = draft.put(
        PhoneHome(
            id=draft.new_id("pho", incident.id),
            pid=draft.project.pid,
            source_pid=source,
            incident=incident.id,
            signal=signal.id,
            scope=scope,  # type: ignore[arg-type] # customer-internal is refused by the schema itself
            severity=incident.severity,
            nature=judgement.nature,
            title=wording.finished_title(str(words.get("title") or made.title)),
            body_markdown=wording.finished_body(made.body, key),
            destination=tracker.destination,
            requested_by=manager,
            authors=authors,
            redaction_report=RedactionReport(status="not_run", removed=made.removed),
            retained_sensitive_fields=_retained(words),
            idempotency_key=key,
            fingerprint=incident.dedup_key.rpartition("/")[2],
            status="draft",
            staged_at=draft.now,
            last_reviewed=None if earlier is None else earlier.last_reviewed,
            due_at=draft.now,
        )
    )
    draft.row(
        "phone_home.staged", staged, level="warn", reason=f"staged of {incident.id}, scope {scope}",
        meta=_meta(staged) | {"incident": incident.id, "removed": len(made.removed)},
    )  # fmt: skip
    return staged


def _change(draft: Draft, known: PhoneHome, authors: tuple[str, ...], words: dict[str, JsonValue]) -> PhoneHome | None:
    """Change what is staged; without words a draft that was kept back is looked through again."""
    if not words and (known.status != "draft" or known.due_at is not None):
        return None
    if known.status not in _EDITABLE:
        raise RefusedError(
            "already_approved" if known.status == "approved" else "already_sent", f"it is {known.status}", field="/id",
            hint="prismfs phone-home withdraw ID, then stage it anew",
        )  # fmt: skip
    changes: dict[str, object] = {}
    if "title" in words:
        changes["title"] = wording.finished_title(str(words["title"]))
    if "body" in words:
        changes["body_markdown"] = wording.finished_body(str(words["body"]), known.idempotency_key)
    if "retain" in words:
        changes["retained_sensitive_fields"] = _retained(words)
    report = RedactionReport(status="not_run", removed=known.redaction_report.removed)
    staged = draft.put(
        as_draft(known).changed(
            **changes,
            authors=tuple(dict.fromkeys((*known.authors, *authors))),
            redaction_report=report,
            code=None,
            detail=None,
            due_at=draft.now,
        )
    )
    named: list[JsonValue] = [*sorted(changes)]
    draft.row(
        "phone_home.staged", staged, level="warn", reason="its words were changed; it goes through review again",
        meta=_meta(staged) | {"fields": named},
    )  # fmt: skip
    return staged


def as_draft(record: PhoneHome) -> PhoneHome:
    """Return `record` as a draft, with what operators were shown last; it waits for nothing."""
    shown = Reviewed(title=record.title, body_markdown=record.body_markdown, content_hash=record.content_hash)
    reviewed = shown if record.status == "pending_operator_review" else record.last_reviewed
    return record.changed(
        status="draft", last_reviewed=reviewed, review_asked_at=None, review_due=None, reminders=0, due_at=None
    )


def _check_may_leave(draft: Draft, signal: Signal, record: TriageRecord) -> Scope:
    judgement = record.classification
    scope: Scope = "customer-internal" if judgement is None else judgement.scope
    if scope == "customer-internal":
        raise RecordError(
            SCOPE_FORBIDDEN, "a customer-internal matter never leaves", field="/scope",
            hint="what was judged wrongly: prismfs incident triage ID --scope SCOPE --reason TEXT",
        )  # fmt: skip
    if opted_out(draft, signal):
        raise RefusedError(
            "phone_home_never", "the policy of the project that reported it says phone_home: never", field="/id",
            hint="settings/policy.yaml there: phone_home",
        )  # fmt: skip
    if record.privacy.status == "blocked":
        raise RefusedError(
            "privacy_blocked", "the privacy gates of its triage blocked it", field="/id", hint="prismfs show ID"
        )
    return scope


def _retained(words: dict[str, JsonValue]) -> tuple[Retained, ...]:
    given = words.get("retain") or []
    assert isinstance(given, list)
    return tuple(Retained.from_document(entry) for entry in given if isinstance(entry, dict))


def _meta(record: PhoneHome) -> dict[str, JsonValue]:
    return {"content_hash": record.content_hash, "key": record.idempotency_key, "destination": record.destination}


def _hands(draft: Draft) -> tuple[str, ...]:
    """Return who brought it about, such as by triaging by hand: they may not approve it, either.

    A command does, and so does the result of a task that is dropped in its place.
    """
    by_hand = draft.event.type == "command" or (draft.event.type, draft.event.kind) == ("drop", "task_result")
    return (draft.event.actor,) if by_hand else ()
