"""Taking secrets out of one text and of all decodings in which one may hide, each with the way back to the bytes.

- `folded`: without zero-width and format characters, compatibility forms such as full-width letters made plain
- `decoded`: percent escapes, backslash escapes (`\\u0067`, `\\x67`) and numeric character references read
- `joined`: adjacent string literals made one, and lines that were broken or continued
- `base64`: each token that decodes to text

A decoding may be decoded once more, so that percent escapes inside base64 are seen; deeper ones are not.
"""

import base64
import binascii
import re
import unicodedata
from bisect import bisect_right
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache

from prismfs.intake.detector import Detector, Hit, claim, find, masked, nothing, placeholders_in, replaced
from prismfs.intake.pack import Pack, narrowed

DEPTH = 2
"""How often a text is decoded."""

_NON_ASCII = re.compile(rb"[\xc2-\xf4][\x80-\xbf]{1,3}")
_ESCAPE = re.compile(rb"%[0-9A-Fa-f]{2}|\\u[0-9A-Fa-f]{4}|\\x[0-9A-Fa-f]{2}|&#(?:[0-9]{1,6}|x[0-9A-Fa-f]{1,5});")
_SEAM = re.compile(
    rb"""["'][ \t]*+(?:[+.&][ \t]*+)?(?:\\n|\\?\r?\n[ \t]*+)?(?:[+.&][ \t]*+)?["']"""  # "abc" + "def"
    rb"""|\\?\r?\n[ \t>|]*+"""  # a line broken, or continued by a backslash
)
_TOKEN = re.compile(rb"[A-Za-z0-9+/_-]{20,}(?:={1,2}|(?:%3[Dd]){1,2})?")
# What decodes to text is made of all three sorts of characters; numbers, words, hashes and UUIDs are not.
_SORTS = (re.compile(rb"[A-Z]"), re.compile(rb"[a-z]"), re.compile(rb"[g-zG-Z]"))
_TEXT = re.compile(rb"[^\x20-\x7e\t\r\n\xc2-\xf4\x80-\xbf]")
_PROBE = 64  # bytes of base64 after which pictures and archives are known


@dataclass(frozen=True, slots=True)
class Decoding:
    """One decoding. A cut (`at`, `start`, `end`, verbatim) says: from `at` on `data` reads the bytes start to end.

    `whole`: a hit anywhere takes out all of the token that was read. `around`: the bytes around a hit are as the
    text has them, so that every detector may look and not only the strong ones.
    """

    name: str
    data: bytes
    cuts: tuple[tuple[int, int, int, bool], ...]
    around: bool = True

    def span(self, start: int, end: int) -> tuple[int, int]:
        """Return the bytes of the original text that a span of this decoding, which is not empty, comes from."""
        at, raw, _, verbatim = self._cut(start)
        first = raw + start - at if verbatim else raw
        at, raw, stop, verbatim = self._cut(end - 1)
        return first, raw + end - at if verbatim else stop

    def _cut(self, offset: int) -> tuple[int, int, int, bool]:
        return self.cuts[bisect_right(self.cuts, offset, key=lambda cut: cut[0]) - 1]


def decodings_of(data: bytes) -> Iterator[Decoding]:
    """Yield the decodings of `data` that differ from it."""
    if not data.isascii():
        yield from _read("folded", data, _NON_ASCII, lambda found: _folded(found[0]))
    if b"%" in data or b"\\" in data or b"&#" in data:
        yield from _read("decoded", data, _ESCAPE, _unescaped)
    if b'"' in data or b"'" in data or b"\n" in data:
        yield from _read("joined", data, _SEAM, lambda _: b"", around=False)
    yield from _base64(data)


def _read(
    name: str,
    data: bytes,
    pattern: re.Pattern[bytes],
    decoding: Callable[[re.Match[bytes]], bytes | None],
    *,
    around: bool = True,
) -> Iterator[Decoding]:
    """Yield the decoding of `data` in which each match of `pattern` reads as `decoding` says, if one does."""
    pieces: list[bytes] = []
    cuts: list[tuple[int, int, int, bool]] = []
    size = last = 0
    for found in pattern.finditer(data):
        text = decoding(found)
        if text is None:
            continue
        start, end = found.span()
        if start > last:
            cuts.append((size, last, start, True))
            pieces.append(data[last:start])
            size += start - last
        if text:
            cuts.append((size, start, end, False))
            pieces.append(text)
            size += len(text)
        last = end
    if not last:
        return
    if last < len(data):
        cuts.append((size, last, len(data), True))
        pieces.append(data[last:])
    if cuts:
        yield Decoding(name, b"".join(pieces), tuple(cuts), around)


