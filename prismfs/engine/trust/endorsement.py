"""Who endorses a commit: its signature, checked against the roster and the operators before it.

A commit is **endorsed** if it carries a good SSH signature of a key that the roster of the protected base lists for
an identity, if that identity is its author and its committer, and if the base's `prismfs.yaml` names it as an
operator (R-000-41, R-000-76). An author or committer is somebody if the name, or the part of the address before the
`@`, is that identity; case does not matter. The commit itself is never asked who may sign it.
"""

from dataclasses import asdict, dataclass
from typing import TypeVar

from prismfs.errors import RecordError
from prismfs.kinds import kind_of
from prismfs.kinds.core.settings.persona import Persona
from prismfs.kinds.core.settings.project import Project
from prismfs.records.api import Document, Record
from prismfs.store.git.repository import Git
from prismfs.store.git.signatures import check_signature

R = TypeVar("R", bound=Record)

WHY = {
    "unsigned": "it is not signed",
    "unsupported_signature": "its signature is none of SSH",
    "unknown_key": "its key stands in no roster entry",
    "forged_signature": "its signature does not fit it",
    "signature_unverifiable": "ssh-keygen is missing here, so that nothing can be checked",
    "author_mismatch": "its author or committer is not who signed it",
    "not_operator": "who signed it is no operator",
    "only_merged": "a merge brings it, which answers for nothing but its own words",
    "earlier_unendorsed": "an earlier change of protected files still lacks an operator",
    "approval_changed": "the approval was changed after it was signed",
    "decision_changed": "the decision was changed after it was signed",
}
"""What each code of an endorsement means, as a clause."""


@dataclass(frozen=True, slots=True)
class Endorsement:
    """What a commit's signature is worth.

    `verified`: signed by `signer`, who is also author and committer. `operator`: `signer` is an operator, too. `code`
    says what is missing, None where nothing is.
    """

    verified: bool
    signer: str | None
    operator: bool
    code: str | None

    def to_document(self) -> Document:
        """Return the endorsement as a JSON object with all four members."""
        return asdict(self)

    @property
    def why_not(self) -> str:
        """What is missing, as a clause for people."""
        return WHY.get(self.code or "", "")


def void(code: str) -> Endorsement:
    """Return the endorsement of something that no operator signed."""
    return Endorsement(verified=False, signer=None, operator=False, code=code)


def endorse(git: Git, commit: str, base: str) -> Endorsement:
    """Return who endorses `commit`, by the roster and the operators at the commit `base`."""
    signature = check_signature(git, commit, keys_of(git, base))
    if signature.state != "good" or signature.signer is None:
        return void(signature.state)
    if not all(_is(line, signature.signer) for line in _people(git, commit)):
        return Endorsement(verified=False, signer=signature.signer, operator=False, code="author_mismatch")
    found = project_at(git, base)
    operators = {} if found is None else {name.casefold(): name for name in found.operators}
    name = operators.get(signature.signer.casefold())
    if name is None:
        return Endorsement(verified=True, signer=signature.signer, operator=False, code="not_operator")
    return Endorsement(verified=True, signer=name, operator=True, code=None)


def author_of(git: Git, commit: str, base: str) -> Document:
    """Return who acts by `commit`, as the roster and `prismfs.yaml` at `base` know people.

    `identity` is, with `trust: signed`, who signed it and is its author and committer; with `trust: local` the one
    persona or operator that author and committer are by name or address, taken at the word. Where it is None, `code`
    says what is missing. `signed` tells which of the two counts.
    """
    found = project_at(git, base)
    if found is not None and found.trust == "signed":
        signature = endorse(git, commit, base)
        known = signature.signer if signature.verified else None
        return {"identity": known, "signed": True, "code": None if known else signature.code}
    known_names = [entry.identity for entry in roster_at(git, base)] + list(found.operators if found else ())
    people = _people(git, commit)
    names = {name.casefold(): name for name in known_names if all(_is(line, name) for line in people)}
    (identity,) = names.values() if len(names) == 1 else (None,)
    return {"identity": identity, "signed": False, "code": None if identity else "unknown_identity"}


def record_at(git: Git, commit: str, path: str, model: type[R]) -> R | None:
    """Return the record at `path` in `commit`, None where there is none that is valid."""
    try:
        found = kind_of(model).read(git.read(f"{commit}:{path}") or b"", path=path)
    except RecordError:
        return None
    return found if isinstance(found, model) else None


def project_at(git: Git, commit: str) -> Project | None:
    """Return what `prismfs.yaml` says at `commit`, None where it is missing or invalid."""
    return record_at(git, commit, kind_of(Project).folder, Project)


def roster_at(git: Git, commit: str) -> tuple[Persona, ...]:
    """Return the personas at `commit`, in the order of their files; invalid ones and engines are left out."""
    kind = kind_of(Persona)
    listed = git.run("ls-tree", "-z", "--full-tree", "--name-only", commit, f"{kind.folder}/").decode(errors="replace")
    found = (record_at(git, commit, path, Persona) for path in listed.split("\0") if kind.owns(path))
    return tuple(entry for entry in found if entry is not None and entry.persona_class != "engine")


def keys_of(git: Git, base: str) -> dict[str, tuple[str, ...]]:
    """Return the public keys in the roster at `base`."""
    return {entry.identity: entry.keys for entry in roster_at(git, base) if entry.keys}


def _people(git: Git, commit: str) -> list[str]:
    """Return author and committer of `commit`, each as `Name <address>`."""
    head = (git.read(commit) or b"").partition(b"\n\n")[0].decode(errors="replace")
    lines: dict[str, str] = {}
    for line in head.split("\n"):
        role, _, rest = line.partition(" ")
        if role in ("author", "committer"):
            lines.setdefault(role, rest.rpartition("> ")[0])
    return [lines.get("author", ""), lines.get("committer", "")]


def _is(person: str, identity: str) -> bool:
    name, _, address = person.partition(" <")
    return identity.casefold() in (name.strip().casefold(), address.partition("@")[0].strip().casefold())
