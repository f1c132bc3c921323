"""Writing canonical YAML.

Canonical is block style, two spaces, the order given, texts that every reader takes for texts. libyaml's emitter is not
used: it escapes every character beyond the basic plane and folds at its own discretion.
"""

import json
import re
from functools import cache, lru_cache

from prismfs.records.document import DIRECTION, Document, JsonValue
from prismfs.records.formats.yaml_words import resolve

_LONGEST_SIMPLE_KEY = 1000  # characters; libyaml looks 1,024 ahead for the colon

# Characters that show as one mark, whatever the reader's version of Unicode: no other spaces, no joiners and
# no marks of direction. The first must not mean anything to YAML.
_LETTERS = r"\u00a1-\u00ac\u00ae-\u05ff\u0620-\u167f\u1e00-\u1fff\u2190-\u2fff\u3001-\ud7ff\U0001f300-\U0001faff"
_ASCII_PLAIN = re.compile(r"[A-Za-z0-9_/.+$^;(\\][ -~]*")
_NOT_PLAIN = re.compile(r"\A\.\.\.|: | #|[: ]\Z")
_NOT_RAW = re.compile(f"[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029\ufeff\ufffe\uffff{DIRECTION}]")
_ESCAPED = json.JSONEncoder(ensure_ascii=False)


def write_yaml(document: Document, *, literal: bool = True) -> str:
    """Return `document` as canonical YAML; without `literal` texts of several lines are quoted too.

    `document` is within the limits that `document.check` states.
    """
    if not document:
        return "{}\n"
    writer = _Writer(literal)
    writer.mapping(document, 0)
    return writer.text()


def scalar(value: bool | int | float | str | None) -> str:
    """Return `value` on one line."""
    if isinstance(value, str):
        return _word(value) if len(value) <= _SHORT else _text(value)
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int):
        return str(int(value))
    text = repr(float(value))
    # 1e+16 is a text to YAML 1.1; 1.0e+16 is a number to everybody.
    return text.replace("e", ".0e") if "e" in text and "." not in text else text


_SHORT = 32  # characters: keys and words of vocabularies, which come again and again


def _text(text: str) -> str:
    return text if _is_plain(text) else quoted(text)


_word = lru_cache(maxsize=4096)(_text)


def quoted(text: str) -> str:
    """Return `text` in double quotes, on one line."""
    return _NOT_RAW.sub(lambda found: f"\\u{ord(found[0]):04x}", _ESCAPED.encode(text))


@cache
def _plain() -> re.Pattern[str]:
    """As `_ASCII_PLAIN` with all letters; to compile it takes long, and few texts need it."""
    return re.compile(rf"[A-Za-z0-9_/.+$^;(\\{_LETTERS}][ -~\u2010-\u2027\u2030-\u205e{_LETTERS}]*")


def looks_plain(text: str) -> bool:
    """Tell whether `text` may stand without quotes, whatever it means then."""
    pattern = _ASCII_PLAIN if text.isascii() else _plain()
    return pattern.fullmatch(text) is not None and not _NOT_PLAIN.search(text)


def _is_plain(text: str) -> bool:
    return looks_plain(text) and isinstance(resolve(text), str)


def _is_literal(text: str) -> bool:
    return "\n" in text and not text.isspace() and not _NOT_RAW.search(text)


class _Writer:
    """The lines of one file so far."""

    def __init__(self, literal: bool) -> None:
        self._lines: list[str] = []
        self._literal = literal
        self._last_literal = (0, "")

    def text(self) -> str:
        """Return the lines; the last one is not blank, for editors take blank lines off the end of a file."""
        if not self._lines[-1]:
            line, text = self._last_literal
            lead = self._lines[line].rpartition(" ")[0]
            self._lines[line:] = [f"{lead} {quoted(text)}"]
        return "\n".join(self._lines) + "\n"

    def mapping(self, mapping: dict[str, JsonValue], column: int) -> None:
        """Write `mapping`, its keys at `column`."""
        margin = " " * column
        for key, value in mapping.items():
            name = _word(key)
            if len(name) > _LONGEST_SIMPLE_KEY:
                self._lines.append(f"{margin}? {name}")
                name = ""
            self._value(f"{margin}{name}:", value, column)

    def _value(self, lead: str, value: JsonValue, column: int) -> None:
        if isinstance(value, str):
            if self._literal and _is_literal(value):
                self._block(lead, value, column + 2)
            else:
                self._lines.append(f"{lead} {_word(value) if len(value) <= _SHORT else _text(value)}")
        elif isinstance(value, dict):
            if value:
                self._lines.append(lead)
                self.mapping(value, column + 2)
            else:
                self._lines.append(f"{lead} {{}}")
        elif isinstance(value, list):
            if value:
                self._lines.append(lead)
                self._sequence(value, column + 2)
            else:
                self._lines.append(f"{lead} []")
        else:
            self._lines.append(f"{lead} {scalar(value)}")

    def _sequence(self, items: list[JsonValue], column: int) -> None:
        for item in items:
            if item and isinstance(item, (dict, list)):
                first = len(self._lines)
                if isinstance(item, dict):
                    self.mapping(item, column + 2)
                else:
                    self._sequence(item, column + 2)
                # The first line of the item shares its line with the dash.
                self._lines[first] = " " * column + "- " + self._lines[first][column + 2 :]
            else:
                self._value(" " * column + "-", item, column)

    def _block(self, lead: str, text: str, column: int) -> None:
        body = text.rstrip("\n")
        ends = len(text) - len(body)
        indicator = "2" if body[0] in " \t\n" else ""
        chomping = "-" if ends == 0 else "" if ends == 1 else "+"
        self._last_literal = (len(self._lines), text)
        self._lines.append(f"{lead} |{indicator}{chomping}")
        margin = " " * column
        self._lines.extend(margin + line if line else "" for line in body.split("\n"))
        self._lines.extend([""] * (ends - 1))
