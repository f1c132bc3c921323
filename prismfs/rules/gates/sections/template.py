"""The template of an artifact: its sections, with what is known already and `<placeholders>` for the rest."""

from collections.abc import Mapping
from typing import cast

from pydantic import JsonValue

from prismfs.kinds.gates.settings.section import (
    ActionsSection,
    AnySection,
    ChainSection,
    ChecklistSection,
    EnumSection,
    FieldsSection,
    ListSection,
    MetricsSection,
    NumberedSection,
    SubsectionsSection,
    TextSection,
    TimelineSection,
    TimeSection,
)
from prismfs.kinds.gates.settings.workflow import Phase
from prismfs.rules.core.draft import one_line

_BLOCK_BEGINS = "-+*#>=_~`|0123456789"
_Row = Mapping[str, JsonValue]


def skeleton(phase: Phase, known: Mapping[str, JsonValue]) -> str:
    """Return the Markdown of `phase` with what is `known`: heading -> value, in the shapes of `sections.Parsed`.

    Of a section with fields or subsections, what is known may be some of them.
    """
    parts = [f"# {phase.id}: {phase.artifact}\n"]
    parts += [f"## {section.name}\n\n{_filled(section, known.get(section.name))}" for section in phase.sections]
    return "\n".join(parts)


def placeholders(section: AnySection) -> tuple[str, ...]:
    """Return everything that the template leaves to be filled in, as the template writes it."""
    text = _filled(section, None)
    found, at = [], 0
    while (begin := text.find("<", at)) >= 0:
        at = text.index(">", begin) + 1
        found.append(text[begin:at])
    return tuple(dict.fromkeys(found))


def plain(text: str) -> str:
    """Return `text` as one line that Markdown takes for nothing but a paragraph."""
    line = " ".join(one_line(text).replace("<", "‹").replace(">", "›").split())
    return f"\\{line}" if line[:1] in _BLOCK_BEGINS else line


def _filled(section: AnySection, value: JsonValue) -> str:
    match section:
        case TextSection() | TimeSection():
            return f"{value or _open(section.hint)}\n"
        case EnumSection():
            return f"{value or _open(' / '.join(section.values))}\n"
        case FieldsSection():
            held = cast(dict[str, JsonValue], value or {})
            return "".join(
                f"- **{spec.name}:** {_field(held.get(spec.name)) or _open(spec.hint or ' / '.join(spec.values))}\n"
                for spec in section.fields
            )
        case SubsectionsSection():
            held = cast(dict[str, JsonValue], value or {})
            return "\n".join(f"### {each.name}\n\n{_filled(each, held.get(each.name))}" for each in section.sections)
        case ListSection():
            items = cast(list[str], value) or [_open(section.hint)]
            return "".join(f"- {item}\n" for item in items)
        case _:
            return _rows(section, cast(list[_Row], value) or [{}])


def _rows(section: AnySection, rows: list[_Row]) -> str:
    lines = []
    for number, row in enumerate(rows, start=1):
        match section:
            case NumberedSection():
                lines.append(f"{number}. " + " — ".join(_or(row, part, part) for part in section.parts))
            case TimelineSection():
                lines.append(_moment(section, row))
            case ChainSection():
                lines.append(f"{number}. {_or(row, 'cause', 'the cause')} → {_or(row, 'effect', 'its effect')}")
            case MetricsSection():
                before, after = _or(row, "before", "value before"), _or(row, "after", "value after")
                lines.append(f"- {_or(row, 'name', 'name of the metric')} — {before} → {after}")
            case ActionsSection():
                priority = _or(row, "priority", " / ".join(section.priorities))
                what, who = _or(row, "action", "what to change"), _or(row, "owner", "owner suggestion")
                lines.append(f"{number}. [{priority}] {what} — {who}")
            case ChecklistSection():
                what, who = _or(row, "action", "what to change"), _or(row, "owner", "name of the owner")
                lines.append(f"- [{'x' if row.get('done') else ' '}] {what} — @{who}")
    return "".join(f"{line}\n" for line in lines)


def _moment(section: TimelineSection, row: _Row) -> str:
    at = str(row["at"]).replace("T", " ").replace(".000Z", "Z") if row.get("at") else "<YYYY-MM-DD HH:MMZ>"
    line = f"- {at} — {_or(row, 'event', 'what happened')}"
    return f"{line} — {_or(row, 'source', 'where that is seen')}" if section.sourced else line


def _or(row: _Row, name: str, hint: str) -> str:
    value = row.get(name)
    return str(value) if value else _open(hint)


def _field(value: JsonValue) -> str:
    return ", ".join(str(part) for part in value) if isinstance(value, list) else str(value or "")


def _open(hint: str) -> str:
    return f"<{hint}>"
