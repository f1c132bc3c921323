"""The draft of a plan: what the stages of one decision have gathered so far.

A draft lives for one call of `decide` and sees its own records before the view's.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Iterator
from datetime import datetime
from typing import TYPE_CHECKING, Any, TypeVar, cast

from prismfs import kinds
from prismfs.errors import ConflictError, ForbiddenError, RecordError, RefusedError
from prismfs.kinds import kind_of
from prismfs.kinds.core.audit import AuditFile, Level
from prismfs.kinds.core.settings.policy import Policy
from prismfs.kinds.core.settings.project import Project
from prismfs.kinds.core.values import Redaction
from prismfs.records.api import ENGINE, ChainHead, Event, Id, JsonValue, Known, Plan, Record, Value, View, derive_id
from prismfs.records.plan import Take

if TYPE_CHECKING:
    from prismfs.kinds.core.mail import Mail
    from prismfs.kinds.escalation.settings.escalation_policy import EscalationPolicy
    from prismfs.kinds.escalation.settings.routing import Routing
    from prismfs.kinds.response.settings.response import Response

R = TypeVar("R", bound=Record)
V = TypeVar("V")

Refusal = RecordError | RefusedError | ForbiddenError | ConflictError
"""Why a decision is refused."""

RULES_VERSION = 1
"""Version of the rules in this package. A change of what any of them decides is a new number (docs/versions.md)."""


class Draft:
    """The records, audit rows and reason that a decision has come to so far.

    `subject` is the record in focus (the signal, the bead); a stage that has nothing to add to it returns.
    `rule` and `reason` say which stage decided and why; they become the commit's own, and the rule that of every row.
    `rules` is the version of the rules that decides; `merges` is a commit of people's that the decision takes over.
    """

    def __init__(self, view: View, event: Event, now: datetime, *, rules: int = RULES_VERSION) -> None:
        self.view = view
        self.event = event
        self.now = now
        self.rules = rules
        self.rule = ""
        self.reason = ""
        self.subject: Record | None = None
        self._follow_ups: list[object] = []
        self._found: dict[tuple[object, ...], object] = {}
        self._puts: dict[tuple[str, str], Record] = {}
        self._rows: list[dict[str, Any]] = []
        self._takes: list[Take] = []
        self.merges: str | None = None

    @property
    def policy(self) -> Policy:
        """The project's policy."""
        return self.view.single(Policy)

    @property
    def project(self) -> Project:
        """The project's own record."""
        return self.view.single(Project)

    @property
    def escalation_policy(self) -> EscalationPolicy:
        """Which channels each severity reaches, and when an unanswered escalation is raised."""
        from prismfs.kinds.escalation.settings.escalation_policy import EscalationPolicy

        return self.view.single(EscalationPolicy)

    @property
    def response(self) -> Response:
        """How incidents are answered: the chain of people and its conditions."""
        from prismfs.kinds.response.settings.response import Response

        return self.view.single(Response)

    @property
    def routing(self) -> Routing:
        """The project's tiers, routes, and what holds notices back."""
        from prismfs.kinds.escalation.settings.routing import Routing

        return self.view.single(Routing)

    @property
    def has_rows(self) -> bool:
        """Whether anything was decided yet."""
        return bool(self._rows)

    def since(self, version: int) -> bool:
        """Tell whether these rules are of `version` or a later one: the branch between a rule as it was and as it is.

        A commit of older rules is decided again by them, so that both branches stay.
        """
        return self.rules >= version

    def own(self, model: type[R]) -> Iterator[R]:
        """Yield the records of this model that the draft itself puts, as it leaves them."""
        for record in self._puts.values():
            if isinstance(record, model):
                yield record

    def new_id(self, prefix: str, role: str = "") -> Id:
        """Return the id that this event gives a record of `prefix` in this `role`."""
        return derive_id(prefix, self.event.at, cause=self.event.cause, role=role)

    def get(self, model: type[R], identifier: str) -> R | None:
        """Return the record as the draft leaves it, None if there is none."""
        found = self._puts.get((kind_of(model).name, identifier))
        return found if isinstance(found, model) else self.view.get(model, identifier)

    def need(self, model: type[R], identifier: str) -> R:
        """Return the record as the draft leaves it.

        Raises:
            RefusedError: `not_found`, `newer_version`.
        """
        found = self.get(model, identifier)
        if found is None:
            self._check_not_newer(model, identifier)
            name = kind_of(model).name
            raise RefusedError("not_found", f"no {name} {identifier[:60]}", field="/id", hint=f"prismfs list {name}")
        return found

    def put(self, record: R) -> R:
        """Take `record` into the plan and return it; its lifecycle must allow the step.

        Raises:
            RefusedError: `newer_version`; a file of that name is there which a newer program wrote.
        """
        kind = kind_of(record)
        name = kind.name_of(record)
        before = self.get(type(record), name)
        if before is None and kind.layout == "named":  # ids are never given twice
            self._check_not_newer(type(record), name)
        if before is not None and kind.lifecycle is not None:
            kind.lifecycle.check(_status(before), _status(record))
        self._puts[kind.name, name] = record
        return record

    def _check_not_newer(self, model: type[Record], name: str) -> None:
        if self.view.is_newer(model, name):
            said = f"{kind_of(model).name} {name[:60]} was written by a newer prismfs"
            raise RefusedError("newer_version", said, field="/id", hint="upgrade prismfs to that version")

    def because(self, rule: str, reason: str) -> None:
        """Name the rule that decided and the sentence that says why; no text from an agent in either.

        Where a person's commit gave the command, the sentence names it.
        """
        assert not self.rule, f"{rule} decides what {self.rule} has decided"
        given = self.event.commit
        self.rule, self.reason = rule, reason if given is None else f"{reason}; by commit {given.commit[:12]}"

    def follow(self, value: object) -> None:
        """Ask for what another family does: a value of `core.follow_ups`, answered when the stages are done."""
        self._follow_ups.append(value)

    def take_follow_ups(self) -> list[object]:
        """Return what was asked for since the last call."""
        taken, self._follow_ups = self._follow_ups, []
        return taken

    def once(self, find: Callable[[Draft, str], V], identifier: str) -> V:
        """Return `find(draft, identifier)`, which is worked out once in a decision."""
        key = (find, identifier)
        if key not in self._found:
            self._found[key] = find(self, identifier)
        return cast(V, self._found[key])

    def row(
        self, action: str, record: Record, *, level: Level = "info", reason: str | None = None,
        meta: dict[str, JsonValue] | None = None,
    ) -> None:  # fmt: skip
        """Add the audit row of one action on `record`, by default with the decision's own reason.

        The first row carries the event (R-002-38).
        """
        kind = kind_of(record)
        self.row_about(action, kind.name, kind.name_of(record), level=level, reason=reason, meta=meta or {})

    def row_about(
        self, action: str, entity: str, name: str, *, level: Level = "info", reason: str | None = None,
        meta: dict[str, JsonValue],
    ) -> None:  # fmt: skip
        """Add the audit row of something that is no record, such as a refused file or a commit seen."""
        said = {"action": action, "entity_type": entity, "entity_id": name, "level": level}
        self._rows.append(said | {"reason": self.reason if reason is None else reason, "meta": meta})

    def mail(
        self, to: str, *, role: str, type: str, subject: str, body: str, about: Record | None,
        sender: str | None = None, priority: str = "normal", known: Known = "engine", from_pid: str | None = None,
    ) -> Mail:  # fmt: skip
        """Put a message into a mailbox of this project. `role` tells apart several of one event.

        The desk itself speaks, by the mouth of `sender`, unless `known` says how that one is known.
        """
        from prismfs.kinds.core.mail import Mail

        return self.put(
            Mail.model_validate(
                {
                    "id": self.new_id("mai", role), "sender": sender or ENGINE, "sender_known": known,
                    "from_pid": from_pid, "to": to, "type": type, "priority": priority, "subject": one_line(subject),
                    "body": body, "about": None if about is None else kind_of(about).name_of(about),
                    "created_at": self.now, "status": "unread",
                }
            )
        )  # fmt: skip

    def take(self, file: Take) -> None:
        """Take a file of the commit that `merges` names as it is."""
        self._takes.append(file)

    def plan(self) -> Plan:
        """Return what was gathered as a plan; an incident does not change without a row that says so (C-116)."""
        assert self._rows, "a decision without an audit row"
        named = {row["entity_id"] for row in self._rows}
        for record, kind in ((one, kind_of(one)) for one in self._puts.values()):
            kind.place_of(record)  # an id that gives no path is refused here, not at the commit
            if kind.name == "incident" and (name := kind.name_of(record)) not in named:
                assert record == self.view.get(type(record), name), "an incident changes without an audit row"
        rows = [
            {"id": self.new_id("aud", f"{number}:{row['action']}:{row['entity_id']}")} | row
            for number, row in enumerate(self._rows)
        ]
        files = self._files_of(rows, self.view.last_audit(), self.event)
        subject = self.subject
        return Plan(
            kind=files[0].rows[0].entity_type if subject is None else kind_of(subject).name,
            subject=files[0].id if subject is None else kind_of(subject).name_of(subject), rule=self.rule,
            reason=self.reason, cause=self.event.cause, actor=self.event.actor, at=self.now, version=self.rules,
            puts=(*self._puts.values(), *files), takes=tuple(self._takes), merges=self.merges,
        )  # fmt: skip

    def _files_of(self, rows: list[dict[str, Any]], before: ChainHead, event: Event | None) -> list[AuditFile]:
        """Return the file that keeps `rows` after those `before`; several in a chain where one cannot hold them."""
        file = AuditFile.model_validate(
            {
                "id": rows[0]["id"], "number": before.number + 1, "at": self.now, "actor": self.event.actor,
                "assurance": self.event.assurance, "rule": self.rule or rows[0]["action"], "cause": self.event.cause,
                "prev": before.digest, "rows": rows, "event": event,
            }
        )  # fmt: skip
        try:
            kind_of(file).write(file)
        except RecordError as error:
            if error.code != "too_many_nodes" or len(rows) == 1:
                raise
        else:
            return [file]
        half = len(rows) // 2
        first = self._files_of(rows[:half], before, event)
        digest = hashlib.sha256(kind_of(first[-1]).write(first[-1])).hexdigest()
        return first + self._files_of(rows[half:], ChainHead(before.number + half, digest), None)


def form_of(draft: Draft) -> Value:
    """Return what was dropped, or given as a command, as its form.

    Raises:
        RecordError: `unknown_kind`, or what the form itself refuses; with the field.
    """
    document = draft.event.document["document"]
    assert isinstance(document, dict)
    return kinds.form_of(document)


def redactions_of(draft: Draft) -> tuple[Redaction, ...]:
    """Return what the scanner took out of the drop before anybody saw it."""
    found = draft.event.document.get("redactions") or []
    assert isinstance(found, list)
    return tuple(Redaction.model_validate(entry) for entry in found)


def taken_out(found: Iterable[Redaction]) -> int:
    """Return how many secrets were taken out; those that are only suspected still stand in the text."""
    return sum(one.count for one in found if one.level == "redact")


def one_line(text: str, limit: int = 500) -> str:
    """Return `text` as the one line that a subject may be: no control characters, at most `limit` long."""
    if not text.isprintable():
        text = "".join(character if character.isprintable() else " " for character in text)
    line = " ".join(text.split())
    return (line[: limit - 1] + "…" if len(line) > limit else line).lstrip("-") or "(no subject)"


def _status(record: Record) -> str:
    value: str = getattr(record, "status")  # noqa: B009
    return value
