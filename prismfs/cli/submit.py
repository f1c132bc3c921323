"""Submitting a command to a project: the part that all writing verbs share."""

from typing import Any

from prismfs.cli import output
from prismfs.cli.render import advice_in, decision_document, render_decision
from prismfs.errors import UndeliveredError
from prismfs.kinds.core.outbox import Outbox
from prismfs.records.api import Decision, Nothing


def submit_and_print(
    call: output.Call, kind: str, document: dict[str, Any], *, dry_run: bool, target: str | None = None
) -> None:
    """Submit the command `kind` and print its result; `target` is as for `submit_command`.

    Raises:
        PrismfsError: the command is refused, the project is busy or out of reach.
        UndeliveredError: done, but a message of it waits in the outbox.
    """
    decision, left = submit_command(call, kind, document, dry_run=dry_run, target=target)
    data = decision_document(decision) | {"dry_run": dry_run}
    data["deliveries"] = [
        {"action": message.action, "status": message.status, "detail": message.detail} for message in left
    ]
    if kind == "escalation":
        data["deduplicated"] = data["decided"] == "count_repeat"  # R-004-26
    lines = [("would do: " if dry_run else "") + render_decision(decision)]
    if kind == "upgrade" and dry_run:
        lines += [f"  {record['path']}" for record in data.get("records", ())]
    if advice := advice_in(decision):
        data["advice"] = advice
        lines += [f"  advice: {output.safe(text)}" for text in advice]
    lines += [
        f"  {message.action}: {message.status}" + (f" ({message.detail})" if message.detail else "") for message in left
    ]
    waiting = [message for message in left if _is_undelivered(message)]
    if waiting and not isinstance(decision, Nothing):
        if not call.as_json:
            output.result(call, data, lines)
        raise UndeliveredError(
            "undelivered",
            f"done and kept, but {len(waiting)} of {len(left)} messages are not delivered: "
            + ", ".join(f"{message.action} {message.status}" for message in waiting),
            path=str(data["subject"]),
            hint="prismfs list outbox --open; contacts are in settings/escalation.json",
        )
    output.result(call, data, lines)


def _is_undelivered(message: Outbox) -> bool:
    """Tell whether an attempt failed or none can be made; what only waits for its time, or is held, is not lost."""
    if message.status == "pending":
        return message.attempts > 0
    return message.status in ("sending", "unknown", "failed", "dead", "not_configured")


def submit_command(
    call: output.Call, kind: str, document: dict[str, Any], *, dry_run: bool, target: str | None = None
) -> tuple[Decision, tuple[Outbox, ...]]:
    """Submit the command `kind`; return the decision and its messages as delivery left them.

    `target` is the id, or the beginning of one, of the record that the command is about.

    Raises:
        PrismfsError: the command is refused, the project is busy or out of reach.
    """
    import uuid

    from prismfs.clock import SystemClock
    from prismfs.engine.turn.desk import Desk
    from prismfs.engine.turn.submit import command_event, rehearse, submit
    from prismfs.store.reading import reading, resolve_id

    root = call.project()
    if target is not None:
        with reading(root) as connection:
            document["id"] = resolve_id(connection, target)
    now = SystemClock().now()
    with Desk(root) as desk:
        rules, token = desk.redaction(), uuid.uuid4().hex
        event = command_event(kind, document, actor=call.actor(), token=token, at=now, rules=rules)
        if dry_run:
            return rehearse(desk, event, now), ()
        decision, _, left = submit(desk, event, now)
        return decision, left
