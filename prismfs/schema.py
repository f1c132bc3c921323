"""JSON Schema of every record kind and every form that may be dropped, made from the models."""

import json
from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any

from prismfs.kinds import DROPS, KINDS
from prismfs.records.api import Record, Value

DIALECT = "https://json-schema.org/draft/2020-12/schema"


@cache
def schema_files() -> Mapping[str, bytes]:
    """Return the schema files by name: `<kind>.schema.json`, and `drop-<kind>.schema.json` for forms."""
    files = {f"{name}.schema.json": _file(name, kind.variants or (kind.model,)) for name, kind in KINDS.items()}
    files |= {f"drop-{name}.schema.json": _file(f"drop-{name}", (form,)) for name, form in DROPS.items()}
    return dict(sorted(files.items()))


def _file(name: str, models: Sequence[type[Value]]) -> bytes:
    """Return the schema of what is one of `models`."""
    schemas = [_schema(model) for model in models]
    schema = schemas[0]
    if len(schemas) > 1:
        definitions: dict[str, Any] = {}
        for each in schemas:
            definitions |= each.pop("$defs", {})
        schema = {"oneOf": schemas, "$defs": definitions}
    schema = {"$schema": DIALECT, "$id": f"{name}.schema.json"} | schema
    return (json.dumps(schema, indent=2, ensure_ascii=False) + "\n").encode()


def _schema(model: type[Value]) -> dict[str, Any]:
    schema: dict[str, Any] = model.model_json_schema(by_alias=True)
    if issubclass(model, Record):
        head = model.model_fields["kind"].alias or "kind"
        schema["required"] = list(dict.fromkeys([head, "version", *schema.get("required", [])]))
    return schema
