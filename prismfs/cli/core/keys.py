"""`prismfs keys`: the keys that engines sign with; each clone has one, and the roster says which count."""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING, Any

import click

from prismfs.cli import output
from prismfs.cli.submit import submit_protected
from prismfs.errors import RefusedError

if TYPE_CHECKING:
    from prismfs.engine.admin.engine_keys import OwnKey
    from prismfs.engine.turn.desk import Desk
    from prismfs.records.api import Document, Event


@click.group("keys", epilog="\b\nExample:\n  prismfs keys list\n  prismfs keys new")
def command() -> None:
    """List the keys that engines sign with; make this clone's; let operators enrol and revoke them."""


@command.command("list", epilog="\b\nExample:\n  prismfs keys list --json")
@output.verb()
def list_(call: output.Call) -> None:
    """List the engines of the roster with their keys, and this clone's own."""
    from prismfs.engine.admin.engine_keys import list_keys

    with call.desk() as desk:
        rows: list[dict[str, Any]] = [row.to_document() for row in list_keys(desk)]
    shown = [row | {"here": "here" if row["here"] else ""} for row in rows]
    columns = {name: name.upper() for name in ("name", "status", "fingerprint", "here")}
    output.result(call, {"items": rows, "total": len(rows)}, output.table(shown, columns))


@command.command("new", epilog="\b\nExample:\n  prismfs keys new\n  prismfs keys new --agent 'ssh-ed25519 AAAA…'")
@click.option("--agent", metavar="KEY", help="Sign with this public key, which an ssh-agent holds; no file is made.")
@click.option("--ask", "asks", is_flag=True, help="Propose the roster's entry on a branch, for an operator to merge.")
@output.verb(writes=True)
def new(call: output.Call, agent: str | None, asks: bool, dry_run: bool) -> None:
    """Make the key of this clone's engine, outside of the repository, and say how the roster gets it.

    Where there is one already it is shown; one that was revoked is replaced, under a new name.
    """
    from prismfs.engine.admin.engine_keys import own_key
    from prismfs.proof.sshsig import fingerprint

    with call.desk() as desk:
        own = own_key(desk, agent=agent, dry_run=dry_run)
        asked = _ask(call, desk, own, None) if asks and own.entry is not None and not dry_run else None
    if own.name is None or own.key is None:
        data: dict[str, Any] = {"name": None, "key": None, "made": own.made, "enrolled": False, "dry_run": True}
        output.result(call, data, "would make a key for the engine of this clone")
        return
    enrol = f"prismfs keys enrol {own.name} '{own.key}'"
    lines = [f"{'made' if own.made else 'has'} the key of {own.name}, {fingerprint(own.key)}"]
    data = {"name": own.name, "key": own.key, "fingerprint": fingerprint(own.key), "made": own.made}
    data |= {"enrolled": own.entry is None, "dry_run": dry_run}
    if own.entry is not None:
        path, text = own.entry[0], own.entry[1].decode()
        data |= {"path": path, "text": text, "commands": [enrol, "prismfs push"]}
        lines += [
            "it signs nothing before the roster has it. At a clone that signs already an operator gives:",
            f"  {enrol}",
            "  prismfs push",
            "and this clone takes it with: prismfs push. Where no clone can sign, an operator whose key the roster has",
            f"commits {path} by hand, with git commit -S:",
            text,
            "Where no operator has a key either, and trust is local, it counts for you by your own word:",
            f"  prismfs keys accept {own.name} '{own.key}'",
        ]
    if asked is not None:
        data, lines = data | {"asked": asked}, [*lines, *_asked_lines(asked)]
    output.result(call, data, lines)


@command.command("rotate", epilog="\b\nExample:\n  prismfs keys rotate")
@click.option("--ask", "asks", is_flag=True, help="Propose both changes on a branch, for an operator to merge.")
@output.verb(writes=True)
def rotate(call: output.Call, asks: bool, dry_run: bool) -> None:
    """Give this clone's engine a new key, under a new name; the old one signs nothing from then on.

    An operator may, or takes what --ask proposes. With trust: signed the roster's files are written, for a commit that
    an operator signs. Until the roster has both changes this clone signs with the old key; then it goes on by itself.
    """
    from prismfs.engine.admin.engine_keys import next_key
    from prismfs.engine.turn.submit import submit, write_change
    from prismfs.kinds.core.settings.project import Project
    from prismfs.records.api import Nothing
    from prismfs.store.engine_key import signing_key

    commands: list[str] = []
    asked = None
    with call.desk() as desk:
        old, own = next_key(desk, dry_run=dry_run)
        changes = (("keys.enrol", {"name": own.name, "key": own.key}), ("keys.revoke", {"name": old}))
        if dry_run or own.entry is None:
            pass
        elif asks:
            asked = _ask(call, desk, own, old)
        elif desk.view().single(Project).trust == "signed":
            written = [write_change(desk, _event(call, *one), call.now(), dry_run=False) for one in changes]
            paths = " ".join(found[1] for found in written if not isinstance(found, Nothing))
            commands = [f"git add {paths}", f'git commit -S -m "roster: rotate the key of {old}" -- {paths}']
        else:
            for one in changes:
                submit(desk, _event(call, *one), call.now())
        if not dry_run:
            signing_key(desk.view(), desk.repo.state)
    data: dict[str, Any] = {"old": old, "name": own.name, "key": own.key, "commands": commands, "dry_run": dry_run}
    lines = [f"{'would replace' if dry_run else 'replaces'} the key of {old} by that of {own.name or 'a new engine'}"]
    if commands:
        lines += [
            "it counts when an operator has signed this commit, and this clone then goes on by itself:",
            *commands,
        ]
    if asked is not None:
        data, lines = data | {"asked": asked}, [*lines, *_asked_lines(asked)]
    output.result(call, data, lines)


