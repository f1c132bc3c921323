"""Tracker sync: changes of the filed issues, as events (R-000-78).

Asking needs the network and no lock, and may be done in a thread of its own: `read_issues` touches no desk.
"""

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from prismfs.delivery.issues import transport_of
from prismfs.engine.turn.commit_group import Outcome, commit_group
from prismfs.engine.turn.desk import Desk
from prismfs.errors import Problem, RecordError
from prismfs.intake.scan import redact_text
from prismfs.kinds.care.phone_home import PhoneHome
from prismfs.kinds.care.settings.tracker import Tracker
from prismfs.records.api import ENGINE, Document, Event, IssueState, Plan, canonical_json, codec, format_instant
from prismfs.rules.care.outbound_issue.api import news_of, shortened
from prismfs.store.listing import find_documents

ASKED = ("gh", "file")
"""Transports that can be asked; a dry run has filed nothing."""

MOST_EXPORT = 8 * 1024 * 1024
"""Bytes of an export that is brought by hand."""

_MOST_COMMENTS = 1000  # of one issue in an export
_REOPENED = timedelta(days=30)
_MOST_ROUNDS = 200  # of ten comments each


@dataclass(frozen=True, slots=True)
class TrackerAnswer:
    """The tracker's answer: the states of the issues, and a problem for each that could not be read."""

    states: tuple[IssueState, ...] = ()
    problems: tuple[Problem, ...] = ()


def settings_of(desk: Desk) -> Tracker:
    """Return the settings of the tracker that the branch holds now.

    Raises:
        ConfigError: `invalid_setting`.
    """
    return desk.view().single(Tracker)


def filed_issues(desk: Desk) -> list[PhoneHome]:
    """Return every issue that was filed, oldest first."""
    view = desk.view()
    texts, _ = find_documents(view.connection, "phone_home", where={"status": "shipped"}, newest_first=False)
    return [PhoneHome.model_validate_json(text) for text in texts]


def current_record(desk: Desk, record: PhoneHome) -> PhoneHome:
    """Return the record as the branch holds it now."""
    return desk.view().get(PhoneHome, record.id) or record


def following(desk: Desk, now: datetime) -> tuple[PhoneHome, ...]:
    """Return the filed issues that are followed, oldest first: open ones, and those closed in the last 30 days.

    Those of another destination than the settings name now are left alone: their numbers are other issues there.
    """
    tracker = settings_of(desk)
    since = format_instant(now - _REOPENED)[:19]
    return tuple(
        record
        for record in filed_issues(desk)
        if record.issue_number is not None
        and record.destination == tracker.destination
        and (record.issue_state != "closed" or (record.issue_updated_at or "")[:19] >= since)
    )


def read_issues(root: Path, tracker: Tracker, numbers: Sequence[int]) -> TrackerAnswer:
    """Return the states of the issues at the tracker; those that it does not have are left out.

    One that cannot be read keeps no other back.

    Raises:
        RefusedError: the tracker cannot be asked now.
    """
    transport = transport_of(root, tracker)
    try:
        return TrackerAnswer(tuple(transport.look(numbers)))
    except RecordError as error:
        if len(numbers) == 1:
            return TrackerAnswer(problems=(error.problem,))
    each = [read_issues(root, tracker, [number]) for number in numbers]
    return TrackerAnswer(
        states=tuple(state for look in each for state in look.states),
        problems=tuple(problem for look in each for problem in look.problems),
    )


def pull(desk: Desk, now: datetime) -> tuple[list[tuple[PhoneHome, IssueState]], tuple[Problem, ...]]:
    """Ask the tracker for the issues that are followed; return each with its record, and what failed.

    Raises:
        RefusedError: the tracker cannot be asked now.
        ConfigError: `invalid_setting`.
    """
    tracker = settings_of(desk)
    records = following(desk, now)
    if tracker.transport not in ASKED or not records:
        return [], ()
    numbers = [record.issue_number for record in records if record.issue_number is not None]
    answer = read_issues(desk.root, tracker, numbers)
    return pair(records, answer.states), answer.problems


