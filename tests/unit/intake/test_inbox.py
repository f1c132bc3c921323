import hashlib
import os
import socket
import tempfile
from pathlib import Path

import pytest

from prismfs.errors import StoreError
from prismfs.intake.drop import MAX_BYTES
from prismfs.intake.inbox import SETTLE, Drop, Inbox, Refusal, printable


@pytest.fixture
def inbox(tmp_path: Path) -> Inbox:
    (tmp_path / "inbox").mkdir()
    return Inbox(tmp_path)


def drop(inbox: Inbox, name: str, data: bytes = b"kind: signal\n") -> Path:
    path = inbox.folder / name
    path.write_bytes(data)
    return path


def changed(path: Path) -> float:
    return path.lstat().st_ctime


def taken(inbox: Inbox, name: str) -> Drop:
    outcome = inbox.read(name)
    assert isinstance(outcome, Drop)
    return outcome


def refused(inbox: Inbox, name: str) -> Refusal:
    outcome = inbox.read(name)
    assert isinstance(outcome, Refusal)
    return outcome


def test_scan_file_written_just_now_waits(inbox: Inbox) -> None:
    path = drop(inbox, "a.yaml")
    look = inbox.scan(100.0, changed(path))
    assert (look.ready, look.waiting, look.more) == ((), 1, False)
    assert look.wait_until == pytest.approx(100.0 + SETTLE)


def test_scan_file_written_earlier_is_ready_at_the_first_look(inbox: Inbox) -> None:
    path = drop(inbox, "a.yaml")
    look = inbox.scan(100.0, changed(path) + SETTLE + 0.01)
    assert look.ready == ("a.yaml",)
    assert look.wait_until is None


def test_scan_forged_modification_time_does_not_shorten_the_wait(inbox: Inbox) -> None:
    path = drop(inbox, "a.yaml")
    os.utime(path, (1, 1))
    assert inbox.scan(100.0, changed(path) + 0.1).ready == ()


def test_scan_file_unchanged_between_looks_is_ready_whatever_the_wall_clock_says(inbox: Inbox) -> None:
    path = drop(inbox, "a.yaml")
    wall = changed(path) - 3600
    first = inbox.scan(100.0, wall)
    assert first.ready == ()
    assert first.wait_until == 100.0 + SETTLE
    assert inbox.scan(100.2, wall).ready == ()
    assert inbox.scan(first.wait_until, wall).ready == ("a.yaml",)
    assert inbox.scan(first.wait_until + 0.01, wall).ready == ("a.yaml",)


def test_scan_file_growing_between_looks_waits_anew(inbox: Inbox) -> None:
    path = drop(inbox, "a.yaml")
    wall = changed(path) - 3600
    inbox.scan(100.0, wall)
    path.write_bytes(b"kind: signal\nto: Clara\n")
    look = inbox.scan(100.4, wall)
    assert (look.ready, look.waiting, look.wait_until) == ((), 1, 100.4 + SETTLE)


def test_scan_name_seen_complete_is_ready_at_once(inbox: Inbox) -> None:
    path = drop(inbox, "a.yaml")
    drop(inbox, "b.yaml")
    look = inbox.scan(100.0, changed(path), complete={"a.yaml"})
    assert (look.ready, look.waiting) == (("a.yaml",), 1)


def test_scan_many_files_gives_the_oldest_first_then_by_name(inbox: Inbox) -> None:
    for name, at in (("c.json", 5), ("b.yml", 9), ("a.yaml", 9)):
        os.utime(drop(inbox, name), (at, at))
    wall = changed(inbox.folder / "a.yaml") + 1
    assert inbox.scan(1.0, wall).ready == ("c.json", "a.yaml", "b.yml")
    cut = inbox.scan(1.0, wall, limit=2)
    assert (cut.ready, cut.more) == (("c.json", "a.yaml"), True)


def test_scan_hidden_names_are_counted_and_left_alone(inbox: Inbox) -> None:
    path = drop(inbox, ".a.yaml.tmp")
    look = inbox.scan(1.0, changed(path) + 9)
    assert (look.ready, look.waiting, look.aside) == ((), 0, 1)
    assert inbox.read(".a.yaml.tmp") is None


def test_scan_entries_that_will_be_refused_do_not_wait(inbox: Inbox) -> None:
    (inbox.folder / "repo.yaml").mkdir()
    drop(inbox, "Report.pdf")
    look = inbox.scan(1.0, changed(inbox.folder / "Report.pdf"))
    assert sorted(look.ready) == ["Report.pdf", "repo.yaml"]


def test_scan_vanished_names_are_forgotten(inbox: Inbox) -> None:
    path = drop(inbox, "a.yaml")
    wall = changed(path) - 3600
    inbox.scan(1.0, wall)
    inbox.read("a.yaml")
    path.unlink()
    inbox.scan(1.1, wall)
    assert not inbox._still
    assert not inbox._read
    drop(inbox, "a.yaml")
    assert inbox.scan(1.2, wall).wait_until == 1.2 + SETTLE


