"""What a record kind declares of itself: the one value from which path, parsing, schema and listing follow."""

from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any, Literal, get_args

from prismfs.errors import RecordError
from prismfs.records import codec
from prismfs.records.act import Act
from prismfs.records.base import Record, Value
from prismfs.records.document import Document, JsonValue, member
from prismfs.records.ids import dated_path, parse_id
from prismfs.records.view import Facets

Layout = Literal["dated", "named", "single"]
Format = Literal["yaml", "json"]
Upgrade = Callable[[Document], Document]
"""Gives a document of one version as one of the next; pure. `version` itself is none of its concern."""


@dataclass(frozen=True, slots=True)
class Lifecycle:
    """States, the edges between them, and which of them count as open.

    `edges` maps each state to the states that may follow it; a state that maps to nothing is final. `taken_back` are
    those that end a record, too, but for a person who takes them back.
    """

    edges: Mapping[str, tuple[str, ...]]
    open: frozenset[str]
    taken_back: frozenset[str] = frozenset()

    def is_over(self, state: str) -> bool:
        """Tell whether nothing is added to a record in this state."""
        return state in self.taken_back or not self.edges.get(state, ("",))

    def check(self, before: str, after: str) -> None:
        """Accept staying in a state or following an edge.

        Raises:
            RecordError: `bad_transition` for every other move.
        """
        if before != after and after not in self.edges[before]:
            allowed = ", ".join(self.edges[before]) or "nothing"
            raise RecordError("bad_transition", f"{before} cannot become {after}", hint=f"after {before}: {allowed}")


