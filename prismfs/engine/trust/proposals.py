"""What a commit of others brings, as events: what git holds of each path, and who answers for it (R-000-76, R-000-82).

The events hold no opinion: they say what is there and what a signature is worth, so that the rule can be asked again.
What they say follows from the commit and from the truth that it met, and `verify` derives it anew.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import UTC, datetime

from pydantic import TypeAdapter, ValidationError

from prismfs.engine.event import engine_event
from prismfs.engine.trust import acts
from prismfs.engine.trust.endorsement import endorse, record_at
from prismfs.engine.trust.protection import endorse_verdict, is_protected, is_signed
from prismfs.engine.trust.verdict_file import SIGNOFFS
from prismfs.errors import RecordError
from prismfs.intake.inbox import printable
from prismfs.kinds import KINDS, kind_of_path
from prismfs.kinds.care.signal import Signal
from prismfs.kinds.core.settings import persona, project
from prismfs.kinds.gates import artifact
from prismfs.records.api import Document, Event, Identity, JsonValue, Kind, Record
from prismfs.rules.index import ROWS
from prismfs.store.git.history import Proposal, held_before, merge_base, proposal_of, read_commit
from prismfs.store.git.plumbing import NO_OBJECT, Change
from prismfs.store.git.repository import Git

_IDENTITY: TypeAdapter[str] = TypeAdapter(Identity)

VERDICTS = tuple(KINDS[name] for name in SIGNOFFS)
"""The kinds of verdicts: a verdict is a file of its own that is never changed."""

_GITS_OWN = frozenset({".git", "git~1", ".", ".."})

_MOST = 2000
"""Changed paths that one event names; of a commit with more none is taken."""


def events_of(git: Git, base: str, proposal: Proposal, now: datetime) -> list[Event]:
    """Return the events of a proposal, to be decided on top of `base`: the commit itself, then what it adds."""
    at, cause = time_of(proposal, now), f"commit:{proposal.commit}"
    facts = acts.scanned(facts_of(git, base, proposal))
    events = [engine_event("commit", "any", cause=cause, at=at, document=facts), *acts.acts_of(facts, at)]
    for change in proposal.changes[:_MOST]:
        kind = kind_of_path(change.path)
        if kind is None:
            continue
        for name, document in _follow_up(git, base, proposal, change, kind):
            one = f"{cause}:{document['id']}"
            events.append(engine_event("commit", name, cause=one, at=at, document=document))
    return events


def _follow_up(git: Git, base: str, proposal: Proposal, change: Change, kind: Kind) -> Iterator[tuple[str, Document]]:
    """Yield what follows from a file once it is taken: a signal, an artifact, a verdict, a setting."""
    if kind is artifact.KIND:
        found = artifact_facts(git, base, proposal, change.path)
        if found is not None:
            yield "artifact", found
    elif kind in VERDICTS and change.old == NO_OBJECT:
        verdict = verdict_facts(git, base, proposal.commit, change.path, kind)
        if verdict is not None:
            yield kind.name, verdict
    elif kind.model is Signal and change.old == NO_OBJECT:
        signal = record_at(git, proposal.commit, change.path, Signal)
        if signal is not None and signal.status == "received":
            yield "signal", {"id": signal.id, "commit": proposal.commit}
    elif kind.layout == "single" and ("commit", kind.name) in ROWS:
        yield kind.name, {"id": kind.name, "commit": proposal.commit}


def facts_of(git: Git, base: str, proposal: Proposal) -> Document:
    """Return what a proposal changes, against its own parent and against the truth at `base`, and who signed it."""
    changes = proposal.changes if len(proposal.changes) <= _MOST else ()
    document: Document = {
        "commit": proposal.commit,
        # Names and subjects are bytes to git; a row holds text, or there would be no row.
        "author": printable(proposal.author),
        "subject": printable(proposal.subject),
        "changes": [_described(git, base, proposal.commit, change) for change in changes],
        "left_out": len(proposal.changes) - len(changes),
    }
    document = acts.with_author(git, base, document)
    if not any(is_protected(change.path) for change in changes):
        return document
    signed = is_signed(git, base)
    endorsement = endorse(git, proposal.commit, base).to_document() if signed else None
    after = {change.path: change.new for change in changes}

    def at_base(path: str) -> str | None:
        return git.blob(f"{base}:{path}")

    def at_end(path: str) -> str | None:
        new = after.get(path, at_base(path))
        return None if new == NO_OBJECT else new

    return document | {
        "trust": "signed" if signed else "local",
        "endorsement": endorsement,
        "bridges": {"before": _bridges(git, at_base), "after": _bridges(git, at_end)},
        "operators": {"before": _operators(git, at_base), "after": _operators(git, at_end)},
    }


def artifact_facts(git: Git, base: str, proposal: Proposal, path: str) -> Document | None:
    """Return what an edited artifact was, but for its words, and who edited it; None where it cannot be read."""
    here, before = (
        record_at(git, proposal.commit, path, artifact.Artifact),
        record_at(git, base, path, artifact.Artifact),
    )
    if here is None or here == before:
        return None
    return {
        "id": here.id,
        "commit": proposal.commit,
        "editors": [*editors_of(proposal)],
        "before": None if before is None else without_words(before),
    }


def verdict_facts(git: Git, base: str, commit: str, path: str, kind: Kind) -> Document | None:
    """Return the verdict that a commit adds, and whose signature it has by the roster at `base`."""
    found = record_at(git, commit, path, kind.model)
    if found is None:
        return None
    return {
        "id": kind.name_of(found),
        "commit": commit,
        "trust": "signed" if is_signed(git, base) else "local",
        kind.name: found.to_document(),
        "endorsement": endorse_verdict(git, commit, path, base).to_document(),
    }


def contradicted(git: Git, event: Event, parents: Sequence[str], bases: Mapping[str, str]) -> str | None:
    """Return how `event`, kept in a commit with these `parents`, says other than git does; None if it does not.

    `bases` maps the commits of people that were taken over so far to what stood before. Other events are not looked at.
    """
    given = event.commit
    if event.type != "commit" and given is None:
        return None
    said, commit = event.document, str(event.document.get("commit")) if given is None else given.commit
    base = parents[0] if event.kind == "any" else bases.get(commit)
    if base is None or git.resolve(commit) != commit:
        return "names a commit that is no part of it"
    proposal = proposal_of(git, read_commit(git, commit))
    if given is not None:
        known_acts = acts.acts_of(facts_of(git, base, proposal), event.at)
        return None if event in known_acts else "gives a command that its commit does not"
    if event.kind == "any":
        found: Document | None = facts_of(git, base, proposal)
    elif event.kind == "artifact":
        found = artifact_facts(git, base, proposal, artifact.KIND.path_of(str(said.get("id"))))
    elif event.kind in SIGNOFFS:
        kind = KINDS[event.kind]
        found = verdict_facts(git, base, commit, kind.path_of(str(said.get("id"))), kind)
    else:
        return None
    known = _comparable(found or {}, said)
    same = {name: value for name, value in _comparable(said, said).items() if name in known} == known
    return None if same else "says another thing of it than git does"


def _comparable(facts: Document, said: Document) -> Document:
    """Return facts without what programs may differ in: why a file is no record, and edits that `said` has not.

    An older program knew other faults and no acts; one whose edit holds a secret is not handed on.
    """
    if not isinstance(facts.get("changes"), list):
        return facts
    edited = {change["path"] for change in acts.changes_of(said) if "edit" in change}
    changes: list[JsonValue] = [
        (change if change["path"] in edited else acts.without_edit(change)) | {"code": None}
        for change in acts.changes_of(facts)
    ]
    return {name: value for name, value in facts.items() if name != "acting" or "acting" in said} | {"changes": changes}


def time_of(proposal: Proposal, now: datetime) -> datetime:
    """Return the time that events of the commit carry: when it was made, but never after `now`."""
    return min(now, datetime.fromtimestamp(proposal.seconds, UTC))


def without_words(record: artifact.Artifact) -> Document:
    """Return the artifact without its body and findings, which `content_hash` covers."""
    return {name: value for name, value in record.to_document().items() if name not in ("body", "findings")}


def editors_of(proposal: Proposal) -> list[str]:
    """Return the identities that its author may be: the name, and the part of the address before the `@`; sorted."""
    names = {name.partition("@")[0].strip() for name in (proposal.author, proposal.email)}
    found = {name.casefold(): name for name in sorted(names) if could_be_identity(name)}
    return sorted(found.values(), key=str.casefold)


def could_be_identity(name: object) -> bool:
    """Tell whether `name` has the form of an identity; whose it is, is asked elsewhere."""
    try:
        _IDENTITY.validate_python(name)
    except ValidationError:
        return False
    return True


def _described(git: Git, base: str, commit: str, change: Change) -> Document:
    """Return one changed path: blobs before and after, the truth's, and why the file is no record, if it should be."""
    # It is no text, would pass for another name, or is one that git itself will not write into a work tree.
    if not change.path.isprintable() or not _GITS_OWN.isdisjoint(change.path.casefold().split("/")):
        return {"path": printable(change.path), "old": None, "new": None, "here": "", "had": False, "same": False,
                "mode": change.mode, "code": "bad_name"}  # fmt: skip
    here = git.blob(f"{base}:{change.path}")
    old, new = (None if blob == NO_OBJECT else blob for blob in (change.old, change.new))
    had = False
    if here not in (new, old):
        since = merge_base(git, commit, base)
        had = since is not None and (new or NO_OBJECT) in held_before(git, since, base, change.path)
    kind = kind_of_path(change.path)
    code, record = None, None
    if kind is not None and new is not None:
        try:
            record = kind.read(git.read(new) or b"", path=change.path)
        except RecordError as error:
            code = error.code
    before = None if kind is None or record is None else _record(git, kind, change.path, old)
    facts: Document = {
        "path": change.path, "old": old, "new": new, "here": here, "had": had, "mode": change.mode, "code": code,
        "same": record is not None and record == before,
    }  # fmt: skip
    if kind is None or not kind.acts or had or new == here:
        return facts
    return acts.with_edit(facts, before, record, before if here == old else _record(git, kind, change.path, here))


def _bridges(git: Git, at: Callable[[str], str | None]) -> list[JsonValue]:
    found = _project(git, at)
    if found is None or not found.is_home:
        return []
    bridges: list[JsonValue] = []
    for name in found.bridges:
        path = persona.KIND.path_of(name)
        entry = _record(git, persona.KIND, path, at(path))
        if isinstance(entry, persona.Persona) and entry.persona_class == "bridge":
            bridges.append(entry.identity)
    return bridges


def _operators(git: Git, at: Callable[[str], str | None]) -> list[JsonValue]:
    found = _project(git, at)
    return [] if found is None else list(found.operators)


def _project(git: Git, at: Callable[[str], str | None]) -> project.Project | None:
    path = project.KIND.folder
    found = _record(git, project.KIND, path, at(path))
    return found if isinstance(found, project.Project) else None


def _record(git: Git, kind: Kind, path: str, blob: str | None) -> Record | None:
    try:
        return None if blob is None else kind.read(git.read(blob) or b"", path=path)
    except RecordError:
        return None
