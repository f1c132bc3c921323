"""Submitting a command to a project: the part that all writing verbs share. To import it costs next to nothing."""

from typing import Any

from prismfs.cli import output
from prismfs.errors import Problem, UndeliveredError, error_of


def submit_and_print(
    call: output.Call, kind: str, document: dict[str, Any], *, dry_run: bool, target: str | None = None
) -> None:
    """Submit the command `kind` and print its result; `target` is as for `submit_command`.

    Raises:
        PrismfsError: the command is refused, the project is busy or out of reach.
        UndeliveredError: done, but a message of it waits in the outbox.
    """
    answer = submit_command(call, kind, document, dry_run=dry_run, target=target)
    undelivered = answer.get("undelivered")
    if not (undelivered and call.as_json):
        output.result(call, answer["data"], answer["lines"])
    if undelivered:
        error = UndeliveredError(**undelivered)
        error.data = answer["data"]
        raise error


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


def submit_command(
    call: output.Call, kind: str, document: dict[str, Any], *, dry_run: bool, target: str | None = None
) -> dict[str, Any]:
    """Submit the command `kind`, to the watcher or, where none answers, here; return the answer to it.

    `target` is the id, or the beginning of one, of the record that the command is about.

    Raises:
        PrismfsError: the command is refused, the project is busy or out of reach.
    """
    import uuid

    from prismfs.cli.ask import ask

    # The token tells this command from every other: given to the watcher and then here, it is committed once.
    command: dict[str, Any] = {"kind": kind, "document": document, "dry_run": dry_run, "target": target}
    command |= {"actor": call.actor(), "token": uuid.uuid4().hex}
    answer = ask(call.project(), command)
    if answer is None:
        from prismfs.cli.answers import answer_here

        answer = answer_here(call, command)
    error = answer.get("error")
    if error is not None:
        raise error_of(error["type"], Problem(**error["problem"]))
    return answer
