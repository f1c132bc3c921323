"""The command line: one module a noun, loaded only when it is called; one place where errors are shown."""

import importlib
import json
import os
import sys
from collections.abc import Sequence
from pathlib import Path

import click
from click.shell_completion import CompletionItem

from prismfs import __version__
from prismfs.cli import output
from prismfs.errors import PrismfsError, Problem

# The module below prismfs.cli, with `:` and the name of the command where that is not `command`; and the line of help.
_VERBS = {
    "init": ("admin.project:init", "Make a folder a project."),
    "attach": ("admin.project:attach", "Bring the project beside the code to a clone."),
    "check": ("core.check", "Check record files and drops; exit 1 if one is invalid."),
    "emit": ("core.check:emit", "Check one file and drop it into the inbox."),
    "react": ("core.watch:react", "Do one turn over everything that waits, then exit."),
    "watch": ("core.watch", "Serve the project (or tenant) until stopped."),
    "status": ("core.status", "Say where a project or a record stands."),
    "show": ("show", "Show one record."),
    "list": ("listing", "List the records of one kind."),
    "log": ("core.audit:log", "Show the audit history, of all or of one record."),
    "audit": ("core.audit", "Search the audit rows."),
    "verify": ("core.check:verify", "Decide every commit again and compare."),
    "witness": ("core.witness", "Show and export what engines have signed of the records."),
    "recover": ("core.recover:command", "Put the records back to what was seen last."),
    "doctor": ("core.check:doctor", "Look for what is wrong and say what to do."),
    "upgrade": ("admin.project:upgrade", "Bring records and settings to today's versions, as one commit."),
    "schema": ("core.check:schema", "Print or write the JSON Schemas."),
    "hooks": ("admin.project:hooks", "Install or run the git hooks."),
    "demo": ("admin.project:demo", "Run the main job before your eyes."),
    "push": ("admin.project:push", "Share the branch with another clone; decide again what came too late."),
    "archive": ("admin.project:archive", "Take old months out of the working tree, not out of history."),
    "metrics": ("admin.metrics", "Print how fast incidents were answered and resolved."),
    "signal": ("care.signal", "Send, list, show and acknowledge signals; follow what was answered."),
    "whois": ("core.roster:whois", "Say whom signals may be addressed to, bridges among them."),
    "roster": ("core.roster", "List the roster; propose personas and bridges."),
    "keys": ("core.keys", "List the keys that engines sign with; make, enrol and revoke them."),
    "tenant": ("admin.tenant", "List the projects of the tenant; make one a member, name its home."),
    "classify": ("care.signal:classify", "Put a signal into a lane, with the reason."),
    "triage": ("care.triage", "Try the triage rules on labelled reports."),
    "fingerprint": ("care.fingerprint", "Show what tells a failure's fault; try the rules on labelled failures."),
    "scan": ("admin.scan", "Show which secrets of a file would be taken out; try the scanner on labelled texts."),
    "incident": ("response.incident", "List, show, triage, acknowledge and resolve incidents."),
    "run": ("response.run_job", "Run a job that the settings allow, with the retry policy."),
    "gate": ("gates.gate", "List, show, approve and send back what waits at a gate."),
    "phone-home": ("care.phone_home", "Stage, review, send and follow issues about the product itself."),
    "escalate": ("escalation.escalate", "Ask for attention; answer, hand on and close escalations."),
    "bead": ("work.bead", "List, claim, change and close work items; take in those of other programs."),
    "review": ("response.postmortem", "Draft, store and show post-incident reviews."),
    "action": ("response.action", "List action items of incidents; say that one is done."),
    "mail": ("core.mail", "Send, list, read, answer and put away messages."),
    "kb": ("care.kb", "Search the knowledge base; add an article."),
    "todo": ("work.todo", "List, add and finish todos."),
    "journal": ("work.journal", "Note something of your own work; list what was noted."),
    "nudge": ("core.nudge", "Send and claim short notes that expire, outside of git."),
    "heartbeat": ("core.nudge:heartbeat", "Say that you are at work; list who is not."),
    "prime": ("core.status:prime", "Print what waits for an answer, at the start of a session."),
    "silence": ("escalation.silence", "Mute notices for a time, such as during maintenance."),
    "route": ("escalation.route", "Show which way a file's notices would take, and why."),
    "outbox": ("escalation.outbox", "List messages; try those again that were not delivered."),
}

EXAMPLE = """
\b
Example:
  prismfs init desk --pid PID-DESK01
  prismfs -C desk watch
"""


