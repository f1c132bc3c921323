"""Engines in the roster: the key of a clone's engine is enrolled, and revoked, by an operator.

With `trust: signed` the roster counts as operators signed it: then the change is a file for a commit of theirs.
"""

from collections.abc import Callable, Iterator, Set

from prismfs.errors import RefusedError
from prismfs.kinds import kind_of
from prismfs.kinds.core.settings.persona import Persona, engine_entry, engines_of
from prismfs.proof.sshsig import fingerprint, raw_public
from prismfs.records.api import ENGINE, Nothing
from prismfs.rules.core import authority
from prismfs.rules.core.draft import Draft

Change = Callable[[Draft], Persona | Nothing]


def enrol(draft: Draft) -> Nothing | None:
    """Put the engine `name` with its public `key` into the roster.

    Raises:
        ForbiddenError: `not_allowed`, `signature_required`.
        RefusedError, RecordError: as `enrolled` does.
    """
    return _decide(draft, enrolled, "enrol", action="enrolled", meaning="may sign from now on")


def revoke(draft: Draft) -> Nothing | None:
    """Take the key of the engine `name` out of the roster, or say from which commit on it is in other hands.

    Raises:
        ForbiddenError: `not_allowed`, `signature_required`.
        RefusedError: as `revoked` does.
    """
    return _decide(draft, revoked, "revoke", action="revoked", meaning="signs nothing any more")


def enrolled(draft: Draft) -> Persona | Nothing:
    """Return the roster's entry for the `name` and the `key` of the event.

    Raises:
        RefusedError: `bad_key`; `reserved_identity`; `known_identity`, also of an engine that was revoked; `known_key`.
        RecordError: the name is none.
    """
    name, key = str(draft.event.document["name"]), str(draft.event.document["key"])
    if raw_public(key) is None:
        raise RefusedError(
            "bad_key", "is no ssh-ed25519 key in one line without a comment", field="/key", hint="prismfs keys new"
        )
    made = engine_entry(name, key)
    known = draft.view.get(Persona, name)
    if known == made:
        return Nothing(f"{name} is enrolled already", name)
    if name.casefold() == ENGINE:
        raise RefusedError("reserved_identity", f"{ENGINE} is the name that every engine acts by", field="/name")
    if known is not None or authority.is_identity(draft.view, name):
        raise RefusedError(
            "known_identity", "the roster has this name already", field="/name", hint="prismfs keys list"
        )
    for entry in (*engines_of(draft.view), *_operators(draft)):
        if key in entry.keys:
            raise RefusedError("known_key", f"this is the key of {entry.identity} already", field="/key")
    return made


def revoked(draft: Draft) -> Persona | Nothing:
    """Return the entry of the engine `name` as it is afterwards; `since` is the commit that it is compromised from on.

    Raises:
        RefusedError: `unknown_engine`; `last_engine`.
    """
    name, since = str(draft.event.document["name"]), draft.event.document.get("since")
    known = draft.view.get(Persona, name)
    if known is None or known.persona_class != "engine":
        raise RefusedError("unknown_engine", "no engine has this name", field="/name", hint="prismfs keys list")
    after = known.changed(keys=()) if since is None else known.changed(compromised_since=since)
    if known == after or not known.keys:
        return Nothing(f"{known.identity} is revoked already", known.identity)
    last = last_engines(draft, {kind_of(known).place_of(known)}, set())
    # With signed trust it counts when an operator has signed it, who has a key then.
    if last and draft.project.trust == "local" and not any(one.keys for one in _operators(draft)):
        said = "no other engine signs here, and no operator has a key: nobody could let a new one in"
        way = "prismfs keys rotate gives it another key, prismfs keys new in another clone makes a second engine"
        raise RefusedError("last_engine", said, field="/name", hint=way)
    return after


def last_engines(draft: Draft, changed: Set[str], removed: Set[str]) -> frozenset[str]:
    """Return the files of engines that must stay as they are, of those that a commit has changed or removed.

    Without any engine in the roster nothing would be signed any more, and without one that has a key nobody could sign.
    """
    engines = engines_of(draft.view)
    every = frozenset(kind_of(one).place_of(one) for one in engines)
    signing = frozenset(kind_of(one).place_of(one) for one in engines if one.keys and one.compromised_since is None)
    return (signing if signing <= changed else frozenset()) | (every if every <= removed else frozenset())


def _operators(draft: Draft) -> Iterator[Persona]:
    entries = (draft.view.get(Persona, operator) for operator in draft.project.operators)
    return (entry for entry in entries if entry is not None)


def _decide(draft: Draft, change: Change, rule: str, *, action: str, meaning: str) -> Nothing | None:
    hint = f"prismfs keys {rule} writes the file, and an operator signs the commit"
    authority.check_protected(draft, "the roster", hint=hint)
    before = draft.view.get(Persona, str(draft.event.document["name"]))
    found = change(draft)
    if isinstance(found, Nothing):
        return found
    draft.subject = draft.put(found)
    draft.because(rule, f"the engine {kind_of(found).name_of(found)} {meaning}")
    key = (*found.keys, *(() if before is None else before.keys))[0]
    draft.row(
        f"engine.{action}", found, level="warn",
        meta={"key": fingerprint(key), "compromised_since": found.compromised_since},
    )  # fmt: skip
    return None