@lru_cache(maxsize=4096)
def _folded(character: bytes) -> bytes | None:
    text = character.decode(errors="replace")
    if len(text) != 1:
        return None  # bytes of percent escapes that are no UTF-8
    # Cf: zero-width and format characters; the others are marks that show nothing of their own.
    if unicodedata.category(text) == "Cf" or text in "\u034f\u115f\u1160\u3164\uffa0" or "\ufe00" <= text <= "\ufe0f":
        return b""
    plain = unicodedata.normalize("NFKC", text)
    return None if plain == text else plain.encode()


def _unescaped(found: re.Match[bytes]) -> bytes | None:
    text = found[0]
    if text[:1] == b"%":
        return bytes((int(text[1:], 16),))
    digits = text[2:].rstrip(b";")
    number = int(digits[1:], 16) if digits[:1] in b"xX" else int(digits, 10 if text[:1] == b"&" else 16)
    try:
        return chr(number).encode()
    except (ValueError, OverflowError):
        return None  # half of a surrogate pair, or beyond Unicode


def _base64(data: bytes) -> Iterator[Decoding]:
    for found in _TOKEN.finditer(data):
        plain = _plain_text(found[0])
        if plain is not None:
            yield Decoding("base64", plain, ((0, *found.span(), False),))


def _plain_text(token: bytes) -> bytes | None:
    """Return what `token` decodes to, when that is text."""
    if not all(sort.search(token, 0, _PROBE) for sort in _SORTS):
        return None
    bare = token.replace(b"%3D", b"").replace(b"%3d", b"").rstrip(b"=").replace(b"-", b"+").replace(b"_", b"/")
    if len(bare) > _PROBE and not _is_text(base64.b64decode(bare[:_PROBE])):
        return None
    bare = bare[: len(bare) - (len(bare) % 4 == 1)]
    try:
        plain = base64.b64decode(bare + b"=" * (-len(bare) % 4))
    except (binascii.Error, ValueError):
        return None
    return plain if _is_text(plain) else None


def _is_text(data: bytes) -> bool:
    try:
        data.decode()
    except UnicodeDecodeError as error:
        if error.start < len(data) - 3:  # a character may be cut at the end
            return False
    return bool(data) and len(_TEXT.findall(data)) * 20 <= len(data)


_MAX_PASSES = 8  # taking one secret out may lay the next one bare; text that needs more is made to be hard
_SURROGATES = re.compile("[\ud800-\udfff]")


@dataclass(frozen=True, slots=True)
class Scrubber:
    """The detectors of `pack`, and what is called before each step; it stops the scan by raising."""

    pack: Pack
    check: Callable[[], None] = nothing

    def scrub(self, text: str, rows: Sequence[Detector]) -> tuple[str, list[Hit]]:
        """Return `text` without its secrets, and what was found, suspects among them.

        `rows` are the candidates for the document that the text is of; each other decoding is asked for its own.
        """
        data = encoded(text)
        found: list[Hit] = []
        near = narrowed(rows, text.casefold())
        sure = [row for row in near if row.level == "redact"]
        unsure = [row for row in near if row.level == "suspect"]
        for _ in range(_MAX_PASSES):
            bare = masked(data)
            hits = find(bare, sure, self.check)
            if not hits:
                seen = self._hidden(bare)
                hits = [hit for hit in seen if hit.level == "redact"]
                if not hits:
                    seen += find(bare, unsure, self.check)
                    return (data.decode() if found else text), [*found, *(_claimed(seen, bare) if seen else ())]
            found += hits
            data = replaced(data, hits)
        return "[redacted:entangled]", [Hit(0, len(data), "entangled", "redact", encoded(text))]

    def _hidden(self, data: bytes) -> list[Hit]:
        """Return what only a decoding of `data` shows, as spans of `data`; certain hits come first."""
        hits = self._seen(data, DEPTH)
        return sorted(_claimed(hits, data), key=lambda hit: hit.start) if hits else []

    def _seen(self, data: bytes, depth: int) -> list[Hit]:
        hits: list[Hit] = []
        for decoding in decodings_of(data):
            self.check()
            rows = self.pack.candidates(decoding.data.decode(errors="replace"), strong=not decoding.around)
            seen = find(decoding.data, rows, self.check) if rows else []
            if depth > 1:
                seen += self._seen(decoding.data, depth - 1)
            hits += [hit.moved(*decoding.span(hit.start, hit.end)) for hit in seen]
        return hits


def encoded(text: str) -> bytes:
    """Return `text` in UTF-8; lone surrogates, which no file can hold, as U+FFFD."""
    try:
        return text.encode()
    except UnicodeEncodeError:
        return _SURROGATES.sub("\ufffd", text).encode()


def _claimed(hits: Sequence[Hit], data: bytes) -> list[Hit]:
    placeholders, taken = placeholders_in(data), bytearray(len(data))
    ordered = sorted(hits, key=lambda hit: hit.level != "redact")
    return [one for hit in ordered for one in claim(hit, data, placeholders, taken)]
