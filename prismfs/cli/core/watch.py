"""`prismfs watch`: serve a project or a tenant until stopped."""

from __future__ import annotations

import signal
from contextlib import ExitStack
from typing import Any

import click

from prismfs.cli import output


@click.command("watch", epilog="\b\nExample:\n  prismfs -C desk watch\n  prismfs -C desk watch --once-idle")
@click.option("--once-idle", is_flag=True, help="Stop when nothing is left to do.")
@output.verb()
def command(call: output.Call, once_idle: bool) -> None:
    """Take in, decide, commit and deliver as things happen. SIGTERM and Ctrl-C finish the turn.

    In a tenant's folder every project is served that can be; of the others the complaint says why.
    """
    from prismfs.cli.projects import brought
    from prismfs.cli.render import tell_outcome
    from prismfs.clock import SystemClock
    from prismfs.daemon.loop import Watcher
    from prismfs.engine.turn.desk import Desk
    from prismfs.engine.turn.react import Turn
    from prismfs.errors import PrismfsError

    def report(desk: Desk, turn: Turn) -> None:
        for outcome in turn.outcomes:
            data, line = tell_outcome(outcome)
            output.stream(call, {"project": desk.root.name, **data}, f"{desk.root.name}  {line}" if several else line)

    def complain(desk: Desk, error: PrismfsError) -> None:
        output.print_error(error.problem.at(error.problem.path or str(desk.root)), as_json=call.as_json)

    def notice(text: str) -> None:
        click.echo(f"note: {text}", err=True)

    with ExitStack() as stack:
        desks, clones, wrong = [], [], []
        for project in brought(call):
            try:
                if project.error is not None:
                    raise project.error
                desks.append(stack.enter_context(Desk(project.root)))
                clones += [project.root] if project.remote else []
            except PrismfsError as error:
                wrong.append(error)
                output.print_error(error.problem.at(error.problem.path or str(project.root)), as_json=call.as_json)
        if not desks:
            raise wrong[-1]
        several = len(desks) + len(wrong) > 1
        watcher = Watcher(desks, clock=SystemClock(), clones=clones, report=report, complain=complain, notice=notice)

        def stop(*_: Any) -> None:
            watcher.stop()

        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, stop)
        names = ", ".join(desk.root.name for desk in desks)
        click.echo(f"watching {names}; stop with Ctrl-C", err=True)
        watcher.run(once=once_idle)
        if once_idle and wrong:
            raise wrong[0]
