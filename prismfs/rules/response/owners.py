"""The chain of people: agent, support, coordination, executive; no hop skipped, a row for each (R-002-37).

Each condition has its reason. Several hops may be taken in one decision. What may make a
condition true (a judgement, a fact, a merge, time) asks for `Attend`.
"""

from datetime import datetime

from prismfs.kinds.care.signal import Signal
from prismfs.kinds.care.triage_record import Judgement
from prismfs.kinds.escalation.escalation import Escalation
from prismfs.kinds.response.incident import AGENT, Incident
from prismfs.kinds.response.settings.response import Level
from prismfs.records.api import LEAST_URGENT, MAX_TEXT, format_duration, format_instant, with_rank
from prismfs.rules.care import api as care
from prismfs.rules.core.api import Assess, Attend, Attention, Draft, MakeLouder, authority
from prismfs.rules.response.facts import Lapse, add_row, is_judged, mail, signal_of, subject_of, with_tail, with_timers
from prismfs.rules.response.severity import SECURITY, retarget


def escalate(draft: Draft, asked: Attend) -> None:
    """Ask for attention by the escalation tiers; rank 3 is not escalated there unless a person asks for it.

    An escalation that is not answered yet is made louder where the incident has become worse, never milder.
    """
    incident = draft.need(Incident, asked.incident)
    answered = incident.acknowledged_at is not None and incident.level != AGENT
    if not asked.escalate or not incident.is_open or incident.status == "retrying" or answered:
        return
    if incident.severity.rank == LEAST_URGENT:
        return
    policy, signal, identifier = draft.policy, signal_of(draft, incident), draft.new_id("bea")
    severity = with_rank(policy.scales, incident.severity.rank, scale=policy.escalation_scale)
    known = None if incident.escalation is None else draft.get(Escalation, incident.escalation)
    if known is not None and known.status != "closed":
        if known.status == "open" and severity.rank < known.severity.rank:
            draft.follow(MakeLouder(known.id, severity))
        return
    if incident.escalation == identifier:  # this decision has asked for it already
        return
    draft.put(incident.changed(escalation=identifier))
    draft.follow(
        Attention(
            severity=severity,
            title=incident.title,
            body=_said_of(incident, signal),
            source=f"incident:{incident.id}",
            reporter=incident.reporter,
            reporter_pid=incident.reporter_pid,
            category="failed",
            labels={} if signal is None else dict(signal.labels),
            related=incident.id,
        )
    )


def assign(draft: Draft, asked: Attend) -> None:
    """Move the incident up the chain as its facts ask; its first owner triages it before it climbs on (R-002-17)."""
    incident = draft.need(Incident, asked.incident)
    step = next_level(draft, incident)
    if incident.level != AGENT or step is None:
        climb(draft, incident)
        return
    incident = _take_hop(draft, incident, step, reasons_for(draft, incident, step))
    signal = signal_of(draft, incident)
    if signal is not None and incident.triage is None:
        draft.follow(Assess(incident.id, asked.judged or _judged_by_rules(draft, incident, signal)))
    draft.follow(Attend(incident.id))


def climb(draft: Draft, incident: Incident) -> Incident:
    """Take every hop that is due now, in order; return the incident as they leave it.

    It may be called any number of times in one decision: what is not due changes nothing.
    """
    while (step := next_level(draft, incident)) is not None:
        reasons = reasons_for(draft, incident, step)
        if not reasons:
            break
        incident = _take_hop(draft, incident, step, reasons)
    return incident


def hop_due(draft: Draft, incident: Incident, due: datetime) -> Lapse | None:
    """An incident has grown old at its level: it climbs (R-002-25)."""
    climbed = climb(draft, incident)
    if climbed.level == incident.level:  # the settings allow it more time by now
        draft.put(with_hop_time(draft, climbed))
        return None
    draft.follow(Attend(incident.id, escalate=False))
    return Lapse("climb", f"{incident.level} had it until {format_instant(due)}, no longer")


def next_level(draft: Draft, incident: Incident) -> Level | None:
    """Return the step after the incident's own, None at the end of the chain, and where nothing is open."""
    chain = draft.response.chain
    if not incident.is_open or incident.status == "retrying":
        return None
    if incident.level == AGENT:
        return chain[0]
    names = [step.level for step in chain]
    at = names.index(incident.level) if incident.level in names else -1  # a level that the settings no longer have
    return chain[at + 1] if at + 1 < len(chain) else None


def reasons_for(draft: Draft, incident: Incident, step: Level) -> list[str]:
    """Return every reason why the incident goes to `step`; one that calls for a later step is one for this, too."""
    chain = draft.response.chain
    own = _held(draft, incident, step)
    if own:
        return own
    later = chain[chain.index(step) + 1 :]
    return [f"on the way to {after.level}: {reason}" for after in later for reason in _held(draft, incident, after)]


