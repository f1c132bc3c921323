"""Projects that are founded once in a process, and copied for each test."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from tempfile import mkdtemp

from prismfs.engine.admin.init_project import init_project
from prismfs.kinds.core.settings.project import Project


class Founded:
    """Where new projects are kept to be copied; conftest sets it, and elsewhere each is made anew."""

    folder: Path | None = None


_founded: dict[tuple[Path, str, str | None], Path] = {}


def found_project(root: Path, settings: Project, now: datetime) -> None:
    """Make a project at `root` that was founded at `now`; in a test a copy, as founding one takes six times as long."""
    copy_of_founded(root, f"{settings!r} {now}", lambda place: init_project(place, project=settings, now=now))


def copy_of_founded(root: Path, what: str, make: Callable[[Path], object]) -> None:
    """Make at `root` what `make` does: a copy of what it made before for `what`, with the same keys of engines."""
    if Founded.folder is None or root.exists():
        make(root)
        return
    wanted = (Founded.folder, what, os.environ.get("PRISMFS_KEY_FOLDER"))
    if wanted not in _founded:
        place = Path(mkdtemp(dir=Founded.folder)) / "made"
        make(place)
        _founded[wanted] = place
    copy_in_place_of(_founded[wanted], root)


def copy_in_place_of(root: Path, to: Path) -> Path:
    """Copy a project that the copy is to stand for, as if it had been moved: it goes on with the same engine."""
    shutil.copytree(root, to, symlinks=True, ignore=shutil.ignore_patterns("engine.at"))
    return to
