"""What is wrong: with record files and drops, whose form the schemas give; with a project; with its history."""

import json
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import asdict
from pathlib import Path

import click

from prismfs.cli import output
from prismfs.errors import RecordError, StoreError

_COLOURS = {"proven": "green", "repaired": "yellow", "undecidable": "red"}
_END = (
    "the history is what the rules make of it",
    "nothing contradicts the history, and {} of it cannot be decided here",
)


@click.command("check", epilog="\b\nExample:\n  prismfs check settings/triage.yaml inbox/report.yaml")
@click.argument("paths", nargs=-1, type=click.Path(path_type=Path))
@output.verb()
def command(call: output.Call, paths: tuple[Path, ...]) -> int:
    """Check PATHs: records by their place in the project, other files as drops. Without PATH: all records."""
    from prismfs.engine.admin.check import check_file

    try:
        root: Path | None = call.project()
    except StoreError:
        if not paths:
            raise
        root = None
    found = [check_file(path, root) for path in paths or _records(root)]
    problems = [problem for problem in found if problem is not None]
    data = {"checked": len(found), "problems": [problem.as_document() for problem in problems]}
    lines = [output.one_line(f"{problem} [{problem.code}]") for problem in problems]
    output.result(call, data, [*lines, f"{len(found)} checked, {len(problems)} invalid"])
    return 1 if problems else 0


@click.command("emit", epilog="\b\nExample:\n  prismfs emit report.yaml\n  make-report | prismfs emit -")
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--sign", "key", type=click.Path(path_type=Path), help="An SSH key of the sender's roster entry.")
@output.verb(writes=True)
def emit(call: output.Call, file: Path, key: Path | None, dry_run: bool) -> None:
    """Check FILE (- reads standard input) as a drop and put it into the project's inbox.

    With --sign its signature goes beside it: so alone a file carries the rights of who it is from. KEY is a private
    key, or the public half of one that ssh-agent holds.
    """
    import tempfile

    from prismfs.cli.write_drop import drop_bytes
    from prismfs.engine.admin.check import check_drop
    from prismfs.engine.trust.drop_proof import sign

    root = call.project()
    try:
        data = sys.stdin.buffer.read() if str(file) == "-" else file.read_bytes()
    except OSError as error:
        raise StoreError("unreadable", str(error.strerror), path=str(file)) from error
    suffix = "json" if data.lstrip()[:1] == b"{" else "yaml"
    with tempfile.TemporaryDirectory() as folder:
        copy = Path(folder) / f"drop.{suffix}"
        copy.write_bytes(data)
        problem = check_drop(copy)
    if problem is not None:
        raise RecordError(problem.code, problem.message, path=str(file), field=problem.field, hint=problem.hint)
    signature = None if key is None else sign(data, key)
    name = None if dry_run else drop_bytes(root, data, suffix=suffix, signature=signature)
    output.result(call, {"file": name, "dry_run": dry_run}, f"{'would drop' if dry_run else 'dropped'} {name or file}")


@click.command("schema", epilog="\b\nExample:\n  prismfs schema --write schemas")
@click.option("--write", "folder", type=click.Path(path_type=Path), help="Write one file a kind into this folder.")
@output.verb()
def schema(call: output.Call, folder: Path | None) -> None:
    """Give the JSON Schema of every record kind and of every form that may be dropped."""
    from prismfs.schema import schema_files

    files = schema_files()
    if folder is None:
        data = {name: json.loads(text) for name, text in files.items()}
        output.result(call, data, json.dumps(data, indent=2))
        return
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in files.items():
        (folder / name).write_bytes(text)
    output.result(call, {"written": sorted(files)}, f"{len(files)} schemas in {folder}")


