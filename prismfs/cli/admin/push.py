"""`prismfs push`: share the branch with another clone; what was decided too late is decided again."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from prismfs.cli import output

if TYPE_CHECKING:
    from prismfs.engine.tenant.publish import Redecided


@click.command("push", epilog="\b\nExample:\n  prismfs push\n  prismfs push backup --dry-run")
@click.argument("remote", required=False)
@output.verb(writes=True)
def command(call: output.Call, remote: str | None, dry_run: bool) -> None:
    """Push the branch to its upstream, or to REMOTE under the same name.

    Where another clone was faster, what was decided here is decided again on top of it, and pushed. No hook of this
    repository runs, and nobody is asked for a password.
    """
    from prismfs.clock import SystemClock
    from prismfs.engine.tenant.publish import publish, rehearse
    from prismfs.engine.turn.desk import Desk

    now = SystemClock().now()
    with Desk(call.project()) as desk:
        done = (rehearse if dry_run else publish)(desk, now, remote)
    branch = done.branch.removeprefix("refs/heads/")
    said = f"{'would push' if dry_run else 'pushed'} {_commits(done.sent)} to {output.safe(done.remote)} ({branch})"
    lines = [said if done.sent else f"nothing to push to {output.safe(done.remote)} ({branch})"]
    if done.taken:
        lines.append(f"{_commits(done.taken)} came from there")
    if done.again:
        lost = sum(one.lost for one in done.again)
        lines.append(f"decided again: {len(done.again)}, of which {lost} came out otherwise")
    told = [_tell(one) for one in done.again]
    lines += [line for _, line in told]
    data = {
        "remote": done.remote,
        "branch": branch,
        "head": done.head,
        "sent": done.sent,
        "taken": done.taken,
        "tries": done.tries,
        "again": [document for document, _ in told],
        "dry_run": dry_run,
    }
    output.result(call, data, lines)


def _commits(number: int) -> str:
    return f"{number} commit{'' if number == 1 else 's'}"


def _tell(one: Redecided) -> tuple[dict[str, Any], str]:
    """Return one event that was decided again as an object and as a line."""
    from prismfs.cli.render import render_outcome
    from prismfs.engine.turn.commit_group import Outcome

    data, line = render_outcome(Outcome(one.event, one.decision, one.commit))
    data |= {"before": one.before, "actor": one.event.actor, "cause": one.event.cause, "lost": one.lost}
    return data, f"  {one.event.type} {one.event.kind} of {one.event.actor}: {line.strip()}"
