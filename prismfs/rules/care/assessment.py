"""The first four parts of triage: what is always read and when relevant, the privacy gates, then the judgement.

The gates come before any judgement and any output (R-000-24). What is kept of a reading is what it was, why it was
read, and its hash; never its text. Where a person is to judge, the rules only propose (R-000-22).
"""

import hashlib
import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta

from prismfs.errors import RefusedError
from prismfs.kinds.care.settings.triage import Triage
from prismfs.kinds.care.signal import Signal
from prismfs.kinds.care.triage_record import Init, Judgement, Privacy, Read
from prismfs.kinds.work.journal import Journal
from prismfs.records.api import with_rank
from prismfs.rules.care.classifier import DEFAULT_RANK, UNKNOWN_NATURE, Classification, classification_of, with_floor
from prismfs.rules.care.matching import MAX_CHARACTERS
from prismfs.rules.core.api import Draft, automation_of, one_line

BY_RULES = "rules"
"""Who judged, where nobody did but the rules."""

NOT_SCANNED = "not_scanned"
"""The kind of finding that stands for a text that no scanner has seen: it came in by a commit."""

_ENVIRONMENT = re.compile(r"\s*(?:[-*]\s+)?([A-Za-z][A-Za-z0-9_.-]{0,63})\s*[:=]\s*(\S.{0,199})")
_ENVIRONMENT_NAMES = frozenset({"env", "environment"})
_MOST_ENTRIES = 50

_TRACE = re.compile(
    r"^Traceback \(most recent call last\)|^[ \t]{1,40}at [\w.$<>]+\(|^[ \t]{1,40}File \"[^\"]+\", line \d+|^panic: |"
    r"^Exception in thread |^thread '.*' panicked at|^goroutine \d+ \[|^Caused by: ",
    re.MULTILINE,
)
_LOG = re.compile(r"^\[?\d{4}-\d\d-\d\d[T ]\d\d:\d\d|\b(ERROR|WARN|INFO|DEBUG|FATAL)\b", re.MULTILINE)
_REVISION = re.compile(r"\b(?:commit|revision|rev|sha|git hash)\b\W{0,3}([0-9a-f]{7,40})\b", re.IGNORECASE)
_REVISION_LABELS = frozenset({"commit", "revision", "rev", "sha", "git"})
_HEX = re.compile(r"[0-9a-f]{7,40}")

_RECENT = timedelta(days=1)
_MOST_NOTES = 5


def read_always(draft: Draft, signal: Signal) -> Init:
    """Part 1: environment, install type, project and roster of the reporter (R-000-19).

    Of another project what it sent beside the signal is known and nothing else; of this one the settings name who
    works here.
    """
    context = signal.context
    entries = {} if context is None else dict(context.environment)
    for name, text in sorted((*signal.attachments.items(), *signal.labels.items())):
        if name.rpartition(".")[0].casefold() in _ENVIRONMENT_NAMES or name.casefold() in _ENVIRONMENT_NAMES:
            entries |= _entries(name, text)
    entries = dict(list(entries.items())[:_MOST_ENTRIES])
    lanes = draft.policy.lanes
    owners = (lanes.incident, lanes.enhancement, lanes.recommendation)
    here = sorted({*draft.project.operators, *draft.policy.intake, *owners})
    return Init(
        environment=entries,
        install_type=entries.get("install_type") or entries.get("install") or signal.labels.get("install_type"),
        project=signal.from_pid or signal.pid,
        tenant=draft.project.tenant if context is None else context.tenant,
        phone_home=draft.policy.phone_home if context is None else context.phone_home,
        roster=tuple(here) if context is None else context.roster,
    )


def read_if_relevant(draft: Draft, signal: Signal) -> tuple[Read, ...]:
    """Part 2: stack traces and logs, the reporter's newest notes, the revision; each with the reason (R-000-20).

    Notes are read of this project's own people only (R-000-25).
    """
    return (*_evidence(signal), *_notes(draft, signal), *_revision(signal))