@click.command("doctor", epilog="\b\nExample:\n  prismfs doctor --json")
@output.verb()
def doctor(call: output.Call) -> int:
    """Check git, the repository's configuration, settings, the working tree, the inbox and the watcher.

    In a tenant's folder its file and all its projects are looked over.
    """
    from prismfs.engine.admin.doctor import Finding, examine, examine_tenant

    now, folder = call.now(), call.directory.resolve()
    if (folder / "tenant.yaml").is_file():
        findings = examine_tenant(folder)
        valid = findings[0].problem is None
        for root in call.projects() if valid else ():
            if root.is_dir():
                findings += [Finding(f"{root.name}: {one.subject}", one.problem) for one in examine(root, now)]
    else:
        findings = examine(call.project(), now)
    items, lines = [], []
    for finding in findings:
        problem = finding.problem
        items.append({"subject": finding.subject, "problem": problem and problem.as_document()})
        if problem is None:
            lines.append(f"{click.style('ok  ', fg='green')}  {finding.subject}")
        else:
            lines.append(f"{click.style('look', fg='red')}  {finding.subject}: {output.one_line(str(problem))}")
    output.result(call, {"items": items, "total": len(items)}, lines)
    return 1 if any(finding.problem for finding in findings) else 0


@click.command("verify", epilog="\b\nExample:\n  prismfs verify --since v1.0\n  prismfs verify --against origin")
@click.option("--since", metavar="REV", help="Judge only commits after this one.")
@click.option("--against", metavar="FILE|REMOTE", help="Hold the records against a checkpoint, or those of a remote.")
@click.option("--full", is_flag=True, help="Decide all commits again, whatever was verified before.")
@output.verb()
def verify(call: output.Call, since: str | None, against: str | None, full: bool) -> int:
    """Decide every commit again by its own version of the rules, and compare; check signatures and the audit chain.

    Where this user has verified the records here without a finding, only what came since is; the report says so.

    At the end stands what is proven, what was repaired, and what is undecidable, and why. Exit 0 if there is no
    problem and nothing is undecidable, else 1. A checkpoint is what `prismfs witness export` writes.
    """
    from prismfs.engine.admin.isolation import isolation_of
    from prismfs.engine.trust.report import conclude
    from prismfs.store.repo import ProjectRepo

    with ProjectRepo(call.project()) as repo:
        with repo.work_tree() as git:  # a revision as people name it
            start = None if since is None else git.resolve(f"{since}^{{commit}}")
        if since is not None and start is None:
            raise StoreError("unknown_commit", "is no commit here", path=since)
        found, told, whole = conclude(repo, since=start, against=against, full=full, progress=_progress(call))
    lines = [click.style(output.one_line(f"{problem} [{problem.code}]"), fg="red") for problem in found.problems]
    lines += [
        f"{click.style(f'{line.word:11}', fg=_COLOURS[line.word])}  {output.one_line(line.said)}" for line in told
    ]
    if whole is not None:
        lines.append(output.one_line(f"all of it was decided again: {whole}"))
    form = isolation_of(call.project())
    lines.append(f"isolation: {form.form} ({form.meaning})")
    open_ = sum(line.word == "undecidable" for line in told)
    lines.append("the history does not verify" if found.problems else _END[open_ > 0].format(open_))
    data = found.to_document() | {"isolation": form.form, "report": [asdict(line) for line in told], "whole": whole}
    output.result(call, data, lines)
    return 1 if found.problems or open_ else 0


def _records(root: Path | None) -> Iterator[Path]:
    from prismfs.kinds import kind_of_path

    assert root is not None
    for path in sorted(root.rglob("*")):
        if ".git" not in path.parts and kind_of_path(path.relative_to(root).as_posix()) is not None:
            yield path


def _progress(call: output.Call) -> Callable[[int], None]:
    if call.as_json or not sys.stderr.isatty():
        return lambda _: None
    begin = time.monotonic()

    def tell(number: int) -> None:
        if number % 100 == 0:
            rate = number / (time.monotonic() - begin)
            click.echo(f"\r{number:,} commits, {rate:,.0f} a second", err=True, nl=False)

    return tell
