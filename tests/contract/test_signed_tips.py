"""Keys and signed tips, held against OpenSSH and git: what they make we read, and what we make they call good."""

import base64
import os
import re
import shutil
import signal
import stat
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from prismfs.errors import PrismfsError, RefusedError, StoreError
from prismfs.proof.commit_object import read_commit
from prismfs.proof.sshsig import armor, is_good, public_line, read_armor, signed_bytes
from prismfs.proof.statements import Covers
from prismfs.store.git.keys import KEY_FOLDER, AgentKey, holds, key_folder, make_key, read_key
from prismfs.store.git.proofs import GitEvidence
from prismfs.store.git.signing import sign_group, signed_tip
from tests.support.project import CLEAN
from tests.support.signed_desk import SignedDesk, entry, key_of, line_of, opened, root_anchor, trusted

pytestmark = pytest.mark.skipif(shutil.which("ssh-keygen") is None, reason="apt-get install openssh-client")

DATA = b"tree x\n\nwhat is signed\n"


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[SignedDesk]:
    """A repository with two engines and an operator."""
    with opened(tmp_path / "desk") as made:
        yield made


def keygen(*arguments: str | Path, data: bytes = b"", code: int = 0) -> bytes:
    done = subprocess.run(["ssh-keygen", *map(str, arguments)], input=data, capture_output=True, check=False)
    assert done.returncode == code, done.stderr
    return done.stdout


def refusal(path: Path) -> str:
    with pytest.raises(PrismfsError) as caught:
        read_key(path)
    return caught.value.code


# Keys


def test_key_made_is_its_owners_alone_and_ssh_keygen_reads_it(tmp_path: Path) -> None:
    path = tmp_path / "state" / "keys" / "desk-a"
    made = make_key(path)
    assert [stat.S_IMODE(one.stat().st_mode) for one in (path, path.parent)] == [0o600, 0o700]
    assert keygen("-y", "-f", path).decode().split()[:2] == public_line(made.public).split()
    assert path.with_name("desk-a.pub").read_text() == f"{public_line(made.public)}\n"
    again = read_key(path)
    assert again.public == made.public
    assert holds(again)
    with pytest.raises(RefusedError) as caught:
        make_key(path)
    assert caught.value.code == "key_exists"
    assert read_key(path).public == made.public


@pytest.mark.parametrize("umask", [0, 0o022, 0o777])
def test_key_and_all_folders_made_for_it_are_its_owners_alone_whatever_the_umask(umask: int, tmp_path: Path) -> None:
    """The folders above the key's own took the umask's mode: with 0 anybody could put another folder in its place."""
    path = tmp_path / "state" / "keys" / "desk-a"
    old = os.umask(umask)
    try:
        made = make_key(path)
    finally:
        os.umask(old)
    folders = [path.parent, path.parent.parent]
    assert [stat.S_IMODE(one.stat().st_mode) for one in (path, *folders)] == [0o600, 0o700, 0o700]
    assert read_key(path).public == made.public


def test_key_that_ssh_keygen_made_is_read(tmp_path: Path) -> None:
    keygen("-q", "-t", "ed25519", "-N", "", "-C", "me", "-f", tmp_path / "key")
    assert public_line(read_key(tmp_path / "key").public) in (tmp_path / "key.pub").read_text()


@pytest.mark.parametrize("kind", ["rsa", "ecdsa"])
def test_key_of_another_type_is_refused(tmp_path: Path, kind: str) -> None:
    keygen("-q", "-t", kind, "-N", "", "-f", tmp_path / "key")
    assert refusal(tmp_path / "key") == "bad_key"


def test_key_that_cannot_be_used_is_refused_with_what_is_wrong(tmp_path: Path) -> None:
    path = tmp_path / "key"
    assert refusal(path) == "no_key"
    make_key(path)
    path.chmod(0o640)
    assert refusal(path) == "key_exposed"
    path.chmod(0o600)
    (tmp_path / "link").symlink_to(path)
    assert refusal(tmp_path / "link") == "no_key"
    os.mkfifo(tmp_path / "pipe", 0o600)
    assert refusal(tmp_path / "pipe") == "key_exposed"
    path.write_bytes(b"-----BEGIN OPENSSH PRIVATE KEY-----\n")
    assert refusal(path) == "bad_key"
    keygen("-q", "-t", "ed25519", "-N", "a passphrase", "-f", tmp_path / "locked")
    assert refusal(tmp_path / "locked") == "bad_key"


@pytest.mark.parametrize("place", ["key", ".git/prismfs/key", "run/below/key"])
def test_key_inside_a_repository_is_refused(desk: SignedDesk, place: str) -> None:
    for call in (make_key, read_key):
        with pytest.raises(RefusedError) as caught:
            call(desk.folder / place)
        assert caught.value.code == "key_in_repository"


def test_key_folder_is_of_the_user(tmp_path: Path) -> None:
    assert key_folder({"HOME": "/home/olga"}) == Path("/home/olga/.local/state/prismfs/keys")
    assert key_folder({"HOME": "/home/olga", "XDG_STATE_HOME": "/state"}) == Path("/state/prismfs/keys")
    assert key_folder({KEY_FOLDER: "/keys", "HOME": "/home/olga"}) == Path("/keys")
    with pytest.raises(StoreError):
        key_folder({})


