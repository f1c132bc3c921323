"""`prismfs bead claim`: take a work item; of many who try at once, exactly one gets it (R-004-19)."""

import uuid

import click

from prismfs.cli import output
from prismfs.cli.work.bead_dep import find, holder_of
from prismfs.errors import ConflictError, PrismfsError, RefusedError, UsageError
from prismfs.store import beads
from prismfs.store.reading import reading

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
    if next_ == (identifier is not None):
        raise UsageError("usage", "name a work item, or give --next", hint="prismfs bead claim --help")
    publishes = not local and not dry_run
    if identifier is not None:
        _claim(call, str(find(call, identifier)["id"]), publishes=publishes, dry_run=dry_run)
    elif not _claim_next(call, publishes=publishes, dry_run=dry_run):
        data = {"decided": "nothing", "subject": "", "reason": "nothing is ready", "dry_run": dry_run}
        output.result(call, data, "nothing is ready")


def _claim_next(call: output.Call, *, publishes: bool, dry_run: bool) -> bool:
    """Claim the first that is ready, False if none is; one that is lost to another claim is skipped."""
    free, lost = ("", call.actor().casefold()), set[str]()
    while True:
        with reading(call.project()) as connection:
            found = beads.ready(connection)
        names = (bead["id"] for bead in found if bead["id"] not in lost and holder_of(bead).casefold() in free)
        name = next(names, None)
        if name is None:
            return False
        try:
            _claim(call, name, publishes=publishes, dry_run=dry_run)
        except (ConflictError, RefusedError) as error:
            if error.code not in _LOST:
                raise
            lost.add(name)
        else:
            return True


def _claim(call: output.Call, name: str, *, publishes: bool, dry_run: bool) -> None:
    """Claim a work item; publish the claim where the branch is shared; print it if it stands there, too.

    Raises:
        ConflictError: `claimed`; somebody else has it, or another clone was faster.
        PrismfsError: it could not be published; it stands here, and is published by the next claim or push.
    """
    from prismfs.cli.render import decision_document, render_decision
    from prismfs.engine.tenant.publish import has_upstream, publish
    from prismfs.engine.turn.submit import command_event, rehearse, submit
    from prismfs.kinds.work.bead import WorkItem
    from prismfs.records.api import Refused

    now = call.now()
    with call.desk() as desk:
        event = command_event("bead.claim", {"id": name}, actor=call.actor(), token=uuid.uuid4().hex, at=now)
        decision = rehearse(desk, event, now) if dry_run else submit(desk, event, now)[0]
        if publishes and has_upstream(desk):
            try:
                published = publish(desk, now).decision_on(event.cause)
            except PrismfsError as error:
                raise _unpublished(error) from error
            if isinstance(published, Refused):
                raise published.raised()
            # A claim of before, which was not published then, may have been lost, too.
            item = desk.view().get(WorkItem, name)
            holder = None if item is None else item.assignee
            if holder is None or holder.casefold() != event.actor.casefold():
                hint = "prismfs bead ready lists others"
                raise ConflictError("claimed", f"{holder or 'nobody'} has it", field="/id", hint=hint)
    data = decision_document(decision) | {"subject": name, "dry_run": dry_run}
    output.result(call, data, ("would do: " if dry_run else "") + render_decision(decision))


def _unpublished(error: PrismfsError) -> PrismfsError:
    said, hint = error.problem, "it stands here; prismfs push publishes it"
    return type(error)(
        said.code,
        f"claimed, but not published: {said.message}",
        path=said.path,
        field=said.field,
        hint=f"{said.hint}; {hint}" if said.hint else hint,
    )
