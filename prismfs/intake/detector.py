"""A detector: one kind of secret or personal datum, its pattern, and the check of a match.

All patterns are matched by RE2, so that no text, however made, takes more than linear time. RE2 has no look-around;
hence the named group `secret` where context is needed to find what to take out.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, Literal

from prismfs.intake import values

Level = Literal["redact", "suspect"]
"""`redact`: taken out. `suspect`: left where it is, but reported, and a reason not to let the text leave."""

_MOST_MEMORY = 32 << 20  # bytes; below it RE2 leaves its fast automaton for the slow one


@dataclass(frozen=True, eq=False)
class Detector:
    """The kind it names, the literals of which a text must hold one, the pattern, the judgement, the level.

    `literals` are in lower case and looked for in the case-folded text; none means that every text is searched.
    `judge` is given the bytes of the group `secret` (`group` names another one by number; 0 is the whole match) and
    returns the parts of them to take out. `excuse` says of a whole match that it is none, whatever `judge` says.
    `strong`: the shape alone is proof, whatever stands around it, so that it counts in text joined from several
    places, too.
    """

    kind: str
    literals: tuple[str, ...]
    pattern: bytes
    judge: Callable[[bytes], values.Parts] = values.whole
    level: Level = "redact"
    strong: bool = False
    named_group: int | None = None
    excuse: Callable[[Any], bool] | None = None

    @cached_property
    def regex(self) -> Any:
        """The pattern, compiled when it is first needed: most texts need none."""
        return compiled(self.pattern)

    @cached_property
    def group(self) -> int:
        """The number of the group to judge; 0 is the whole match."""
        return int(self.regex.groupindex.get(b"secret", 0)) if self.named_group is None else self.named_group

    def at_level(self, level: Level) -> "Detector":
        """Return the same detector at `level`."""
        return self if level == self.level else replace(self, level=level)


def compiled(pattern: bytes) -> Any:
    """Return `pattern`, compiled by RE2.

    Raises:
        ValueError: RE2 refuses it.
    """
    import re2

    options = re2.Options()
    options.max_mem = _MOST_MEMORY
    options.log_errors = False
    try:
        return re2.compile(pattern, options)
    except re2.error as error:
        raise ValueError(str(error)) from error
