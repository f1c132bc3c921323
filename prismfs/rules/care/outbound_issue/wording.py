"""The words of an issue: made of what may leave, without the customer's side, and nothing that a tracker acts on.

The scanner looks at `texts_of`, an operator at the whole; both are bound to the bytes by hashes.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass

from prismfs.errors import RefusedError
from prismfs.kinds.care.phone_home import PhoneHome
from prismfs.kinds.care.settings.tracker import Tracker
from prismfs.kinds.care.settings.triage import Triage
from prismfs.kinds.care.signal import Signal
from prismfs.kinds.care.triage_record import TriageRecord
from prismfs.kinds.core.values import Scope
from prismfs.kinds.response.incident import Incident
from prismfs.records.api import MOST_TITLE, format_instant, marked, marker_of, neutralised
from prismfs.rules.care.classifier import scope_of
from prismfs.rules.core.draft import one_line

MOST_BODY = 40_000
"""Bytes of a body: with what the mail that asks for the review adds it stays within one text of a record."""

_PID = re.compile(r"PID-[A-Z0-9]{3,32}")
_HEADING = re.compile(r"#{1,6}\s")
_FENCE = re.compile(r"\s*(```|~~~)")
_ZERO_WIDTH = "\u200b"
_CUT = "\n\n[cut here: the report is longer]"


@dataclass(frozen=True, slots=True)
class Issue:
    """A title of one line, a body with its marker, and the sections of the report that were carved out of it."""

    title: str
    body: str
    removed: tuple[str, ...] = ()


def compose(
    tracker: Tracker,
    triage: Triage,
    incident: Incident,
    signal: Signal,
    record: TriageRecord,
    *,
    scope: Scope,
    key: str,
) -> Issue:
    """Return the issue that tells of `incident`: only parts that `tracker` lets leave (R-000-31, R-000-41).

    Who reported it, and in which project, is not said: `key`, the idempotency key, is all that leads back.

    Raises:
        RefusedError: `phone_home_carve_out_missing`, a mixed report of which nothing was the customer's;
            `phone_home_nothing_left`, one of which nothing is the product's.
    """
    kept, removed = _carved(triage, signal, scope)
    parts = []
    if "body" in tracker.may_leave:
        parts += ["## What happened", _quoted(kept) or "The report holds its title only."]
    parts += ["## Evidence", *_evidence(tracker, incident, signal, record, scope)]
    told = {"severity": incident.severity.label, "nature": record.classification and record.classification.nature}
    facts = [f"- {name}: {value}" for name, value in told.items() if name in tracker.may_leave and value]
    parts += ["## Severity and nature", "\n".join(facts)] if facts else []
    environment = _environment(tracker, record)
    if environment and "environment" in tracker.may_leave:
        parts += ["## Environment", "\n".join(f"- {name}: {value}" for name, value in environment.items())]
    parts.append(f"Reference: {key[:12]}")
    plain = "title" in tracker.may_leave and (scope == "prism-product" or _is_product(triage, incident.title))
    title = incident.title if plain else f"Report {key[:12]}"
    names = _names(signal, incident)
    return Issue(
        title=finished_title(_nameless(title, names)),
        body=finished_body(_nameless("\n\n".join(parts), names), key),
        removed=removed,
    )


def finished_title(text: str) -> str:
    """Return `text` as the one line that a title is, at most 256 characters that a tracker does not act on."""
    plain = text.replace(_ZERO_WIDTH, "")  # one that was finished before has them where they are put again
    return neutralised(one_line(plain, MOST_TITLE // 2))


def finished_body(text: str, key: str) -> str:
    """Return `text` as a body: nothing in it that a tracker acts on, at most so long, its marker as the last line."""
    text = text.replace(marker_of(key), "").strip()
    data = neutralised(text).encode()
    if len(data) > MOST_BODY:
        text = data[: MOST_BODY - 2 * len(_CUT)].decode(errors="ignore").rstrip() + _CUT
    return marked(neutralised(text), key)


def texts_of(record: PhoneHome) -> dict[str, str]:
    """Return what the scanner looks at: title and body, without the marker, which is a hash and no secret."""
    body = record.body_markdown.replace(marker_of(record.idempotency_key), "")
    return {"title": record.title, "body": body}


def carve_out(triage: Triage, signal: Signal, scope: Scope) -> tuple[str, ...]:
    """Return the pointers of the sections of a mixed report that are not the product's alone; else none (R-000-30).

    Raises:
        RefusedError: `phone_home_carve_out_missing`, the report is mixed and there is none.
    """
    if scope != "mixed":
        return ()
    removed = tuple(pointer for pointer, text in sections_of(signal.body) if not _is_product(triage, text))
    if not removed:
        raise RefusedError(
            "phone_home_carve_out_missing", "the matter is mixed, but nothing of the report is the customer's alone",
            field="/body", hint="prismfs incident triage ID --scope prism-product --reason TEXT",
        )  # fmt: skip
    return removed


def sections_of(body: str) -> tuple[tuple[str, str], ...]:
    """Return the sections of a Markdown body, in order, each with a JSON pointer to it (`/body/0`, `/body/1`, …).

    A section is a paragraph; headings belong to the paragraph after them, and a fenced block stays whole with the
    lines that it follows directly. Joined by blank lines the sections say all that the body says (R-000-30).
    """
    blocks: list[list[str]] = [[]]
    fence = ""
    for line in body.splitlines():
        mark = _FENCE.match(line)
        if fence:
            fence = "" if mark is not None and mark[1] == fence else fence
            blocks[-1].append(line)
        elif mark is not None:
            fence = mark[1]
            blocks[-1].append(line)
        elif line.strip():
            blocks[-1].append(line)
        elif any(not _HEADING.match(text) for text in blocks[-1]):
            blocks.append([])
    texts = ["\n".join(block) for block in blocks if block]
    return tuple((f"/body/{number}", text) for number, text in enumerate(texts))


def _carved(triage: Triage, signal: Signal, scope: Scope) -> tuple[list[str], tuple[str, ...]]:
    """Return the sections that may leave, and of a mixed report those that may not (R-000-30).

    A section stays unless it speaks of the product and of nothing else: what is unsure does not leave.
    """
    sections = sections_of(signal.body)
    if scope != "mixed":
        return [text for _, text in sections], ()
    removed = carve_out(triage, signal, scope)
    kept = [text for pointer, text in sections if pointer not in removed]
    if not kept:
        raise RefusedError(
            "phone_home_nothing_left", "no section of the report is about the product alone", field="/body",
            hint="prismfs phone-home stage ID --body -, with the product's side in your own words",
        )  # fmt: skip
    return kept, removed


def _is_product(triage: Triage, text: str) -> bool:
    return scope_of(triage, text)[0] == "prism-product"


def _evidence(tracker: Tracker, incident: Incident, signal: Signal, record: TriageRecord, scope: Scope) -> list[str]:
    told = [f"Reported {incident.count} time(s), first at {format_instant(incident.detected_at)}."]
    told += [f"Looked at: {read.what} ({read.lines} lines, SHA-256 {read.digest[:16]})." for read in record.reads]
    if "attachments" in tracker.may_leave and scope == "prism-product":
        told += [f"{name}:\n\n{_quoted([text])}" for name, text in signal.attachments.items()]
    return told


def _environment(tracker: Tracker, record: TriageRecord) -> dict[str, str]:
    known = dict(record.init.environment)
    if record.init.install_type is not None:
        known["install_type"] = record.init.install_type
    return {name: one_line(known[name], 200) for name in tracker.environment if name in known}


def _names(signal: Signal, incident: Incident) -> tuple[str, ...]:
    """Return the names to leave out: the reporters, and the roster of their project."""
    roster = () if signal.context is None else signal.context.roster
    return tuple(dict.fromkeys((signal.sender, incident.reporter, *roster)))


def _nameless(text: str, names: Iterable[str]) -> str:
    text = _PID.sub("[project]", text)
    for name in sorted(names, key=len, reverse=True):
        text = re.sub(rf"(?<![\w-]){re.escape(name)}(?![\w-])", "[reporter]", text, flags=re.IGNORECASE)
    return text


def _quoted(sections: Iterable[str]) -> str:
    """Return the sections as one quotation, so that none of their lines is taken for the issue's own structure."""
    return "\n>\n".join("\n".join(f"> {line}".rstrip() for line in text.splitlines()) for text in sections)
