"""Reading one settings file as the branch holds it, for a command that only shows something."""

from pathlib import Path
from typing import TypeVar

from prismfs.records.api import Record
from prismfs.store.repo import ProjectRepo

R = TypeVar("R", bound=Record)


def read_setting(root: Path, model: type[R]) -> R:
    """Return the setting of this model, or what a missing file means.

    Raises:
        ConfigError: `invalid_setting`.
        StoreError: not a repository.
    """
    with ProjectRepo(root) as repo:
        return repo.view(repo.snapshot()).single(model)
