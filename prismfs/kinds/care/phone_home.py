"""A phone-home: an issue about the product, sent to its tracker once an operator approved it (R-000-31 to R-000-52).

An approval is bound to the hash of exactly what the operator saw; any later byte makes it void.
"""

import hashlib
from collections.abc import Mapping
from typing import Annotated, Literal

from pydantic import BeforeValidator, Field, JsonValue
from pydantic_core import PydanticCustomError

from prismfs.kinds.core.values import Redaction
from prismfs.kinds.core.verdict import Surface
from prismfs.records.api import Digest, Id, Identity, Instant, Line, Pid, Record, Severity, Text, Value, Word
from prismfs.records.codec import canonical_json
from prismfs.records.kind import Kind, Lifecycle

ACKNOWLEDGEMENT = "ack-retained-sensitive"
"""What the notes of an approval must hold where sensitive fields are kept on purpose (R-000-39)."""


def _eligible(value: object) -> object:
    if value == "customer-internal":
        raise PydanticCustomError("code:phone_home_scope_forbidden", "a customer-internal matter never leaves")
    return value


class Retained(Value):
    """A sensitive field that is kept on purpose (R-000-38): where, of what kind, and why."""

    path: str
    kind: str
    reason: Line


class RedactionReport(Value):
    """The scanner's report on the outgoing text (R-000-36, R-000-37).

    `removed` names the sections of the report that were carved out of a mixed one (R-000-30).
    """

    status: Literal["passed", "failed", "not_run"]
    scanner: str = ""
    version: str = ""
    findings: tuple[Redaction, ...] = ()
    removed: tuple[str, ...] = ()
    input_hash: Digest | None = None
    output_hash: Digest | None = None
    detail: str | None = None


class OperatorReview(Value):
    """The decision of an operator, and the hash of what it was about (R-000-32).

    `approval` is the record that holds the decision, `approval_digest` the SHA-256 of its canonical JSON: an approval
    that was edited afterwards is another one.
    """

    approved: bool
    approved_by: Identity
    approved_at: Instant
    review_surface: Surface
    notes: str = ""
    content_hash: Digest
    approval: Id
    approval_digest: Digest
    used_at: Instant | None = None


class DestinationFacts(Value):
    """What was seen of the destination, by the way that issues go there, and when.

    `state`: `seen`; `missing`, it is not there or we may not see it; `not_looked_at`, it could not be asked, with the
    reason in `detail`. `visibility` is public, private or internal, `permission` what we may do there.
    """

    state: Literal["seen", "missing", "not_looked_at"]
    visibility: Word | None = None
    permission: str | None = None
    detail: str = ""
    seen_at: Instant

    @property
    def bound(self) -> dict[str, JsonValue]:
        """What of it an approval is bound to: neither the time nor the words."""
        return {"state": self.state, "visibility": self.visibility, "permission": self.permission}


class Reviewed(Value):
    """What operators were shown last, so that the next request for review can show the difference."""

    title: Line
    body_markdown: Text
    content_hash: Digest


