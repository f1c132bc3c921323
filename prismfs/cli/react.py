"""`prismfs react`: one turn over everything that waits."""

from __future__ import annotations

import time

import click

from prismfs.cli import output
from prismfs.cli.telling import tell_outcome


@click.command("react", epilog="\b\nExample:\n  prismfs react && git log --oneline")
@output.verb(writes=True)
def command(call: output.Call, dry_run: bool) -> None:
    """Take in, decide and commit everything that waits now, deliver, and exit."""
    from prismfs.clock import SystemClock
    from prismfs.engine.desk import Desk
    from prismfs.engine.react import Moment, react, rehearse
    from prismfs.engine.settle import Outcome

    clock = SystemClock()
    outcomes: list[Outcome] = []
    for root in call.projects():
        with Desk(root) as desk:
            while True:
                moment = Moment(now=clock.now(), monotonic=clock.monotonic(), wall=clock.wall())
                if dry_run:
                    outcomes += rehearse(desk, moment)
                    break
                turn = react(desk, moment)
                outcomes += turn.outcomes
                if turn.wait_until is not None:  # a file that was just written is taken once it is still
                    time.sleep(max(0.0, turn.wait_until - clock.monotonic()))
                elif not turn.more:
                    break
            if not dry_run:
                desk.repo.bring_index()
    told = [tell_outcome(outcome) for outcome in outcomes]
    lines = [line for _, line in told] or ["nothing waits"]
    output.result(call, {"items": [data for data, _ in told], "total": len(told)}, lines)
