"""Personal data: addresses, card, account, telephone and identity numbers, by the published rules for them.

The functions judge as those of `values` do: given the caught bytes, they return the parts of them to take out. Nothing
here asks a network.
"""

import ipaddress
import re
from collections.abc import Callable
from functools import lru_cache, partial
from importlib import import_module
from typing import Any

from prismfs.intake import values
from prismfs.intake.detector import Detector
from prismfs.intake.values import Parts, whole

_NO_DOMAINS = frozenset(
    b"""png jpg jpeg gif svg webp ico css js mjs ts tsx jsx json yaml yml
    service timer socket mount target""".split()
)
_MOST_DIGITS = 15  # of a telephone number, country code included (ITU-T E.164)
_REGIONS = ("US", "GB", "DE", "FR", "ES", "IT", "NL", "AU", "IN", "BR")


def email(value: bytes) -> Parts:
    """Return the address, unless it is the account `git` of a remote, a file's or unit's name, or no address at all."""
    start = len(value) - len(value.lstrip(b"._%+-"))
    local, _, domain = value[start:].partition(b"@")
    last = domain.rsplit(b".", 1)[-1].lower()
    if not local or local == b"git" or last in _NO_DOMAINS or not _is_address(value[start:].decode()):
        return ()
    return ((start, len(value)),)


@lru_cache(maxsize=4096)
def _is_address(text: str) -> bool:
    from email_validator import EmailNotValidError, validate_email

    try:
        # Below a common domain: one for special use, such as corp.local, is a person's address all the same.
        validate_email(f"{text}.example.com", check_deliverability=False)
    except EmailNotValidError:
        return False
    return True


def phone(value: bytes) -> Parts:
    """Return the telephone number of a caught text in international form (+49 …), if it is a valid one."""
    text = value.decode("ascii")
    digits = sum(map(str.isdigit, text))
    return whole(value) if 8 <= digits <= _MOST_DIGITS and _is_phone(text, None) else ()


def announced_phone(value: bytes) -> Parts:
    """Return the number that a word such as `tel` announces: valid in one of the large numbering plans."""
    text = value.decode("ascii")
    if text.startswith("00"):
        return whole(value) if _is_phone("+" + text[2:], None) else ()
    return whole(value) if any(_is_phone(text, region) for region in _REGIONS) else ()


@lru_cache(maxsize=4096)
def _is_phone(text: str, region: str | None) -> bool:
    import phonenumbers

    try:
        return bool(phonenumbers.is_valid_number(phonenumbers.parse(text, region)))
    except phonenumbers.NumberParseException:
        return False


def identity(module: str, value: bytes) -> Parts:
    """Return the number that `value` begins with, if `module` of python-stdnum accepts it; prose may follow it."""
    blanks = [found.start() for found in re.finditer(rb" ", value)]
    for end in (len(value), *reversed(blanks)):
        if _standard(module)(value[:end].decode()):
            return ((0, end),)
    return ()


@lru_cache(maxsize=64)
def _standard(module: str) -> Callable[[str], bool]:
    valid: Callable[[str], bool] = import_module(f"stdnum.{module}").is_valid
    return valid


def is_version(match: Any) -> bool:
    """Tell whether what looks like an IP address is a version, or a part of one: `version 1.2.3.4`, `1.2.3.4.5`."""
    text, (start, end) = match.string, match.span()
    before, after = text[max(0, start - 10) : start].lower(), text[end : end + 2]
    follows = b"ersion" in before or before.endswith((b".", b"-", b"=="))
    return follows or re.match(rb"\.[0-9]|-[0-9a-z]", after) is not None


def address(value: bytes) -> Parts:
    """Return an IP address of the public internet; private, documentation and well-known resolvers' are harmless."""
    try:
        found = ipaddress.ip_address(value.decode("ascii"))
    except ValueError:
        return ()
    return whole(value) if found.is_global and not found.is_multicast and str(found) not in _RESOLVERS else ()


_RESOLVERS = frozenset("1.1.1.1 1.0.0.1 8.8.8.8 8.8.4.4 9.9.9.9 2001:4860:4860::8888 2606:4700:4700::1111".split())


