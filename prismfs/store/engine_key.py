"""The engine of this clone: its name, and the key that it signs with.

The name stands in the file `engine` of the clone's state folder; the key lies outside of the repository, in the file
`<key folder>/<pid>/<name>`. The line `agent <public key>` below the name says that an ssh-agent has it instead, the
line `next <name>` by which name and key it goes on once the roster has them and the old one no more (`keys rotate`),
the line `first <name>` which one it began with. The file `engine.at` says which folder that is: a repository that was
copied (`cp -r`) is a clone that has no engine yet.
"""

import os
import re
import secrets
import socket
from collections.abc import Callable, Collection, Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path

from prismfs.errors import PrismfsError, StoreError
from prismfs.kinds.core.settings.persona import engines_of
from prismfs.kinds.core.settings.project import Project
from prismfs.proof.sshsig import public_line
from prismfs.records.api import View
from prismfs.store.git.keys import AgentKey, Signer, key_folder, make_key, read_key
from prismfs.store.git.worktree import disk_error

CANNOT_SIGN = ("engine_key_missing", "engine_not_enrolled")
"""Codes that say that this clone's engine decides nothing that others would believe."""

_FILE, _PLACE = "engine", "engine.at"
_AGENT, _NEXT, _FIRST = "agent ", "next ", "first "
_LETTERS = 4


@dataclass(frozen=True, slots=True)
class CloneEngine:
    """The engine of a clone by its name; `agent` is the public key that an ssh-agent holds for it, None for a file.

    `next` is the name that it is to go on by, `first` that of the engine that the clone began with, None for this one.
    """

    name: str
    agent: str | None = None
    next: str | None = None
    first: str | None = None


def read_engine(state: Path) -> CloneEngine | None:
    """Return what the clone's `state` folder says of its engine, None where it has none yet, as in a copy."""
    if _is_copy(state):
        return None
    try:
        name, *others = (state / _FILE).read_text().splitlines()
    except (FileNotFoundError, ValueError):
        return None
    said = (
        next((line.removeprefix(mark) for line in others if line.startswith(mark)), None)
        for mark in (_AGENT, _NEXT, _FIRST)
    )
    return CloneEngine(name, *said)


def key_path(name: str, pid: str, environ: Mapping[str, str] = os.environ) -> Path:
    """Return where the key of the engine `name` of the project `pid` lies.

    Raises:
        StoreError: `no_key_folder`.
    """
    return key_folder(environ) / pid / name


def engine_key(state: Path, pid: str, environ: Mapping[str, str] = os.environ) -> Signer | None:
    """Return the key of the engine whose clone has this `state` folder, None where it has none here.

    Raises:
        RefusedError, StoreError: there is one that cannot be used (see `read_key`); no ssh-agent is there.
    """
    engine = read_engine(state)
    if engine is None:
        return None
    if engine.agent is not None:
        return _agent_key(engine.agent, environ)
    return _key_here(engine.name, pid, environ)


def make_engine(
    state: Path,
    pid: str,
    *,
    is_taken: Callable[[str], bool] = lambda _: False,
    agent: str | None = None,
    environ: Mapping[str, str] = os.environ,
) -> tuple[str, Signer]:
    """Give the clone with this `state` folder an engine of a new name and a new key; return both.

    A name that `is_taken`, or of which this user has a key already, gets some letters more. `agent` is the public key
    that an ssh-agent holds; then no key is made.

    Raises:
        RefusedError, StoreError: the key cannot be made or used, or the state folder not be written.
    """
    name = _free_name(pid, is_taken, environ)
    signer = make_key(key_path(name, pid, environ)) if agent is None else _agent_key(agent, environ)
    _write_engine(state, CloneEngine(name, agent, first=_first(read_engine(state))))
    return name, signer


def make_next(
    state: Path, pid: str, *, is_taken: Callable[[str], bool], environ: Mapping[str, str] = os.environ
) -> tuple[str, Signer]:
    """Return the name and the key that this clone's engine is to go on by; they are made where there are none yet.

    Raises:
        RefusedError, StoreError: as `make_engine` does.
    """
    engine = read_engine(state)
    assert engine is not None
    if engine.next is not None and (known := _key_here(engine.next, pid, environ)) is not None:
        return engine.next, known
    name = _free_name(pid, is_taken, environ)
    signer = make_key(key_path(name, pid, environ))
    _write_engine(state, replace(engine, next=name))
    return name, signer