def check_privacy(signal: Signal) -> Privacy:
    """Part 3: what the scanner took out at the door, what it left in doubt, what it never saw (R-000-21).

    What was taken out is gone and does not block; a doubt keeps the report here until a person looks.
    """
    found = [entry for entry in signal.redactions if entry.kind != NOT_SCANNED]
    suspects = sum(entry.count for entry in found if entry.level == "suspect")
    blocked = len(found) < len(signal.redactions)
    return Privacy(
        status="blocked" if blocked else "suspect" if suspects else "passed",
        redacted=sum(entry.count for entry in found if entry.level == "redact"),
        suspects=suspects,
        kinds=tuple(sorted({entry.kind for entry in found})),
        scanner=next((entry.rules for entry in found if entry.rules), ""),
    )


def judge(draft: Draft, signal: Signal, *, recurs: bool = False, owner: str | None = None) -> tuple[Judgement, str]:
    """Part 4: return what the rules say of severity, scope and nature, and why the severity is what it is.

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
        severity=severity, scope=found.scope, nature=found.nature, rules=found.rules, reason=one_line(said), by=BY_RULES
    )
    return judgement, because


def is_judged_at_once(draft: Draft, owner: str, judged: Judgement) -> bool:
    """Tell whether `judged` ends a triage of `owner`: the rules may judge for them, or a person has judged."""
    return automation_of(draft, owner).mode == "rules" or judged.by != BY_RULES


def check_nature(draft: Draft, nature: str) -> None:
    """Accept a nature that the rules or the policy know.

    Raises:
        RefusedError: `unknown_nature`, naming them.
    """
    known = {rule.nature for rule in draft.view.single(Triage).natures} | {*draft.policy.nature_floor, UNKNOWN_NATURE}
    if nature not in known:
        hint = f"one of {', '.join(sorted(known))}"
        raise RefusedError("unknown_nature", "no such nature", field="/nature", hint=hint)


def _entries(name: str, text: str) -> dict[str, str]:
    """Return the `name = value` and `name: value` lines of a text; a single word is the environment's own name."""
    found = {match[1].casefold(): match[2].strip() for line in text.splitlines() if (match := _ENVIRONMENT.match(line))}
    word = text.strip()
    return found or ({name.casefold(): word} if word and "\n" not in word and len(word) <= 200 else {})


def _evidence(signal: Signal) -> Iterator[Read]:
    for name, text in sorted((*signal.attachments.items(), ("body", signal.body))):
        head = text[:MAX_CHARACTERS]
        what = name if name == "body" else f"attachment {name}"
        if _TRACE.search(head):
            yield _read(what, "holds a stack trace", text)
        elif name != "body" and (name.casefold().endswith(".log") or _LOG.search(head)):
            yield _read(what, "is a log", text)


def _notes(draft: Draft, signal: Signal) -> Iterator[Read]:
    if signal.from_pid is not None:
        return
    for note in draft.view.latest_of(Journal, signal.sender, ("",), _MOST_NOTES):
        if signal.received_at - note.created_at <= _RECENT:
            yield _read(f"journal {note.id}", "a note of the reporter of the last day", f"{note.subject}\n{note.body}")


def _revision(signal: Signal) -> Iterator[Read]:
    for name, value in sorted(signal.labels.items()):
        if name.casefold() in _REVISION_LABELS and _HEX.fullmatch(value.casefold()):
            yield _read(f"git revision {value.casefold()}", f"stands in label {name}", value)
            return
    for name, text in sorted((("body", signal.body), *signal.attachments.items())):
        match = _REVISION.search(text[:MAX_CHARACTERS])
        if match is not None:
            where = name if name == "body" else f"attachment {name}"
            yield _read(f"git revision {match[1].casefold()}", f"stands in {where}", match[1])
            return


def _read(what: str, why: str, text: str) -> Read:
    digest = hashlib.sha256(text.encode("utf-8", "replace")).hexdigest()
    return Read(what=what, why=why, lines=text.count("\n") + bool(text and not text.endswith("\n")), digest=digest)


def _unjudged(found: Classification, *, known: bool) -> Classification:
    reason = f"nobody has judged it yet, so it counts as rank {DEFAULT_RANK}"
    nature = found.nature if known else UNKNOWN_NATURE
    return replace(found, rank=DEFAULT_RANK, rank_reason=reason, nature=nature, rules=())
