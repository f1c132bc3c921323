"""Verbs of a project as a whole: making one, sharing and upgrading it, its hooks, and how much lies on disk."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from prismfs.cli import output
from prismfs.engine.trust.hook_scripts import HOOKS, install
from prismfs.errors import StoreError, UsageError

if TYPE_CHECKING:
    from prismfs.engine.turn.adopt import Redecided

_STYLES = {"head": {"bold": True}, "step": {"fg": "cyan"}, "row": {}, "text": {"dim": True}}
_CLEAR_LINE = "\r\x1b[K"


@click.command("init", epilog="\b\nExample:\n  prismfs init desk --pid PID-DESK01 --tenant acme")
@click.argument("folder", type=click.Path(path_type=Path))
@click.option("--pid", required=True, help="The project's id: PID- and 3 to 32 of A-Z 0-9.")
@click.option("--tenant", help="The tenant it belongs to; tenant.yaml beside the folder is made or extended.")
@click.option("--home", is_flag=True, help="The tenant's home project: its intake desk serves every other one.")
@click.option("--separate", is_flag=True, help="Set modes so that agents can drop files and read, and nothing else.")
@click.option("--agents", metavar="GROUP", default="agents", show_default=True, help="Whose users those agents run as.")
@click.option("--beside", is_flag=True, help="FOLDER is a repository of code: the project is a branch beside it.")
@click.option("--at", metavar="NAME", help="In which folder of the code, with --beside.  [default: .prismfs]")
@click.option("--no-hooks", is_flag=True, help="Leave the git hooks out, which check what people commit.")
@output.verb(writes=True)
def init(
    call: output.Call,
    folder: Path,
    pid: str,
    tenant: str | None,
    home: bool,
    separate: bool,
    agents: str,
    beside: bool,
    at: str | None,
    no_hooks: bool,
    dry_run: bool,
) -> None:
    """Make FOLDER a project: a git repository with settings, a roster, an inbox and git hooks.

    With --separate it belongs to the user who calls this, and the watcher is to run as that user (docs/trust.md). With
    --beside it lies in FOLDER/.prismfs, on a branch of its own in the code's repository, whose branches and files
    are not touched.
    """
    from prismfs.engine.admin import beside as beside_code
    from prismfs.engine.admin import isolation
    from prismfs.engine.admin.init_project import BRIDGES, check_alone, init_project
    from prismfs.engine.admin.membership import home_for, join_tenant
    from prismfs.kinds.care.settings.consent import TEXT
    from prismfs.kinds.core.settings.project import Project

    if at is not None and not beside:
        raise UsageError("usage", "--at goes with --beside", hint="prismfs init --help")
    code = beside_code.top_of(folder) if beside else folder
    folder = beside_code.folder_in(code, at) if beside else folder
    check_alone(folder)
    writes = beside_code.planned(code, folder, pid) if beside else ()
    known = None if tenant is None else home_for(folder, pid, tenant, home=home)
    document: dict[str, Any] = {
        "kind": "project",
        "version": 1,
        "pid": pid,
        "tenant": tenant or "local",
        "home": home if known is None else {"pid": known[1].pid, "root": known[1].root},
        "operators": [call.actor()],
        "bridges": list(BRIDGES) if home else [],
    }
    project = Project.from_document(document)
    if separate:
        isolation.check_separable(folder, agents)
    if dry_run:
        plan = {"path": str(folder), "project": document, "writes": list(writes)}
        lines = [f"would make {folder} project {pid}", *(f"  would write {line}" for line in writes)]
        output.result(call, {"plan": plan, "dry_run": True}, lines)
        return
    for line in writes:
        click.echo(f"writes {line}", err=True)
    if beside:
        beside_code.add_work_tree(code, folder, pid)
        _warn_where_shown(code, folder)
    commit, made = init_project(folder, project=project, now=call.now())
    joined = [] if tenant is None else join_tenant(folder, pid, known, actor=call.actor(), now=call.now())
    installed, kept = ([], []) if no_hooks else install(folder)
    if separate:
        isolation.separate(folder, agents)
    lines = [
        f"{'made' if made else 'is already'} project {pid} in {folder} (commit {commit[:12]})",
        f"  drop files into {folder / 'inbox'}, or: prismfs -C {folder} signal send --help",
        f"  serve it with: prismfs -C {folder} watch",
        *(f"  {line}" for line in joined),
        *(f"  kept the hook {name}: it is not ours" for name in kept),
        f"note: {' '.join(TEXT.split())}",
    ]
    data = {"pid": pid, "path": str(folder.resolve()), "commit": commit, "made": made, "dry_run": False}
    data["hooks"] = {"installed": installed, "kept": kept}
    data["isolation"] = isolation.isolation_of(folder).form
    output.result(call, data, lines)


@click.command("attach", epilog="\b\nExample:\n  prismfs attach ../code")
@click.argument("folder", type=click.Path(path_type=Path), default=".")
@click.option("--pid", help="Which project, where the repository has several.")
@click.option("--at", metavar="NAME", help="In which folder of the code.  [default: .prismfs]")
@output.verb(writes=True)
def attach(call: output.Call, folder: Path, pid: str | None, at: str | None, dry_run: bool) -> None:
    """Bring the project beside the code in FOLDER to FOLDER/.prismfs: in a clone, or where something is missing."""
    from prismfs.engine.admin import beside

    folder = beside.top_of(folder)
    place = beside.folder_in(folder, at)
    if dry_run:
        output.result(call, {"path": str(place), "pid": pid, "dry_run": True}, f"would bring the project to {place}")
        return
    pid = beside.attach(folder, place, pid)
    _warn_where_shown(folder, place)
    output.result(call, {"path": str(place), "pid": pid, "dry_run": False}, f"{pid} is in {place}")


def _warn_where_shown(code: Path, folder: Path) -> None:
    """Name the line that the code's own .gitignore lacks."""
    from prismfs.engine.admin.beside import shown_as

    line = shown_as(code, folder)
    if line is not None:
        said = f"a .gitignore of the code shows {folder.name}/ all the same: git add would take it in"
        click.echo(f"note: {said}. Let that file end with {line}", err=True)


