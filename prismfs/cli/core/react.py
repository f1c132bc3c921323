"""`prismfs react`: one turn over everything that waits."""

from __future__ import annotations

import time
from pathlib import Path

import click

from prismfs.cli import output
from prismfs.cli.render import tell_outcome


@click.command("react", epilog="\b\nExample:\n  prismfs react && git log --oneline")
@output.verb(writes=True)
def command(call: output.Call, dry_run: bool) -> None:
    """Take in, decide and commit everything that waits now, deliver, and exit."""
    from prismfs.cli.projects import brought
    from prismfs.clock import SystemClock
    from prismfs.engine.admin import watchdog
    from prismfs.engine.tenant.clones import publish_clones
    from prismfs.engine.turn.commit_group import Outcome
    from prismfs.engine.turn.desk import Desk
    from prismfs.engine.turn.react import Moment, react, rehearse
    from prismfs.errors import PrismfsError

    clock = SystemClock()
    outcomes: list[Outcome] = []

    def turn_over(root: Path) -> bool:
        """Do what waits in one project; tell whether signals went from it into others."""
        crossed = False
        with Desk(root) as desk:
            heartbeat = watchdog.read_heartbeat(root)
            if not dry_run:
                outcomes.extend(watchdog.look(desk, clock.now(), heartbeat))
            while True:
                moment = Moment(now=clock.now(), monotonic=clock.monotonic(), wall=clock.wall())
                if dry_run:
                    outcomes.extend(rehearse(desk, moment, watchdog.events(desk, moment.now, heartbeat)))
                    return False
                turn = react(desk, moment)
                outcomes.extend(turn.outcomes)
                crossed = crossed or turn.crossed
                if turn.wait_until is not None:  # a file that was just written is taken once it is still
                    time.sleep(max(0.0, turn.wait_until - clock.monotonic()))
                elif not turn.more:
                    break
            desk.repo.bring_index()
        return crossed

    projects = brought(call)
    wrong = {project.root: project.error for project in projects if project.error is not None}
    again = True
    while again:  # what came over a bridge is work for the next round
        again = False
        for project in projects:
            try:
                again = (project.root not in wrong and turn_over(project.root)) or again
            except PrismfsError as error:  # keeps none of the tenant's others back
                wrong[project.root] = error
    if not dry_run:
        wrong |= publish_clones([one.root for one in projects if one.remote and one.root not in wrong], clock.now())
    told = [tell_outcome(outcome) for outcome in outcomes]
    lines = [line for _, line in told] or ["nothing waits"]
    if wrong:
        for line in [] if call.as_json or not told else lines:
            click.echo(line)
        first, *others = wrong.values()
        for other in others:
            click.echo(f"error: {output.safe(str(other))}", err=True)
        raise first
    output.result(call, {"items": [data for data, _ in told], "total": len(told)}, lines)
