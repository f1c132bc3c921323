"""The keys of all engines are gone: an operator's signature on a commit is the way on."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from prismfs.kinds.core.settings.persona import KIND, Persona
from tests.support.command_line import CommandLine
from tests.support.engines import classified, listed


def commit(place: CommandLine, key: Path | None, message: str) -> None:
    signing = [] if key is None else ["-c", "gpg.format=ssh", "-c", f"user.signingkey={key}"]
    who = ["-c", "user.name=olga", "-c", "user.email=olga@example.org"]
    place.git("add", "roster", "prismfs.yaml")
    place.git(*who, *signing, "commit", "--quiet", *([] if key is None else ["-S"]), "--message", message)


def give_olga_a_key(place: CommandLine, folder: Path) -> None:
    """Write the roster's entry of an operator who has a key."""
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", "", "-f", str(folder / "key")], check=True)
    olga = Persona(identity="olga", role="operator", title="Olga", keys=((folder / "key.pub").read_text().strip(),))
    (place.root / KIND.place_of(olga)).write_bytes(KIND.write(olga))


@pytest.mark.parametrize("trust", ["local", "signed"])
@pytest.mark.parametrize("lost", [True, False], ids=["lost", "revoked"])
def test_where_no_clone_can_sign_an_operators_signed_commit_brings_the_next_key(
    place: CommandLine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, trust: str, lost: bool
) -> None:
    """docs/trust.md said that the file is committed by hand, and then nothing could take that commit over."""
    give_olga_a_key(place, tmp_path)
    settings = place.root / "prismfs.yaml"
    settings.write_text(settings.read_text() + ("trust: signed\n" if trust == "signed" else ""))
    commit(place, None, "olga has a key")
    assert place.call("react").code == 0
    (old,) = [str(row["name"]) for row in listed(place)]
    if lost:
        monkeypatch.setenv("PRISMFS_KEY_FOLDER", str(tmp_path / "elsewhere"))
    else:
        assert place.call("keys", "revoke", old).code == 0
        if trust == "signed":
            commit(place, tmp_path / "key", "revoked")
            assert place.call("react").code == 0
    said = place.call("verify", "--json").data["report"]
    assert [line for line in said if "authors" in str(line) and "undecidable" in str(line)] == []
    made = place.call("keys", "new", "--json").data
    (place.root / made["path"]).write_text(made["text"])
    commit(place, None, "nobody answers for it")
    assert place.call("react", "--json").error["code"] == "engine_not_enrolled"
    place.git("reset", "--quiet", "--soft", "HEAD~1")
    commit(place, tmp_path / "key", "olga answers for it")
    assert place.call("react").code == 0
    assert place.call("journal", "add", "goes on").code == 0
    assert classified(place).faults == ()
    assert {proof.name for proof in classified(place).proofs.values()} == {old, made["name"]}


def test_last_key_is_not_revoked_where_nobody_could_let_another_in(place: CommandLine) -> None:
    """The project could not go on with anything, for ever."""
    (engine,) = [str(row["name"]) for row in listed(place)]
    assert place.call("keys", "revoke", engine, "--json").error["code"] == "last_engine"
    since = place.git("rev-parse", "HEAD").strip()
    assert place.call("keys", "revoke", engine, "--compromised-since", since, "--json").error["code"] == "last_engine"
    assert place.call("keys", "rotate").code == 0
    assert place.call("journal", "add", "goes on").code == 0


@pytest.mark.parametrize(
    "gesture", ["rm -q roster/{}.yaml", "rm -rq roster", "mv roster old", "mv roster/{}.yaml old.yaml"]
)
def test_commit_that_takes_the_last_key_away_leaves_it(place: CommandLine, gesture: str) -> None:
    """`verify` said that nothing is signed here, and once the file was back that all of it was made by nobody."""
    (engine,) = [str(row["name"]) for row in listed(place)]
    place.git(*gesture.format(engine).split())
    place.git("-c", "user.name=x", "-c", "user.email=x@x", "commit", "--quiet", "--message", "moved")
    assert place.call("react").code == 0
    (row,) = place.call("audit", "--action", "commit.observed", "--json").data["items"]
    assert row["meta"]["refused"] == {f"roster/{engine}.yaml": "last_engine"}
    assert place.git("status", "--porcelain") == ""
    assert {proof.name for proof in classified(place).proofs.values()} == {engine}
    assert place.call("verify").code == 0


def test_words_around_the_last_engine_are_anybodys(place: CommandLine) -> None:
    (engine,) = [str(row["name"]) for row in listed(place)]
    path = place.root / "roster" / f"{engine}.yaml"
    path.write_text(f"# beside the door\n{path.read_text()}")
    commit(place, None, "a comment")
    assert place.call("react").code == 0
    assert path.read_text().startswith("# beside the door\n")
    assert place.git("status", "--porcelain") == ""


def test_records_are_watched_over_where_the_last_key_was_revoked(place: CommandLine, tmp_path: Path) -> None:
    """Once no engine had a key, nobody asked for a signature any more: whoever moved the records was believed."""
    (engine,) = [str(row["name"]) for row in listed(place)]
    give_olga_a_key(place, tmp_path)
    commit(place, None, "olga has a key")
    assert place.call("keys", "revoke", engine).code == 0
    forged = place.git(
        "-c", "user.name=x", "-c", "user.email=x@x", "commit-tree", "-p", "HEAD", "-m", "x", "HEAD~1^{tree}"
    )
    place.git("update-ref", "refs/prismfs/PID-DESK01/records", forged.strip())
    assert place.call("react", "--json").error["code"] == "records_forged"
    assert place.call("recover").code == 0
    assert place.call("verify").code == 0
