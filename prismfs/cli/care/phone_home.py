"""`prismfs phone-home`: issues about the product that leave, past an operator (R-000-31 to R-000-52, R-000-78)."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import click

from prismfs.cli import output, verdict
from prismfs.errors import RecordError, RefusedError, UndeliveredError, UsageError
from prismfs.store import listing
from prismfs.store.reading import reading, resolve_id


@click.group("phone-home", epilog="\b\nExample:\n  prismfs --as olga phone-home approve pho-01k5")
def command() -> None:
    """Stage, review, send and follow issues about the product itself."""


@command.command(
    "stage",
    epilog='\b\nExample:\n  prismfs --as Clara phone-home stage inc-01k5 --retain "/body:ip_address=it is the bug"',
)
@click.argument("incident", metavar="INCIDENT")
@click.option("--title", help="Another title than the composed one.")
@click.option("--body", help="Another body (Markdown); - reads standard input.")
@click.option(
    "--retain", multiple=True, metavar="PLACE:KIND=REASON", help="Keep what the scanner suspects there, on purpose."
)
@output.verb(writes=True)
def stage(
    call: output.Call, incident: str, title: str | None, body: str | None, retain: tuple[str, ...], dry_run: bool
) -> None:
    """Write down the issue of an incident, or change its words; the scanner and an operator look at it again.

    Only the incident manager may. What the scanner suspects is named by `phone-home show`, as place and kind.
    """
    document: dict[str, Any] = {"title": title, "body": None if body is None else output.read_body(body)}
    document = {name: text for name, text in document.items() if text is not None}
    if retain:
        document["retain"] = [_retained(text) for text in retain]
    call.submit("phone_home.stage", document, target=incident, dry_run=dry_run)


@command.command("list", epilog="\b\nExample:\n  prismfs phone-home list --status pending_operator_review")
@click.option("--open", "only_open", is_flag=True, help="Only those whose life is not over.")
@click.option("--status", help="Only this status.")
@click.option("--limit", type=click.IntRange(min=1), help="At most so many, newest first.")
@output.verb()
def list_(call: output.Call, **filters: Any) -> None:
    """List phone-homes, newest first."""
    from prismfs.cli.listing import print_list

    print_list(call, "phone_home", **filters)


@command.command("show", epilog="\b\nExample:\n  prismfs phone-home show pho-01k5 --preflight")
@click.argument("identifier", metavar="ID")
@click.option("--preflight", is_flag=True, help="Ask the tracker, too: could it be filed, and who can read it?")
@output.verb()
def show(call: output.Call, identifier: str, preflight: bool) -> None:
    """Show exactly what would leave, its hash, and which of the checks ahead of sending hold now."""
    from prismfs.engine.turn.outbound_scan import ask_tracker, check_sending
    from prismfs.rules.care.outbound_issue.api import review_text

    record = _record(call, identifier)
    with call.desk() as desk:
        checks = check_sending(desk.view(), record, call.now())
        asked = ask_tracker(desk) if preflight else None
    data: dict[str, Any] = record.to_document() | {
        "content_hash": record.content_hash,
        "checks": [{"name": check.name, "code": check.code, "why": check.why} for check in checks],
    }
    lines = [click.style(record.id, bold=True) + f"  {record.status}" + _why(record), output.safe(review_text(record))]
    lines += [
        f"{check.name}: " + ("holds" if check.code is None else f"{check.why} [{check.code}]") for check in checks
    ]
    if asked is not None:
        data["preflight"] = {"outcome": asked.outcome, "detail": asked.detail} | (asked.document or {})
        lines.append(f"preflight: {asked.outcome}, {output.one_line(asked.detail)}")
    output.result(call, data, lines)


@command.command("approve", epilog='\b\nExample:\n  prismfs --as olga phone-home approve pho-01k5 --notes "fine"')
@click.argument("identifier", metavar="ID")
@click.option("--notes", default="", help="Remarks; ack-retained-sensitive where sensitive fields are kept.")
@click.option("--public", is_flag=True, help="It may go where everybody can read it; needed where that is so.")
@verdict.verb
def approve(call: output.Call, identifier: str, notes: str, public: bool, **options: Any) -> None:
    """Approve, as an operator, exactly what the record says now; its authors may not."""
    _decide(call, identifier, "approve", notes, public=public, **options)


@command.command(
    "reject", epilog='\b\nExample:\n  prismfs --as olga phone-home reject pho-01k5 --reason "names a customer"'
)
@click.argument("identifier", metavar="ID")
@click.option("--reason", required=True, help="Why it does not leave.")
@verdict.verb
def reject(call: output.Call, identifier: str, reason: str, **options: Any) -> None:
    """Say no, as an operator: it does not leave."""
    _decide(call, identifier, "reject", reason, **options)


@command.command(
    "request-changes",
    epilog='\b\nExample:\n  prismfs --as olga phone-home request-changes pho-01k5 --reason "leave the log out"',
)
@click.argument("identifier", metavar="ID")
@click.option("--reason", required=True, help="What should be said otherwise.")
@verdict.verb
def request_changes(call: output.Call, identifier: str, reason: str, **options: Any) -> None:
    """Ask, as an operator, for other words: it is a draft again."""
    _decide(call, identifier, "request_changes", reason, **options)


@command.command("send", epilog="\b\nExample:\n  prismfs --as Clara phone-home send pho-01k5")
@click.argument("identifier", metavar="ID")
@output.verb(writes=True)
def send(call: output.Call, identifier: str, dry_run: bool) -> None:
    """Send what was approved, as the incident manager; everything is checked again. Also after a failure."""
    with _told_by_the_transport(call, identifier):
        call.submit("phone_home.send", {}, target=identifier, dry_run=dry_run)


@command.command("withdraw", epilog='\b\nExample:\n  prismfs --as Clara phone-home withdraw pho-01k5 --reason "fixed"')
@click.argument("identifier", metavar="ID")
@click.option("--reason", default="", help="Why it is not needed.")
@output.verb(writes=True)
def withdraw(call: output.Call, identifier: str, reason: str, dry_run: bool) -> None:
    """Take back, as the incident manager, what has not left."""
    call.submit("phone_home.withdraw", {"reason": reason}, target=identifier, dry_run=dry_run)


@command.command(
    "sync", epilog="\b\nExample:\n  prismfs phone-home sync\n  prismfs --as olga phone-home sync --file export.json"
)
@click.option(
    "--file", "export", type=click.Path(path_type=Path), help="An export of the tracker to go by, instead of asking it."
)
@output.verb(writes=True)
def sync(call: output.Call, export: Path | None, dry_run: bool) -> None:
    """Ask the tracker how the filed issues stand; what differs is committed and told to who reported it.

    The watcher does this by itself every `sync_every` of settings/tracker.yaml. FILE, for a machine without a
    network, is one issue (number, url, state, reason, title, updated_at, comments with id, author, body, created_at) or
    `{"issues": [...]}`; it counts for issues of the same number and address.
    """
    from prismfs.engine.turn import tracker_sync

    now = call.now()
    with call.desk() as desk:
        if export is None:
            found, problems = tracker_sync.pull(desk, now)
            others: list[int] = []
            says = {}
        else:
            states = tracker_sync.read_export(_read_export(export), path=str(export))
            found, problems = tracker_sync.pair(tracker_sync.filed_issues(desk), states, by_url=True), ()
            says = {"actor": call.actor()}
            known = {issue.url for _, issue in found}
            others = [state.number for state in states if state.url not in known]
        transport = tracker_sync.settings_of(desk).transport
        items = [item for pair in found for item in _give(desk, pair, now, says, dry_run=dry_run)]
    data: dict[str, Any] = {
        "items": items,
        "total": len(items),
        "looked_at": len(found),
        "not_ours": others,
        "problems": [problem.as_document() for problem in problems],
        "dry_run": dry_run,
    }
    output.result(call, data, _sync_lines(data, transport if export is None else None))


def _decide(
    call: output.Call, identifier: str, decision: str, notes: str, *, public: bool = False, **options: Any
) -> None:
    from prismfs.rules.care.outbound_issue.api import OUTGOING_ISSUE

    with _told_by_the_transport(call, identifier):
        said: dict[str, Any] = {"notes": notes} | ({"public": True} if public else {})
        verdict.give_verdict(call, OUTGOING_ISSUE, _record(call, identifier), decision, said, **options)


@contextmanager
def _told_by_the_transport(call: output.Call, identifier: str) -> Iterator[None]:
    """Replace the error code of an issue that was not filed by the transport's own (exit code 6)."""
    try:
        yield
    except UndeliveredError as error:
        record = _record(call, identifier)
        if record.code is None:
            raise
        raise UndeliveredError(
            record.code, record.detail or "it was not filed", path=record.id,
            hint=f"prismfs phone-home send {record.id}" if record.status == "failed" else "it is tried again",
        ) from error  # fmt: skip


