"""Refused commands and files as events of the engine's own, and the count of those that leave no row any more.

What the rules leave out of the history (`refusals` in `settings/policy.yaml`) is counted in `run/refused.json` and told
by the next row, or once the window is over. It is a count beside the history: a crash between a commit and the file may
tell some of it twice, or lose it.
"""

import json
import re
from collections.abc import Iterable, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass, replace
from datetime import datetime, timedelta

from prismfs.delivery.folder import opened
from prismfs.engine.event import engine_event
from prismfs.engine.turn.desk import Desk
from prismfs.errors import ForbiddenError, Problem, RecordError, RefusedError, StoreError
from prismfs.kinds.core.settings.policy import Policy
from prismfs.records.api import REFUSED, Document, Event, Nothing, Plan, Refused, View, format_instant, parse_instant

FILE = "refused.json"
"""In `run/`: what was refused and left no row, by identity, verb and code."""

_MOST_KEPT = 200
"""Entries of the count; beyond them identities are counted together, as `many`."""

_MOST_FILE = 256 * 1024  # bytes
_MOST_NAMED = 20
_MOST_MESSAGE = 500  # characters
_ID = re.compile(r"\b[a-z]{2,4}-[0-6][0-9a-z]{25}\b")


@dataclass(frozen=True, slots=True)
class Untold:
    """How many commands of one identity were refused alike since an instant, and left no row."""

    by: str
    verb: str
    code: str
    count: int
    since: str

    def is_like(self, document: Document) -> bool:
        """Tell whether a refusal is of the same identity, verb and code."""
        return (self.by, self.verb, self.code) == tuple(document.get(name) for name in ("by", "verb", "code"))


class UntoldRefusals:
    """The source of the refusals that left no row, once their window is over."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk

    def take(self, view: View, now: datetime) -> Sequence[Event]:
        """Return an event for each identity, verb and code of which something is left to tell."""
        return [_untold_event(one, now) for one in read_untold(self._desk) if _due(one, view) <= now]

    def release(self, _: Sequence[object]) -> None:
        """Do nothing: the commit has noted them."""


def leaves_event(event: Event, refused: Refused) -> bool:
    """Tell whether a refusal is an event of its own: of a file any, of a command that a rule's no, not a wrong form.

    Of one that a commit gave any: nobody waits at a terminal for the answer.
    """
    if event.type == "command" and event.commit is None:
        return event.kind != REFUSED and issubclass(refused.error, RefusedError | ForbiddenError)
    return event.type == "drop" or event.commit is not None


def refusal_event(event: Event, problem: Problem) -> Event:
    """Return the event that a file or a command is refused: who gave it, and the reason, never its content."""
    told: Document = {"by": event.actor, "how": event.assurance, **problem.as_document()}
    told["message"] = problem.message[:_MOST_MESSAGE]
    if event.type == "drop":
        told |= {name: event.document[name] for name in ("name", "sha256", "size")} | {"drop": event.cause}
    else:
        named = [*dict.fromkeys(_ID.findall(json.dumps(event.document)))]
        told |= {"verb": event.kind, "named": named[:_MOST_NAMED]}
        told |= {} if event.commit is None else {"commit": event.commit.commit}
    return engine_event(event.type, REFUSED, cause=f"refused:{event.cause}", at=event.at, document=told)


def with_untold(desk: Desk, event: Event) -> Event:
    """Return the event that a command is refused with how many like it left no row since the last one."""
    known = () if event.type != "command" else read_untold(desk)
    count = sum(one.count for one in known if one.is_like(event.document))
    return event.changed(document=event.document | {"more": count}) if count else event


def note_untold(desk: Desk, decisions: Iterable[tuple[Event, Plan | Refused | Nothing]]) -> None:
    """Count the refused commands that left no row, and forget those that a row tells of; the lock is held."""
    found = [(event, decision) for event, decision in decisions if (event.type, event.kind) == ("command", REFUSED)]
    if not found:
        return
    known = before = read_untold(desk)
    for event, decision in found:
        mine = next((one for one in known if one.is_like(event.document)), None)
        rest = [one for one in known if one is not mine]
        if isinstance(decision, Plan):
            known = rest
        elif isinstance(decision, Nothing) and decision.subject:
            known = [*rest, _counted(mine, event, full=len(rest) >= _MOST_KEPT)]
        elif "message" not in event.document:
            known = rest  # a crash came between its commit and this file
    if known != before:
        data = json.dumps([asdict(one) for one in known]).encode()
        with suppress(StoreError), opened(desk.root, "run", create=True) as folder:
            assert folder is not None
            folder.write(FILE, data)


def read_untold(desk: Desk) -> list[Untold]:
    """Return what was refused and left no row; nothing where the file cannot be read, for it is only a count."""
    try:
        with opened(desk.root, "run", create=False) as folder:
            data = None if folder is None else folder.read(FILE, most=_MOST_FILE)
        found = [] if data is None else json.loads(data)
        told = [Untold(**entry) for entry in found]
        for one in told:
            parse_instant(one.since)
            assert one.count > 0
    except (StoreError, RecordError, ValueError, TypeError, AssertionError):
        return []
    return told


def next_untold(desk: Desk, view: View) -> datetime | None:
    """Return when the next count is due to be told, None where there is none."""
    return min((_due(one, view) for one in read_untold(desk)), default=None)


def _due(one: Untold, view: View) -> datetime:
    window: timedelta = view.single(Policy).refusals.window
    return parse_instant(one.since) + window


def _counted(mine: Untold | None, event: Event, *, full: bool) -> Untold:
    """Return the count with one more; of a count that cannot be told yet, with its time set anew."""
    document, at = event.document, format_instant(event.at)
    if "message" not in document:
        assert mine is not None
        return replace(mine, since=at)
    if mine is not None:
        return replace(mine, count=mine.count + 1)
    by = "many" if full else str(document["by"])
    return Untold(by=by, verb=str(document["verb"]), code=str(document["code"]), count=1, since=at)


def _untold_event(one: Untold, now: datetime) -> Event:
    told: Document = {"by": one.by, "verb": one.verb, "code": one.code, "more": one.count, "since": one.since}
    cause = f"refused:more:{one.by}:{one.verb}:{one.code}:{one.since}"
    return engine_event("command", REFUSED, cause=cause, at=now, document=told)
