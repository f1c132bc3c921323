"""Which rules match a text: one automaton for each text finds all of its rules in one pass."""

from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache

from prismfs.kinds.care.settings.triage import Rule

# Characters of the body, and of the attachments after it, that are read. Reports say what they are about in
# their first lines; what follows is logs and listings, whose words speak for no lane and would only cost time.
MAX_CHARACTERS = 16 * 1024

# Bytes for the automaton of one text's rules. RE2 starts its cache anew when it is full, which is slow, not wrong.
_MAX_AUTOMATON = 64 << 20

_RULES_IN_REASON = 8  # a reason stands in one line of a listing

_Scanner = tuple[tuple[str, Callable[[bytes], Sequence[int]]], ...]

_MOST_KEPT = 16
# By the rules themselves and not by what they say: to hash a hundred of them takes as long as to look for them.
_last: dict[int, tuple[tuple[Rule, ...], _Scanner]] = {}

_TEXTS = ("subject", "body", "labels", "type")


def matching_rules(rules: tuple[Rule, ...], texts: Mapping[str, str]) -> list[Rule]:
    """Return those of `rules` that match `texts` (by name: subject, body, labels, type), in their own order.

    Time is linear in the length of the texts, whatever the patterns.
    """
    matched: set[int] = set()
    scanner = _last.get(id(rules))
    if scanner is None or scanner[0] is not rules:
        if len(_last) >= _MOST_KEPT:
            _last.clear()
        scanner = _last[id(rules)] = rules, _scanner(rules)
    for name, find in scanner[1]:
        # Typographic apostrophes come from phones and editors; no rule should have to spell both.
        # Half a surrogate pair cannot be encoded; nothing that is classified may fail on it.
        text = texts.get(name, "").replace("’", "'").encode("utf-8", "replace")
        if text:
            matched.update(find(text))
    return [rules[index] for index in sorted(matched)]


def listed(rules: Sequence[Rule]) -> str:
    """Return names and weights of `rules` as one line, the heaviest first."""
    heaviest = sorted(rules, key=lambda rule: (-abs(rule.weight), rule.name))
    named = ", ".join(f"{rule.name} {rule.weight:+g}" for rule in heaviest[:_RULES_IN_REASON])
    rest = len(heaviest) - _RULES_IN_REASON
    return f"{named} and {rest} more" if rest > 0 else named


@lru_cache(maxsize=_MOST_KEPT)
def _scanner(rules: tuple[Rule, ...]) -> _Scanner:
    """Return for each text what finds the indexes of those rules that match it."""
    by_text = []
    for text in _TEXTS:
        wanted = [
            index for index, rule in enumerate(rules) if rule.where == text or (rule.where == "any" and text != "type")
        ]
        if wanted:
            by_text.append((text, _automaton([rules[index].expression for index in wanted], wanted)))
    return tuple(by_text)


def _automaton(patterns: Sequence[str], indexes: Sequence[int]) -> Callable[[bytes], Sequence[int]]:
    import re2

    options = re2.Options()
    options.case_sensitive = False
    options.log_errors = False
    options.max_mem = _MAX_AUTOMATON
    automaton = re2.Set.SearchSet(options)
    for pattern in patterns:
        automaton.Add(pattern)
    automaton.Compile()

    def find(text: bytes) -> Sequence[int]:
        return [indexes[position] for position in automaton.Match(text) or ()]

    return find
