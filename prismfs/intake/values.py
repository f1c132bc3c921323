"""Judging a match of a pattern: which parts of it are a secret.

A pattern says what has the shape; the functions here say whether it is one, by checksum or by meaning.
Each is given the caught bytes and returns the parts to take out as (start, end) offsets into them.
"""

import re
from collections import Counter
from collections.abc import Collection, Iterator
from itertools import pairwise
from math import log2

Parts = tuple[tuple[int, int], ...]

PLACEHOLDER = re.compile(rb"\[redacted:[a-z0-9_-]{1,64}\]")

# Words in the place of a value that describe a secret and are none.
_WORDS = frozenset(
    b"""none null nil true false yes no undefined unset empty missing required optional invalid incorrect
    wrong expired unknown hidden masked removed redacted omitted string str bytes int bool text any password
    passwd pwd secret token bearer basic negotiate digest credential credentials authorization authentication
    api_key apikey changeme change_me change-me placeholder example sample dummy todo tbd""".split()
)
_MAX_STAND_IN = 200  # bytes; these two patterns are not matched by RE2, so they see short values only
_STAND_IN = re.compile(
    rb"""(?x) (?:
      <[^<>]*>                            # <password>
    | \$\{[^{}]*\} | \$\([^()]*\)         # ${VAR}, $(command)
    | \$[A-Z_][A-Z0-9_]* | %[A-Z_]+%      # $VAR, %VAR%
    | \{\{[^{}]*\}\}                      # {{ template }}
    | (?:os\.environ|os\.getenv|process\.env|System\.getenv)\b.*
    )[)\]}>.,;:]*"""
)
_CODE = re.compile(
    rb"""(?x)
      [A-Za-z_][\w.]*[(\[](?:[\w., ]*[)\]])?   # get_token(), config[ (the quote ends what was caught)
    | (?:[A-Za-z_]\w*\.)+(?:password|passwd|pwd|secret|token|api_?key|credentials?)   # self.password
    """
)
_NEXT_PAIR = re.compile(rb"[;,&](?=\s*[\w.-]+\s*[=:]|[\]})]|$)")
_OPENING = re.compile(rb"\\*[\"']")
_CLOSERS = b")]}>.,;:"
_SORTS = (re.compile(rb"[A-Z]"), re.compile(rb"[a-z]"), re.compile(rb"[0-9]"))
_RANDOM = 4.2  # bits; hexadecimal digits have 4 at most, and words in CamelCase seldom more
_HEX_KEY = re.compile(rb"[0-9a-f]{16,128}|(?i:[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})")
_MIXED_KEY = re.compile(rb"(?=.*[A-Za-z])[A-Za-z0-9_=+/-]{15,150}")
# The sizes of an issuer's numbers, and the digits that they begin with.
_ISSUERS: tuple[tuple[Collection[int], str], ...] = (
    ((13, 16, 19), "4"),
    ((16,), "51-55 2221-2720"),
    ((15,), "34 37"),
    (range(16, 20), "6011 62 65 644-649 3528-3589"),
    ((14, 16, 19), "300-305 36 38 39"),
    (range(13, 20), "5018 5020 5038 5893 6304 6759 6761-6763"),
)
_CARD_GROUPS = frozenset({(4, 6, 5), (4, 6, 4)})


def is_harmless(value: bytes) -> bool:
    """Return whether `value` is a placeholder for a secret: empty, a mask, a variable, a word such as null."""
    bare = PLACEHOLDER.sub(b"", value).strip(b" \t\r\n\"'`\\,;.")
    if not bare or (len(set(bare)) == 1 and bare[:1] in b"*xX.#_-"):
        return True
    return len(bare) <= _MAX_STAND_IN and (bare.lower() in _WORDS or _STAND_IN.fullmatch(bare) is not None)


def whole(value: bytes) -> Parts:
    """Return all of `value`: its shape alone is proof enough."""
    return ((0, len(value)),)


def mixed(value: bytes) -> Parts:
    """Return all of `value` when it holds a digit and a capital: kebab-case words have neither."""
    return whole(value) if re.search(rb"\d", value) and re.search(rb"[A-Z]", value) else ()


def digits(value: bytes) -> Parts:
    """Return all of `value` when it holds a digit, as no hyphenated words do."""
    return whole(value) if re.search(rb"\d", value) else ()


def credential(value: bytes) -> Parts:
    """Return all of `value` unless it is a placeholder."""
    return () if is_harmless(value) else whole(value)


def header(value: bytes) -> Parts:
    """Return the credential of an Authorization header: no word of prose such as "bearer authentication"."""
    prose = len(value) < 16 and value.isalpha() and (value.islower() or value.istitle())
    return () if prose or is_harmless(value) else whole(value)


def assigned(value: bytes) -> Parts:
    """Return the part of an assigned `value` that is a password.

    `value` may begin with its quote; without one it ends at the next pair (`;user=`) or closing bracket.
    """
    opening = _OPENING.match(value)
    start = opening.end() if opening else 0
    body = value[start:]
    if not opening:
        pair = _NEXT_PAIR.search(body)
        body = body[: pair.start()] if pair else body
        if is_harmless(body) or (len(body) <= _MAX_STAND_IN and _CODE.fullmatch(body.rstrip(b",;"))):
            return ()
        body = body.rstrip(_CLOSERS)
    return () if is_harmless(body) else ((start, start + len(body)),)


