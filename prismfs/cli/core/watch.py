"""`prismfs watch`: serve a project or a tenant until stopped."""

import logging
import signal
import sys
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import click

from prismfs.cli import output
from prismfs.errors import PrismfsError

_log = logging.getLogger(__name__)


@click.command(
    "watch",
    epilog="\b\nExample:\n  prismfs -C desk watch\n  prismfs -C desk watch --once-idle\n"
    "  prismfs -C desk watch --log-json 2>> desk.log",
)
@click.option("--once-idle", is_flag=True, help="Stop when nothing is left to do.")
@click.option("--log-json", is_flag=True, help="Log on stderr as JSON, one object a line, instead of text.")
@output.verb()
def command(call: output.Call, once_idle: bool, log_json: bool) -> None:
    """Take in, decide, commit and deliver as things happen. SIGTERM and Ctrl-C finish the turn.

    In a tenant's folder every project is served that can be; of the others the complaint says why.
    """
    from prismfs.daemon.log_lines import start_logging

    start_logging(sys.stderr, as_json=log_json)
    printed = _Printed(call, log_json)
    try:
        _watch(call, printed, once_idle=once_idle)
    except PrismfsError as error:
        _log_error(error, call.directory)
        if printed.complaints:
            raise
        # stderr holds objects alone, to its last line
        raise click.exceptions.Exit(error.exit_code) from error


class _Printed:
    """What a watcher prints for people; with `log_json` the log has all but the decisions."""

    def __init__(self, call: output.Call, log_json: bool) -> None:
        self._call = call
        self._log_json = log_json
        self.complaints = call.as_json or not log_json
        self.several = False

    def report(self, desk: Any, turn: Any) -> None:
        from prismfs.cli.render import render_outcome

        for outcome in turn.outcomes:
            data, line = render_outcome(outcome)
            name = desk.root.name
            output.stream(self._call, {"project": name, **data}, f"{name}  {line}" if self.several else line)

    def complain(self, root: Path, error: PrismfsError) -> None:
        if self.complaints:
            output.print_error(error.problem.at(error.problem.path or str(root)), as_json=self._call.as_json)

    def note(self, text: str) -> None:
        if not self._log_json:
            click.echo(text, err=True)


def _watch(call: output.Call, printed: _Printed, *, once_idle: bool) -> None:
    from prismfs.cli.projects import served_projects
    from prismfs.clock import SystemClock
    from prismfs.daemon.loop import Watcher
    from prismfs.engine.turn.desk import Desk

    with ExitStack() as stack:
        desks, clones, wrong = [], [], []
        for project in served_projects(call):
            try:
                if project.error is not None:
                    raise project.error
                desks.append(stack.enter_context(Desk(project.root)))
                clones += [project.root] if project.remote else []
            except PrismfsError as error:
                wrong.append(error)
                _log_error(error, project.root)
                printed.complain(project.root, error)
        if not desks:
            raise wrong[-1]
        printed.several = len(desks) + len(wrong) > 1
        watcher = Watcher(
            desks,
            clock=SystemClock(),
            clones=clones,
            report=printed.report,
            complain=lambda desk, error: printed.complain(desk.root, error),
            notice=lambda text: printed.note(f"note: {text}"),
        )
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: watcher.stop())
        printed.note(f"watching {', '.join(desk.root.name for desk in desks)}; stop with Ctrl-C")
        watcher.run(once=once_idle)
        if once_idle and wrong:
            raise wrong[0]


def _log_error(error: PrismfsError, root: Path) -> None:
    _log.error("failed", extra={"project": root.name, "code": error.code})
