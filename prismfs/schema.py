"""JSON Schema of every record kind and every form that may be dropped, made from the models."""

from __future__ import annotations

import json
from typing import Any

from prismfs.kinds import DROPS, KINDS
from prismfs.records.base import Record, Value

DIALECT = "https://json-schema.org/draft/2020-12/schema"


def schema_files() -> dict[str, bytes]:
    """Return the schema files by name: `<kind>.schema.json`, and `drop-<kind>.schema.json` for forms."""
    files = {f"{name}.schema.json": _schema(kind.model, name) for name, kind in KINDS.items()}
    files |= {f"drop-{name}.schema.json": _schema(form, f"drop-{name}") for name, form in DROPS.items()}
    return dict(sorted(files.items()))


def _schema(model: type[Value], name: str) -> bytes:
    schema: dict[str, Any] = model.model_json_schema(by_alias=True)
    if issubclass(model, Record):
        head = model.model_fields["kind"].alias or "kind"
        schema["required"] = list(dict.fromkeys([head, "version", *schema.get("required", [])]))
    schema = {"$schema": DIALECT, "$id": f"{name}.schema.json"} | schema
    return (json.dumps(schema, indent=2, ensure_ascii=False) + "\n").encode()
