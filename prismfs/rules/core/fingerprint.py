"""The automatic fingerprint: a key that is equal for reports of the same fault, from any run.

Times, ids, addresses and counters are taken out by the rules of `settings/fingerprint.yaml`, and of a long text
only what tells the fault is left. The key is `auto:` and 32 hex digits; a reporter's own is `key:` and its
text, so that the two never collide (C-03).
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import TYPE_CHECKING, TypeVar

from prismfs.kinds.core.settings.fingerprint import Fingerprint, Frame, LineRule, Rewrite, alternatives, compiled

if TYPE_CHECKING:
    import re2

R = TypeVar("R", Rewrite, Frame)
T = TypeVar("T")

_Place = tuple[str, bool]
"""One frame of a trace: the stable part of its line, and whether it is the program's own."""

MAX_CHARACTERS = 64 * 1024
"""Characters of a field that are looked at. Of a longer one its first quarter and its end: errors stand last."""

# Of the telling lines of a long log: the first fault is the cause of those after it, the last is why it ended.
_FIRST_TELLING, _LAST_TELLING = 4, 8
# Traces, of which the outermost names the fault in Python and the last one in Java.
_FIRST_TRACES, _LAST_TRACES = 2, 2

# Colours and other control sequences (ECMA-48), links of terminals, and the characters that stand for kept text.
_CONTROL = re.compile(r"\x1b\[[0-?]*[ -/]*[@-~]|\x1b\][^\x07\x1b]*(?:\x07|\x1b\\)|[\U000F0000-\U000FFFFD]")
_KEPT = re.compile("[\U000f0000-\U000ffffd]")
_FIRST_KEPT, _LAST_KEPT = 0xF0000, 0xFFFFD

_GROUP = re.compile(r"\\(\d)")
# Words, and the operators that turn a condition round; everything else is punctuation.
_WORD = re.compile(r"(?<!\w)<\w+>|\w+|[=!<>]=|\+\+")


def fingerprint(rules: Fingerprint, kind: str, fields: Mapping[str, str], *, payload: str = "") -> str:
    """Return the key of the fault that a report of `kind` tells of: `auto:` and 32 hex digits.

    The fields that `rules` name for the kind count, as far as they are given and hold words (C-08, C-09). Where
    none does, `payload` (the hash of the whole report) stands in, or else the fields as they are: reports that
    say nothing are never thrown together (C-10). Case and punctuation do not count.
    """
    telling = {}
    for name in _names(rules, kind, fields):
        words = _words(essence(rules, fields[name]))
        if words:
            telling[name] = words
    # Labels say where it happened; alone they would throw together all that is wrong there.
    enough = any(not name.startswith("label.") for name in telling)
    what: object = telling if enough else payload or dict(fields)
    text = json.dumps([kind, what], sort_keys=True)
    return f"auto:{hashlib.sha256(text.encode()).hexdigest()[:32]}"


def normalise(rules: Fingerprint, text: str, *, only: Collection[str] | None = None) -> str:
    """Return `text` with what is volatile replaced by placeholders, or what `only` these rules find; its lines stay."""
    kept: list[str] = []

    def closed(put: str) -> str:
        if _FIRST_KEPT + len(kept) > _LAST_KEPT:
            return put
        kept.append(put)
        return chr(_FIRST_KEPT + len(kept) - 1)

    text = _bounded(text)
    many_lines = "\n" in text.strip()
    for rule, pattern in _compiled(rules.volatile):
        if (rule.one_line and many_lines) or (only is not None and rule.name not in only):
            continue
        put = rule.put or (r"\0" if rule.keep else "")
        text = pattern.sub(_replacing(put, closed if rule.keep else str), text)
    while _KEPT.search(text):  # what a rule keeps may hold what an earlier one kept
        text = _KEPT.sub(lambda match: kept[ord(match[0]) - _FIRST_KEPT], text)
    return text


def essence(rules: Fingerprint, text: str) -> str:
    """Return what of an error's text tells the fault, normalised, one thing a line and each once.

    That is a text of one line as a whole. Of a log: its lines without the noise (if that leaves any), of a
    very long one the first and last lines that tell of a failure, and after them the innermost frames of the
    program's own in each stack trace, or of its libraries where it has none there.
    """
    text = _bounded(text).strip()
    if "\n" not in text:
        return normalise(rules, text)
    log = _taken_apart(rules, text.splitlines())
    lines = _once(normalise(rules, "\n".join(log.messages or log.noise)).splitlines())
    if len(lines) > rules.most_lines:
        tells = _any_of(rules.tells)
        telling = [line for line in lines if tells is not None and tells.search(line)]
        lines = _ends(telling, _FIRST_TELLING, _LAST_TELLING) or lines[-rules.most_lines :]
    frames = normalise(rules, "\n".join(_telling_frames(rules, log.traces)))
    return "\n".join([*lines, *_once(f"at {frame}" for frame in frames.splitlines())])


