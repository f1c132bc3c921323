"""What the shell offers for a word: ids, and statuses, of the records that the projection has at the moment.

Nothing is brought up to date and nothing is said of errors: the person at the tab key waits, with a command half
written. Verbs, options and words of a fixed list are offered by click itself.
"""

import os
import sqlite3
from contextlib import suppress
from pathlib import Path

import click
from click.shell_completion import CompletionItem

from prismfs.cli import output
from prismfs.errors import PrismfsError
from prismfs.store import listing
from prismfs.store.reading import as_it_is

METAVARS = frozenset({"ID", "[ID]", "INC", "INCIDENT", "ARTIFACT|INCIDENT", "ON"})
"""The arguments that take an id."""

_OF_VERB = {
    "show": ("",),
    "log": ("",),
    "status": ("",),
    "incident": ("inc-",),
    "review": ("inc-",),
    "gate": ("art-", "inc-"),
    "bead": ("bea-",),
    "action": ("bea-",),
    "escalate": ("bea-",),
    "todo": ("tod-",),
    "signal": ("sig-",),
    "classify": ("sig-",),
    "phone-home": ("pho-",),
    "mail": ("mai-",),
    "silence": ("sil-",),
    "outbox": ("out-",),
}
"""The prefixes of the ids that a verb takes; what a verb that is not here calls ID is no record."""

_MOST = 100


class Ids(click.types.StringParamType):
    """The beginning of an id; taken as it is, for the verb itself says what is wrong with it."""

    def __init__(self, prefixes: tuple[str, ...]) -> None:
        self.prefixes = prefixes

    def shell_complete(self, ctx: click.Context, param: click.Parameter, incomplete: str) -> list[CompletionItem]:
        """Return the ids that begin so, open records first, each with its title."""
        only = "escalation" if _verb_of(ctx) == "escalate" else None
        begins = [max(prefix, incomplete, key=len) for prefix in self.prefixes if _agree(prefix, incomplete)]
        with suppress(PrismfsError, OSError, sqlite3.Error), as_it_is(_project(ctx)) as connection:
            rows = [row for begin in begins for row in listing.find_titles(connection, begin, type=only, limit=_MOST)]
            return [CompletionItem(name, help=output.one_line(title)) for name, title in rows]
        return []


class Statuses(click.types.StringParamType):
    """A status that records of the kind have; any word is taken."""

    def shell_complete(self, ctx: click.Context, param: click.Parameter, incomplete: str) -> list[CompletionItem]:
        """Return the statuses that records of the kind have at the moment."""
        # Of a command line that ends in an option, click leaves the words before it as they are.
        kind = ctx.params.get("kind") or [*ctx.args, _verb_of(ctx).replace("-", "_")][0]
        with suppress(PrismfsError, OSError, sqlite3.Error), as_it_is(_project(ctx)) as connection:
            found = {status for of, status, *_ in listing.count_by_status(connection) if of == kind}
            return [CompletionItem(status) for status in sorted(found) if status.startswith(incomplete)]
        return []


class Kinds(click.types.StringParamType):
    """The name of a kind, as the projection knows them; any word is taken."""

    def shell_complete(self, ctx: click.Context, param: click.Parameter, incomplete: str) -> list[CompletionItem]:
        """Return the kinds that begin so."""
        with suppress(PrismfsError, OSError, sqlite3.Error), as_it_is(_project(ctx)) as connection:
            known = listing.read_kinds(connection)
            return [CompletionItem(name) for name in sorted(known) if name.startswith(incomplete)]
        return []


def offer(verb: str, command: click.Command) -> None:
    """Set up completion for the arguments of `verb`, a command or group, that take an id, kind or status."""
    for one in command.commands.values() if isinstance(command, click.Group) else ():
        offer(verb, one)
    for parameter in command.params:
        if isinstance(parameter, click.Argument) and parameter.metavar in METAVARS and verb in _OF_VERB:
            incident = parameter.metavar in ("INC", "INCIDENT")
            parameter.type = Ids(("inc-",) if incident else _OF_VERB[verb])
        elif parameter.metavar == "KIND" and parameter.type is click.STRING:
            parameter.type = Kinds()
        elif parameter.name == "status" and parameter.type is click.STRING:
            parameter.type = Statuses()


def _agree(prefix: str, incomplete: str) -> bool:
    return prefix.startswith(incomplete) or incomplete.startswith(prefix)


def _verb_of(ctx: click.Context) -> str:
    while ctx.parent is not None and ctx.parent.parent is not None:
        ctx = ctx.parent
    return ctx.info_name or ""


def _project(ctx: click.Context) -> Path:
    directory = ctx.find_root().params.get("directory") or os.environ.get("PRISMFS_DIR") or "."
    return output.Call(Path(directory), as_json=False, identity=None).project()