@dataclass(frozen=True, slots=True)
class Kind:
    """One record kind, declared by its module in `prismfs.kinds`.

    `layout` says how the path follows: `dated` from the id alone, `named` from the name field, `single` is
    the one path in `folder`. `writers` says who may create one: `agent` (may be dropped), `person` (by a
    commit), `engine`. `facets` maps the members of `Facets` to dotted paths in the document, the
    first of several (`a|b`) that is there. `drop` is the short form that makes such a record when an agent drops it.
    `listing` are the members (dotted paths) that a table shows between the id and the title. A `protected` kind is
    changed by people through a reviewed merge; one that is `edited_by_hand` may be changed by a commit, which the rules
    of its family answer; each file of a `chained` kind names the digest of the one before it. Where `rows_in` gives the
    documents of the rows that a file's document holds, views answer with those, as records of the model `row`.
    `variants` are models of the kind that differ by their `type`; a record is one of them. `upgrades` lead from version
    1 to 2, from 2 to 3, and so on to `version`; an older file is upgraded whenever it is read. A chained kind has none:
    its bytes are hashed, so that it grows by optional fields alone. `acts` are the edits of a record that are decided
    as commands. What an escalation waits for is a record of an `awaited` kind: it closes when that has moved on.
    """

    name: str
    model: type[Record]
    folder: str
    format: Format
    layout: Layout
    writers: frozenset[str]
    prefix: str | None = None
    name_field: str = "name"
    lifecycle: Lifecycle | None = None
    facets: Mapping[str, str] = field(default_factory=dict)
    drop: type[Value] | None = None
    listing: tuple[str, ...] = ()
    protected: bool = False
    edited_by_hand: bool = False
    chained: bool = False
    row: type[Record] | None = None
    rows_in: Callable[[Document], Sequence[Document]] | None = None
    variants: tuple[type[Record], ...] = ()
    upgrades: tuple[Upgrade, ...] = ()
    acts: tuple[Act, ...] = ()
    awaited: bool = False

    def __post_init__(self) -> None:
        assert not (self.chained and self.upgrades), "a chained kind keeps its form"

    @property
    def version(self) -> int:
        """Today's version of the form of these records."""
        return 1 + len(self.upgrades)

    @property
    def models(self) -> tuple[type[Record], ...]:
        """The models of what views answer with."""
        return self.variants or (self.row or self.model,)

    def path_of(self, identifier: str) -> str:
        """Return the path of the record that `identifier` (an id, or a name) names.

        Raises:
            RecordError: `bad_id` when it is not of the kind's pattern.
        """
        if self.layout == "single":
            return self.folder
        if self.layout == "named":
            return f"{self.folder}/{identifier.lower()}.{self.format}"
        return _dated(self.folder, identifier, self.prefix, self.format)

    def owns(self, path: str) -> bool:
        """Tell whether a record of this kind may be at `path`. One that cannot be printed names none."""
        if self.layout == "single":
            return path == self.folder
        if not (path.startswith(f"{self.folder}/") and path.endswith(f".{self.format}") and path.isprintable()):
            return False
        depth = path.count("/")
        return depth == (1 if self.layout == "named" else 6)

    def identifier_of(self, document: Document) -> str:
        """Return the id or name that `document` gives itself; the kind's name where only one exists."""
        if self.layout == "single":
            return self.name
        value = document.get(self.name_field if self.layout == "named" else "id")
        return value if isinstance(value, str) else ""

    def read(self, data: bytes, *, path: str) -> Record:
        """Return the record in `data`, the file at `path`.

        Raises:
            RecordError: the bytes are not strict YAML or JSON, not this kind, or not at their own path.
        """
        return self.record(codec.parse(data, format=self.format, path=path), path=path)

    def upgraded(self, document: Document, *, path: str = "") -> Document:
        """Return `document` in today's version; one that is of it already, or of no version at all, as it is.

        Raises:
            RecordError: `newer_version`, this program is too old for it; `bad_field`, it is none of its own version.
        """
        version = document.get("version")
        if version == self.version and type(version) is int:  # as nearly all
            return document
        if not isinstance(version, int) or isinstance(version, bool) or version < 1:
            return document
        if version > self.version:
            raise RecordError(
                NEWER_VERSION, f"is of version {version}, and this program knows {self.version}",
                path=path or None, field="/version", hint=UPGRADE_HINT,
            )  # fmt: skip
        for number, upgrade in enumerate(self.upgrades[version - 1 :], start=version + 1):
            try:
                document = upgrade(document) | {"version": number}
            except (ArithmeticError, AttributeError, LookupError, TypeError, ValueError):
                raise RecordError(
                    "bad_field", f"is no {self.name} of version {number - 1}", path=path or None, field="/version"
                ) from None
        return document

    def record(self, document: Document, *, path: str = "") -> Record:
        """Return the record that `document`, of any version, is; where `path` is given it must be the record's own.

        Raises:
            RecordError: it is not of this kind, is not at its own path, or is of a `newer_version`.
        """
        return self.checked(document, path=path)[1]

    def checked(self, document: Document, *, path: str = "") -> tuple[Document, Record]:
        """Return `document` in today's version, and the record that it is, as `record` does and with its errors."""
        if "kind" not in document or "version" not in document:  # as hardly any: the look at the model costs more
            for required in (self.model.model_fields["kind"].alias or "kind", "version"):
                if required not in document:
                    said = "a required field is missing"
                    raise RecordError("missing_field", said, path=path or None, field=f"/{required}")
        document = self.upgraded(document, path=path)
        model = self._model_of(document) if self.variants else self.model
        record = model.from_document(document, path=path)
        if path:
            try:
                own = self.path_of(self.identifier_of(document))
            except RecordError as error:
                raise RecordError(error.code, str(error), path=path, field="/id") from None
            if own != path:
                raise RecordError(
                    "wrong_path", "the record is at another path than its own", path=path, hint=f"move it to {own}"
                )
        return document, record

    def shown(self, document: Document) -> Record:
        """Return the record that a view answers with: of a valid file's document, or of a row in one."""
        return self.record(document) if self.row is None else self.row.from_document(document)

    def entries(self, path: str, document: Document) -> Sequence[tuple[str, Document]]:
        """Return place and document of each record that a view keeps of the file at `path`: its rows, or itself.

        The places of rows are `<path>#0`, `<path>#1`, and so on.
        """
        if self.rows_in is None:
            return ((path, document),)
        return [(f"{path}#{number}", row) for number, row in enumerate(self.rows_in(document))]

    def write(self, record: Record, *, old: bytes | None = None) -> bytes:
        """Return the bytes of `record`; with `old`, only what changed differs from those."""
        if old is None:  # asked for to chain, to commit, to project
            return record.once("_bytes", lambda one: self.encode(one.document))
        if self.upgrades:
            with suppress(RecordError):
                document = self.upgraded(codec.parse(old, format=self.format))
                if self.record(document) == record:  # in the words of `old`, defaults that it spells out among them
                    return self.encode(document, old=old)
        return self.encode(record.document, old=old)

    def encode(self, document: Document, *, old: bytes | None = None) -> bytes:
        """Return the bytes of a record's document, of any version; with `old`, as `write` does."""
        modeline = self._modeline(document) if self.format == "yaml" else None
        if old is None:
            return codec.encode(document, format=self.format, modeline=modeline)
        return codec.amend(old, document, format=self.format, modeline=modeline)

    def name_of(self, record: Record) -> str:
        """Return the id or the name of `record`; the kind's name where only one exists."""
        if self.layout == "single":
            return self.name
        value: str = getattr(record, self.name_field if self.layout == "named" else "id")
        return value

    def place_of(self, record: Record) -> str:
        """Return the path of `record`."""
        return self.path_of(self.name_of(record))

    def facets_of(self, document: Document) -> Facets:
        """Return the facets of a record's document; a facet that the kind does not map is None."""
        found: list[Any] = [self.identifier_of(document), self.name, *_NO_FACETS]
        for facet, paths in self.facets.items():
            value = document[paths] if paths in document else member(document, paths)
            if facet in _NUMBERS:
                found[_FACETS[facet]] = value if isinstance(value, int) else None
            elif value is not None:
                found[_FACETS[facet]] = str(value)
        if self.lifecycle is not None:
            found[_FACETS["open"]] = found[_FACETS["status"]] in self.lifecycle.open
        return Facets._make(found)

    @property
    def filters(self) -> tuple[str, ...]:
        """What a listing may be narrowed by, of status, open, severity, owner and ref."""
        mapped = {"severity" if facet == "rank" else facet for facet in self.facets}
        mapped |= {"open"} if self.lifecycle is not None else set()
        return tuple(name for name in ("status", "open", "severity", "owner", "ref") if name in mapped)

    def listing_document(self) -> Document:
        """Return what a listing needs of the kind, as plain values that are read without the models."""
        return {
            "id": {"dated": "id", "named": self.name_field, "single": None}[self.layout],
            "columns": [[path, self._default_of(path)] for path in self.listing],
            "title": self.facets.get("title"),
            "filters": list(self.filters),
        }

    def _default_of(self, path: str) -> JsonValue:
        """Return the plain value that a file leaves out at `path`, None where there is none."""
        fields = (model.model_fields.get(path) for model in self.models)
        found = next((field.default for field in fields if field is not None), None)
        return found if isinstance(found, str | int) else None

    def _model_of(self, document: Document) -> type[Record]:
        for variant in self.variants:
            if document.get("type") in get_args(variant.model_fields["type"].annotation):
                return variant
        return self.model

    def _modeline(self, document: Document) -> str:
        up = "../" * self.path_of(self.identifier_of(document)).count("/")
        return f"{up}schemas/{self.name}.schema.json"


_FACETS = {name: place for place, name in enumerate(Facets._fields)}
_NO_FACETS = tuple(Facets._field_defaults.values())
_NUMBERS = ("rank", "number")  # of the facets; all others are texts
NEWER_VERSION = "newer_version"
NEWER_LAYOUT = "newer_layout"
UPGRADE_HINT = "upgrade prismfs: the file was written by a newer one"


@lru_cache(maxsize=4096)
def _dated(folder: str, identifier: str, prefix: str | None, format: Format) -> str:
    return dated_path(folder, parse_id(identifier, prefix=prefix), format)