@command.command("enrol", epilog="\b\nExample:\n  prismfs keys enrol engine-amber 'ssh-ed25519 AAAA…'")
@click.argument("name")
@click.argument("key")
@output.verb(writes=True)
def enrol(call: output.Call, name: str, key: str, dry_run: bool) -> None:
    """Let the engine NAME sign with the public KEY, as `prismfs keys new` has printed both.

    An operator may. With trust: signed the roster's file is written, for a commit that an operator signs.
    """
    submit_protected(call, "keys.enrol", {"name": name, "key": key}, dry_run=dry_run)


@command.command("accept", epilog="\b\nExample:\n  prismfs keys accept engine-amber 'ssh-ed25519 AAAA…'")
@click.argument("name")
@click.argument("key")
@output.verb(writes=True)
def accept(call: output.Call, name: str, key: str, dry_run: bool) -> None:
    """Take the public KEY for that of the engine NAME by your own word, where nobody is left who could enrol it.

    For trust: local, when the keys of all engines are lost. It counts for you, in every clone of yours; whoever else
    works here has to say the same. In the clone that has the key, NAME is enrolled with it. An operator may.
    """
    from prismfs.cli.submit import submit_and_print
    from prismfs.engine.admin import engine_keys
    from prismfs.proof.sshsig import fingerprint

    document: Document = {"name": name, "key": key}
    with call.desk() as desk:
        enrols = engine_keys.accept(desk, _event(call, "keys.enrol", document), call.now(), dry_run=dry_run)
    if enrols and not dry_run:
        submit_and_print(call, "keys.enrol", document, dry_run=False)
        return
    said = f"{'would take' if dry_run else 'takes'} {fingerprint(key)} for the key of {name}, by your word alone"
    then = "and enrols it" if enrols else "prismfs push takes over what it has signed"
    data = document | {"fingerprint": fingerprint(key), "enrols": enrols, "dry_run": dry_run}
    output.result(call, data, [said, f"{'then: ' if not enrols else ''}{then}"])


@command.command("revoke", epilog="\b\nExample:\n  prismfs keys revoke engine-amber --compromised-since 4f1c09a")
@click.argument("name")
@click.option("--compromised-since", metavar="COMMIT", help="What it signed after COMMIT is in doubt.")
@output.verb(writes=True)
def revoke(call: output.Call, name: str, compromised_since: str | None, dry_run: bool) -> None:
    """Let the key of the engine NAME sign nothing any more; what it has signed stays.

    An operator may. With trust: signed the roster's file is written, for a commit that an operator signs.
    """
    document: dict[str, Any] = {"name": name}
    if compromised_since is not None:
        with call.desk() as desk:
            commit = desk.repo.git.resolve(f"{compromised_since}^{{commit}}")
        if commit is None:
            raise RefusedError("unknown_commit", "no commit here has this id", field="--compromised-since")
        document["since"] = commit
    submit_protected(call, "keys.revoke", document, dry_run=dry_run)


def _event(call: output.Call, verb: str, document: Document) -> Event:
    from prismfs.engine.turn.submit import command_event

    return command_event(verb, document, actor=call.actor(), token=uuid.uuid4().hex, at=call.now())


def _ask(call: output.Call, desk: Desk, own: OwnKey, old: str | None) -> dict[str, str]:
    from prismfs.engine.admin.engine_keys import ask

    branch, taken_by = ask(desk, own, instead_of=old, actor=call.actor(), now=call.now())
    push, fetch = f"git push origin {branch}", f"git fetch origin {branch}:{branch}"
    return {"branch": branch, "push": push, "taken_by": f"{fetch} && {taken_by}"}


def _asked_lines(asked: dict[str, str]) -> list[str]:
    """Return how what was asked for reaches an operator."""
    said = f"it is proposed on the branch {asked['branch']}. Next: {asked['push']}"
    return [said, f"an operator takes it: {asked['taken_by']}"]
