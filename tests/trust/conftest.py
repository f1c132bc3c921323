"""A bare repository behind `git http-backend`, and the keys that people sign with."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from prismfs.kinds.care.settings.tracker import Tracker
from tests.support.shared import Keys, Shared, phone_home, serving


@pytest.fixture(scope="session")
def keys(tmp_path_factory: pytest.TempPathFactory) -> Keys:
    if shutil.which("ssh-keygen") is None:
        pytest.skip("ssh-keygen is missing (apt-get install openssh-client)")
    return Keys(tmp_path_factory.mktemp("keys"))


@pytest.fixture
def shared(tmp_path: Path, keys: Keys) -> Iterator[Shared]:
    """One phone-home waits for an operator."""
    with serving(tmp_path, keys, phone_home()) as made:
        yield made


@pytest.fixture
def desk(tmp_path: Path, keys: Keys) -> Iterator[Shared]:
    """Nothing has happened yet; issues go into files."""
    with serving(tmp_path, keys, Tracker(transport="file")) as made:
        yield made
