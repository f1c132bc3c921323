"""`prismfs keys`: the keys that engines sign with; each clone has one, and the roster says which count."""

from typing import Any

import click

from prismfs.cli import output
from prismfs.cli.submit import submit_protected
from prismfs.engine.admin.engine_keys import list_keys, own_key
from prismfs.errors import RefusedError
from prismfs.proof.sshsig import fingerprint


@click.group("keys", epilog="\b\nExample:\n  prismfs keys list\n  prismfs keys new")
def command() -> None:
    """List the keys that engines sign with; make this clone's; let operators enrol and revoke them."""


@command.command("list", epilog="\b\nExample:\n  prismfs keys list --json")
@output.verb()
def list_(call: output.Call) -> None:
    """List the engines of the roster with their keys, and this clone's own."""
    with call.desk() as desk:
        rows: list[dict[str, Any]] = [row.to_document() for row in list_keys(desk)]
    shown = [row | {"here": "here" if row["here"] else ""} for row in rows]
    columns = {name: name.upper() for name in ("name", "status", "fingerprint", "here")}
    output.result(call, {"items": rows, "total": len(rows)}, output.table(shown, columns))


@command.command("new", epilog="\b\nExample:\n  prismfs keys new\n  prismfs keys new --agent 'ssh-ed25519 AAAA…'")
@click.option("--agent", metavar="KEY", help="Sign with this public key, which an ssh-agent holds; no file is made.")
@output.verb(writes=True)
def new(call: output.Call, agent: str | None, dry_run: bool) -> None:
    """Make the key of this clone's engine, outside of the repository, and say how the roster gets it.

    Where there is one already it is shown; one that was revoked is replaced, under a new name.
    """
    with call.desk() as desk:
        own = own_key(desk, agent=agent, dry_run=dry_run)
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
            f"and this clone takes it with: prismfs push. Where no clone can sign, an operator commits {path} by hand:",
            text,
        ]
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
