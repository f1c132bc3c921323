"""`prismfs doctor`: look for what is wrong and say what to do."""

import click

from prismfs.cli import output


@click.command("doctor", epilog="\b\nExample:\n  prismfs doctor --json")
@output.verb()
def command(call: output.Call) -> int:
    """Check git, the repository's configuration, settings, the working tree, the inbox and the watcher.

    In a tenant's folder its file and all its projects are looked over.
    """
    from prismfs.clock import SystemClock
    from prismfs.engine.admin.doctor import Finding, examine, examine_tenant

    now, folder = SystemClock().now(), call.directory.resolve()
    if (folder / "tenant.yaml").is_file():
        findings = examine_tenant(folder)
        valid = findings[0].problem is None
        for root in call.projects() if valid else ():
            if root.is_dir():
                findings += [Finding(f"{root.name}: {one.subject}", one.problem) for one in examine(root, now)]
    else:
        findings = examine(call.project(), now)
    lines = []
    for finding in findings:
        mark = click.style("ok  ", fg="green") if finding.problem is None else click.style("look", fg="red")
        lines.append(
            f"{mark}  {finding.subject}"
            + ("" if finding.problem is None else f": {output.one_line(str(finding.problem))}")
        )
    wrong = [finding for finding in findings if finding.problem is not None]
    items = [
        {
            "subject": finding.subject,
            "problem": None if finding.problem is None else finding.problem.as_document(),
        }
        for finding in findings
    ]
    output.result(
        call,
        {"items": items, "total": len(items)},
        lines,
    )
    return 1 if wrong else 0
