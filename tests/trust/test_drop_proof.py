"""A dropped file carries rights by a proof alone: a signature over its bytes, or the user that it is of (FT-04)."""

from __future__ import annotations

import base64
import json
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from prismfs.cli import run
from prismfs.engine.admin.doctor import examine
from prismfs.engine.trust.drop_proof import contradicts_roster, fits, sign
from prismfs.engine.trust.verify import verify
from prismfs.intake.inbox import ALONE
from prismfs.records.api import OwnerProof, SignatureProof
from tests.support.owner import Owner
from tests.support.project import Project

ESCALATION = {"kind": "escalation", "from": "jade", "severity": "LOW", "title": "look at it"}


@pytest.fixture(scope="module")
def key(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_key(tmp_path_factory.mktemp("keys") / "mayor")


def make_key(path: Path) -> Path:
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(path)], check=True)
    return path


def public(key: Path) -> str:
    return " ".join(key.with_suffix(".pub").read_text().split()[:2])


def change_roster(bench: Project, **members: Any) -> None:
    path = "roster/mayor.yaml"
    lines = "".join(f"{name}: {json.dumps(value)}\n" for name, value in members.items())
    bench.commit_by_hand({path: (bench.root / path).read_bytes() + lines.encode()})
    bench.turn()


def asked(bench: Project) -> dict[str, Any]:
    """Return the form of an acknowledgement that asks for a right: of an escalation, by the mayor."""
    bench.drop(json.dumps(ESCALATION), "look.json")
    bench.turn()
    (bead,) = bench.records("bead")
    return {"kind": "ack", "from": "mayor", "id": bead.id}


def drop_signed(bench: Project, data: bytes, signature: bytes, name: str = "ack.json") -> None:
    (bench.root / "inbox" / f"{name}.sig").write_bytes(signature)
    bench.drop(data.decode(), name)
    bench.turn()


def refused(bench: Project) -> str:
    row = bench.rows("inbox.refused")[-1]
    return str(row.meta["code"])


def status(bench: Project) -> str:
    (bead,) = bench.records("bead")
    return str(bead.status)


def test_claimed_file_of_a_role_is_refused(bench: Project) -> None:
    data = json.dumps(asked(bench))
    bench.drop(data, "ack.json")
    bench.turn()
    assert (refused(bench), status(bench)) == ("unproven_identity", "open")


def test_signed_file_carries_the_rights_of_its_sender(bench: Project, key: Path) -> None:
    change_roster(bench, keys=[public(key)])
    data = json.dumps(asked(bench)).encode()
    drop_signed(bench, data, sign(data, key))
    assert status(bench) == "acknowledged"
    (row,) = bench.rows("escalation.acknowledged")
    assert (row.actor, row.assurance) == ("mayor", "signed")
    assert list((bench.root / "inbox").iterdir()) == []
    assert verify(bench.desk.repo.git, until=bench.head()).problems == ()


@pytest.mark.parametrize("harm", ["other bytes", "other key", "no signature", "for commits", "too long", "a folder"])
def test_signature_that_does_not_fit_is_refused(harm: str, bench: Project, key: Path, tmp_path: Path) -> None:
    change_roster(bench, keys=[public(key)])
    data = json.dumps(asked(bench)).encode()
    signature = sign(data, key)
    match harm:
        case "other bytes":
            data += b" "
        case "other key":
            signature = sign(data, make_key(tmp_path / "other"))
        case "no signature":
            signature = b"yes, it is me\n"
        case "for commits":
            command = ["ssh-keygen", "-q", "-Y", "sign", "-n", "git", "-f", str(key)]
            signature = subprocess.run(command, input=data, capture_output=True, check=True).stdout
        case "too long":
            signature += b"\n" * 20_000
        case "a folder":
            (bench.root / "inbox" / "ack.json.sig").mkdir()
    if harm == "a folder":
        bench.drop(data.decode(), "ack.json")
        bench.turn()
    else:
        drop_signed(bench, data, signature)
    assert (refused(bench), status(bench)) == ("bad_signature", "open")
    assert [path.suffix for path in sorted((bench.root / "quarantine").iterdir())] == [".json", ".yaml", ".sig"]


def test_signature_by_a_key_that_the_file_brings_along_is_none(bench: Project, key: Path) -> None:
    """The roster is asked as it is committed, not as it lies in the folder."""
    path = bench.root / "roster/mayor.yaml"
    data = json.dumps(asked(bench)).encode()
    path.write_text(path.read_text() + f"keys: [{json.dumps(public(key))}]\n")
    drop_signed(bench, data, sign(data, key))
    assert refused(bench) == "bad_signature"