# Signatures


def test_signature_of_ssh_keygen_is_the_same_bytes_as_ours(tmp_path: Path) -> None:
    key = make_key(tmp_path / "key")
    theirs = keygen("-q", "-Y", "sign", "-n", "git", "-f", tmp_path / "key", data=DATA)
    assert theirs == armor(key.public, key.sign(signed_bytes(DATA)))


@pytest.mark.parametrize("kind", ["rsa", "ecdsa"])
def test_signature_by_another_type_of_key_has_one_spelling(tmp_path: Path, kind: str) -> None:
    keygen("-q", "-t", kind, "-N", "", "-C", "", "-f", tmp_path / "key")
    theirs = keygen("-q", "-Y", "sign", "-n", "git", "-f", tmp_path / "key", data=DATA)
    found = read_armor(theirs)
    assert (found.key, found.raw) == (" ".join((tmp_path / "key.pub").read_text().split()[:2]), None)
    assert not is_good(found, DATA)  # that is for ssh-keygen to say
    begin, *code, end, _ = theirs.split(b"\n")
    blob = base64.b64decode(b"".join(code))
    longer = base64.b64encode(blob + b"\0")
    rest = [longer[place : place + 70] for place in range(0, len(longer), 70)]
    for other in ([begin, b"".join(code), end, b""], [begin, *rest, end, b""], [begin, *code, b"", end, b""]):
        assert read_armor(b"\n".join(other)) is None
    assert read_armor(theirs, "file") is None


def test_signature_of_ours_is_good_to_ssh_keygen(tmp_path: Path) -> None:
    key = make_key(tmp_path / "key")
    (tmp_path / "signers").write_text(f'me namespaces="git" {public_line(key.public)}\n')
    (tmp_path / "sig").write_bytes(armor(key.public, key.sign(signed_bytes(DATA))))
    ask = ("-Y", "verify", "-f", tmp_path / "signers", "-I", "me", "-n", "git", "-s", tmp_path / "sig")
    keygen(*ask, data=DATA)
    keygen(*ask, data=DATA + b".", code=255)


def test_signature_by_an_agent_is_the_same_bytes(tmp_path: Path) -> None:
    key, address = make_key(tmp_path / "key"), tmp_path / "agent"
    started = subprocess.run(["ssh-agent", "-s", "-a", str(address)], capture_output=True, text=True, check=True)
    process_id = int(re.search(r"SSH_AGENT_PID=(\d+)", started.stdout)[1])
    try:
        agent = AgentKey(address, public_line(key.public))
        with pytest.raises(StoreError) as caught:
            agent.sign(DATA)
        assert caught.value.code == "agent_refused"
        environment = CLEAN | {"SSH_AUTH_SOCK": str(address)}
        subprocess.run(["ssh-add", "-q", str(tmp_path / "key")], env=environment, capture_output=True, check=True)
        assert agent.sign(DATA) == key.sign(DATA)
        assert holds(agent)
    finally:
        os.kill(process_id, signal.SIGTERM)


def test_agent_that_is_not_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(StoreError) as caught:
        AgentKey(tmp_path / "none", line_of("desk-a")).sign(DATA)
    assert caught.value.code == "agent_refused"
    with pytest.raises(RefusedError):
        AgentKey(tmp_path / "none", "ssh-rsa AAAA")


# Tips


def test_tip_is_good_to_git_and_to_us_and_the_repository_is_sound(desk: SignedDesk) -> None:
    for number in range(4):
        ids = desk.group("desk-a", f"{number}a", f"{number}b")
        tip = read_commit(ids[-1], desk.read(ids[-1]))
        found = read_armor(tip.signature)
        assert is_good(found, tip.payload)
        assert desk.git_says_good(ids[-1])
        assert not desk.git_says_good(ids[0])
    assert desk.git.run("fsck", "--strict", "--full", "--no-dangling") == b""
    assert desk.git.resolve("refs/prismfs/scratch") is None


def test_tip_shows_its_signer_in_git_log(desk: SignedDesk) -> None:
    desk.group("desk-b", "1")
    assert desk.git_says_good(desk.head())
    told = ("-c", "gpg.format=ssh", "-c", f"gpg.ssh.allowedSignersFile={desk.folder / 'signers'}")
    command = ["git", "-C", str(desk.folder), *told, "log", "-1", "--format=%G? %GS", desk.head()]
    assert subprocess.run(command, env=CLEAN, capture_output=True, check=True).stdout == b"G desk-b\n"


def test_commit_signed_by_git_itself_is_a_persons(desk: SignedDesk, tmp_path: Path) -> None:
    keygen("-q", "-t", "ed25519", "-N", "", "-C", "", "-f", tmp_path / "key")
    line = " ".join((tmp_path / "key.pub").read_text().split()[:2])
    desk.by_hand("clara", entry("quinn", key=line))
    assert git_signs(desk, tmp_path / "key") == ("person", "quinn")


