"""The rules. `decide` is a pure function: one view, one event and one now give one decision.

Each family has its table (`table.py`): what happened to which kind of record, the stages that answer it in order, and
who may cause it. A rule that is added may bring its rows in its own file: every `TABLE` and `STEPS` below is taken.
`make index` writes which module has what: the rules of a family are imported when an event of theirs is met.
What the stages ask of other families follows in the order of the road (`core.road.ORDER`).
"""

from collections.abc import Iterable
from datetime import datetime
from difflib import get_close_matches
from functools import partial
from importlib import import_module

from prismfs.errors import ConflictError, ForbiddenError, RecordError, RefusedError
from prismfs.kinds import kind_of, kind_of_id
from prismfs.kinds.core.bead import Bead
from prismfs.kinds.core.outbox import Outbox
from prismfs.records.api import ENGINE, Decision, Event, Nothing, Plan, Record, Refused, View
from prismfs.records.registry import Registry, path_of
from prismfs.rules import index
from prismfs.rules.core import authority
from prismfs.rules.core.draft import RULES_VERSION, Draft, form_of
from prismfs.rules.core.follow_ups import Moved
from prismfs.rules.core.road import Row, Stage, Step, Steps, Table, follow_road


def _row(key: tuple[str, str]) -> Row:
    row: Row = import_module(f"{__name__}.{index.ROWS[key]}").TABLE[key]
    return row


def _steps(path: str) -> tuple[Step, ...]:
    each = (step for module in index.ANSWERS[path] for step in import_module(f"{__name__}.{module}").STEPS)
    return tuple(step for step in each if path_of(step.answers) == path)


TABLE: Table = Registry(index.ROWS, _row)

STEPS: Steps = Registry(index.ANSWERS, _steps)

_FORM_REFUSED = {"ack": "not_acknowledgeable", "task_result": "not_a_task", "comment": "not_commentable"}
"""The code of a form that names a record of a kind which does not take it."""


def decide(
    view: View,
    event: Event,
    now: datetime,
    *,
    rules: int = RULES_VERSION,
    table: Table = TABLE,
    steps: Steps = STEPS,
) -> Decision:
    """Return what `event` means for the project that `view` shows, as of `now`, by the rules of version `rules`.

    A plan is to be committed; `Refused` carries the problem; `Nothing` says that all is so already. An event
    whose cause is answered in the history gives `Nothing`, so that it may be offered any number of times.

    Raises:
        ConfigError: a setting is invalid; nothing can be decided until it is mended, and nothing is refused
            for it.
    """
    if view.handled(event.cause):
        return Nothing("handled already")
    draft = Draft(view, event, now, rules=rules)
    row: Row | None = None
    try:
        row = _row_of(draft, table)
        return _decide(draft, row.stages, steps)
    except (RecordError, RefusedError, ForbiddenError, ConflictError) as error:
        if row is None or row.refused is None:
            return Refused(error.problem, type(error))
        return _decide(Draft(view, event, now, rules=rules), (partial(row.refused, error=error),), steps)


def load_rules() -> None:
    """Import the rules of all families now, which are imported when they are used first otherwise."""
    _ = [*TABLE.values(), *STEPS.values()]


def _decide(draft: Draft, stages: Iterable[Stage], steps: Steps) -> Plan | Nothing:
    ended: Nothing | None = None
    for stage in stages:
        ended = stage(draft)
        if ended is not None:
            break
    else:
        follow_road(draft, steps)
        moved = tuple(record for record in draft.own(Record) if kind_of(record).awaited)
        if moved:
            draft.follow(Moved(moved))
            follow_road(draft, steps)
    if draft.event.commit is not None:
        from prismfs.rules.core import proposal

        proposal.check_outcome(draft, draft.event.commit)
    return draft.plan() if ended is None else ended


def _row_of(draft: Draft, table: Table) -> Row:
    """Return the row that answers the draft's event; a form that is a command becomes that command.

    Raises:
        RecordError: `unknown_kind`, naming what is known; what the form refuses.
        ForbiddenError: `not_allowed`, `reserved_identity`.
    """
    authority.check_name(draft)
    event = draft.event
    key: tuple[str, str] = event.type, event.kind
    if event.type == "drop" and event.kind in _FORM_REFUSED:
        key = _command_of_form(draft, table)
    row = table.get((key[0], f"{key[1]}:{_variant(draft)}")) or table.get(key)
    if row is None:
        raise _unknown(draft, table)
    if key[0] == "command" and row.right == "roster":
        authority.check(draft, key[1])
    return row


def _command_of_form(draft: Draft, table: Table) -> tuple[str, str]:
    """Return the command that a dropped acknowledgement, result or comment is, by the identity that it claims."""
    name, form = draft.event.kind, form_of(draft)
    target = kind_of_id(str(getattr(form, "id"))).name  # noqa: B009
    commands = {row.dropped_as[1]: key for key, row in table.items() if row.dropped_as and row.dropped_as[0] == name}
    if target not in commands:
        hint = f"it is for: {', '.join(commands)}"
        raise RefusedError(_FORM_REFUSED[name], f"a {target} takes no {name}", field="/id", hint=hint)
    draft.event = draft.event.changed(document=draft.event.document | form.to_document())
    return commands[target]


def _variant(draft: Draft) -> str:
    """Return what tells records of one kind apart for the table: the channel of a message, the type of a bead."""
    identifier = draft.event.document.get("id")
    if isinstance(identifier, str) and identifier.startswith("out-"):
        message = draft.view.get(Outbox, identifier)
        return "" if message is None else message.channel
    if isinstance(identifier, str) and identifier.startswith("bea-"):
        bead = draft.view.get(Bead, identifier)
        return "" if bead is None else bead.type
    return ""


def _unknown(draft: Draft, table: Table) -> RecordError:
    """Return the error of an event that no row answers, naming the missing row and the nearest ones."""
    event = draft.event
    if event.type == "drop":
        form_of(draft)
    known = [kind for of, kind in table if of == event.type and ":" not in kind]
    near = get_close_matches(event.kind, known, n=3)
    return RecordError(
        "unknown_kind",
        f"no rule answers {event.type} {event.kind}",
        field="/kind",
        hint=f"the table has no row ({event.type}, {event.kind})"
        + (f"; did you mean {' or '.join(near)}?" if near else ""),
    )


__all__ = ["ENGINE", "RULES_VERSION", "STEPS", "TABLE", "decide", "load_rules"]
