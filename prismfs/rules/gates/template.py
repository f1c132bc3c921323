"""The template of an artifact: its sections, with what is known already and `<placeholders>` for the rest."""

from collections.abc import Mapping
from typing import cast

from prismfs.kinds.gates.settings import sections
from prismfs.kinds.gates.settings.workflow import Phase
from prismfs.records.api import JsonValue
from prismfs.rules.core.draft import one_line

_BLOCK_BEGINS = "-+*#>=_~`|0123456789"
_Row = Mapping[str, JsonValue]
_RowSection = (
    sections.NumberedSection | sections.TimelineSection | sections.ChainSection | sections.MetricsSection
    | sections.ActionsSection | sections.ChecklistSection
)  # fmt: skip


def skeleton(phase: Phase, known: Mapping[str, JsonValue]) -> str:
    """Return the Markdown of `phase` with what is `known`: heading -> value, in the shapes of `sections.Parsed`.

    Of a section with fields or subsections, what is known may be some of them.
    """
    parts = [f"# {phase.id}: {phase.artifact}\n"]
    parts += [f"## {section.name}\n\n{_filled(section, known.get(section.name))}" for section in phase.sections]
    return "\n".join(parts)


def placeholders(section: sections.AnySection) -> tuple[str, ...]:
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


def _filled(section: sections.AnySection, value: JsonValue) -> str:
    held = value if isinstance(value, dict) else {}
    match section:
        case sections.TextSection() | sections.TimeSection():
            return f"{value or _open(section.hint)}\n"
        case sections.EnumSection():
            return f"{value or _open(' / '.join(section.values))}\n"
        case sections.ListSection():
            return "".join(f"- {item}\n" for item in cast(list[str], value) or [_open(section.hint)])
        case sections.FieldsSection():
            return "".join(f"- **{spec.name}:** {_field(spec, held.get(spec.name))}\n" for spec in section.fields)
        case sections.SubsectionsSection():
            return "\n".join(f"### {each.name}\n\n{_filled(each, held.get(each.name))}" for each in section.sections)
        case _:
            rows = cast(list[_Row], value) or [{}]
            return "".join(f"{_line(section, number, row)}\n" for number, row in enumerate(rows, start=1))


def _field(spec: sections.FieldSpec, value: JsonValue) -> str:
    text = ", ".join(str(part) for part in value) if isinstance(value, list) else str(value or "")
    return text or _open(spec.hint or " / ".join(spec.values))


def _line(section: _RowSection, number: int, row: _Row) -> str:
    match section:
        case sections.NumberedSection():
            return f"{number}. " + " — ".join(_or(row, part, part) for part in section.parts)
        case sections.TimelineSection():
            return _moment(section, row)
        case sections.ChainSection():
            return f"{number}. {_or(row, 'cause', 'the cause')} → {_or(row, 'effect', 'its effect')}"
        case sections.MetricsSection():
            before, after = _or(row, "before", "value before"), _or(row, "after", "value after")
            return f"- {_or(row, 'name', 'name of the metric')} — {before} → {after}"
        case sections.ActionsSection():
            priority = _or(row, "priority", " / ".join(section.priorities))
            what, who = _or(row, "action", "what to change"), _or(row, "owner", "owner suggestion")
            return f"{number}. [{priority}] {what} — {who}"
        case sections.ChecklistSection():
            what, who = _or(row, "action", "what to change"), _or(row, "owner", "name of the owner")
            return f"- [{'x' if row.get('done') else ' '}] {what} — @{who}"


def _moment(section: sections.TimelineSection, row: _Row) -> str:
    at = str(row["at"]).replace("T", " ").replace(".000Z", "Z") if row.get("at") else "<YYYY-MM-DD HH:MMZ>"
    at = str(row.get("said") or at)
    line = f"- {at} — {_or(row, 'event', 'what happened')}"
    return f"{line} — {_or(row, 'source', 'where that is seen')}" if section.sourced else line


def _or(row: _Row, name: str, hint: str) -> str:
    value = row.get(name)
    return str(value) if value else _open(hint)


def _open(hint: str) -> str:
    return f"<{hint}>"