@click.command("demo", epilog="\b\nExample:\n  prismfs demo --keep /tmp/desk")
@click.option("--keep", "folder", type=click.Path(path_type=Path), help="A new folder to work in and keep.")
@output.verb()
def demo(call: output.Call, folder: Path | None) -> None:
    """Run the main job: two projects, a real watcher, real reports, from signal to resolution."""
    from prismfs.demo import run_demo

    def say(style: str, line: str) -> None:
        if call.as_json:
            return
        if sys.stdout.isatty():
            click.echo(_CLEAR_LINE, nl=False)
        if style == "progress":
            click.echo(f"  … {line}", nl=False) if sys.stdout.isatty() else None
            return
        if style == "head":
            click.echo()
        mark = {"head": "", "step": "» ", "row": "    ", "text": "  "}[style]
        click.secho(output.safe(mark + line), **_STYLES[style])  # type: ignore[arg-type]
        sys.stdout.flush()

    output.result(call, run_demo(folder, say))


@click.command("upgrade", epilog="\b\nExample:\n  prismfs upgrade --dry-run")
@output.verb(writes=True)
def upgrade(call: output.Call, dry_run: bool) -> None:
    """Write the files that an older prismfs wrote in the form of this one, all in one commit.

    An operator may, and whom the roster allows upgrade. Nothing has to be: a file of an older version is read as if
    it were of today's. Where one of the files has changes that are not committed, all of it is refused (edited).
    With trust: signed, protected files are named and left to a signed commit.
    """
    from prismfs.kinds import KINDS

    versions = {kind.name: kind.version for kind in KINDS.values()}
    call.submit("upgrade", {"versions": versions}, dry_run=dry_run)


@click.command("archive", epilog="\b\nExample:\n  prismfs archive --before 2026-03\n  prismfs archive --none")
@click.option("--before", metavar="MONTH", help="Take out every month before this one (2026-03).")
@click.option("--none", "bring_back", is_flag=True, help="Bring every month back.")
@output.verb(writes=True)
def archive(call: output.Call, before: str | None, bring_back: bool, dry_run: bool) -> None:
    """Take old months out of the working tree. History keeps them; show, list and log still find them."""
    from prismfs.engine.admin.archive import archive_months

    if bring_back == (before is not None):
        raise UsageError("usage", "say either --before MONTH or --none", hint="prismfs archive --help")
    with call.desk() as desk:
        done = archive_months(desk, before, dry_run=dry_run)
    verb = "would take out" if dry_run else "out of the working tree"
    lines = [f"{verb}: {', '.join(done.months) or 'nothing'}; {done.files_on_disk} files on disk"]
    output.result(call, {"months": list(done.months), "files_on_disk": done.files_on_disk, "dry_run": dry_run}, lines)


