"""What a command comes to, as it is printed: decided here or by the watcher, it is these functions that say it."""

from collections.abc import Callable, Generator, Sequence
from datetime import datetime
from typing import Any

from prismfs.cli import output
from prismfs.cli.render import advice_in, decision_document, render_decision
from prismfs.engine.turn import submit
from prismfs.engine.turn.commit_group import Outcome
from prismfs.engine.turn.desk import Desk
from prismfs.errors import PrismfsError, Problem
from prismfs.kinds.core.outbox import Outbox
from prismfs.kinds.core.settings.redaction import RedactionRules
from prismfs.records.api import Decision, Event, Nothing, Refused
from prismfs.store.reading import resolve_id

Answer = dict[str, Any]
"""`data` and `lines`, with the problem `undelivered` where a message waits; or `error`: its `type` and `problem`."""

Steps = Generator[submit.Errand, submit.Carried, Answer]


def answer_here(call: output.Call, command: dict[str, Any]) -> Answer:
    """Decide, commit and deliver a command of `submit_command` in this process."""
    with call.desk() as desk:
        (steps,), _ = begin_commands(desk, [command], call.now())
        answer = submit.walk(steps)
        if "error" not in answer and not command["dry_run"]:
            submit.bring_window(desk)
    return answer


def begin_commands(
    desk: Desk, commands: Sequence[dict[str, Any]], now: datetime
) -> tuple[list[Steps], tuple[Outcome, ...]]:
    """Decide `commands` on top of each other and commit them as one group; give what is left of each, in order.

    A command that is refused keeps none of the others back. Beside them, what was committed so far.
    """
    ready = [_event_or_answer(desk, command, now) for command in commands]
    events = [one for one in ready if isinstance(one, Event)]
    try:
        begun = submit.begin(desk, events, now) if events else submit.Begun((), (), (), ())
    except PrismfsError as error:
        failed = _error(error)
        return [_steps(failed if isinstance(one, Event) else one) for one in ready], ()
    found = []
    for command, one in zip(commands, ready, strict=True):
        if isinstance(one, Event):
            found.append(_finished(desk, command, one, begun.of(_of(one, events)), now))
        else:
            found.append(_steps(one))
    return found, begun.outcomes


def _event_or_answer(desk: Desk, command: dict[str, Any], now: datetime) -> Event | Answer:
    """Return the event of a command, or the answer to one that nothing is committed for."""
    kind, document = str(command["kind"]), dict(command["document"])
    try:
        view = desk.view()
        if command["target"] is not None:
            document["id"] = resolve_id(view.connection, command["target"])
        rules = view.single(RedactionRules)
        event = submit.command_event(
            kind, document, actor=command["actor"], token=command["token"], at=now, rules=rules
        )
        if command["dry_run"]:
            return _rendered(kind, submit.rehearse(desk, event, now), (), dry_run=True)
        if view.handled(event.cause):
            # The watcher that it was given to before has ended between its commit and the answer.
            said = "it is committed already: the watcher ended before it could answer; prismfs log shows it"
            return _rendered(kind, Nothing(said), (), dry_run=False)
        return submit.prepared(desk, view, event)
    except PrismfsError as error:
        return _error(error)


def _of(event: Event, events: Sequence[Event]) -> Callable[[Event], bool]:
    """Tell what belongs to `event`; to the first of `events` also what people had proposed before them.

    How messages went belongs to none: whoever took the first command for their sender would send them all again.
    """
    others = {one.cause for one in events if one is not event}
    return lambda one: one is event or (event is events[0] and one.type != "delivery" and one.cause not in others)


def _steps(answer: Answer) -> Steps:
    yield from ()
    return answer


def _finished(desk: Desk, command: dict[str, Any], event: Event, begun: submit.Begun, now: datetime) -> Steps:
    desk.crash_point("before-answer")
    decision = submit.decision_on(event, begun.outcomes)
    if isinstance(decision, Refused):
        return _error(decision.raised())
    try:
        _, left = yield from submit.finish(desk, begun, now)
    except PrismfsError as error:
        return _error(error)
    return _rendered(command["kind"], decision, left, dry_run=False)


def _error(error: PrismfsError) -> Answer:
    return {"error": {"type": type(error).__name__, "problem": error.problem.as_document()}}


def _rendered(kind: str, decision: Decision, left: Sequence[Outbox], *, dry_run: bool) -> Answer:
    """Return the answer of a decision and of its messages as delivery `left` them."""
    data = decision_document(decision) | {"dry_run": dry_run}
    lines = [("would do: " if dry_run else "") + render_decision(decision)]
    if kind == "escalation":
        data["deduplicated"] = data["decided"] == "count_repeat"  # R-004-26
    if kind == "upgrade" and dry_run:
        lines += [f"  {record['path']}" for record in data.get("records", ())]
    if advice := advice_in(decision):
        data["advice"] = advice
        lines += [f"  advice: {output.safe(text)}" for text in advice]
    data["deliveries"] = []
    for message in left:
        data["deliveries"].append({"action": message.action, "status": message.status, "detail": message.detail})
        lines.append(f"  {message.action}: {message.status}" + (f" ({message.detail})" if message.detail else ""))
    answer: Answer = {"data": data, "lines": lines}
    waiting = [message for message in left if _is_undelivered(message)]
    if waiting and data["decided"] != "nothing":
        named = ", ".join(f"{message.action} {message.status}" for message in waiting)
        answer["undelivered"] = Problem(
            "undelivered", f"done and kept, but {len(waiting)} of {len(left)} messages are not delivered: {named}",
            path=str(data["subject"]), hint="prismfs list outbox --open; contacts are in settings/escalation.json",
        ).as_document()  # fmt: skip
    return answer


def _is_undelivered(message: Outbox) -> bool:
    """Tell whether an attempt failed or none can be made; what only waits for its time, or is held, is not lost."""
    if message.status == "pending":
        return message.attempts > 0
    return message.status in ("sending", "unknown", "failed", "dead", "not_configured")
