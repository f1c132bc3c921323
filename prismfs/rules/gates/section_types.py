"""The types of sections, one function each: from the blocks below a heading to a value.

Every function takes the section as the workflow says it and the part of the text that is its own, and raises
`RecordError` `bad_section_value` with section and line where that does not fit.
"""

from pydantic import JsonValue, TypeAdapter, ValidationError

from prismfs.errors import RecordError
from prismfs.kinds.gates.settings import sections
from prismfs.records.api import Identity, format_instant
from prismfs.rules.gates import markdown
from prismfs.rules.gates.markdown import Block, Item, Part, same_words

MOST_ITEMS = 200
"""Items in one section: longer lists are not read by people."""

LONGEST_ITEM = 2000
"""Characters in one item."""

_IDENTITY: TypeAdapter[str] = TypeAdapter(Identity)

_ItemSection = (
    sections.ListSection | sections.NumberedSection | sections.MetricsSection | sections.ActionsSection
    | sections.ChecklistSection
)  # fmt: skip
"""Sections whose items are read one by one."""

_LISTS = {"numbered": ("numbers",), "actions": ("bullets", "numbers")}
"""The lists that such a section may be, where it is not a bulleted one."""


def fault(section: str, line: int, message: str, *, hint: str | None = None) -> RecordError:
    """Return the error that something in `section` does not fit."""
    return RecordError("bad_section_value", f"{section}, line {line}: {message}", field="/body", hint=hint)


def value_of(section: sections.AnySection, part: Part) -> JsonValue:
    """Return the value that `part` gives `section`, in the shapes of `reading.Parsed`."""
    match section:
        case sections.TextSection():
            return _text(section, part)
        case sections.EnumSection():
            text = _paragraph(section, part)
            return _one_of(section.name, part.blocks[0].line, text, section.values)
        case sections.TimeSection():
            return _time(section, part)
        case sections.FieldsSection():
            return _fields(section, part)
        case sections.TimelineSection():
            return _timeline(section, part)
        case sections.ChainSection():
            return _chain(section, part)
        case sections.SubsectionsSection():
            raise AssertionError("read by its own sections")
        case _:
            lists = _LISTS.get(section.type, ("bullets",))
            return [_value_of_item(section, item) for item in _items(section, part, section.least, *lists)]


def _value_of_item(section: _ItemSection, item: Item) -> JsonValue:
    match section:
        case sections.ListSection():
            return item.text
        case sections.NumberedSection():
            last = len(section.parts) - 1
            return dict(zip(section.parts, _parts(section, item, section.parts, surplus=last), strict=True))
        case sections.MetricsSection():
            return _metric(section, item)
        case sections.ActionsSection():
            return _action(section, item)
        case sections.ChecklistSection():
            return _task(section, item)


def _text(section: sections.TextSection, part: Part) -> str:
    heading = next((block for block in part.blocks if block.type == "heading"), None)
    if heading is not None:
        raise fault(section.name, heading.line, "a heading that belongs to no section")
    if not part.blocks or not part.source.strip():
        raise fault(section.name, part.line, "is empty", hint=section.hint)
    if section.single and (len(part.blocks) > 1 or part.blocks[0].type != "paragraph"):
        raise fault(section.name, part.blocks[-1].line, "is one paragraph and nothing else")
    return part.source


def _paragraph(section: sections.AnySection, part: Part) -> str:
    if len(part.blocks) != 1 or part.blocks[0].type != "paragraph":
        line = part.blocks[0].line if part.blocks else part.line
        raise fault(section.name, line, "is one line of text and nothing else")
    return part.blocks[0].text


def _one_of(section: str, line: int, text: str, values: tuple[str, ...]) -> str:
    found = next((value for value in values if same_words(value) == same_words(text)), None)
    if found is None:
        raise fault(section, line, "is none of its values", hint=f"one of: {', '.join(values)}")
    return found


def _time(section: sections.TimeSection, part: Part) -> str:
    text = _paragraph(section, part)
    at = markdown.read_timestamp(text)
    if at is not None:
        return format_instant(at)
    if same_words(text) in section.words:
        return same_words(text)
    hint = ", or ".join((f"such as {markdown.TIME_FORM}", *section.words))
    raise fault(section.name, part.blocks[0].line, "is no timestamp", hint=hint)


def _fields(section: sections.FieldsSection, part: Part) -> JsonValue:
    specs = {sections.same_name(spec.name): spec for spec in section.fields}
    found: dict[str, JsonValue] = {}
    for item in _items(section, part, 1, "bullets"):
        name, value = _labelled(section, item)
        spec = specs.get(sections.same_name(name))
        if spec is None:
            known = ", ".join(spec.name for spec in section.fields)
            raise fault(section.name, item.line, "has no such field", hint=f"its fields: {known}")
        if spec.name in found:
            raise fault(section.name, item.line, f"{spec.name} stands there twice")
        found[spec.name] = _field(section, spec, item.line, value)
    missing = [spec.name for spec in section.fields if spec.name not in found]
    if missing:
        raise fault(section.name, part.line, f"lacks: {', '.join(missing)}", hint="- **Name:** value")
    return {spec.name: found[spec.name] for spec in section.fields}


def _labelled(section: sections.FieldsSection, item: Item) -> tuple[str, str]:
    """Return name and value of `**Name:** value`; the colon may also stand behind the asterisks."""
    name, bold, rest = item.text.removeprefix("**").partition("**")
    colon = name.endswith(":") or rest.startswith(":")
    if not item.text.startswith("**") or not bold or not colon:
        raise fault(section.name, item.line, "is written as - **Name:** value")
    return name.rstrip(":").strip(), rest.removeprefix(":").strip()


