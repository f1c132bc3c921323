"""The registry of record kinds: every kind and every form that a module below this package declares.

A module declares a kind as `KIND`, and forms that may be dropped and are no kind's own as `FORMS`. `make index` writes
where each of them is declared: a module is imported when a record of its kind is met.
"""

from importlib import import_module
from typing import TypeVar

from prismfs.errors import RecordError
from prismfs.kinds import index
from prismfs.records.api import Document, Kind, Record, Value, prefix_of
from prismfs.records.registry import Registry, path_of

R = TypeVar("R", bound=Record)


def _kind(name: str) -> Kind:
    kind: Kind = import_module(f"{__name__}.{index.KINDS[name].module}").KIND
    return kind


def _form(word: str) -> type[Value]:
    module, _, name = index.DROPS[word].partition(":")
    form: type[Value] = getattr(import_module(module), name)
    return form


KINDS: Registry[str, Kind] = Registry(index.KINDS, _kind)

DROPS: Registry[str, type[Value]] = Registry(index.DROPS, _form)
"""What an agent may drop, by the `kind` it names: the drop forms of kinds, and the forms of their own."""

TOPS = frozenset(place.folder.partition("/")[0] for place in index.KINDS.values())
"""The folders and files of a project's root that records are in."""

PROTECTED_TOPS = sorted({place.folder.partition("/")[0] for place in index.KINDS.values() if place.protected})
"""Those of them that protected files are in."""

_BY_MODEL: dict[type[Record], Kind] = {}
_BY_PREFIX = {place.prefix: name for name, place in index.KINDS.items() if place.prefix}
_BY_FOLDER = {place.folder: name for name, place in index.KINDS.items()}


def build_models() -> None:
    """Build the models of all kinds now, which are built when they are used first otherwise: for who serves others."""
    for kind in KINDS.values():
        for model in (kind.model, *kind.variants, kind.row):
            if model:
                model.model_rebuild()
    for form in DROPS.values():
        form.model_rebuild()


def kind_of(record: Record | type[Record]) -> Kind:
    """Return the kind that a record, or a record's model, belongs to."""
    model = record if isinstance(record, type) else type(record)
    kind = _BY_MODEL.get(model)
    if kind is None:
        kind = _BY_MODEL[model] = KINDS[index.MODELS[path_of(model)]]
    return kind


def kind_of_id(identifier: str) -> Kind:
    """Return the kind that an id's prefix names.

    Raises:
        RecordError: `unknown_kind` when no kind has that prefix.
    """
    name = _BY_PREFIX.get(prefix_of(identifier))
    if name is None:
        known = ", ".join(sorted(f"{prefix}-" for prefix in _BY_PREFIX))
        raise RecordError("unknown_kind", f"no kind of record has ids like {identifier[:60]!r}", hint=known)
    return KINDS[name]


def kind_of_path(path: str) -> Kind | None:
    """Return the kind of record that belongs at `path`, None where none does."""
    name = _BY_FOLDER.get(path) or _BY_FOLDER.get(path.partition("/")[0])
    return KINDS[name] if name is not None and KINDS[name].owns(path) else None


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
