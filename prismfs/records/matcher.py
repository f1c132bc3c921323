"""A matcher: one condition on labels, written as Alertmanager writes it: `name="value"`, `!=`, `=~`, `!~`.

Regular expressions are RE2 and must match the whole value; case tells nothing apart, as severities are written in
any case (R-004-01). A label that is not there matches nothing, whatever
the operator: a rule that names a missing field does not apply and does not fail (C-55).
"""

import re
from collections.abc import Iterable, Mapping
from functools import lru_cache
from typing import Annotated, Any, NamedTuple

from pydantic import AfterValidator, StringConstraints

_FORM = re.compile(r'\s*([A-Za-z_][A-Za-z0-9_.-]*)\s*(=~|!~|!=|=)\s*(?:"((?:[^"\\]|\\.)*)"|([^"\s,=~!][^\s,]*))\s*')
_ESCAPE = re.compile(r"\\(.)")


class Parts(NamedTuple):
    """A matcher taken apart: the label's name, the operator, the value or pattern."""

    name: str
    operator: str
    value: str


@lru_cache(maxsize=1024)
def parse_matcher(text: str) -> Parts:
    """Return the parts of a matcher; the value may stand in double quotes.

    It must where it holds a space or a comma or begins like an operator, so that a slip such as `==` is no value.

    Raises:
        ValueError: not of the form `name="value"`, or the pattern is no RE2 expression.
    """
    form = _FORM.fullmatch(text)
    if form is None:
        raise ValueError('a matcher is written as name="value", with =, !=, =~ or !~')
    name, operator, quoted, bare = form.groups()
    value = bare if quoted is None else _ESCAPE.sub(r"\1", quoted)
    if operator in ("=~", "!~"):
        _compiled(value)
    return Parts(name, operator, value)


def first_mismatch(matchers: Iterable[str], labels: Mapping[str, str]) -> str | None:
    """Return the first matcher that `labels` do not fulfil, None where all are fulfilled."""
    return next((text for text in matchers if not _fulfilled(text, labels)), None)


def _fulfilled(text: str, labels: Mapping[str, str]) -> bool:
    name, operator, wanted = parse_matcher(text)
    value = labels.get(name)
    if value is None:
        return False
    if operator in ("=", "!="):
        return (value.casefold() == wanted.casefold()) == (operator == "=")
    return (_compiled(wanted).fullmatch(value) is not None) == (operator == "=~")


@lru_cache(maxsize=1024)
def _compiled(pattern: str) -> Any:
    import re2  # here, as most commands never look at a pattern

    options = re2.Options()
    options.log_errors = False
    options.case_sensitive = False
    options.max_mem = 1 << 20
    try:
        return re2.compile(pattern, options)
    except re2.error as error:
        raise ValueError(f"not an RE2 expression: {pattern[:60]!r}") from error


def _checked(text: str) -> str:
    parse_matcher(text)
    return text


Matcher = Annotated[str, StringConstraints(max_length=500), AfterValidator(_checked)]
"""One condition on labels, such as `source=~"patrol:.+"`."""
