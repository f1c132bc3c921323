"""`prismfs init`: make a folder a project."""

import getpass
from pathlib import Path

import click

from prismfs.cli import output


@click.command("init", epilog="\b\nExample:\n  prismfs init desk --pid PID-DESK01 --tenant acme")
@click.argument("folder", type=click.Path(path_type=Path))
@click.option("--pid", required=True, help="The project's id: PID- and 3 to 32 of A-Z 0-9.")
@click.option("--tenant", help="The tenant it belongs to; tenant.yaml beside the folder is made or extended.")
@click.option("--home", is_flag=True, help="The tenant's home project: its intake desk serves every other one.")
@output.verb(writes=True)
def command(call: output.Call, folder: Path, pid: str, tenant: str | None, home: bool, dry_run: bool) -> None:
    """Make FOLDER a project: a git repository with settings, a roster and an inbox."""
    from prismfs.clock import SystemClock
    from prismfs.engine.admin.init_project import BRIDGES, init_project, read_tenant, register
    from prismfs.kinds.care.settings.consent import TEXT
    from prismfs.kinds.core.settings.project import Project
    from prismfs.records.document import Document

    document: Document = {
        "kind": "project",
        "version": 1,
        "pid": pid,
        "tenant": tenant or "local",
        "home": home,
        "operators": [call.identity or getpass.getuser()],
        "bridges": list(BRIDGES) if home else [],
    }
    project = Project.from_document(document)
    known = None if tenant is None else read_tenant(folder.resolve().parent)
    bridged = known is not None and known.home not in (None, pid)
    if dry_run:
        plan = {"path": str(folder), "project": document}
        output.result(call, {"plan": plan, "dry_run": True}, f"would make {folder} project {pid}")
        return
    commit, made = init_project(folder, project=project, now=SystemClock().now(), bridged=bridged)
    if tenant is not None:
        register(folder, project)
    lines = [
        f"{'made' if made else 'is already'} project {pid} in {folder} (commit {commit[:12]})",
        f"  drop files into {folder / 'inbox'}, or: prismfs -C {folder} signal send --help",
        f"  serve it with: prismfs -C {folder} watch",
        *([f"  its intake desk is in the home project {known.home}"] if bridged and known is not None else []),
        f"note: {' '.join(TEXT.split())}",
    ]
    output.result(
        call, {"pid": pid, "path": str(folder.resolve()), "commit": commit, "made": made, "dry_run": False}, lines
    )
