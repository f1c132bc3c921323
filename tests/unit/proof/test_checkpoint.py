"""A checkpoint has one spelling, as a signature has: what is read is what would be written."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from prismfs.proof.checkpoint import LARGEST, Checkpoint, Claim, checkpoint_of, read_checkpoint
from prismfs.proof.sshsig import signed_bytes
from tests.support.signed_desk import key_of, line_of

KEY = key_of("desk-a")
CLAIM = Claim("a" * 40, "PID-TEST01", "engine-amber", 1_772_359_200)


def signed(claim: Claim = CLAIM, *, namespace: str = "git") -> bytes:
    return checkpoint_of(claim, KEY.public, KEY.sign(signed_bytes(claim.payload, namespace)))


def test_read_checkpoint_of_its_own_spelling_is_what_was_signed() -> None:
    assert read_checkpoint(signed()) == Checkpoint(CLAIM, line_of("desk-a"))


@pytest.mark.parametrize(
    "data",
    [
        b"",
        CLAIM.payload,
        signed() + b"\n",
        b" " + signed(),
        signed()[:-1],
        signed(namespace="prismfs"),
        signed().replace(b"a" * 40, b"b" * 40),
        signed().replace(b"type commit", b"type tree"),
        signed().replace(b"+0000", b"+0100"),
        signed().replace(b" 1772359200 ", b" 01772359200 "),
        signed().replace(b"engine-amber has", b"engine-amber had"),
        signed().replace(b"tagger engine-amber <", b"tagger engine-basalt <"),
        signed().replace(b"\n", b"\r\n"),
        signed() + b" " * LARGEST,
        checkpoint_of(CLAIM, key_of("desk-b").public, KEY.sign(signed_bytes(CLAIM.payload))),
    ],
)
def test_read_checkpoint_of_anything_else_is_none(data: bytes) -> None:
    assert read_checkpoint(data) is None


@given(place=st.integers(0, len(signed()) - 1), byte=st.integers(0, 255))
def test_read_checkpoint_no_byte_may_differ(place: int, byte: int) -> None:
    data = signed()
    changed = data[:place] + bytes([byte]) + data[place + 1 :]
    assert (read_checkpoint(changed) is None) == (changed != data)
