"""Reading an artifact: its sections, each by its type, as values that rules can compute with (R-003-08 to R-003-25).

An artifact is data from an author who is not trusted: what does not fit is refused with the section and the line, and
nothing is guessed.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import cast

from prismfs.errors import RecordError
from prismfs.kinds.gates.settings.sections import AnySection, SubsectionsSection, same_name
from prismfs.kinds.gates.settings.workflow import Phase
from prismfs.records.api import JsonValue
from prismfs.rules.core.draft import one_line
from prismfs.rules.gates import section_types, template
from prismfs.rules.gates.markdown import Part, read_markdown, split

Parsed = Mapping[str, JsonValue]
"""Heading -> value, by the heading as the workflow writes it.

text: str (Markdown). enum: str. time: str (RFC 3339, or one of the words). fields: {name: str | [str]}. list: [str].
numbered: [{part: str}]. timeline: [{at, event, source | None}]. chain: [{cause, effect}]. metrics: [{name, before,
after}]. actions: [{priority, action, owner}]. checklist: [{done: bool, action, owner, bucket | None}].
subsections: {heading: value}. `at` is RFC 3339 in UTC.
"""

_MOST_NAMED = 10


def parse(phase: Phase, body: str) -> Parsed:
    """Return what `body` says in each section of `phase`.

    Raises:
        RecordError: `unknown_section`, `section_missing` (all of them in one message), `duplicate_section`,
            `placeholder_left` or `bad_section_value`, with section and line.
    """
    reading = read_markdown(body)
    before, parts = split(reading.blocks, reading.lines, 2)
    if any(block.type != "heading" or block.level != 1 for block in before[:1]) or len(before) > 1:
        raise RecordError(
            "bad_section_value", f"line {before[-1].line}: nothing but a title may stand before the first section",
            field="/body", hint=f"sections begin with ##: {_named(phase.sections)}",
        )  # fmt: skip
    found = _assigned(phase.sections, parts, within=phase.id)
    _check_filled(phase.sections, found)
    return {section.name: _value(section, found[section.name], reading.lines) for section in phase.sections}


def text_of(parsed: Parsed, *names: str) -> str:
    """Return the text, or the enumerated value, of the section (and subsection or field) of these names."""
    value: JsonValue = dict(parsed)
    for name in names:
        value = cast(dict[str, JsonValue], value)[name]
    return str(value)


def rows_of(parsed: Parsed, name: str) -> list[dict[str, JsonValue]]:
    """Return the items of a numbered list, timeline, chain, metrics, actions or checklist, each with its parts."""
    return cast(list[dict[str, JsonValue]], parsed[name])


def _assigned(sections: Sequence[AnySection], parts: Sequence[Part], *, within: str) -> dict[str, Part]:
    """Return the part of each section, by its name.

    Raises:
        RecordError: a heading that is none of them or is there twice, or some are missing.
    """
    names = {same_name(section.name): section.name for section in sections}
    found: dict[str, Part] = {}
    for part in parts:
        name = names.get(same_name(part.name))
        if name is None:
            raise RecordError(
                "unknown_section", f"line {part.line}: {within} has no section {one_line(part.name, 80)!r}",
                field="/body", hint=f"its sections: {_named(sections)}",
            )  # fmt: skip
        if name in found:
            raise RecordError(
                "duplicate_section", f"line {part.line}: {name} stands there already, in line {found[name].line}",
                field="/body", hint="put both into one section",
            )  # fmt: skip
        found[name] = part
    missing = [section.name for section in sections if section.name not in found]
    if missing:
        raise RecordError(
            "section_missing", f"{within} lacks: {', '.join(missing)}", field="/body",
            hint=f"its sections: {_named(sections)}",
        )  # fmt: skip
    return found


def _check_filled(sections: Sequence[AnySection], found: Mapping[str, Part]) -> None:
    """Refuse what the template left to be filled in, all of it in one message."""
    left = [place for section in sections for place in _left(section, found[section.name])]
    if left:
        more = f" and {len(left) - _MOST_NAMED} more" if len(left) > _MOST_NAMED else ""
        raise RecordError(
            "placeholder_left", f"not filled in: {'; '.join(left[:_MOST_NAMED])}{more}", field="/body",
            hint="write what is so in their place, without the angle brackets",
        )  # fmt: skip


def _left(section: AnySection, part: Part) -> Iterator[str]:
    for placeholder in template.placeholders(section):
        if placeholder in part.source:
            yield f"{section.name} {placeholder}"


def _value(section: AnySection, part: Part, lines: Sequence[str]) -> JsonValue:
    if not isinstance(section, SubsectionsSection):
        return section_types.value_of(section, part)
    before, below = split(part.blocks, lines, 3)
    if before:
        raise section_types.fault(section.name, before[0].line, "nothing may stand before its first ### heading")
    found = _assigned(section.sections, below, within=section.name)
    return {each.name: section_types.value_of(each, found[each.name]) for each in section.sections}


def _named(sections: Sequence[AnySection]) -> str:
    return ", ".join(section.name for section in sections)
