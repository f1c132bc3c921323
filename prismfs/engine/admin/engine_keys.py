"""The keys of a project's engines: which there are, and this clone's own."""

from dataclasses import asdict, dataclass
from datetime import datetime
from functools import partial
from typing import Literal

from prismfs.engine.admin.roster import BRANCHES, commit_proposal, way_in
from prismfs.engine.turn.desk import Desk
from prismfs.engine.turn.submit import rehearse
from prismfs.errors import RefusedError
from prismfs.kinds import kind_of
from prismfs.kinds.core.settings.persona import Persona, engine_entry, engines_of
from prismfs.kinds.core.settings.project import Project
from prismfs.proof.sshsig import fingerprint, public_line
from prismfs.records.api import Document, Event, Plan, View
from prismfs.rules.core.api import authority
from prismfs.store.engine_key import engine_key, go_on, make_engine, make_next, read_engine
from prismfs.store.git.keys import accept_key


@dataclass(frozen=True, slots=True)
class EngineKey:
    """The key of one engine; `here` tells that it is this clone's. Of a revoked one there is no fingerprint."""

    name: str
    clone: str
    status: Literal["enrolled", "not enrolled", "revoked", "compromised"]
    fingerprint: str | None
    here: bool
    compromised_since: str | None = None

    def to_document(self) -> Document:
        """Return it as a JSON object with all its members."""
        return asdict(self)


@dataclass(frozen=True, slots=True)
class OwnKey:
    """The public key of this clone's engine, in one line; None where a rehearsal would make one.

    `made` tells that it is new, or would be. `entry` is the roster's file for it, None where it is enrolled.
    """

    name: str | None
    key: str | None
    made: bool
    entry: tuple[str, bytes] | None = None


def list_keys(desk: Desk) -> list[EngineKey]:
    """Return the keys of the roster's engines by name, and this clone's own where the roster does not have it."""
    view, own = desk.view(), read_engine(desk.repo.state)
    entries = sorted(engines_of(view), key=lambda entry: entry.identity)
    found = [_listed(entry, here=own is not None and entry.identity == own.name) for entry in entries]
    if own is not None and not any(row.here for row in found):
        signer = engine_key(desk.repo.state, view.single(Project).pid)
        print_of_it = None if signer is None else fingerprint(public_line(signer.public))
        found.append(EngineKey(own.name, own.name, "not enrolled", print_of_it, here=True))
    return found


def own_key(desk: Desk, *, agent: str | None, dry_run: bool) -> OwnKey:
    """Return the key of this clone's engine; one is made where it has none, or only one that was revoked.

    `agent` is the public key that an ssh-agent is to sign with in place of a file.

    Raises:
        RefusedError: `key_exists`, the engine is enrolled with another key than `agent`; `known_key`, another engine is
            enrolled with `agent`; or why the key is of no use.
        StoreError: the key cannot be made, or the ssh-agent does not answer.
    """
    view, state = desk.view(), desk.repo.state
    pid = view.single(Project).pid
    # A rotation that was killed at its end goes on first: its key would be forgotten here.
    signer = engine_key(state, pid) if dry_run else go_on(view, state)
    engine = read_engine(state)
    if engine is not None and signer is not None:
        entry, key = view.get(Persona, engine.name), public_line(signer.public)
        enrolled = entry is not None and key in entry.keys and entry.compromised_since is None
        if enrolled and agent not in (None, key):
            raise RefusedError(
                "key_exists", f"{engine.name} signs here with another key", hint=f"prismfs keys revoke {engine.name}"
            )
        if enrolled:
            return OwnKey(engine.name, key, made=False)
        if entry is None and agent in (None, key):
            return OwnKey(engine.name, key, made=False, entry=_file(engine.name, key))
    for other in engines_of(view):
        if agent in other.keys:
            said = f"this is the key of {other.identity} already, and each clone has one of its own"
            raise RefusedError("known_key", said, field="--agent", hint="ssh-keygen -t ed25519 makes another")
    if dry_run:
        return OwnKey(None, None, made=True)
    name, signer = make_engine(state, pid, is_taken=partial(_is_taken, view), agent=agent)
    key = public_line(signer.public)
    return OwnKey(name, key, made=True, entry=_file(name, key))


