"""Submitting a command: what a person says at the command line travels the road of every other event."""

from collections.abc import Callable, Generator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TypeVar

from prismfs.engine.turn.commit_group import Outcome, commit_group, decide_one
from prismfs.engine.turn.deliver import Capacity, carry_all, is_routed
from prismfs.engine.turn.desk import Desk
from prismfs.engine.turn.ingest import with_context
from prismfs.engine.turn.sources import InlineCourier, Outgoing, commit_from, note_receipts
from prismfs.errors import RecordError, RefusedError
from prismfs.intake.scan import redact, scan_key
from prismfs.kinds import kind_of
from prismfs.kinds.core.outbox import Outbox
from prismfs.kinds.core.settings.redaction import RedactionRules
from prismfs.records.api import REFUSED, Decision, Document, Event, Id, Nothing, Plan, Receipt, Record, Refused, View
from prismfs.store.git import worktree

T = TypeVar("T")

Carried = Sequence[tuple[Outbox, Receipt]]
"""Messages that were carried, and how each went."""

Errand = Callable[[], Carried]
"""What carries messages and may take long; it needs no desk, and so no lock."""

_MOST_STALE = 10_000
"""Escalations raised by one call; more than that wait for the next."""


@dataclass(frozen=True, slots=True)
class Begun:
    """Events that are committed: what was decided, the ids of the messages that came of it, and which of them leave.

    `routed` go into other projects; that `leaving` are on their way is committed.
    """

    outcomes: tuple[Outcome, ...]
    messages: tuple[Id, ...]
    routed: tuple[Outbox, ...]
    leaving: tuple[Outbox, ...]

    def of(self, wanted: Callable[[Event], bool]) -> "Begun":
        """Return what of it came of the events that are `wanted`."""
        outcomes = tuple(outcome for outcome in self.outcomes if wanted(outcome.event))
        plans = [outcome.decision for outcome in outcomes if isinstance(outcome.decision, Plan)]
        names = {put.id for plan in plans for put in plan.puts if isinstance(put, Outbox)}
        return Begun(
            outcomes,
            tuple(name for name in self.messages if name in names),
            tuple(message for message in self.routed if message.id in names),
            tuple(message for message in self.leaving if message.id in names),
        )


def command_event(
    verb: str, document: Document, *, actor: str, token: str, at: datetime, rules: RedactionRules | None = None
) -> Event:
    """Return the event of one command. `token` tells this call from every other; secrets are taken out first.

    `rules` are the project's; without them the defaults hold.

    Raises:
        RecordError: `unknown_kind`, the engine's own; the actor is no identity, a secret stands where it cannot be
            taken out, or the scan failed.
    """
    scanned = redact(document, rules=rules, key=scan_key())
    clean = scanned.document | ({"redactions": scanned.redactions} if scanned.findings else {})
    if verb == REFUSED:
        raise RecordError("unknown_kind", "only the engine says what was refused", field="/kind")
    said = {"type": "command", "kind": verb, "cause": f"command:{token}", "actor": actor}
    try:
        return Event.model_validate({**said, "at": at, "document": clean})
    except ValueError as error:
        raise RecordError(
            "bad_identity", f"not an identity: {actor[:60]!r}", hint="letters, digits, dot, dash, underscore"
        ) from error


def submit(desk: Desk, event: Event, now: datetime) -> tuple[Decision, tuple[Outcome, ...], tuple[Outbox, ...]]:
    """Decide and commit a command, then deliver what it put into the outbox.

    Returns the decision, everything that was committed, and the messages as delivery left them.

    Raises:
        PrismfsError: the command was refused, as the kind of error that the rule names.
    """
    event = prepared(desk, desk.view(), event)
    outcomes, messages = commit_and_deliver(desk, [event], now)
    decision = decision_on(event, outcomes)
    if isinstance(decision, Refused):
        raise decision.raised()
    return decision, outcomes, messages


def prepared(desk: Desk, view: View, event: Event) -> Event:
    """Return the event of a command with what is known of the tenant, and the answer of the desk's own command.

    Raises:
        StoreError: nobody can say who is a bridge, and it may be for one.
    """
    return with_context(desk, view, event)


def decision_on(event: Event, outcomes: Sequence[Outcome]) -> Decision:
    """Return what was decided of `event`."""
    return next(outcome.decision for outcome in outcomes if outcome.event is event)