def test_read_regular_file_gives_its_bytes_and_hash(inbox: Inbox) -> None:
    drop(inbox, "a.yaml", b"kind: signal\n")
    found = taken(inbox, "a.yaml")
    assert found.data == b"kind: signal\n"
    assert found.sha256 == hashlib.sha256(b"kind: signal\n").hexdigest()
    assert found.cause.startswith("drop:")
    assert len(found.cause) == 5 + 64


def test_read_same_file_after_a_crash_gives_the_same_cause(inbox: Inbox, tmp_path: Path) -> None:
    drop(inbox, "a.yaml")
    assert taken(inbox, "a.yaml").cause == taken(Inbox(tmp_path), "a.yaml").cause


def test_read_second_drop_of_equal_bytes_gives_another_cause(inbox: Inbox) -> None:
    os.utime(drop(inbox, "a.yaml"), ns=(1, 1))
    first = taken(inbox, "a.yaml")
    os.utime(drop(inbox, ".new"), ns=(2, 2))
    (inbox.folder / ".new").rename(inbox.folder / "a.yaml")
    assert taken(inbox, "a.yaml").cause != first.cause


def test_read_inode_used_again_gives_another_cause(inbox: Inbox) -> None:
    path = drop(inbox, "a.yaml")
    os.utime(path, ns=(1, 1))
    first = taken(inbox, "a.yaml")
    os.utime(path, ns=(2, 2))
    assert taken(inbox, "a.yaml").cause != first.cause


def test_read_missing_file_gives_none(inbox: Inbox) -> None:
    assert inbox.read("a.yaml") is None


@pytest.mark.parametrize("name", ["", ".", "..", "../prismfs.yaml", "a/b.yaml", "a\0.yaml"])
def test_read_path_instead_of_a_name_raises(inbox: Inbox, name: str) -> None:
    with pytest.raises(ValueError, match="slash"):
        inbox.read(name)


def test_read_entries_that_are_no_files_are_refused_unopened(inbox: Inbox, tmp_path: Path) -> None:
    secret = tmp_path / "secret.yaml"
    secret.write_text("kind: signal\n")
    (inbox.folder / "link.yaml").symlink_to(secret)
    (inbox.folder / "dangling.yaml").symlink_to("nowhere")
    (inbox.folder / "folder.yaml").mkdir()
    os.mkfifo(inbox.folder / "pipe.yaml")
    with tempfile.TemporaryDirectory() as short, socket.socket(socket.AF_UNIX) as server:
        server.bind(f"{short}/s")
        os.rename(f"{short}/s", inbox.folder / "socket.yaml")
    said = {}
    for name in ("link", "dangling", "folder", "pipe", "socket"):
        refusal = refused(inbox, f"{name}.yaml")
        assert refusal.problem.code == "not_a_regular_file"
        assert (refusal.sha256, refusal.size) == (None, None)
        said[name] = refusal.problem.message
    for name, word in (
        ("link", "symbolic link"),
        ("dangling", "symbolic link"),
        ("folder", "directory"),
        ("pipe", "FIFO"),
        ("socket", "socket"),
    ):
        assert word in said[name]


def test_read_hard_link_is_refused_unread(inbox: Inbox, tmp_path: Path) -> None:
    (tmp_path / "outside").write_text("kind: signal\n")
    os.link(tmp_path / "outside", inbox.folder / "a.yaml")
    refusal = refused(inbox, "a.yaml")
    assert (refusal.problem.code, refusal.sha256, refusal.size) == ("hard_linked", None, 13)


def test_read_file_at_the_size_limit_is_taken_and_one_byte_more_refused(inbox: Inbox) -> None:
    drop(inbox, "a.yaml", b"x" * MAX_BYTES)
    drop(inbox, "b.yaml", b"x" * (MAX_BYTES + 1))
    assert len(taken(inbox, "a.yaml").data) == MAX_BYTES
    assert refused(inbox, "b.yaml").problem.code == "too_large"


@pytest.mark.parametrize(("data", "code"), [(b"", "empty_file"), (b"kind: \0\n", "binary")])
def test_read_file_that_is_no_text_is_refused_with_its_hash(inbox: Inbox, data: bytes, code: str) -> None:
    drop(inbox, "a.yaml", data)
    refusal = refused(inbox, "a.yaml")
    assert (refusal.problem.code, refusal.size) == (code, len(data))
    assert refusal.sha256 == hashlib.sha256(data).hexdigest()
    assert refusal.problem.path == "inbox/a.yaml"
    assert refusal.problem.hint


@pytest.mark.parametrize(
    "name",
    ["A.yaml", "a.txt", "a", "-a.yaml", "a b.yaml", "a.yaml\n", "ä.yaml", "a.yaml~", "x" * 101 + ".json"],
)
def test_read_name_against_the_rule_is_refused(inbox: Inbox, name: str) -> None:
    drop(inbox, name)
    assert refused(inbox, name).problem.code == "bad_name"


@pytest.mark.parametrize("name", ["a.yaml", "0.yml", "a.b-c_d.json", "x" * 100 + ".json"])
def test_read_name_by_the_rule_is_taken(inbox: Inbox, name: str) -> None:
    drop(inbox, name)
    assert taken(inbox, name).name == name


