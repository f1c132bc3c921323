"""The settings that ship with the package: what a project starts with, and what a missing file means."""

from collections.abc import Iterator
from functools import cache
from importlib import resources
from importlib.resources.abc import Traversable

from prismfs.errors import ConfigError, RecordError
from prismfs.kinds import KINDS
from prismfs.records.api import Record
from prismfs.records.kind import NEWER_LAYOUT, NEWER_VERSION, UPGRADE_HINT


def default_files() -> dict[str, bytes]:
    """Return the files that a new project starts with, by path, except `prismfs.yaml`."""
    families = (resources.files("prismfs") / "defaults").iterdir()
    return dict(sorted(file for family in families for file in _walk(family, "")))


@cache
def default_record(kind: str) -> Record:
    """Return what a missing settings file means.

    Raises:
        ConfigError: the kind has no default: its file must be there.
    """
    path = KINDS[kind].folder
    data = default_files().get(path)
    if data is None:
        raise ConfigError("missing_file", f"{path} is missing", path=path, hint="prismfs init writes it")
    return KINDS[kind].read(data, path=path)


def check_layout(error: RecordError) -> None:
    """Accept that a file cannot be read for `error`, unless it says that the records lie elsewhere.

    Raises:
        ConfigError: `newer_layout`; where this program looks for records it would find none.
    """
    if error.code == NEWER_LAYOUT:
        raise ConfigError(error.code, error.problem.message, path=error.problem.path, hint=UPGRADE_HINT) from error


def invalid_setting(path: str, code: str, reason: str) -> ConfigError:
    """Return the error that a settings file is there but invalid; nothing is decided until it is mended."""
    if code == NEWER_VERSION:
        return ConfigError(code, reason, path=path, hint=UPGRADE_HINT)
    return ConfigError("invalid_setting", reason, path=path, hint="mend it and commit, or git revert the change")


def _walk(folder: Traversable, path: str) -> Iterator[tuple[str, bytes]]:
    for entry in folder.iterdir():
        below = f"{path}/{entry.name}".lstrip("/")
        if entry.is_dir():
            yield from _walk(entry, below)
        else:
            yield below, entry.read_bytes()
