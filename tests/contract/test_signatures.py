"""The signature of a commit, checked by real git and ssh-keygen: nothing that the repository says takes part."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

from prismfs.engine.trust.endorsement import endorse
from prismfs.kinds import kind_of
from prismfs.kinds.core.settings.persona import Persona
from prismfs.kinds.core.settings.project import Project as Settings
from prismfs.store.git.signatures import check_signature
from tests.support.project import Project

pytestmark = pytest.mark.skipif(shutil.which("ssh-keygen") is None, reason="apt-get install openssh-client")


@pytest.fixture
def key(tmp_path: Path) -> Path:
    path = tmp_path / "key"
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", "", "-f", str(path)], check=True, timeout=30)
    return path


@pytest.fixture
def signed(bench: Project, key: Path) -> str:
    """A commit of Pat's, signed."""
    sign = ("-c", "gpg.format=ssh", "-c", f"user.signingkey={key}")
    bench.git(*sign, "commit", "--quiet", "--allow-empty", "-S", "-m", "signed")
    return str(bench.head())


def public(key: Path) -> str:
    return key.with_suffix(".pub").read_text().strip()


def test_check_signature_good_key_names_its_owner_in_lower_case(bench: Project, key: Path, signed: str) -> None:
    found = check_signature(bench.desk.repo.git, signed, {"Pat": [public(key)]})
    assert (found.state, found.signer) == ("good", "pat")
    assert [path for path in (bench.root / ".git" / "prismfs").iterdir() if path.name.startswith("signers")] == []


def test_check_signature_without_one_or_of_another_key_is_not_good(bench: Project, key: Path, signed: str) -> None:
    git = bench.desk.repo.git
    assert check_signature(git, f"{signed}^", {"Pat": [public(key)]}).state == "unsigned"
    assert check_signature(git, signed, {}).state == "unknown_key"
    other = key.with_name("other")
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(other)], check=True, timeout=30)
    line = " ".join(public(other).split()[:2])
    assert check_signature(git, signed, {"Pat": [line]}).state == "unknown_key"


def test_check_signature_program_and_signers_of_the_repositorys_configuration_are_not_asked(
    bench: Project, key: Path, signed: str, tmp_path: Path
) -> None:
    ran = tmp_path / "ran"
    program = tmp_path / "says-yes"
    program.write_text(f"#!/bin/sh\ntouch {ran}\necho 'Good \"git\" signature for Pat with ED25519 key SHA256:x'\n")
    program.chmod(0o755)
    signers = tmp_path / "signers"
    signers.write_text(f"Pat {public(key)}\n")
    for name, value in {
        "gpg.ssh.program": str(program),
        "gpg.program": str(program),
        "gpg.openpgp.program": str(program),
        "gpg.minTrustLevel": "undefined",
        "gpg.ssh.allowedSignersFile": str(signers),
    }.items():
        bench.git("config", name, value)
    git = bench.desk.repo.git
    assert check_signature(git, signed, {}).state == "unknown_key"
    pgp = bench.git("cat-file", "commit", signed).replace("SSH SIGNATURE", "PGP SIGNATURE")
    (tmp_path / "pgp").write_text(f"{pgp}\n")
    other = bench.git("hash-object", "-t", "commit", "-w", str(tmp_path / "pgp"))
    assert check_signature(git, other, {"Pat": [public(key)]}).state == "unsupported_signature"
    assert not ran.exists()


def test_check_signature_without_ssh_keygen_is_unverifiable(
    bench: Project, key: Path, signed: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    found = shutil.which("git")
    assert found is not None
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin" / "git").symlink_to(found)
    monkeypatch.setenv("PATH", str(tmp_path / "bin"))
    assert check_signature(bench.desk.repo.git, signed, {"Pat": [public(key)]}).state == "signature_unverifiable"


@pytest.mark.parametrize(
    ("name", "email", "code"),
    [
        ("Olga", "olga@example.org", None),
        ("Olga Petrova", "OLGA@example.org", None),
        ("olga", "o.petrova@example.org", None),
        ("Olga Petrova", "o.petrova@example.org", "author_mismatch"),
        ("pat", "pat@olga", "author_mismatch"),
    ],
)
def test_endorse_author_and_committer_are_who_signed(
    bench: Project, key: Path, name: str, email: str, code: str | None
) -> None:
    persona = Persona(identity="Olga", role="operator", title="Olga", keys=(public(key),))
    project = Settings(pid="PID-TEST01", tenant="acme", operators=("olga",), trust="signed")
    files = {kind_of(one).place_of(one): kind_of(one).write(one) for one in (persona, project)}
    base = bench.commit_by_hand(files)
    sign = ("-c", "gpg.format=ssh", "-c", f"user.signingkey={key}")
    who = {f"GIT_{role}_NAME": name for role in ("AUTHOR", "COMMITTER")}
    who |= {f"GIT_{role}_EMAIL": email for role in ("AUTHOR", "COMMITTER")}
    bench.git(*sign, "commit", "--quiet", "--allow-empty", "-S", "-m", "signed", environment=who)
    found = endorse(bench.desk.repo.git, bench.head(), base)
    assert (found.code, found.operator, found.signer) == (code, code is None, "olga")
