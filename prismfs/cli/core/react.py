"""`prismfs react`: one turn over everything that waits."""

import time
from pathlib import Path

import click

from prismfs.cli import output
from prismfs.cli.render import render_outcome
from prismfs.engine.turn.commit_group import Outcome


@click.command("react", epilog="\b\nExample:\n  prismfs react && git log --oneline")
@output.verb(writes=True)
def command(call: output.Call, dry_run: bool) -> None:
    """Take in, decide and commit everything that waits now, deliver, and exit."""
    from prismfs.cli.projects import served_projects
    from prismfs.clock import SystemClock
    from prismfs.engine.tenant.clones import publish_clones
    from prismfs.errors import PrismfsError

    outcomes: list[Outcome] = []
    projects = served_projects(call)
    wrong = {project.root: project.error for project in projects if project.error is not None}
    again = True
    while again:  # what came over a bridge is work for the next round
        again = False
        for project in projects:
            try:
                if project.root not in wrong:
                    again = _react_until_idle(project.root, outcomes, dry_run=dry_run) or again
            except PrismfsError as error:  # keeps none of the tenant's others back
                wrong[project.root] = error
    if not dry_run:
        clones = [one.root for one in projects if one.remote and one.root not in wrong]
        wrong |= publish_clones(clones, SystemClock().now())
    rendered = [render_outcome(outcome) for outcome in outcomes]
    lines = [line for _, line in rendered] or ["nothing waits"]
    if wrong:
        for line in [] if call.as_json or not rendered else lines:
            click.echo(line)
        first, *others = wrong.values()
        for other in others:
            click.echo(f"error: {output.safe(str(other))}", err=True)
        raise first
    output.result(call, {"items": [data for data, _ in rendered], "total": len(rendered), "dry_run": dry_run}, lines)


def _react_until_idle(root: Path, outcomes: list[Outcome], *, dry_run: bool) -> bool:
    """Do turns over one project while something waits, adding to `outcomes`; tell whether signals left it."""
    from prismfs.clock import SystemClock
    from prismfs.engine.admin import watchdog
    from prismfs.engine.turn.desk import Desk
    from prismfs.engine.turn.react import Moment, react, rehearse

    clock = SystemClock()
    crossed = False
    with Desk(root) as desk:
        heartbeat = watchdog.read_heartbeat(root)
        if not dry_run:
            outcomes += watchdog.report_standstill(desk, clock.now(), heartbeat)
        while True:
            moment = Moment(now=clock.now(), monotonic=clock.monotonic(), wall=clock.wall())
            if dry_run:
                outcomes += rehearse(desk, moment, watchdog.standstill_events(desk, moment.now, heartbeat))
                return False
            turn = react(desk, moment)
            outcomes += turn.outcomes
            crossed = crossed or turn.crossed
            if turn.wait_until is not None:  # a file that was just written is taken once it is still
                time.sleep(max(0.0, turn.wait_until - clock.monotonic()))
            elif not turn.more:
                break
        desk.repo.bring_index()
    return crossed
