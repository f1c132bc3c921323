"""A real repository with two engines, an operator and whoever attacks, all of whom have keys."""

import hashlib
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Literal

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from prismfs.kinds.core.settings import persona, project
from prismfs.kinds.core.settings.persona import Persona
from prismfs.kinds.core.settings.project import Project
from prismfs.proof.commit_object import with_signature
from prismfs.proof.proofs import Anchor, Classified, FaultCode, Reason, Status
from prismfs.proof.sshsig import armor, public_line, signed_bytes
from prismfs.proof.statements import Covers, with_statement
from prismfs.store.git.history import ENGINE
from prismfs.store.git.keys import FileKey, Signer, accept_key
from prismfs.store.git.place import find_git_dir, make_repository
from prismfs.store.git.plumbing import NO_OBJECT, NewCommit
from prismfs.store.git.proofs import classify_branch, protected_files
from prismfs.store.git.repository import Git
from prismfs.store.git.signing import sign_group
from tests.support.project import CLEAN

BRANCH, SCRATCH = "refs/heads/main", "refs/prismfs/scratch"
Trust = Literal["local", "signed"]
SECONDS = 1_772_359_200
ENGINES, OPERATOR = ("desk-a", "desk-b"), "clara"


@dataclass(frozen=True)
class Expected:
    """What is to be seen at `head`: each commit's status and reason, and the faults, exactly these.

    A `desk` of its own is a clone that is to be looked at instead.
    """

    head: str
    proofs: Mapping[str, tuple[Status, Reason]] = field(default_factory=dict)
    faults: Sequence[FaultCode] = ()
    unseen: Sequence[str] = ()
    undecidable: str | None = None
    desk: "SignedDesk | None" = None
    anchor: Anchor | None = None


@cache
def key_of(name: str) -> FileKey:
    """The key of somebody, the same in every run."""
    return FileKey(Ed25519PrivateKey.from_private_bytes(hashlib.sha256(name.encode()).digest()))


def line_of(name: str) -> str:
    return public_line(key_of(name).public)


def entry(name: str, *, engine: bool = False, key: str | None = None, since: str | None = None) -> dict[str, bytes]:
    """The roster's file of a person, or of the engine of a clone."""
    made = Persona(
        identity=name, role="operator", title=name, keys=(key or line_of(name),),
    )  # fmt: skip
    if engine:
        made = made.changed(persona_class="engine", role="engine", clone=name, compromised_since=since)
    return {persona.KIND.place_of(made): persona.KIND.write(made)}


def settings(trust: Trust = "signed", *operators: str) -> dict[str, bytes]:
    made = Project(pid="PID-TEST01", tenant="acme", trust=trust, operators=operators or (OPERATOR,))
    return {project.KIND.folder: project.KIND.write(made)}


ACCEPTED = "desk-w"
"""The engine that the user who runs the tests takes for one without the roster's word, where an attack says so."""


def accepted(desk: "SignedDesk", trust: Trust = "local") -> None:
    """Let the operator say what `trust` is, and this user that the key of `ACCEPTED` is that engine's."""
    base, proposal = desk.head(), desk.by_hand(OPERATOR, settings(trust) | {"records/0": b"0"})
    desk.back(base)
    desk.take(ENGINES[0], proposal)
    accept_key("PID-TEST01", ACCEPTED, line_of(ACCEPTED))


def root_anchor(git: Git, root: str) -> Anchor:
    """The anchor at a project's first commit, without files where that commit is missing here."""
    return Anchor.at_root(root, {} if git.read(root) is None else protected_files(git, root))


def trusted(*names: str) -> dict[str, bytes]:
    """The roster's files of engines of these names."""
    return {path: data for name in names for path, data in entry(name, engine=True).items()}