def assigned_path(value: bytes) -> Parts:
    """Return what `assigned` does, and nothing for a folder: PWD=/srv is the folder of a shell."""
    return () if value.lstrip(b"\"'").startswith((b"/", b"~", b".")) else assigned(value)


def assigned_token(value: bytes) -> Parts:
    """Return what `assigned` does when it is 6 bytes or longer and no plain word of prose."""
    for start, end in assigned(value):
        token = value[start:end]
        prose = len(token) < 16 and token.isalpha() and token.islower()
        return () if prose or len(token) < 6 else ((start, end),)
    return ()


def random_text(value: bytes) -> Parts:
    """Return all of `value` when it looks drawn by chance: capitals, small letters, digits, and much of each."""
    sorts = all(sort.search(value) for sort in _SORTS)
    return whole(value) if sorts and not is_harmless(value) and entropy(value) >= _RANDOM else ()


def next_line(value: bytes) -> Parts:
    """Return `value`, alone on the line below its name, unless it is a word or a placeholder."""
    bare = value.strip(b"\"'")
    prose = bare.isalpha() and (bare.islower() or bare.istitle())
    return () if prose or len(bare) < 6 or is_harmless(bare) or _CODE.fullmatch(bare) else whole(value)


def argument(value: bytes) -> Parts:
    """Return the argument of an option such as --token, unless it is a word or a placeholder."""
    prose = value.isalpha() and value.islower()
    return () if prose or is_harmless(value) or value.startswith((b"/", b"./", b"$")) else whole(value)


def vendor_key(value: bytes) -> Parts:
    """Return `value` when it is hexadecimal, a UUID or a mixture: what services give out as keys."""
    shape = _HEX_KEY.fullmatch(value) or (_MIXED_KEY.fullmatch(value) and re.search(rb"\d", value))
    return whole(value) if shape and not is_harmless(value) and entropy(value) >= 3 else ()


def cookies(value: bytes) -> Parts:
    """Return the values in a Cookie header that are long enough to be a session."""
    found = re.finditer(rb"=([^;\s\"',]{8,})", value)
    return tuple(part.span(1) for part in found if not is_harmless(part[1]) and re.search(rb"\d", part[1]))


def members(value: bytes) -> Parts:
    """Return the values in a block of `name: value` lines, such as the data of a Kubernetes secret."""
    found = re.finditer(rb"(?m)^[ \t]+[\w.-]+:[ \t]*([^\s#|>][^\n]*?)[ \t\r]*$", value)
    return tuple(part.span(1) for part in found if not is_harmless(part[1]))


def entropy(value: bytes) -> float:
    """Return how many bits each byte of `value` tells, by how often each occurs in it (Shannon); 0 to 8."""
    return -sum(count / len(value) * log2(count / len(value)) for count in Counter(value).values()) if value else 0.0


def cards(value: bytes) -> Parts:
    """Return the payment card numbers in a run of digits: known prefix, usual grouping, check digit right.

    Source: ISO/IEC 7812-1 for the check digit; the issuers' published ranges for the prefixes.
    """
    groups = [(found.start(), found.end()) for found in re.finditer(rb"\d+", value)]
    parts: list[tuple[int, int]] = []
    at = 0
    while at < len(groups):
        end = next((end for end in _windows(groups, at) if _is_card(value, groups[at:end])), 0)
        if end:
            parts.append((groups[at][0], groups[end - 1][1]))
        at = end or at + 1
    return tuple(parts)


def _windows(groups: list[tuple[int, int]], at: int) -> Iterator[int]:
    # The longest first, so that a 19-digit number is not cut to the 16 of its digits that also fit.
    digits, ends = 0, []
    for end in range(at, min(at + 5, len(groups))):
        digits += groups[end][1] - groups[end][0]
        if digits > 19:
            break
        if digits >= 13:
            ends.append(end + 1)
    return iter(reversed(ends))


def _is_card(value: bytes, groups: list[tuple[int, int]]) -> bool:
    sizes = tuple(end - start for start, end in groups)
    usual = len(sizes) == 1 or sizes in _CARD_GROUPS or (set(sizes[:-1]) == {4} and sizes[-1] <= 4)
    if not usual or len({value[left[1] : right[0]] for left, right in pairwise(groups)}) > 1:
        return False
    number = b"".join(value[start:end] for start, end in groups).decode()
    if not _known_issuer(number):
        return False
    from stdnum import luhn

    return bool(luhn.is_valid(number))


def _known_issuer(number: str) -> bool:
    ranges = (one.partition("-") for sizes, prefixes in _ISSUERS if len(number) in sizes for one in prefixes.split())
    return any(first <= number[: len(first)] <= (last or first) for first, _, last in ranges)


def iban(value: bytes) -> Parts:
    """Return the account number that `value` begins with: known country, right length, checksum right.

    Source: ISO 13616; capitals after the number belong to the prose and are left.
    """
    from stdnum import iban as standard

    text = value.decode("ascii")
    ends = [found.start() for found in re.finditer(r" |$", text) if len(text[: found.start()]) >= 15]
    for end in reversed(ends):
        number = text[:end].replace(" ", "")
        if 15 <= len(number) <= 34 and standard.is_valid(number, check_country=False):
            return ((0, end),)
    return ()
