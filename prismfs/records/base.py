"""The base record and the types that its fields are made of."""

import sys
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from types import ModuleType
from typing import Annotated, Any, Literal, Self, TypeVar, get_args

import pydantic
from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, PlainSerializer, StringConstraints
from pydantic import ValidationError as _ValidationError
from pydantic.json_schema import WithJsonSchema

from prismfs.errors import Problem, RecordError
from prismfs.records.document import Document
from prismfs.records.ids import IDENTITY_TARGET
from prismfs.records.instants import (
    INSTANT_TARGET,
    cut_to_milliseconds,
    format_duration,
    format_instant,
    parse_duration,
    parse_instant,
)

T = TypeVar("T")

# To build its first model, pydantic looks in every package that is installed for plug-ins of its own: that takes a
# command longer than the model, and what a record may hold must not hang on what else is installed.
_NO_PLUGINS = ModuleType("pydantic.plugin._loader")
_NO_PLUGINS.__dict__["get_plugins"] = tuple
sys.modules.setdefault(_NO_PLUGINS.__name__, _NO_PLUGINS)

CODED = "code:"
"""A validator that raises a `PydanticCustomError` of this type, `code:unknown_pid`, names the problem's code itself."""


def _instant(value: object) -> object:
    if isinstance(value, str):
        return parse_instant(value)
    if isinstance(value, datetime) and value.tzinfo is UTC and value.microsecond % 1000 == 0:
        return value
    if isinstance(value, datetime) and value.tzinfo is not None:
        return cut_to_milliseconds(value.astimezone(UTC))
    raise ValueError("an instant is a text such as 2026-03-01T10:00:00Z")


def _duration(value: object) -> object:
    if isinstance(value, timedelta):
        return value
    if isinstance(value, str):
        return parse_duration(value)
    raise ValueError("a duration is a text such as 4h")


def _not_an_option(text: str) -> str:
    if text.startswith("-"):
        raise ValueError("must not begin with a dash: it looks like an option")
    return text


Instant = Annotated[
    datetime,
    BeforeValidator(_instant),
    PlainSerializer(format_instant, return_type=str),
    WithJsonSchema({"type": "string", "pattern": f"^{INSTANT_TARGET}$"}),
]
"""An aware UTC datetime with milliseconds; RFC 3339 with Z in files."""

Duration = Annotated[
    timedelta,
    BeforeValidator(_duration),
    PlainSerializer(format_duration, return_type=str),
    WithJsonSchema({"type": "string", "pattern": r"^([0-9]+d)?([0-9]+h)?([0-9]+m)?([0-9]+s)?$"}),
]
"""A timedelta in whole seconds; 30s, 15m, 4h, 2d in files."""

Identity = Annotated[str, StringConstraints(pattern=f"^{IDENTITY_TARGET}$")]
"""Who: a persona or a person. Compared without regard to case."""

Pid = Annotated[str, StringConstraints(pattern=r"^PID-[A-Z0-9]{3,32}$")]
"""A project id (never an operating-system process)."""

Digest = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")]
"""A SHA-256 in lower-case hex."""

Word = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_-]{0,63}$")]
"""A lower-case word of a vocabulary: a role, a tier, a category."""

Line = Annotated[
    str, StringConstraints(min_length=1, max_length=500, pattern=r"^[^\x00-\x1f\x7f]*$"), AfterValidator(_not_an_option)
]
"""One line of free text, 1 to 500 characters, not beginning with a dash."""

MAX_TEXT = 64 * 1024


def _at_most_64_kib(text: str) -> str:
    if len(text.encode()) > MAX_TEXT:
        raise ValueError(f"longer than {MAX_TEXT} bytes")
    return text


Text = Annotated[str, AfterValidator(_at_most_64_kib)]
"""Any text up to 64 KiB in UTF-8, kept byte for byte."""


JsonObject = pydantic.SerializeAsAny[dict[str, pydantic.JsonValue]]
"""A JSON object of any members, written as it is: pydantic would ask Python for the type of each value in it."""

_ONCE = "_once"
"""What `Record.once` has made, beside the fields and none of them."""