class SignedDesk:
    """The repository, with the hands of everybody who may write to it."""

    def __init__(self, folder: Path, *, trust: Trust = "signed", make: bool = True) -> None:
        self.folder = folder
        if make:
            make_repository(folder)
        self.git = Git(folder, find_git_dir(folder))
        self.root = ""
        if make:
            files = settings(trust) | entry(OPERATOR) | entry("pat") | trusted(*ENGINES)
            (self.root,) = self.imported([("desk: begun", files)], None)
            self.git.move({BRANCH: (NO_OBJECT, self.root), SCRATCH: (self.root, NO_OBJECT)})

    # What everybody may do who can write to the repository

    def head(self) -> str:
        return str(self.git.resolve(BRANCH))

    def back(self, to: str) -> None:
        """Point the branch at any commit."""
        self.git.run("update-ref", BRANCH, to)

    def read(self, oid: str) -> bytes:
        return self.git.read(oid)

    def put(self, data: bytes) -> str:
        """Write a commit object of these bytes, whatever they are, and point the branch at it."""
        oid = self.git.run("hash-object", "-t", "commit", "-w", "--stdin", input=data).decode().strip()
        self.back(oid)
        return oid

    def imported(
        self, commits: Sequence[tuple[str, Mapping[str, bytes]]], parent: str | None, who: str = ENGINE
    ) -> tuple[str, ...]:
        """Write commits of (message, files) as the store does; no branch moves."""
        made = (NewCommit(f"{message}\n", who, who, SECONDS, tuple(files.items())) for message, files in commits)
        return self.git.write_commits(made, parent=parent, scratch=SCRATCH)

    def by_hand(
        self, name: str | None, files: Mapping[str, bytes], *, base: str | None = None, message: str = "by hand",
        lines: Sequence[str] = (),
    ) -> str:  # fmt: skip
        """Commit on the branch or on `base`, signed with the key of `name` unless that is None."""
        old = base or self.head()
        (oid,) = self.imported([(message, files)], old, f"{name or 'pat'} <{name or 'pat'}@example.org>")
        data = self.read(oid)
        if name is not None:
            data = signed(data, key_of(name), *lines)
        return self.put(data)

    def merge(self, side: str, *, tree: str | None = None, name: str | None = None) -> str:
        """Merge `side` by hand: its files win, or those of `tree`."""
        old = self.head()
        taken = tree or self.git.run("merge-tree", "--write-tree", old, side).decode().split()[0]
        data = f"tree {taken}\nparent {old}\nparent {side}\n".encode()
        who = f"Pat <pat@example.org> {SECONDS} +0000"
        data += f"author {who}\ncommitter {who}\n\nMerge branch 'side'\n".encode()
        return self.put(data if name is None else signed(data, key_of(name)))

    # What an engine does

    def group(
        self, name: str, *stems: str, base: str | None = None, files: Mapping[str, bytes] | None = None,
        move: bool = True,
    ) -> tuple[str, ...]:  # fmt: skip
        """Write a group that puts a record for each of `stems`; its first commit puts `files`."""
        commits = [
            (f"event {stem}\n\nPrismfs-Cause: drop:{stem}", {f"records/{stem}": stem.encode()}) for stem in stems
        ]
        if files:
            commits.insert(0, ("files\n\nPrismfs-Cause: others", dict(files)))
        old = base or self.head()
        ids = self.imported(commits, old)
        made = sign_group(self.git, ids, base=old, signer=key_of(name))
        if move:
            self.git.move({BRANCH: (old, made[-1]), SCRATCH: (ids[-1], NO_OBJECT)})
        return made

    def stated(self, name: str, stem: str, covers: Covers | None, *lines: str) -> str:
        """Sign one commit as the engine `name`, with a statement that it should not make."""
        (oid,) = self.imported([(f"event {stem}\n\nPrismfs-Cause: x", {f"records/{stem}": b"x"})], self.head())
        said = lines if covers is None else (covers.line, *lines)
        return self.put(signed(self.read(oid), key_of(name), *said))

    def take(self, name: str, side: str, files: Mapping[str, bytes] | None = None) -> str:
        """Merge `side` as the engine does: a group of its own, with the files of both or also `files`."""
        old = self.head()
        tree = self.git.run("merge-tree", "--write-tree", old, side).decode().split()[0]
        if files:
            (made,) = self.imported([("x", files)], self.put(commit_of(tree, (old, side))))
            tree = str(self.git.resolve(f"{made}^{{tree}}"))
        return self.put(signed(commit_of(tree, (old, side)), key_of(name), Covers(old, 1).line))

    # What is seen of it

    def classify(self, head: str | None = None, anchor: Anchor | None = None) -> Classified:
        return classify_branch(self.git, head or self.head(), anchor or root_anchor(self.git, self.root))

    def check(self, expected: Expected) -> Classified:
        """Classify the line and hold it against what is expected."""
        found = self.classify(expected.head, expected.anchor)
        assert found.undecidable == expected.undecidable
        for oid, (status, reason) in expected.proofs.items():
            proof = found.proofs[oid]
            assert (proof.status, proof.reason) == (status, reason), oid
        assert [fault.code for fault in found.faults] == list(expected.faults)
        assert [oid for oid in expected.unseen if oid in found.proofs] == []
        return found

    def git_says_good(self, oid: str) -> bool:
        """Tell whether `git verify-commit` calls a signature good, with everybody's keys as allowed signers."""
        signers = self.folder / "signers"
        names = (*ENGINES, OPERATOR)
        signers.write_text("".join(f'{name} namespaces="git" {line_of(name)}\n' for name in names))
        told = ("-c", "gpg.format=ssh", "-c", f"gpg.ssh.allowedSignersFile={signers}")
        done = subprocess.run(
            ["git", "-C", str(self.folder), *told, "verify-commit", oid], env=CLEAN, capture_output=True, check=False
        )
        return done.returncode == 0


def commit_of(tree: str, parents: Sequence[str], message: str = "merge: taken over\n\nPrismfs-Cause: x") -> bytes:
    """The bytes of an unsigned commit."""
    who = f"{ENGINE} {SECONDS} +0000"
    above = "".join(f"parent {parent}\n" for parent in parents)
    return f"tree {tree}\n{above}author {who}\ncommitter {who}\n\n{message}\n".encode()


def signed(data: bytes, key: Signer, *lines: str) -> bytes:
    """The commit object `data` with statements and a signature, as `git commit -S` would write it."""
    payload = data
    for line in lines:
        head, _, message = payload.partition(b"\n\n")
        payload = head + b"\n\n" + with_statement(message, line)
    return with_signature(payload, armor(key.public, key.sign(signed_bytes(payload))))


@contextmanager
def opened(folder: Path, *, trust: Trust = "signed") -> Iterator[SignedDesk]:
    """A desk that is closed at the end."""
    desk = SignedDesk(folder, trust=trust)
    try:
        yield desk
    finally:
        desk.git.close()
