"""What the phases of an incident do beside their artifacts: the effects that a workflow file names, by name.

Each reads the sections of the artifact by their type or their heading and changes the incident that it is about.
An effect that does not fit refuses, and with it the submission or approval: all of it is one commit.
"""

import hashlib
import re
from collections.abc import Callable

from prismfs.errors import RefusedError
from prismfs.kinds.core.settings.fingerprint import Fingerprint
from prismfs.kinds.gates.artifact import Artifact
from prismfs.kinds.gates.settings.sections import ActionsSection, ChecklistSection
from prismfs.kinds.response.incident import Incident
from prismfs.records.api import JsonValue, Label, parse_instant, read_label, with_rank
from prismfs.rules.core.api import Attend, Draft, PhaseEffect, essence
from prismfs.rules.gates.api import Parsed, parse, phase_of, read_findings, rows_of, text_of
from prismfs.rules.response import clock, facts, lifecycle, severity
from prismfs.rules.response.postmortem import actions, storing

Effect = Callable[[Draft, Artifact, Parsed], None]
"""Adds to the draft what follows from an artifact that was submitted or approved; it may refuse before it adds."""

TRIAGE_SCALE = "triage"
"""The policy's scale in which a triage assessment writes severity."""

DERIVED = "auto:"
"""How a name of a root cause begins that is derived from its words; one that was given is never replaced."""

_WORD = re.compile(r"[^\W_]+")
_SHOWN = 5
"""Words of a root cause that stand in its name."""

_SHORT = frozenset("a an and at by for from in is it its of on or that the this to was were which with".split())


def run_effect(draft: Draft, asked: PhaseEffect) -> None:
    """The step that answers `PhaseEffect`.

    Raises:
        RefusedError: `unknown_effect`; the workflow file names one that is none.
    """
    effect = EFFECTS.get(asked.name)
    if effect is None:
        known = ", ".join(sorted(EFFECTS)) or "none"
        raise RefusedError("unknown_effect", f"no effect {asked.name!r}", field="/phase", hint=f"there are: {known}")
    effect(draft, asked.artifact, asked.sections)


def _severity(draft: Draft, artifact: Artifact, parsed: Parsed) -> None:
    """Section `Severity` says how bad it is, in a scale with fewer levels (R-003-07, R-003-08).

    A rank that this scale writes as the same label stays: a P2 that is Major is no P1. Either way the severity counts
    as judged, and its source says by what label.
    """
    incident, policy = _incident(draft, artifact), draft.policy
    said = read_label(policy.scales, text_of(parsed, "Severity"), scale=TRIAGE_SCALE)
    source = Label(scale=TRIAGE_SCALE, label=said.label)
    if with_rank(policy.scales, incident.severity.rank, scale=TRIAGE_SCALE).label == said.label:
        changed = draft.put(incident.changed(severity=incident.severity.changed(source=source)))
    else:
        wanted = with_rank(policy.scales, said.rank, scale=policy.incident_scale).changed(source=source)
        reason = f"{artifact.label} says {said.label}"
        changed = draft.put(severity.change_severity(draft, incident, wanted, reason, by=artifact.author))
        _add_updated(draft, changed, "severity", reason, before=incident.severity.label)
    draft.follow(Attend(changed.id))


def _mitigating(draft: Draft, artifact: Artifact, _parsed: Parsed) -> None:
    """What has to be done at once is known: the impact is worked on (R-003-09)."""
    lifecycle.mitigate(draft, _incident(draft, artifact), "mitigating")


def _mitigated(draft: Draft, artifact: Artifact, parsed: Parsed) -> None:
    """Section `Current Status` says Mitigated: the impact is gone or bearable; partly is not enough (R-003-12)."""
    if text_of(parsed, "Current Status").casefold() == "mitigated":
        lifecycle.mitigate(draft, _incident(draft, artifact), "mitigated")


def _update_sla(draft: Draft, artifact: Artifact, parsed: Parsed) -> None:
    """The section of the type `time` says when stakeholders hear again, or a word that they do not (R-003-16)."""
    for place in clock.update_sla_places(phase_of(draft.view, artifact.phase)[1].sections):
        text = text_of(parsed, *place)
        promised = parse_instant(text) if text[:1].isdigit() else None
        clock.set_update_sla(draft, _incident(draft, artifact), promised)


