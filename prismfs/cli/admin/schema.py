"""`prismfs schema`: print or write the JSON Schemas."""

import json
from pathlib import Path

import click

from prismfs.cli import output


@click.command("schema", epilog="\b\nExample:\n  prismfs schema --write schemas")
@click.option("--write", "folder", type=click.Path(path_type=Path), help="Write one file a kind into this folder.")
@output.verb()
def command(call: output.Call, folder: Path | None) -> None:
    """Give the JSON Schema of every record kind and of every form that may be dropped."""
    from prismfs.schema import schema_files

    files = schema_files()
    if folder is None:
        data = {name: json.loads(text) for name, text in files.items()}
        output.result(call, data, json.dumps(data, indent=2))
        return
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in files.items():
        (folder / name).write_bytes(text)
    output.result(call, {"written": sorted(files)}, f"{len(files)} schemas in {folder}")
