"""Triage of an incident, in five tiers and in this order (R-000-19 to R-000-24).

1. what is always read, 2. what is read when relevant, 3. the privacy gates (`assess_reads`); 4. severity, scope and
nature; 5. the postmortem and whether it may leave (`assess_output`). By the rules all five are one decision; where
the incident manager's role is a person's, an agent's or a command's, the record waits after the third.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from prismfs.kinds.care.signal import Signal
from prismfs.kinds.care.triage_record import Init, Judgement, Privacy, Read, TriageRecord
from prismfs.kinds.response.incident import Incident
from prismfs.records.severity import with_rank
from prismfs.rules.care.assessment import output
from prismfs.rules.care.assessment.reads import check_privacy, read_always, read_if_relevant
from prismfs.rules.care.classifier import DEFAULT_RANK, UNKNOWN_NATURE, Classification, with_floor
from prismfs.rules.care.lanes import classification_of
from prismfs.rules.care.replies import reply_to_reporter
from prismfs.rules.core.draft import Draft, one_line
from prismfs.rules.core.roles import automation_of
from prismfs.rules.response.facts import meta_of, priority_of

BY_RULES = "rules"
"""Who judged, where nobody did but the rules."""


@dataclass(frozen=True, slots=True)
class Reading:
    """What the first three tiers found."""

    init: Init
    reads: tuple[Read, ...]
    privacy: Privacy


def read(draft: Draft, signal: Signal) -> Reading:
    """Tiers 1 to 3: read what is always read, then what is relevant, then pass the privacy gates."""
    init = read_always(draft, signal)
    reads = read_if_relevant(draft, signal)
    return Reading(init=init, reads=reads, privacy=check_privacy(signal))


def judge(draft: Draft, signal: Signal, *, recurs: bool = False, owner: str | None = None) -> tuple[Judgement, str]:
    """Tier 4: return what the rules say of severity, scope and nature, and why the severity is what it is.

    `owner` is who triages it, where that is not the incident manager.

    The policy's floors hold for every nature. Where a person judges, the severity is none that anybody stated: rank 2
    until then, or the floor of what the words may be about. A fault that came back is one rank worse.
    """
    policy = draft.policy
    found = classification_of(draft, signal)
    if automation_of(draft, owner or policy.lanes.incident).mode == "person":
        found = _unjudged(found, known=found.nature in policy.nature_floor)
    found = with_floor(replace(found, rank=DEFAULT_RANK if found.rank is None else found.rank), policy.nature_floor)
    rank = DEFAULT_RANK if found.rank is None else found.rank
    because = found.rank_reason
    if recurs:
        rank, because = max(0, rank - 1), f"{because}; one rank worse, as it came back"
    severity = with_rank(policy.scales, rank, scale=policy.incident_scale)
    said = f"severity {severity.label}: {because}; scope {found.scope}: {found.scope_reason}; nature {found.nature}"
    judgement = Judgement(
        severity=severity,
        scope=found.scope,
        nature=found.nature,
        rules=found.rules,
        reason=one_line(said),
        by=BY_RULES,
    )
    return judgement, because


def file(draft: Draft, signal: Signal, incident: Incident, reading: Reading, judged: Judgement) -> TriageRecord:
    """Write the triage record of a new incident; by the rules it is done, for anybody else it waits (R-000-03).

    Whoever opened it with a severity has judged it: nobody else is asked.
    """
    automation = automation_of(draft, incident.owner)
    mode = automation.mode
    record = TriageRecord(
        id=draft.new_id("tri"),
        pid=incident.pid,
        incident=incident.id,
        signal=signal.id,
        source_pid=reading.init.project,
        triager=incident.owner,
        mode=mode,
        status="waiting",
        init=reading.init,
        reads=reading.reads,
        privacy=reading.privacy,
        proposal=judged if mode in ("propose", "command") else None,
        opened_at=draft.now,
        due_at=draft.now,
    )
    incident = incident.changed(triage=record.id)
    if mode == "rules" or judged.by != BY_RULES:
        output.conclude(draft, record, incident, judged)
        return draft.need(TriageRecord, record.id)
    draft.put(incident)
    if mode == "command":
        draft.put(record)
        draft.row("triage.waiting", record, reason=f"the command of {incident.owner} is asked")
        return record
    ask(draft, record, incident, reason=f"{incident.owner} judges it")
    return record


def ask(draft: Draft, record: TriageRecord, incident: Incident, *, reason: str) -> None:
    """Let a person or an agent judge: a task in the triager's mailbox, and a deadline by the incident's rank."""
    due = record.opened_at + draft.policy.deadlines.triage[incident.severity.rank]
    waiting = draft.put(record.changed(asked_at=draft.now, due_at=max(due, draft.now)))
    proposal = "" if record.proposal is None else f"\nThe rules propose: {record.proposal.reason}.\n"
    draft.mail(
        record.triager,
        role="triage",
        type="task",
        subject=f"Triage: {incident.title}",
        body=f"Incident {incident.id} waits for severity, scope and nature.\n{proposal}\nSay it with: "
        f"prismfs incident triage {incident.id} --severity P2 --scope SCOPE --kind NATURE --reason TEXT, or drop a "
        "task_result with id, severity, scope, nature and reason. What is left out stays as proposed.",
        about=incident,
        priority=priority_of(incident.severity),
    )
    draft.row("triage.waiting", waiting, reason=reason, meta={"due_at": waiting.to_document()["due_at"]})


def tell_overdue(draft: Draft, record: TriageRecord, incident: Incident) -> None:
    """Say to the reporter that the triage is late, and that this was escalated (R-000-80)."""
    body = f"The triage of incident {incident.id} is late. The delay was escalated."
    reply_to_reporter(
        draft, incident, role="overdue", stage="overdue", body=body, subject=f"Triage is late: {incident.title}"
    )
    meta = meta_of(incident) | {"triager": record.triager}
    draft.row("triage.overdue", record, level="warn", reason=draft.reason, meta=meta)


def _unjudged(found: Classification, *, known: bool) -> Classification:
    reason = f"nobody has judged it yet, so it counts as rank {DEFAULT_RANK}"
    nature = found.nature if known else UNKNOWN_NATURE
    return replace(found, rank=DEFAULT_RANK, rank_reason=reason, nature=nature, rules=())
