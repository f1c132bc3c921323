"""Giving a verdict: what `gate` and `phone-home` have in common (R-000-82, R-003-28)."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import click

from prismfs.cli import output
from prismfs.errors import RefusedError

if TYPE_CHECKING:
    from prismfs.records.base import Record
    from prismfs.rules.core.signoff import Signoff


def verb(function: Callable[..., Any]) -> Callable[..., Any]:
    """Give a command the options of a verdict: `--hash`, `--pull-request`, `--dry-run`, `--json`."""
    function = output.verb(writes=True)(function)
    function = click.option(
        "--pull-request", is_flag=True, help="Write the verdict as a file, for a commit that you sign."
    )(function)
    return click.option(
        "--hash", "seen", help="The content hash that you looked at, or its beginning: no other is decided on."
    )(function)


def give_verdict(
    call: output.Call,
    signoff: Signoff[Any, Any],
    subject: Record,
    decision: str,
    said: dict[str, Any],
    *,
    seen: str | None,
    pull_request: bool,
    dry_run: bool,
) -> None:
    """Decide on what `subject` says now, or write the verdict's file; `said` is as for `signoff.make_verdict`.

    Raises:
        RefusedError: `approval_stale`; `seen` is not the beginning of its content hash.
        PrismfsError: the verdict is refused.
    """
    import uuid

    from prismfs.engine.trust.verdict_file import write_verdict
    from prismfs.kinds import kind_of

    content_hash = signoff.content_hash(subject)
    if seen is not None and not (seen and content_hash.startswith(seen.casefold())):
        raise RefusedError("approval_stale", f"its hash is {content_hash}", field="--hash", hint="look at it again")
    if not pull_request:
        name, document = kind_of(subject).name_of(subject), {"content_hash": content_hash, **said}
        call.submit(f"{signoff.family}.{decision}", document, target=name, dry_run=dry_run)
        return
    with call.desk() as desk:
        made, path = write_verdict(
            desk.root, desk.view(), signoff, subject, decision, by=call.actor(), said=said, token=uuid.uuid4().hex,
            now=call.now(), dry_run=dry_run,
        )  # fmt: skip
    kind = kind_of(made).name
    commands = [
        f"git switch -c {kind}-{made.id}",
        f"git add {path}",
        f'git commit -S -m "{kind}: {decision} {made.about}"',
        f"git push -u origin {kind}-{made.id}   # and open a pull request",
    ]
    data = {kind: made.to_document(), "path": path, "commands": commands, "dry_run": dry_run}
    said_next = f"{'would write' if dry_run else 'wrote'} {path}; nothing is decided yet. Next:"
    output.result(call, data, [said_next, *commands])
