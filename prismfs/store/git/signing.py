"""Signing the tip of a group: its last commit is written anew, with what it covers and a signature.

git's own `commit -S` starts two programs for that and needs the key in its configuration; this starts none.
"""

from collections.abc import Sequence

from prismfs.errors import StoreError
from prismfs.proof.commit_object import read_commit, with_signature
from prismfs.proof.sshsig import SshSignature, armor, is_good, public_line, signed_bytes
from prismfs.proof.statements import MOST_COVERED, Covers, covers_of, with_statement
from prismfs.store.git.formats.packs import Pack
from prismfs.store.git.keys import Signer
from prismfs.store.git.repository import Git
from prismfs.store.git.worktree import disk_error


def sign_group(git: Git, ids: Sequence[str], *, base: str, signer: Signer | None) -> tuple[str, ...]:
    """Return `ids`, the commits of a group on top of `base`, with a signed one in place of the last.

    Without a signer they stay as they are. The new commit is flushed to the disk; no reference moves.

    Raises:
        StoreError: `unsigned_group`; the group is larger than a tip may cover, or its last commit is not the engine's.
    """
    if signer is None:
        return tuple(ids)
    if len(ids) > MOST_COVERED:
        raise _unsigned(f"it has more than {MOST_COVERED} commits")
    data = git.read(ids[-1])
    if data is None:
        raise _unsigned(f"{ids[-1]} is missing")
    signed = signed_tip(ids[-1], data, Covers(base, len(ids)), signer)
    pack = Pack()
    new = pack.add("commit", signed).hex()
    put_pack(git, pack, new)
    return (*ids[:-1], new)


def put_pack(git: Git, pack: Pack, tip: str) -> None:
    """Write `pack`, which holds the commit `tip`; it is kept until a reference holds that.

    A loose object `git gc --prune=now` would take away at any time.

    Raises:
        StoreError: the disk is full, or the repository cannot be written.
    """
    try:
        git.kept.append(pack.write(git.git_dir))
    except OSError as error:
        raise disk_error(error, "objects/pack") from error
    if git.resolve(tip) is None:
        raise StoreError("git_failed", f"git does not find {tip}, which was just written", hint="run prismfs doctor")


def signed_tip(oid: str, data: bytes, covers: Covers, signer: Signer) -> bytes:
    """Return the object of the unsigned commit `oid`, which holds `data`, as the tip that states `covers`.

    Raises:
        StoreError: `unsigned_group`; it is signed already, or of another form than the engine writes; or the signature
            does not fit.
    """
    commit = read_commit(oid, data)
    if commit.odd is not None or commit.signed or not commit.plain:
        raise _unsigned(f"{oid} is not as the engine writes it")
    message = with_statement(commit.message, covers.line)
    if covers_of(message) != covers:
        raise _unsigned(f"the message of {oid} holds such a statement already")
    head = commit.payload[: len(commit.payload) - len(commit.message)]
    payload = head + message
    raw = signer.sign(signed_bytes(payload))
    # An agent that answers something else would cost the whole group its proof.
    if not is_good(SshSignature(public_line(signer.public), raw), payload):
        raise _unsigned("the signature that was made does not fit")
    return with_signature(payload, armor(signer.public, raw))


def _unsigned(why: str) -> StoreError:
    return StoreError("unsigned_group", f"the group cannot be signed: {why}", hint="run prismfs doctor")
