"""`prismfs hooks`: the git hooks that keep people's commits in form."""

import sys
from pathlib import Path

import click

from prismfs.cli import output

NAMES = ("pre-commit", "commit-msg", "post-merge", "post-checkout", "pre-receive")


@click.group("hooks", epilog="\b\nExample:\n  prismfs hooks install")
def command() -> None:
    """Install or run the git hooks: they check what people commit, merge and push."""


@command.command("install", epilog="\b\nExample:\n  prismfs hooks install")
@output.verb(writes=True)
def install(call: output.Call, dry_run: bool) -> None:
    """Write the hook scripts into .git/hooks; a foreign hook is left as it is and named."""
    from prismfs.engine.trust.hooks import install_hooks

    written, kept = install_hooks(call.project(), NAMES, dry_run=dry_run)
    lines = [f"{'would install' if dry_run else 'installed'} {name}" for name in written]
    lines += [f"kept {name}: it is not ours" for name in kept]
    output.result(call, {"installed": written, "kept": kept, "dry_run": dry_run}, lines)


@command.command("run", epilog="\b\nExample:\n  prismfs hooks run pre-commit")
@click.argument("name", type=click.Choice(NAMES))
@click.argument("arguments", nargs=-1)
@output.verb()
def run(call: output.Call, name: str, arguments: tuple[str, ...]) -> int:
    """Do what the hook NAME does; git calls this."""
    from prismfs.engine.trust.hooks import run_hook

    lines = sys.stdin.read().splitlines() if name == "pre-receive" and not sys.stdin.isatty() else []
    root = Path.cwd() if name == "pre-receive" else call.project()
    problems = run_hook(name, root, arguments, lines)
    texts = [output.one_line(f"{problem} [{problem.code}]") for problem in problems]
    output.result(call, {"problems": [problem.as_document() for problem in problems]}, texts)
    return 1 if problems else 0
