"""The log of a watcher: one line a thing done, as text or as one JSON object.

A line names what was done, for which project and id, and how long it took. Callers give codes, ids, counts and
durations, never a body, an address or a message of another program: those may hold secrets. Of an exception only its
type is written.
"""

import json
import logging
from datetime import UTC, datetime
from typing import TextIO

_STANDARD = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime"}


class JsonLines(logging.Formatter):
    """Formats a record as one JSON object: `at`, `level`, `logger`, `message`, then what the caller gave as `extra`."""

    def format(self, record: logging.LogRecord) -> str:
        """Return the object in one line."""
        head = {"at": _instant(record), "level": record.levelname.casefold(), "logger": record.name}
        return json.dumps(head | {"message": record.getMessage()} | _details(record), ensure_ascii=True)


class TextLines(logging.Formatter):
    """Formats a record as one line for people: time, level, message, then `name=value` pairs."""

    def format(self, record: logging.LogRecord) -> str:
        """Return the line; a value that is no plain word is quoted."""
        pairs = (f"{name}={_word(value)}" for name, value in _details(record).items() if value not in (None, ""))
        return " ".join((_instant(record), record.levelname.casefold(), record.getMessage(), *pairs))


def start_logging(stream: TextIO, *, as_json: bool) -> None:
    """Write what the loggers of this package say to `stream` from now on; those of other packages stay silent.

    As text, what a watcher prints for people anyway is left out: each commit on stdout, each error with its hint.
    """
    handler = logging.StreamHandler(stream)
    handler.setFormatter(JsonLines() if as_json else TextLines())
    if not as_json:
        handler.addFilter(_is_unprinted)
    logging.getLogger().addHandler(logging.NullHandler())  # else logging prints warnings of others to stderr by itself
    logger = logging.getLogger("prismfs")
    logger.handlers = [handler]
    logger.setLevel(logging.INFO)
    logger.propagate = False


def _is_unprinted(record: logging.LogRecord) -> bool:
    return record.levelno < logging.ERROR and record.name != "prismfs.daemon.watched_project"


def _details(record: logging.LogRecord) -> dict[str, object]:
    """Return what the caller gave as `extra`, and the type of an exception."""
    found = {name: value for name, value in vars(record).items() if name not in _STANDARD}
    if record.exc_info and record.exc_info[0] is not None:
        found["exception"] = record.exc_info[0].__name__
    return {name: round(value, 4) if isinstance(value, float) else value for name, value in found.items()}


def _instant(record: logging.LogRecord) -> str:
    return datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _word(value: object) -> str:
    text = str(value)
    plain = all(character.isalnum() or character in "-_.:/@" for character in text)
    return text if plain else json.dumps(text, ensure_ascii=True)