def _held(draft: Draft, incident: Incident, step: Level) -> list[str]:
    """Return the reason of each condition of `step` that holds, in the order in which they are told."""
    when, age, cost = step.when, draft.now - incident.detected_at, incident.financial_impact_usd
    if when is None:
        return ["it needs somebody who triages it"] if incident.level == AGENT else []
    # A severity that was judged, not one that is only proposed (R-002-25, R-002-32).
    severe = when.rank is not None and incident.severity.rank <= when.rank and is_judged(draft, incident)
    oldest, most = when.older_than, when.over_usd
    reasons = (
        (severe, f"severity {incident.severity.label}"),
        (when.several_agents and incident.several_agents, "it needs several agents"),
        (when.needs_change and incident.needs_change, "it needs a change of code or configuration"),
        (oldest is not None and age > oldest, f"older than {oldest and format_duration(oldest)}"),
        (most is not None and cost is not None and cost > most, f"financial impact above {most} USD"),
        (when.customer_data and incident.customer_data, "customer data may be compromised"),
        (when.needs_decision and incident.needs_decision, "it needs an executive decision"),
    )
    return [reason for held, reason in reasons if held]


def with_times(draft: Draft, incident: Incident) -> Incident:
    """Return an open incident with the times that follow from its detection: its targets, and its next hop by age."""
    incident = retarget(draft, incident)
    return incident if incident.level == AGENT else with_hop_time(draft, incident)


def with_hop_time(draft: Draft, incident: Incident) -> Incident:
    """Set when age alone takes it on: the earliest of the steps ahead, as none of them is skipped."""
    step, chain = next_level(draft, incident), draft.response.chain
    ahead = () if step is None else chain[chain.index(step) :]
    ages = [after.when.older_than for after in ahead if after.when is not None and after.when.older_than is not None]
    return with_timers(incident, hop=incident.detected_at + min(ages) if ages else None)


def _take_hop(draft: Draft, incident: Incident, step: Level, reasons: list[str]) -> Incident:
    """Move `incident` up to `step`: its owner, its row, the message to the new owner (R-002-19, R-002-26)."""
    first = incident.level == AGENT
    reported = first and incident.job is None and incident.opened_by is not None
    holder = incident.owner if reported else authority.holder_of(draft, step.role)
    changes = {"level": step.level, "escalations": incident.escalations + 1}
    incident = draft.put(with_hop_time(draft, incident.changed(**changes, **({"owner": holder} if step.owns else {}))))
    signal = signal_of(draft, incident)
    mail(
        draft,
        incident,
        holder,
        f"hop:{step.level}",
        sender=None if signal is None else signal.to,
        subject=subject_of(incident),
        body=_told(incident, signal, step, reasons),
    )
    add_row(
        draft,
        "incident.escalated",
        incident,
        level="error" if incident.severity.rank <= 1 else "warn",
        reason=f"to {step.level}: {'; '.join(reasons)}",
        meta={"escalation_target": step.level, "to": holder, "role": step.role},
    )
    return incident


def _judged_by_rules(draft: Draft, incident: Incident, signal: Signal) -> Judgement:
    """Return what the rules say now; they make nothing milder that is a matter of security already."""
    judged = care.judge(draft, signal, recurs=incident.recurrence_of is not None, owner=incident.owner)[0]
    milder = incident.nature == SECURITY and judged.severity.rank > incident.severity.rank
    return judged.changed(severity=incident.severity, nature=incident.nature) if milder else judged


def _told(incident: Incident, signal: Signal | None, step: Level, reasons: list[str]) -> str:
    """Return the mail to its new owner; of a failed job also where its history is found (R-002-21)."""
    told = f"Incident {incident.id}, reported by {incident.reporter}, comes to {step.level}: {'; '.join(reasons)}."
    if incident.job is not None:
        told += f"\n\nRead first:\nprismfs show {incident.job}\nprismfs log {incident.job}\nprismfs log {incident.id}"
    return told if signal is None else with_tail(signal.body, told)


def _said_of(incident: Incident, signal: Signal | None) -> str:
    said = incident.severity_reason if signal is None else signal.body
    if incident.reopened:
        said = f"It is back, reported {incident.count} times in all\n\n{said}"[:MAX_TEXT]
    if incident.another_of is None:
        return said
    one = f"one fault? prismfs incident merge {incident.id} --into {incident.another_of}"
    return f"Another of {incident.another_of}, differs in {incident.differs} ({one})\n\n{said}"[:MAX_TEXT]