def write_change(desk: Desk, event: Event, now: datetime, *, dry_run: bool) -> tuple[Record, str] | Nothing:
    """Write what the command in `event` asks for into the work tree; return the record and its path.

    Raises:
        RefusedError: as the rule does; `edited`, the file there has changes that are not committed.
    """
    from prismfs.rules.core import engines, members
    from prismfs.rules.core.draft import Draft

    changes = {"keys.enrol": engines.enrolled, "keys.revoke": engines.revoked, **members.CHANGES}
    snapshot = desk.repo.snapshot()
    found = changes[event.kind](Draft(desk.view(), event, now))
    if isinstance(found, Nothing):
        return found
    path, kind = kind_of(found).place_of(found), kind_of(found)
    old, place = desk.repo.read(snapshot, path), desk.root / path
    data = kind.write(found, old=old)
    if place.exists() and place.read_bytes() not in (old, data):
        raise RefusedError("edited", "has changes that are not committed", path=path, hint="git restore or commit it")
    if not dry_run:
        worktree.write_files(desk.root, desk.repo.state, [(path, data)], lambda: None)
    return found, path


def raise_stale(desk: Desk, now: datetime, *, dry_run: bool) -> tuple[Outcome, ...]:
    """Raise every escalation that is due, as the watcher does by itself (R-004-17, R-004-24).

    With `dry_run` nothing changes, and what would be decided is returned.
    """
    from prismfs.engine.turn.due import due_event
    from prismfs.kinds.escalation.escalation import Escalation

    due = desk.view().due_before(now, _MOST_STALE, of=Escalation)
    events = [due_event(record) for record in due]
    if dry_run:
        return tuple(Outcome(event, decide_one(desk, event, now), None) for event in events)
    return commit_and_deliver(desk, events, now)[0]


def commit_and_deliver(
    desk: Desk, events: Sequence[Event], now: datetime
) -> tuple[tuple[Outcome, ...], tuple[Outbox, ...]]:
    """Decide and commit `events`, then deliver what they put into the outbox; jobs are left to the next turn.

    Returns everything that was committed, and the messages as delivery left them. The window is carried.
    """
    done = walk(finish(desk, begin(desk, events, now), now))
    bring_window(desk)
    return done


def walk(steps: Generator[Errand, Carried, T]) -> T:
    """Do what `steps` give to be carried while it waits, and return what they end in."""
    try:
        errand = next(steps)
        while True:
            errand = steps.send(errand())
    except StopIteration as stop:
        found: T = stop.value
        return found


def bring_window(desk: Desk) -> None:
    """Carry the window to what was committed, unless a person's git command is under way."""
    with desk.repo.writer():
        desk.repo.bring_window_if_free()


def begin(desk: Desk, events: Sequence[Event], now: datetime) -> Begun:
    """Decide and commit `events` as one group; of what they put into the outbox, deliver what is local."""
    with desk.repo.writer():
        outcomes = commit_group(desk, events, now)
        plans = [outcome.decision for outcome in outcomes if isinstance(outcome.decision, Plan)]
        messages = {put.id: put for plan in plans for put in plan.puts if isinstance(put, Outbox)}
        due = [message for message in messages.values() if message.status == "pending" and message.due_at == now]
        waiting = [message for message in due if not is_routed(message)]
        courier = InlineCourier(Capacity(messages=len(waiting), jobs=0))
        outcomes += commit_from(desk, Outgoing(desk, courier, waiting), desk.view(), now)
    routed = tuple(message for message in due if is_routed(message))
    return Begun(tuple(outcomes), tuple(messages), routed, tuple(courier.taken))


def finish(
    desk: Desk, begun: Begun, now: datetime
) -> Generator[Errand, Carried, tuple[tuple[Outcome, ...], tuple[Outbox, ...]]]:
    """Deliver what is left of `begun`: give what is to be carried without the desk, and take how that went.

    Returns everything that was committed, and the messages as delivery left them.
    """
    outcomes = list(begun.outcomes)
    if begun.routed:
        from prismfs.engine.tenant.router import route

        outcomes += route(desk, begun.routed, now)
    if begun.leaving:
        channels = desk.channels()
        carried = yield lambda: carry_all(channels, begun.leaving)
        desk.crash_point("carried")
        outcomes += note_receipts(desk, carried, now)
    if not begun.messages:
        return tuple(outcomes), ()
    view = desk.view()
    left = (view.get(Outbox, name) for name in begun.messages)
    return tuple(outcomes), tuple(message for message in left if message is not None)


def rehearse(desk: Desk, event: Event, now: datetime) -> Decision:
    """Return what a command would do, and change nothing.

    Raises:
        PrismfsError: the command would be refused.
    """
    decision = decide_one(desk, prepared(desk, desk.view(), event), now)
    if isinstance(decision, Refused):
        raise decision.raised()
    return decision