class Verbs(click.Group):
    """The group of all verbs. Only the module of the one that is called is imported."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Return the verbs in the order of the table."""
        return list(_VERBS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import the verb's module and return its command."""
        if cmd_name not in _VERBS:
            return None
        module, _, name = _VERBS[cmd_name][0].partition(":")
        command: click.Command = getattr(importlib.import_module(f"prismfs.cli.{module}"), name or "command")
        if ctx.resilient_parsing:  # the shell asks what could stand next
            from prismfs.cli.completion import offer

            offer(cmd_name, command)
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Return the command that `args` begin with; a mistyped verb is answered with the nearest ones."""
        if args[0] not in _VERBS and not args[0].startswith("-") and not ctx.resilient_parsing:
            from prismfs.cli.words import meant

            near = meant(args[0], _VERBS)
            raise click.UsageError(f"no verb {args[0]!r}" + (f"; {near}" if near else ""), ctx)
        return super().resolve_command(ctx, args)

    def shell_complete(self, ctx: click.Context, incomplete: str) -> list[CompletionItem]:
        """Return the verbs that begin so, without importing any, and the options."""
        verbs = [CompletionItem(name, help=text) for name, (_, text) in _VERBS.items() if name.startswith(incomplete)]
        return verbs + click.Command.shell_complete(self, ctx, incomplete)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the table of verbs from their one-line texts, without importing any."""
        with formatter.section("Commands"):
            formatter.write_dl([(name, text) for name, (_, text) in _VERBS.items()])


@click.group(cls=Verbs, invoke_without_command=True, epilog=EXAMPLE, context_settings={"max_content_width": 100})
@click.version_option(__version__, prog_name="prismfs", message="%(prog)s %(version)s")
@click.option(
    "-C",
    "directory",
    type=click.Path(path_type=Path),
    help="Project or tenant folder (default: here, looked up like git does).",
)
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object and nothing else.")
@click.option("--as", "identity", help="Act as this identity; the roster decides what it may do.")
@click.pass_context
def cli(ctx: click.Context, directory: Path | None, as_json: bool, identity: str | None) -> None:
    """An incident desk without a server: every state change is one git commit."""
    ctx.obj = output.Call(
        directory=directory or Path(os.environ.get("PRISMFS_DIR") or "."),
        as_json=as_json,
        identity=identity or os.environ.get("PRISMFS_IDENTITY"),
    )
    if ctx.invoked_subcommand is None:
        ctx.invoke(cli.get_command(ctx, "status"))  # type: ignore[arg-type]


def run(arguments: Sequence[str]) -> int:
    """Run one command and return its exit code (docs/cli.md)."""
    as_json = "--json" in (arguments[: arguments.index("--")] if "--" in arguments else arguments)
    try:
        result = cli.main(args=list(arguments), prog_name="prismfs", standalone_mode=False)
        sys.stdout.flush()
    except PrismfsError as error:
        output.print_error(error.problem, as_json=as_json, data=getattr(error, "data", None))
        return error.exit_code
    except click.exceptions.Exit as stop:
        return stop.exit_code
    except click.Abort:
        output.print_error(Problem("interrupted", "interrupted"), as_json=as_json)
        return 130
    except click.ClickException as error:
        _print_usage(error, as_json=as_json)
        return 2
    except (BrokenPipeError, SystemExit):
        # The reader has read enough. click meets this with an exit of its own; it exits for nothing else here.
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
        return 0
    except Exception as error:  # the last resort: an error of ours, with where its report lies
        output.print_error(_report(error), as_json=as_json)
        return PrismfsError.exit_code
    return result if isinstance(result, int) else 0


def _print_usage(error: click.ClickException, *, as_json: bool) -> None:
    hint = None
    if isinstance(error, click.UsageError) and error.ctx is not None:
        hint = f"{error.ctx.command_path} --help"
    output.print_error(Problem("usage", error.format_message(), hint=hint), as_json=as_json)


def _report(error: Exception) -> Problem:
    """Write the traceback aside and return the problem that names the file."""
    import tempfile
    import traceback
    from datetime import UTC, datetime

    details = {"at": datetime.now(UTC).isoformat(), "version": __version__, "arguments": sys.argv[1:2]}
    with tempfile.NamedTemporaryFile("w", prefix="prismfs-error-", suffix=".txt", delete=False) as file:
        file.write(json.dumps(details) + "\n" + "".join(traceback.format_exception(error)))
    said = f"an error of prismfs itself: {type(error).__name__}"
    return Problem("internal", said, path=file.name, hint="please report it with that file")
