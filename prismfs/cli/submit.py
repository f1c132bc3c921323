"""Submitting a command to a project: the part that all writing verbs share. To import it costs next to nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from prismfs.cli import output
from prismfs.errors import UndeliveredError
from prismfs.store.reading import reading, resolve_id

if TYPE_CHECKING:
    from prismfs.kinds.core.outbox import Outbox
    from prismfs.records.api import Decision


def submit_and_print(
    call: output.Call, kind: str, document: dict[str, Any], *, dry_run: bool, target: str | None = None
) -> None:
    """Submit the command `kind` and print its result; `target` is as for `submit_command`.

    Raises:
        PrismfsError: the command is refused, the project is busy or out of reach.
        UndeliveredError: done, but a message of it waits in the outbox.
    """
    decision, left = submit_command(call, kind, document, dry_run=dry_run, target=target)
    data, lines = _rendered(kind, decision, left, dry_run=dry_run)
    waiting = [message for message in left if _is_undelivered(message)]
    undelivered = waiting and data["decided"] != "nothing"
    if not (undelivered and call.as_json):
        output.result(call, data, lines)
    if undelivered:
        named = ", ".join(f"{message.action} {message.status}" for message in waiting)
        raise UndeliveredError(
            "undelivered", f"done and kept, but {len(waiting)} of {len(left)} messages are not delivered: {named}",
            path=str(data["subject"]), hint="prismfs list outbox --open; contacts are in settings/escalation.json",
        )  # fmt: skip


def submit_protected(call: output.Call, kind: str, document: dict[str, Any], *, dry_run: bool) -> None:
    """Submit the command `kind`, which changes a protected file; with trust: signed, write that file for an operator.

    Raises:
        PrismfsError: the command is refused, the project is busy or out of reach; the file is edited.
    """
    import uuid

    from prismfs.engine.turn.submit import command_event, write_change
    from prismfs.kinds.core.settings.project import Project
    from prismfs.records.api import Nothing

    with call.desk() as desk:
        if desk.view().single(Project).trust != "signed":
            found = None
        else:
            event = command_event(kind, document, actor=call.actor(), token=uuid.uuid4().hex, at=call.now())
            found = write_change(desk, event, call.now(), dry_run=dry_run)
    if found is None:
        submit_and_print(call, kind, document, dry_run=dry_run)
        return
    if isinstance(found, Nothing):
        output.result(call, {"path": None, "commands": [], "dry_run": dry_run}, f"nothing to do: {found.reason}")
        return
    record, path = found
    what = f"{path.partition('/')[0]}: {kind.partition('.')[2]} {document.get('name') or document['pid']}"
    commands = [f"git add {path}", f'git commit -S -m "{what}" -- {path}']
    data = {str(record.to_document()["kind"]): record.to_document(), "path": path, "commands": commands}
    said = f"{'would write' if dry_run else 'wrote'} {path}; it counts when an operator has signed its commit. Next:"
    output.result(call, data | {"dry_run": dry_run}, [said, *commands])


def _rendered(
    kind: str, decision: Decision, left: tuple[Outbox, ...], *, dry_run: bool
) -> tuple[dict[str, Any], list[str]]:
    """Return a decision and its messages as delivery `left` them, as an object and as lines."""
    from prismfs.cli.render import advice_in, decision_document, render_decision

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
    return data, lines


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

    from prismfs.engine.turn.submit import command_event, rehearse, submit

    if target is not None:
        with reading(call.project()) as connection:
            document["id"] = resolve_id(connection, target)
    now = call.now()
    with call.desk() as desk:
        rules, token = desk.redaction(), uuid.uuid4().hex
        event = command_event(kind, document, actor=call.actor(), token=token, at=now, rules=rules)
        if dry_run:
            return rehearse(desk, event, now), ()
        decision, _, left = submit(desk, event, now)
        return decision, left