@pytest.mark.parametrize("kind", ["rsa", "ecdsa"])
def test_commit_signed_with_another_type_of_key_is_a_persons_where_that_can_be_checked(
    desk: SignedDesk, tmp_path: Path, kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    keygen("-q", "-t", kind, "-N", "", "-C", "", "-f", tmp_path / "key")
    line = " ".join((tmp_path / "key.pub").read_text().split()[:2])
    desk.by_hand("clara", entry("quinn", key=line))
    assert git_signs(desk, tmp_path / "key") == ("person", "quinn")
    head = desk.head()
    forged = desk.put(desk.read(head).replace(b"by git", b"by gut"))
    assert desk.classify(forged).proofs[forged].reason == "forged_signature"
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin" / "git").symlink_to(shutil.which("git"))
    monkeypatch.setenv("PATH", str(tmp_path / "bin"))  # no ssh-keygen
    assert desk.classify(head).proofs[head].reason == "unverifiable"


def git_signs(desk: SignedDesk, key: Path) -> tuple[str, str]:
    """Let git itself make a signed commit; return whose it is."""
    desk.git.run("reset", "--hard", "--quiet", "HEAD")
    who = {f"GIT_{role}_{what}": "q@x" for role in ("AUTHOR", "COMMITTER") for what in ("NAME", "EMAIL")}
    sign = ("-c", "gpg.format=ssh", "-c", f"user.signingkey={key}")
    command = ["git", "-C", str(desk.folder), *sign, "commit", "-q", "-S", "--allow-empty", "-m", "by git"]
    subprocess.run(command, env=CLEAN | who, check=True, capture_output=True)
    proof = desk.classify().proofs[desk.head()]
    return proof.status, str(proof.name)


def test_sign_group_leaves_the_other_commits_and_writes_one(desk: SignedDesk) -> None:
    base = desk.head()
    ids = desk.imported([(f"event {number}", {f"records/{number}": b"x"}) for number in range(3)], base)
    made = sign_group(desk.git, ids, base=base, signer=key_of("desk-a"))
    assert made[:-1] == ids[:-1]
    assert desk.git.resolve(f"{made[-1]}^{{tree}}") == desk.git.resolve(f"{ids[-1]}^{{tree}}")
    assert sign_group(desk.git, ids, base=base, signer=key_of("desk-a")) == made  # Ed25519 draws no chance
    assert desk.head() == base


@pytest.mark.parametrize("what", ["too many", "missing", "signed already", "of a person"])
def test_sign_group_that_cannot_be_signed_is_refused(desk: SignedDesk, what: str) -> None:
    base, key = desk.head(), key_of("desk-a")
    (oid,) = desk.imported([("event\n\nPrismfs-Cause: x", {"records/1": b"x"})], base)
    odd = desk.read(oid).replace(b"\n\n", b"\nencoding latin1\n\n", 1)
    ids = {
        "too many": [oid] * 1001,
        "missing": ["f" * 40],
        "signed already": sign_group(desk.git, [oid], base=base, signer=key),
        "of a person": [desk.put(odd)],
    }[what]
    with pytest.raises(StoreError) as caught:
        sign_group(desk.git, ids, base=base, signer=key)
    assert caught.value.code == "unsigned_group"


@dataclass(frozen=True)
class LyingSigner:
    """An agent that answers with the signature of something else."""

    public: bytes = key_of("desk-a").public

    def sign(self, data: bytes) -> bytes:
        return key_of("desk-a").sign(data + b".")


def test_sign_group_with_a_signature_that_does_not_fit_is_refused(desk: SignedDesk) -> None:
    (oid,) = desk.imported([("event\n\nPrismfs-Cause: x", {"records/1": b"x"})], desk.head())
    with pytest.raises(StoreError) as caught:
        sign_group(desk.git, [oid], base=desk.head(), signer=LyingSigner())
    assert caught.value.code == "unsigned_group"


def test_signed_tip_of_a_message_that_states_a_cover_is_refused(desk: SignedDesk) -> None:
    """A text of others that got into a message must not speak with the engine's key."""
    (oid,) = desk.imported([(f"event\n\nPrismfs-Covers: {desk.head()} 7\n\nthe end", {"records/1": b"x"})], desk.head())
    with pytest.raises(StoreError):
        signed_tip(oid, desk.read(oid), Covers(desk.head(), 1), key_of("desk-a"))


def test_changes_of_a_commit_are_those_to_the_parent_that_it_names(desk: SignedDesk) -> None:
    """A graft makes git show another parent, and with it other changes, none of which the commit made."""
    desk.group("desk-a", "1")
    stranger = desk.by_hand(None, {"records/x": b"x", **trusted("mallory")})
    (desk.git.git_dir / "info" / "grafts").write_text(f"{stranger} {desk.root}\n")
    assert desk.git.resolve(f"{stranger}^1") == desk.root
    evidence = GitEvidence(desk.git, (), root_anchor(desk.git, desk.root), checked={})
    assert [change.path for change in evidence.protected(stranger)] == ["roster/mallory.yaml"]