def signing_key(view: View, state: Path, *, held: Signer | None = None) -> Signer | None:
    """Return the key that this clone signs its groups with; None where the roster of `view` has no engine at all.

    `held` is what it answered before: while the roster has that, nothing is read from the disk.

    Raises:
        StoreError: `engine_key_missing`, the clone has no key; `engine_not_enrolled`, the roster does not have it, or
            not any more; or why it cannot be used.
    """
    good = _good_keys(view)
    if good is None:
        return None
    if held is not None and public_line(held.public) in good:
        return held
    try:
        signer = go_on(view, state)
    except PrismfsError as error:
        problem = error.problem
        raise StoreError(problem.code, problem.message, path=problem.path, hint=problem.hint) from error
    if signer is None:
        said = "the engine of this clone has no key here, and this project's commits are signed"
        raise StoreError("engine_key_missing", said, hint="prismfs keys new")
    if public_line(signer.public) not in good:
        said = "the roster does not have the key of this clone's engine"
        raise StoreError("engine_not_enrolled", said, hint="prismfs keys new says how it gets there")
    _note_place(state)
    return signer


def go_on(view: View, state: Path, environ: Mapping[str, str] = os.environ) -> Signer | None:
    """Return this clone's key; where the roster of `view` has only its next or its first one, it goes on by that.

    Raises:
        RefusedError, StoreError: as `engine_key` does.
    """
    pid, good = view.single(Project).pid, _good_keys(view) or ()
    engine, signer = read_engine(state), engine_key(state, pid, environ)
    if engine is None or (signer is not None and public_line(signer.public) in good):
        return signer
    # The first one comes back where `keys new` was given in an environment that did not have its key.
    for name in (engine.next, engine.first):
        found = None if name is None else _key_here(name, pid, environ)
        if name is not None and found is not None and public_line(found.public) in good:
            _write_engine(state, CloneEngine(name, first=_first(engine)))
            return found
    return signer


def _first(engine: CloneEngine | None) -> str | None:
    return None if engine is None else engine.first or engine.name


def _good_keys(view: View) -> Collection[str] | None:
    """Return the keys that engines may sign with; None where the roster has no engine at all."""
    engines = engines_of(view)
    good = {key for entry in engines if entry.compromised_since is None for key in entry.keys}
    return good if engines else None


def _key_here(name: str, pid: str, environ: Mapping[str, str]) -> Signer | None:
    path = key_path(name, pid, environ)
    return read_key(path) if os.path.lexists(path) else None


def _free_name(pid: str, is_taken: Callable[[str], bool], environ: Mapping[str, str]) -> str:
    name = begin = _default_name()
    while is_taken(name) or os.path.lexists(key_path(name, pid, environ)):
        name = f"{begin}-{secrets.token_hex(_LETTERS // 2)}"
    return name


def _write_engine(state: Path, engine: CloneEngine) -> None:
    more = ((_AGENT, engine.agent), (_NEXT, engine.next), (_FIRST, engine.first))
    lines = [engine.name, *(f"{mark}{value}" for mark, value in more if value is not None)]
    try:
        state.mkdir(parents=True, exist_ok=True)
        temporary = state / f"{_FILE}.new"
        temporary.write_text("".join(f"{line}\n" for line in lines))
        temporary.replace(state / _FILE)
    except OSError as error:
        raise disk_error(error, str(state / _FILE)) from error
    _note_place(state)


def _is_copy(state: Path) -> bool:
    """Tell whether the folder was copied from one that is still there: both would sign as one engine."""
    with suppress(OSError, ValueError):
        number, there = (state / _PLACE).read_text().strip().split(" ", 1)
        return int(number) == Path(there).stat().st_ino != state.stat().st_ino
    return False


def _note_place(state: Path) -> None:
    """Note where the engine's clone is. A folder that was moved is the same; the note is no more than a guard."""
    with suppress(OSError):
        text = f"{state.stat().st_ino} {state.resolve()}\n".encode()
        if not (state / _PLACE).exists() or (state / _PLACE).read_bytes() != text:
            (state / _PLACE).write_bytes(text)


def _agent_key(line: str, environ: Mapping[str, str]) -> AgentKey:
    address = environ.get("SSH_AUTH_SOCK")
    if not address:
        raise StoreError("agent_refused", "no ssh-agent is there: SSH_AUTH_SOCK is not set", hint="ssh-agent, ssh-add")
    return AgentKey(Path(address), line)


def _default_name() -> str:
    """Return `engine-` and this machine's name, as a word of the roster."""
    host = re.sub(r"[^a-z0-9]+", "-", socket.gethostname().partition(".")[0].casefold()).strip("-")
    return f"engine-{host[:40]}" if host else "engine-here"