def test_signed_file_copied_by_somebody_counts_once(bench: Project, key: Path) -> None:
    """Who may read the inbox can drop it again, under any name."""
    change_roster(bench, keys=[public(key)])
    data = json.dumps({"kind": "mail", "from": "mayor", "to": "deacon", "subject": "restart it"}).encode()
    for name in ("mail.json", "again.json", "once-more.json"):
        drop_signed(bench, data, sign(data, key), name)
    assert len(bench.records("mail")) == 1
    assert list((bench.root / "inbox").iterdir()) == []


def test_signed_file_that_is_refused_lies_in_quarantine_with_its_signature(bench: Project, key: Path) -> None:
    change_roster(bench, keys=[public(key)])
    data = json.dumps({"kind": "mail", "from": "mayor", "to": "nobody", "subject": "restart it"}).encode()
    for name in ("mail.json", "again.json"):
        drop_signed(bench, data, sign(data, key), name)
    assert refused(bench) == "unknown_identity"
    assert len(bench.rows("inbox.refused")) == 1
    kept = [path.suffix for path in (bench.root / "quarantine").iterdir()]
    assert sorted(kept) == [".json", ".json", ".sig", ".sig", ".yaml", ".yaml"]


class CutShort(BaseException):
    """The process ends here."""


class Removals:
    """Ends the process, once told to, at the n-th removal of a file."""

    left = -1

    def __call__(self, event: str, _: object) -> None:
        if event == "os.remove" and self.left >= 0:
            self.left -= 1
            if self.left < 0:
                raise CutShort


REMOVALS = Removals()
sys.addaudithook(REMOVALS)  # for the life of the process: it cannot be taken back


@pytest.mark.parametrize("removed", [0, 1])
def test_signed_file_whose_removal_was_cut_short_is_not_taken_for_a_claim(
    removed: int, bench: Project, key: Path
) -> None:
    change_roster(bench, keys=[public(key)])
    data = json.dumps(asked(bench)).encode()
    (bench.root / "inbox" / "ack.json.sig").write_bytes(sign(data, key))
    bench.drop(data.decode(), "ack.json")
    names = {path.name for path in (bench.root / "inbox").iterdir()}
    assert names == {"ack.json", "ack.json.sig"}
    bench.desk.crash_point = lambda name: setattr(REMOVALS, "left", removed) if name == "before-inbox" else None
    with pytest.raises(CutShort):
        bench.turn()
    bench.restart()
    bench.turn()
    assert status(bench) == "acknowledged"
    assert {row.meta["code"] for row in bench.rows("inbox.refused")} <= {"signature_alone"}
    assert len(bench.rows("escalation.acknowledged")) == 1


@pytest.mark.parametrize("how", ["text behind", "text before", "other lines", "reserved", "bytes behind", "CRLF"])
def test_signature_that_is_spelt_otherwise_is_refused_and_brings_nothing_in(
    how: str, bench: Project, key: Path
) -> None:
    change_roster(bench, keys=[public(key)])
    data = json.dumps(asked(bench)).encode()
    signature = sign(data, key)
    first, *code, last, _ = signature.split(b"\n")
    blob = base64.b64decode(b"".join(code))
    lines = [b"SMUGGLED", b"\xff\xfe"]
    match how:
        case "text behind":
            signature += b"\n".join(lines)
        case "text before":
            signature = lines[0] + b"\n" + signature
        case "other lines":
            signature = b"\n".join([first, b"".join(code), last, b""])
        case "reserved":
            at = blob.index(b"prismfs") + len(b"prismfs")
            filled = blob[:at] + len(lines[0]).to_bytes(4) + lines[0] + blob[at + 4 :]
            signature = b"\n".join([first, base64.b64encode(filled), last, b""])
        case "bytes behind":
            signature = b"\n".join([first, base64.b64encode(blob + lines[0]), last, b""])
        case "CRLF":
            signature = signature.replace(b"\n", b"\r\n")
    drop_signed(bench, data, signature)
    assert (refused(bench), status(bench)) == ("bad_signature", "open")
    assert "SMUGGLED" not in bench.git("log", "-p", "--text", "--all")


