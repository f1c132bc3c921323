"""The sdist and the wheel as they are published: what they hold, and that a wheel installed by pipx works."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tarfile
import zipfile
from dataclasses import dataclass
from email import message_from_bytes
from pathlib import Path

import click
import pytest

from prismfs import __version__
from prismfs.cli import cli

ROOT = Path(__file__).parents[2]
MACROS = {".TH", ".SH", ".PP", ".TP", ".B", ".nf", ".fi"}

pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]


@dataclass(frozen=True)
class Built:
    """A copy of the source, and what was built from it."""

    source: Path
    sdist: Path
    wheel: Path
    wheel_names: frozenset[str]


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Built:
    """The package, built as `make package` does it, from the files that git knows or would take."""
    source = tmp_path_factory.mktemp("package") / "source"
    for path in files_of("."):
        target = source / path
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / path, target)
    for command in (["-m", "release.man", "man"], ["-m", "build", "--no-isolation"]):
        subprocess.run([sys.executable, *command], cwd=source, check=True, capture_output=True, timeout=300)
    (wheel,), (sdist,) = (source / "dist").glob("*.whl"), (source / "dist").glob("*.tar.gz")
    return Built(source, sdist, wheel, frozenset(zipfile.ZipFile(wheel).namelist()))


def files_of(folder: str) -> list[str]:
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard", folder],
        cwd=ROOT, capture_output=True, check=True, timeout=60,
    )  # fmt: skip
    return [name for name in listed.stdout.decode().split("\0") if name and (ROOT / name).is_file()]


def pages_of(command: click.Command, context: click.Context) -> list[str]:
    """Return the names of the manual pages of `command` and those below it."""
    found = [f"{context.command_path.replace(' ', '-')}.1"]
    if isinstance(command, click.Group):
        for name in command.list_commands(context):
            one = command.get_command(context, name)
            assert one is not None
            found += pages_of(one, click.Context(one, info_name=name, parent=context))
    return found


def test_wheel_holds_the_package_whole_and_nothing_else(built: Built) -> None:
    """Every file below prismfs/ that git knows: code, settings and rosters that ship, templates, rules, py.typed."""
    beside = {name for name in built.wheel_names if name.startswith(f"prismfs-{__version__}.")}
    assert built.wheel_names - beside == set(files_of("prismfs"))
    assert "prismfs/py.typed" in built.wheel_names
    assert {name for name in beside if ".dist-info/" not in name and not name.endswith(".1")} == set()


def test_wheel_names_version_license_and_command(built: Built) -> None:
    info = f"prismfs-{__version__}.dist-info"
    with zipfile.ZipFile(built.wheel) as wheel:
        metadata = message_from_bytes(wheel.read(f"{info}/METADATA"))
        entry_points = wheel.read(f"{info}/entry_points.txt").decode()
    assert (metadata["Version"], metadata["License-Expression"]) == (__version__, "Apache-2.0")
    assert f"{info}/licenses/LICENSE" in built.wheel_names
    assert "prismfs = prismfs.__main__:main" in entry_points


def test_wheel_holds_a_manual_page_a_command(built: Built) -> None:
    pages = {Path(name).name for name in built.wheel_names if name.endswith(".1")}
    assert pages == set(pages_of(cli, click.Context(cli, info_name="prismfs")))
    for page in (built.source / "man").iterdir():
        lines = page.read_text().splitlines()
        assert ".SH EXAMPLES" in lines, page.name
        # A line of text that begins so would be taken for a macro and left out.
        assert {line.split(" ")[0] for line in lines if line.startswith((".", "'"))} <= MACROS, page.name


def test_wheel_has_nothing_to_be_complained_of(built: Built) -> None:
    checker = Path(sys.executable).with_name("check-wheel-contents")
    subprocess.run([str(checker), str(built.wheel)], check=True, capture_output=True, timeout=120)


def test_sdist_builds_the_same_wheel(built: Built) -> None:
    """The wheel was built from the sdist; what people read is in it, too."""
    with tarfile.open(built.sdist) as sdist:
        names = {name.partition("/")[2] for name in sdist.getnames()}
    assert {"pyproject.toml", "LICENSE", "README.md", "CHANGELOG.md", "docs/cli.md", "man/prismfs.1"} <= names
    assert set(files_of("schemas")) <= names


def test_pipx_installs_a_wheel_whose_demo_runs(built: Built, tmp_path: Path) -> None:
    """With the newest dependencies, as people get them."""
    own = {name: value for name, value in os.environ.items() if not name.startswith(("PRISMFS_", "VIRTUAL_ENV"))}
    own |= {
        "PIPX_HOME": str(tmp_path / "pipx"),
        "PIPX_BIN_DIR": str(tmp_path / "bin"),
        "PIPX_MAN_DIR": str(tmp_path / "man"),
    }
    subprocess.run(
        [sys.executable, "-m", "pipx", "install", "--python", sys.executable, str(built.wheel)],
        env=own, cwd=tmp_path, check=True, capture_output=True, timeout=600,
    )  # fmt: skip
    assert (tmp_path / "man" / "man1" / "prismfs.1").exists()
    program = str(tmp_path / "bin" / "prismfs")
    said = subprocess.run([program, "--version"], env=own, check=True, capture_output=True, text=True, timeout=60)
    assert said.stdout == f"prismfs {__version__}\n"
    subprocess.run([program, "demo"], env=own, cwd=tmp_path, check=True, capture_output=True, timeout=300)