@dataclass(slots=True)
class _Log:
    """The lines of a text by what they are; each trace has its innermost frame first."""

    messages: list[str] = field(default_factory=list)
    noise: list[str] = field(default_factory=list)
    traces: list[list[_Place]] = field(default_factory=list)


def _taken_apart(rules: Fingerprint, lines: Sequence[str]) -> _Log:
    log, library, noise = _Log(), _any_of(rules.library), _any_of(rules.noise)
    in_trace, position = False, 0
    while position < len(lines):
        line = lines[position]
        position += 1
        frame = _frame_of(rules.frames, line)
        if frame is not None:
            rule, text = frame
            deeper = _deeper(rules.frames, lines, position, line)
            own = library is None or library.search("\n".join([line, *lines[position:deeper]])) is None
            position = deeper
            if not in_trace:
                log.traces.append([])
            log.traces[-1].insert(0 if rule.innermost == "last" else len(log.traces[-1]), (text, own))
            in_trace = True
        elif noise is not None and noise.search(line):
            log.noise.append(line)
        elif line.strip():
            log.messages.append(line)
            in_trace = False
    return log


def _frame_of(frames: tuple[Frame, ...], line: str) -> tuple[Frame, str] | None:
    for rule, pattern in _compiled(frames):
        match = pattern.search(line)
        if match is not None:
            return rule, _replacing(rule.put, str)(match)
    return None


def _deeper(frames: tuple[Frame, ...], lines: Sequence[str], position: int, above: str) -> int:
    """Return where the lines end that are indented more deeply than `above` and no frames themselves."""
    while position < len(lines) and _indent(lines[position]) > _indent(above):
        if _frame_of(frames, lines[position]) is not None:
            break
        position += 1
    return position


def _indent(line: str) -> int:
    expanded = line.expandtabs(8)
    return len(expanded) - len(expanded.lstrip())


def _telling_frames(rules: Fingerprint, traces: Sequence[Sequence[_Place]]) -> Iterator[str]:
    some_own = any(own for trace in traces for _, own in trace)
    for trace in _ends(traces, _FIRST_TRACES, _LAST_TRACES):
        texts = [text for text, own in trace if own or not some_own]
        yield from _once(texts)[: rules.own_frames]


def _names(rules: Fingerprint, kind: str, fields: Mapping[str, str]) -> list[str]:
    wanted = rules.fields.get(kind, ("*",))
    names = sorted(fields) if "*" in wanted else [name for name in wanted if name in fields]
    return [name for name in names if name not in rules.ignore]


def _words(text: str) -> str:
    """Return the words of normalised text; placeholders tell nothing, not even that something stood there."""
    return "\n".join(
        " ".join(word for word in _WORD.findall(line.casefold()) if not word.startswith("<") or word == "<=")
        for line in text.splitlines()
    ).strip()


def _bounded(text: str) -> str:
    if len(text) > MAX_CHARACTERS:
        head = MAX_CHARACTERS // 4
        text = f"{text[:head]}\n{text[head - MAX_CHARACTERS :]}"
    # Half a surrogate pair cannot be encoded; nothing that is looked at may fail on it.
    return _CONTROL.sub("", text).encode("utf-8", "replace").decode()


def _once(lines: Iterable[str]) -> list[str]:
    """Return each line that has words once, as it first stands."""
    found: dict[str, str] = {}
    for line in lines:
        found.setdefault(_words(line), line.strip())
    found.pop("", None)
    return list(found.values())


def _ends(items: Sequence[T], first: int, last: int) -> list[T]:
    return list(items) if len(items) <= first + last else [*items[:first], *items[-last:]]


def _replacing(put: str, close: Callable[[str], str]) -> Callable[[re2._Match], str]:
    """Return what a match is replaced by: `put` with its groups filled in, and then what `close` makes of it."""

    def replace(match: re2._Match) -> str:
        return close(_GROUP.sub(lambda group: match[int(group[1])] or "", put))

    return replace


@lru_cache(maxsize=16)
def _compiled(rules: tuple[R, ...]) -> tuple[tuple[R, re2._Regexp], ...]:
    return tuple((rule, compiled(rule.pattern)) for rule in rules)


@lru_cache(maxsize=16)
def _any_of(rules: tuple[LineRule, ...]) -> re2._Regexp | None:
    return compiled(alternatives(rules)) if rules else None
