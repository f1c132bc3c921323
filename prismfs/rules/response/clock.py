"""The clock of an incident: what it waits for, what happens when a timer lapses, and its status updates (R-002-31).

Each timer is a time in the record; the earliest of them is its due time. One that lapses is taken out, or set anew
by the rule that answers it. Status updates fall due from the second step of the chain on (coordination), as often as
`status_updates` says for the rank. An update that stakeholders were promised holds as long as the incident is not
closed: who was told to hear again is told of the resolution, too (R-003-16).
"""

from collections.abc import Callable, Iterator, Sequence
from datetime import datetime, timedelta
from functools import partial

from prismfs.kinds.gates.artifact import Artifact
from prismfs.kinds.gates.settings.sections import AnySection, SubsectionsSection, TimeSection
from prismfs.kinds.gates.settings.workflow import Workflow
from prismfs.kinds.response.incident import Incident
from prismfs.records.api import format_duration, format_instant
from prismfs.rules.core.api import Attend, Draft
from prismfs.rules.response import facts, owners, severity
from prismfs.rules.response.postmortem import duty


def incident_due(draft: Draft) -> None:
    """Answer every timer of an incident that has lapsed, earliest first; each leaves a row (R-002-06, C-67).

    The first one names the decision.
    """
    incident = facts.incident_of(draft)
    lapsed = [(at, name) for name in _LAPSED if (at := getattr(incident.timers, name)) is not None and at < draft.now]
    found: list[facts.Lapse] = []
    for at, name in sorted(lapsed, key=lambda timer: timer[0]):
        incident = facts.incident_of(draft)
        if getattr(incident.timers, name) != at:  # a rule before it answered it, or set it anew
            continue
        lapse = _LAPSED[name](draft, draft.put(facts.with_timers(incident, **{name: None})), at)
        found += [] if lapse is None else [lapse]
    if found:
        draft.because(*found[0])
    else:  # such as a due time set by hand
        draft.because("retime", "what it waited for is no more")
        facts.add_row(draft, "incident.retimed", draft.put(facts.with_timers(facts.incident_of(draft))))
    draft.subject = facts.incident_of(draft)


def keep_time(draft: Draft, asked: Attend) -> None:
    """Set when the next status update is due, or none; one that is due sooner already stays."""
    incident = draft.need(Incident, asked.incident)
    every = _interval(draft, incident)
    times = [] if every is None else [draft.now + every]
    if times and incident.timers.update is not None:
        times.append(incident.timers.update)
    due = min(times, default=None)
    if due != incident.timers.update:
        draft.put(facts.with_timers(incident, update=due))


def update_due(draft: Draft, incident: Incident, due: datetime) -> facts.Lapse | None:
    """Remind once of a status update that was not given in time; the next one counts from now (C-67)."""
    every = _interval(draft, incident)
    if every is None:
        return None  # the settings want none by now
    lapse = facts.Lapse("update_overdue", "no status update was given in time")
    to = facts.who_updates(draft, incident)
    facts.mail(
        draft,
        incident,
        to,
        "update_overdue",
        subject=f"Status update is due: {facts.subject_of(incident)}",
        body=f"Stakeholders of {incident.id} hear how it stands every {format_duration(every)}; one was due at "
        f"{format_instant(due)}.\n\nprismfs incident update {incident.id} --status-text TEXT\n",
    )
    overdue = draft.put(facts.with_timers(incident, update=draft.now + every))
    told = {"due_at": format_instant(due), "to": ", ".join(to)}
    facts.add_row(draft, "incident.update_overdue", overdue, reason=lapse.reason, meta=told)
    return lapse


def set_update_sla(draft: Draft, incident: Incident, at: datetime | None) -> None:
    """Wait for the next update, which stakeholders were promised for `at`, None for no further one; a row says so.

    What was promised for a time that has passed, as in a message that is handed in later, is not waited for.
    """
    wanted = at if at is not None and at > draft.now and incident.status not in facts.ENDED else None
    if wanted == incident.timers.promised:
        return
    changed = draft.put(facts.with_timers(incident, promised=wanted))
    told = None if wanted is None else format_instant(wanted)
    until = "no further update" if told is None else f"the next update by {told}"
    facts.add_row(
        draft, "incident.promised", changed, reason=f"stakeholders were promised {until}", meta={"promised_at": told}
    )


def update_sla_due(draft: Draft, incident: Incident, due: datetime) -> facts.Lapse:
    """The promised update did not come: a row, and a message to who gives updates and to who promised it."""
    lapse = facts.Lapse("promise_lapsed", "the update that stakeholders were promised did not come")
    facts.mail(
        draft,
        incident,
        (*facts.who_updates(draft, incident), *_update_sla_authors(draft, incident)),
        "promise",
        subject=f"Stakeholders wait: {incident.title}",
        body=f"They were promised an update of {incident.id} by {format_instant(due)}, and none came.",
        priority="urgent",
    )
    facts.add_row(draft, "incident.promise_lapsed", incident, reason=lapse.reason, meta={"due_at": format_instant(due)})
    return lapse


def update_sla_places(sections: Sequence[AnySection]) -> Iterator[tuple[str, ...]]:
    """Yield the place of each section that says when stakeholders hear again, those of the type `time`."""
    for section in sections:
        if isinstance(section, TimeSection):
            yield (section.name,)
        elif isinstance(section, SubsectionsSection):
            yield from ((section.name, *place) for place in update_sla_places(section.sections))


def _update_sla_authors(draft: Draft, incident: Incident) -> list[str]:
    """Return the author of the newest artifact about the incident that promises an update."""
    found = draft.view.with_ref(Artifact, incident.id)
    return [each.author for each in found if each.status == "submitted" and _sets_update_sla(draft, each)][-1:]


def _sets_update_sla(draft: Draft, artifact: Artifact) -> bool:
    workflow = draft.get(Workflow, artifact.workflow)
    phase = None if workflow is None else workflow.phase(artifact.phase)
    return phase is not None and any(update_sla_places(phase.sections))


def _interval(draft: Draft, incident: Incident) -> timedelta | None:
    levels = [step.level for step in draft.response.chain]
    if not incident.is_open or incident.level not in levels[1:]:
        return None
    return draft.response.status_updates[incident.severity.rank]


_LAPSED: dict[str, Callable[[Draft, Incident, datetime], facts.Lapse | None]] = {
    "respond": partial(severity.target_missed, target="respond"),
    "resolve": partial(severity.target_missed, target="resolve"),
    "hop": owners.hop_due,
    "update": update_due,
    "promised": update_sla_due,
    "review": duty.review_due,
}
"""The rule that answers each timer, in the order in which those of one instant are answered."""
