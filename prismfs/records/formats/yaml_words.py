"""What a plain scalar of YAML means: what JSON's notation says, or a text; what readers take differently is refused."""

import math
import re

from prismfs.records import document as documents
from prismfs.records.document import Flaw, JsonValue

_INTEGER = re.compile(r"-?(?:0|[1-9][0-9]*)")
_DECIMAL = re.compile(r"-?(?:0|[1-9][0-9]*)\.[0-9]+(?:[eE][-+]?[0-9]+)?")
_DATE = re.compile(
    r"[0-9]{4}-[0-9]{1,2}-[0-9]{1,2}"
    r"(?:(?:[Tt]|[ \t]+)[0-9]{1,2}:[0-9]{2}(?::[0-9]{2}(?:\.[0-9]*)?)?"
    r"(?:[ \t]*(?:[Zz]|[-+][0-9]{1,2}(?::?[0-9]{2})?))?)?"
)
# 1e5 is a text to YAML 1.1 and a number to YAML 1.2; an abbreviated commit id such as 8273e21 looks the same.
_NUMBER_LIKE = re.compile(
    r"[-+]?(?:[0-9][0-9_]*(?::[0-5]?[0-9])+(?:\.[0-9_]*)?"
    r"|0[xX][0-9a-fA-F_]+|0[oO][0-7_]+|0[bB][01_]+"
    r"|[0-9][0-9_]*(?:\.[0-9_]*)?(?:[eE][-+]?[0-9]+)?"
    r"|\.[0-9][0-9_]*(?:[eE][-+]?[0-9]+)?"
    r"|\.(?:[iI][nN][fF]|[nN][aA][nN]))"
)
_WORDS: dict[str, JsonValue] = {"": None, "~": None, "null": None, "true": True, "false": False}
_AMBIGUOUS = dict.fromkeys(("yes", "no", "on", "off", "y", "n", "true", "false"), "implicit_boolean") | {
    "null": "implicit_null"
}
_LONGEST_WORD = 5  # characters, of `false`


def resolve(text: str) -> JsonValue | Flaw:
    """Return what the plain scalar `text` means, or the flaw of one that readers of YAML take differently."""
    if len(text) <= _LONGEST_WORD:
        if text in _WORDS:
            return _WORDS[text]
        if (code := _AMBIGUOUS.get(text.lower())) is not None:
            return Flaw(code)
    return _number(text) if text[0] in "0123456789-+." else text


def _number(text: str) -> JsonValue | Flaw:
    if _INTEGER.fullmatch(text):
        # Nothing longer fits, and int() is quadratic in the digits.
        number = int(text) if len(text) <= 20 else documents.MAX_INTEGER + 1
        return number if documents.MIN_INTEGER <= number <= documents.MAX_INTEGER else Flaw("integer_too_large")
    if _DECIMAL.fullmatch(text):
        decimal = float(text)
        return decimal if math.isfinite(decimal) else Flaw("not_a_number")
    if _DATE.fullmatch(text):
        return Flaw("implicit_date")
    return Flaw("implicit_number") if _NUMBER_LIKE.fullmatch(text) else text