def accept(desk: Desk, event: Event, now: datetime, *, dry_run: bool) -> bool:
    """Take the key of `event`, which would enrol it, for its engine's: this user's own word, in every clone of theirs.

    Return whether it is this clone's own and not enrolled yet: then what enrols it can be signed from now on.

    Raises:
        PrismfsError: the rules would not enrol it; the key folder cannot be used; `known_key`, it is this clone's own,
            whose engine has another name.
    """
    decided = rehearse(desk, event, now)
    name, key = str(event.document["name"]), str(event.document["key"])
    engine, own = read_engine(desk.repo.state), engine_key(desk.repo.state, desk.repo.place.pid)
    mine = engine is not None and own is not None and public_line(own.public) == key
    if mine and engine is not None and engine.name != name:
        said, hint = f"this is the key of {engine.name}, this clone's own", f"prismfs keys accept {engine.name} KEY"
        raise RefusedError("known_key", said, field="/name", hint=hint)
    if not dry_run:
        accept_key(desk.repo.place.pid, name, key)
    return mine and isinstance(decided, Plan)


def next_key(desk: Desk, *, dry_run: bool) -> tuple[str, OwnKey]:
    """Return the name that this clone's engine has, and the key that it is to go on by under another name.

    Of that one `entry` is None where the roster has both changes already: it was killed before it went on.

    Raises:
        RefusedError: `engine_not_enrolled`; there is none to go on from.
        StoreError: the key cannot be made.
    """
    view, state = desk.view(), desk.repo.state
    engine = read_engine(state)
    known = None if engine is None else view.get(Persona, engine.name)
    if engine is not None and known is not None and not known.keys and engine.next is not None:
        following = view.get(Persona, engine.next)
        if following is not None and following.keys:
            return engine.name, OwnKey(engine.next, following.keys[0], made=False)
    if engine is None or known is None or not known.keys:
        raise RefusedError(
            "engine_not_enrolled", "the roster has no key of this clone's engine to replace", hint="prismfs keys new"
        )
    if dry_run:
        return engine.name, OwnKey(None, None, made=True)
    name, signer = make_next(state, view.single(Project).pid, is_taken=partial(_is_taken, view))
    key = public_line(signer.public)
    return engine.name, OwnKey(name, key, made=True, entry=_file(name, key))


def ask(desk: Desk, own: OwnKey, *, instead_of: str | None, actor: str, now: datetime) -> tuple[str, str]:
    """Propose the roster's entry of a key on a branch, in the name of `actor`; return the branch and what takes it.

    The key of the engine `instead_of` is revoked there, too.

    Raises:
        RefusedError: `proposal_exists`.
    """
    assert own.entry is not None
    files = [own.entry]
    if instead_of is not None:
        revoked = desk.view().get(Persona, instead_of)
        assert revoked is not None
        after = revoked.changed(keys=())
        files.append((kind_of(after).place_of(after), kind_of(after).write(after)))
    branch = f"{BRANCHES}keys-{own.name}"
    with desk.repo.writer():
        commit_proposal(desk.repo, branch, files, subject=f"roster: enrol {own.name}", actor=actor, now=now)
    return branch, way_in(desk.repo, branch)


def _listed(entry: Persona, *, here: bool) -> EngineKey:
    status: Literal["enrolled", "revoked", "compromised"] = "enrolled" if entry.keys else "revoked"
    if entry.compromised_since is not None:
        status = "compromised"
    shown = fingerprint(entry.keys[0]) if entry.keys else None
    return EngineKey(entry.identity, entry.clone or "", status, shown, here, entry.compromised_since)


def _file(name: str, key: str) -> tuple[str, bytes]:
    entry = engine_entry(name, key)
    return kind_of(entry).place_of(entry), kind_of(entry).write(entry)


def _is_taken(view: View, name: str) -> bool:
    return view.get(Persona, name) is not None or authority.is_identity(view, name)
