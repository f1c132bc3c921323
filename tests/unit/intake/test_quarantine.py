import os
import re
import tempfile
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import yaml

from prismfs.errors import StoreError
from prismfs.intake.inbox import Inbox, Refusal
from prismfs.intake.quarantine import Quarantine

AT = datetime(2026, 3, 1, 10, 0, 0, tzinfo=UTC)


@pytest.fixture
def inbox(tmp_path: Path) -> Inbox:
    (tmp_path / "inbox").mkdir()
    return Inbox(tmp_path)


@pytest.fixture
def quarantine(tmp_path: Path) -> Quarantine:
    return Quarantine(tmp_path)


def refused(inbox: Inbox, name: str) -> Refusal:
    outcome = inbox.read(name)
    assert isinstance(outcome, Refusal)
    return outcome


def names(quarantine: Quarantine) -> list[str]:
    return sorted(path.name for path in quarantine.folder.iterdir())


def reason_of(kept: Path) -> Path:
    return kept.with_name(kept.name + ".reason.yaml")


def test_keep_refused_file_is_moved_with_its_reason(inbox: Inbox, quarantine: Quarantine) -> None:
    (inbox.folder / "Größe 1.yaml").write_bytes(b"kind: signal\n")
    refusal = refused(inbox, "Größe 1.yaml")
    kept = quarantine.keep(inbox, refusal, at=AT)
    assert re.fullmatch(r"20260301T100000Z-[0-9a-f]{12}-Gr__e_1\.yaml", kept.name)
    assert kept.read_bytes() == b"kind: signal\n"
    assert not list(inbox.folder.iterdir())
    assert names(quarantine) == [kept.name, reason_of(kept).name]
    assert yaml.safe_load(reason_of(kept).read_text()) == {
        "code": "bad_name",
        "message": refusal.problem.message,
        "field": None,
        "hint": refusal.problem.hint,
        "original_name": "Größe 1.yaml",
        "cause": refusal.cause,
        "sha256": refusal.sha256,
        "size": 13,
        "refused_at": "2026-03-01T10:00:00Z",
    }


def test_keep_link_is_moved_and_not_followed(inbox: Inbox, quarantine: Quarantine, tmp_path: Path) -> None:
    (tmp_path / "outside").write_text("mine")
    (inbox.folder / "a.yaml").symlink_to(tmp_path / "outside")
    kept = quarantine.keep(inbox, refused(inbox, "a.yaml"), at=AT)
    assert os.readlink(kept) == str(tmp_path / "outside")
    assert (tmp_path / "outside").read_text() == "mine"


def test_keep_folder_with_a_nested_repository_is_moved_whole(inbox: Inbox, quarantine: Quarantine) -> None:
    (inbox.folder / "repo" / ".git" / "hooks").mkdir(parents=True)
    (inbox.folder / "repo" / ".git" / "hooks" / "post-checkout").write_text("exit 1")
    kept = quarantine.keep(inbox, refused(inbox, "repo"), at=AT)
    assert (kept / ".git" / "hooks" / "post-checkout").read_text() == "exit 1"
    assert not (inbox.folder / "repo").exists()


def test_keep_fifo_is_moved_unopened(inbox: Inbox, quarantine: Quarantine) -> None:
    os.mkfifo(inbox.folder / "a.yaml")
    assert quarantine.keep(inbox, refused(inbox, "a.yaml"), at=AT).is_fifo()


def test_keep_name_with_newline_and_foreign_bytes_is_kept_under_a_safe_name(
    inbox: Inbox, quarantine: Quarantine
) -> None:
    with open(os.fsencode(inbox.folder) + b"/..a\n\xff;rm", "wb") as file:
        file.write(b"x")
    with open(os.fsencode(inbox.folder) + b"/b\n\xff;rm", "wb") as file:
        file.write(b"x")
    (name,) = inbox.scan(1.0, 1.0).ready
    kept = quarantine.keep(inbox, refused(inbox, name), at=AT)
    assert kept.name.endswith("-b___rm")
    assert yaml.safe_load(reason_of(kept).read_text())["original_name"] == r"b\n\xff;rm"


def test_keep_after_a_crash_before_the_move_completes_it(inbox: Inbox, quarantine: Quarantine, tmp_path: Path) -> None:
    (inbox.folder / "a.txt").write_bytes(b"x")
    kept = quarantine.keep(inbox, refused(inbox, "a.txt"), at=AT)
    kept.rename(inbox.folder / "a.txt")
    fresh = Inbox(tmp_path)
    again = Quarantine(tmp_path).keep(fresh, refused(fresh, "a.txt"), at=AT + timedelta(hours=1))
    assert again == kept
    assert names(quarantine) == [kept.name, reason_of(kept).name]


def test_keep_after_the_reason_was_lost_writes_it_again(inbox: Inbox, quarantine: Quarantine, tmp_path: Path) -> None:
    (inbox.folder / "a.txt").write_bytes(b"x")
    refusal = refused(inbox, "a.txt")
    kept = quarantine.keep(inbox, refusal, at=AT)
    reason_of(kept).unlink()
    again = Quarantine(tmp_path).keep(Inbox(tmp_path), refusal, at=AT + timedelta(hours=1))
    assert again == kept
    assert names(quarantine) == [kept.name, reason_of(kept).name]


