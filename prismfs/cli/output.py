"""What every verb shares: the call's options, finding the project, and printing results and errors."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import wraps
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from prismfs.errors import Problem, StoreError, UsageError

if TYPE_CHECKING:
    from datetime import datetime

    from prismfs.engine.turn.desk import Desk

SCHEMA = "prismfs/cli/v1"


@dataclass
class Call:
    """How prismfs was called: where, as whom, and whether JSON is wanted."""

    directory: Path
    as_json: bool
    identity: str | None

    def project(self) -> Path:
        """Return the project folder at or above the directory.

        Raises:
            StoreError: `no_project`.
        """
        start = self.directory.resolve()
        for folder in (start, *start.parents):
            for found in (folder, folder / ".prismfs"):  # of its own, or beside the code
                if (found / "prismfs.yaml").is_file():
                    return found
        from prismfs.engine.admin.beside import folders_beside, way_to_a_project

        beside = folders_beside(start)
        if len(beside) == 1:
            return beside[0]
        raise StoreError("no_project", "is not in a prismfs project", path=str(start), hint=way_to_a_project(start))

    def desk(self) -> Desk:
        """Open the desk of the project; the caller closes it.

        Raises:
            StoreError: `no_project`, or why it cannot be opened.
        """
        from prismfs.engine.admin.isolation import keep_group_reading
        from prismfs.engine.turn.desk import Desk

        keep_group_reading(self.project())
        return Desk(self.project())

    def submit(self, kind: str, document: dict[str, Any], *, dry_run: bool, target: str | None = None) -> None:
        """Submit the command `kind` to the project and print its result.

        `target` is the id, or the beginning of one, of the record that it is about.

        Raises:
            PrismfsError: the command is refused, the project is busy or out of reach.
            UndeliveredError: done, but a message of it waits in the outbox.
        """
        from prismfs.cli.submit import submit_and_print

        submit_and_print(self, kind, document, dry_run=dry_run, target=target)

    def projects(self) -> tuple[Path, ...]:
        """Return the project's folder, or those of the tenant at the directory.

        Raises:
            ConfigError: `invalid_setting`; its `tenant.yaml` is invalid.
        """
        start = self.directory.resolve()
        if not (start / "tenant.yaml").is_file():
            return (self.project(),)
        from prismfs.engine.tenant.places import Places

        return tuple(Places(start).roots().values())

    def actor(self) -> str:
        """Return who acts: `--as`, else the operating-system user."""
        import getpass

        return self.identity or getpass.getuser()

    def now(self) -> datetime:
        """Return the instant of the call, as records hold it."""
        from prismfs.clock import SystemClock

        return SystemClock().now()


def verb(*, writes: bool = False) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Give a command `--json`, and `--dry-run` where it writes; it is called with the `Call` first."""

    def decorate(function: Callable[..., Any]) -> Callable[..., Any]:
        def call_it(json_here: bool, **arguments: Any) -> Any:
            call: Call = click.get_current_context().obj
            call.as_json = call.as_json or json_here
            return function(call, **arguments)

        wrapped: Callable[..., Any] = wraps(function)(call_it)
        if writes:
            wrapped = click.option("--dry-run", is_flag=True, help="Print the plan; write and send nothing.")(wrapped)
        return click.option("--json", "json_here", is_flag=True, help="Print one JSON object and nothing else.")(
            wrapped
        )

    return decorate


def encode(data: Any) -> str:
    """Return `data` as JSON in one line; a byte of a file name that is no UTF-8 stays the escape that JSON has."""
    return json.dumps(data, ensure_ascii=False).encode(errors="backslashreplace").decode()


def read_body(text: str) -> str:
    """Return `text`, or, where it is `-`, standard input, byte for byte.

    Raises:
        UsageError: standard input is not UTF-8.
    """
    if text != "-":
        return text
    try:
        return sys.stdin.buffer.read().decode()
    except UnicodeDecodeError:
        raise UsageError(
            "not_utf8", "standard input is not UTF-8", hint="send text, such as by: tail -c 20000 log | …"
        ) from None


def result(call: Call, data: Any, text: str | Iterable[str] = ()) -> None:
    """Print the result: the envelope with `--json`, else the lines of `text`."""
    if call.as_json:
        print(encode({"schema": SCHEMA, "ok": True, "data": data}))
        return
    for line in [text] if isinstance(text, str) else text:
        click.echo(line)


def stream(call: Call, data: Any, text: str) -> None:
    """Print one item of a stream: one JSON object a line with `--json`, else one line of text."""
    click.echo(encode(data) if call.as_json else text)
    sys.stdout.flush()


def print_error(problem: Problem, *, as_json: bool, data: object = None) -> None:
    """Print an error: the envelope on stdout with `--json`, else one message on stderr.

    `data` is what the command answers all the same: of what is done and kept, though not all of it was delivered.
    """
    if as_json:
        told = {"schema": SCHEMA, "ok": False, "error": problem.as_document()} | ({"data": data} if data else {})
        # At once: a watcher goes on after it, and the reader of its stream must know.
        print(encode(told), flush=True)
        return
    head = click.style("error", fg="red", bold=True)
    where = " ".join(part for part in (problem.path, problem.field) if part)
    click.echo(f"{head}: {one_line(where + ': ' if where else '')}{safe(problem.message)} [{problem.code}]", err=True)
    if problem.hint:
        click.echo(f"  next: {safe(problem.hint)}", err=True)


def table(rows: Sequence[Mapping[str, Any]], columns: Mapping[str, str]) -> str:
    """Return rows as a table for people: `columns` maps a row's member to its heading."""
    from tabulate import tabulate

    cells = [[_cell(row.get(name)) for name in columns] for row in rows]
    return tabulate(cells, headers=list(columns.values()), tablefmt="simple", disable_numparse=True)


def safe(text: str) -> str:
    """Return text from a record with everything escaped that could steer a terminal."""
    if text.isprintable():
        return text
    return "".join(
        character if character.isprintable() or character in "\n\t" else character.encode("unicode_escape").decode()
        for character in text
    )


def one_line(text: str) -> str:
    """Return text, such as a file's name, that must not begin a line of its own."""
    return safe(text).replace("\n", "\\n")


class Styled(str):
    """A cell that carries colours of its own and is printed as it is."""

    __slots__ = ()


def severity_text(rank: int | None, text: str) -> str:
    """Return a severity's label in the colour of its rank, for a line that is printed by `result` or `stream`."""
    colour = {0: "red", 1: "red", 2: "yellow"}.get(-1 if rank is None else rank)
    return click.style(safe(text), fg=colour, bold=rank == 0) if colour else safe(text)


def severity_style(rank: int | None, text: str) -> Styled:
    """Return a severity's label in the colour of its rank, for a cell; plain where there is no terminal."""
    styled = severity_text(rank, text)
    return Styled(styled if sys.stdout.isatty() else click.unstyle(styled))


def _cell(value: Any) -> str:
    if isinstance(value, Styled):
        return value
    text = "" if value is None else safe(str(value)).replace("\n", " ")
    return text if len(text) <= 60 else text[:59] + "…"