def _root_cause(draft: Draft, artifact: Artifact, parsed: Parsed) -> None:
    """Section `Root Cause` gives the incident a name for it, by which repeats are found (R-002-60); one given stays."""
    incident = _incident(draft, artifact)
    before, derived = incident.root_cause_id, _name_of_cause(draft, text_of(parsed, "Root Cause"))
    if before == derived or not (before or DERIVED).startswith(DERIVED):
        return
    changed = draft.put(incident.changed(root_cause_id=derived))
    _add_updated(draft, changed, "root_cause_id", f"{artifact.label} names the root cause", before=before)


def _action_items(draft: Draft, artifact: Artifact, parsed: Parsed) -> None:
    """Each line of a checklist becomes a work item; priorities are those of the actions it was made of (R-003-24)."""
    buckets = list(draft.response.action_due)
    wanted = []
    for number, section in enumerate(phase_of(draft.view, artifact.phase)[1].sections):
        if not isinstance(section, ChecklistSection):
            continue
        for row in rows_of(parsed, section.name):
            bucket = str(row["bucket"] or (buckets[min(number, len(buckets) - 1)] if buckets else ""))
            usual = min(buckets.index(bucket) + 1, 4) if bucket in buckets else 4
            wanted.append(actions.Wanted(str(row["action"]), str(row["owner"]), bucket, usual, done=bool(row["done"])))
    lines = actions.with_priorities(wanted, _priorities(draft, artifact))
    actions.track(draft, _incident(draft, artifact), lines, author=artifact.author)


def _panel(draft: Draft, artifact: Artifact, _parsed: Parsed) -> None:
    """What the members of a panel found has a severity that the policy knows (R-003-29)."""
    read_findings(artifact.findings, draft.policy.scales)


def _blameless(draft: Draft, artifact: Artifact, _parsed: Parsed) -> None:
    """Sentences about people where systems are meant are pointed out; nothing is refused for them (R-003-23)."""
    incident = _incident(draft, artifact)
    advice = storing.advice_for(draft, incident, artifact.body)
    if advice:
        reason = f"{artifact.label}: {len(advice)} sentences about people"
        meta: dict[str, JsonValue] = {"artifact": artifact.id, "advice": [*advice]}
        facts.add_row(draft, "incident.advice", incident, reason=reason, meta=meta)


def _review(draft: Draft, artifact: Artifact, parsed: Parsed) -> None:
    """The artifact is the incident's post-incident review (R-002-50)."""
    storing.keep(draft, _incident(draft, artifact), artifact.body, parsed, author=artifact.author)


EFFECTS: dict[str, Effect] = {
    "incident.severity": _severity,
    "incident.mitigating": _mitigating,
    "incident.mitigated": _mitigated,
    "promise": _update_sla,
    "root_cause": _root_cause,
    "action_items": _action_items,
    "panel": _panel,
    "blameless": _blameless,
    "review": _review,
}


def _incident(draft: Draft, artifact: Artifact) -> Incident:
    """Return the incident as the effects before left it."""
    return draft.need(Incident, artifact.about)


def _add_updated(draft: Draft, incident: Incident, field: str, reason: str, *, before: str | None) -> None:
    facts.add_row(draft, "incident.updated", incident, reason=reason, meta={"fields": [field], "before": before})


def _name_of_cause(draft: Draft, text: str) -> str:
    """Return the name that `text` gives a root cause: its first words, and a hash of what is not volatile in it.

    The same cause again has the same name.
    """
    words = _WORD.findall(essence(draft.view.single(Fingerprint), text).casefold())
    shown = [word for word in words if word not in _SHORT][:_SHOWN]
    digest = hashlib.sha256(" ".join(words).encode()).hexdigest()[:10]
    return f"{DERIVED}{'-'.join([*shown, digest])}"[:200]


def _priorities(draft: Draft, artifact: Artifact) -> dict[str, int]:
    """Return the priority of each action that the artifacts say which this one was written against."""
    found: dict[str, int] = {}
    for read in artifact.reads:
        source = draft.get(Artifact, read.id)
        if source is None:
            continue
        phase = phase_of(draft.view, source.phase)[1]
        for section in phase.sections:
            if isinstance(section, ActionsSection):
                rows = rows_of(parse(phase, source.body), section.name)
                order = [label.casefold() for label in section.priorities]
                found |= {str(row["action"]): order.index(str(row["priority"]).casefold()) for row in rows}
    return found