@click.command("push", epilog="\b\nExample:\n  prismfs push\n  prismfs push backup --dry-run")
@click.argument("remote", required=False)
@output.verb(writes=True)
def push(call: output.Call, remote: str | None, dry_run: bool) -> None:
    """Push the branch to its upstream, or to REMOTE under the same name.

    Where another clone was faster, what was decided here is decided again on top of it, and pushed. No hook of this
    repository runs, and nobody is asked for a password.
    """
    from prismfs.engine.tenant.publish import publish, rehearse
    from prismfs.engine.trust.report import counted

    with call.desk() as desk:
        done = rehearse(desk, remote) if dry_run else publish(desk, call.now(), remote)
    branch = done.branch.removeprefix("refs/heads/")
    where = f"{output.safe(done.remote)} ({branch})"
    said = f"{'would push' if dry_run else 'pushed'} {counted(done.sent, 'commit')} to {where}"
    lines = [said if done.sent else f"nothing to push to {where}"]
    if done.taken:
        lines.append(f"{counted(done.taken, 'commit')} came from there")
    if done.again:
        lost = sum(one.lost for one in done.again)
        lines.append(f"decided again: {len(done.again)}, of which {lost} came out otherwise")
    if done.unwitnessed is not None:
        lines.append(f"the engine's checkpoint is not there: {output.one_line(str(done.unwitnessed))}")
    told = [_tell(one) for one in done.again]
    lines += [line for _, line in told]
    data: dict[str, Any] = {"remote": done.remote, "branch": branch, "head": done.head}
    data |= {"sent": done.sent, "taken": done.taken, "tries": done.tries}
    data |= {"again": [document for document, _ in told], "dry_run": dry_run}
    data["unwitnessed"] = done.unwitnessed and done.unwitnessed.as_document()
    output.result(call, data, lines)


@click.group("hooks", epilog="\b\nExample:\n  prismfs hooks install")
def hooks() -> None:
    """Install or run the git hooks: they check what people commit, merge and push."""


@hooks.command("install", epilog="\b\nExample:\n  prismfs hooks install\n  prismfs -C /srv/desk.git hooks install")
@output.verb(writes=True)
def install_hooks(call: output.Call, dry_run: bool) -> None:
    """Write the hook scripts of the project, or of a bare repository; a foreign hook is left as it is and named."""
    from prismfs.store.git.place import is_bare

    folder = call.directory.resolve()
    written, kept = install(folder if is_bare(folder) else call.project(), dry_run=dry_run)
    lines = [f"{'would install' if dry_run else 'installed'} {name}" for name in written]
    lines += [f"kept {name}: it is not ours" for name in kept]
    lines = lines or ["none: the hooks of this repository are those of the code"]
    output.result(call, {"installed": written, "kept": kept, "dry_run": dry_run}, lines)


@hooks.command("run", epilog="\b\nExample:\n  prismfs hooks run pre-commit")
@click.argument("name", type=click.Choice(HOOKS))
@click.argument("arguments", nargs=-1)
@output.verb()
def run_hook(call: output.Call, name: str, arguments: tuple[str, ...]) -> int:
    """Do what the hook NAME does; git calls this. Where no project is, there is nothing to check."""
    from prismfs.engine.trust.hook_run import run

    lines = sys.stdin.read().splitlines() if name == "pre-receive" and not sys.stdin.isatty() else []
    try:
        root = Path.cwd() if name == "pre-receive" else call.project()
    except StoreError:  # a branch that the project is not on
        return 0
    problems = run(name, root, arguments, lines)
    texts = [output.one_line(f"{problem} [{problem.code}]") for problem in problems]
    output.result(call, {"problems": [problem.as_document() for problem in problems]}, texts)
    return 1 if problems else 0


def _tell(one: Redecided) -> tuple[dict[str, Any], str]:
    """Return one event that was decided again as an object and as a line."""
    from prismfs.cli.render import render_outcome
    from prismfs.engine.turn.commit_group import Outcome

    data, line = render_outcome(Outcome(one.event, one.decision, one.commit))
    data |= {"before": one.before, "actor": one.event.actor, "cause": one.event.cause, "lost": one.lost}
    return data, f"  {one.event.type} {one.event.kind} of {one.event.actor}: {line.strip()}"