def test_keep_called_twice_changes_nothing(inbox: Inbox, quarantine: Quarantine) -> None:
    (inbox.folder / "a.txt").write_bytes(b"x")
    refusal = refused(inbox, "a.txt")
    kept = quarantine.keep(inbox, refusal, at=AT)
    before = reason_of(kept).stat()
    assert quarantine.keep(inbox, refusal, at=AT) == kept
    after = reason_of(kept).stat()  # when it was read is nobody's concern
    assert (after.st_ino, after.st_mtime_ns, after.st_size) == (before.st_ino, before.st_mtime_ns, before.st_size)


def test_keep_two_causes_that_begin_alike_overwrite_nothing(inbox: Inbox, quarantine: Quarantine) -> None:
    (inbox.folder / "a.txt").write_bytes(b"first")
    first = refused(inbox, "a.txt")
    kept = quarantine.keep(inbox, first, at=AT)
    (inbox.folder / "a.txt").write_bytes(b"second")
    forged = replace(refused(inbox, "a.txt"), cause=first.cause[:-1] + ("0" if first.cause[-1] != "0" else "1"))
    inbox._read["a.txt"] = (forged.cause, inbox._read["a.txt"][1])
    other = quarantine.keep(inbox, forged, at=AT)
    assert other != kept
    assert (kept.read_bytes(), other.read_bytes()) == (b"first", b"second")


def test_keep_foreign_file_in_its_place_is_not_overwritten(
    inbox: Inbox, quarantine: Quarantine, tmp_path: Path
) -> None:
    (inbox.folder / "a.txt").write_bytes(b"x")
    kept = quarantine.keep(inbox, refused(inbox, "a.txt"), at=AT)
    kept.rename(inbox.folder / "a.txt")
    kept.write_bytes(b"foreign")
    with pytest.raises(StoreError) as caught:
        quarantine.keep(inbox, refused(inbox, "a.txt"), at=AT)
    assert caught.value.code == "quarantine_occupied"
    assert (kept.read_bytes(), (inbox.folder / "a.txt").read_bytes()) == (b"foreign", b"x")


def test_keep_entry_replaced_meanwhile_stays_in_the_inbox(inbox: Inbox, quarantine: Quarantine) -> None:
    (inbox.folder / "a.yaml").write_bytes(b"")
    refusal = refused(inbox, "a.yaml")
    (inbox.folder / ".new").write_bytes(b"kind: signal\n")
    (inbox.folder / ".new").rename(inbox.folder / "a.yaml")
    kept = quarantine.keep(inbox, refusal, at=AT)
    assert (inbox.folder / "a.yaml").read_bytes() == b"kind: signal\n"
    assert not kept.exists()
    assert reason_of(kept).exists()


def test_keep_entry_named_like_a_reason_has_a_reason_of_its_own(inbox: Inbox, quarantine: Quarantine) -> None:
    (inbox.folder / "A.reason.yaml").write_bytes(b"code: none\n")
    kept = quarantine.keep(inbox, refused(inbox, "A.reason.yaml"), at=AT)
    assert kept.read_bytes() == b"code: none\n"
    assert yaml.safe_load(reason_of(kept).read_text())["code"] == "bad_name"


def test_keep_quarantine_that_is_a_link_raises(inbox: Inbox, quarantine: Quarantine, tmp_path: Path) -> None:
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "quarantine").symlink_to("elsewhere")
    (inbox.folder / "a.txt").write_bytes(b"x")
    with pytest.raises(StoreError) as caught:
        quarantine.keep(inbox, refused(inbox, "a.txt"), at=AT)
    assert caught.value.code == "quarantine_not_a_folder"
    assert (inbox.folder / "a.txt").exists()


def test_keep_across_file_systems_raises_and_leaves_the_entry(tmp_path: Path) -> None:
    places = [one for one in ("/dev/shm", "/var/tmp") if os.access(one, os.W_OK)]
    elsewhere = next((one for one in places if os.stat(one).st_dev != tmp_path.stat().st_dev), None)
    if elsewhere is None:
        pytest.skip("needs a second file system")
    with tempfile.TemporaryDirectory(dir=elsewhere) as other:
        (Path(other) / "inbox").mkdir()
        inbox = Inbox(Path(other))
        (inbox.folder / "a.txt").write_bytes(b"x")
        with pytest.raises(StoreError) as caught:
            Quarantine(tmp_path).keep(inbox, refused(inbox, "a.txt"), at=AT)
        assert caught.value.code == "quarantine_other_device"
        assert (inbox.folder / "a.txt").exists()


def test_keep_secret_in_a_name_is_kept_nowhere(inbox: Inbox, quarantine: Quarantine) -> None:
    """FV-07: neither in the entry's name nor in its reason."""
    secret = "ghp_" + "Ab3dE6gH9jK2mN5pQ8sT1vW4xY7zA0cD3fG6"
    (inbox.folder / f"{secret}.YAML").write_bytes(b"x")
    kept = quarantine.keep(inbox, refused(inbox, f"{secret}.YAML"), at=AT)
    assert kept.exists()
    assert secret not in kept.name
    assert secret not in reason_of(kept).read_text()
