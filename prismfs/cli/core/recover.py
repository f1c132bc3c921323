"""Putting back what a gesture of git, or somebody's hand, has taken from a project."""

import click

from prismfs.cli import output


@click.command("recover", epilog="\b\nExample:\n  prismfs recover --dry-run")
@output.verb(writes=True)
def command(call: output.Call, dry_run: bool) -> None:
    """Put the records back to what was seen last, and the branch that people see to the records.

    Something is to be put back only where somebody has moved the engine's own reference: what people do on the branch
    mends itself with the next turn. What stood there is kept below refs/prismfs/PID/abandoned/.
    """
    from prismfs.engine.admin.recover import recover
    from prismfs.store.repo import ProjectRepo

    with ProjectRepo(call.project()) as repo:
        steps = recover(repo, dry_run=dry_run)
    items = [{"code": step.code, "said": step.said} for step in steps]
    lines = [f"{'would do' if dry_run else 'done'}: {step.said} [{step.code}]" for step in steps]
    data = {"items": items, "total": len(items), "dry_run": dry_run}
    output.result(call, data, lines or ["nothing is to be put back"])