def test_signature_where_ssh_keygen_is_missing_is_refused_and_the_desk_goes_on(
    bench: Project, key: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A file with a signature beside it must not stop a desk on a machine without OpenSSH."""
    change_roster(bench, keys=[public(key)])
    data = json.dumps(asked(bench)).encode()
    signature = sign(data, key)
    tools = tmp_path / "tools"
    tools.mkdir()
    (tools / "git").symlink_to(str(shutil.which("git")))
    monkeypatch.setenv("PATH", str(tools))
    drop_signed(bench, data, signature)
    assert (refused(bench), status(bench)) == ("signature_unverifiable", "open")
    bench.drop(json.dumps(ESCALATION | {"title": "another"}), "next.json")
    bench.turn()
    assert len(bench.records("bead")) == 2


def test_file_of_a_user_that_the_roster_maps_is_its_personas(bench: Project) -> None:
    change_roster(bench, logins=[Owner.login])
    bench.drop(json.dumps(asked(bench)), "ack.json")
    bench.turn()
    (row,) = bench.rows("escalation.acknowledged")
    assert (row.actor, row.assurance) == ("mayor", "owner")


def test_file_of_a_mapped_user_that_claims_another_name_is_a_claim(bench: Project) -> None:
    change_roster(bench, logins=[Owner.login])
    bench.drop(json.dumps(asked(bench) | {"from": "deacon"}), "ack.json")
    bench.turn()
    assert refused(bench) == "unproven_identity"


def test_signature_without_its_file_waits_a_minute_and_is_put_away(bench: Project) -> None:
    (bench.root / "inbox" / "late.json.sig").write_bytes(b"signature")
    look = bench.desk.inbox.scan(0.0, 0.0)
    assert (look.ready, look.waiting) == ((), 1)
    changed = (bench.root / "inbox" / "late.json.sig").stat().st_ctime
    assert bench.desk.inbox.scan(0.0, changed + ALONE - 1).ready == ()
    assert bench.desk.inbox.scan(0.0, changed + ALONE + 1).ready == ("late.json.sig",)
    refusal = bench.desk.inbox.read("late.json.sig")
    assert refusal is not None
    assert getattr(refusal, "problem").code == "signature_alone"  # noqa: B009


def test_emit_signs_and_the_watcher_believes_it(bench: Project, key: Path, tmp_path: Path) -> None:
    change_roster(bench, keys=[public(key)])
    form = tmp_path / "ack.json"
    form.write_text(json.dumps(asked(bench)))
    assert run(["-C", str(bench.root), "emit", str(form), "--sign", str(key)]) == 0
    bench.turn()
    assert status(bench) == "acknowledged"


def test_emit_with_a_key_that_cannot_sign_drops_nothing(
    bench: Project, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    form = tmp_path / "ack.json"
    form.write_text(json.dumps(asked(bench)))
    assert run(["-C", str(bench.root), "emit", str(form), "--sign", str(tmp_path / "none")]) == 4
    assert "not_signed" in capsys.readouterr().err
    assert list((bench.root / "inbox").iterdir()) == []


def test_signature_is_good_for_its_namespace_alone(key: Path) -> None:
    assert fits(sign(b"text", key), b"text", public(key))
    assert not fits(sign(b"text", key), b"other", public(key))


def test_verify_names_a_kept_proof_that_the_roster_does_not_bear_out(bench: Project, key: Path) -> None:
    change_roster(bench, keys=[public(key)], logins=[Owner.login])
    bench.drop(json.dumps(asked(bench)), "ack.json")
    bench.turn()
    (row,) = bench.rows("escalation.acknowledged")
    event, before = row.event, f"{bench.head()}~1"
    assert event is not None
    assert event.proof is not None
    git = bench.desk.repo.git
    assert not contradicts_roster(git, event, before)
    other = OwnerProof(how="owner", login="nobody")
    assert contradicts_roster(git, event.changed(proof=other), before)
    assert contradicts_roster(git, event.changed(actor="jade"), before)
    forged = SignatureProof(how="signed", key="ssh-ed25519 AAAA", sha512="", signature="")
    assert contradicts_roster(git, event.changed(proof=forged), before)


def test_doctor_names_a_persona_whose_rights_the_desks_own_user_has(bench: Project) -> None:
    def found() -> list[str]:
        return [one.problem.code for one in examine(bench.root, bench.clock.now()) if one.problem]

    assert "login_of_the_desk" not in found()
    change_roster(bench, logins=[Owner.login])
    assert "login_of_the_desk" in found()
