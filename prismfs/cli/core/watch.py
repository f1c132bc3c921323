"""`prismfs react` and `prismfs watch`: one turn over everything that waits, or one after the other until stopped."""

from __future__ import annotations

import gc
import logging
import signal
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import click

from prismfs.cli import output
from prismfs.errors import PrismfsError

if TYPE_CHECKING:
    from prismfs.engine.tenant.clones import TenantProject
    from prismfs.engine.turn.commit_group import Outcome
    from prismfs.engine.turn.desk import Desk
    from prismfs.engine.turn.react import Turn

_log = logging.getLogger(__name__)


@click.command("react", epilog="\b\nExample:\n  prismfs react && git log --oneline")
@output.verb(writes=True)
def react(call: output.Call, dry_run: bool) -> None:
    """Take in, decide and commit everything that waits now, deliver, and exit."""
    from prismfs.cli.render import render_outcome
    from prismfs.engine.tenant.clones import publish_clones

    projects = _served_projects(call)
    outcomes, wrong = _react_until_all_idle(projects, dry_run=dry_run)
    if not dry_run:
        clones = [one.root for one in projects if one.remote and one.root not in wrong]
        wrong |= publish_clones(clones, call.now())
    rendered = [render_outcome(outcome) for outcome in outcomes]
    lines = [line for _, line in rendered]
    if wrong:
        for line in () if call.as_json else lines:
            click.echo(line)
        first, *others = wrong.values()
        for other in others:
            click.echo(f"error: {output.safe(str(other))}", err=True)
        raise first
    data = {"items": [data for data, _ in rendered], "total": len(rendered), "dry_run": dry_run}
    output.result(call, data, lines or ["nothing waits"])


def _served_projects(call: output.Call) -> list[TenantProject]:
    """Return the project of the call, or those of its tenant, with remote ones cloned; each holds its own error.

    Raises:
        StoreError: `no_project`.
        ConfigError: `tenant.yaml` is invalid.
    """
    from prismfs.engine.tenant.clones import TenantProject, find_projects

    start = call.directory.resolve()
    if (start / "tenant.yaml").is_file():
        return find_projects(start)
    return [TenantProject("", call.project(), remote=False)]


def _react_until_all_idle(
    projects: list[TenantProject], *, dry_run: bool
) -> tuple[list[Outcome], dict[Path, PrismfsError]]:
    """Do turns while something waits in any project; return what was decided, and what is wrong with which project."""
    outcomes: list[Outcome] = []
    wrong = {project.root: project.error for project in projects if project.error is not None}
    again = True
    while again:  # what came over a bridge is work for the next round
        again = False
        for root in [project.root for project in projects if project.root not in wrong]:
            try:
                again = _react_until_idle(root, outcomes, dry_run=dry_run) or again
            except PrismfsError as error:  # keeps none of the tenant's others back
                wrong[root] = error
    return outcomes, wrong


def _react_until_idle(root: Path, outcomes: list[Outcome], *, dry_run: bool) -> bool:
    """Do turns over one project while something waits, adding to `outcomes`; tell whether signals left it."""
    from prismfs.clock import SystemClock
    from prismfs.engine.admin import watchdog
    from prismfs.engine.admin.isolation import keep_group_reading
    from prismfs.engine.turn import react as turns
    from prismfs.engine.turn.desk import Desk

    clock = SystemClock()
    crossed = False
    keep_group_reading(root)
    with Desk(root) as desk:
        heartbeat = watchdog.read_heartbeat(root)
        if not dry_run:
            outcomes += watchdog.report_standstill(desk, clock.now(), heartbeat)
        while True:
            moment = turns.Moment(now=clock.now(), monotonic=clock.monotonic(), wall=clock.wall())
            if dry_run:
                standstill = watchdog.standstill_events(desk, moment.now, heartbeat)
                outcomes += turns.rehearse(desk, moment, standstill)
                return False
            turn = turns.react(desk, moment)
            outcomes += turn.outcomes
            crossed = crossed or turn.crossed
            if turn.wait_until is not None:  # a file that was just written is taken once it is still
                time.sleep(max(0.0, turn.wait_until - clock.monotonic()))
            elif not turn.more:
                break
    return crossed


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

    gc.set_threshold(10_000, 10, 10)  # it lives for long, unlike other commands; with Python's 700 it is 5 % of a storm
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

    def report(self, desk: Desk, turn: Turn) -> None:
        from prismfs.cli.render import outcome_document, outcome_line

        name, as_json = desk.root.name, self._call.as_json
        with _unless_disk_full():
            for outcome in turn.outcomes:
                data = {"project": name, **outcome_document(outcome)} if as_json else {}  # in a storm it costs to make
                line = "" if as_json else outcome_line(outcome)
                output.stream(self._call, data, f"{name}  {line}" if self.several else line)

    def complain(self, root: Path, error: PrismfsError) -> None:
        with _unless_disk_full():
            if self.complaints:
                output.print_error(error.problem.at(error.problem.path or str(root)), as_json=self._call.as_json)

    def note(self, text: str) -> None:
        if not self._log_json:
            click.echo(text, err=True)


@contextmanager
def _unless_disk_full() -> Iterator[None]:
    """Leave a line out that the disk has no room for: the watcher goes on."""
    try:
        yield
    except BrokenPipeError:
        raise
    except OSError:
        return


def _watch(call: output.Call, printed: _Printed, *, once_idle: bool) -> None:
    from prismfs.cli.answers import begin_commands
    from prismfs.clock import SystemClock
    from prismfs.daemon.loop import Watcher
    from prismfs.engine.admin.isolation import keep_group_reading
    from prismfs.engine.turn.desk import Desk

    with ExitStack() as stack:
        desks, clones, wrong = [], [], []
        for project in _served_projects(call):
            try:
                if project.error is not None:
                    raise project.error
                keep_group_reading(project.root)
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
            answer=begin_commands,
        )
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: watcher.stop())
        printed.note(f"watching {', '.join(desk.root.name for desk in desks)}; stop with Ctrl-C")
        watcher.run(once=once_idle)
        if once_idle and wrong:
            raise wrong[0]


def _log_error(error: PrismfsError, root: Path) -> None:
    _log.error("failed", extra={"project": root.name, "code": error.code})
