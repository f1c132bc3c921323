"""The registry of record kinds: every kind and every form that a module below this package declares.

A module declares a kind as `KIND`, and forms that may be dropped and are no kind's own as `FORMS`. Nothing else names
them: a new kind is one new file.
"""

from importlib import import_module
from pkgutil import walk_packages
from typing import TypeVar, get_args

from prismfs.errors import RecordError
from prismfs.records.api import Document, Kind, Record, Value, prefix_of

R = TypeVar("R", bound=Record)


def _word_of(form: type[Value]) -> str:
    """Return the `kind` that files of this form give."""
    (word,) = get_args(form.model_fields["kind"].annotation)
    return str(word)


_MODULES = tuple(import_module(name) for name in sorted(each.name for each in walk_packages(__path__, f"{__name__}.")))
"""Every module of every family; by name, so that the order is the same on every machine."""

KINDS: dict[str, Kind] = {module.KIND.name: module.KIND for module in _MODULES if hasattr(module, "KIND")}

_FORMS: tuple[type[Value], ...] = (
    *(kind.drop for kind in KINDS.values() if kind.drop is not None),
    *(form for module in _MODULES for form in getattr(module, "FORMS", ())),
)
DROPS: dict[str, type[Value]] = {_word_of(form): form for form in _FORMS}
"""What an agent may drop, by the `kind` it names: the drop forms of kinds, and the forms of their own."""

_BY_MODEL = {model: kind for kind in KINDS.values() for model in (kind.model, *kind.variants, kind.row) if model}
_BY_PREFIX = {kind.prefix: kind for kind in KINDS.values() if kind.prefix}
_BY_TOP: dict[str, list[Kind]] = {}
for _kind in KINDS.values():
    _BY_TOP.setdefault(_kind.folder.partition("/")[0], []).append(_kind)


def build_models() -> None:
    """Build the models of all kinds now, which are built when they are used first otherwise: for who serves others."""
    for model in (*_BY_MODEL, *_FORMS):
        model.model_rebuild()


def kind_of(record: Record | type[Record]) -> Kind:
    """Return the kind that a record, or a record's model, belongs to."""
    kind = _BY_MODEL.get(type(record))  # type: ignore[arg-type]
    return _BY_MODEL[record] if kind is None else kind  # type: ignore[index]


def kind_of_id(identifier: str) -> Kind:
    """Return the kind that an id's prefix names.

    Raises:
        RecordError: `unknown_kind` when no kind has that prefix.
    """
    kind = _BY_PREFIX.get(prefix_of(identifier))
    if kind is None:
        known = ", ".join(sorted(f"{prefix}-" for prefix in _BY_PREFIX))
        raise RecordError("unknown_kind", f"no kind of record has ids like {identifier[:60]!r}", hint=known)
    return kind


def kind_of_path(path: str) -> Kind | None:
    """Return the kind of record that belongs at `path`, None where none does."""
    return next((kind for kind in _BY_TOP.get(path.partition("/")[0], ()) if kind.owns(path)), None)


def form_of(document: Document) -> Value:
    """Return `document` as the form that its `kind` names.

    Raises:
        RecordError: `unknown_kind`, or what the form itself refuses; with the field.
    """
    kind = document.get("kind")
    form = DROPS.get(kind) if isinstance(kind, str) else None
    if form is None:
        known = ", ".join(sorted(DROPS))
        raise RecordError("unknown_kind", "no such kind can be dropped", field="/kind", hint=f"one of {known}")
    return form.from_document(document)