# What announces a number, and the number; `python-stdnum` says whether it is one.
_ANNOUNCES = rb"""["']?[ \t]*(?:(?:is|no|nr|num|number|id)\b\.?[ \t]*)?[:=#]?[ \t]*["']?"""
_NUMBER = rb"(?P<secret>[0-9A-Za-z](?:[ ./-]{0,2}[0-9A-Za-z]){6,20})\b"
_IDENTITY_NUMBERS: tuple[tuple[tuple[str, ...], bytes, str], ...] = (
    (("ssn", "social"), rb"(?:\bssn|social[ _-]?security(?:[ _-]?(?:number|no))?)", "us.ssn"),
    (("itin",), rb"\bitin", "us.itin"),
    (("sin", "social"), rb"(?:\bsin\b|social[ _-]?insurance(?:[ _-]?(?:number|no))?)", "ca.sin"),
    (("nhs",), rb"\bnhs(?:[ _-]?(?:number|no))?", "gb.nhs"),
    (("steuer", "idnr", "tax"), rb"(?:steuer[ _-]?id(?:entifikationsnummer|nr)?|\bidnr|\btax[ _-]?id)", "de.idnr"),
    (("nir", "sociale", "secu", "sécu"), "(?:\\bnir\\b|s[eé]cu(?:rit[eé])?(?:[ _-]?sociale)?)".encode(), "fr.nir"),
    (("dni", "nif"), rb"(?:\bdni|\bnif)", "es.dni"),
    (("nie",), rb"\bnie\b", "es.nie"),
    (("codice",), rb"codice[ _-]?fiscale", "it.codicefiscale"),
    (("bsn", "burgerservice"), rb"(?:\bbsn|burgerservicenummer)", "nl.bsn"),
    (("pesel",), rb"\bpesel", "pl.pesel"),
    (("personnummer",), rb"personnummer", "se.personnummer"),
    (("cpf",), rb"\bcpf", "br.cpf"),
    (("aadhaar",), rb"aadhaar", "in_.aadhaar"),
    (("tfn", "tax file"), rb"(?:\btfn|tax[ _-]?file[ _-]?(?:number|no))", "au.tfn"),
    (("ahv", "avs"), rb"(?:\bahv|\bavs)", "ch.ssn"),
    (("curp",), rb"\bcurp", "mx.curp"),
)

DETECTORS: tuple[Detector, ...] = (
    Detector("email", ("@",), rb"[\pL\pN._%+-]+@(?:[\pL\pN-]+\.)+(?:xn--[A-Za-z0-9-]+|\pL{2,})", email),
    Detector("payment_card", (), rb"(?:^|[^0-9A-Za-z_.])(?P<secret>[0-9](?:[ -]?[0-9]){12,})\b", values.cards),
    Detector("iban", (), rb"\b(?P<secret>[A-Z]{2}[0-9]{2}(?: ?[A-Z0-9]){11,38})\b", values.iban),
    *(
        Detector("national_id", literals, rb"(?i)" + words + _ANNOUNCES + _NUMBER, partial(identity, module))
        for literals, words, module in _IDENTITY_NUMBERS
    ),
    Detector(
        "birth_date",
        ("birth", "dob", "born", "geburt"),
        rb"""(?i)(?:date[ _-]?of[ _-]?birth|\bdob\b|birth[ _-]?(?:date|day)|geburtsdatum|\bborn(?: on)?\b)"""
        rb"""["']?[ \t]*[:=]?[ \t]*["']?"""
        rb"""(?P<secret>[0-9]{4}-[0-9]{2}-[0-9]{2}|[0-9]{1,2}[./-][0-9]{1,2}[./-](?:[0-9]{4}|[0-9]{2}))\b""",
    ),
    Detector(
        "phone", ("+",), rb"(?:^|[^0-9A-Za-z+])(?P<secret>\+[1-9][0-9]{0,3}(?:[ .()/-]{0,2}[0-9]{1,5}){2,7})\b", phone
    ),
    Detector(
        "phone",
        ("tel", "phone", "mobil", "cell", "fax", "sms", "whatsapp", "handy"),
        rb"""(?i)\b(?:tel|tele(?:ph|f)one?|phone|mobile?|cell|fax|sms|whatsapp|handy)[a-z_ ]{0,12}"""
        rb"""[.:=#]{0,2}["']?[ \t]*["']?(?P<secret>\(?[0-9][0-9 ().-]{7,17}[0-9])\b""",
        announced_phone,
    ),
    Detector("phone", ("(",), rb"(?P<secret>\([2-9][0-9]{2}\) ?[2-9][0-9]{2}-[0-9]{4})\b", announced_phone),
    Detector("ip_address", (".",), rb"\b(?:[0-9]{1,3}\.){3}[0-9]{1,3}\b", address, level="suspect", excuse=is_version),
    Detector(
        "ip_address",
        ("::", "2001:", "2a0", "2600:", "2604:", "2607:"),
        rb"(?i)\b(?:[0-9a-f]{1,4}:){1,7}(?:(?::[0-9a-f]{1,4}){1,6}|[0-9a-f]{1,4}|:)",
        address,
        level="suspect",
    ),
)
"""The rows of the table that say what personal data look like."""

PERSONAL: frozenset[str] = frozenset({"email", "phone", "ip_address", "birth_date", "name"})
"""Personal data that a project's own settings may hold, such as whom to call."""
