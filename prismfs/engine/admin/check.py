"""Checking a file before it is committed or dropped, by the rules of intake."""

from __future__ import annotations

from pathlib import Path

from prismfs.errors import Problem, RecordError
from prismfs.intake.drop import MAX_BYTES
from prismfs.intake.inbox import NAME
from prismfs.intake.scan import redact
from prismfs.kinds import form_of, kind_of_path
from prismfs.records import codec

VALID = Problem("valid", "is valid")


def check_record(path: Path, root: Path) -> Problem | None:
    """Return what is wrong with the record at `path`, `VALID`, or None where the path is no record's."""
    try:
        place = path.resolve().relative_to(root.resolve()).as_posix()
    except ValueError:
        return None
    kind = kind_of_path(place)
    if kind is None:
        return None
    try:
        kind.read(path.read_bytes(), path=place)
    except RecordError as error:
        return error.problem.at(place)
    return VALID


def check_drop(path: Path, root: Path | None) -> Problem:
    """Return what is wrong with `path` as a file to be dropped, or `VALID`. The roster is not asked."""
    name = str(path if root is None or not path.is_absolute() else path.name)
    if not NAME.fullmatch(path.name):
        return Problem("bad_name", "the inbox takes no file of this name", path=name, hint=NAME.pattern)
    if path.stat().st_size > MAX_BYTES:
        return Problem("too_large", f"is larger than {MAX_BYTES} bytes", path=name)
    try:
        data = codec.parse(path.read_bytes(), format="json" if path.suffix == ".json" else "yaml", path=name)
        form_of(redact(data).document)
    except RecordError as error:
        return error.problem.at(name)
    return VALID
