"""A signature has one spelling: whatever else git or ssh-keygen would take is refused."""

import base64

import pytest
from hypothesis import given
from hypothesis import strategies as st

from prismfs.proof.sshsig import (
    WEAK,
    SshSignature,
    armor,
    is_good,
    normal_line,
    public_line,
    raw_public,
    read_armor,
    signed_bytes,
)
from tests.support.signed_desk import key_of, line_of

KEY = key_of("desk-a")
DATA = b"what was signed"
ARMORED = armor(KEY.public, KEY.sign(signed_bytes(DATA)))
ORDER = 2**252 + 27742317777372353535851937790883648493
"""Of the group of Ed25519: a signature with it added to its second half would fit as well, if it were not looked at."""


def blob_of(armored: bytes) -> bytes:
    return base64.b64decode(b"".join(armored.splitlines()[1:-1]))


def spelt(blob: bytes, columns: int = 70, end: bytes = b"\n") -> bytes:
    code = base64.b64encode(blob)
    lines = [code[begin : begin + columns] for begin in range(0, len(code), columns)]
    begin, last = b"-----BEGIN SSH SIGNATURE-----", b"-----END SSH SIGNATURE-----"
    return end.join([begin, *lines, last, b""])


def test_read_armor_of_its_own_spelling_is_the_signature() -> None:
    found = read_armor(ARMORED)
    assert found == SshSignature(line_of("desk-a"), KEY.sign(signed_bytes(DATA)))
    assert is_good(found, DATA)
    assert not is_good(found, DATA + b".")
    assert spelt(blob_of(ARMORED)) == ARMORED


OTHER_SPELLINGS = {
    "wider": spelt(blob_of(ARMORED), 76),
    "one line": spelt(blob_of(ARMORED), 1000),
    "carriage returns": spelt(blob_of(ARMORED), end=b"\r\n"),
    "no line break at the end": ARMORED[:-1],
    "an empty line at the end": ARMORED + b"\n",
    "text before": b" " + ARMORED,
    "a byte more": spelt(blob_of(ARMORED) + b"\0"),
    "a byte less": spelt(blob_of(ARMORED)[:-1]),
    "another version": spelt(blob_of(ARMORED).replace(b"SSHSIG\0\0\0\1", b"SSHSIG\0\0\0\2", 1)),
    "another namespace": armor(KEY.public, KEY.sign(signed_bytes(DATA, "file")), "file"),
    "a filled reserved field": spelt(blob_of(ARMORED).replace(b"\0\0\0\3git\0\0\0\0", b"\0\0\0\3git\0\0\0\1x", 1)),
    "another hash": spelt(blob_of(ARMORED).replace(b"sha512", b"sha256", 1)),
    "another algorithm inside": spelt(
        blob_of(ARMORED)[:-83] + blob_of(ARMORED)[-83:].replace(b"ssh-ed25519", b"ssh-ed25518")
    ),
    "characters that base64 skips": ARMORED.replace(b"U1NIU0lH", b"U1NI*U0lH", 1),
    "nothing": b"",
    "no code": b"-----BEGIN SSH SIGNATURE-----\n-----END SSH SIGNATURE-----\n",
    "PGP": ARMORED.replace(b"SSH", b"PGP"),
}


@pytest.mark.parametrize("name", OTHER_SPELLINGS)
def test_read_armor_of_another_spelling_is_none(name: str) -> None:
    assert OTHER_SPELLINGS[name] != ARMORED
    assert read_armor(OTHER_SPELLINGS[name]) is None


@given(st.integers(0, len(ARMORED) - 1), st.binary(max_size=3))
def test_read_armor_of_a_changed_byte_is_none_or_no_good(place: int, other: bytes) -> None:
    """Whatever is read is what would be written, so that one signature is one text."""
    changed = ARMORED[:place] + other + ARMORED[place + 1 :]
    found = read_armor(changed)
    if found is not None:
        assert found.raw is not None
        assert armor(raw_public(found.key), found.raw) == changed
        assert changed == ARMORED or not is_good(found, DATA)


@given(st.binary(max_size=400))
def test_read_armor_of_any_bytes_never_fails(data: bytes) -> None:
    assert read_armor(data) is None
    assert read_armor(spelt(data)) is None


@given(st.binary(min_size=32, max_size=32), st.binary(min_size=64, max_size=64), st.binary(max_size=50))
def test_is_good_of_any_key_and_signature_is_false(public: bytes, signature: bytes, data: bytes) -> None:
    found = read_armor(armor(public, signature))
    assert found is not None
    assert (found.key, found.raw) == (public_line(public), signature)
    assert not is_good(found, data)


def added(one: tuple[int, int], other: tuple[int, int]) -> tuple[int, int]:
    """The sum of two points of the curve of Ed25519."""
    p = 2**255 - 19
    product = -121665 * pow(121666, -1, p) * one[0] * other[0] * one[1] * other[1]
    x = (one[0] * other[1] + other[0] * one[1]) * pow(1 + product, -1, p) % p
    return x, (one[1] * other[1] + one[0] * other[0]) * pow(1 - product, -1, p) % p


@pytest.mark.parametrize("y", sorted(WEAK))
@pytest.mark.parametrize("sign", [0, 1])
def test_key_under_which_anybody_can_sign_is_none(y: int, sign: int) -> None:
    """An operator may be handed such a key by whoever asks to be enrolled."""
    p = 2**255 - 19
    square = (y * y - 1) * pow(-121665 * pow(121666, -1, p) * y * y + 1, -1, p) % p
    x = pow(square, (p + 3) // 8, p)
    point = (x if x * x % p == square else x * pow(2, (p - 1) // 4, p) % p, y % p)
    for _ in range(3):
        point = added(point, point)
    assert point == (0, 1)  # eight times the point is nothing
    public = (y + sign * 2**255).to_bytes(32, "little")
    assert normal_line(public_line(public)) is None
    assert raw_public(public_line(public)) is None
    found = read_armor(armor(public, bytes(64)))
    assert found is not None
    assert not any(is_good(found, b"%d" % number) for number in range(20))


def test_is_good_of_a_second_half_beyond_the_order_is_false() -> None:
    raw = KEY.sign(signed_bytes(DATA))
    larger = raw[:32] + (int.from_bytes(raw[32:], "little") + ORDER).to_bytes(32, "little")
    found = read_armor(armor(KEY.public, larger))
    assert found is not None
    assert not is_good(found, DATA)


def test_signature_of_one_namespace_is_none_in_another() -> None:
    head = armor(KEY.public, KEY.sign(signed_bytes(DATA, "prismfs-head")), "prismfs-head")
    assert read_armor(head) is None
    assert is_good(read_armor(head, "prismfs-head"), DATA, "prismfs-head")
    assert not is_good(read_armor(head, "prismfs-head"), DATA)


def test_normal_line_has_one_spelling_of_a_key() -> None:
    line = public_line(bytes(30) + b"\1\2")
    kind, code = line.split()
    assert normal_line(line) == line
    assert normal_line(f"{kind} {code.rstrip('=')}") in (None, line)
    assert normal_line("ssh-dss AAAA") is None
    assert normal_line(f"ssh-rsa {code}") is None
    assert raw_public(f"{line} comment") is None
