"""`prismfs bead claim`: take a work item; of many who try at once, exactly one has it (R-004-19)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from prismfs.cli import output

if TYPE_CHECKING:
    from datetime import datetime

    from prismfs.engine.turn.desk import Desk
    from prismfs.records.event import Event
    from prismfs.records.plan import Decision

_LOST = ("claimed", "already_closed", "not_open", "blocked")
"""Codes of what was ready a moment ago and is not any more."""


@click.command("claim", epilog="\b\nExample:\n  prismfs --as jade bead claim bea-01k5\n  prismfs bead claim --next")
@click.argument("identifier", metavar="[ID]", required=False)
@click.option("--next", "next_", is_flag=True, help="Take the first that is ready; exit 0 when there is none.")
@click.option("--local", is_flag=True, help="Do not publish it, even where the branch is shared with other clones.")
@output.verb(writes=True)
def command(call: output.Call, identifier: str | None, next_: bool, local: bool, dry_run: bool) -> None:
    """Take a work item: it is in progress and yours. Exit 5 if it is taken, with the name.

    Where the branch has an upstream the claim is published at once; of two clones that claim, one wins.
    """
    from prismfs.cli.render import decision_document, render_decision
    from prismfs.errors import UsageError

    if next_ == (identifier is not None):
        raise UsageError("usage", "name a work item, or give --next", hint="prismfs bead claim --help")
    publishes = not local and not dry_run
    if identifier is not None:
        from prismfs.cli.work.one_bead import find

        name = str(find(call, identifier)["id"])
        found: tuple[str, Decision] | None = (name, _claim(call, name, publishes=publishes, dry_run=dry_run))
    else:
        found = _claim_next(call, publishes=publishes, dry_run=dry_run)
    if found is None:
        data = {"decided": "nothing", "subject": "", "reason": "nothing is ready", "dry_run": dry_run}
        output.result(call, data, "nothing is ready")
        return
    name, decision = found
    data = decision_document(decision) | {"subject": name, "dry_run": dry_run}
    output.result(call, data, ("would do: " if dry_run else "") + render_decision(decision))


def _claim_next(call: output.Call, *, publishes: bool, dry_run: bool) -> tuple[str, Decision] | None:
    """Claim the first that is ready; one that is lost to another claim is skipped, until none is left."""
    from prismfs.cli.work.one_bead import holder_of
    from prismfs.errors import ConflictError, RefusedError
    from prismfs.store import beads
    from prismfs.store.reading import reading

    free, lost = ("", call.actor().casefold()), set[str]()
    while True:
        with reading(call.project()) as connection:
            found = beads.ready(connection)
        names = (bead["id"] for bead in found if bead["id"] not in lost and holder_of(bead).casefold() in free)
        name = next(names, None)
        if name is None:
            return None
        try:
            return name, _claim(call, name, publishes=publishes, dry_run=dry_run)
        except (ConflictError, RefusedError) as error:
            if error.code not in _LOST:
                raise
            lost.add(name)


def _claim(call: output.Call, name: str, *, publishes: bool, dry_run: bool) -> Decision:
    import uuid

    from prismfs.clock import SystemClock
    from prismfs.engine.turn.desk import Desk
    from prismfs.engine.turn.submit import command_event, rehearse, submit

    now = SystemClock().now()
    with Desk(call.project()) as desk:
        event = command_event("bead.claim", {"id": name}, actor=call.actor(), token=uuid.uuid4().hex, at=now)
        if dry_run:
            return rehearse(desk, event, now)
        decision, _, _ = submit(desk, event, now)
        if publishes:
            _publish(desk, event, name, now)
        return decision


def _publish(desk: Desk, event: Event, name: str, now: datetime) -> None:
    """Publish a claim where the branch is shared, and accept it if it stands there, too.

    Raises:
        ConflictError: `claimed`; another clone was faster.
        PrismfsError: it could not be published; it stands here, and is published by the next claim or push.
    """
    from prismfs.engine.tenant.publish import has_upstream, publish
    from prismfs.errors import ConflictError, PrismfsError
    from prismfs.kinds.core.bead import Bead
    from prismfs.kinds.work.work_item import WorkItem
    from prismfs.records.plan import Refused

    if not has_upstream(desk):
        return
    try:
        published = publish(desk, now)
    except PrismfsError as error:
        said, hint = error.problem, "it stands here; prismfs push publishes it"
        raise type(error)(
            said.code,
            f"claimed, but not published: {said.message}",
            path=said.path,
            field=said.field,
            hint=f"{said.hint}; {hint}" if said.hint else hint,
        ) from error
    decision = published.decision_on(event.cause)
    if isinstance(decision, Refused):
        raise decision.raised()
    # A claim of before, which was not published then, may have been lost, too.
    bead = desk.view().get(Bead, name)
    holder = bead.assignee if isinstance(bead, WorkItem) else None
    if holder is None or holder.casefold() != event.actor.casefold():
        raise ConflictError(
            "claimed", f"{holder or 'nobody'} has it", field="/id", hint="prismfs bead ready lists others"
        )