class PhoneHome(Record):
    """One issue on its way to the tracker; its life is in docs/phone-home.md.

    `requested_by` is the incident manager in whose name it was staged, `authors` are those who worded it: none of
    them may approve it. `review_asked_at` is when the review began, from which its times count, `reminders` how many of
    its steps are done. `destination_facts` is what was seen of the destination before the review; None where nothing
    leaves the machine, or nobody looked. `detail` says in a line why it has its state, `code` is set where something
    failed.
    """

    kind: Literal["phone_home"] = "phone_home"
    id: Id
    pid: Pid
    source_pid: Pid
    incident: Id
    signal: Id
    scope: Annotated[Literal["prism-product", "mixed"], BeforeValidator(_eligible)]
    severity: Severity
    nature: Word
    title: Line
    body_markdown: Text
    destination: str
    destination_facts: DestinationFacts | None = None
    requested_by: Identity
    authors: tuple[Identity, ...] = ()
    redaction_report: RedactionReport = RedactionReport(status="not_run")
    retained_sensitive_fields: tuple[Retained, ...] = ()
    idempotency_key: Digest
    fingerprint: str | None = None
    status: Literal[
        "draft", "pending_operator_review", "approved", "rejected", "expired", "shipping", "shipped", "failed",
        "duplicate", "withdrawn",
    ]  # fmt: skip
    operator_review: OperatorReview | None = None
    staged_at: Instant
    last_reviewed: Reviewed | None = None
    review_asked_at: Instant | None = None
    review_due: Instant | None = None
    reminders: int = Field(default=0, ge=0)
    code: str | None = None
    detail: str | None = None
    issue_url: str | None = None
    issue_number: int | None = None
    duplicate_of: Id | None = None
    shipped_at: Instant | None = None
    issue_state: Word | None = None
    issue_reason: str | None = None
    issue_updated_at: str | None = None
    comments_seen: tuple[str, ...] = ()
    due_at: Instant | None = None

    @property
    def hands(self) -> tuple[str, ...]:
        """The people who staged or worded it, none of whom may approve it, in lower case."""
        return tuple(name.casefold() for name in (self.requested_by, *self.authors))

    @property
    def content_hash(self) -> str:
        """The SHA-256 (hex) of what an operator approves: title, body, scope, retained fields, destination as seen."""
        return content_hash(
            title=self.title,
            body=self.body_markdown,
            scope=self.scope,
            retained=self.retained_sensitive_fields,
            destination=self.destination,
            facts=None if self.destination_facts is None else self.destination_facts.bound,
        )


def content_hash(
    *,
    title: str,
    body: str,
    scope: str,
    retained: tuple[Retained, ...],
    destination: str,
    facts: dict[str, JsonValue] | None = None,
) -> str:
    """Return the SHA-256 (hex) of everything that an approval is bound to, with the `facts` of the destination."""
    kept: list[JsonValue] = [field.to_document() for field in retained]
    said: dict[str, JsonValue] = {
        "title": title, "body": body, "scope": scope, "retained": kept, "destination": destination,
    }  # fmt: skip
    return hash_of(said | ({"destination_facts": facts} if facts else {}))


def idempotency_key(*, tenant: str, source_pid: str, incident: str, destination: str) -> str:
    """Return the key of one incident at one destination: it stays the same however often the body is edited."""
    return hash_of({"tenant": tenant, "source_pid": source_pid, "incident": incident, "destination": destination})


def hash_of(document: Mapping[str, JsonValue]) -> str:
    """Return the SHA-256 (hex) of the canonical JSON of `document`, such as of texts by name."""
    return hashlib.sha256(canonical_json(dict(document))).hexdigest()


KIND = Kind(
    name="phone_home",
    awaited=True,
    model=PhoneHome,
    folder="phone_home",
    format="yaml",
    layout="dated",
    prefix="pho",
    writers=frozenset({"engine"}),
    lifecycle=Lifecycle(
        edges={
            "draft": ("pending_operator_review", "withdrawn"),
            "pending_operator_review": ("approved", "rejected", "expired", "withdrawn", "draft"),
            "approved": ("shipping", "duplicate", "pending_operator_review", "expired", "withdrawn"),
            "rejected": (),
            "expired": (),
            # approved: the transport only showed what it would file; in review: it saw another destination
            "shipping": ("shipped", "failed", "approved", "pending_operator_review"),
            "failed": ("shipping", "pending_operator_review", "duplicate", "withdrawn"),
            "shipped": (),
            "duplicate": (),
            "withdrawn": (),
        },
        open=frozenset({"draft", "pending_operator_review", "approved", "shipping", "failed"}),
    ),
    facets={
        "title": "title",
        "status": "status",
        "key": "idempotency_key",
        "due_at": "due_at",
        "rank": "severity.rank",
        "owner": "requested_by",
        "ref": "incident",
    },
    listing=("severity", "status", "destination"),
)