class Value(BaseModel):
    """A frozen value: unknown fields are refused, and so is a value of another type than the field's."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=False, populate_by_name=True, defer_build=True)

    @classmethod
    def from_document(cls, document: Document, *, path: str = "") -> Self:
        """Return the value that `document` holds.

        Raises:
            RecordError: `unknown_field`, `missing_field` or `bad_field`; the first problem found, with its
                field as a JSON pointer.
        """
        try:
            found: Self = cls.__pydantic_validator__.validate_python(document)  # `model_validate` adds a sixth
        except _ValidationError as error:
            problem = _first_problem(error, cls)
            raise RecordError(
                problem.code, problem.message, path=path or None, field=problem.field, hint=problem.hint
            ) from None
        return found

    def to_document(self) -> Document:
        """Return the value as a JSON object in the model's order; members that are their default left out."""
        return self.model_dump(mode="json", by_alias=True, exclude_defaults=True)

    def changed(self, **changes: Any) -> Self:
        """Return a copy with `changes` made and checked by the model's own rules."""
        model, kept = type(self), self.__dict__.copy()
        kept.pop(_ONCE, None)
        own = model.__pydantic_decorators__  # rules of the model's own want the whole of it
        if own.model_validators or own.field_validators or not changes.keys() <= kept.keys():
            return model.model_validate(kept | changes)
        kept |= _part_of(model, frozenset(changes)).model_validate(changes).__dict__  # all else was checked before
        changed = model.__new__(model)
        none = {"__pydantic_extra__": None, "__pydantic_private__": None}
        changed.__setstate__({"__dict__": kept, "__pydantic_fields_set__": set(kept), **none})
        return changed


@lru_cache(maxsize=1024)
def _part_of(model: type[Value], names: frozenset[str]) -> type[Value]:
    """Return a model of the fields `names` of `model`, by which a change of no other is checked."""
    fields: Any = {name: (info.annotation, info) for name, info in model.model_fields.items() if name in names}
    return pydantic.create_model(model.__name__, __base__=Value, **fields)


class Record(Value):
    """What every record has: its kind and the version of its form. Both stand in every file."""

    kind: str
    version: Literal[1] = 1

    @property
    def document(self) -> Document:
        """What `to_document` returns, made once: not to be changed."""
        return self.once("_document", type(self).to_document)

    def once(self, name: str, make: Callable[[Self], T]) -> T:
        """Return `make(record)`, made once and kept with the record, which is frozen, as its `name`.

        `name` is none of a field's, so that it counts neither in a comparison nor in what is written.
        """
        kept: dict[str, Any] = self.__dict__.setdefault(_ONCE, {})
        if name not in kept:
            kept[name] = make(self)
        found: T = kept[name]
        return found

    def to_document(self) -> Document:
        """Return the record as a JSON object that begins with kind and version."""
        head: Document = {type(self).model_fields["kind"].alias or "kind": self.kind, "version": self.version}
        return head | super().to_document()


def _model_at(model: type[BaseModel], place: tuple[int | str, ...]) -> type[BaseModel] | None:
    """Return the model of the object at `place` below `model`; None where no single one is known."""
    for part in place:
        if isinstance(part, int):
            continue  # of several of one model
        fields = {field.alias or name: field.annotation for name, field in model.model_fields.items()}
        found = _models_in(fields.get(part))
        if len(found) != 1:
            return None
        (model,) = found
    return model


def _models_in(annotation: Any) -> set[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return {annotation}
    return set().union(*(_models_in(part) for part in get_args(annotation)))


def _first_problem(error: _ValidationError, model: type[BaseModel]) -> Problem:
    detail = error.errors(include_url=False, include_input=False)[0]
    pointer = "".join(f"/{part}" for part in detail["loc"])
    match detail["type"]:
        case "extra_forbidden":
            parent = _model_at(model, detail["loc"][:-1])
            allowed = None if parent is None else [field.alias or name for name, field in parent.model_fields.items()]
            hint = None if allowed is None else f"known fields: {', '.join(allowed)}"
            return Problem("unknown_field", "unknown field", field=pointer, hint=hint)
        case "missing":
            return Problem("missing_field", "a required field is missing", field=pointer)
        case coded if coded.startswith(CODED):
            return Problem(coded.removeprefix(CODED), detail["msg"], field=pointer)
        case kind:
            message = str(detail["ctx"]["error"]) if kind == "value_error" else detail["msg"]
            return Problem("bad_field", message[0].lower() + message[1:], field=pointer)