def test_read_name_with_newline_and_foreign_bytes_is_told_escaped(inbox: Inbox) -> None:
    raw = b"a\n\x1b[31m\xff\\.yaml"
    with open(os.fsencode(inbox.folder) + b"/" + raw, "wb") as file:
        file.write(b"x")
    (name,) = inbox.scan(1.0, 0.0).ready
    told = refused(inbox, name).problem.path
    assert told == r"inbox/a\n\x1b[31m\xff\\.yaml"


def test_read_name_that_holds_a_token_is_told_redacted(inbox: Inbox) -> None:
    name = "ghp_" + "a1B2" * 9 + ".txt"
    drop(inbox, name)
    assert refused(inbox, name).problem.path == "inbox/[redacted:github_token].txt"


def test_read_file_without_permission_is_refused() -> None:
    # Not under tmp_path: its parents are closed to the user that root becomes here.
    with tempfile.TemporaryDirectory() as folder:
        Path(folder).chmod(0o755)
        (Path(folder) / "inbox").mkdir(mode=0o755)
        inbox = Inbox(Path(folder))
        drop(inbox, "a.yaml").chmod(0)
        before = os.geteuid()
        if before == 0:
            os.seteuid(65534)
        try:
            assert refused(inbox, "a.yaml").problem.code == "unreadable"
        finally:
            os.seteuid(before)


@pytest.mark.parametrize("name", ["printable.yaml", "größe.yaml"])
def test_printable_plain_name_stays(name: str) -> None:
    assert printable(name) == name


def test_printable_direction_marks_are_escaped() -> None:
    assert printable("a\u202elmay.b") == r"a\u202elmay.b"


def test_remove_file_that_was_read_is_gone(inbox: Inbox) -> None:
    path = drop(inbox, "a.yaml")
    found = taken(inbox, "a.yaml")
    assert inbox.remove("a.yaml", found.cause)
    assert not path.exists()
    assert not inbox.remove("a.yaml", found.cause)


def test_remove_file_replaced_meanwhile_stays(inbox: Inbox) -> None:
    path = drop(inbox, "a.yaml", b"first")
    found = taken(inbox, "a.yaml")
    drop(inbox, ".new", b"other").rename(path)
    assert not inbox.remove("a.yaml", found.cause)
    assert path.read_bytes() == b"other"


def test_remove_file_replaced_between_the_look_and_the_removal_is_put_back(
    inbox: Inbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = drop(inbox, "a.yaml", b"first")
    found = taken(inbox, "a.yaml")

    def replaced(name: str, cause: str) -> bool:
        drop(inbox, ".new", b"other").rename(path)
        return True

    monkeypatch.setattr(inbox, "holds", replaced)
    assert not inbox.remove("a.yaml", found.cause)
    assert [(entry.name, entry.read_bytes()) for entry in inbox.folder.iterdir()] == [("a.yaml", b"other")]


def test_scan_puts_back_what_a_killed_process_had_set_aside(inbox: Inbox) -> None:
    path = drop(inbox, "a.yaml", b"first")
    found = taken(inbox, "a.yaml")
    assert inbox.set_aside("a.yaml", found.cause) == ".taken-a.yaml"
    inbox.scan(1.0, 1.0)
    assert path.read_bytes() == b"first"
    assert taken(inbox, "a.yaml").cause == found.cause
    inbox.set_aside("a.yaml", found.cause)
    drop(inbox, "a.yaml", b"second")
    inbox.scan(1.0, 1.0)
    assert sorted(entry.read_bytes() for entry in inbox.folder.iterdir()) == [b"first", b"second"]


def test_remove_after_a_restart_knows_the_file_by_its_cause(inbox: Inbox, tmp_path: Path) -> None:
    path = drop(inbox, "a.yaml")
    found = taken(inbox, "a.yaml")
    assert not Inbox(tmp_path).remove("a.yaml", "drop:other")
    assert path.exists()
    assert Inbox(tmp_path).remove("a.yaml", found.cause)
    assert not path.exists()


def test_inbox_that_is_a_link_raises(tmp_path: Path) -> None:
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "inbox").symlink_to("elsewhere")
    for act in (lambda: Inbox(tmp_path).scan(1.0, 1.0), lambda: Inbox(tmp_path).read("a.yaml")):
        with pytest.raises(StoreError) as caught:
            act()
        assert caught.value.code == "inbox_not_a_folder"


def test_inbox_missing_raises(tmp_path: Path) -> None:
    with pytest.raises(StoreError) as caught:
        Inbox(tmp_path).scan(1.0, 1.0)
    assert caught.value.code == "inbox_missing"


@pytest.mark.parametrize("name", ["", "." * 2, "a" * 248])
def test_scan_entry_named_like_one_set_aside_asks_for_no_other_scan(inbox: Inbox, name: str) -> None:
    """An agent can name a file so; one that cannot get a name again once made the watcher spin, or fail."""
    drop(inbox, f".taken-{name}")
    if len(name) > 2:
        drop(inbox, name)
    looks = [inbox.scan(1.0, 1.0) for _ in range(3)]
    assert [look.more for look in looks] == [False] * 3
