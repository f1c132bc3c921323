"""Sign-offs: a person decides on exact bytes, by a command or by a file in a commit.

A verdict is bound to the content hash of what was looked at: any later byte makes it stale. It counts while its
subject waits for one. Authors do not approve their own work, a no has its reason, and a verdict that is there
already changes nothing. Verdicts come by a command, or as files that a commit brings, as a merged pull request does
(R-000-82, R-003-28); such a file that does not count changes nothing: it leaves a row, and the person whom it names
hears of it.

What is signed off, by whom, and what follows a verdict, a family says in a `Signoff`: gates in `gates/gate.py`,
outgoing issues in `care/outbound_issue/approval.py`.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Generic, TypeVar

from prismfs.errors import ForbiddenError, RefusedError
from prismfs.kinds import kind_of
from prismfs.kinds.core.audit import Audit
from prismfs.kinds.core.verdict import Surface, Verdict
from prismfs.records.api import Document, Id, JsonValue, Nothing, Record, View, format_instant
from prismfs.rules.core import authority, refusals
from prismfs.rules.core.draft import Draft, Refusal

S = TypeVar("S", bound=Record)
V = TypeVar("V", bound=Verdict)


@dataclass(frozen=True, slots=True)
class Signoff(Generic[S, V]):
    """One thing that is signed off: records of the kind `subject`, by verdicts of the kind `verdict`.

    `family` begins its commands and audit actions (`gate.approve`, `gate.approved`), `program` is how people give
    them. `waiting` is the state of a subject that waits for a verdict, `not_waiting` the code where it is another;
    `reached` maps each verdict to the states that it led to. Operators alone decide where `operators_only`, else those
    who have the right of the command. Of the verdicts in `authors_may` authors give their own.

    `status`, `content_hash`, `authors` and `decided_by` (the id of the newest verdict) read a subject. `members` gives
    the members of a verdict that are its kind's own: of the subject, the verdict's word, its reason and what else the
    command said. `check` refuses a verdict that does not count, `carry_out` does what follows from one that does.
    `sender` is who writes to people about it; None: the engine.
    """

    family: str
    program: str
    subject: type[S]
    verdict: type[V]
    waiting: str
    not_waiting: str
    reached: Mapping[str, tuple[str, ...]]
    operators_only: bool
    authors_may: frozenset[str]
    status: Callable[[S], str]
    content_hash: Callable[[S], str]
    authors: Callable[[S], Iterable[str]]
    decided_by: Callable[[S], str | None]
    members: Callable[[View, S, str, str, Document], Document]
    check: Callable[[View, S, V], None]
    carry_out: Callable[[Draft, S, V], None]
    sender: Callable[[Draft], str | None]


def decide_by_command(draft: Draft, signoff: Signoff[S, V], decision: str) -> Nothing | None:
    """Decide on the record `id` of the event; its `content_hash`, where given, is what the person looked at.

    Raises:
        ForbiddenError: who gives it has no right to, or has to sign it (`signature_required`).
        RefusedError: `not_found`, `reason_missing`, and what `signoff.check` refuses.
    """
    document, actor = draft.event.document, draft.event.actor
    subject = draft.need(signoff.subject, str(document["id"]))
    check_right(draft, signoff, actor, decision)
    name = kind_of(subject).name_of(subject)
    if draft.project.trust == "signed" and draft.event.assurance != "engine":
        raise ForbiddenError(
            "signature_required", "this project counts only signed decisions (trust: signed)", field="/from",
            hint=f"{signoff.program} {decision.replace('_', '-')} {name} --pull-request, and sign the commit",
        )  # fmt: skip
    known = signoff.decided_by(subject)
    earlier = None if known is None else draft.get(signoff.verdict, known)
    if earlier is not None and signoff.status(subject) in signoff.reached[decision]:
        return Nothing(f"{signoff.reached[decision][0]} already by {earlier.by}", name)
    made = make_verdict(
        draft.view, signoff, subject, decision, identifier=draft.new_id(prefix_of(signoff)), by=actor, at=draft.now,
        surface="cli", said=document,
    )  # fmt: skip
    signoff.check(draft.view, subject, made)
    signoff.carry_out(draft, subject, draft.put(made))
    return None


def decide_by_file(draft: Draft, signoff: Signoff[S, V]) -> Nothing | None:
    """Decide by the verdict that a commit brought.

    Raises:
        RefusedError: `not_found`; what `signoff.check` refuses.
        ForbiddenError: the person whom it names has no right to, or did not sign it.
    """
    _void_if_changed(draft, signoff.verdict)
    name = str(draft.event.document["id"])
    verdict = draft.view.get(signoff.verdict, name)
    if verdict is None:
        return Nothing(f"the {kind_of(signoff.verdict).name} is gone", name)
    subject = draft.get(signoff.subject, verdict.about)
    if subject is not None and signoff.decided_by(subject) == name:
        return Nothing(f"the {kind_of(verdict).name} was taken already", name)
    if subject is None:
        raise RefusedError("not_found", "is about a record that is not here", field="/about")
    check_right(draft, signoff, verdict.by, verdict.decision)
    _check_signed(draft, verdict.by, operator=signoff.operators_only)
    signoff.check(draft.view, subject, verdict)
    signoff.carry_out(draft, subject, verdict)
    return None


def refuse_file(draft: Draft, signoff: Signoff[S, V], error: Refusal) -> None:
    """Write down that a verdict which a commit brought does not count, and tell the person whom it names."""
    _void_if_changed(draft, signoff.verdict)
    verdict = draft.need(signoff.verdict, str(draft.event.document["id"]))
    kind = kind_of(verdict).name
    draft.subject = verdict
    draft.because(f"refuse_{kind}", f"does not count: {error.code}")
    meta: dict[str, JsonValue] = {
        "code": error.code, "about": verdict.about, "by": verdict.by, "commit": draft.event.document.get("commit"),
    }  # fmt: skip
    draft.row(f"{signoff.family}.approval_refused", verdict, level="error", meta=meta)
    what = f"{kind} {verdict.id} on {verdict.about}"
    refusals.tell_of_verdict(draft, error, by=verdict.by, what=what)
    if authority.is_identity(draft.view, verdict.by):
        draft.mail(
            verdict.by, role="refused", type="notification", sender=signoff.sender(draft),
            subject=f"Your {kind} does not count: {error.code}", body=f"{error.problem}\n", about=verdict,
        )  # fmt: skip


def make_verdict(
    view: View, signoff: Signoff[S, V], subject: S, decision: str, *, identifier: Id, by: str, at: datetime,
    surface: Surface, said: Document,
) -> V:  # fmt: skip
    """Return a verdict on `subject` as a record, unchecked.

    `said` may hold `content_hash` (else it is of what the subject says now), `reason` or `notes`, and what the kind
    knows beside them.

    Raises:
        RefusedError: `reason_missing`, a no without one; what `signoff.members` refuses.
        RecordError: something that was said does not fit its field.
    """
    reason = str(said.get("reason") or said.get("notes") or "")
    if decision != "approve" and not reason.strip():
        raise RefusedError("reason_missing", "a no is given with its reason", field="/reason", hint="--reason TEXT")
    return signoff.verdict.from_document(
        {
            "kind": kind_of(signoff.verdict).name, "id": identifier, "about": kind_of(subject).name_of(subject),
            "decision": decision, "content_hash": said.get("content_hash") or signoff.content_hash(subject), "by": by,
            "at": format_instant(at), "surface": surface, **signoff.members(view, subject, decision, reason, said),
        }
    )  # fmt: skip


def check_waiting(signoff: Signoff[S, V], subject: S, verdict: V) -> None:
    """Accept a verdict on what `subject` says now, while it waits for one, by a person who is no author of it.

    Raises:
        RefusedError: the code `not_waiting` of the sign-off; `approval_stale`.
        ForbiddenError: `self_approval`.
    """
    show = f"{signoff.program} show {verdict.about}"
    status = signoff.status(subject)
    if status != signoff.waiting:
        first = "prismfs watch, or prismfs react, has it scanned first; " if status == "draft" else ""
        raise RefusedError(signoff.not_waiting, f"it is {status}", field="/id", hint=first + show)
    if verdict.content_hash != signoff.content_hash(subject):
        raise RefusedError(
            "approval_stale", "it is not any more what was looked at", field="/content_hash",
            hint=f"{show}, then decide on what it says now",
        )  # fmt: skip
    if verdict.decision not in signoff.authors_may and is_author(signoff, subject, verdict.by):
        raise ForbiddenError(
            "self_approval", f"{verdict.by} had a hand in it", field="/from", hint="another person decides on it"
        )


def is_author(signoff: Signoff[S, V], subject: S, name: str) -> bool:
    """Tell whether `name` had a hand in `subject`; the case of letters does not matter."""
    return name.casefold() in (author.casefold() for author in signoff.authors(subject))


def surface_of(draft: Draft, verdict: Verdict) -> Surface:
    """Return where `verdict` was given; a file in a commit is not asked."""
    return "pull_request" if draft.event.type == "commit" else verdict.surface


def meta_of(draft: Draft, verdict: Verdict) -> dict[str, JsonValue]:
    """Return what the audit row of a verdict says of it."""
    return {
        kind_of(verdict).name: verdict.id, "content_hash": verdict.content_hash, "by": verdict.by,
        "surface": surface_of(draft, verdict),
    }  # fmt: skip


def is_recorded(view: View, action: str, subject: str, said: Mapping[str, JsonValue]) -> bool:
    """Tell whether an audit row of `action` on the record says all of `said`; what the record says may be a lie."""
    rows = (row for row in view.with_ref(Audit, subject) if row.action == action)
    return any(said.items() <= row.meta.items() for row in rows)


def prefix_of(signoff: Signoff[S, V]) -> str:
    """Return what the ids of the verdicts begin with."""
    prefix = kind_of(signoff.verdict).prefix
    assert prefix is not None
    return prefix


def check_right(draft: Draft, signoff: Signoff[S, V], name: str, decision: str) -> None:
    """Accept a person who may give this verdict at all.

    Raises:
        ForbiddenError: `not_operator`, `not_allowed`.
    """
    if not signoff.operators_only:
        authority.check(draft, f"{signoff.family}.{decision}", by=name)
        return
    if not authority.is_operator(draft, name):
        raise ForbiddenError(
            "not_operator", f"{name} is no operator of this project", field="/from", hint="prismfs.yaml: operators"
        )


def _check_signed(draft: Draft, by: str, *, operator: bool) -> None:
    """Accept a file whose commit is signed by the person whom it names, or any with `trust: local`.

    The event says what `trust` is, as an operator answers for it: the head may say what no operator signed. Without
    `operator` the signature of any key in the roster is one.

    Raises:
        ForbiddenError: `signature_required`, `not_operator`, `forged_signature`, or the code of the endorsement.
    """
    if {draft.project.trust, draft.event.document.get("trust", "local")} == {"local"}:
        return
    found = draft.event.document.get("endorsement")
    told = found if isinstance(found, dict) else {}
    code, signer = told.get("code"), str(told.get("signer") or "")
    if not told.get("verified"):
        code = str(code) if code and code != "unsigned" else "signature_required"
        raise ForbiddenError(code, "the commit bears no signature that counts", field="/by", hint="git commit -S")
    if operator and not told.get("operator"):
        raise ForbiddenError("not_operator", "who signed the commit is no operator", field="/by")
    if signer.casefold() != by.casefold():
        raise ForbiddenError("forged_signature", "another person signed the commit", field="/by")


def _void_if_changed(draft: Draft, model: type[Verdict]) -> None:
    """Void the endorsement of a verdict that says here other than in its signed commit."""
    document, kind = draft.event.document, kind_of(model).name
    here = draft.view.get(model, str(document["id"]))
    if here is None or here.to_document() == document.get(kind):
        return
    void: Document = {"verified": False, "signer": None, "operator": False, "code": f"{kind}_changed"}
    draft.event = draft.event.changed(document=document | {"endorsement": void})