def _field(section: sections.FieldsSection, spec: sections.FieldSpec, line: int, value: str) -> JsonValue:
    if not value:
        raise fault(section.name, line, f"{spec.name} is empty", hint=spec.hint)
    if spec.type == "enum":
        return _one_of(f"{section.name}, {spec.name}", line, value, spec.values)
    return [part.strip() for part in value.split(",") if part.strip()] if spec.type == "list" else value


def _timeline(section: sections.TimelineSection, part: Part) -> JsonValue:
    found: list[JsonValue] = []
    before = None
    for item in _items(section, part, section.least, "bullets"):
        names = ("timestamp", "event", "source") if section.sourced else ("timestamp", "event")
        when, event, *source = _parts(section, item, names, surplus=1)
        row: dict[str, JsonValue] = {"event": event, "source": source[0] if source else None}
        at = markdown.read_timestamp(when)
        if at is None and (rough := markdown.read_rough_time(when)) is not None:
            found.append({"at": format_instant(rough), **row, "said": when})  # it stands where its author puts it
            continue
        if at is None:
            hint = f"such as {markdown.TIME_FORM}, 2026-03-01, or about 2026-03-01 10:02Z"
            raise fault(section.name, item.line, "does not begin with a timestamp", hint=hint)
        if before is not None and at < before:
            raise fault(section.name, item.line, "lies before the line above it", hint="order them by time")
        before = at
        found.append({"at": format_instant(at), **row})
    return found


def _chain(section: sections.ChainSection, part: Part) -> JsonValue:
    found: list[JsonValue] = []
    expected = None
    for item in _items(section, part, section.least, "numbers"):
        sides = markdown.by_arrows(item.text)
        if len(sides) != 2:
            raise fault(section.name, item.line, "is written as cause → effect, with one arrow")
        cause, effect = sides
        if expected is not None and same_words(cause) != expected:
            raise fault(
                section.name, item.line, "its cause is not the effect of the line above it",
                hint="begin each line with the words that the one above ends with",
            )  # fmt: skip
        expected = same_words(effect)
        found.append({"cause": cause, "effect": effect})
    return found


def _metric(section: sections.MetricsSection, item: Item) -> JsonValue:
    name, values = _parts(section, item, ("name", "before → after"), surplus=1)
    sides = markdown.by_arrows(values)
    if len(sides) != 2:
        raise fault(section.name, item.line, "is written as name — before → after")
    return {"name": name, "before": sides[0], "after": sides[1]}


def _action(section: sections.ActionsSection, item: Item) -> JsonValue:
    found = markdown.bracketed(item.text)
    if found is None:
        hint = ", ".join(f"[{priority}]" for priority in section.priorities)
        raise fault(section.name, item.line, "does not begin with its priority", hint=hint)
    priority = _one_of(section.name, item.line, found[0], section.priorities)
    action, owner = _parts(section, Item(item.line, found[1], plain=True), ("action", "owner suggestion"), surplus=0)
    return {"priority": priority, "action": action, "owner": owner}


def _task(section: sections.ChecklistSection, item: Item) -> JsonValue:
    found = markdown.bracketed(item.text)
    if found is None or found[0] not in ("", "x", "X"):
        raise fault(section.name, item.line, "is written as - [ ] action — @owner")
    action, owner = _parts(section, Item(item.line, found[1], plain=True), ("action", "@owner"), surplus=0)
    try:
        name = _IDENTITY.validate_python(owner.removeprefix("@") if owner.startswith("@") else "")
    except ValidationError:
        raise fault(section.name, item.line, "ends with no @owner", hint="one name, such as @gwen") from None
    return {"done": bool(found[0]), "action": action, "owner": name, "bucket": section.bucket}


def _parts(section: sections.AnySection, item: Item, names: tuple[str, ...], *, surplus: int) -> list[str]:
    found = markdown.in_parts(item.text, len(names), surplus=surplus)
    if found is None:
        raise fault(section.name, item.line, f"is written as {' — '.join(names)}, with the same dash between them")
    return found


def _items(section: sections.AnySection, part: Part, least: int, *types: str) -> list[Item]:
    """Return the items of the lists that `part` consists of, plain ones with words.

    Raises:
        RecordError: anything else stands there, an item has more than one paragraph, or there are too few or many.
    """
    found: list[Item] = []
    for block in part.blocks:
        if block.type not in types:
            raise fault(section.name, block.line, f"is a {_called(types)} and nothing else")
        found += _plain(section, block)
    if len(found) < least:
        raise fault(section.name, part.line, f"needs {least} or more items, and has {len(found)}")
    if len(found) > MOST_ITEMS:
        raise fault(section.name, part.line, f"has more than {MOST_ITEMS} items")
    return found


def _plain(section: sections.AnySection, block: Block) -> tuple[Item, ...]:
    for item in block.items:
        if not item.plain:
            raise fault(section.name, item.line, "an item is one paragraph, without lists or code below it")
        if not item.text:
            raise fault(section.name, item.line, "an item is empty")
        if len(item.text) > LONGEST_ITEM:
            raise fault(section.name, item.line, f"an item is longer than {LONGEST_ITEM} characters")
    return block.items


def _called(types: tuple[str, ...]) -> str:
    return " or ".join({"bullets": "bulleted list (-)", "numbers": "numbered list (1.)"}[each] for each in types)
