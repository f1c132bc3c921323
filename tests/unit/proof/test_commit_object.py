"""A commit is read in the one form that git and prismfs write; what is odd is said to be odd and still has parents."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from prismfs.proof.commit_object import Odd, oid_of, read_commit, with_signature
from prismfs.proof.sshsig import armor
from tests.support.signed_desk import commit_of

TREE, PARENT, OTHER = "a" * 40, "b" * 40, "c" * 40
PLAIN = commit_of(TREE, (PARENT,), "event: done")
SIGNED = with_signature(PLAIN, armor(bytes(32), bytes(64)))


def read(data: bytes) -> tuple[Odd | None, tuple[str, ...]]:
    found = read_commit(oid_of(data), data)
    return found.odd, found.parents


def test_read_commit_of_a_signed_one_gives_what_was_signed() -> None:
    found = read_commit(oid_of(SIGNED), SIGNED)
    assert (found.odd, found.signed, found.plain, found.parents) == (None, True, True, (PARENT,))
    assert found.payload == PLAIN
    assert found.signature == armor(bytes(32), bytes(64))
    assert found.message == b"event: done\n"
    assert with_signature(found.payload, found.signature) == SIGNED


def test_read_commit_with_an_encoding_is_not_plain() -> None:
    data = SIGNED.replace(b"\ngpgsig", b"\nencoding latin1\ngpgsig", 1)
    found = read_commit(oid_of(data), data)
    assert (found.odd, found.signed, found.plain) == (None, True, False)
    assert b"encoding latin1" in found.payload


ODD = {
    "a header more": SIGNED.replace(b"\ngpgsig", b"\nchange-id x\ngpgsig", 1),
    "a header after the signature": SIGNED.replace(b"\n\nevent", b"\nmergetag x\n\nevent", 1),
    "two signatures": with_signature(SIGNED, armor(bytes(32), bytes(64))),
    "gpgsig-sha256": SIGNED.replace(b"\ngpgsig", b"\ngpgsig-sha256 x\ngpgsig", 1),
    "encoding after the signature": SIGNED.replace(b"\n\nevent", b"\nencoding x\n\nevent", 1),
    "parent after the author": PLAIN.replace(b"\n\nevent", f"\nparent {OTHER}\n\nevent".encode(), 1),
    "no committer": re.sub(rb"committer [^\n]*\n", b"", PLAIN),
    "two trees": PLAIN.replace(b"tree", f"tree {OTHER}\ntree".encode(), 1),
    "a short parent": PLAIN.replace(PARENT.encode(), b"b" * 39),
    "upper case": PLAIN.replace(TREE.encode(), b"A" * 40),
    "a NUL byte": PLAIN + b"\0",
    "nothing": b"",
    "no message": PLAIN.partition(b"\n\n")[0],
}


@pytest.mark.parametrize("name", ODD)
def test_read_commit_of_another_form_is_odd_header(name: str) -> None:
    assert ODD[name] not in (PLAIN, SIGNED)
    found = read_commit(oid_of(ODD[name]), ODD[name])
    assert (found.odd, found.signature) == ("odd_header", None)


def test_read_commit_of_bytes_with_another_id_is_odd() -> None:
    assert read_commit(oid_of(SIGNED), PLAIN).odd == "odd_header"


def test_read_commit_of_a_pgp_signature_is_odd_signature() -> None:
    data = SIGNED.replace(b"SSH SIGNATURE", b"PGP SIGNATURE")
    found = read_commit(oid_of(data), data)
    assert (found.odd, found.signed, found.signature) == ("odd_signature", True, None)


def test_parents_of_an_odd_commit_are_those_that_git_sees() -> None:
    assert read(ODD["a header more"]) == ("odd_header", (PARENT,))
    assert read(ODD["parent after the author"]) == ("odd_header", (PARENT,))
    assert read(commit_of(TREE, (PARENT, OTHER))) == (None, (PARENT, OTHER))


@given(st.binary(max_size=200))
def test_read_commit_of_any_bytes_never_fails(data: bytes) -> None:
    assert read(data)[0] == "odd_header"


@given(st.binary(max_size=60).filter(lambda data: b"\0" not in data))
def test_read_commit_of_any_message_gives_it_back(message: bytes) -> None:
    data = PLAIN.partition(b"\n\n")[0] + b"\n\n" + message
    signed = with_signature(data, armor(bytes(32), bytes(64)))
    found = read_commit(oid_of(signed), signed)
    assert (found.odd, found.message, found.payload) == (None, message, data)
