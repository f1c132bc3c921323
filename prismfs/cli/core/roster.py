"""`prismfs roster` and `prismfs whois`: who is in the roster, who can be addressed, and proposals to change it."""

import uuid
from typing import Any

import click

from prismfs.cli import output


@click.command("whois", epilog="\b\nExample:\n  prismfs whois\n  prismfs whois Sage --json")
@click.argument("name", required=False)
@output.verb()
def whois(call: output.Call, name: str | None) -> None:
    """List who may be addressed: the project's personas and the tenant's bridges.

    Of a bridge, its identity, role, class, home project, availability and address are shown, and nothing else.
    """
    from prismfs.engine.tenant.addressees import find, read_entries

    found, problem = read_entries(call.project())
    if name is not None:
        found = find(found, name, problem)
    rows = [entry.to_document() for entry in found]
    columns = {name: name.upper() for name in ("address", "role", "class", "pid", "availability")}
    lines = [output.table(rows, columns)]
    if problem is not None:
        lines.append(f"no bridge can be written to: {output.one_line(str(problem))} [{problem.code}]")
    data = {"items": rows, "total": len(rows), "problem": None if problem is None else problem.as_document()}
    output.result(call, data, lines)


@click.group("roster", epilog="\b\nExample:\n  prismfs roster list\n  prismfs -C home roster elevate Sage")
def command() -> None:
    """List the roster; propose to add a persona, to make one a bridge, or a bridge one of the project.

    A proposal is a branch with one commit. It takes effect when an operator takes it.
    """


@command.command("list", epilog="\b\nExample:\n  prismfs roster list --json")
@output.verb()
def list_(call: output.Call) -> None:
    """List the personas of this project, and what each may do."""
    from prismfs.engine.tenant.addressees import read_entries, read_roster

    personas = read_roster(call.project())
    known = {entry.identity: entry.persona_class for entry in reversed(read_entries(call.project())[0])}
    rows: list[dict[str, Any]] = [
        {
            "identity": persona["identity"],
            "role": persona["role"],
            "class": known[str(persona["identity"])],
            "title": persona["title"],
            "authority": persona.get("authority", []),
        }
        for persona in personas
    ]
    columns = {name: name.upper() for name in ("identity", "role", "class", "title")}
    output.result(call, {"items": rows, "total": len(rows)}, output.table(rows, columns))


@command.command("add", epilog='\b\nExample:\n  prismfs roster add onyx --role tester --title "Looks at every release"')
@click.argument("name")
@click.option("--role", required=True, help="A lower-case word, such as tester.")
@click.option("--title", required=True, help="One line: what the persona does.")
@click.option("--qualified", is_flag=True, help="Even if a bridge has this name; that one is then NAME@PID.")
@output.verb(writes=True)
def add(call: output.Call, dry_run: bool, **fields: Any) -> None:
    """Propose a new persona, of class project and without rights."""
    _propose(call, "add", fields, dry_run=dry_run)


@command.command("elevate", epilog="\b\nExample:\n  prismfs -C home roster elevate Sage")
@click.argument("name")
@output.verb(writes=True)
def elevate(call: output.Call, name: str, dry_run: bool) -> None:
    """Propose that NAME of the home project becomes a bridge: its class, and its place on the allow-list."""
    _propose(call, "elevate", {"name": name}, dry_run=dry_run)


@command.command("demote", epilog="\b\nExample:\n  prismfs -C home roster demote Clara")
@click.argument("name")
@output.verb(writes=True)
def demote(call: output.Call, name: str, dry_run: bool) -> None:
    """Propose that the bridge NAME becomes a persona of the home project only."""
    _propose(call, "demote", {"name": name}, dry_run=dry_run)


def _propose(call: output.Call, verb: str, fields: dict[str, Any], *, dry_run: bool) -> None:
    from prismfs.cli.render import decision_document, render_decision
    from prismfs.engine.admin.roster import propose, way_in, with_bridges
    from prismfs.engine.turn.submit import command_event, rehearse

    now, branch, commit, taken_by = call.now(), None, None, None
    with call.desk() as desk:
        event = command_event(
            "roster.propose", {"verb": verb, **fields}, actor=call.actor(), token=uuid.uuid4().hex, at=now
        )
        if dry_run:
            decision = rehearse(desk, with_bridges(desk, event), now)
        else:
            decision, branch, commit = propose(desk, event, now)
            taken_by = way_in(desk.repo, branch)
    lines = [("would do: " if dry_run else "") + render_decision(decision)]
    if commit is not None:
        lines += [
            f"  it stands on the branch {branch} and has no effect yet",
            f"  an operator takes it with: {taken_by}",
        ]
    proposed = {"branch": branch, "commit": commit, "taken_by": taken_by} if commit else {}
    data = {"branch": None, "commit": None, "taken_by": None} | decision_document(decision) | proposed
    output.result(call, data | {"dry_run": dry_run}, lines)
