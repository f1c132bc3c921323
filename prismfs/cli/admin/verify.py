"""`prismfs verify`: decide every commit again."""

import sys

import click

from prismfs.cli import output


@click.command("verify", epilog="\b\nExample:\n  prismfs verify --since v1.0")
@click.option("--since", metavar="REV", help="Judge only commits after this one.")
@output.verb()
def command(call: output.Call, since: str | None) -> int:
    """Decide every commit again by its own version of the rules, and compare; check the audit chain.

    Exit 1 if one differs.
    """
    from prismfs.engine.trust.verify import verify
    from prismfs.errors import StoreError
    from prismfs.store.repo import ProjectRepo

    with ProjectRepo(call.project()) as repo:
        start = None if since is None else repo.git.resolve(f"{since}^{{commit}}")
        if since is not None and start is None:
            raise StoreError("unknown_commit", "is no commit here", path=since)
        snapshot = repo.snapshot()
        if snapshot.seen is not None:
            repo.news(snapshot)  # refuses a branch that lost the commit seen last
        found = verify(repo.git, until=snapshot.commit, since=start, progress=_progress(call))
    lines = [
        f"{found.commits} commits: {found.decided} decided again and equal ({found.older} by older rules), "
        f"{found.foreign} made by people; {found.rows} audit rows in one chain"
    ]
    for problem in found.problems:
        lines.append(click.style(output.one_line(f"{problem} [{problem.code}]"), fg="red"))
    lines.append("the history is what the rules make of it" if not found.problems else "the history does not verify")
    output.result(call, found.to_document(), lines)
    return 1 if found.problems else 0


def _progress(call: output.Call):  # type: ignore[no-untyped-def]
    if call.as_json or not sys.stderr.isatty():
        return lambda _: None
    return lambda number: click.echo(f"\r{number} commits", err=True, nl=False) if number % 100 == 0 else None
