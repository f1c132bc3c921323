"""`prismfs check`: validate record files and drops."""

from collections.abc import Iterator
from pathlib import Path

import click

from prismfs.cli import output


@click.command("check", epilog="\b\nExample:\n  prismfs check settings/triage.yaml inbox/report.yaml")
@click.argument("paths", nargs=-1, type=click.Path(path_type=Path))
@output.verb()
def command(call: output.Call, paths: tuple[Path, ...]) -> int:
    """Check PATHs: records by their place in the project, other files as drops. Without PATH: all records."""
    from prismfs.engine.admin.check import check_drop, check_record
    from prismfs.errors import Problem, StoreError

    try:
        root: Path | None = call.project()
    except StoreError:
        if not paths:
            raise
        root = None
    problems: list[Problem] = []
    checked = 0
    for path in paths or _records(root):
        checked += 1
        if not path.is_file():
            problems.append(Problem("not_a_file", "is not a file", path=str(path)))
            continue
        problem = check_record(path, root) if root is not None else None
        if root is None or problem is None:
            problem = check_drop(path, root)
        if problem.code != "valid":
            problems.append(problem)
    data = {"checked": checked, "problems": [problem.as_document() for problem in problems]}
    lines = [output.one_line(f"{problem} [{problem.code}]") for problem in problems]
    output.result(call, data, [*lines, f"{checked} checked, {len(problems)} invalid"])
    return 1 if problems else 0


def _records(root: Path | None) -> Iterator[Path]:
    from prismfs.kinds import kind_of_path

    assert root is not None
    for path in sorted(root.rglob("*")):
        if ".git" not in path.parts and kind_of_path(path.relative_to(root).as_posix()) is not None:
            yield path