def pair(
    records: Iterable[PhoneHome], states: Iterable[IssueState], *, by_url: bool = False
) -> list[tuple[PhoneHome, IssueState]]:
    """Return each record with its issue, by the number; with `by_url` by the address as well, as in an export."""
    found = {(state.number, state.url.casefold() if by_url else ""): state for state in states}
    places = [
        (record, (record.issue_number or 0, (record.issue_url or "").casefold() if by_url else ""))
        for record in records
    ]
    return [(record, found[place]) for record, place in places if place in found]


def sync_event(record: PhoneHome, issue: IssueState, now: datetime, *, actor: str = ENGINE) -> Event | None:
    """Return the event of what differs between `record` and `issue`, None where nothing does.

    It holds the new comments only, without secrets and shortened. The same state is the same cause.
    """
    news = news_of(record, issue)
    if news is None:
        return None
    document = news.changed(
        title=redact_text(news.title),
        comments=tuple(
            comment.changed(author=redact_text(comment.author), body=shortened(redact_text(comment.body)))
            for comment in news.comments
        ),
    ).to_document()
    state = hashlib.sha256(canonical_json(document)).hexdigest()
    cause = f"sync:{record.id}:{state}"
    said = {"type": "sync", "kind": "phone_home", "cause": cause, "actor": actor}
    return Event.model_validate({**said, "at": now, "document": {"id": record.id, "issue": document}})


def commit_changes(desk: Desk, found: Sequence[tuple[PhoneHome, IssueState]], now: datetime) -> list[Outcome]:
    """Commit what differs, ten comments of an issue at a time until all are kept; no lock is held by the caller.

    Raises:
        ConflictError, StoreError: nothing is lost; it differs the next time, too.
    """
    outcomes: list[Outcome] = []
    waiting = list(found)
    with desk.repo.writer():
        for _ in range(_MOST_ROUNDS):
            events = [sync_event(current_record(desk, record), issue, now) for record, issue in waiting]
            new = list(filter(None, events))
            if not new:
                break
            done = commit_group(desk, new, now)
            outcomes += done
            told = {outcome.event.document.get("id") for outcome in done if isinstance(outcome.decision, Plan)}
            waiting = [(record, issue) for record, issue in waiting if record.id in told]
    return outcomes


def read_export(data: bytes, *, path: str) -> list[IssueState]:
    """Return the issues in an export: one `IssueState`, or `{"issues": [...]}` with several.

    A `body`, which the transport `file` keeps beside them, is passed over.

    Raises:
        RecordError: no JSON, no such form, or too large; with the field.
    """
    if len(data) > MOST_EXPORT:
        raise RecordError("too_large", f"is larger than {MOST_EXPORT} bytes", path=path, hint="export fewer issues")
    document = codec.parse(data, format="json", path=path)
    listed = document.get("issues")
    if "issues" not in document:
        return [_state(document, "", path)]
    if not isinstance(listed, list) or set(document) != {"issues"}:
        raise RecordError("bad_field", "is not a list of issues alone", path=path, field="/issues")
    return [_state(entry, f"/issues/{at}", path) for at, entry in enumerate(listed)]


def _state(entry: object, pointer: str, path: str) -> IssueState:
    if not isinstance(entry, dict):
        raise RecordError("bad_field", "is no issue", path=path, field=pointer)
    document: Document = {name: value for name, value in entry.items() if name != "body"}
    try:
        state = IssueState.from_document(document, path=path)
    except RecordError as error:
        problem = error.problem
        field = f"{pointer}{problem.field or ''}"
        raise RecordError(problem.code, problem.message, path=path, field=field, hint=problem.hint) from None
    if len(state.comments) > _MOST_COMMENTS:
        detail = f"has more than {_MOST_COMMENTS} comments"
        raise RecordError("too_large", detail, path=path, field=f"{pointer}/comments", hint="leave the oldest out")
    return state