def _record(call: output.Call, identifier: str) -> Any:
    """Return the phone-home whose id begins with `identifier`.

    Raises:
        RefusedError: `not_found`, `ambiguous`.
    """
    from prismfs.kinds.care.phone_home import PhoneHome

    with reading(call.project()) as connection:
        whole = resolve_id(connection, identifier)
        text = listing.read_document(connection, whole) or "{}"
    if not whole.startswith("pho-"):
        raise RefusedError("not_found", f"{whole} is no phone-home", field="ID", hint="prismfs phone-home list")
    return PhoneHome.model_validate_json(text)


def _retained(text: str) -> dict[str, str]:
    place, _, rest = text.partition(":")
    kind, _, reason = rest.partition("=")
    if not (place.startswith("/") and kind and reason):
        raise UsageError("usage", "a kept field is written as /body:KIND=REASON", field="--retain")
    return {"path": place, "kind": kind, "reason": reason}


def _why(record: Any) -> str:
    told = ": ".join(part for part in (record.code, record.detail) if part)
    issue = f"  {record.issue_url}" if record.issue_url else ""
    return (f"  ({output.one_line(told)})" if told else "") + output.one_line(issue)


def _give(desk: Any, pair: Any, now: Any, says: dict[str, str], *, dry_run: bool) -> Iterator[dict[str, Any]]:
    """Give what differs of one issue, ten comments at a time, and yield what was decided."""
    from prismfs.cli.render import decision_document
    from prismfs.engine.turn.submit import rehearse, submit
    from prismfs.engine.turn.tracker_sync import current_record, sync_event
    from prismfs.records.plan import Plan

    record, issue = pair
    decided = True
    while decided and (event := sync_event(record, issue, now, **says)) is not None:
        decision = rehearse(desk, event, now) if dry_run else submit(desk, event, now)[0]
        yield decision_document(decision) | {"issue": issue.number, "state": issue.state}
        decided = isinstance(decision, Plan) and not dry_run
        record = current_record(desk, record)


def _sync_lines(data: dict[str, Any], transport: str | None) -> list[str]:
    if transport == "dry-run":
        return ["nothing to ask: settings/tracker.yaml says transport: dry-run"]
    would = "would do: " if data["dry_run"] else ""
    lines = [f"{would}{item['subject']}  {output.safe(item['reason'])}" for item in data["items"]]
    lines += [f"not ours: issue {number}" for number in data["not_ours"]]
    lines += [f"not read: {output.one_line(str(problem['message']))}" for problem in data["problems"]]
    return lines or [f"nothing differs ({data['looked_at']} issues)"]


def _read_export(path: Path) -> bytes:
    """Return the bytes of the export, or of standard input for `-`: at most one more than it may hold."""
    from prismfs.engine.turn.tracker_sync import MOST_EXPORT

    if str(path) == "-":
        return sys.stdin.buffer.read(MOST_EXPORT + 1)
    try:
        with path.open("rb") as file:
            return file.read(MOST_EXPORT + 1)
    except OSError as error:
        raise RecordError("not_readable", f"cannot be read: {error.strerror}", path=str(path)) from error
